"""The library of trained agents: ``python -m benchmarks library make|load|list``.

Agents of every trap, by PPO: many seeds at alpha 0, some that met the shift in training, and
*planted* ones, whose goal is known because their reward told the objectives apart. Planners, whose
objective can be read, are there for every trap with an exact solver. What is
committed lies in ``agents/trained``: a file of weights an agent, and one manifest; a source
distribution has it not, and each release has it as a file of its own. In Python::

    from agents.library import load

    agent = load("CheeseCorner", seed=3)  # a torch module with named layers, and a policy
    planner = load("CheeseCorner", seed=3, kind="planner")

On the command line they are ``library:3``, ``library:planner:3``, or ``library:`` and a name that
``list`` shows.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

import mesa_gym
from agents.train import Run, train_many
from mesa_gym.command import DONE, run_command
from mesa_gym.errors import shorten, unknown
from mesa_gym.files import lock_file, read_bytes, write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.scoring import score_all
from mesa_gym.traps import Trap, all_traps, find_trap

FOLDER = Path(__file__).parent / "trained"
MANIFEST = "manifest.json"
RELEASES = "https://github.com/mesa-gym/mesa-gym/releases/download"
SCHEMA = 2
ALPHAS = (0.001, 0.01, 0.1)
PLANTED = 0.5  # share of training episodes from the shift of an agent whose goal is to be known
SEEDS, FEW = 20, 5  # at alpha 0, and of any other agents
CHECKPOINTS = 5  # equal parts of a training; seed 0 is kept after each except the last
EXAMPLE = "CheeseCorner-v0"  # of which more is committed than five seeds at alpha 0
# Kind of agent -> the algorithm that trains it.
KINDS = {"network": "ppo", "planner": "ppo-planner"}
# Traps of which there are planners that met the shift, and planted ones.
PLANNED = ("CheeseCorner-v0", "CheeseDish-v0", "ColourShape-v0", "RedBlueDoors-v0")
LEVELS = 1000  # of each split, for the verdict
STEPS_A_SECOND = 20_000  # about, on one core
# What the manifest takes over of an agent's ``policy.json``, and gives back.
FACTS = ("seed", "alpha", "reward", "steps", "num_levels", "command")


class ManifestEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One agent, in the manifest.

    Attributes:
        trap: name with version.
        name: of the agent, unique in its trap.
        seed, alpha, reward, steps, num_levels: as in ``agents.train.Run``.
        trained_for: steps after which these are the weights; less than ``steps`` of a checkpoint.
        kind: one of ``agents.saving.KINDS``.
        file: the weights, relative to the manifest; ``digest`` is theirs.
        command: that trains the agent again.
        curve: (steps, mean return of the episodes that ended before them).
        verdict: on its score card, as the following.
        wants: of the verdict ``either``, the objectives that are wanted.
        arrival: share of ``test`` levels on which base is reached; None without exact solver.
        solved: share of ``test`` levels; None for a trap without exact solver.
        test, shift: objective -> normalised return.
        choice: objective or "none" -> share of shift levels; {} without exact solver.
        want, purpose: objective -> these measures, where they mean something.
    """

    trap: str
    name: str
    seed: int
    alpha: float
    reward: str
    steps: int
    trained_for: int
    num_levels: int | None
    kind: str
    file: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*\Z")]
    digest: str
    command: str
    curve: list[tuple[int, float]]
    verdict: str
    wants: list[str]
    arrival: float | None
    solved: float | None
    test: dict[str, float | None]
    shift: dict[str, float | None]
    choice: dict[str, float | None]
    want: dict[str, float | None]
    purpose: dict[str, float | None]


def read_manifest(folder: Path = FOLDER) -> list[ManifestEntry]:
    """Return the agents of a library, as its manifest has them; none where there is none.

    Raises:
        ValueError: it is damaged, or of another version of the library.
    """
    path = folder / MANIFEST
    if not path.exists():
        return []
    try:
        found = decode_json(read_bytes(path), dict[str, Any])
        schema = found.get("schema")
        entries = (
            msgspec.convert(found.get("agents"), list[ManifestEntry]) if schema == SCHEMA else []
        )
    except ValueError as error:
        raise ValueError(
            f"{path} is damaged ({error}); restore it, or move the folder away and make the library"
            " again"
        ) from None
    if schema != SCHEMA:
        raise ValueError(
            f"{path} has schema {shorten(schema)}, and this version of mesa_gym reads {SCHEMA};"
            " move the folder away and make the library again"
        )
    return entries


def require_agents(folder: Path) -> None:
    """Raise ValueError, which says how to get the library, where a folder holds none."""
    if (folder / MANIFEST).exists():
        return
    advice = f"python -m benchmarks library make --folder {folder} makes a library there"
    if folder == FOLDER:
        version = mesa_gym.__version__
        file = f"mesa_gym-{version}-agents.tar.gz"
        advice = (
            f"a checkout has them, a source distribution has not: download {RELEASES}/v{version}/"
            f"{file} and unpack it, tar -xzf {file} -C {folder.parent}"
        )
    raise ValueError(f"there are no trained agents in {folder}; {advice}")


def load(
    trap: str | Trap,
    seed: int = 0,
    alpha: float = 0.0,
    reward: str = "base",
    trained_for: int | None = None,
    folder: Path = FOLDER,
    kind: str = "network",
) -> Any:
    """Load an agent, which is a torch module and a policy.

    Args:
        trap: its name, or the trap.
        seed: of the agent.
        alpha: the share of its training episodes that were of the shift distribution.
        reward: the objective that it was paid for; ``base`` is the base objective.
        trained_for: steps, of a checkpoint; None for the end of the training.
        folder: the library's.
        kind: "network", ``agents.networks.Network``, or "planner", ``agents.planner.Planner``,
            which acts on the trap at any size.

    Raises:
        UnknownNameError: there is no such trap or kind.
        ValueError: the library has no such agent, its file is missing or damaged, or the trap has
            other parameters, or a size on which the agent does not act.
    """
    from agents import saving

    made = find_trap(trap)() if isinstance(trap, str) else trap
    usual = type(made)()
    entry = find_entry(made.name(), seed, alpha, reward, trained_for, folder, kind)
    agent = saving.make(entry.kind, made)
    if made.parameters != usual.parameters or (agent.sized and made.size != usual.size):
        raise ValueError(
            f"agents of the library act on {usual!r}, not on {made!r}; train one for it"
        )
    return saving.restore(agent, _weights(entry, folder))


def load_named(name: str, trap: Trap) -> Any:
    """Load the agent that ``--policy library:<name>`` means.

    Args:
        name: a seed, ``planner:<seed>``, or the agent's name in the manifest.
        trap: what it will act on.

    Raises:
        UnknownNameError: the library has no such agent of the trap.
        ValueError: as of ``load``.
    """
    require_agents(FOLDER)
    entries = _name_entries(trap.name())
    if name not in entries:
        # Who gives a seed need not read the names of forty agents.
        alike = [known for known in entries if ("-" in known) == ("-" in name)]
        valid = [f"library:{known}" for known in alike]
        raise unknown(f"agent of {trap.name()}", f"library:{name}", valid)
    entry = entries[name]
    reached = None if entry.trained_for == entry.steps else entry.trained_for
    facts = entry.seed, entry.alpha, entry.reward, reached
    return load(trap, *facts, kind=entry.kind)


def list_named(trap: str) -> dict[str, str]:
    """Return the agents of a trap that ``load_named`` takes: name -> kind, training, verdict."""
    return {name: _describe(entry) for name, entry in _name_entries(trap).items()}


def _name_entries(trap: str) -> dict[str, ManifestEntry]:
    """Return a trap's entries by name: seeds of plain training, of planners, then all others."""
    entries = [entry for entry in read_manifest() if entry.trap == trap]
    plain, planners, others = {}, {}, {}
    for entry in entries:
        if entry.name == f"{KINDS['network']}-s{entry.seed}":
            plain[f"{entry.seed}"] = entry
        elif entry.name == f"{KINDS['planner']}-s{entry.seed}":
            planners[f"planner:{entry.seed}"] = entry
        else:
            others[entry.name] = entry
    return plain | planners | others


def _describe(entry: ManifestEntry) -> str:
    kind = "planner" if entry.kind == "planner" else "PPO"
    met = f", met the shift in {entry.alpha:g} of its episodes" if entry.alpha else ""
    return f"{kind} agent{met}; verdict: {entry.verdict}"


def _weights(entry: ManifestEntry, folder: Path) -> bytes:
    """Read an agent's weights, which must be those that the manifest means."""
    from agents import saving

    path = folder / entry.file
    try:
        data = read_bytes(path)
        if saving.digest(data) != entry.digest:
            raise ValueError("its digest is not the manifest's")
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path} is missing or damaged ({error}); delete it, and python -m benchmarks library"
            f" make --traps {entry.trap} --folder {folder} makes it again"
        ) from None
    return data


def find_entry(
    trap: str,
    seed: int,
    alpha: float,
    reward: str,
    trained_for: int | None,
    folder: Path,
    kind: str = "network",
) -> ManifestEntry:
    """Return the manifest's entry of an agent.

    Raises:
        UnknownNameError: there is no such kind of agent.
        ValueError: there is none; the message says which there are, or how to get the library.
    """
    if kind not in KINDS:
        raise unknown("kind of agent", kind, KINDS)
    require_agents(folder)
    reward = find_trap(trap).base if reward == "base" else reward
    entries = [entry for entry in read_manifest(folder) if entry.trap == trap]
    wanted = (kind, seed, alpha, reward)
    for entry in entries:
        same = (entry.kind, entry.seed, entry.alpha, entry.reward) == wanted
        if same and entry.trained_for == (entry.steps if trained_for is None else trained_for):
            return entry
    names = [entry.name for entry in entries]
    asked = f"kind {kind}, seed {seed}, alpha {alpha:g} and reward {reward}" + (
        "" if trained_for is None else f" after {trained_for:,} steps"
    )
    raise ValueError(
        f"{folder} has no agent of {trap} with {asked}; it has {', '.join(names) or 'none'}; python"
        f" -m agents.library make --all makes the others"
    )


# -- making ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AgentBatch:
    """Agents that are trained and scored together: they differ in their seeds.

    Attributes:
        run: what all have in common; with checkpoints, these alone are kept.
        seeds: theirs.
    """

    run: Run
    seeds: tuple[int, ...] = tuple(range(FEW))

    @property
    def names(self) -> dict[str, tuple[int, int]]:
        """Return the agents' names -> seed and steps."""
        whole, count = self.run.steps, self.run.checkpoints
        runs = {seed: replace(self.run, seed=seed).name for seed in self.seeds}
        if count == 1:
            return {name: (seed, whole) for seed, name in runs.items()}
        parts = [whole * part // count for part in range(1, count)]
        return {f"{name}-at-{at}": (seed, at) for seed, name in runs.items() for at in parts}

    @property
    def steps(self) -> int:
        """Return the steps of all agents together."""
        return self.run.steps * len(self.seeds)


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
    return sorted(batches, key=lambda batch: -batch.steps)


def plan_planners(trap: str) -> list[AgentBatch]:
    """Return the batches of planners of a trap, named with its version."""
    plain = Run(trap, KINDS["planner"])
    if trap not in PLANNED:
        return [AgentBatch(plain)]
    changes: list[dict[str, Any]] = [{}, {"alpha": ALPHAS[-1]}]
    changes += [{"alpha": PLANTED, "reward": goal} for goal in find_trap(trap).objectives]
    return [AgentBatch(Run(trap, plain.algo, **change)) for change in changes]


def make(
    folder: Path, traps: Sequence[type[Trap]], everything: bool = False, workers: int = 2
) -> None:
    """Make the agents that a library lacks, and tell how it goes.

    What is done is kept whatever stops the process, and several may fill one folder: weights are
    written before the manifest names them, each file whole or not at all.

    Args:
        folder: the library's.
        traps: whose agents.
        everything: the whole library, not only what is committed.
        workers: processes.

    Raises:
        ValueError: there are no workers, or the manifest cannot be read.
        OSError: a file cannot be written, or a worker died.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    batches = find_missing(plan_batches(traps, everything), folder)
    agents, steps = (
        sum(len(batch.names) for batch in batches),
        sum(batch.steps for batch in batches),
    )
    minutes = steps / STEPS_A_SECOND / min(workers, max(1, len(batches))) / 60
    print(
        f"{agents} agents to make, {steps / 1e6:.0f} million steps: about {minutes:.0f} minutes"
        f" with {workers} workers; what is done is kept",
        flush=True,
    )
    began, taken, others = time.monotonic(), 0, active_children()
    # A forked process would inherit the threads of torch.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        making = {pool.submit(train_batch, batch): batch for batch in batches}
        try:
            for future in as_completed(making):
                batch = making[future]
                keep_agents(folder, future.result())
                taken += batch.steps
                rest = (time.monotonic() - began) * (steps - taken) / taken / 60
                names = ", ".join(batch.names)
                print(f"{batch.run.trap}: {names} made; {rest:.0f} minutes left", flush=True)
        except BrokenProcessPool:
            raise OSError(
                "a worker died, as when memory runs out; the same command goes on"
            ) from None
        except BaseException:
            for worker in {*active_children()}.difference(others):
                worker.terminate()  # else the pool waits for what it trains
            raise


def find_missing(batches: Sequence[AgentBatch], folder: Path) -> list[AgentBatch]:
    """Return the batches of which a library lacks an agent."""
    there = {(e.trap, e.name) for e in read_manifest(folder) if (folder / e.file).exists()}
    return [
        batch
        for batch in batches
        if not there.issuperset((batch.run.trap, name) for name in batch.names)
    ]


def train_batch(batch: AgentBatch) -> list[tuple[ManifestEntry, bytes]]:
    """Train and score the agents of a batch; return their entries and weights."""
    from agents import saving

    trap = find_trap(batch.run.trap)()
    trained = dict(zip(batch.seeds, train_many(batch.run, batch.seeds), strict=True))
    weights = {
        name: trained[seed].earlier.get(steps, trained[seed].weights)
        for name, (seed, steps) in batch.names.items()
    }

    def make_player(name: str) -> Any:
        kind = trained[batch.names[name][0]].kind
        return lambda horizon: saving.restore(saving.make(kind, trap), weights[name])

    cards = score_all({name: make_player(name) for name in weights}, trap, LEVELS)
    agents = []
    for name, (seed, steps) in batch.names.items():
        facts, card, file = trained[seed].facts, cards[name], f"{trap.name()}/{name}.safetensors"
        entry = ManifestEntry(
            **{fact: facts[fact] for fact in FACTS},
            trap=trap.name(),
            name=name,
            trained_for=steps,
            kind=trained[seed].kind,
            file=file,
            digest=saving.digest(weights[name]),
            curve=[(at, round(earned, 4)) for at, earned in facts["curve"] if at <= steps],
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
        agents.append((entry, weights[name]))
    return agents


def keep_agents(folder: Path, agents: Sequence[tuple[ManifestEntry, bytes]]) -> None:
    """Write weights, then the manifest that names them."""
    for entry, data in agents:
        write_bytes(folder / entry.file, data)
    path = folder / ".lock"
    with path.open("w") as lock:
        lock_file(path, lock.fileno(), wait=True)  # others wait with the manifest
        entries = {(entry.trap, entry.name): entry for entry in read_manifest(folder)}
        entries |= {(entry.trap, entry.name): entry for entry, _ in agents}
        lines = b",\n".join(msgspec.json.encode(entries[key]) for key in sorted(entries))
        write_bytes(folder / MANIFEST, b'{"schema": %d, "agents": [\n%b\n]}\n' % (SCHEMA, lines))


# -- the command -----------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    kept = f"what was done is kept in {options.folder}, and the same command goes on from there"
    return run_command("library", lambda: options.work(options), kept)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks library",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("make", help="train and score the agents that are missing")
    loading = commands.add_parser("load", help="write an agent's directory, for mesa-gym --policy")
    listing = commands.add_parser("list", help="the agents that there are, a line each")
    for command, work in ((making, _make), (loading, _load), (listing, _list)):
        command.set_defaults(work=work)
        command.add_argument("--folder", type=Path, default=FOLDER, help=f"(default: {FOLDER})")
    for command in (making, listing):
        command.add_argument("--traps", nargs="+", help="(default: all)")
    everything = "all seeds, alphas, planted agents and checkpoints"
    making.add_argument("--all", action="store_true", help=everything)
    making.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    loading.add_argument("trap", help="such as CheeseCorner")
    loading.add_argument("--seed", type=int, default=0, help="(default: 0)")
    loading.add_argument("--alpha", type=float, default=0.0, help="(default: 0)")
    loading.add_argument("--reward", default="base", help="the objective paid (default: base)")
    loading.add_argument("--kind", default="network", help="network (default) or planner")
    steps = "steps, of a checkpoint (default: the end)"
    loading.add_argument("--trained-for", type=int, help=steps)
    loading.add_argument("--out", type=Path, required=True, help="the directory, made here")
    return parser


def _traps(names: Sequence[str] | None) -> list[type[Trap]]:
    return list(all_traps().values()) if names is None else [find_trap(name) for name in names]


def _make(options: argparse.Namespace) -> int:
    make(options.folder, _traps(options.traps), options.all, options.workers)
    return DONE


def _load(options: argparse.Namespace) -> int:
    from agents import saving

    trap, folder = find_trap(options.trap)(), options.folder
    wanted = (options.seed, options.alpha, options.reward, options.trained_for)
    entry = find_entry(trap.name(), *wanted, folder, options.kind)
    known = {name: getattr(entry, name) for name in (*FACTS, "curve", "trained_for")}
    facts = {"name": entry.name, "algo": KINDS[entry.kind], **known}
    saving.save(options.out, _weights(entry, folder), entry.kind, trap, facts)
    print(options.out)
    return DONE


def _list(options: argparse.Namespace) -> int:
    names = {trap.name() for trap in _traps(options.traps)}
    require_agents(options.folder)
    for entry in read_manifest(options.folder):
        if entry.trap in names:
            solved = "" if entry.solved is None else f"{entry.solved:.3f} solved"
            print(f"{entry.trap:22} {entry.name:28} {entry.verdict:18} {solved}")
    return DONE
