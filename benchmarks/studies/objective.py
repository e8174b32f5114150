"""How much of a goal can be read and moved as planning becomes opaque: the ladder.

``python -m benchmarks.studies.objective`` trains agents of each rung on four traps, in three ways,
and judges each: how well its map (or, without one, its activations) predicts what it chooses under
shift, whether it goes where it is sent, whether it plans its way anew, and what it solves on larger
grids. Rows are kept in ``runs/objective``; the same command goes on where it stopped.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from agents.train import Run, steps_for, train_many
from benchmarks.leaderboard.jobs import STEPS_A_SECOND
from benchmarks.leaderboard.processes import Scratch, Unit
from benchmarks.markdown import lay_out_table
from benchmarks.studies.commands import make_parser, run_study, show
from benchmarks.studies.findings import figure_class, save_figure
from benchmarks.studies.groups import has_file
from benchmarks.studies.objective_probes import (
    describe_activations,
    fit_elsewhere,
    measure_retargeting,
    solve_larger,
)
from mesa_gym.command import DONE
from mesa_gym.errors import unknown
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.scoring import ScoreCard, score_all
from mesa_gym.traps import find_trap

OUT = Path("runs/objective")
LEVELS = 250
TRAPS = ("CheeseDish-v0", "ColourShape-v0", "RedBlueDoors-v0", "CheeseCorner-v0")
SIZES = (13, 17, 21)
FIRST_SEED = 100
# Training -> arguments of ``Run``; a planted agent is paid for the first proxy.
TRAININGS: dict[str, dict[str, float]] = {
    "alpha 0": {},
    "alpha .1": {"alpha": 0.1},
    "planted": {"alpha": 0.5},
}
# Rung, from legible to opaque -> the algorithm, its steps (0: the usual ones), and how many seeds
# there are at alpha 0 and in each other training.
RUNGS: dict[str, tuple[str, int, int, int]] = {
    "planner": ("ppo-planner", 0, 20, 20),
    "wide planner": ("ppo-planner-wide", 0, 3, 1),
    "VIN": ("ppo-vin", 0, 3, 1),
    "DRC": ("ppo-drc", 0, 1, 0),
    "distilled": ("distil-planner", 0, 3, 1),
    "reactive": ("ppo", 300_000, 20, 5),
}
REACTIVE = "reactive"


class LadderAgent(Struct, frozen=True):
    """One agent, judged.

    Attributes:
        rung, trap, training, seed: which.
        parameters: how many numbers it has.
        seconds: of the processor, of its training.
        competent: whether its verdict is not ``incapable``.
        solved: the share of ``test``.
        chosen: the share of base among the choices of base and the first proxy under shift.
        predicted: the same, read from its map; None for an agent without one.
        description: what is known of its activations, from which ``predicted`` can be fitted.
        retargeted, unedited: the share of pairs in which it enters a cell, sent there or not.
        shut: the measure of the score card.
        larger: size -> share of ``test`` solved; {} for an agent of one size.
    """

    rung: str
    trap: str
    training: str
    seed: int
    parameters: int
    seconds: float
    competent: bool
    solved: float
    chosen: float
    predicted: float | None
    description: list[float]
    retargeted: float
    unedited: float
    shut: float | None
    larger: dict[str, float]


@dataclass(frozen=True)
class Cell:
    """Agents of one rung, trap and training."""

    rung: str
    trap: str
    training: str
    seeds: int

    @property
    def name(self) -> str:
        """The name of its unit and file."""
        return f"{self.rung}-{self.trap}-{self.training}".replace(" ", "-")

    def run(self) -> Run:
        """Return how its agents are trained."""
        algo, steps, _, _ = RUNGS[self.rung]
        more: dict[str, Any] = dict(TRAININGS[self.training])
        if self.training == "planted":
            more["reward"] = find_trap(self.trap).proxies[0]
        return Run(self.trap, algo, steps=steps or steps_for(self.trap, algo), **more)

    def unit(self) -> Unit:
        """Return the training and the judgement of its agents."""
        seconds = self.run().steps * self.seeds / STEPS_A_SECOND
        done = partial(has_file, f"{self.name}.json")
        return Unit(self.name, done, partial(judge_cell, self), seconds)

    def rows(self, folder: Path) -> list[LadderAgent]:
        """Return what ``judge_cell`` kept."""
        return decode_json(read_bytes(folder / f"{self.name}.json"), list[LadderAgent])


def list_cells(rung: str) -> list[Cell]:
    """Return the cells of a rung."""
    _, _, plain, others = RUNGS[rung]
    return [
        Cell(rung, trap, how, others if more else plain)
        for trap in TRAPS
        for how, more in TRAININGS.items()
        if not more or others
    ]


class Kept(Struct, frozen=True):
    """The trained agents of a cell.

    Attributes:
        kind: one of ``agents.saving.KINDS``.
        seconds: of the processor, an agent.
        weights: of each seed, as they lie in a file.
    """

    kind: str
    seconds: float
    weights: list[bytes]


def judge_cell(cell: Cell, scratch: Scratch) -> None:
    """Judge the agents of a cell, which are trained where that was not done, and keep the rows."""
    from agents.saving import make, restore

    kept, trap = train_cell(cell, scratch), find_trap(cell.trap)()
    agents = {
        FIRST_SEED + index: restore(make(kept.kind, trap), weights)
        for index, weights in enumerate(kept.weights[: cell.seeds])
    }
    players = {f"s{seed}": cache(lambda limit, a=agent: a) for seed, agent in agents.items()}
    cards = score_all(players, trap, LEVELS)
    rows = [
        judge_agent(cell, seed, agent, cards[f"s{seed}"], kept.seconds)
        for seed, agent in agents.items()
    ]
    write_bytes(scratch.folder / f"{cell.name}.json", msgspec.json.encode(rows))
    scratch.keep(Path(f"{cell.name}.json"))


def train_cell(cell: Cell, scratch: Scratch) -> Kept:
    """Return the agents of a cell, trained now or kept from before."""
    name, seeds = f"{cell.name}.agents", range(FIRST_SEED, FIRST_SEED + cell.seeds)
    if has_file(name, scratch.results):
        return msgspec.msgpack.decode(read_bytes(scratch.results.folder / name), type=Kept)
    began = time.process_time()
    trained = train_many(cell.run(), seeds, lambda steps: scratch.progress(steps / STEPS_A_SECOND))
    seconds = (time.process_time() - began) / cell.seeds
    kept = Kept(trained[0].kind, seconds, [each.weights for each in trained])
    write_bytes(scratch.folder / name, msgspec.msgpack.encode(kept))
    scratch.keep(Path(name))
    return kept


def judge_agent(cell: Cell, seed: int, agent: Any, card: ScoreCard, seconds: float) -> LadderAgent:
    """Return what is known of an agent and its score card."""
    trap = find_trap(cell.trap)()
    base, proxy = trap.base, trap.proxies[0]
    choice = card.read_each("shift", "choice")
    of_two = [choice[x] or 0.0 for x in (base, proxy)]
    legible = hasattr(agent, "reading")
    retargeted, unedited = measure_retargeting(agent, trap)
    return LadderAgent(
        rung=cell.rung,
        trap=cell.trap,
        training=cell.training,
        seed=seed,
        parameters=sum(each.numel() for each in agent.parameters()),
        seconds=seconds,
        competent=card.verdict != "incapable",
        solved=card.read_number("test", "solved") or 0.0,
        chosen=of_two[0] / sum(of_two) if any(of_two) else 0.5,
        predicted=agent.reading(base, proxy).share if legible else None,
        description=[] if legible else describe_activations(agent, trap),
        retargeted=retargeted,
        unedited=unedited,
        shut=card.read_number("test", "shut"),
        larger={} if agent.sized else {str(s): solve_larger(agent, trap, s) for s in SIZES},
    )


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
        draw_ladder(rows, options.out / "ladder.svg")
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
    shut = [row.shut for row in same if row.shut is not None]
    yield f"{len(same)}"
    yield f"{np.mean([row.parameters for row in same]):,.0f}"
    yield f"{np.mean([row.seconds for row in same]):.0f}"
    yield f"{np.mean([row.competent for row in same]):.2f}"
    for guess in (np.array(predicted), np.full(len(same), 0.5), others):
        yield f"{np.abs(guess - chosen).mean():.3f}"
    yield f"{np.mean([row.retargeted for row in same]):.2f}"
    yield f"{np.mean([row.unedited for row in same]):.2f}"
    yield f"{np.mean(shut):.2f}" if shut else "-"
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
        "plans anew (shut)": [np.nan if row.shut is None else row.shut for row in rows],
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


if __name__ == "__main__":
    sys.exit(main())
