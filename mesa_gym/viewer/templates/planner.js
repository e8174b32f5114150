"use strict";
// A planner in the page: its maps from its own weights, its ways by max-plus sweeps over them.
// mesa_gym/policies/planners.py (MapNetwork) describes the weights; agents/planning.py the plan.
const LEAST_COST = 1e-3, USUAL_CELLS = 49, { fround } = Math;

const RAISED = 8; // of a cell that is wanted most, above all that the planner wants

class PlannerAgent {
  timeless = true;
  version = 0;
  edits = new Map(); // cell -> what it is worth by hand

  constructor(data, number) {
    Object.assign(this, data, { number });
  }

  async begin() {
    Object.assign(this, await unpack(this));
    this.units = this.first_bias.length;
  }

  edit(cell, worth) {
    if (worth === null) this.edits.delete(cell);
    else this.edits.set(cell, fround(worth));
    this.version = JSON.stringify([...this.edits]);
  }

  // Wants a cell of a world most; asked again, wants it as trained.
  turnWish(level, world, cell) {
    const most = Math.max(...this.maps(level, world).utility);
    this.edit(cell, this.edits.has(cell) ? null : most + RAISED);
  }

  // Wants all as trained.
  forgetEdits() {
    this.edits.clear();
    this.version = 0;
  }

  // Utility and cost of every cell of a world, with edits, and the worth of the best way from each.
  maps(level, world) {
    return level.keep(`maps ${this.number} ${this.version} ${world}`, () => {
      const { utility, cost } = this.drawMaps(level, world);
      for (const [cell, worth] of this.edits) utility[cell] = worth;
      return { utility, cost, onward: this.propagate(level.game, utility, cost) };
    });
  }

  drawMaps(level, world) {
    const { rows, columns, cells, data } = level.game, { planes, side, units } = this;
    const wall = planes.indexOf("wall"), reach = (side - 1) / 2;
    const tiles = level.base.subarray(world * cells, (world + 1) * cells);
    const shown = Array.from(tiles, (tile) => planes.flatMap((name, p) => (data.cells[tile].includes(name) ? [p] : [])));
    // What stands in the top row is held: it counts everywhere, and not where it is drawn.
    const offset = Float64Array.from(this.first_bias);
    for (let c = 0; c < columns; c++) {
      for (const p of shown[c]) if (p !== wall) for (let u = 0; u < units; u++) offset[u] += this.held[p * units + u];
      shown[c] = shown[c].filter((p) => p === wall);
    }
    const weigh = (hidden) => hidden.reduce((sum, x, u) => sum + Math.max(0, x) * this.wants[u], 0);
    const scale = (this.gain * (rows - 2) * (columns - 2)) / USUAL_CELLS, empty = weigh(offset);
    const utility = new Float32Array(cells), cost = new Float32Array(cells);
    for (let k = 0; k < cells; k++) {
      const x = this.gain * shown[k].reduce((sum, p) => sum + this.pays[p], this.pays_bias);
      cost[k] = Math.max(LEAST_COST, x > 20 ? x : Math.log1p(Math.exp(x)));
      const row = Math.floor(k / columns), column = k % columns;
      if (isBorder(level.game, k)) continue;
      const hidden = offset.slice();
      for (let dy = 0; dy < side; dy++) for (let dx = 0; dx < side; dx++) {
        const y = row + dy - reach, x = column + dx - reach;
        const inside = y >= 0 && y < rows && x >= 0 && x < columns;
        for (const p of inside ? shown[y * columns + x] : [wall]) {
          const from = ((p * side + dy) * side + dx) * units;
          for (let u = 0; u < units; u++) hidden[u] += this.first[from + u];
        }
      }
      utility[k] = scale * (weigh(hidden) - empty);
    }
    return { utility, cost };
  }

  propagate(game, utility, cost) {
    const onward = utility.map((worth, k) => worth - cost[k]);
    for (let changed = true; changed; ) {
      const before = onward.slice();
      changed = false;
      for (let k = 0; k < game.cells; k++) {
        if (isBorder(game, k)) continue;
        const best = Math.max(utility[k], ...game.moves.map((move) => before[k + move]));
        onward[k] = best - cost[k];
        changed ||= onward[k] !== before[k];
      }
    }
    return onward;
  }

  // The best way on from a cell: the cells that it leads through, to the one where it ends.
  findWay(game, { utility, onward }, from) {
    const way = [from];
    for (let at = from; way.length <= game.cells; at = way[way.length - 1]) {
      let best = utility[at], to = at;
      if (!isBorder(game, at)) for (const move of game.moves) {
        if (onward[at + move] > best) [best, to] = [onward[at + move], at + move];
      }
      if (to === at) break;
      way.push(to);
    }
    return way;
  }

  // What each action is worth, and the way that it begins; the last one stays.
  plan(level, state) {
    const { game } = level, here = level.cell[state], maps = this.maps(level, level.world[state]);
    const ways = game.moves.map((move) => this.findWay(game, maps, here + move));
    const worths = ways.map((way) => maps.utility[way[way.length - 1]] - way.reduce((sum, k) => fround(sum + maps.cost[k]), 0));
    worths.push(maps.utility[here] - this.stay);
    const best = worths.indexOf(Math.max(...worths));
    return { worths, way: best < STAY ? [here, ...ways[best]] : [here] };
  }

  chances(level, state) {
    const { worths } = this.plan(level, state), most = Math.max(...worths);
    const weights = worths.map((worth) => Math.exp(this.sharpness * (worth - most)));
    const sum = weights.reduce((a, b) => a + b);
    return weights.map((weight) => weight / sum);
  }
}

function isBorder({ rows, columns }, cell) {
  const row = Math.floor(cell / columns), column = cell % columns;
  return row === 0 || row === rows - 1 || column === 0 || column === columns - 1;
}
