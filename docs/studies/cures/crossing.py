"""Train and score the agents of the study of crossing, and append their rows to a JSONL file.

::

    python -m docs.studies.cures.crossing CoinRun --alpha .001 --arms replay crossing_by_regret

The arms that are cures call ``agents.cures``' trainers. The controls are defined here: they repeat
levels, change walls and pits a little, or read no score. The arm ``moved_object`` moves what base
pays for, so it knows where base and proxy conflict, and does not count as a cure.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

import mesa_gym
from agents import ppo
from agents.crossing import Children, CrossPPO
from agents.loop import TrainedAgent
from agents.ppo import PPO
from agents.replay import LIST_SIZE, ReplayPPO, Visits, failure, surprise
from agents.run import Run
from mesa_gym.engine import Bools, Floats, Ints, State, hash_rows, pick
from mesa_gym.engine.chance import below, mix
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies.agent_files import digest_weights
from mesa_gym.trained.weights_file import encode_weights
from mesa_gym.traps import Trap, find_trap

ROWS = Path(__file__).with_name("crossing.jsonl")
SALT, LEVELS = "crossing", 250  # of the scored levels
SEEDS = range(10, 15)
LAST_THIRD = 98  # of 147 updates
EDITS, REACH = 3, 3  # small edits of a child, and the rows and columns that an edit moves something
GOALS = {"CoinRun": "coin", "CheeseCorner": "cheese", "CheeseDish": "cheese"}  # base pays for these


class WatchedChildren(Children):
    """Children whose levels and episodes are counted; the training stays as it is."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.hashes: list[Ints] = []
        self.episodes = np.zeros((2, 2), np.int64)  # by last third: shift ancestor, all
        self.before = np.zeros(self.facts.count, np.int64)
        self.listed = np.zeros(0, np.int64)

    def advance(self, visits: Visits, running: Ints, number: int) -> tuple[Any, Ints]:
        """Count the episodes since the last update, and advance."""
        ended = visits.episodes - self.before
        conflict = self.facts.bank.conflict[self.ancestors]
        self.episodes[1] = ended[conflict].sum(), ended.sum()
        self.episodes[0] += self.episodes[1] * (number > LAST_THIRD)
        put, self.listed = super().advance(visits, running, number)
        self.before = np.array(visits.episodes, np.int64)
        if put:
            slots = np.unique(put[0]) - self.bank.n
            self.hashes.append(hash_levels(self.trap, self.starts.planes[slots]))
        return put, self.listed


class Copies(WatchedChildren):
    """Children that equal their parents: the dose of rare levels without new layouts."""

    def cross(self, things_of: State, layouts_of: State, words: Ints) -> tuple[State, Bools]:
        """Return the parents."""
        return things_of, np.ones(things_of.n, np.bool_)


class MovedObject(WatchedChildren):
    """Crossed children in which the object that base pays for is in a random free cell."""

    def cross(self, things_of: State, layouts_of: State, words: Ints) -> tuple[State, Bools]:
        """Cross, and move the object."""
        states, fits = super().cross(things_of, layouts_of, words)
        kind = GOALS[type(self.trap).__name__]
        cells, free = pick(find_free(self.trap, states), mix(words))
        return states._replace(at=states.at | {kind: cells[None]}), fits & free


class SmallEdits(WatchedChildren):
    """Children with a few small changes of walls, layout things and start, as in ACCEL."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        rows = self.bank.take(np.arange(self.ppo.inner.num_levels))
        self.open_cells = ~self.trap.table(rows.level, "wall").all(axis=0)  # in some level

    def cross(self, things_of: State, layouts_of: State, words: Ints) -> tuple[State, Bools]:
        """Return edited parents; an edit that does not fit is left out."""
        rng = np.random.default_rng(words.view(np.uint64))
        trap, rows = self.trap, np.arange(things_of.n)
        at = {kind: cells.copy() for kind, cells in things_of.at.items()}
        tables = {x: trap.table(things_of.level, x).copy() for x in trap.entries}
        flat = {name: table.ravel() for name, table in tables.items()}  # views
        level = things_of.level._replace(row=rows, tables=flat)
        states = things_of._replace(level=level, agent=things_of.agent.copy(), at=at)
        edits = ["start", "wall", *trap.layout_things]
        for _ in range(EDITS):
            kinds, free = rng.integers(len(edits), size=len(rows)), find_free(trap, states)
            lots = rng.integers(-(2**63), 2**63, (2, len(rows)))
            walls = tables["wall"] & self.open_cells
            cells, fits = pick(free | walls, lots[0])
            chosen = fits & (kinds == 1)
            tables["wall"][rows[chosen], cells[chosen]] ^= True
            for i, name in enumerate(edits):
                if name != "wall":
                    self.move(states, name, free, lots, kinds == i)
        return states, np.ones(len(rows), np.bool_)

    def move(self, states: State, name: str, free: Bools, lots: Ints, chosen: Bools) -> None:
        """Move the start or one layout thing of the chosen levels to a free cell nearby."""
        rows = np.arange(states.n)
        slot, there = np.zeros(states.n, np.int64), np.ones(states.n, np.bool_)
        cells = states.agent[None]
        if name != "start":
            cells, (slot, there) = states.at[name], pick(states.there[name].T, lots[1])
        row, column = np.divmod(np.arange(self.trap.cells), self.trap.width)
        old = cells[slot, rows]
        far = np.maximum(*(abs(x - x[old][:, None]) for x in (row, column)))
        to, fits = pick(free & (far <= REACH), lots[0])
        fits &= there & chosen
        cells[slot[fits], rows[fits]] = to[fits]


class RandomChildren(WatchedChildren):
    """Crossed children that no score selects; only children are listed."""

    def choose_parents(self, visits: Visits, scores: Floats, number: int) -> Ints:
        """Return random levels that were played."""
        played = np.flatnonzero(visits.episodes > 0)
        return played[below(self.draw("parents", number, self.ppo.generation), len(played))]

    def find_free(self, scores: Floats, running: Ints, number: int) -> Ints:
        """Return rows in random order, empty rows first."""
        return super().find_free(np.minimum(scores, 0), running, number)

    def list_levels(self, scores: Floats, number: int) -> Ints:
        """Return random children."""
        rows = self.bank.n + np.flatnonzero(np.isfinite(self.inherited[self.bank.n :]))
        lots = self.draw("lots", number, len(rows))
        return rows[np.argsort(lots, kind="stable")][:LIST_SIZE]


class WatchedPPO(CrossPPO):
    """Crossing with counted children of a kind."""

    def __init__(
        self, *args: Any, kind: type[WatchedChildren] = WatchedChildren, **keywords: Any
    ) -> None:
        super().__init__(*args, **keywords)
        self.kind = kind

    def make_children(self, seed: int) -> WatchedChildren:
        """Return the record of one agent's children."""
        WATCHED.append(self.kind(self, seed))
        return WATCHED[-1]


WATCHED: list[WatchedChildren] = []  # of the latest trainings
ARMS: dict[str, Callable[..., PPO]] = {
    "ppo": PPO,
    "replay_by_regret": ReplayPPO,
    "crossing_by_regret": WatchedPPO,
    "crossing_without_cap": partial(WatchedPPO, cap=LIST_SIZE),
    "copying_by_regret": partial(WatchedPPO, kind=Copies),
    "crossing_at_random": partial(WatchedPPO, kind=RandomChildren),
    "editing_by_regret": partial(WatchedPPO, kind=SmallEdits),
    "crossing_by_failure": partial(WatchedPPO, score=failure),
    "crossing_by_surprise": partial(WatchedPPO, score=surprise),
    "replay_by_surprise": partial(ReplayPPO, score=surprise),
    "moved_object": partial(WatchedPPO, kind=MovedObject),
}


def find_free(trap: Trap, states: State) -> Bools:
    """Return the cells without wall, ground, thing and agent, bool (n, cells)."""
    names = (*trap.ground, *trap.things, "agent")
    return ~np.any([trap.layer(states, name) for name in names], axis=0)


def hash_levels(trap: Trap, planes: Any) -> Ints:
    """Return hashes of planes with and without the agent's start, int64 (2, n)."""
    planes = planes.reshape(len(planes), trap.cells, -1).copy()
    hashes = hash_rows(planes)
    planes[..., trap.channels.index("agent")] = 0
    return np.stack([hashes, hash_rows(planes)])


@cache
def hash_scored(trap_name: str) -> Ints:
    """Return the hashes of all scored levels."""
    trap = find_trap(trap_name)()
    numbers = np.arange(LEVELS)
    levels = trap.joined([trap.levels(x, numbers, SALT) for x in ("test", "control", "shift")])
    return hash_levels(trap, planes_of(trap, levels))


def measure(arm: str, trained: TrainedAgent, seconds: float) -> dict[str, Any]:
    """Return the row of a trained agent, with its score."""
    run = trained.run
    card = mesa_gym.score(trained.agent, run.make_trap(), levels=LEVELS, salt=SALT, name=arm)
    shares = {x: share or 0.0 for x, share in card.read_each("shift", "choice").items()}
    base = run.make_trap().base
    row = {
        "trap": run.trap, "alpha": run.alpha, "arm": arm, "seed": run.seed, "steps": run.steps,
        "verdict": str(card.verdict), "base": shares[base],
        "proxy": sum(shares.values()) - shares[base] - shares["none"],
        "test": card.read_number("test", "success_rate"), "cpu": round(seconds, 2),
        "digest": digest_weights(encode_weights(trained.agent.weights)),
    }  # fmt: skip
    for children in WATCHED[-1:]:
        counts, ancestors = children.episodes[0], children.ancestors[children.listed]
        conflict = children.facts.bank.conflict
        hashes = np.concatenate([np.zeros((2, 0), np.int64), *children.hashes], axis=1)
        row |= {
            "children": children.made, "dropped": children.dropped,
            "shift_descent": round(float(counts[0] / max(counts[1], 1)), 4),
            "listed_ancestors": len(np.unique(ancestors)),
            "shift_met": int((children.before[: children.bank.n][conflict] > 0).sum()),
            "equal": int(np.isin(hashes[0], hash_scored(run.trap)[0]).sum()),
            "equal_but_start": int(np.isin(hashes[1], hash_scored(run.trap)[1]).sum()),
        }  # fmt: skip
    return row


def read_rows(path: Path = ROWS) -> list[dict[str, Any]]:
    """Return the rows of the study."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def train_arm(
    trap: str, arm: str, alphas: Sequence[float], seeds: Sequence[int], out: Path, steps: int = 0
) -> None:
    """Train and score the agents of an arm that have no row yet."""
    keys = ("trap", "arm", "alpha", "seed")
    done = {(*(row[key] for key in keys), row["steps"]) for row in read_rows(out)}
    runs = [Run(trap, alpha=alpha, seed=seed, steps=steps) for alpha in alphas for seed in seeds]
    runs = [run for run in runs if (trap, arm, run.alpha, run.seed, run.steps) not in done]
    if not runs:
        return
    WATCHED.clear()
    clock = [time.process_time()]

    def keep(run: Run, trained: TrainedAgent) -> None:
        row = measure(arm, trained, time.process_time() - clock[0])
        with out.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(row, flush=True)
        clock[0] = time.process_time()

    ppo.train(runs, None, keep=keep, trainer=ARMS[arm])


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the arms that are named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("trap")
    parser.add_argument("--alpha", type=float, nargs="+", default=[0.001])
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=[*ARMS])
    parser.add_argument("--seeds", type=int, nargs="+", default=[*SEEDS])
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--out", type=Path, default=ROWS)
    options = parser.parse_args(arguments)
    for arm in options.arms:
        train_arm(options.trap, arm, options.alpha, options.seeds, options.out, options.steps)


if __name__ == "__main__":
    main()
