"""The units of every sweep: agents, trained and scored, and a trap's reference policies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from agents.run import Run
from agents.train import train_many
from benchmarks.runs.processes import Scratch, Unit
from benchmarks.runs.results import (
    Results,
    card_path,
    expect_provenance,
    require_same_training,
    training_path,
)
from mesa_gym.errors import PolicyError
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.policies import POLICY_FILE, as_policy, references
from mesa_gym.scoring import score_all
from mesa_gym.traps import Split, Trap, find_trap

# Seeds that are trained in one process, a quarter cheaper than apart, where an algorithm can.
BATCH = 5
# What a core does, roughly, for the order of the work and for the bar: steps of PPO, and levels
# that are solved, or played by a batch.
STEPS_A_SECOND, LEVELS_A_SECOND = 25_000, 150

Failures = dict[str, PolicyError]


@dataclass(frozen=True)
class PolicyBatch:
    """Policies that are scored together; what is missing of the agents is trained together first.

    Attributes:
        name: of the unit.
        trap: on which they are scored.
        policies: name -> the training of an agent, in which they differ by the seed alone; None
            for a reference policy.
        levels: of each split.
    """

    name: str
    trap: Trap
    policies: Mapping[str, Run | None]
    levels: int

    def unit(self) -> Unit:
        """Return what is to be done."""
        seconds = self.levels * len(Split) / LEVELS_A_SECOND
        seconds += sum(run.seconds for run in self.policies.values() if run)
        return Unit(self.name, self.is_done, self.work, seconds)

    def is_done(self, results: Results) -> bool:
        """Return whether all is there that scoring makes; weights may be anywhere else.

        Raises:
            ValueError: an agent, or its record, is of another training.
        """
        return all(self._is_scored(name, results) for name in self.policies)

    def work(self, scratch: Scratch) -> None:
        """Train and score what is missing, and keep each part once it is whole.

        Raises:
            PolicyError: a policy failed; the others are scored and kept.
        """
        missing = [name for name in self.policies if not self._is_scored(name, scratch.results)]
        self._train(missing, scratch)
        agents = {name: scratch.results.folder / self._place(name) for name in missing}
        specs = {n: str(place) if self.policies[n] else n for n, place in agents.items()}
        told, failed = partial(scratch.progress, a_second=LEVELS_A_SECOND), Failures()
        cards = score_policies(self.trap, specs, self.levels, scratch.folder, told, failed=failed)
        for name, card in cards.items():
            scratch.keep(card)
            if self.policies[name]:
                record = training_path(self.trap.name(), name)
                write_bytes(scratch.folder / record, read_bytes(agents[name] / POLICY_FILE))
                scratch.keep(record)
        if failed:
            first, *others = failed.values()
            for error in others:
                first.add_note(str(error))
            raise first

    def _train(self, missing: Sequence[str], scratch: Scratch) -> None:
        """Train the agents among the missing that are not there, and keep them."""
        every = [run for run in self.policies.values() if run]
        if not every:
            return
        pace = sum(run.steps for run in every) / sum(run.seconds for run in every)
        folder, told = scratch.results.folder, partial(scratch.progress, a_second=pace)
        absent = [name for name in missing if not (folder / self._place(name)).exists()]
        runs = [run for name in absent if (run := self.policies[name])]
        told(sum(run.steps for run in self.policies.values() if run and run not in runs))
        if runs:
            from agents.saving import save  # imports torch, which takes seconds

            agents = train_many(runs[0], [run.seed for run in runs], told)
            for run, agent in zip(runs, agents, strict=True):
                save(scratch.folder / self._place(run.name), agent)
                scratch.keep(self._place(run.name))

    def _is_scored(self, name: str, results: Results) -> bool:
        """Return whether the card of a policy is there, and of an agent also its record.

        The record is kept last: it says of which weights the rest is.
        """
        run, trap = self.policies[name], self.trap.name()
        scored = results.has_card(expect_provenance(self.trap, self.levels), trap, name)
        if run is None:
            return scored
        facts = run.facts()
        del facts["checkpoints"]  # which have no influence
        weights = results.digest_agent(self._place(name), facts)
        record = results.read_training(trap, name)
        if record is None:
            return False
        require_same_training(results.folder / training_path(trap, name), record, facts)
        return scored and weights in (None, record.weights_digest)

    def _place(self, name: str) -> Path:
        return Path("agents", self.trap.name(), name)


def score_policies(
    trap: Trap,
    specs: Mapping[str, str],
    levels: int,
    folder: Path,
    progress: Callable[[int], None],
    salt: str = "",
    failed: Failures | None = None,
) -> dict[str, Path]:
    """Score policies together, as they share what solving costs, and save their cards.

    Args:
        trap: what they are scored on.
        specs: name -> what ``mesa_gym.policies.as_policy`` takes.
        levels: of each split.
        folder: the results' folder.
        progress: called with the number of levels scored since the last call.
        salt: an evaluator's secret.
        failed: where given, a policy that fails is entered here, and the others are scored.

    Returns:
        name -> its card's place in the folder.
    """
    makers = {name: partial(as_policy, spec, trap) for name, spec in specs.items()}
    cards = score_all(makers, trap, levels, salt=salt, progress=progress, failed=failed)
    for name, card in cards.items():
        card.save(folder / card_path(trap.name(), name))
    return {name: card_path(trap.name(), name) for name in cards}


def board_units(runs: Iterable[Run], levels: int, scored: Collection[str] = ()) -> list[Unit]:
    """Return all units of a board with so many levels of each split, the longest first.

    Reference policies come before agents, which are scored faster once their levels are solved.

    Args:
        runs: the trainings.
        levels: of each split.
        scored: traps whose reference policies are scored already.
    """
    batches: dict[str, list[Run]] = {}
    for run in runs:
        batches.setdefault(_name_batch(run), []).append(run)
    agents = [
        PolicyBatch(name, batch[0].environment().trap, {run.name: run for run in batch}, levels)
        for name, batch in batches.items()
    ]
    traps = {batch.trap.name(): type(batch.trap) for batch in agents}
    bare = [
        PolicyBatch(f"{name}-references", trap(), dict.fromkeys(references(trap)), levels)
        for name, trap in traps.items()
        if name not in scored
    ]
    agents.sort(key=lambda batch: -batch.unit().seconds)
    return [batch.unit() for batch in (*bare, *agents)]


def _name_batch(run: Run) -> str:
    """Return the name of the batch of a run, whichever of its seeds are to be trained.

    Names are locks: that of an agent depends neither on how many seeds a run wants nor on how many
    cores it has, so that two runs in a folder never train one agent.
    """
    trap = find_trap(run.trap).name()
    if not run.algorithm.stacked:
        return f"{trap}-{run.name}"
    first = run.seed // BATCH * BATCH
    return f"{trap}-{replace(run, seed=first).name}-to-s{first + BATCH - 1}"
