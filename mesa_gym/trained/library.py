"""The library of trained agents, which ``python -m benchmarks library make`` made.

Agents of every trap, by PPO: many seeds at alpha 0, some that met the shift in training, and
*planted* ones, whose goal is known because their reward told the objectives apart. Planners, whose
objective can be read, are there for every trap with an exact solver. The library lies in
``mesa_gym/trained/weights``: a file of weights for each agent, and one manifest. An installed
package has the planners and one network a trap; a checkout also has all seeds of three traps;
``python -m benchmarks library make`` trains the rest. In Python::

    from mesa_gym.trained import load

    agent = load("CheeseCorner", seed=3)  # named weights, layers, and a policy
    planner = load("CheeseCorner", seed=3, kind="planner")

On the command line they are ``library:3``, ``library:planner:3``, or ``library:`` and a name of the
manifest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mesa_gym.errors import UnknownNameError, find_nearest, shorten, unknown
from mesa_gym.files import read_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.loading import make_network, restore
from mesa_gym.trained.record import AgentRecord
from mesa_gym.traps import Trap, find_trap
from mesa_gym.traps.life import is_life

FOLDER = Path(__file__).parent / "weights"
MANIFEST = "manifest.json"
SCHEMA = 3
# Kind of agent -> the algorithm that trains it.
KINDS = {"network": "ppo", "planner": "ppo-planner", "gru": "ppo-gru"}
# Traps of which a checkout has the networks of every seed (.gitignore); else it has seed 0.
EVERY_SEED = ("CheeseCorner-v0", "ColourShape-v0", "FlashOrPay-v0")


class ManifestEntry(AgentRecord, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One agent of the library: its record, and the verdict of its score card.

    Attributes:
        weights: the file, relative to the manifest.
        verdict: on its score card, as the following.
        wants: of the verdict ``either``, the objectives that are wanted.
        arrival: share of ``test`` levels on which base is reached; None without exact solver.
        test, shift: objective -> normalised return.
        choice: objective or "none" -> share of shift levels; {} without exact solver.
        want, purpose: objective -> these measures, where they are defined.
    """

    weights: Annotated[
        str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*\Z")
    ]
    verdict: str
    wants: list[str]
    arrival: float | None
    test: dict[str, float | None]
    shift: dict[str, float | None]
    choice: dict[str, float | None]
    want: dict[str, float | None]
    purpose: dict[str, float | None]


def read_manifest(folder: Path = FOLDER) -> list[ManifestEntry]:
    """Return the agents in a library's manifest; an empty list without one.

    Raises:
        ValueError: it is damaged, or of another version of the library.
    """
    path = folder / MANIFEST
    if not path.exists():
        return []
    again = "move the folder away and make the library again"
    try:
        found = decode_json(read_bytes(path), dict[str, Any])
        if (schema := found.get("schema")) == SCHEMA:
            return msgspec.convert(found.get("agents"), list[ManifestEntry])
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); restore it, or {again}") from None
    raise ValueError(
        f"{path} has schema {shorten(schema)}, and this version of mesa_gym reads {SCHEMA}; {again}"
    )


def has_weights(entry: ManifestEntry, folder: Path = FOLDER) -> bool:
    """Return whether an agent's file of weights exists; ``library make`` trains it otherwise."""
    return (folder / entry.weights).exists()


def load(
    trap: str | Trap,
    seed: int = 0,
    alpha: float = 0.0,
    reward: str = "base",
    folder: Path = FOLDER,
    kind: str = "",
) -> Any:
    """Load an agent, a ``mesa_gym.trained.Agent``, which is a policy.

    Args:
        trap: its name, or the trap.
        seed: of the agent.
        alpha: the share of its training episodes that were of the shift distribution.
        reward: the objective that it was paid for; ``base`` is the base objective.
        folder: the library's.
        kind: "network", an MLP; "planner", a ``mesa_gym.trained.Planner``, which acts on the trap
            at any size; or "gru", a learner with a memory, which is the usual kind on traps of
            lives; "" for the usual one.

    Raises:
        UnknownNameError: the trap or kind is unknown.
        ValueError: the library has no such agent, its file is missing or damaged, or the trap has
            other parameters, or a size on which the agent does not act.
    """
    made = find_trap(trap)() if isinstance(trap, str) else trap
    kind, name = kind or find_usual_kind(made), made.name()
    if kind not in KINDS:
        raise unknown("kind of agent", kind, KINDS)
    wanted = (kind, seed, alpha, made.base if reward == "base" else reward)
    entries = [entry for entry in read_manifest(folder) if entry.trap == name]
    for entry in entries:
        if wanted == (entry.kind, entry.seed, entry.alpha, entry.reward):
            return load_entry(entry, made, folder)
    asked = f"kind {kind}, seed {seed}, alpha {alpha:g} and reward {wanted[3]}"
    raise ValueError(
        f"{folder} has no agent of {name} with {asked}; it has"
        f" {', '.join(entry.name for entry in entries) or 'none'}; python -m benchmarks library"
        " make --all makes the others"
    )


def find_usual_kind(trap: Trap | type[Trap]) -> str:
    """Return the kind of agent that a bare seed means on a trap: ``gru`` if it has lives."""
    return "gru" if is_life(trap) else "network"


def load_entry(entry: ManifestEntry, trap: Trap, folder: Path = FOLDER) -> Agent:
    """Load the agent of a manifest entry; it raises ValueError as ``load`` does."""
    net, usual = make_network(entry.kind, trap), type(trap)()
    if trap.parameters != usual.parameters or (net.sized and trap.size != usual.size):
        raise ValueError(
            f"agents of the library act on {usual!r}, not on {trap!r}; train one for it"
        )
    path, elsewhere = folder / entry.weights, "" if folder == FOLDER else f" --out {folder}"
    make = f"python -m benchmarks library make --traps {entry.trap}{elsewhere}"
    try:
        return restore(net, path, entry.weights_digest)
    except FileNotFoundError:
        raise ValueError(
            f"{path} is missing: the package has the planners and the networks of seed 0; in a"
            f" checkout {make} trains the others"
        ) from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is damaged ({error}); delete it, and {make} again") from None


def load_named(name: str, trap: Trap) -> Agent:
    """Load the agent that ``--policy library:<name>`` means: a seed, ``planner:<seed>``, or a name.

    Raises:
        UnknownNameError: the library has no such agent of the trap.
        ValueError: as of ``load``.
    """
    entries = _name_entries(trap.name())
    if name not in entries:
        # A wrong seed is answered with the seeds alone, and not with the names of forty agents.
        kind, _, seed = name.rpartition(":")
        seeds = [f"library:{x}" for x in entries if "-" not in x and x.rpartition(":")[0] == kind]
        if seed.isdecimal() and seeds:
            told = f"{trap.name()} has {seeds[0]} to {seeds[-1]}"
            raise UnknownNameError(f"unknown agent {shorten(f'library:{name}')}; {told}")
        near = find_nearest(name, entries, 0.3)
        alike = [x for x in entries if ("-" in x) == ("-" in name) or x == near]
        valid, nearest = [f"library:{x}" for x in alike], near and f"library:{near}"
        raise unknown(f"agent of {trap.name()}", f"library:{name}", valid, nearest)
    return load_entry(entries[name], trap)


def list_named(trap: str) -> dict[str, str]:
    """Return a trap's agents whose weights are there: name -> kind, training, verdict.

    Their names are those that ``load_named`` takes.
    """
    entries = _name_entries(trap).items()
    return {name: _describe(entry) for name, entry in entries if has_weights(entry)}


def _name_entries(trap: str) -> dict[str, ManifestEntry]:
    """Return name -> entry for a trap: seeds of plain training, then of planners, then the rest."""
    usual = KINDS[find_usual_kind(find_trap(trap))]
    found: list[dict[str, ManifestEntry]] = [{}, {}, {}]
    for entry in read_manifest():
        if entry.trap == trap:
            names = (f"{usual}-s{entry.seed}", f"{KINDS['planner']}-s{entry.seed}", entry.name)
            called = (f"{entry.seed}", f"planner:{entry.seed}", entry.name)
            found[names.index(entry.name)][called[names.index(entry.name)]] = entry
    return found[0] | found[1] | found[2]


def _describe(entry: ManifestEntry) -> str:
    kind = {"planner": "planner", "gru": "learner"}.get(entry.kind, "PPO")
    met = f", met the shift in {entry.alpha:g} of its episodes" if entry.alpha else ""
    return f"{kind} agent{met}; verdict: {entry.verdict}"
