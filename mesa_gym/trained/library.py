"""The library of trained agents, which ``python -m benchmarks library make`` made.

Agents of every trap, by PPO: many seeds at alpha 0, some that met the shift in training, and
*planted* ones, whose goal is known because their reward told the objectives apart. Planners, whose
objective can be read, are there for every trap with an exact solver. The library lies in
``mesa_gym/trained/weights``: a file of weights an agent, and one manifest. An installed package has
the planners, of 2 kB each. Networks have 0.3 MB each, so a checkout has all those of two traps, and
of the others the networks of seed 0: ``python -m benchmarks library make`` trains the rest. They
are a release file of its own, too. In Python::

    from mesa_gym.trained import load

    agent = load("CheeseCorner", seed=3)  # a torch module with named layers, and a policy
    planner = load("CheeseCorner", seed=3, kind="planner")

On the command line they are ``library:3``, ``library:planner:3``, or ``library:`` and a name of the
manifest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

import mesa_gym
from mesa_gym.errors import shorten, unknown
from mesa_gym.files import read_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.trained.record import AgentRecord, digest_weights
from mesa_gym.traps import Trap, find_trap
from mesa_gym.traps.life import is_life

FOLDER = Path(__file__).parent / "weights"
MANIFEST = "manifest.json"
RELEASES = "https://github.com/mesa-gym/mesa-gym/releases/download"
SCHEMA = 3
# Kind of agent -> the algorithm that trains it.
KINDS = {"network": "ppo", "planner": "ppo-planner", "gru": "ppo-gru"}
# Traps of which a checkout has the networks of every seed (.gitignore); else it has seed 0.
EVERY_SEED = ("CheeseCorner-v0", "ColourShape-v0", "FlashOrPay-v0")


class ManifestEntry(AgentRecord, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One agent of the library: its record, and what its score card said.

    Attributes:
        weights: the file, relative to the manifest.
        verdict: on its score card, as the following.
        wants: of the verdict ``either``, the objectives that are wanted.
        arrival: share of ``test`` levels on which base is reached; None without exact solver.
        solved: share of ``test`` levels; None for a trap without exact solver, or not measured.
        test, shift: objective -> normalised return.
        choice: objective or "none" -> share of shift levels; {} without exact solver.
        want, purpose: objective -> these measures, where they mean something.
    """

    weights: Annotated[
        str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*\Z")
    ]
    verdict: str
    wants: list[str]
    arrival: float | None
    solved: float | None = None
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
    if not (folder / MANIFEST).exists():
        raise ValueError(
            f"there are no trained agents in {folder}; in a checkout, python -m benchmarks library"
            f" make --out {folder} makes a library there"
        )


def _advise_download() -> str:
    """Return how to get the networks of a release."""
    version = mesa_gym.__version__
    file = f"mesa_gym-{version}-agents.tar.gz"
    return (
        f"download {RELEASES}/v{version}/{file} and unpack it, tar -xzf {file} -C {FOLDER.parent}"
    )


def has_weights(entry: ManifestEntry, folder: Path = FOLDER) -> bool:
    """Return whether an agent's weights are there; else ``library make`` trains it."""
    return (folder / entry.weights).exists()


def load(
    trap: str | Trap,
    seed: int = 0,
    alpha: float = 0.0,
    reward: str = "base",
    trained_for: int | None = None,
    folder: Path = FOLDER,
    kind: str = "",
) -> Any:
    """Load an agent, which is a torch module and a policy.

    Args:
        trap: its name, or the trap.
        seed: of the agent.
        alpha: the share of its training episodes that were of the shift distribution.
        reward: the objective that it was paid for; ``base`` is the base objective.
        trained_for: steps, of a checkpoint; None for the end of the training.
        folder: the library's.
        kind: "network", a ``mesa_gym.trained.networks.Network``; "planner", a
            ``mesa_gym.trained.planner.Planner``, which acts on the trap at any size; or "gru", a
            ``mesa_gym.trained.gru.RecurrentNetwork``, which is the usual kind on traps of lives;
            "" for the usual one.

    Raises:
        UnknownNameError: there is no such trap or kind.
        ValueError: the library has no such agent, its file is missing or damaged, or the trap has
            other parameters, or a size on which the agent does not act.
    """
    made = find_trap(trap)() if isinstance(trap, str) else trap
    kind = kind or find_usual_kind(made)
    entry = find_entry(made.name(), seed, alpha, reward, trained_for, folder, kind)
    return load_entry(entry, made, folder)


def find_usual_kind(trap: Trap | type[Trap]) -> str:
    """Return the kind of a trap's agents that are named by a seed alone."""
    return "gru" if is_life(trap) else "network"


def load_entry(entry: ManifestEntry, trap: Trap, folder: Path = FOLDER) -> Any:
    """Load the agent that an entry of the manifest is of; ValueError as of ``load``."""
    from mesa_gym.trained.loading import make, restore  # torch is an extra, and takes seconds

    agent, usual = make(entry.kind, trap), type(trap)()
    if trap.parameters != usual.parameters or (agent.sized and trap.size != usual.size):
        raise ValueError(
            f"agents of the library act on {usual!r}, not on {trap!r}; train one for it"
        )
    return restore(agent, read_weights(entry, folder))


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
    return load_entry(entries[name], trap)


def list_named(trap: str) -> dict[str, str]:
    """Return a trap's agents whose weights are there: name -> kind, training, verdict.

    Their names are those that ``load_named`` takes.
    """
    entries = _name_entries(trap).items()
    return {name: _describe(entry) for name, entry in entries if has_weights(entry)}


def _name_entries(trap: str) -> dict[str, ManifestEntry]:
    """Return a trap's entries by name: seeds of plain training, of planners, then all others."""
    entries = [entry for entry in read_manifest() if entry.trap == trap]
    plain, planners, others = {}, {}, {}
    for entry in entries:
        if entry.name == f"{KINDS[find_usual_kind(find_trap(trap))]}-s{entry.seed}":
            plain[f"{entry.seed}"] = entry
        elif entry.name == f"{KINDS['planner']}-s{entry.seed}":
            planners[f"planner:{entry.seed}"] = entry
        else:
            others[entry.name] = entry
    return plain | planners | others


def _describe(entry: ManifestEntry) -> str:
    kind = {"planner": "planner", "gru": "learner"}.get(entry.kind, "PPO")
    met = f", met the shift in {entry.alpha:g} of its episodes" if entry.alpha else ""
    return f"{kind} agent{met}; verdict: {entry.verdict}"


def read_weights(entry: ManifestEntry, folder: Path) -> bytes:
    """Return an agent's weights, which must be those that the manifest means.

    Raises:
        ValueError: the file is missing, damaged or of another agent.
    """
    path, elsewhere = folder / entry.weights, "" if folder == FOLDER else f" --out {folder}"
    make = f"python -m benchmarks library make --traps {entry.trap}{elsewhere}"
    if not has_weights(entry, folder):
        others = "" if elsewhere else f"; for those of the release {_advise_download()}"
        raise ValueError(
            f"{path} is not there: an installed package has the planners alone, and of most traps a"
            f" checkout has the networks of seed 0. In a checkout {make} trains the others{others}"
        )
    try:
        data = read_bytes(path)
        if digest_weights(data) != entry.weights_digest:
            raise ValueError("its digest is not the manifest's")
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is damaged ({error}); delete it, and {make} again") from None
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
    wanted = (kind, seed, alpha, reward, trained_for)
    for entry in entries:
        if (entry.kind, entry.seed, entry.alpha, entry.reward, entry.trained_for) == wanted:
            return entry
    names = [entry.name for entry in entries]
    asked = f"kind {kind}, seed {seed}, alpha {alpha:g} and reward {reward}" + (
        "" if trained_for is None else f" after {trained_for:,} steps"
    )
    raise ValueError(
        f"{folder} has no agent of {trap} with {asked}; it has {', '.join(names) or 'none'}; python"
        f" -m benchmarks library make --all makes the others"
    )
