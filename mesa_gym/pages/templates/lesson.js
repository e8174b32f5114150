"use strict";
// The lesson: five screens. Goals are named only after the choice.
const element = (id) => document.getElementById(id);
const data = JSON.parse(element("data").textContent);
const PACE = matchMedia("(prefers-reduced-motion: reduce)").matches ? 600 : 160; // ms a step
const ROOMS = 3, LINE = 0, YELLOW = 1, CORNER = 1;
const percent = (share) => `${Math.round(100 * share)}%`;
const nothing = new Set();
let rooms, board, screen = 0, timer = 0, paid = 0, mine = -1; // `mine`: what the visitor chose

const draw = (run, layers = nothing, agent = null) => board.show(run, layers, agent);
const say = (text) => { element("said").textContent = text; };
// The visitor's first try in each room, a line of a log.
const tries = new Map();
function keep({ level: { play, number }, actions }) {
  const line = { trap: data.trap, split: play, level: number, play, actions, policy: "me" };
  if (!tries.has(`${play} ${number}`)) tries.set(`${play} ${number}`, `${JSON.stringify(line)}\n`);
}
const finish = () => { element("next").disabled = false; };

// A board on which a visitor's steps are taken, and `after` is told of the run.
function lead({ game }, after, more = {}) {
  const step = (action) => {
    if (board.run.over) return;
    board.run.step(action);
    draw(board.run);
    after(board.run);
  };
  board = new Board(game, { step, place: () => {}, back: () => {}, restart: () => {}, ...more });
  element("board").replaceChildren(board.canvas);
}

// Lets an agent run until it makes contact or time is up, then calls `then`.
function watch(agent, run, layers, then) {
  clearTimeout(timer);
  draw(run, layers, agent);
  if (run.over || run.first >= 0) return then(run);
  timer = setTimeout(() => {
    run.play(agent);
    watch(agent, run, layers, then);
  }, PACE);
}

// Goes on after a pause, unless another screen was turned to meanwhile.
function wait(milliseconds, then) {
  clearTimeout(timer);
  timer = setTimeout(then, milliseconds);
}

function findWhatPays() {
  const level = rooms.colour[paid];
  const again = document.activeElement === board?.canvas;
  lead(level, (run) => {
    const pay = run.t ? run.paid(run.t - 1)[LINE] : 0;
    if (pay > 0 || run.over) keep(run);
    if (pay > 0) {
      paid++;
      board.on.step = () => {};
      say(`+1. ${paid} of ${ROOMS} rooms paid.${paid < ROOMS ? "" : " Now you know what you are paid for. Do you?"}`);
      if (paid < ROOMS) wait(900, findWhatPays);
      else finish();
    } else if (run.over) {
      say("0. That room paid nothing. Once more.");
      wait(900, findWhatPays);
    } else if (level.game.data.cells[level.robot[run.state]].length > 1) say("0. Nothing was paid for this.");
  });
  draw(new Run(level));
  if (again) board.canvas.focus({ preventScroll: true });
}

function enterNewRoom() {
  const level = rooms.colour[ROOMS];
  lead(level, (run) => {
    if (run.first < 0 && !run.over) return;
    keep(run);
    if (run.over && run.first < 0) {
      say("Time is up. Once more.");
      return draw(new Run(level));
    }
    mine = run.first;
    finish();
    turn(2);
  });
  draw(new Run(level));
}

function compareRobots() {
  const level = rooms.colour[ROOMS];
  lead(level, () => {});
  draw(new Run(level));
  element("text").textContent = mine === YELLOW
    ? "You went to what is yellow. In training, the line and what is yellow were always the same thing: both goals earned you the same pay, and nothing you saw could tell them apart. What paid was the line."
    : "You went to the line. You guessed right: it is the line that paid. In training it was always yellow too, and nothing you saw could tell the two apart.";
  say("We trained three robots in rooms like these, for the same pay: ppo:0 to ppo:2, three seeds of the method PPO. How likely is each to go to what is yellow first?");
  const table = document.createElement("table");
  table.innerHTML = `<thead><tr><th></th><th>in this room</th><th></th><th>in ${data.levels.toLocaleString("en")} rooms</th><th></th></tr></thead>`;
  data.everywhere.forEach((shares, k) => {
    const agent = level.game.agents[k], row = table.insertRow();
    row.append(Object.assign(document.createElement("th"), { textContent: agent.name, scope: "row" }));
    for (const share of [level.outcomes(agent)[YELLOW][level.start], shares[YELLOW]]) {
      row.insertCell().textContent = percent(share);
      const bar = document.createElement("i");
      bar.style.width = percent(share);
      Object.assign(row.insertCell(), { className: "bar" }).append(bar);
    }
  });
  const script = table.insertRow();
  script.append(Object.assign(document.createElement("th"), { textContent: `best script without a goal (${data.script.name})`, scope: "row" }));
  for (const text of ["", "", percent(data.script.share), ""]) script.insertCell().textContent = text;
  element("shares").replaceChildren(table);
  finish();
}

function moveCheese(room = 0) {
  const level = rooms.cheese[room], [agent] = level.game.agents;
  lead(level, () => {}, { step: () => {}, picking: () => true, pick: () => {} });
  say(room < ROOMS ? `Training room ${room + 1} of ${ROOMS}.` : "Now the cheese is moved.");
  watch(agent, new Run(level), nothing, (done) => {
    if (room < ROOMS) return wait(700, () => moveCheese(room + 1));
    say(done.first === CORNER ? "It went to the empty corner, where the cheese was in training." : "This time it took the cheese.");
    draw(done, new Set(["marks"]));
    wait(2000, () => exploreCheese(level, agent, done.first === CORNER ? done.takings[0][0] : -1));
  });
}

// The visitor puts the robot anywhere, and it goes where the colours say; the corner is marked.
function exploreCheese(level, agent, corner) {
  const layers = new Set(["outcomes", "arrows"]), { agent: own, script } = data.corner;
  const begin = () => {
    draw(new Run(level), layers, agent);
    if (corner >= 0) board.mark(corner, CORNER, 1);
  };
  board.on.pick = (cell) => {
    const run = level.place(level.start, cell);
    if (run) watch(agent, run, layers, (done) => {
      say(done.first === CORNER ? "It went to the corner." : done.first < 0 ? "It went to neither." : "It took the cheese.");
      wait(1500, begin);
    });
  };
  begin();
  say(`It is not broken: it walks skilfully to the wrong goal. Click any cell to put it there. From an orange cell it goes to the corner. From a blue one its way to the corner leads over the cheese. In ${data.levels.toLocaleString("en")} such mazes it gets to the corner first in ${percent(own)}; the best script without a goal (${script.name}), in ${percent(script.share)}.`);
  finish();
}

function lookInside() {
  const level = rooms.colour[ROOMS], wants = new Set(["wants"]), [trained, told] = level.game.agents.slice(-2);
  Object.assign(trained, data.inside.trained);
  Object.assign(told, data.inside.told);
  let agent = trained;
  const pick = (cell) => {
    if (cell !== told.edited) return say("Click the red line: what it is worth can be edited here.");
    agent = agent === trained ? told : trained;
    say(agent === trained ? "As trained." : "Your click made the line worth more to it than what is yellow. It plans again.");
    const run = new Run(level);
    draw(run, wants, agent);
    wait(700, () => watch(agent, run, wants, (done) => {
      if (agent === told) say(`Your click made the line worth more to it than what is yellow. It planned again${done.level.cell[done.state] === cell ? ", and went to the line" : ""}. No weight of the network was touched.`);
    }));
    element("end").hidden = false;
  };
  lead(level, () => {}, { step: () => {}, picking: () => true, pick });
  draw(new Run(level), wants, agent);
  say("The darker a cell, the more it is worth to the robot to end there. The white track is its plan: it goes to what is yellow. Click the red line.");
  finish();
}

const SCREENS = [
  ["Find out what pays", "You steer the robot. Something in this room pays. Find out what.", findWhatPays],
  ["A new room", "Go to what pays.", enterNewRoom],
  ["What did you learn?", "", compareRobots],
  ["It can be worse", "This robot was trained in mazes with a cheese. Watch it run.", moveCheese],
  ["Look inside one", "This robot plans: it has a map of what each cell is worth to it.", lookInside],
];

function turn(to) {
  clearTimeout(timer);
  screen = to;
  const [title, text, enter] = SCREENS[to];
  element("progress").textContent = `${to + 1} of ${SCREENS.length}`;
  element("title").textContent = title;
  element("text").textContent = text;
  element("said").textContent = "";
  element("shares").replaceChildren();
  element("pad").hidden = to > 1;
  element("end").hidden = true;
  element("back").disabled = to === 0;
  element("next").disabled = true;
  element("next").textContent = to < SCREENS.length - 1 ? "Next" : "What was that?";
  element("hint").hidden = to < 3;
  if (to === 0) paid = 0;
  enter();
  // A page around it keeps its focus until the visitor is here.
  if (document.hasFocus()) (to < 2 ? board.canvas : element("title")).focus({ preventScroll: true });
}

async function begin() {
  const open = async (game) => Promise.all(game.data.levels.map((_, k) => game.level(k)));
  rooms = { colour: await open(await Game.open(data.colour)), cheese: await open(await Game.open(data.cheese)) };
  for (const button of document.querySelectorAll("[data-step]")) button.onclick = () => board.on.step(Number(button.dataset.step));
  element("next").onclick = () => {
    if (screen < SCREENS.length - 1) return turn(screen + 1);
    element("end").hidden = false;
    element("end").scrollIntoView();
  };
  element("save").onclick = () => {
    const href = URL.createObjectURL(new Blob([...tries.values()]));
    Object.assign(document.createElement("a"), { href, download: "my-choices.jsonl" }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60000);
  };
  element("back").onclick = () => turn(screen - 1);
  element("again").onclick = () => turn(screen);
  turn(0);
  element("incomplete").remove();
  document.body.dataset.ready = performance.now();
}
begin();
