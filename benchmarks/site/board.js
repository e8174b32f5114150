"use strict";
// Sorts the tables of a page and, on the index, ranks over the traps of one type. Without it the
// page shows the same numbers: the controls are made, or uncovered, here.

// -- sorting -------------------------------------------------------------------------------------

function sortable(table) {
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    if (head.querySelector("a")) {
      button.setAttribute("aria-label", `sort by ${head.textContent}`);
      head.append(button);
    } else {
      button.append(...head.childNodes);
      head.append(button);
    }
    button.addEventListener("click", () => sort(table, head));
  }
}

function sort(table, head) {
  const column = head.cellIndex;
  const before = head.getAttribute("aria-sort");
  const numeric = [...table.tBodies].some((body) =>
    [...body.rows].some((row) => typeof valueOf(row.cells[column]) === "number"));
  const ascending = before ? before === "descending" : !numeric;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  order(table, column, ascending);
}

function order(table, column, ascending) {
  const sign = ascending ? 1 : -1;
  for (const body of table.tBodies) {
    const rows = [...body.rows].map((row) => [valueOf(row.cells[column]), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null); // what lacks comes last
      if (typeof a === "number" && typeof b === "number") return sign * (a - b);
      return sign * String(a).localeCompare(String(b), "en");
    });
    body.append(...rows.map(([, row]) => row));
  }
}

// A number, a text, or null for nothing.
function valueOf(cell) {
  const given = cell.dataset.value ?? cell.textContent;
  if (given === "none" || given === "") return null;
  return given.trim() === "" || isNaN(given) ? given : Number(given);
}

// -- ranking over the traps of one type ------------------------------------------------------------

const NAMESPACE = "http://www.w3.org/2000/svg";

function measured(values) {
  return values.filter((value) => value !== null);
}

function mean(values) {
  const there = measured(values);
  return there.length ? there.reduce((sum, value) => sum + value, 0) / there.length : null;
}

// The mean of the middle half; those on its edges count in part.
function interquartile(values) {
  const there = measured(values).sort((a, b) => a - b);
  let sum = 0, total = 0;
  there.forEach((value, i) => {
    const share = Math.min((i + 1) / there.length, 0.75) - Math.max(i / there.length, 0.25);
    if (share > 0) [sum, total] = [sum + share * value, total + share];
  });
  return total ? sum / total : null;
}

// What the board says of an agent over some traps; null where it lacks one of them.
function standing(agent, traps) {
  if (!traps.every((trap) => Object.hasOwn(agent.traps, trap))) return null;
  const rows = traps.map((trap) => agent.traps[trap]);
  const all = (name) => rows.flatMap((row) => row[name]);
  const overTraps = (name) => mean(rows.map((row) => mean(row[name])));
  const seeds = rows[0].seed.filter(
    (seed) => seed !== null && rows.every((row) => row.seed.includes(seed)));
  const bySeed = (name) => seeds.map(
    (seed) => mean(rows.map((row) => row[name][row.seed.indexOf(seed)])));
  const verdicts = new Map();
  for (const verdict of all("verdict")) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  const competent = all("competent");
  return {
    seeds, verdicts: [...verdicts].sort((a, b) => b[1] - a[1]),
    score: overTraps("score"), scores: bySeed("score"),
    p: overTraps("p"), n: overTraps("n"),
    base: overTraps("base"), bases: bySeed("base"),
    proxy: overTraps("proxy"), proxies: bySeed("proxy"),
    competent: competent.filter(Boolean).length, agents: competent.length,
    test: interquartile(all("test")), regret: interquartile(all("regret")),
  };
}

// Two digits as Python writes them, which rounds a number half way between to the even digit.
function figure(value) {
  if (value === null) return "–";
  const half = Math.abs(value) % 0.5 === 0.125;
  const text = (half ? value - Math.sign(value) * 1e-9 : value).toFixed(2);
  return text === "-0.00" ? "0.00" : text;
}

function percent(share) {
  return `${(100 * share).toFixed(2)}%`;
}

function shape(name, attributes, text) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function fill(row, key, text, value) {
  const cell = row.querySelector(`[data-key="${key}"]`);
  cell.textContent = text;
  cell.dataset.value = value ?? "none";
}

function fillRow(row, found, ends) {
  for (const key of ["score", "p", "n", "base", "proxy", "test", "regret"]) {
    fill(row, key, figure(found[key]), found[key]);
  }
  fill(row, "competent", `${found.competent}/${found.agents}`, found.competent / found.agents);
  const counts = found.verdicts.map(([kind, count]) => `${count} ${kind}`);
  const fell = new Map(found.verdicts).get("proxy") ?? 0;
  fill(row, "verdicts", counts.join(", "), fell / found.agents);
  drawSpread(row.querySelector('[data-key="spread"]'), found, ends);
}

function drawSpread(cell, found, ends) {
  const [low, high] = ends ?? [null, null];
  cell.dataset.value = low ?? "none";
  if (!cell.firstChild) cell.append(...document.querySelector(".spread").parentNode.cloneNode(true).childNodes);
  cell.querySelector(".ends:not(line)").textContent =
    low === null ? "no interval" : `${figure(low)} to ${figure(high)}`;
  const said = found.seeds.map((seed, i) => `seed ${seed}: ${figure(found.scores[i])}`);
  cell.querySelector(".spread").setAttribute(
    "aria-label", [`score ${figure(found.score)}`, said.join(", ")].filter(Boolean).join("; "));
  const marks = [];
  if (low !== null) {
    marks.push(shape("line", { x1: percent(low), x2: percent(high), y1: "50%", y2: "50%", class: "ends" }));
  }
  for (const score of found.scores) {
    marks.push(shape("circle", { cx: percent(score), cy: "50%", r: "3.5", class: "seed" }));
  }
  const at = percent(found.score);
  marks.push(shape("line", { x1: at, x2: at, y1: "15%", y2: "85%", class: "mean" }));
  cell.querySelector(".marks").replaceChildren(...marks);
}

function drawPlane(figureElement, agents) {
  const area = figureElement.querySelector(".area");
  const [low, high] = [Number(area.dataset.low), Number(area.dataset.high)];
  const share = (value) => (value - low) / (high - low);
  const x = (value) => percent(share(value)), y = (value) => percent(1 - share(value));
  for (const mark of area.querySelectorAll(".reference")) {
    const found = agents.get(mark.dataset.policy)?.found;
    mark.style.display = found ? "" : "none";
    if (found) {
      mark.setAttribute("x", x(found.base));
      mark.setAttribute("y", y(found.proxy));
    }
  }
  const groups = [];
  for (const { key, name, found, place } of [...agents.values()].reverse()) {
    if (!place || found.base === null || found.proxy === null) continue;
    const group = shape("g", { class: "agent", "data-policy": key });
    group.append(shape("title", {}, `${name}: N base ${figure(found.base)}, N proxy ${figure(found.proxy)}`));
    const at = [x(found.base), y(found.proxy)];
    found.seeds.forEach((seed, i) => {
      const to = [x(found.bases[i]), y(found.proxies[i])];
      group.append(shape("line", { x1: at[0], y1: at[1], x2: to[0], y2: to[1], class: "tie" }));
      group.append(shape("circle", { cx: to[0], cy: to[1], r: 3, class: "seed" }));
    });
    group.append(shape("circle", { cx: at[0], cy: at[1], r: 9, class: "place" }));
    group.append(shape(
      "text", { x: at[0], y: at[1], dy: "0.35em", "text-anchor": "middle", class: "place" }, place));
    groups.push(group);
  }
  area.querySelector(".marks").replaceChildren(...groups);
}

// Rank anew in one section; says whether any trap counts there.
function rankAnew(section, data, ranking, type, traps) {
  const table = section.querySelector("table");
  const intervals = ranking.intervals[type] ?? {};
  const rows = [...table.querySelectorAll("tbody tr")];
  const agents = new Map();
  const lacking = [];
  for (const row of rows) {
    const key = row.dataset.policy;
    const agent = data.agents[key];
    const found = standing(agent, traps);
    row.hidden = !found;
    if (found) {
      fillRow(row, found, Object.hasOwn(intervals, key) ? intervals[key] : null);
      agents.set(key, { key, name: agent.name, found, row, trained: row.parentNode.className === "agents" });
    } else {
      const on = traps.filter((trap) => Object.hasOwn(agent.traps, trap)).length;
      if (row.parentNode.className === "agents") lacking.push(`${agent.name} (${on} of ${traps.length})`);
    }
  }
  const trained = [...agents.values()].filter((each) => each.trained);
  trained.sort((a, b) => b.found.score - a.found.score);
  trained.forEach((each, i) => {
    each.place = i + 1;
    fill(each.row, "place", String(i + 1), i + 1);
  });
  const placed = new Map(trained.map((each) => [each.key, each]));
  for (const [key, each] of agents) if (!each.trained) placed.set(key, each);
  section.querySelector(".lacking").textContent = lacking.length
    ? `Not scored on all of these traps, and so not ranked here: ${lacking.sort().join(", ")}.` : "";
  drawPlane(section, placed);
  const head = table.querySelector("th[aria-sort]");
  const byPlace = table.querySelector('th[data-key="place"]');
  order(table, (head ?? byPlace).cellIndex, (head ?? byPlace).getAttribute("aria-sort") !== "descending");
}

function choose(data, type) {
  const chosen = type === "" ? null : new Set(data.types[type]);
  const seen = new Set();
  const sections = document.querySelectorAll("section.ranking");
  data.rankings.forEach((ranking, i) => {
    const traps = ranking.traps.filter((trap) => !chosen || chosen.has(trap));
    const section = sections[i];
    const same = `${ranking.shifted} ${traps.join(" ")}`;
    // Two tables over the same traps would say the same.
    section.hidden = i > 0 && (traps.length === 0 || seen.has(same));
    seen.add(same);
    section.querySelector(".nothing").hidden = traps.length > 0;
    section.querySelector(".ranked").hidden = traps.length === 0;
    if (traps.length) rankAnew(section, data, ranking, type, traps);
  });
  for (const part of document.querySelectorAll("[data-types]")) {
    part.hidden = type !== "" && !part.dataset.types.split("|").includes(type);
  }
  const every = data.rankings.length ? data.rankings[0].traps : [];
  const counted = every.filter((trap) => !chosen || chosen.has(trap));
  document.getElementById("counted").textContent = type === "" ? ""
    : `${counted.length} of the ${every.length} ranked traps count: ${counted.join(", ") || "none"}.`;
}

function filter(data) {
  const form = document.querySelector("form.filter");
  form.hidden = false;
  form.addEventListener("change", (event) => choose(data, event.target.value));
  form.addEventListener("submit", (event) => event.preventDefault());
  const follow = () => {
    const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (wanted instanceof HTMLInputElement) {
      wanted.checked = true;
      choose(data, wanted.value);
    }
  };
  window.addEventListener("hashchange", follow);
  // A browser may keep a choice when the page is loaded again.
  const kept = form.querySelector("input:checked");
  if (kept.value !== "") choose(data, kept.value);
  follow();
}

for (const table of document.querySelectorAll("table.sortable")) sortable(table);
const numbers = document.getElementById("numbers");
if (numbers) filter(JSON.parse(numbers.textContent));
