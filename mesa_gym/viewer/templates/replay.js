"use strict";
// Replays episodes; mesa_gym/viewer/export.py describes the data. `t` is the steps so far.
const element = (id) => document.getElementById(id);
const replay = JSON.parse(element("replay").textContent);
const sheet = new Image(), tinted = document.createElement("canvas");
const span = () => Math.max(1, ...panes.map((pane) => pane.length));
const layers = { wants: true, plan: true };
let panes = [], clock = 0, shown = -1, playing = false, before = 0;

const place = (number, wide) => [number % wide, Math.floor(number / wide)].map((at) => at * replay.tile);

// Makes of all pictures of cells what a planner's map tints: the bare floor alone, in its colour.
function tint() {
  const pen = tinted.getContext("2d"), [left, top] = place(replay.floor, replay.wide), side = replay.tile;
  const { width, height } = Object.assign(tinted, { width: sheet.width, height: sheet.height });
  pen.drawImage(sheet, 0, 0);
  const image = pen.getImageData(0, 0, width, height), pixels = new Uint32Array(image.data.buffer);
  const floor = (at) => (top + (Math.floor(at / width) % side)) * width + left + (at % width % side);
  const colour = new Uint32Array(Uint8Array.of(...replay.wish, 255).buffer)[0];
  pixels.set(pixels.map((pixel, at) => (pixel === pixels[floor(at)] ? colour : 0)));
  pen.putImageData(image, 0, 0);
}

function mark(objective, cost = false) {
  const made = document.querySelectorAll(".goal .mark")[objective].cloneNode(true);
  made.classList.toggle("cost", cost);
  return made;
}

class Pane {
  find = (selector) => this.box.querySelector(selector);

  constructor(episode, number) {
    this.episode = episode;
    this.length = episode.actions.length;
    this.box = element("pane").content.firstElementChild.cloneNode(true);
    this.find("h2").textContent = (replay.numbered ? `${number}. ` : "") + episode.title;
    this.find(".quiet").textContent = episode.policy;
    const canvas = this.find("canvas");
    [canvas.height, canvas.width] = replay.size.map((cells) => cells * replay.tile);
    canvas.onclick = toggle;
    canvas.onmousemove = ({ offsetX: x, offsetY: y }) => {
      const [rows, columns] = replay.size, side = canvas.clientWidth / columns;
      const worth = this.wants.get(Math.floor(y / side) * columns + Math.floor(x / side));
      canvas.title = Number.isFinite(worth) ? `what it wants: ${worth.toFixed(2)}` : "";
    };
  }

  // What the step to t paid, in words, and how the episode ended.
  happened(t) {
    const paid = (this.episode.paid[t] ?? []).map(
      (pay, i) => pay && `${replay.objectives[i]} ${pay > 0 ? "+" : "−"}${Math.abs(pay)}`,
    );
    return [...paid, t === this.length && this.episode.end].filter(Boolean).join(", ");
  }

  show(now) {
    const t = Math.min(now, this.length), episode = this.episode;
    const side = replay.tile, pen = this.find("canvas").getContext("2d");
    for (const [cell, tile] of episode.changes.slice(0, t + 1).flat()) {
      const [from, to] = [place(tile, replay.wide), place(cell, replay.size[1])];
      pen.drawImage(sheet, ...from, side, side, ...to, side, side);
    }
    this.drawPlan(pen, t);
    this.find(".event").textContent = this.happened(t);
    this.box.querySelectorAll("tbody tr").forEach(({ cells: [, earned, value] }, i) => {
      earned.textContent = episode.earned[t][i].toFixed(2);
      if (value) value.textContent = episode.values[t][i].toFixed(2);
    });
    if (episode.choice) {
      const chosen = episode.choice[t], i = replay.objectives.indexOf(chosen);
      this.find(".choice").replaceChildren("chosen so far: ", ...(i < 0 ? [] : [mark(i), " "]), chosen);
    }
    const shares = episode.shares[t], action = episode.actions[t];
    const next = action === undefined ? episode.end : `next action ${replay.actions[action]}`;
    this.find("canvas").setAttribute("aria-label", `${episode.title}, step ${t}: ${next}`);
    this.box.querySelectorAll(".chances li").forEach((item, i) => {
      item.className = i === action ? "taken" : "";
      item.querySelector("i").style.width = `${shares ? shares[i] : 0}%`;
      item.querySelector(".share").textContent = shares ? `${shares[i]}%` : "–";
    });
  }

  // What each cell is worth to a planner to end at, the darker the more, and the way that it plans.
  drawPlan(pen, t) {
    const side = replay.tile, { changes, plan, wants } = this.episode, way = plan[t] ?? [];
    const until = (lists) => new Map(lists.slice(0, t + 1).flat()), tiles = until(changes);
    this.wants = way.length && layers.wants ? until(wants) : new Map();
    const worths = [...this.wants.values()].filter((worth) => worth !== null);
    const low = Math.min(...worths), range = Math.max(...worths) - low || 1;
    for (const [cell, worth] of this.wants) {
      if (worth === null) continue;
      pen.globalAlpha = 0.06 + (0.72 * (worth - low)) / range;
      const [from, to] = [place(tiles.get(cell), replay.wide), place(cell, replay.size[1])];
      pen.drawImage(tinted, ...from, side, side, ...to, side, side);
    }
    pen.globalAlpha = 1;
    const dots = new Path2D(), ring = new Path2D();
    const middles = layers.plan ? way.map((cell) => place(cell, replay.size[1]).map((at) => at + side / 2)) : [];
    for (const middle of middles) dots.lineTo(...middle);
    for (const middle of middles.slice(-1)) ring.arc(...middle, side / 5, 0, 2 * Math.PI);
    pen.lineCap = "round";
    for (const [colour, edge] of [["#fff", 4], ["#1a1c24", 0]]) {
      pen.strokeStyle = colour;
      for (const [path, width, dashes] of [[dots, 6, [0, side / 3]], [ring, 4, []]]) {
        pen.lineWidth = width + edge;
        pen.setLineDash(dashes);
        pen.stroke(path);
      }
    }
  }

  // A row above the slider: where each objective was paid, and where the episode ended.
  track(number) {
    const row = this.find(".track");
    const place = (tag, t) => {
      const made = row.appendChild(document.createElement(tag));
      made.style.left = `calc(8px + (100% - 16px) * ${t / span()})`;
      return made;
    };
    row.querySelector("b").textContent = replay.numbered ? number : "";
    this.episode.paid.forEach((pays, t) => {
      if (!pays.some(Boolean)) return;
      const stack = place("span", t);
      stack.title = `step ${t}: ${this.happened(t)}`;
      stack.onclick = () => seek(t);
      stack.append(...pays.flatMap((pay, i) => (pay ? [mark(i, pay < 0)] : [])));
    });
    place("hr", this.length);
    return row;
  }
}

function show() {
  const t = Math.floor(clock), text = `step ${t} of ${span()}`;
  element("play").textContent = playing ? "Pause" : "Play";
  if (t === shown) return;
  shown = t;
  panes.forEach((pane) => pane.show(t));
  element("time").textContent = text;
  element("scrubber").value = t;
  element("scrubber").setAttribute("aria-valuetext", text);
  element("spoken").textContent = panes.filter((pane) => pane.happened(t))
    .map((pane) => `${pane.episode.title}: ${pane.happened(t)}`).join("; ");
}

function seek(t, go = false) {
  playing = go;
  clock = Math.min(Math.max(t, 0), span());
  show();
}

function toggle() {
  seek(!playing && clock >= span() ? 0 : clock, !playing);
  before = performance.now();
  if (playing) requestAnimationFrame(run);
}

function run(now) {
  if (!playing) return;
  const next = clock + (Math.max(0, now - before) / 1000) * replay.rate * element("speed").value;
  before = now;
  seek(next, next < span());
  requestAnimationFrame(run);
}

function open() {
  panes = replay.levels[element("level").selectedIndex].map((episode, i) => new Pane(episode, i + 1));
  element("panes").replaceChildren(...panes.map((pane) => pane.box));
  element("tracks").replaceChildren(...panes.map((pane, i) => pane.track(i + 1)));
  element("scrubber").max = span();
  shown = -1;
  seek(0, playing);
}

// Chooses an option further up or down, where there is one.
function turn(id, notches) {
  const chooser = element(id), to = chooser.selectedIndex + notches;
  if (!(to in chooser.options)) return;
  chooser.selectedIndex = to;
  if (id === "level") open();
}

function turnLayer(name) {
  layers[name] = !layers[name];
  document.querySelector(`[data-layer=${name}]`)?.setAttribute("aria-pressed", layers[name]);
  shown = -1;
  show();
}

const KEYS = {
  " ": toggle, Home: () => seek(0), End: () => seek(span()),
  ".": () => seek(shown + 1), ArrowRight: () => seek(shown + 1), ">": () => seek(shown + 10),
  ",": () => seek(shown - 1), ArrowLeft: () => seek(shown - 1), "<": () => seek(shown - 10),
  "+": () => turn("speed", 1), "=": () => turn("speed", 1), "-": () => turn("speed", -1),
  n: () => turn("level", 1), b: () => turn("level", -1),
  u: () => turnLayer("wants"), f: () => turnLayer("plan"),
};
document.addEventListener("keydown", (event) => {
  const { key, target: { tagName } } = event;
  if (tagName === "SELECT" || (tagName === "BUTTON" && key === " ")) return;
  if (event.ctrlKey || event.metaKey || event.altKey || !(key in KEYS)) return;
  event.preventDefault();
  // A key that is held steps again and again; of the others it is one press.
  if (!event.repeat || /^(Arrow|[.,<>])/.test(key)) KEYS[key]();
});
for (const button of document.querySelectorAll("[data-key]")) button.onclick = KEYS[button.dataset.key];
element("scrubber").oninput = ({ target }) => seek(Number(target.value));
element("level").onchange = open;
sheet.onload = () => {
  tint();
  open();
};
sheet.src = replay.sheet;
