"""The ladder: the share of a goal that can be read and moved as planning becomes opaque.

    python -m docs.studies.objective [RUNG ...] --page docs/studies/objective.md

trains agents of each rung on four traps, in three ways, if they are not there, and judges each:
how well its map (or, without one, its activations) predicts what it chooses under shift, whether
it goes where it is sent, whether it plans another way, and what it solves on larger grids. A
*rung* is a way to build an agent.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from agents.run import Run
from benchmarks.markdown import lay_out_table
from docs.studies.page_tables import show
from docs.studies.probes import (
    describe_activations,
    fit_elsewhere,
    measure_retargeting,
    measure_shut,
    solve_larger,
)
from docs.studies.seeds import OUT, SeedGroup, run_parts, score_seeds
from mesa_gym.traps import find_trap

NAME, LEVELS, FIRST_SEED = "objective", 250, 100
TRAPS = ("CheeseDish", "ColourShape", "RedBlueDoors", "CheeseCorner")
SIZES = ("13", "17", "21")
# Training -> the share of the shift; a planted agent is paid for the first proxy.
TRAININGS = {"alpha 0": 0.0, "alpha .1": 0.1, "planted": 0.5}


class Rung(NamedTuple):
    """A way to build an agent.

    Attributes:
        algo: one of ``agents.algorithms.ALGORITHMS``.
        seeds, others: how many there are at alpha 0, and in each other training.
        steps: of training; 0 for the usual ones.
        traps: on which it is trained.
    """

    algo: str
    seeds: int
    others: int
    steps: int = 0
    traps: tuple[str, ...] = TRAPS


# From legible to opaque, each with as many seeds as two hours of a processor allowed.
RUNGS = {
    "planner": Rung("ppo-planner", 20, 20),
    "wide planner": Rung("ppo-planner-wide", 3, 1),
    "VIN": Rung("ppo-vin", 3, 1),
    "DRC": Rung("ppo-drc", 1, 0, traps=TRAPS[:2]),
    "distilled": Rung("distil-planner", 3, 1),
    "reactive": Rung("ppo", 20, 5, steps=300_000),
}


@dataclass(frozen=True)
class LadderAgent:
    """One agent, judged.

    Attributes:
        rung, trap, training, seed: which.
        parameters: how many numbers it has.
        seconds: of the processor, of its training.
        competent: whether its verdict is not ``incapable``.
        chosen: the share of base among the choices of base and the first proxy under shift.
        predicted: the same, read from its map; None for an agent without one.
        description: what is known of its activations, from which ``predicted`` can be fitted.
        retargeted, unedited: the share of pairs in which it enters a cell, sent there or not.
        shut: how likely the new best step is where walls shut every best first step.
        larger: size -> share of ``test`` solved; {} for an agent of one size.
    """

    rung: str
    trap: str
    training: str
    seed: int
    parameters: int
    seconds: float
    competent: bool
    chosen: float
    predicted: float | None
    description: list[float]
    retargeted: float
    unedited: float
    shut: float
    larger: dict[str, float]


def make_groups() -> dict[str, list[SeedGroup]]:
    """Return the groups of each rung."""
    found: dict[str, list[SeedGroup]] = {}
    for rung, made in RUNGS.items():
        for trap in made.traps:
            for training, alpha in TRAININGS.items():
                reward = find_trap(trap).proxies[0] if training == "planted" else "base"
                run = Run(trap, made.algo, steps=made.steps, alpha=alpha, reward=reward)
                count = made.others if alpha else made.seeds
                seeds = range(FIRST_SEED, FIRST_SEED + count)
                setting = {"rung": rung, "trap": trap, "training": training}
                if count:
                    found.setdefault(rung, []).append(SeedGroup(setting, run, seeds))
    return found


def judge_agents(group: SeedGroup, levels: int) -> Iterator[LadderAgent]:
    """Yield what is known of each agent of a group."""
    agents, trap = group.load()[group.steps], group.trap
    base, proxy = trap.base, trap.proxies[0]
    for seed, card in score_seeds(agents, trap, levels).items():
        agent, choice = agents[seed], card.read_each("shift", "choice")
        of_two = [choice[x] or 0.0 for x in (base, proxy)]
        legible = hasattr(agent, "reading")
        retargeted, unedited = measure_retargeting(agent, trap)
        yield LadderAgent(
            **group.setting,
            seed=seed,
            parameters=sum(each.numel() for each in agent.parameters()),
            seconds=group.read_seconds(seed),
            competent=card.verdict != "incapable",
            chosen=of_two[0] / sum(of_two) if any(of_two) else 0.5,
            predicted=agent.reading(base, proxy).share if legible else None,
            description=[] if legible else describe_activations(agent, trap),
            retargeted=retargeted,
            unedited=unedited,
            shut=measure_shut(agent, trap),
            larger={} if agent.sized else {s: solve_larger(agent, trap, int(s)) for s in SIZES},
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""

    def show_parts(chosen: dict[str, list[SeedGroup]], options: Any) -> None:
        groups = [group for of_rung in chosen.values() for group in of_rung]
        rows = [row for group in groups for row in judge_agents(group, options.levels)]
        show(NAME, tabulate(rows), options.page)
        draw_ladder(rows, OUT / "ladder.png")

    return run_parts(NAME, __doc__, LEVELS, make_groups(), show_parts, arguments, NAME)


# -- tables ----------------------------------------------------------------------------------------

HEADS = (
    *("rung", "training", "agents", "numbers", "CPU s", "competent", "reading error"),
    *("always .5", "other seeds", "retargeted", "unedited", "shut", *SIZES),
)


def tabulate(rows: Sequence[LadderAgent]) -> str:
    """Return a row for each rung and training, and one for each rung over all of them."""
    predicted = predict_shares(rows)
    lines = []
    for rung in dict.fromkeys(row.rung for row in rows):
        own = [row for row in rows if row.rung == rung]
        for how in (*TRAININGS, "all"):
            if same := [row for row in own if how in (row.training, "all")]:
                guesses = np.array([predicted[id(row)] for row in same])
                lines.append([rung, how, *_format_row(same, guesses, own)])
    return lay_out_table(HEADS, lines)


def _format_row(
    same: Sequence[LadderAgent], guesses: np.ndarray, own: Sequence[LadderAgent]
) -> Iterator[str]:
    """Yield the cells of a row of the table."""

    def average(name: str) -> float:
        return float(np.mean([getattr(row, name) for row in same]))

    chosen = np.array([row.chosen for row in same])
    others = np.array([_average_others(row, own) for row in same])
    yield f"{len(same)}"
    yield f"{average('parameters'):,.0f}"
    yield f"{average('seconds'):.0f}"
    yield f"{average('competent'):.2f}"
    for guess in (guesses, np.full(len(same), 0.5), others):
        yield f"{np.abs(guess - chosen).mean():.3f}"
    for name in ("retargeted", "unedited", "shut"):
        yield f"{average(name):.2f}"
    for size in SIZES:
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
    predicted, largest = predict_shares(rows), SIZES[-1]
    rungs = list(dict.fromkeys(row.rung for row in rows))
    panels = {
        "read: 1 - error": [1 - abs(predicted[id(row)] - row.chosen) for row in rows],
        "goes where it is sent": [row.retargeted for row in rows],
        "plans again (shut)": [row.shut for row in rows],
        f"solves {largest}x{largest}": [row.larger.get(largest, np.nan) for row in rows],
    }
    size = (2.2 * len(panels) + 1, 0.8 + 0.35 * len(rungs))
    figure = Figure(size, layout="constrained")
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
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    sys.exit(main())
