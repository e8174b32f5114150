"""Policies from names, trained agents' directories, saved models, modules, or an agent itself."""

from __future__ import annotations

import inspect
import os
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from mesa_gym.engine import STAY
from mesa_gym.errors import PolicyBlame, UnknownNameError, find_nearest, offer, shorten
from mesa_gym.files import read_bytes
from mesa_gym.importing import import_source
from mesa_gym.policies.adapting import adapt, import_adapter, is_model, name_observation, needs
from mesa_gym.policies.agent_files import POLICY_FILE, read_policy_file
from mesa_gym.policies.names import SWEEPER, find_trained, list_agents, references
from mesa_gym.policies.oracle import make_named
from mesa_gym.policies.protocol import Policy
from mesa_gym.policies.scripted import constant, uniform
from mesa_gym.policies.sweeper import Sweeper
from mesa_gym.traps import Trap

# Installed packages name what loads agents by entry points of this group, ``load(folder, trap)``.
# A policy.json names one of them: it comes with an agent that need not be trusted.
LOADERS = "mesa_gym.loaders"
# What may stand before the colon, besides a module.
PREFIXES = ("oracle", "reference")
ENDINGS = (".zip", ".onnx")
PT = "; a .pt does not say its class: in Python score(network, TRAP), or write ONNX (docs/onnx.md)"
# A function with one of these as its only required parameter is a policy, not a factory.
SEEN = ("obs", "observation", "observations", "text")


def as_policy(
    policy: Any, trap: Trap, horizon: int, observation: str | None = None, algo: str | None = None
) -> Policy:
    """Return an agent as a policy, whatever code base it comes from.

    Args:
        policy: one of

            * a name: ``random``, ``stay`` or ``sweeper``; ``oracle:<objective>``, ``nearest`` or
              ``aimless`` where there is an exact solver, else ``reference:<objective>``; there
              ``base`` is an alias, and ``oracle`` the oracle of base;
            * a trained agent's directory, as a string or a ``Path``;
            * a trained agent that comes with the package: ``ppo:3`` is seed 3 of the network that
              plain training made, ``ppo`` its first seed, and ``ppo-planner:3`` a planner; the
              command ``mesa-gym describe`` and the library's manifest have the others;
            * a model that Stable-Baselines3 saved, a ``.zip``, with ``algo``. Loading it runs what
              the file says: do it only with files that you trust;
            * an ``.onnx`` file, as ``mesa_gym.sb3.export`` or ``torch.onnx.export`` writes it;
              ``mesa_gym.policies.onnx`` says which inputs and outputs it may have;
            * ``module:name`` or ``FILE.py:name``. What has the name may be a policy; a function
              whose only required parameter is called ``obs``, ``observation``, ``observations`` or
              ``text``, which is one; or any other function or a class, which is called and returns
              one. It is called with the trap, or with nothing if it requires nothing and has no
              parameter ``trap``;
            * an object that is a ``Policy``; its ``act`` need not take the state;
            * a model of Stable-Baselines3, sb3-contrib or SBX with discrete actions, such as PPO,
              RecurrentPPO or DQN: sampled from its probabilities where it has any, else greedy. It
              is shown the kind of observation that it was trained on, also flattened, channels
              first, or normalised by the ``VecNormalize`` that it still has;
            * a ``torch.nn.Module`` from float32 observations to five scores a row;
            * a function whose only required parameter is called ``text``, or any with
              ``observation="text"``: from the text of one state to an answer that names an action;
            * any other callable, ``policy(observations)`` with arrays (n, ...) giving actions,
              integers (n,), or probabilities (n, 5), as anything that ``np.asarray`` takes.
        trap: what it will act on.
        horizon: the time limit in steps, which oracles depend on.
        observation: the kind that a callable wants, "planes" by default, or a graph whose shape
            fits several. All other policies name their observation themselves.
        algo: what loads a saved model: ``ppo``, ``a2c``, ``dqn``, ``recurrent_ppo``, ``qrdqn`` or
            ``trpo``; case, ``-`` and ``_`` do not matter.

    Raises:
        ImportError: an extra that the policy needs is not installed.
        PolicyError: the module or factory raised an error other than ImportError or ValueError.
        ValueError: the policy is none of these; a name means nothing; a directory or file is
            missing, damaged or made for another trap or version; or a model was trained on
            something that the trap does not show. The message says what to do.

    Example:
        >>> from mesa_gym.policies import as_policy
        >>> from mesa_gym.traps import find_trap
        >>> trap = find_trap("CheeseCorner")()
        >>> policy = as_policy("oracle:cheese", trap, trap.horizon("test"))
    """
    if algo is not None and not is_model_file(policy):
        source = shorten(policy)
        raise ValueError(f"algo {shorten(algo)} is for a saved model, a .zip, not for {source}")
    if isinstance(policy, Path):
        policy = str(policy)
    if not isinstance(policy, str):
        return adapt(policy, trap, observation)
    target = _find_policy(policy, trap, horizon, observation, algo)
    try:
        return adapt(target, trap, observation)
    except ValueError as error:
        raise ValueError(f"policy {shorten(policy)}: {error}") from None


def is_model_file(policy: Any) -> bool:
    """Return whether a policy is the name of a file that Stable-Baselines3 saved."""
    return isinstance(policy, str | Path) and str(policy).endswith(".zip")


def _find_policy(
    spec: str, trap: Trap, horizon: int, observation: str | None, algo: str | None
) -> Any:
    """Return the policy that ``spec`` names, or an object that ``as_policy`` takes."""
    if spec in ("random", "stay"):
        return uniform() if spec == "random" else constant(STAY)
    if spec == SWEEPER:
        return Sweeper(trap)
    if (policy := make_named(spec, trap, horizon)) is not None:
        return policy
    if os.path.isdir(spec):
        return _from_directory(Path(spec), trap)
    if os.path.isfile(spec):
        return _load_file(spec, trap, observation, algo)
    if (agent := find_trained(spec, trap)) is not None:
        return agent
    py = spec.rpartition(":")[0].endswith(".py")
    if not py and ("/" in spec or "\\" in spec or spec.startswith(".") or spec.endswith(ENDINGS)):
        raise ValueError(f"policy {shorten(spec)}: there is no such file or directory")
    if ":" in spec:
        with PolicyBlame(f"policy {shorten(spec)}", passing=(ImportError, ValueError)):
            return _make_policy(_import_name(spec, spec), trap)
    kinds = "or FILE.py:name, a directory, a .zip, an .onnx"
    expected = offer(spec, [*references(trap), *list_agents(trap), kinds])
    raise UnknownNameError(f"{shorten(spec)} is neither a policy nor a file; {expected}")


def _load_file(file: str, trap: Trap, observation: str | None, algo: str | None) -> Any:
    """Return the policy or the model in a saved file, for ``as_policy``."""
    if is_model_file(file):
        return import_adapter().load_model(file, algo)
    if not file.endswith(ENDINGS):
        raise ValueError(
            f"policy {file!r} is a file; expected a directory, a .zip of Stable-Baselines3, an"
            f" .onnx, or `FILE.py:name` that loads it{PT if file.endswith(('.pt', '.pth')) else ''}"
        )
    from mesa_gym.policies.onnx import OnnxPolicy

    try:
        return OnnxPolicy(read_bytes(Path(file)), trap, observation)
    except ValueError as error:
        raise ValueError(f"policy {file!r}: {error}") from None


def _from_directory(folder: Path, trap: Trap) -> Any:
    entries = read_policy_file(folder)
    if entries["trap"] != trap.name():
        raise ValueError(
            f"the agent in {folder} was trained on {shorten(entries['trap'])} and cannot act on"
            f" {trap.name()!r}; train one for it"
        )
    loaders = {entry_point.name: entry_point.value for entry_point in entry_points(group=LOADERS)}
    if entries["loader"] not in loaders:
        raise ValueError(
            f"{folder / POLICY_FILE} names the loader {shorten(entries['loader'])}; installed are"
            f" {', '.join(sorted(loaders)) or 'none'}; load other agents by a function of your own,"
            " as module:name"
        )
    if not (folder / entries["weights"]).is_file():
        raise ValueError(f"{folder / entries['weights']} is missing; train or copy the agent again")
    return _import_name(loaders[entries["loader"]], str(folder))(folder, trap)


def _import_name(path: str, spec: str) -> Any:
    """Return the object of ``module:name`` or ``FILE.py:name``."""
    source, _, name = path.rpartition(":")
    try:
        module = import_source(f"policy {shorten(spec)}", source)
    except ValueError as error:
        near = find_nearest(source, [*PREFIXES, *list_agents()], 0.7)
        hint = f" (Did you mean '{near}:{name}'?)" if near else ""
        raise ValueError(f"{error}{hint}") from None
    if not hasattr(module, name):
        homes = {x: getattr(member, "__module__", "") for x, member in vars(module).items()}
        names = [
            x for x, home in homes.items() if home == module.__name__ and not x.startswith("_")
        ]
        raise UnknownNameError(f"{source} has no policy {shorten(name)}; {offer(name, names)}")
    return getattr(module, name)


def _make_policy(target: Any, trap: Trap) -> Any:
    """Return the policy of an object found in a module, called first if it is a factory."""
    factory = isinstance(target, type)
    if not factory and (isinstance(target, Policy) or is_model(target) or not callable(target)):
        return target
    needed = needs(target)
    if not factory and len(needed) == 1 and needed[0] in SEEN:
        return target
    wants_trap = needed or "trap" in inspect.signature(target).parameters
    policy = target(trap) if wants_trap else target()
    kind = None if factory else name_observation(target)
    return policy if kind is None else adapt(policy, trap, kind)
