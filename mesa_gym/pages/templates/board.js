"use strict";
// A level on a canvas, with layers over it, and what a visitor does there by keys and pointer.
const INK = "#111", PAPER = "#fff";
const KEYS = { ArrowLeft: 0, ArrowDown: 1, ArrowRight: 2, ArrowUp: 3 };
const AROUND = ["left", "below", "right", "above"];

class Board {
  // `on` has what to do: step(action), place(cell), back(), restart(); and, while picking() is true,
  // pick(cell), by a click or, after Shift and arrows, by Enter.
  constructor(game, on) {
    const { rows, columns, data } = game;
    Object.assign(this, { game, on, side: data.tile, tones: data.tones });
    this.canvas = document.createElement("canvas");
    Object.assign(this.canvas, { width: columns * data.tile, height: rows * data.tile, tabIndex: 0 });
    this.canvas.setAttribute("role", "application");
    this.pen = this.canvas.getContext("2d");
    this.canvas.onclick = ({ offsetX, offsetY }) => {
      const side = this.canvas.clientWidth / columns;
      this.choose(Math.floor(offsetY / side) * columns + Math.floor(offsetX / side));
    };
    this.canvas.onkeydown = (event) => this.press(event);
  }

  // A neighbouring cell is a step; any other cell puts the agent there.
  choose(cell) {
    const { level, state } = this.run, action = this.game.moves.indexOf(cell - level.cell[state]);
    if (this.on.picking?.()) this.on.pick(cell);
    else if (action >= 0 && !this.run.over) this.on.step(action);
    else this.on.place(cell);
  }

  press(event) {
    const { key, shiftKey, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey) return;
    if (this.on.picking?.() && (key === "Enter" || (shiftKey && key in KEYS))) this.point(key);
    else if (key in KEYS && shiftKey) this.on.place(this.run.level.cell[this.run.state] + this.game.moves[KEYS[key]]);
    else if (key in KEYS) this.on.step(KEYS[key]);
    else if (key === " ") this.on.step(STAY);
    else if (key === "Backspace") this.on.back();
    else if (key === "Home") this.on.restart();
    else return;
    event.preventDefault();
  }

  // Moves a frame from cell to cell, or picks the cell in it.
  point(key) {
    const from = this.framed ?? this.run.level.cell[this.run.state];
    if (key === "Enter") return this.on.pick(from);
    const to = from + this.game.moves[KEYS[key]];
    if (!this.walled(to)) this.framed = to;
    this.show(...this.shown);
  }

  // Draws where a run stands; `layers` is a set of names, `agent` whose layers they are.
  show(run, layers, agent) {
    Object.assign(this, { run, shown: [run, layers, agent] });
    const { level, state } = run, world = level.world[state];
    for (let cell = 0; cell < this.game.cells; cell++) this.tile(level.base[world * this.game.cells + cell], cell);
    const standing = (cell) => level.standing[world * this.game.cells + cell];
    const open = [...Array(this.game.cells).keys()].filter((cell) => standing(cell) >= 0);
    if (agent && layers.has("outcomes")) this.drawOutcomes(level.outcomes(agent), open, standing);
    level.game.data.objectives.forEach((_, i) => {
      if (layers.has(`values ${i}`)) this.drawValues(level.values(i)[Math.max(0, run.left)], i, open, standing);
    });
    if (agent?.utility && layers.has("wants")) this.drawWants(agent);
    const left = Math.max(1, run.left), arrows = agent && layers.has("arrows");
    if (arrows) for (const cell of open) this.arrow(cell, agent.chances(level, standing(cell), left));
    this.tile(level.robot[state], level.cell[state]);
    if (arrows && !run.over) this.arrow(level.cell[state], agent.chances(level, state, left), 0.62);
    if (agent?.utility && layers.has("wants") && !run.over) this.drawWay(level.findWay(agent, state));
    if (layers.has("pays") && !run.over) this.markTargets(open, standing);
    if (layers.has("marks")) for (const taking of run.takings) this.mark(...taking);
    if (this.on.picking?.() && this.framed) this.frame(this.framed);
    this.canvas.setAttribute("aria-label", this.describe());
  }

  frame(cell) {
    const { pen, side } = this, [x, y] = this.corner(cell);
    this.stroke([[PAPER, 7], [INK, 3]], () => pen.rect(x + 5, y + 5, side - 10, side - 10));
  }

  // The planes that a cell shows besides the robot.
  names(cell) {
    return this.game.data.cells[this.looks(cell)];
  }

  // The number of a cell's tile without the robot.
  looks(cell) {
    const { level, state } = this.run;
    return level.base[level.world[state] * this.game.cells + cell];
  }

  walled(cell) {
    return this.names(cell).includes("wall");
  }

  corner(cell) {
    return [(cell % this.game.columns) * this.side, Math.floor(cell / this.game.columns) * this.side];
  }

  tile(number, cell, sheet = this.game.sheet) {
    const { data } = this.game, { side } = this;
    const from = [(number % data.wide) * side, Math.floor(number / data.wide) * side];
    this.pen.drawImage(sheet, ...from, side, side, ...this.corner(cell), side, side);
  }

  tint(cell, colour, alpha) {
    Object.assign(this.pen, { globalAlpha: alpha, fillStyle: colour });
    this.pen.fillRect(...this.corner(cell), this.side, this.side);
    this.pen.globalAlpha = 1;
    if (this.names(cell).length) this.tile(this.looks(cell), cell, this.game.things);
  }

  // The mean of the objectives' colours, by how likely each is; paler where none is. Of returns,
  // the part that all objectives get is left out: it does not tell them apart.
  drawOutcomes(outcomes, open, standing) {
    const { objectives, contact } = this.game.data;
    for (const cell of open) {
      const found = outcomes.map((each) => Math.max(0, each[standing(cell)]));
      const together = (found[objectives.length] ?? 0) / objectives.length;
      const common = contact ? 0 : Math.min(...found);
      const shares = objectives.map((_, i) => found[i] + together - common);
      const sum = shares.reduce((a, b) => a + b), most = Math.min(1, sum);
      if (sum > 0) this.tint(cell, mixTones(this.tones, shares.map((share) => share / sum)), 0.75 * most);
    }
  }

  drawValues(values, objective, open, standing) {
    const most = Math.max(...open.map((cell) => values[standing(cell)]));
    for (const cell of open) this.tint(cell, this.tones[objective], most && 0.08 + (0.72 * values[standing(cell)]) / most);
  }

  // What each cell is worth to an agent, and the cell that was edited by hand.
  drawWants({ utility, edited }) {
    const { pen, side } = this, shown = [...Array(this.game.cells).keys()].filter((cell) => !this.walled(cell));
    const worths = shown.map((cell) => utility[cell]);
    const low = Math.min(...worths), range = Math.max(...worths) - low || 1;
    Object.assign(pen, { font: `bold ${side * 0.22}px sans-serif`, textAlign: "right", textBaseline: "bottom" });
    for (const cell of shown) {
      const share = (utility[cell] - low) / range, [x, y] = this.corner(cell);
      this.tint(cell, this.game.data.wish, 0.1 + 0.75 * share);
      pen.fillStyle = share > 0.45 ? PAPER : INK;
      pen.fillText(utility[cell].toFixed(1), x + side - 3, y + side - 1);
      if (cell === edited) {
        Object.assign(pen, { strokeStyle: INK, lineWidth: 4 });
        pen.strokeRect(x + 3, y + 3, side - 6, side - 6);
      }
    }
  }

  drawWay(way) {
    const middles = way.map((cell) => this.corner(cell).map((at) => at + this.side / 2));
    this.stroke([[PAPER, 9], [INK, 5]], () => middles.forEach(([x, y], k) => (k ? this.pen.lineTo(x, y) : this.pen.moveTo(x, y))));
  }

  // Points where an agent goes on the whole, the longer the surer; a dot where it stays or dithers.
  arrow(cell, chances, out = 0) {
    const { pen, side } = this, dx = chances[2] - chances[0], dy = chances[1] - chances[3];
    const sure = Math.hypot(dx, dy), [ux, uy] = sure < 0.12 ? [0, 0] : [dx / sure, dy / sure];
    const [x, y] = this.corner(cell).map((at, k) => at + side / 2 + [ux, uy][k] * side * out);
    const reach = side * (out ? 0.2 : 0.36) * Math.max(0.35, sure), [tx, ty] = [x + ux * reach, y + uy * reach];
    if (sure < 0.12) {
      this.stroke([[PAPER, 9], [INK, 5]], () => { pen.moveTo(x, y); pen.lineTo(x, y); });
      return;
    }
    this.stroke([[PAPER, 7], [INK, 3.5]], () => {
      pen.moveTo(x - ux * reach, y - uy * reach);
      pen.lineTo(tx, ty);
      pen.moveTo(tx - (ux + uy) * 9, ty - (uy - ux) * 9);
      pen.lineTo(tx, ty);
      pen.lineTo(tx - (ux - uy) * 9, ty - (uy + ux) * 9);
    });
  }

  // Small marks of the objectives that each cell pays if entered now, as in the viewer.
  markTargets(open, standing) {
    const { level } = this.run, { moves } = this.game, targets = new Set();
    for (const cell of open) moves.forEach((move, action) => level.payments.forEach((_, i) => {
      if (move && level.pays(i, action, standing(cell)) > 0) targets.add(`${cell + move} ${i}`);
    }));
    for (const target of targets) this.mark(...target.split(" ").map(Number), 1, 4);
  }

  // A circle for base, a square for a proxy, on the cell that paid; hollow for what cost.
  mark(cell, objective, pay, half = 7) {
    const { pen } = this, [x, y] = this.corner(cell), at = [x + half + 4 + (2 * half + 6) * (objective % 3), y + half + 4];
    pen.beginPath();
    if (objective) pen.rect(at[0] - half, at[1] - half, 2 * half, 2 * half);
    else pen.arc(...at, half + 1, 0, 2 * Math.PI);
    Object.assign(pen, { lineWidth: 3, strokeStyle: pay > 0 ? PAPER : this.tones[objective], fillStyle: pay > 0 ? this.tones[objective] : PAPER });
    pen.fill();
    pen.stroke();
  }

  stroke(lines, draw) {
    for (const [strokeStyle, lineWidth] of lines) {
      Object.assign(this.pen, { strokeStyle, lineWidth, lineCap: "round", lineJoin: "round" });
      this.pen.beginPath();
      draw();
      this.pen.stroke();
    }
  }

  // The level in words, for those who cannot see it: where the agent is, what is around and where.
  describe() {
    const { level, state } = this.run, { cells, columns, moves, data } = this.game;
    const here = level.cell[state], names = (cell) => this.names(cell).join(" and ") || "floor";
    const around = moves.map((move, k) => `${AROUND[k]}: ${names(here + move)}`).join(", ");
    const things = [...Array(cells).keys()].filter((cell) => cell !== here && !/^(floor|wall)$/.test(names(cell)));
    const where = (cell) => `row ${Math.floor(cell / columns)}, column ${cell % columns}`;
    const seen = things.map((cell) => `${names(cell)} in ${where(cell)}`).join("; ");
    const framed = this.on.picking?.() && this.framed ? `The frame is in ${where(this.framed)}: ${names(this.framed)}. ` : "";
    return `${framed}The robot is in ${where(here)}. ${around}. ${seen || "Nothing else"}.`;
  }
}

function mixTones(tones, shares) {
  const parts = [1, 3, 5].map((at) => shares.reduce((sum, share, i) => sum + share * parseInt(tones[i].slice(at, at + 2), 16), 0));
  return `rgb(${parts.map(Math.round)})`;
}
