"""Resolvers, which turn a user's text (a name, folder, file or module) into a policy.

A resolver returns a policy, or an object for the adapters, for a text that it accepts, such as
``ppo:3``, and ``NotImplemented`` for all others. The first resolver that accepts the text is used.
``as_policy`` documents the texts and objects that resolvers and adapters accept.
"""

from __future__ import annotations

import inspect
import os
import textwrap
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from mesa_gym.engine import STAY
from mesa_gym.envs.checks import integer
from mesa_gym.errors import PolicyBlame, UnknownNameError, find_nearest, offer, shorten
from mesa_gym.files import read_bytes
from mesa_gym.importing import import_source
from mesa_gym.links import link_page
from mesa_gym.other_packages import describe, list_entry_points
from mesa_gym.policies.adapters import (
    ADAPTERS,
    CHAT_NAMES,
    SB3,
    TEXT_NAMES,
    Maker,
    Request,
    adapt,
    is_network,
    list_adapters,
    list_required,
    make_first,
    name_observation,
)
from mesa_gym.policies.agent_files import POLICY_FILE, read_policy_file
from mesa_gym.policies.frames import MOST_STACKED, FramedPolicy
from mesa_gym.policies.habits import make_habit
from mesa_gym.policies.names import (
    AIMLESS,
    LEARNER_ORACLE,
    NEAREST,
    OPEN_LOOP,
    ORACLE,
    REFLEX,
    SWEEPER,
    find_trained,
    list_agents,
    locate_policy,
    not_for,
    references,
)
from mesa_gym.policies.oracle import Aimless, BestLearner, NearestTarget, Oracle
from mesa_gym.policies.protocol import Policy
from mesa_gym.policies.scripted import Reference, Sweeper, constant, uniform
from mesa_gym.traps import Trap

# Entry points of this group name functions ``load(folder, trap)`` of installed packages. A
# policy.json may name only these loaders, because it belongs to an agent that may not be trusted.
LOADERS = "mesa_gym.loaders"
ENDINGS = (".zip", ".onnx")
PT = (
    ". A .pt file does not contain the network's class: call score(network, TRAP) in Python, or"
    f" export the network to ONNX ({link_page('what_can_be_scored', 'an-onnx-file')})"
)
# A function with one of these as its only required parameter is a policy, not a factory.
OBSERVATION_NAMES = ("obs", "observation", "observations", *TEXT_NAMES, *CHAT_NAMES)


def _resolve_name(text: str, request: Request) -> object:
    """Take a name: ``random``, ``stay``, ``sweeper``, ``oracle:<objective>``, and others.

    Traps with an exact solver have oracles, ``nearest`` and ``aimless``; other traps have
    ``reference:<objective>``. ``base`` is an alias of the base objective; ``oracle`` means
    ``oracle:base``.
    """
    trap, horizon = request.trap, request.horizon
    if text in (NEAREST, AIMLESS) and not trap.solvable:
        raise not_for(trap, text)
    classes: dict[str, Callable[[], object]] = {
        "random": uniform,
        "stay": partial(constant, STAY),
        SWEEPER: partial(Sweeper, trap),
        OPEN_LOOP: partial(make_habit, trap, OPEN_LOOP),
        REFLEX: partial(make_habit, trap, REFLEX),
        NEAREST: partial(NearestTarget, trap, "base", horizon),
        AIMLESS: partial(Aimless, trap, "base", horizon),
        LEARNER_ORACLE: partial(BestLearner, trap),
    }
    if text in classes:
        return classes[text]()
    kind, _, objective = text.partition(":")
    if text == ORACLE or (kind == ORACLE and objective):
        return Oracle(trap, objective or "base", horizon)
    return Reference(trap, objective) if kind == "reference" and objective else NotImplemented


def _resolve_folder(text: str, request: Request) -> object:
    """Take a trained agent's directory, as a string or a ``Path``."""
    if not os.path.isdir(text):
        return NotImplemented
    folder, trap = Path(text), request.trap
    entries = read_policy_file(folder)
    if entries["trap"] != trap.name():
        raise ValueError(
            f"the agent in {folder} was trained on {shorten(entries['trap'])} and cannot act on"
            f" {trap.name()!r}; train an agent for it"
        )
    loaders = list_entry_points(LOADERS)
    if not loaders:  # for example a checkout that is only on PYTHONPATH
        raise ValueError(
            f"{folder} has an agent whose loader is found by the installed package, and mesa-gym is"
            " not installed here; install the checkout: pip install -e ."
        )
    if entries["loader"] not in loaders:
        raise ValueError(
            f"{folder / POLICY_FILE} names the loader {shorten(entries['loader'])}; installed are"
            f" {', '.join(sorted(loaders))}; load other agents by a function of your own,"
            " as module:name"
        )
    if not (folder / entries["weights"]).is_file():
        raise ValueError(f"{folder / entries['weights']} is missing; train or copy the agent again")
    loader = loaders[entries["loader"]]
    with PolicyBlame(describe(loader), passing=(ImportError, ValueError)):
        return _import_name(loader.value, text)(folder, trap)


def _resolve_model_file(text: str, request: Request) -> object:
    """Take a model saved by Stable-Baselines3, a ``.zip``, together with ``algo``.

    Loading a model can run code from the file: load only files that you trust.
    """
    if not (is_model_file(text) and os.path.isfile(text)):
        return NotImplemented
    if SB3 not in list_adapters():  # for example a checkout that is only on PYTHONPATH
        raise ImportError('install mesa_gym again: in a checkout pip install -e ".[sb3]"')
    return list_adapters()[SB3].load().load_model(text, request.algo)


def _resolve_graph_file(text: str, request: Request) -> object:
    """Take an ``.onnx`` file, as ``mesa_gym.sb3.export`` or ``torch.onnx.export`` writes it.

    ``mesa_gym.policies.onnx`` documents its inputs and outputs.
    """
    if not os.path.isfile(text):
        return NotImplemented
    if not text.endswith(".onnx"):
        raise ValueError(
            f"policy {text!r} cannot be loaded; expected a directory, a .zip of Stable-Baselines3,"
            f" an .onnx file, or `FILE.py:name`{PT if text.endswith(('.pt', '.pth')) else ''}"
        )
    from mesa_gym.policies.onnx import OnnxPolicy

    try:
        return OnnxPolicy(read_bytes(Path(text)), request.trap, request.observation)
    except ValueError as error:
        raise ValueError(f"policy {text!r}: {error}") from None


def _resolve_trained(text: str, request: Request) -> object:
    """Take a trained agent that comes with the package, such as ``ppo:3``.

    ``ppo:3`` is seed 3 of the plain PPO network, ``ppo`` is its first seed, and ``ppo-planner:3``
    is a planner. ``mesa-gym describe`` and the library's manifest list the others.
    """
    agent = find_trained(text, request.trap)
    return NotImplemented if agent is None else agent


def _resolve_python_name(text: str, request: Request) -> object:
    """Take ``module:name`` or ``FILE.py:name``, the name of a policy or of a factory of policies.

    A function whose only required parameter is called ``obs``, ``observation``, ``observations``,
    ``text`` or ``prompt`` is a policy. Any other function or class is a factory. It is called with
    the trap, or without arguments if it requires none and has no parameter ``trap``.
    """
    py = text.rpartition(":")[0].endswith(".py")
    if not py and ("/" in text or "\\" in text or text.startswith(".") or text.endswith(ENDINGS)):
        raise ValueError(f"policy {shorten(text)}: there is no such file or directory")
    if ":" not in text:
        return NotImplemented
    with PolicyBlame(f"policy {shorten(text)}", passing=(ImportError, ValueError)):
        return _call_factory(_import_name(text, text), request)


def _import_name(path: str, spec: str) -> Any:
    """Return the object of ``module:name`` or ``FILE.py:name``."""
    source, _, name = path.rpartition(":")
    try:
        module = import_source(f"policy {shorten(spec)}", source)
    except ValueError as error:
        near = find_nearest(source, [ORACLE, "reference", *list_agents()], 0.7)
        if near == source:
            example = f"{source}:0" if source in list_agents() else f"{source}:base"
            raise UnknownNameError(
                f"policy {shorten(spec)}: expected a name such as {example}"
            ) from None
        hint = f" (Did you mean '{near}:{name}'?)" if near else ""
        raise ValueError(f"{error}{hint}") from None
    if not hasattr(module, name):
        homes = {x: getattr(member, "__module__", "") for x, member in vars(module).items()}
        defined = (x for x, home in homes.items() if home == module.__name__)
        offered = offer(name, [x for x in defined if not x.startswith("_")])
        raise UnknownNameError(f"{source} has no policy {shorten(name)}; {offered}")
    return getattr(module, name)


def _call_factory(target: Callable[..., object], request: Request) -> object:
    """Return an object as it is, or, for a factory, the policy that calling it returns."""
    factory = isinstance(target, type)
    is_policy = isinstance(target, Policy) or is_network(target)
    if not factory and (is_policy or not callable(target)):
        return target
    needed = list_required(target)
    if not factory and len(needed) == 1 and needed[0] in OBSERVATION_NAMES:
        return target
    wants_trap = needed or "trap" in inspect.signature(target).parameters
    policy = target(request.trap) if wants_trap else target()
    kind = None if factory else name_observation(target)
    return policy if kind is None else adapt(policy, request._replace(observation=kind))


# Resolver -> description of its texts, as in ``ADAPTERS``; "" if an error lists the names instead.
RESOLVERS: dict[Maker, str] = {
    _resolve_name: "",
    _resolve_folder: "a directory",
    _resolve_model_file: "a .zip",
    _resolve_graph_file: "an .onnx",
    _resolve_trained: "",
    _resolve_python_name: "or FILE.py:name",
}


def names_object(policy: object) -> bool:
    """Return whether a text names a graph, or an object of a user's code, and no known agent."""
    source, colon, _ = str(policy).rpartition(":")
    agents = (ORACLE, "reference", *list_agents())
    named = bool(colon) and source not in agents and not os.path.isdir(str(policy))
    return named or str(policy).endswith(".onnx")


def is_model_file(policy: object) -> bool:
    """Return whether a policy is the path of a ``.zip``, a model saved by Stable-Baselines3."""
    return isinstance(policy, str | Path) and str(policy).endswith(".zip")


def as_policy(
    policy: object,
    trap: Trap,
    horizon: int,
    observation: str | None = None,
    algo: str | None = None,
    frame_stack: int | None = None,
    action_repeat: int | None = None,
) -> Policy:
    """Return an agent of any code base as a policy.

    Args:
        policy: one of

            MAKERS
        trap: the trap that the policy will act on.
        horizon: the time limit in steps, which oracles depend on.
        observation: the kind of observation for a callable ("planes" by default), or for a graph
            with a shape that fits several kinds. All other policies name their observation.
        algo: the algorithm of a saved model: ``ppo``, ``a2c``, ``dqn``, ``recurrent_ppo``,
            ``qrdqn`` or ``trpo``; case, ``-`` and ``_`` do not matter.
        frame_stack: the number of last observations that the model takes, (n, frame_stack, ...), as
            Gymnasium's ``FrameStackObservation`` gives them. A model of Stable-Baselines3 may also
            have them along its channels, as ``VecFrameStack`` does.
        action_repeat: the number of steps for which each action is repeated, as Gymnasium's
            ``RepeatAction`` does; the frames in between are not seen. ``policy.json`` of a folder
            may name both numbers.

    Raises:
        ImportError: an extra that the policy needs is not installed.
        PolicyError: the module or factory raised an error other than ImportError or ValueError.
        ValueError: the policy is none of these; a name is unknown; a directory or file is missing,
            damaged or made for another trap or version; or a model was trained on observations
            that the trap does not have. The message says how to fix it.

    Example:
        >>> from mesa_gym.policies import as_policy
        >>> from mesa_gym.traps import find_trap
        >>> trap = find_trap("CheeseCorner")()
        >>> policy = as_policy("oracle:cheese", trap, trap.horizon("test"))
    """
    frames = _read_frames(policy, frame_stack=frame_stack, action_repeat=action_repeat)
    request = Request(trap, horizon, observation, algo, *frames)
    if algo is not None and not is_model_file(policy):
        source = shorten(policy)
        raise ValueError(f"algo {shorten(algo)} is for a saved model, a .zip, not for {source}")
    if not isinstance(policy, str | Path):
        return _frame(adapt(policy, request), request)
    text = locate_policy(policy)
    resolved = make_first(RESOLVERS, text, request)
    if resolved is NotImplemented:
        sources = filter(None, RESOLVERS.values())
        expected = offer(text, [*references(trap), *list_agents(trap), *sources])
        advice = " Expected one policy, without commas." * ("," in text)
        raise UnknownNameError(
            f"{shorten(text)} is neither a policy nor a file; {expected}{advice}"
        )
    try:
        return _frame(adapt(resolved, request), request)
    except ValueError as error:
        raise ValueError(f"policy {shorten(text)}: {error}") from None


def _read_frames(policy: object, **options: int | None) -> list[int]:
    """Return ``frame_stack`` and ``action_repeat``, given or from a folder's ``policy.json``.

    Raises:
        ValueError: one is no number of frames, or ``policy.json`` has another.
    """
    recorded: Mapping[str, Any] = {}
    if isinstance(policy, str | Path) and os.path.isdir(folder := locate_policy(policy)):
        recorded = read_policy_file(Path(folder))
    numbers = []
    for name, number in options.items():
        if number is not None and recorded.get(name, number) != number:
            raise ValueError(
                f"{name} is {shorten(number)}, and {policy} was trained with {recorded[name]};"
                f" leave out {name}"
            )
        chosen = recorded.get(name, 1) if number is None else number
        numbers.append(integer(name, chosen, 1, MOST_STACKED))
    return numbers


def _frame(policy: Policy, request: Request) -> Policy:
    """Return a policy with the frames and the repeated actions of a request."""
    frames = request.frame_stack, request.action_repeat
    return policy if frames == (1, 1) else FramedPolicy(policy, *frames)


def _list_docs() -> str:
    """Return the docstrings of resolvers and adapters as a bulleted list for a docstring."""
    texts = (inspect.getdoc(make) or "" for make in (*RESOLVERS, *ADAPTERS))
    items = (text.removeprefix("Take ").replace("\n\n", "\n") for text in texts)
    return textwrap.indent("\n".join("* " + item.replace("\n", "\n  ") for item in items), " " * 12)


as_policy.__doc__ = (as_policy.__doc__ or "").replace(f"{' ' * 12}MAKERS", _list_docs())
