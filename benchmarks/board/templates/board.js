"use strict";
// Sorts the tables of a page. Without it the page shows the same numbers: the controls are made here.

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

for (const table of document.querySelectorAll("table.sortable")) sortable(table);
