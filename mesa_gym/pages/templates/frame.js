"use strict";
// In a frame the page says how tall it is, so that it scrolls with the page around it.
document.documentElement.classList.toggle("framed", parent !== window);
new ResizeObserver(() => parent.postMessage({ tall: document.body.offsetHeight }, "*")).observe(document.body);
