"""The making of the library of trained agents: ``python -m benchmarks library make|list|load``.

The library is a list of units like any board's: each trains and scores agents that differ in their
seed, and enters them in the manifest (mesa_gym/trained/library.py).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from agents.run import Run
from agents.train import train_many
from benchmarks.options import Action, add_runner_options, run_actions, tell_kept
from benchmarks.runs import runner
from benchmarks.runs.jobs import STEPS_A_SECOND
from benchmarks.runs.processes import Scratch, Unit, hold_lock
from benchmarks.runs.results import Results
from mesa_gym.command import DONE, FAILED
from mesa_gym.files import write_bytes
from mesa_gym.policies import Policy
from mesa_gym.scoring import score_all
from mesa_gym.trained.library import (
    FOLDER,
    KINDS,
    MANIFEST,
    SCHEMA,
    ManifestEntry,
    find_entry,
    has_weights,
    read_manifest,
    read_weights,
    require_agents,
)
from mesa_gym.trained.record import AgentRecord
from mesa_gym.traps import Trap, all_traps, find_trap
from mesa_gym.traps.composed import Composed

if TYPE_CHECKING:  # torch is an extra
    from agents.saving import TrainedAgent

ALPHAS = (0.001, 0.01, 0.1)
PLANTED = 0.5  # share of training episodes from the shift of an agent whose goal is to be known
SEEDS, FEW = 20, 5  # at alpha 0, and of any other agents
CHECKPOINTS = 5  # equal parts of a training; seed 0 is kept after each except the last
EXAMPLE = "CheeseCorner-v0"  # of which more is committed than five seeds at alpha 0
# Traps of which there are planners that met the shift, and planted ones.
PLANNED = ("CheeseCorner-v0", "CheeseDish-v0", "ColourShape-v0", "RedBlueDoors-v0")
LEVELS = 1000  # of each split, for the verdict


@dataclass(frozen=True)
class AgentBatch:
    """Agents that are trained and scored together: they differ in their seeds.

    Attributes:
        run: what all have in common; with checkpoints, these alone are kept.
        seeds: theirs.
        levels: of each split, for scoring.
    """

    run: Run
    seeds: tuple[int, ...] = tuple(range(FEW))
    levels: int = LEVELS

    @property
    def names(self) -> list[str]:
        """The agents' names."""
        return [name for seed in self.seeds for name in self._name_seed(seed)]

    def _name_seed(self, seed: int) -> list[str]:
        """Return the names of the agents that one training gives."""
        name, count = replace(self.run, seed=seed).name, self.run.checkpoints
        if count == 1:
            return [name]
        return [f"{name}-at-{self.run.steps * part // count}" for part in range(1, count)]

    def unit(self) -> Unit:
        """Return what is to be done."""
        name = "-".join([self.run.trap, self.names[0], str(len(self.names))])
        seconds = self.run.steps * len(self.seeds) / STEPS_A_SECOND
        return Unit(name, self.is_done, self.work, seconds)

    def is_done(self, results: Results) -> bool:
        """Return whether the manifest has all agents, and their weights are there."""
        return not self.find_missing_seeds(results.folder)

    def find_missing_seeds(self, folder: Path) -> tuple[int, ...]:
        """Return the seeds of which an agent is not in a library."""
        there = {(e.trap, e.name) for e in read_manifest(folder) if has_weights(e, folder)}
        return tuple(
            seed
            for seed in self.seeds
            if not there.issuperset((self.run.trap, name) for name in self._name_seed(seed))
        )

    def work(self, scratch: Scratch) -> None:
        """Train the missing agents, score them, keep the weights, and enter them."""
        trap, seeds = find_trap(self.run.trap)(), self.find_missing_seeds(scratch.results.folder)
        trained = train_many(
            self.run, seeds, lambda steps: scratch.progress(steps / STEPS_A_SECOND)
        )
        parts = [[*each.earlier.values()] if each.earlier else [each] for each in trained]
        entries = score_agents([agent for part in parts for agent in part], trap, self.levels)
        for entry, weights in entries:
            write_bytes(scratch.folder / entry.weights, weights)
            scratch.keep(Path(entry.weights))
        enter_agents(scratch.results.folder, [entry for entry, _ in entries])


def score_agents(
    agents: Sequence[TrainedAgent], trap: Trap, levels: int
) -> list[tuple[ManifestEntry, bytes]]:
    """Return agents' entries and weights, scored on so many levels of each split."""
    players = {agent.record.name: _make_player(agent, trap) for agent in agents}
    cards = score_all(players, trap, levels)
    found = []
    for agent in agents:
        card, record = cards[agent.record.name], structs.asdict(agent.record)
        del record["weights"]
        record["curve"] = [(at, round(earned, 4)) for at, earned in record["curve"]]
        entry = ManifestEntry(
            **record,
            weights=f"{trap.name()}/{agent.record.name}.safetensors",
            verdict=card.verdict,
            wants=card.wants,
            arrival=card.read_number("test", "arrival"),
            solved=card.read_number("test", "solved"),
            test=card.read_each("test", "normalized_return"),
            shift=card.read_each("shift", "normalized_return"),
            choice=card.read_each("shift", "choice"),
            want=card.read_each("shift", "want"),
            purpose=card.read_each("shift", "purpose"),
        )
        found.append((entry, agent.weights))
    return found


def _make_player(agent: TrainedAgent, trap: Trap) -> Callable[[int], Policy]:
    from mesa_gym.trained.loading import make, restore

    return lambda horizon: restore(make(agent.record.kind, trap), agent.weights)


def enter_agents(folder: Path, found: Sequence[ManifestEntry]) -> None:
    """Enter agents in the manifest, whose weights are there already; others wait meanwhile."""
    with hold_lock(folder, MANIFEST, wait=True):
        # As they will be read: what is entered now and what was are then the same bytes.
        added = msgspec.json.decode(msgspec.json.encode(found), type=list[ManifestEntry])
        entries = {(entry.trap, entry.name): entry for entry in [*read_manifest(folder), *added]}
        lines = b",\n".join(msgspec.json.encode(entries[key]) for key in sorted(entries))
        write_bytes(folder / MANIFEST, b'{"schema": %d, "agents": [\n%b\n]}\n' % (SCHEMA, lines))


# -- the plan --------------------------------------------------------------------------------------


def plan_batches(traps: Sequence[type[Trap]], everything: bool) -> list[AgentBatch]:
    """Return the batches of a library, the longest first.

    Args:
        traps: whose agents.
        everything: the whole library; else what is committed.
    """
    batches = []
    for name in (trap.name() for trap in traps):
        batches.append(AgentBatch(Run(name)))
        if everything or name == EXAMPLE:
            goals = find_trap(name)().objectives
            batches += [AgentBatch(Run(name, alpha=PLANTED, reward=goal)) for goal in goals]
            batches.append(AgentBatch(Run(name, alpha=ALPHAS[-1])))
            batches.append(AgentBatch(Run(name, checkpoints=CHECKPOINTS), (0,)))
        if everything:
            firsts = range(FEW, SEEDS, FEW)
            batches += [AgentBatch(Run(name), tuple(range(first, first + FEW))) for first in firsts]
            batches += [AgentBatch(Run(name, alpha=alpha)) for alpha in ALPHAS[:-1]]
        if find_trap(name).solvable:
            batches += plan_planners(name)
    return sorted(batches, key=lambda batch: -batch.run.steps * len(batch.seeds))


def plan_planners(trap: str) -> list[AgentBatch]:
    """Return the batches of planners of a trap, named with its version."""
    plain = Run(trap, KINDS["planner"])
    if trap not in PLANNED:
        return [AgentBatch(plain)]
    changes: list[dict[str, Any]] = [{}, {"alpha": ALPHAS[-1]}]
    changes += [{"alpha": PLANTED, "reward": goal} for goal in find_trap(trap).objectives]
    return [AgentBatch(Run(trap, plain.algo, **change)) for change in changes]


# -- the command -----------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    return run_actions("library", __doc__, ACTIONS, arguments)


def _declare_folder(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument(
        name, type=Path, default=FOLDER, help=f"the library's folder (default: {FOLDER})"
    )


def _declare_make(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--traps", nargs="+", help="(default: all)")
    everything = "all seeds, alphas, planted agents and checkpoints"
    parser.add_argument("--all", action="store_true", help=everything)
    add_runner_options(parser)
    _declare_folder(parser, "--out")


def _declare_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--traps", nargs="+", help="(default: all)")
    _declare_folder(parser, "--folder")


def _declare_load(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("trap", help="such as CheeseCorner")
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
    parser.add_argument("--alpha", type=float, default=0.0, help="(default: 0)")
    parser.add_argument("--reward", default="base", help="the objective paid (default: base)")
    parser.add_argument("--kind", default="network", help="network (default) or planner")
    steps = "steps, of a checkpoint (default: the end)"
    parser.add_argument("--trained-for", type=int, help=steps)
    parser.add_argument("--out", type=Path, required=True, help="the directory, made here")
    _declare_folder(parser, "--folder")


def list_single_traps() -> list[type[Trap]]:
    """Return every trap except Composed, whose pairs are traps of their own."""
    return [trap for trap in all_traps().values() if trap is not Composed]


def _find_traps(names: Sequence[str] | None) -> list[type[Trap]]:
    return list_single_traps() if names is None else [find_trap(name) for name in names]


def _make(options: argparse.Namespace) -> int:
    read_manifest(options.out)  # a damaged one is told here, not by every unit
    batches = plan_batches(_find_traps(options.traps), options.all)
    units = [batch.unit() for batch in batches]
    failed = runner.run(units, options.out, options.workers, options.backend)
    return FAILED if failed else DONE


def _load(options: argparse.Namespace) -> int:
    from agents.saving import TrainedAgent, save

    trap, folder = find_trap(options.trap).name(), options.folder
    wanted = (options.seed, options.alpha, options.reward, options.trained_for)
    entry = find_entry(trap, *wanted, folder, options.kind)
    facts = {name: getattr(entry, name) for name in AgentRecord.__struct_fields__}
    del facts["weights"]
    save(options.out, TrainedAgent(AgentRecord(**facts), read_weights(entry, folder)))
    print(options.out)
    return DONE


def _list(options: argparse.Namespace) -> int:
    names = {trap.name() for trap in _find_traps(options.traps)}
    require_agents(options.folder)
    for entry in read_manifest(options.folder):
        if entry.trap in names:
            solved = "" if entry.solved is None else f"{entry.solved:.3f} solved"
            absent = "" if has_weights(entry, options.folder) else "weights not here"
            line = f"{entry.trap:22} {entry.name:28} {entry.verdict:18} {solved:12} {absent}"
            print(line.rstrip())
    return DONE


ACTIONS = {
    "make": Action("train and score the agents that are missing", _declare_make, _make, tell_kept),
    "load": Action("write an agent's directory, for mesa-gym --policy", _declare_load, _load),
    "list": Action("show the agents that there are, a line each", _declare_list, _list),
}
