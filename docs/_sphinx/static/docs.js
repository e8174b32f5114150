// A page in a frame says how tall it is (mesa_gym/pages/templates/frame.js): none scrolls by itself.
addEventListener("message", ({ data, source }) => {
  for (const frame of document.querySelectorAll("iframe.playground, iframe.lesson"))
    if (frame.contentWindow === source && data.tall > 0) frame.style.height = `${data.tall}px`;
});
