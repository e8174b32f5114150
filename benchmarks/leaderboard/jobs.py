"""The units of every sweep: an agent, trained and scored, and a trap's reference policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import structs

from agents.train import ALGORITHMS, Run, train
from benchmarks.leaderboard.budgets import Budget
from benchmarks.leaderboard.processes import Scratch, Unit
from benchmarks.leaderboard.results import (
    Results,
    Training,
    card_path,
    otherwise,
    scored_on,
    training_path,
)
from mesa_gym.policies import load_policy, read_policy_file, references
from mesa_gym.scoring import score_all
from mesa_gym.traps import Split, Trap, find_trap

# What a core does, roughly: for the order of the work and for the bar.
STEPS_A_SECOND = 25_000
# A trap's levels are solved once, and what they are worth is kept.
LEVELS_A_SECOND, SOLVED_LEVELS_A_SECOND = 150, 1_500
# Of an agent's settings, those that its training record knows.
RECORDED = ("steps", "alpha", "num_levels")


@dataclass(frozen=True)
class Trainee:
    """An agent that is trained, unless it is there, and scored.

    Attributes:
        name: on its score card; ends in its seed, ``-s3``.
        trap: what it is trained and scored on.
        agent: its directory, relative to the results.
        facts: what ``policy.json`` must say of its training.
        teach: trains it into a free folder, and tells each number of steps taken.
        levels: of each split, for scoring.
        parts: policy -> its place in the agent's directory: all that is scored.
    """

    name: str
    trap: Trap
    agent: Path
    facts: Mapping[str, Any]
    teach: Callable[[Path, Callable[[int], None]], object]
    levels: int
    parts: Mapping[str, Path]

    def unit(self, name: str) -> Unit:
        """Return what is to be done, under a name."""
        return Unit(name, self.done, self.work, sum(self._seconds()))

    def _seconds(self) -> tuple[float, float]:
        """Return the seconds of training and of scoring."""
        scoring = self.levels * len(Split) * len(self.parts) / SOLVED_LEVELS_A_SECOND
        return self.facts["steps"] / STEPS_A_SECOND, scoring

    def done(self, results: Results) -> bool:
        """Return whether all is there that scoring makes; weights may be anywhere else.

        The training record is kept last: it says of which weights the rest is.

        Raises:
            ValueError: the agent, or its record, is of another training.
        """
        name, provenance = self.trap.name(), scored_on(self.trap, self.levels)
        weights = results.agent(self.agent, self.facts, self.parts.values())
        training = results.training(name, self.name)
        if training is not None:
            wanted = {fact: self.facts[fact] for fact in RECORDED}
            said = structs.asdict(training)
            otherwise(results.folder / training_path(name, self.name), said, wanted)
        whole = [results.has_card(provenance, name, policy) for policy in self.parts]
        return all(whole) and training is not None and weights in (None, training.weights)

    def work(self, scratch: Scratch) -> None:
        """Train, score, and keep each part once it is whole."""
        name, folder = self.trap.name(), scratch.results.folder / self.agent
        training, scoring = (part / sum(self._seconds()) for part in self._seconds())
        if not folder.exists():
            told = counted(self.facts["steps"], lambda share: scratch.progress(share * training))
            self.teach(scratch.folder / self.agent, told)
            scratch.keep(self.agent)
        makers = {
            policy: partial(load_policy, str(folder / part), self.trap)
            for policy, part in self.parts.items()
        }
        told = counted(
            self.levels * len(Split), lambda share: scratch.progress(training + share * scoring)
        )
        made = []
        for policy, card in score_all(makers, self.trap, self.levels, progress=told).items():
            made.append(card_path(name, policy))
            card.save(scratch.folder / made[-1])
        made.append(training_path(name, self.name))
        training_of(folder, name, self.name).save(scratch.folder / made[-1])
        for path in made:
            scratch.keep(path)


def run_facts(run: Run) -> dict[str, Any]:
    """Return what ``policy.json`` says of a run, apart from the number of checkpoints."""
    facts = asdict(run) | {"trap": find_trap(run.trap).name(), "reward": run.settings().reward}
    del facts["checkpoints"]
    return facts


def train_run(run: Run, folder: Path, told: Callable[[int], None]) -> None:
    """Train an agent, as ``Trainee.teach`` does."""
    train(run, folder, told)


def training_of(folder: Path, trap: str, name: str) -> Training:
    """Return what is kept of the training of the agent in a folder.

    Args:
        folder: its directory.
        trap: name with version.
        name: the agent's, with its seed.
    """
    entries = read_policy_file(folder)
    agent, _, seed = name.rpartition("-s")
    about = (import_module(ALGORITHMS[entries["algo"]]).__doc__ or "").partition("\n")[0]
    known = {fact: entries[fact] for fact in (*RECORDED, "command")}
    told = {fact: entries[fact] for fact in ("versions", "curve") if fact in entries}
    return Training(
        trap=trap,
        agent=agent,
        seed=int(seed),
        about=about,
        network=entries["kind"],
        weights=entries["weights_digest"],
        **known,
        **told,
    )


# -- reference policies ----------------------------------------------------------------------------


@dataclass(frozen=True)
class References:
    """A trap's reference policies, which are scored together: they share what solving costs.

    Attributes:
        trap: the trap.
        levels: of each split, for scoring.
    """

    trap: Trap
    levels: int

    def unit(self) -> Unit:
        """Return what is to be done."""
        seconds = self.levels * len(Split) / LEVELS_A_SECOND
        return Unit(f"{self.trap.name()}-references", self.done, self.work, seconds)

    def done(self, results: Results) -> bool:
        """Return whether there is a card of each."""
        return not self._missing(results)

    def _missing(self, results: Results) -> list[str]:
        name, provenance = self.trap.name(), scored_on(self.trap, self.levels)
        return [
            policy
            for policy in references(type(self.trap))
            if not results.has_card(provenance, name, policy)
        ]

    def work(self, scratch: Scratch) -> None:
        """Score those that have none."""
        missing = self._missing(scratch.results)
        told = counted(self.levels * len(Split), scratch.progress)
        for path in score_references(self.trap, missing, self.levels, scratch.folder, told):
            scratch.keep(path)


def score_references(
    trap: Trap,
    policies: Iterable[str],
    levels: int,
    folder: Path,
    progress: Callable[[int], None],
    salt: str = "",
) -> list[Path]:
    """Score reference policies and save their cards.

    Args:
        trap: what they are scored on.
        policies: their names.
        levels: of each split.
        folder: the results' folder.
        progress: called with the number of levels scored since the last call.
        salt: an evaluator's secret.

    Returns:
        Each card's place in the folder.
    """
    makers = {policy: partial(load_policy, policy, trap) for policy in policies}
    cards = score_all(makers, trap, levels, salt=salt, progress=progress)
    for policy, card in cards.items():
        card.save(folder / card_path(trap.name(), policy))
    return [card_path(trap.name(), policy) for policy in cards]


# -- the board -------------------------------------------------------------------------------------


def agent_path(run: Run) -> Path:
    """Return the path of an agent's directory, relative to the results."""
    return Path("agents", find_trap(run.trap).name(), run.name)


def board_units(budget: Budget) -> list[Unit]:
    """Return all units of a board, the longest first.

    Reference policies come before agents, which are scored faster once their levels are solved.

    Raises:
        ValueError: a name is unknown, or a number out of range.
    """
    agents = [board_unit(run, budget.levels) for run in budget.runs()]
    references = [References(cls(), budget.levels).unit() for cls in budget.traps()]
    return [*references, *sorted(agents, key=lambda unit: -unit.seconds)]


def board_unit(run: Run, levels: int) -> Unit:
    """Return the unit of an agent of a board."""
    trap, name = find_trap(run.trap)(), run.name
    trainee = Trainee(
        name,
        trap,
        agent_path(run),
        run_facts(run),
        partial(train_run, run),
        levels,
        parts={name: Path()},
    )
    return trainee.unit(f"{trap.name()}-{name}")


def counted(total: int, progress: Callable[[float], None]) -> Callable[[int], None]:
    """Return a function that turns numbers of things done into whole percents of all."""
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        before, done = done, done + count
        if 100 * before // total != 100 * done // total:
            progress(min(1.0, done / total))

    return advance
