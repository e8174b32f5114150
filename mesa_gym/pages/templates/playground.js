"use strict";
// The playground: one board on which the visitor or the agent moves, or two to compare.
const element = (id) => document.getElementById(id);
const data = JSON.parse(element("data").textContent);
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const PACE = calm ? 700 : 180; // milliseconds between steps of the agent
const MOVERS = { you: "You", it: "The agent", both: "Both, side by side" };
const layers = new Set(["marks", "pays"]); // play comes before the answers
let game, level, number = 0, wanted = 0, agent = null, mover = "you", boards = [], timer = 0;

const own = () => boards[0], its = () => boards[mover === "both" ? 1 : 0];
const percent = (share) => `${Math.round(100 * share)}%`;

function tag(name, text, more = {}) {
  return Object.assign(document.createElement(name), { textContent: text }, more);
}

function toneOf(objective) {
  return tag("b", data.objectives[objective].name, { className: `tone${objective}` });
}

function describePlay(play) {
  const [kind, target] = play.split(":");
  return { train: "training", twins: "twin", alone: `${target} alone` }[kind] ?? kind;
}

// What happened on a board, in words.
function tell(run, name) {
  const paid = run.t ? run.paid(run.t - 1).flatMap((pay, i) => (pay ? [[i, pay]] : [])) : [];
  const parts = [mover === "both" ? `${name}: step ` : "Step ", `${run.t} of ${level.horizon}. `];
  if (paid.length) {
    parts.push("Paid: ");
    paid.forEach(([i, pay], k) => parts.push(k ? ", " : "", toneOf(i), ` ${pay > 0 ? "+" : "−"}${Math.abs(pay)}`));
    parts.push(". ");
  }
  if (run.over) parts.push(run.state >= level.going ? "The episode ended. " : "Time is up. ");
  if (!data.contact) return parts;
  if (run.first === data.objectives.length) parts.push(`${name} went to both at once. `);
  else if (run.first >= 0) parts.push(`${name} went to `, toneOf(run.first), " first. ");
  else if (run.over) parts.push(`${name} went to neither. `);
  return parts;
}

// Where the agent would end up from where a run stands, unless a choice is made already.
function foretell(run) {
  if (!agent || run.over || !layers.has("outcomes") || (data.contact && run.first >= 0)) return [];
  const shares = level.outcomes(agent, run.left).map((each) => each[run.state]);
  const parts = shares.map((share, i) => {
    if (i === data.objectives.length) return [`both at once with ${percent(share)}`];
    if (data.contact) return [toneOf(i), ` first with ${percent(share)}`];
    return [share < 0 ? "loses " : "earns ", `${percent(Math.abs(share))} of what can be had of `, toneOf(i)];
  });
  // Several at once are told where they can be met at all.
  const told = parts.filter((_, i) => i < data.objectives.length || shares[i] >= 0.005);
  return ["From here the agent ", data.contact ? "takes " : "", ...told.flatMap((part, i) => [i ? ", " : "", ...part]), "."];
}

function show() {
  for (const board of boards) board.show(board.run, layers, agent);
  const told = mover === "both" ? [...tell(own().run, "You"), ...tell(its().run, "The agent")] : tell(own().run, mover === "you" ? "You" : "The agent");
  element("said").replaceChildren(...told, ...foretell(own().run));
  const { cell, world, rank } = level, { state } = own().run;
  const at = rank[world[state]] * game.cells + cell[state];
  const overlays = [...layers].filter((each) => !["marks", "pays"].includes(each)).join();
  const address = new URLSearchParams({ level: `${level.play}:${level.number}`, at, who: mover, ...(agent && { agent: agent.number }), ...(overlays && { show: overlays }) });
  history.replaceState(null, "", `#${decodeURIComponent(address)}`);
  for (const button of document.querySelectorAll("[data-layer]")) button.setAttribute("aria-pressed", layers.has(button.dataset.layer));
  for (const button of element("movers").children) button.setAttribute("aria-pressed", button.dataset.mover === mover);
  [...element("levels").children].forEach((button, k) => button.setAttribute("aria-pressed", k === number));
  element("legend").replaceChildren(...explain(), agent?.words ?? "");
}

function stop() {
  clearInterval(timer);
  timer = 0;
  element("play").textContent = its()?.run.over ? "Again" : "Play";
}

function advance() {
  const { run } = its();
  if (run.over) return stop();
  run.play(agent);
  show();
  // What it chose is to be seen: the run stops there, and goes on at a press.
  const choice = run.contacts.findIndex((each) => each >= 0);
  if (run.over || (data.contact && choice === run.t - 1)) stop();
}

function play() {
  if (timer) return stop();
  if (its().run.over) its().run = new Run(level, its().run.from);
  element("play").textContent = "Pause";
  timer = setInterval(advance, PACE);
}

function makeBoard() {
  const set = (run) => {
    if (!run) return;
    stop();
    board.run = run;
    show();
  };
  const board = new Board(game, {
    step: (action) => { if (mover === "it") turnMover("you"); board.run.step(action); show(); },
    place: (cell) => set(level.place(board.run.state < level.going ? board.run.state : board.run.from, cell)),
    back: () => { board.run.back(); stop(); show(); },
    restart: () => set(new Run(level)),
  });
  return board;
}

function turnMover(to) {
  stop();
  const focused = boards.some((board) => board.canvas === document.activeElement);
  mover = agent ? to : "you";
  const run = own()?.run ?? new Run(level);
  boards = mover === "both" ? [makeBoard(), makeBoard()] : [makeBoard()];
  boards.forEach((board) => { board.run = new Run(level, run.state < level.going ? run.state : run.from); });
  if (mover !== "both") own().run = run;
  const names = mover === "both" ? ["You", "The agent"] : [""];
  element("boards").replaceChildren(...boards.map((board, k) => {
    const figure = tag("figure", "", { className: "board" });
    if (names[k]) figure.append(tag("figcaption", names[k]));
    figure.append(board.canvas);
    return figure;
  }));
  if (focused) own().canvas.focus(); // who plays by keys goes on
  element("play").hidden = mover === "you";
  show();
}

function turnAgent(to) {
  agent = game.agents[to] ?? game.agents[0] ?? null;
  if (agent) element("agent").value = agent.number;
  const kind = agent?.tried ? "Whether this agent remembers is not declared: it was asked twice, the second time in another order and at other times, and answered alike." : "";
  element("tried").textContent = kind;
  stop();
}

function explain() {
  if (!agent) return [];
  if (!layers.has("outcomes")) return [];
  const names = data.objectives.flatMap((_, i) => [i ? ", " : "", toneOf(i)]);
  return data.contact
    ? ["Colours say what the agent takes first from each cell, and how surely: ", ...names, ". "]
    : ["Colours say which objective the agent earns more of from each cell, as a share of what can be had; none where both are alike: ", ...names, ". "];
}

function turnLayer(name) {
  if (!layers.delete(name)) layers.add(name);
  // One colour at a time.
  if (name !== "arrows") for (const each of [...layers]) if (!["arrows", "marks", "pays", name].includes(each)) layers.delete(each);
  show();
}

async function open(to, at = NaN) {
  stop();
  wanted = to;
  const opened = await game.level(to);
  if (wanted !== to) return; // another level was asked for meanwhile
  [number, level] = [to, opened];
  const world = level.rank.indexOf(Math.floor(at / game.cells));
  const state = world < 0 ? -1 : level.standing[world * game.cells + (at % game.cells)];
  const run = new Run(level, state >= 0 ? state : level.start);
  boards = [{ run }];
  turnMover(mover);
}

function addButton(box, text, act, dataset = {}) {
  const button = tag("button", text, { onclick: act });
  Object.assign(button.dataset, dataset);
  element(box).append(button);
}

// Opens what the address says; what it does not say, or says wrongly, is as at first.
async function restore() {
  const asked = new URLSearchParams(location.hash.slice(1)), level = asked.get("level");
  const first = data.levels.findIndex((each) => `${each.play}:${each.number}` === level);
  const shift = Math.max(0, data.levels.findIndex((each) => each.play === "shift"));
  turnAgent(Number(asked.get("agent") ?? 0));
  for (const { dataset } of document.querySelectorAll("[data-layer]")) layers.delete(dataset.layer);
  for (const each of (asked.get("show") ?? "").split(",")) if (document.querySelector(`[data-layer="${CSS.escape(each)}"]`)) layers.add(each);
  mover = Object.hasOwn(MOVERS, asked.get("who")) ? asked.get("who") : "you";
  await open(first < 0 ? shift : first, Number(asked.get("at") ?? NaN));
}

async function begin() {
  game = await Game.open(data);
  data.levels.forEach((each, k) => addButton("levels", `${describePlay(each.play)}, level ${each.number}`, () => open(k)));
  for (const [name, text] of Object.entries(MOVERS)) addButton("movers", text, () => turnMover(name), { mover: name });
  if (!game.agents.length) element("movers").hidden = element("agent").hidden = true;
  for (const each of game.agents) element("agent").add(new Option(each.name, each.number));
  element("agent").onchange = ({ target }) => { turnAgent(Number(target.value)); show(); };
  const names = game.agents.length ? { outcomes: "Where it ends up", arrows: "Its arrows" } : {};
  for (const [name, text] of Object.entries(names)) addButton("layers", text, () => turnLayer(name), { layer: name });
  data.objectives.forEach(({ name }, i) => addButton("more", `V* of ${name}`, () => turnLayer(`values ${i}`), { layer: `values ${i}` }));
  for (const button of document.querySelectorAll("[data-step]")) button.onclick = () => own().on.step(Number(button.dataset.step));
  element("back").onclick = () => own().on.back();
  element("restart").onclick = () => boards.forEach((board) => board.on.restart());
  element("play").onclick = play;
  await restore();
  addEventListener("hashchange", restore);
  element("incomplete").remove();
  document.body.dataset.ready = performance.now();
}
begin();
