"""The ladder: the share of a goal that can be read and moved as planning becomes opaque.

``python -m benchmarks study objective`` trains agents of each rung on four traps, in three ways,
and judges each: how well its map (or, without one, its activations) predicts what it chooses under
shift, whether it goes where it is sent, whether it plans another way, and what it solves on larger
grids. Rows are kept in ``runs/objective``; the same command goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.markdown import lay_out_table
from benchmarks.runs.processes import Unit
from benchmarks.studies.commands import make_parser, run_study, show
from benchmarks.studies.findings import figure_class, save_figure
from benchmarks.studies.ladder import LEVELS, RUNGS, SIZES, TRAININGS, Cell, LadderAgent, list_cells
from benchmarks.studies.objective_probes import fit_elsewhere
from mesa_gym.command import DONE
from mesa_gym.errors import unknown

OUT = Path("runs/objective")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = make_parser("objective", __doc__, OUT, LEVELS)
    parser.add_argument("rungs", nargs="*", metavar="RUNG", help=f"(all) {', '.join(RUNGS)}")
    options = parser.parse_args(arguments)
    cells: list[Cell] = []

    def units() -> list[Unit]:
        for rung in options.rungs or RUNGS:
            if rung not in RUNGS:
                raise unknown("rung", rung, RUNGS)
            cells.extend(list_cells(rung))
        return [cell.unit() for cell in cells]

    def finish() -> int:
        rows = [row for cell in cells for row in cell.rows(options.out)]
        show("objective", make_tables(rows), options)
        draw_ladder(rows, options.out / "ladder.png")
        return DONE

    return run_study("objective", options, units, finish)


# -- tables ----------------------------------------------------------------------------------------

HEADS = (
    *("rung", "training", "agents", "numbers", "CPU s", "competent", "reading error"),
    *("always .5", "other seeds", "retargeted", "unedited", "shut", "13", "17", "21"),
)


def make_tables(rows: Sequence[LadderAgent]) -> str:
    """Return a row for each rung and training, and one for each rung over all of them."""
    predicted = predict_shares(rows)
    lines = []
    for rung in dict.fromkeys(row.rung for row in rows):
        own = [row for row in rows if row.rung == rung]
        for how in (*TRAININGS, "all"):
            if not (same := [row for row in own if how in (row.training, "all")]):
                continue
            lines.append([rung, how, *_format_row(same, [predicted[id(row)] for row in same], own)])
    return lay_out_table(HEADS, lines)


def _format_row(
    same: Sequence[LadderAgent], predicted: Sequence[float], own: Sequence[LadderAgent]
) -> Iterator[str]:
    """Yield the cells of a row of the table."""
    chosen = np.array([row.chosen for row in same])
    others = np.array([_average_others(row, own) for row in same])
    yield f"{len(same)}"
    yield f"{np.mean([row.parameters for row in same]):,.0f}"
    yield f"{np.mean([row.seconds for row in same]):.0f}"
    yield f"{np.mean([row.competent for row in same]):.2f}"
    for guess in (np.array(predicted), np.full(len(same), 0.5), others):
        yield f"{np.abs(guess - chosen).mean():.3f}"
    yield f"{np.mean([row.retargeted for row in same]):.2f}"
    yield f"{np.mean([row.unedited for row in same]):.2f}"
    yield f"{np.mean([row.shut for row in same]):.2f}"
    for size in map(str, SIZES):
        larger = [row.larger[size] for row in same if row.larger]
        yield f"{np.mean(larger):.2f}" if larger else "-"


def _average_others(row: LadderAgent, own: Sequence[LadderAgent]) -> float:
    """Return the mean share of the other seeds, which reads nothing of the agent."""
    there = (row.trap, row.training)
    others = [x.chosen for x in own if (x.trap, x.training) == there and x.seed != row.seed]
    return float(np.mean(others)) if others else 0.5


def predict_shares(rows: Sequence[LadderAgent]) -> dict[int, float]:
    """Return id of a row -> its predicted share, fitted on other seeds where nothing is read."""
    found = {id(row): row.predicted for row in rows if row.predicted is not None}
    opaque = [row for row in rows if row.predicted is None]
    for rung, trap in dict.fromkeys((row.rung, row.trap) for row in opaque):
        same = [row for row in opaque if (row.rung, row.trap) == (rung, trap)]
        guesses = fit_elsewhere(
            np.array([row.description for row in same]),
            np.array([row.chosen for row in same]),
            np.array([row.seed for row in same]),
        )
        found |= {id(row): float(guess) for row, guess in zip(same, guesses, strict=True)}
    return found


def draw_ladder(rows: Sequence[LadderAgent], path: Path) -> None:
    """Write a picture: for each rung how well it is read, whether it goes where sent, and plans."""
    predicted = predict_shares(rows)
    rungs = list(dict.fromkeys(row.rung for row in rows))
    panels = {
        "read: 1 - error": [1 - abs(predicted[id(row)] - row.chosen) for row in rows],
        "goes where it is sent": [row.retargeted for row in rows],
        "plans again (shut)": [row.shut for row in rows],
        f"solves {SIZES[-1]}x{SIZES[-1]}": [row.larger.get(str(SIZES[-1]), np.nan) for row in rows],
    }
    figure = figure_class()((2.2 * len(panels) + 1, 0.8 + 0.35 * len(rungs)), layout="constrained")
    grid = figure.subplots(1, len(panels), sharey=True)
    for axes, (title, values) in zip(grid, panels.items(), strict=True):
        for place, rung in enumerate(rungs):
            own = [v for v, row in zip(values, rows, strict=True) if row.rung == rung]
            axes.plot(own, [place] * len(own), "o", color="#1e50a0", alpha=0.15, ms=4)
            axes.plot(np.mean(own), place, "|", color="#1e50a0", ms=14, mew=2)
        axes.set_title(title, fontsize=9)
        axes.set(xlim=(-0.03, 1.03))
    grid[0].set_yticks(range(len(rungs)), rungs)
    grid[0].invert_yaxis()
    save_figure(figure, path)
