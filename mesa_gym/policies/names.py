"""Names of agents: the names that commands and functions accept, and an agent's name on cards.

The names of the package's trained agents are also the rows of the leaderboard: ``ppo:3`` is the
agent ``ppo`` with training seed 3, and ``ppo`` means its first seed.
"""

from __future__ import annotations

import os
import re
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mesa_gym.errors import shorten, unknown
from mesa_gym.files import locate_path
from mesa_gym.other_packages import list_entry_points, use_entry_point
from mesa_gym.policies.agent_files import read_policy_file
from mesa_gym.policies.callables import read_attribute, unwrap_partial
from mesa_gym.traps import Trap, all_traps

# The oracle of the base objective.
ORACLE = "oracle"
# The policy that goes to the nearest target of any objective, on traps with an exact solver.
NEAREST = "nearest"
# The policy without a goal under shift that is competent on test, on traps with an exact solver.
AIMLESS = "aimless"
# The best learner of a trap of lives.
LEARNER_ORACLE = "oracle:learner"
# The policy without a goal that visits every cell, on all traps.
SWEEPER = "sweeper"
# The best fixed sequence of actions, and the best reflex (``policies.habits``).
OPEN_LOOP, REFLEX = "open_loop", "reflex"
# Names of policies that contain no objective.
PLAYABLE = ("random", "stay", SWEEPER, ORACLE, NEAREST, AIMLESS, OPEN_LOOP, REFLEX)
# Entry points of this group name modules that provide trained agents. Each module has
# ``find_agent(agent, seed, trap)``, which returns a policy, or None for an unknown agent, and
# ``list_agents(trap)``, which returns "agent:seed" -> description (the trap "" means all traps).
LIBRARIES = "mesa_gym.libraries"
_TRAINED = re.compile(r"(?P<agent>\w[^:/\\]*)(:(?P<seed>\d{1,9}))?")
_VARIANT = re.compile(r"-(alpha\d|\w+=)")
# Allowed names in a folder's policy.json: the name appears on cards and must not be a path.
_NAME = re.compile(r"\w[\w.,:+=-]{0,99}", re.ASCII)


def references(trap: Trap | type[Trap]) -> list[str]:
    """Return the names of the baselines with which the trap's trained agents are compared."""
    return [*_list_goals(trap), "random", "stay", SWEEPER]


def name_pursuer(trap: Trap | type[Trap], objective: str) -> str:
    """Return the name of the policy that pursues an objective: its oracle, or its reference."""
    return f"{ORACLE if trap.solvable else 'reference'}:{objective}"


def _list_goals(trap: Trap | type[Trap]) -> list[str]:
    goals = [name_pursuer(trap, x) for x in trap.objectives]
    if trap.learner:
        goals.append(LEARNER_ORACLE)
    return [*goals, NEAREST, AIMLESS] if trap.solvable else goals


def find_objective(trap: Trap, kind: str, objective: str) -> str:
    """Return the objective's name, with ``base`` resolved; ``kind`` is the policy's kind.

    Raises:
        ValueError: the trap does not have this kind of policy, or no such objective.
    """
    if (name := f"{kind}:{objective}") != name_pursuer(trap, objective):
        raise not_for(trap, name)
    if objective not in ("base", *trap.objectives):
        raise unknown(f"objective of {trap.name()}", objective, trap.objectives)
    return trap.base if objective == "base" else objective


def not_for(trap: Trap, spec: str) -> ValueError:
    """Return the error for an oracle without a solver, or for a reference policy with a solver."""
    has, use = "an" if trap.solvable else "no", ", ".join(_list_goals(trap))
    return ValueError(f"{trap!r} has {has} exact solver, so no {shorten(spec)}; use one of {use}")


# -- trained agents --------------------------------------------------------------------------------


def find_trained(spec: str, trap: Trap) -> object:
    """Return the trained agent of ``ppo`` (its first seed) or ``ppo:3``; None for an unknown name.

    Raises:
        ValueError: the agent has no such seed, cannot act on the trap, or only its score cards are
            included; the message lists the alternatives.
    """
    name, seed = split_seed(spec)
    for entry_point in list_entry_points(LIBRARIES).values() if name else ():
        find = partial(_ask_library, entry_point, "find_agent", name, seed, trap)
        if (agent := use_entry_point(entry_point, find, ValueError)) is not None:
            return agent
    return None


def split_seed(spec: str) -> tuple[str, int | None]:
    """Return a trained agent's name and its seed (or None); ("", None) for any other text."""
    named = _TRAINED.fullmatch(spec)
    if named is None:
        return "", None
    return named["agent"], None if named["seed"] is None else int(named["seed"])


def list_trained(trap: Trap | type[Trap] | None = None) -> dict[str, str]:
    """Return the trained agents that can act on a trap, by default any: "name:seed" -> description.

    Raises ValueError if a library is damaged.
    """
    name = "" if trap is None else trap.name()
    agents = dict[str, str]()
    for entry_point in list_entry_points(LIBRARIES).values():
        of_library = use_entry_point(entry_point, partial(_list_in, entry_point, name))
        agents = (of_library or {}) | agents  # a name belongs to the first library that has it
    return agents


def _list_in(entry_point: EntryPoint, trap: str) -> dict[str, str]:
    listed = _ask_library(entry_point, "list_agents", trap) or {}
    return {str(x): str(y) for x, y in listed.items()}


def list_agents(trap: Trap | type[Trap] | None = None) -> list[str]:
    """Return the names of the trained agents that can act here, without their seeds."""
    return list(dict.fromkeys(name.rpartition(":")[0] for name in list_trained(trap)))


def is_variant(agent: str) -> bool:
    """Return whether an agent was trained with another alpha, reward or keyword than its row."""
    return _VARIANT.search(agent) is not None


def _ask_library(entry_point: EntryPoint, function: str, *arguments: object) -> Any:
    """Call a function of a module with trained agents; None if the module is not installed."""
    package = entry_point.value.partition(".")[0]
    if find_spec(package) is None or find_spec(entry_point.value) is None:
        return None
    return getattr(import_module(entry_point.value), function)(*arguments)


# -- names on cards --------------------------------------------------------------------------------


def locate_policy(policy: str | Path) -> str:
    """Return the text of a policy, with an absolute path if it is on the disk.

    So the program may change its folder. What is on the disk is a path, whatever characters its
    name has; only the policies of ``PLAYABLE``, oracles and references are never paths.
    """
    text = str(policy)
    if text in PLAYABLE or text.partition(":")[0] in (ORACLE, "reference"):
        return text
    file, _, name = text.rpartition(":")
    if text and os.path.exists(path := locate_path(text)):
        return str(path)
    if file.endswith(".py") and os.path.isfile(path := locate_path(file)):
        return f"{path}:{name}"
    return text


def name_policy(policy: object) -> str:
    """Return a policy's name on its card, which is never a path.

    A trained agent's name is the ``name`` in its ``policy.json``, else the folder's name. A file's
    name is the file name without its ending; a number is a seed of the agent whose folder contains
    the file, ``runs-s1`` for ``runs/CheeseCorner/1.onnx``. Agents of the package have their seed in
    the name, ``ppo-s3``. Other texts are names already; objects get the name of their function or
    type.
    """
    if not isinstance(policy, str | Path):
        return str(read_attribute(policy, "__name__", type(unwrap_partial(policy)).__name__))
    spec = locate_policy(policy)
    path = Path(spec)
    if ".py:" in spec:
        return path.name
    # The methods of Path raise an error if a name is too long for a file.
    if os.path.isfile(spec):
        return _name_seed_file(path) if path.stem.isdecimal() else path.stem
    if not os.path.isdir(spec):
        return _name_trained(spec)
    try:
        recorded = read_policy_file(path).get("name")
    except (ValueError, OSError):  # loading the agent reports the error
        recorded = None
    usable = isinstance(recorded, str) and _NAME.fullmatch(recorded)
    return str(recorded) if usable else path.resolve().name


def _name_seed_file(path: Path) -> str:
    """Return ``runs-s1`` for ``runs/1.onnx``, also in a folder of the name of a trap."""
    traps = {word for name in all_traps() for word in (name, name.rpartition("-")[0])}
    folders = (folder.name for folder in path.resolve().parents)
    folder = next((name for name in folders if name and name not in traps), "")
    return f"{folder}-s{int(path.stem)}" if folder else path.stem


def _name_trained(spec: str) -> str:
    """Return ``ppo-s3`` for ``ppo:3``; return other names unchanged."""
    name, seed = split_seed(spec)
    if not name or spec in PLAYABLE:
        return spec
    if seed is None:
        spec = next((x for x in list_trained() if x.rpartition(":")[0] == spec), spec)
    agent, _, seed_text = spec.rpartition(":")
    return f"{agent}-s{seed_text}" if agent else spec
