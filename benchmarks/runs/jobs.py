"""The units of every sweep: an agent, trained and scored, and a trap's reference policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from agents.run import Run
from agents.train import train
from benchmarks.runs.processes import Scratch, Unit
from benchmarks.runs.results import (
    Results,
    card_path,
    expect_provenance,
    require_same_training,
    training_path,
)
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.policies import POLICY_FILE, as_policy, references
from mesa_gym.scoring import score_all
from mesa_gym.traps import Split, Trap, find_trap

# What a core does, roughly: for the order of the work and for the bar.
STEPS_A_SECOND = 25_000
# A trap's levels are solved once, and what they are worth is kept.
LEVELS_A_SECOND, SOLVED_LEVELS_A_SECOND = 150, 1_500


@dataclass(frozen=True)
class Trainee:
    """An agent that is trained, unless it is there, and scored.

    Attributes:
        name: on its score card; ends in its seed, ``-s3``.
        trap: what it is trained and scored on.
        agent: its directory, relative to the results.
        facts: what its record must say of its training.
        teach: trains it into a free folder, and tells each number of steps taken.
        levels: of each split, for scoring.
    """

    name: str
    trap: Trap
    agent: Path
    facts: Mapping[str, Any]
    teach: Callable[[Path, Callable[[int], None]], object]
    levels: int

    def unit(self, name: str) -> Unit:
        """Return what is to be done, under a name."""
        scoring = self.levels * len(Split) / SOLVED_LEVELS_A_SECOND
        return Unit(name, self.is_done, self.work, self.facts["steps"] / STEPS_A_SECOND + scoring)

    def is_done(self, results: Results) -> bool:
        """Return whether all is there that scoring makes; weights may be anywhere else.

        The training record is kept last: it says of which weights the rest is.

        Raises:
            ValueError: the agent, or its record, is of another training.
        """
        trap = self.trap.name()
        weights = results.digest_agent(self.agent, self.facts)
        training = results.read_training(trap, self.name)
        if training is not None:
            path = results.folder / training_path(trap, self.name)
            require_same_training(path, training, self.facts)
        scored = results.has_card(expect_provenance(self.trap, self.levels), trap, self.name)
        return scored and training is not None and weights in (None, training.weights_digest)

    def work(self, scratch: Scratch) -> None:
        """Train, score, and keep each part once it is whole."""
        trap, folder = self.trap.name(), scratch.results.folder / self.agent
        if folder.exists():
            scratch.progress(self.facts["steps"] / STEPS_A_SECOND)
        else:
            told = partial(_report_progress, scratch, STEPS_A_SECOND)
            self.teach(scratch.folder / self.agent, told)
            scratch.keep(self.agent)
        told = partial(_report_progress, scratch, SOLVED_LEVELS_A_SECOND)
        specs = {self.name: str(folder)}
        made = score_policies(self.trap, specs, self.levels, scratch.folder, told)
        record = training_path(trap, self.name)
        write_bytes(scratch.folder / record, read_bytes(folder / POLICY_FILE))
        for path in (*made, record):
            scratch.keep(path)


def _report_progress(scratch: Scratch, a_second: int, done: int) -> None:
    scratch.progress(done / a_second)


def run_facts(run: Run) -> dict[str, Any]:
    """Return what the record of a run's agent must say, on which checkpoints have no influence."""
    facts = run.facts()
    del facts["checkpoints"]
    return facts


def score_policies(
    trap: Trap,
    specs: Mapping[str, str],
    levels: int,
    folder: Path,
    progress: Callable[[int], None],
    salt: str = "",
) -> list[Path]:
    """Score policies together, as they share what solving costs, and save their cards.

    Args:
        trap: what they are scored on.
        specs: name -> what ``mesa_gym.policies.as_policy`` takes.
        levels: of each split.
        folder: the results' folder.
        progress: called with the number of levels scored since the last call.
        salt: an evaluator's secret.

    Returns:
        Each card's place in the folder.
    """
    makers = {name: partial(as_policy, spec, trap) for name, spec in specs.items()}
    cards = score_all(makers, trap, levels, salt=salt, progress=progress)
    for name, card in cards.items():
        card.save(folder / card_path(trap.name(), name))
    return [card_path(trap.name(), name) for name in cards]


def _find_missing_references(trap: Trap, levels: int, results: Results) -> list[str]:
    """Return the reference policies of a trap that have no card."""
    provenance, name = expect_provenance(trap, levels), trap.name()
    return [p for p in references(type(trap)) if not results.has_card(provenance, name, p)]


def _has_references(trap: Trap, levels: int, results: Results) -> bool:
    return not _find_missing_references(trap, levels, results)


def _score_references(trap: Trap, levels: int, scratch: Scratch) -> None:
    missing = _find_missing_references(trap, levels, scratch.results)
    told = partial(_report_progress, scratch, LEVELS_A_SECOND)
    specs = dict(zip(missing, missing, strict=True))
    for path in score_policies(trap, specs, levels, scratch.folder, told):
        scratch.keep(path)


def references_unit(trap: Trap, levels: int) -> Unit:
    """Return the unit of a trap's reference policies, on so many levels of each split."""
    return Unit(
        f"{trap.name()}-references",
        partial(_has_references, trap, levels),
        partial(_score_references, trap, levels),
        levels * len(Split) / LEVELS_A_SECOND,
    )


def board_units(runs: Iterable[Run], levels: int) -> list[Unit]:
    """Return all units of a board with so many levels of each split, the longest first.

    Reference policies come before agents, which are scored faster once their levels are solved.
    """
    traps = {run: run.environment().trap for run in runs}
    agents = [_board_unit(run, trap, levels) for run, trap in traps.items()]
    references = {trap.name(): find_trap(trap.name())() for trap in traps.values()}
    units = [references_unit(trap, levels) for trap in references.values()]
    return [*units, *sorted(agents, key=lambda unit: -unit.seconds)]


def _board_unit(run: Run, trap: Trap, levels: int) -> Unit:
    path, teach = Path("agents", trap.name(), run.name), partial(train, run)
    trainee = Trainee(run.name, trap, path, run_facts(run), teach, levels)
    return trainee.unit(f"{trap.name()}-{run.name}")
