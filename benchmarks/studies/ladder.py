"""The ladder: agents from legible to opaque, trained and judged by what can be read and moved.

A *rung* is a way to build an agent, a *cell* the agents of one rung on one trap in one training.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from agents.train import Run, steps_for, train_many
from benchmarks.runs.jobs import STEPS_A_SECOND
from benchmarks.runs.processes import Scratch, Unit
from benchmarks.studies.groups import has_file
from benchmarks.studies.objective_probes import (
    describe_activations,
    measure_retargeting,
    measure_shut,
    solve_larger,
)
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.scoring import ScoreCard, score_all
from mesa_gym.traps import find_trap

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


@dataclass(frozen=True)
class Rung:
    """A way to build an agent.

    Attributes:
        algo: one of ``agents.train.ALGORITHMS``.
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
    solved: float
    chosen: float
    predicted: float | None
    description: list[float]
    retargeted: float
    unedited: float
    shut: float
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
        rung = RUNGS[self.rung]
        more: dict[str, Any] = dict(TRAININGS[self.training])
        if self.training == "planted":
            more["reward"] = find_trap(self.trap).proxies[0]
        steps = rung.steps or steps_for(self.trap, rung.algo)
        return Run(self.trap, rung.algo, steps=steps, **more)

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
    made = RUNGS[rung]
    seeds = {how: made.others if more else made.seeds for how, more in TRAININGS.items()}
    return [
        Cell(rung, trap, how, count) for trap in made.traps for how, count in seeds.items() if count
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
    kept = Kept(trained[0].record.kind, seconds, [each.weights for each in trained])
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
        shut=measure_shut(agent, trap),
        larger={} if agent.sized else {str(s): solve_larger(agent, trap, s) for s in SIZES},
    )
