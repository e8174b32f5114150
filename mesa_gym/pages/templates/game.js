"use strict";
// A level that lives in a page: mesa_gym/pages/packing.py describes its data. States have numbers;
// those from `going` on follow an episode's end. An agent gives `chances(level, state, left)`.
const ACTIONS = 5, STAY = 4, TIE = 1e-9, MOST = 2 ** 24 - 1;
const KINDS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i2: Int16Array, i4: Int32Array, f4: Float32Array };

async function unpack({ parts, packed }) {
  const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const raw = await new Response(stream).arrayBuffer();
  return Object.fromEntries(parts.map(([name, kind, at, size]) => [name, new KINDS[kind](raw, at, size)]));
}

class Game {
  // The rules, pictures and agents of a trap, of which levels are opened one by one.
  static async open(data) {
    const game = Object.assign(new Game(), { data, sheet: new Image(), opened: new Map() });
    [game.rows, game.columns] = data.size;
    game.cells = game.rows * game.columns;
    game.moves = [-1, game.columns, 1, -game.columns];
    const kinds = { shares: SharesAgent, oracle: OracleAgent };
    game.agents = data.agents.map((agent, number) => new kinds[agent.kind](agent, number));
    await Promise.all(game.agents.map((agent) => agent.begin?.()));
    game.sheet.src = data.sheet;
    await game.sheet.decode();
    game.things = game.cutThings();
    return game;
  }

  // The sheet without the floor under things: a colour lies below what is drawn over it again.
  cutThings() {
    const { naturalWidth: width, naturalHeight: height } = this.sheet, { tile, wide, cells } = this.data;
    const things = Object.assign(document.createElement("canvas"), { width, height });
    const pen = things.getContext("2d"), bare = cells.findIndex((names) => !names.length);
    pen.drawImage(this.sheet, 0, 0);
    if (bare < 0) return things;
    const [left, top] = [bare % wide, Math.floor(bare / wide)].map((at) => at * tile);
    const image = pen.getImageData(0, 0, width, height), pixels = new Uint32Array(image.data.buffer);
    const floor = (at) => (top + (Math.floor(at / width) % tile)) * width + left + (at % width % tile);
    pixels.set(pixels.map((pixel, at) => (pixel === pixels[floor(at)] ? 0 : pixel)));
    pen.putImageData(image, 0, 0);
    return things;
  }

  async level(number) {
    if (!this.opened.has(number)) {
      const data = this.data.levels[number];
      this.opened.set(number, new Level(this, data, await unpack(data)));
    }
    return this.opened.get(number);
  }
}

class Level {
  constructor(game, data, parts) {
    Object.assign(this, { game, tables: new Map() }, data, parts);
    const { going } = this, { cells } = game;
    this.next = Int32Array.from(this.delta, (delta, k) => delta + (k % going));
    // The state with the agent on a cell of a world, -1 where it cannot stand.
    this.standing = new Int32Array(this.worlds * cells).fill(-1);
    for (let s = 0; s < going; s++) this.standing[this.world[s] * cells + this.cell[s]] = s;
    for (let k = cells; k < this.base.length; k++) this.base[k] ^= this.base[k % cells];
    this.paid = this.payments.map((amounts, i) => Float64Array.from(this[`paid${i}`], (code) => amounts[code]));
    // Which objective a step contacts, as scored: above half of the level's largest payment. -1 is
    // none, the number of objectives several at once.
    const half = this.payments.map((amounts) => Math.max(0, ...amounts) / 2);
    this.contact = Int8Array.from({ length: ACTIONS * going }, (_, k) => {
      const found = half.flatMap((least, i) => (this.paid[i][k] > least ? [i] : []));
      return found.length > 1 ? half.length : found[0] ?? -1;
    });
  }

  pays(objective, action, state) {
    return this.paid[objective][action * this.going + state];
  }

  follow(action, state) {
    return this.next[action * this.going + state];
  }

  // The cells to which an agent most likely goes from a state, until it stays or makes contact.
  findWay(agent, state) {
    const way = [this.cell[state]];
    while (state < this.going && way.length <= this.game.cells) {
      const chances = agent.chances(this, state, this.horizon), action = chances.indexOf(Math.max(...chances));
      if (action === STAY) break;
      const met = this.contact[action * this.going + state] >= 0;
      state = this.follow(action, state);
      way.push(this.cell[state]);
      if (met) break;
    }
    return way;
  }

  keep(key, make) {
    if (!this.tables.has(key)) this.tables.set(key, make());
    return this.tables.get(key);
  }

  // One sweep for each step that can be left: table[left][state]. Sums are in the order of
  // mesa_gym.solver.TimeLeft, so that values are equal to the last bit.
  sweep(update) {
    const table = [new Float64Array(this.states)];
    for (let left = 1; left <= this.horizon; left++) {
      const now = new Float64Array(this.states);
      for (let s = 0; s < this.going; s++) now[s] = update(s, table[left - 1], left);
      table.push(now);
    }
    return table;
  }

  worth(objective, action, state, before) {
    const { discount } = this.game.data.objectives[objective];
    return this.pays(objective, action, state) + discount * before[this.follow(action, state)];
  }

  // V* of an objective with any time left.
  values(objective) {
    return this.keep(`values ${objective}`, () => this.sweep((s, before) => {
      let best = -Infinity;
      for (let a = 0; a < ACTIONS; a++) best = Math.max(best, this.worth(objective, a, s, before));
      return best;
    }));
  }

  best(objective, state, left) {
    const before = this.values(objective)[left - 1];
    const worths = Array.from({ length: ACTIONS }, (_, a) => this.worth(objective, a, state, before));
    const most = Math.max(...worths) - TIE;
    return worths.map((worth) => worth >= most);
  }

  // What the base objective earns at best among the policies that are optimal for another one.
  among(objective) {
    return this.keep(`among ${objective}`, () => this.sweep((s, before, left) => {
      const worths = this.best(objective, s, left).map((good, a) => (good ? this.worth(0, a, s, before) : -Infinity));
      return Math.max(...worths);
    }));
  }

  // Where an agent ends up from each state: float64 arrays, one an objective. Where targets are
  // places it is the chance that the objective is contacted first, and last that several are at
  // once; elsewhere it is the return as a share of V*.
  outcomes(agent, left = this.horizon) {
    return this.foresee(agent).map((table, i) => {
      if (this.game.data.contact) return table[left];
      const most = this.values(i)[left];
      return table[left].map((value, s) => most[s] && value / most[s]);
    });
  }

  // The same chances and returns with any time left, table[left][state].
  foresee(agent) {
    return this.keep(`outcomes ${agent.number} ${agent.version}`, () => {
      const { contact, objectives } = this.game.data;
      const fixed = agent.timeless && Array.from({ length: this.going }, (_, s) => agent.chances(this, s));
      const count = objectives.length + Number(contact);
      return Array.from({ length: count }, (_, i) => this.sweep((s, before, left) => {
        const shares = fixed ? fixed[s] : agent.chances(this, s, left);
        let sum = 0;
        for (let a = 0; a < ACTIONS; a++) {
          const first = this.contact[a * this.going + s];
          const chance = first < 0 ? before[this.follow(a, s)] : Number(first === i);
          sum += shares[a] * (contact ? chance : this.worth(i, a, s, before));
        }
        return sum;
      }));
    });
  }

  // The run with the agent put on a cell of a state's world; on a thing, the step into it; or null.
  place(state, cell) {
    const { cells, moves } = this.game, world = this.world[state] * cells;
    const found = state < this.going ? this.standing[world + cell] : -1;
    if (found >= 0) return new Run(this, found);
    for (let a = 0; a < STAY; a++) {
      const from = this.standing[world + cell - moves[a]] ?? -1;
      if (from < 0 || this.cell[this.follow(a, from)] !== cell) continue;
      const run = new Run(this, from);
      run.step(a);
      return run;
    }
    return null;
  }
}

// An episode from a state on, with all its steps.
class Run {
  constructor(level, state = level.start) {
    Object.assign(this, { level, from: state, actions: [], visited: [state] });
  }

  get t() { return this.actions.length; }
  get state() { return this.visited[this.t]; }
  get left() { return this.level.horizon - this.t; }
  get over() { return this.state >= this.level.going || this.left <= 0; }

  step(action) {
    if (this.over) return;
    this.visited.push(this.level.follow(action, this.state));
    this.actions.push(action);
  }

  // A step of an agent, its action drawn by its chances.
  play(agent) {
    let share = Math.random(), action = 0;
    const chances = agent.chances(this.level, this.state, this.left);
    while (action < STAY && (share -= chances[action]) >= 0) action++;
    this.step(action);
  }

  back() {
    if (this.actions.pop() !== undefined) this.visited.pop();
  }

  // What step t, counted from 0, paid: one number an objective.
  paid(t) {
    return this.level.payments.map((_, i) => this.level.pays(i, this.actions[t], this.visited[t]));
  }

  earned(objective) {
    const { discount } = this.level.game.data.objectives[objective];
    return this.actions.reduce((sum, _, t) => sum + discount ** t * this.paid(t)[objective], 0);
  }

  // What the steps contacted, as Level.contact.
  get contacts() {
    const { contact, going } = this.level;
    return this.actions.map((a, t) => contact[a * going + this.visited[t]]);
  }

  // What was contacted first; -1 for nothing yet.
  get first() {
    return this.contacts.find((i) => i >= 0) ?? -1;
  }

  // [cell, objective, amount] of all that was paid.
  get takings() {
    const { cell } = this.level;
    return this.actions.flatMap((_, t) =>
      this.paid(t).flatMap((pay, i) => (pay ? [[cell[this.visited[t + 1]], i, pay]] : [])));
  }
}

class SharesAgent {
  timeless = true;
  version = 0;

  constructor(data, number) {
    Object.assign(this, data, { number });
  }

  chances(level, state) {
    const { [`low${this.number}`]: low, [`high${this.number}`]: high } = level;
    const own = [];
    for (let a = 0; a < STAY; a++) {
      const at = a * level.going + state;
      own.push((high[at] * 65536 + low[at]) / MOST);
    }
    return [...own, Math.max(0, 1 - own.reduce((a, b) => a + b))];
  }
}

// The exact optimum of one objective and, where actions are equally good, of base.
class OracleAgent {
  timeless = false;
  version = 0;

  constructor(data, number) {
    Object.assign(this, data, { number });
  }

  chances(level, state, left) {
    const optimal = level.best(this.objective, state, left);
    const idle = optimal.every(Boolean) && !level.game.data.loose;
    const before = level.among(this.objective)[left - 1];
    const worths = optimal.map((good, a) => (good ? level.worth(0, a, state, before) : -Infinity));
    const most = Math.max(...worths) - TIE;
    const chosen = worths.map((worth, a) => Number(idle ? a === STAY : worth >= most));
    const count = chosen.reduce((a, b) => a + b);
    return chosen.map((each) => each / count);
  }
}
