"""The library of trained agents, which ``python -m benchmarks library make`` trains.

PPO trained agents on every trap: many seeds at alpha 0, agents that met the shift in training, and
*planted* agents with a known goal, because their reward distinguished the objectives. For every
trap with an exact solver, there are planners, whose objective can be read. The folder
``mesa_gym/trained/weights`` contains a file of weights for each agent, and one manifest. An
installed package has the planners and one network per trap; a checkout also has all seeds of two
traps; ``python -m benchmarks library make`` trains the other agents. In Python::

    from mesa_gym.trained import load

    agent = load("CheeseCorner", "ppo:3")  # named weights, layers, and a policy
    planner = load("CheeseCorner", "ppo-planner")

An agent's name is its name in the manifest with a colon before the seed: ``ppo:3``,
``ppo-planner:3``, ``ppo-alpha0.5-corner:3``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from msgspec.structs import asdict

from mesa_gym.errors import UnknownNameError, offer, shorten, unknown
from mesa_gym.files import read_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.policies.agent_files import AgentRecord, list_settings
from mesa_gym.policies.names import split_seed
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.loading import find_misfit, make_network, restore
from mesa_gym.traps import Trap, find_trap
from mesa_gym.words import write_word

WEIGHTS = Path(__file__).parent / "weights"
MANIFEST = "manifest.json"
MANIFEST_SCHEMA = 4
# Traps for which a checkout has the networks of all seeds (.gitignore); other traps have seed 0.
EVERY_SEED = ("CheeseCorner-v0", "ColourShape-v0")


class ManifestEntry(AgentRecord, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One agent of the library: its record and the verdict of its score card.

    ``weights`` is the path of the weights file, relative to the manifest.
    """

    weights: Annotated[
        str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._=-]*\Z")
    ]
    verdict: str


def read_manifest(folder: Path = WEIGHTS) -> list[ManifestEntry]:
    """Return the agents in a library's manifest; an empty list without a manifest.

    Raises:
        ValueError: the manifest is damaged, or its schema is of another version.
    """
    path = folder / MANIFEST
    if not path.exists():
        return []
    again = "move the folder away and make the library again"
    try:
        entries = decode_json(read_bytes(path), dict[str, Any])
        if (schema := entries.get("schema")) == MANIFEST_SCHEMA:
            return msgspec.convert(entries.get("agents"), list[ManifestEntry])
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); restore it, or {again}") from None
    raise ValueError(
        f"{path} has schema {shorten(schema)}, and this version of mesa_gym reads"
        f" {MANIFEST_SCHEMA}; {again}"
    )


def has_weights(entry: ManifestEntry, folder: Path = WEIGHTS) -> bool:
    """Return whether an agent's weights file exists; if not, ``library make`` trains the agent."""
    return (folder / entry.weights).exists()


def load(trap: str | Trap, agent: str = "", folder: Path = WEIGHTS) -> Any:
    """Load an agent of the library, a ``mesa_gym.trained.Agent``, which is a policy.

    Args:
        trap: a trap or its name.
        agent: the agent's name, as for ``--policy``: ``ppo:3``, or ``ppo-planner:0``, a
            ``mesa_gym.trained.Planner``, which acts on grids of any size. Without a seed, the first
            seed is loaded; "" means ``ppo``, or ``ppo-gru``, which has a memory, on traps of lives.
        folder: the library's folder.

    Raises:
        UnknownNameError: the trap is unknown, or the library has no such agent of it.
        ValueError: the agent's file is missing or damaged, or the agent cannot act on the trap's
            size or planes.
    """
    instance = find_trap(trap)() if isinstance(trap, str) else trap
    name, seed = split_seed(agent or name_usual_agent(instance))
    entry = find_agent(name, seed, instance, folder)
    if entry is None:
        raise unknown("agent", agent, dict.fromkeys(x.agent for x in read_manifest(folder)))
    return entry


def name_usual_agent(trap: Trap | type[Trap]) -> str:
    """Return the name of a trap's default agent, which has a memory on traps of lives."""
    return "ppo-gru" if trap.learner else "ppo"


def load_entry(entry: ManifestEntry, trap: Trap, folder: Path = WEIGHTS) -> Agent:
    """Load the agent of a manifest entry; raise ValueError in the cases of ``load``."""
    net = make_network(entry.kind, trap)
    if find_misfit(asdict(entry), net):
        entry_trap = find_trap(entry.trap)(tuple(entry.size), **entry.parameters)
        raise ValueError(
            f"{entry.name} of the library was trained on {entry_trap!r}, and cannot act on the size"
            f" or the planes of {trap!r}; train an agent for it"
        )
    path, elsewhere = folder / entry.weights, "" if folder == WEIGHTS else f" --out {folder}"
    make = f"python -m benchmarks library make --traps {entry.trap}{elsewhere}"
    try:
        agent = restore(net, path, entry.weights_digest)
    except FileNotFoundError:
        raise ValueError(
            f"{path} is missing: the package has the planners and the networks of seed 0; in a"
            f" checkout {make} trains the others"
        ) from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is damaged ({error}); delete it, and {make} again") from None
    agent.training_settings = list_settings(asdict(entry))
    return agent


def find_agent(agent: str, seed: int | None, trap: Trap, folder: Path = WEIGHTS) -> Agent | None:
    """Load the agent of a name such as ``ppo`` on a trap; None if the library lacks the name.

    Raises:
        ValueError: the agent was not trained on the trap or not with ``seed`` (None means the
            first seed), or a case of ``load``.
    """
    named = [entry for entry in read_manifest(folder) if entry.agent == agent]
    seeds = {entry.seed: entry for entry in named if entry.trap == trap.name()}
    if seeds:
        first, last = min(seeds), max(seeds)
        if (entry := seeds.get(first if seed is None else seed)) is None:
            seeds_text = f"{trap.name()} has {agent}:{first} to {agent}:{last}"
            raise UnknownNameError(f"unknown agent {shorten(f'{agent}:{seed}')}; {seeds_text}")
        return load_entry(entry, trap, folder)
    if named:
        alternatives = dict.fromkeys(split_seed(x)[0] for x in list_agents(trap.name()))
        raise UnknownNameError(
            f"the library has no {agent} for {trap.name()}; {offer(agent, alternatives)}"
        )
    return None


def list_agents(trap: str = "") -> dict[str, str]:
    """Return a trap's agents whose weights exist: ``ppo:3`` -> verdict and training.

    Agents that never met the shift in training come first; agents that cannot act on the trap with
    its default options are left out. "" lists the agents of all traps.
    """
    entries = [x for x in read_manifest() if trap in ("", x.trap) and has_weights(x)]
    if trap and entries:
        instance = find_trap(trap)()
        entries = [x for x in entries if not find_misfit(asdict(x), make_network(x.kind, instance))]
    entries.sort(key=lambda entry: (entry.alpha > 0, entry.kind == "planner", entry.agent))
    return {f"{entry.agent}:{entry.seed}": _describe(entry) for entry in entries}


def _describe(entry: ManifestEntry) -> str:
    shift_text = f", met the shift in {entry.alpha:g} of its episodes" if entry.alpha else ""
    return f"verdict: {write_word(entry.verdict)}{shift_text}"
