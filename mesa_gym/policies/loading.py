"""Policies from names, trained agents' directories, factories, or an agent itself."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mesa_gym.engine import STAY
from mesa_gym.errors import blaming, unknown
from mesa_gym.files import read_json
from mesa_gym.policies.adapting import adapt, takes
from mesa_gym.policies.names import references
from mesa_gym.policies.oracle import Oracle
from mesa_gym.policies.protocol import Policy
from mesa_gym.policies.scripted import Reference, constant, uniform
from mesa_gym.traps import Trap

SCHEMA = 1
POLICY_FILE = "policy.json"
TEXTS = ("trap", "observation", "loader", "weights")
# The functions that policy.json may name: it comes with an agent that need not be trusted.
LOADERS = ("agents.saving:load",)

# What may stand before the colon, besides a module.
PREFIXES = ("oracle", "reference")


def as_policy(policy: Any, trap: Trap, horizon: int, observation: str | None = None) -> Policy:
    """Return an agent as a policy, whatever code base it comes from.

    Args:
        policy: one of

            * a name, as ``load_policy`` takes it;
            * an object that is a ``Policy``; its ``act`` need not take the state;
            * a Stable-Baselines3 or sb3-contrib model with discrete actions, such as PPO, A2C,
              RecurrentPPO, DQN or QRDQN: sampled from its probabilities where it has any, else
              greedy, and shown the kind of observation that it was trained on;
            * any other callable, ``policy(observations)`` with uint8 (n, ...) giving actions,
              integers (n,), or probabilities (n, 5), as anything that ``np.asarray`` takes.
        trap: what it will act on.
        horizon: the time limit in steps, which oracles depend on.
        observation: the kind that a callable wants, "planes" by default. All others say
            themselves what they want.

    Raises:
        ValueError: it is none of these, a name means nothing, or a model was trained on something
            that the trap does not show; the message says what to do.
    """
    if not isinstance(policy, str):
        return adapt(policy, trap, observation)
    loaded = load_policy(policy, trap, horizon)
    return loaded if observation is None else adapt(loaded, trap, observation)


def load_policy(spec: str, trap: Trap, horizon: int) -> Policy:
    """Return the policy that a name means, for episodes of ``horizon`` steps.

    Args:
        spec: ``random``, ``stay``, ``oracle:<objective>`` (``oracle:any`` is the oracle of the sum
            of all) or, for a trap without exact solver, ``reference:<objective>``, where ``base``
            is an alias; a trained agent's directory; or ``module:factory``, called with the trap,
            which gives whatever ``as_policy`` takes.
        trap: what it will act on.
        horizon: the time limit in steps.

    Raises:
        ImportError: an extra that the policy needs is not installed.
        PolicyError: the factory raised something else than this or a ValueError.
        ValueError: the spec means nothing, or the directory is missing, damaged or made for
            another trap or version; the message says what to do.
    """
    if spec == "random":
        return uniform()
    if spec == "stay":
        return constant(STAY)
    if spec.startswith("oracle:"):
        return Oracle(trap, spec.removeprefix("oracle:"), horizon)
    if spec.startswith("reference:"):
        return Reference(trap, spec.removeprefix("reference:"))
    if Path(spec).is_dir():
        return _from_directory(Path(spec), trap)
    if Path(spec).is_file():
        raise ValueError(
            f"policy {spec!r} is a file; load a saved model yourself, as in"
            f" `score(PPO.load({spec!r}), {type(trap).__name__!r})`, or name a `module:factory`"
            " that does; an action trace goes to --trace"
        )
    if "/" in spec or spec.startswith("."):
        raise ValueError(f"policy {spec!r}: there is no such directory")
    if ":" in spec:
        factory = _factory(spec, spec)
        if not takes(factory, 1):
            raise ValueError(f"policy {spec!r} is not a factory: it cannot be called with the trap")
        with blaming(f"policy {spec!r}", passing=(ImportError, ValueError)):
            made = factory(trap)
        return _made(made, trap, spec)
    raise unknown("policy (nor is it a directory or module:factory)", spec, references(trap))


def read_policy_file(folder: Path) -> dict[str, Any]:
    """Read the ``policy.json`` of a trained agent.

    Raises:
        ValueError: it is missing, damaged, of another schema, or lacks an entry.
    """
    path, advice = folder / POLICY_FILE, "train or copy the agent again"
    try:
        entries = read_json(path)
    except FileNotFoundError:
        raise ValueError(f"{folder} holds no trained agent: {POLICY_FILE} is missing") from None
    except ValueError as error:
        raise ValueError(f"{error}; {advice}") from None
    # Before all else, as another schema may have other entries.
    schema = entries.get("schema") if isinstance(entries, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"{path} has schema {schema!r}; this version reads {SCHEMA}")
    if lost := [name for name in TEXTS if not isinstance(entries.get(name), str)]:
        raise ValueError(f"{path} is damaged: no text for {', '.join(lost)}; {advice}")
    return dict(entries)


def _from_directory(folder: Path, trap: Trap) -> Policy:
    entries = read_policy_file(folder)
    if entries["trap"] != trap.name():
        raise ValueError(
            f"the agent in {folder} was trained on {entries['trap']!r} and cannot act on"
            f" {trap.name()!r}; train one for it"
        )
    if entries["loader"] not in LOADERS:
        raise ValueError(
            f"{folder / POLICY_FILE} names the loader {entries['loader']!r}; expected"
            f" {LOADERS[0]!r}, which `python -m agents.train` writes; load other agents by a"
            " function of your own, as module:factory"
        )
    weights = folder / entries["weights"]
    if not weights.is_file():
        raise ValueError(f"{weights} is missing; train or copy the agent again")
    load = _factory(entries["loader"], str(folder))
    return _made(load(folder, trap), trap, str(folder))


def _factory(path: str, spec: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    if not all(part.isidentifier() for part in module.split(".")):
        raise ValueError(f"policy {spec!r}: {path!r} is not of the form module:factory")
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and not module.startswith(error.name):
            raise
        near = difflib.get_close_matches(module.lower(), PREFIXES, n=1, cutoff=0.7)
        hint = f". Did you mean '{near[0]}:{name}'?" if near else ""
        raise ValueError(
            f"policy {spec!r}: module {module!r} cannot be imported; run from a checkout, or"
            f" install what provides it{hint}"
        ) from None
    try:
        factory: Callable[..., Any] = getattr(loaded, name)
    except AttributeError:
        public = [n for n in vars(loaded) if not n.startswith("_")]
        raise unknown(f"factory in {module}", name, public) from None
    return factory


def _made(policy: Any, trap: Trap, spec: str) -> Policy:
    try:
        return adapt(policy, trap)
    except ValueError as error:
        raise ValueError(f"policy {spec!r} gave a {type(policy).__name__}; {error}") from None
