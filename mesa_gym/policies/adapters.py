"""Adapters, which turn Python objects such as models and functions into policies.

An adapter returns a policy for an object that it accepts, and ``NotImplemented`` for all others.
The first adapter that accepts the object is used. ``as_policy`` documents the accepted objects.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import EntryPoint
from typing import Any, NamedTuple, cast

from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import PolicyBlame, PolicyError, shorten
from mesa_gym.other_packages import describe, is_ours, list_entry_points
from mesa_gym.policies.callables import read_attribute
from mesa_gym.policies.functions import FunctionPolicy, TextPolicy
from mesa_gym.policies.protocol import Policy
from mesa_gym.policies.torch_network import NetworkPolicy
from mesa_gym.traps import Trap

# Entry points of this group name modules of libraries, which this package does not know. A module
# has ``takes(model)``, which returns whether an object is a model of the library, and
# ``from_model(model, trap)``, which returns a policy, or another object that ``as_policy`` accepts.
# ``takes`` is asked about objects that are not a ``Policy``, a network or a callable, so a module
# imports its library only in ``from_model``.
ADAPTERS_GROUP = "mesa_gym.adapters"
SB3 = "sb3"  # its module also has ``load_model(file, algo)``

# Classes of Flax without their parameters -> the call that gives scores.
FLAX_CALLS = {
    "flax.linen.module.Module": "model.apply(params, observations)",
    "flax.training.train_state.TrainState": "state.apply_fn(state.params, observations)",
}

# The parameters of a function that is asked about the text of a state.
TEXT_NAMES = ("text", "prompt")
# Parameters whose form depends on a client, such as a list of messages of a chat.
CHAT_NAMES = ("message", "messages", "chat", "conversation", "query", "question")


class Request(NamedTuple):
    """The arguments of ``as_policy`` besides the source."""

    trap: Trap
    horizon: int = 0
    observation: str | None = None
    algo: str | None = None
    frame_stack: int = 1
    action_repeat: int = 1


# Returns a policy made from a source, or ``NotImplemented``.
Maker = Callable[[Any, Request], object]


def make_first(makers: Iterable[Maker], source: object, request: Request) -> Any:
    """Return the policy of the first maker that accepts a source, else ``NotImplemented``."""
    policies = (make(source, request) for make in makers)
    return next((policy for policy in policies if policy is not NotImplemented), NotImplemented)


def _adapt_own(policy: object, request: Request) -> object:
    """Take a model of Stable-Baselines3, sb3-contrib or SBX with discrete actions, such as DQN.

    Actions are sampled from the model's action probabilities; a model without probabilities acts
    greedily. It receives the kind of observation that it was trained on, if necessary flattened,
    with channels first, or normalised by the ``VecNormalize`` that is still attached to it.
    """
    return _adapt_by(filter(is_ours, list_adapters().values()), policy, request)


def _adapt_other(policy: object, request: Request) -> object:
    """Take another library's model, if its package has an entry point ``mesa_gym.adapters``.

    The card names the adapter and its package.
    """
    foreign = (entry_point for entry_point in list_adapters().values() if not is_ours(entry_point))
    return _adapt_by(foreign, policy, request)


def _adapt_by(entry_points: Iterable[EntryPoint], policy: object, request: Request) -> object:
    # A policy needs no adapter, so scoring a script does not import the libraries' modules.
    answers = () if isinstance(policy, Policy) else ask_adapters(entry_points, policy)
    entry_point = next((entry_point for entry_point, error in answers if not error), None)
    if entry_point is None:
        return NotImplemented
    name = describe(entry_point)
    with PolicyBlame(name, passing=(ImportError, ValueError)):
        stack = [request.frame_stack] * is_ours(entry_point)  # others leave stacks to their model
        source = entry_point.load().from_model(policy, request.trap, *stack)
    makers = (make for make in ADAPTERS if make not in (_adapt_own, _adapt_other))
    adapted = make_first(makers, source, request)
    if adapted is NotImplemented:
        raise ValueError(f"{name} made {shorten(source)} of {shorten(policy)}, not a policy")
    if entry_point.dist is not None and not is_ours(entry_point):
        written = f"{entry_point.dist.name} (adapter {entry_point.name})"
        with suppress(AttributeError):  # a policy with slots
            adapted.adapter_versions = {written: entry_point.dist.version}
    return adapted


def _adapt_network(policy: object, request: Request) -> object:
    """Take a ``torch.nn.Module`` that maps float32 observations to five scores per row."""
    if not is_network(policy) or isinstance(policy, Policy):
        return NotImplemented
    kind = name_observation(policy, request.observation)
    return NetworkPolicy(policy, request.trap, kind, request.frame_stack)


def _adapt_object(policy: object, request: Request) -> object:
    """Take an object that is a ``Policy``; its ``act`` may omit the parameter ``state``."""
    if not isinstance(policy, Policy):
        return NotImplemented
    alone = not can_call(policy.act, 2)
    if not can_call(policy.reset, 2) or (alone and not can_call(policy.act, 1)):
        has = f"{type(policy).__name__} must have the methods reset(mask, rng)"
        raise ValueError(f"{has} and act(observation) or act(observation, state)")
    return FunctionPolicy(policy.act, policy.observation, policy.reset) if alone else policy


def _adapt_text_function(policy: Any, request: Request) -> object:
    """Take a function that maps the text of one state to an answer that names an action.

    Its only required parameter is called ``text`` or ``prompt``, or ``observation="text"`` is
    passed.
    """
    return TextPolicy(policy) if takes_text(policy, request.observation) else NotImplemented


def takes_text(policy: Any, observation: str | None = None) -> bool:
    """Return whether a policy is a function of the text of one state.

    Raises:
        ValueError: it is a function of a chat's messages.
    """
    if isinstance(policy, (str, type, Policy)) or not can_call(policy, 1):
        return False
    kind = name_observation(policy, observation)
    (required, *more) = [*list_required(policy), ""]
    is_alone = kind is None and more == [""]
    if is_alone and required in CHAT_NAMES:
        raise ValueError(
            f"{shorten(policy)} takes {required}; a function that asks a language model takes"
            " `text`, such as lambda text: ask([{'role': 'user', 'content': text}]); for a function"
            " of observations, name their kind: observation='planes'"
        )
    return kind == "text" or (is_alone and required in TEXT_NAMES)


def _adapt_batch_function(policy: Callable[..., object], request: Request) -> object:
    """Take any callable that maps observations (n, ...) to actions (n,) or probabilities (n, 5).

    Actions are integers; the answer may be anything that ``np.asarray`` takes.
    """
    if not can_call(policy, 1):
        return NotImplemented
    return FunctionPolicy(policy, name_observation(policy, request.observation) or "planes")


# Adapter -> description of the accepted objects, for errors. Adapters are tried in this order.
# Their docstrings, "Take ...", are inserted into the documentation of ``as_policy``.
ADAPTERS: dict[Maker, str] = {
    _adapt_own: "a model of Stable-Baselines3 or of another library with an adapter",
    _adapt_network: "a torch network with five outputs",
    _adapt_object: "an object with the attribute `observation` and the methods reset(mask, rng) and"
    " act(observation, state=None)",
    _adapt_text_function: "a function of one `text` or `prompt`, maybe async, whose answer names"
    " an action",
    _adapt_batch_function: "a callable that takes a batch of observations and gives actions (n,) or"
    " probabilities (n, 5)",
    _adapt_other: "",
}


def adapt(policy: object, request: Request) -> Policy:
    """Return an object as a policy; ValueError if it is not a policy or does not fit the trap."""
    _refuse_mistakes(policy)
    adapted = make_first(ADAPTERS, policy, request)
    if adapted is NotImplemented:
        answers = ask_adapters(list_adapters().values(), policy)
        if error := next((error for _, error in answers if error), None):
            raise PolicyError(
                f"{shorten(policy)} is not a policy, unless of a library whose adapter is broken:"
                f" {error}; update that package, or uninstall it"
            ) from error.__cause__
        takes_more = "; it must take one argument, a batch of observations" * callable(policy)
        *kinds, last = filter(None, ADAPTERS.values())
        usable = f"{'; '.join(kinds)}; or {last}"
        raise ValueError(f"{shorten(policy)} is not a policy{takes_more}; expected {usable}")
    if request.observation not in (None, adapted.observation):
        raise ValueError(
            f"the policy acts on the observation {adapted.observation!r}, not"
            f" {shorten(request.observation)}; leave out `observation`, which is for functions"
        )
    make_observation(request.trap, adapted.observation)  # refuses a kind that does not exist
    return cast(Policy, adapted)


def _refuse_mistakes(policy: object) -> None:
    """Raise ValueError for a class, a trap, an environment, or a network and its weights apart."""
    if isinstance(policy, type):
        raise ValueError(f"{policy.__name__} is a class; pass an instance of it")
    if isinstance(policy, Trap):
        raise ValueError(f"{policy!r} is a trap; the policy comes first: score(policy, trap)")
    if hasattr(policy, "observation_space") and hasattr(policy, "step"):
        raise ValueError(
            f"expected a policy, got the environment {shorten(policy)}; pass the agent that acts in"
            " it, and name the trap: score(policy, 'CheeseCorner')"
        )
    for base, call in FLAX_CALLS.items():
        if has_base(policy, base) and getattr(policy, "scope", None) is None:
            raise ValueError(
                f"{type(policy).__name__} is of Flax, which keeps the parameters apart; pass a"
                f" function with them: lambda observations: jax.nn.softmax({call})"
            )
    if isinstance(policy, Mapping):
        raise ValueError(
            f"a mapping of {shorten([*policy])} is not a policy; if it is a state dict, load it"
            " into its network (network.load_state_dict) and pass the network"
        )


def name_observation(policy: object, otherwise: str | None = None) -> str | None:
    """Return the observation kind in the ``observation`` attribute, else ``otherwise``."""
    named = read_attribute(policy, "observation")
    return named if isinstance(named, str) else otherwise


def is_network(policy: object) -> bool:
    """Return whether an object is a ``torch.nn.Module``, without importing torch."""
    return has_base(policy, "torch.nn.modules.module.Module")


def has_base(policy: object, *bases: str) -> bool:
    """Return whether an object's class has one of the base classes, each a text "module.name"."""
    return any(f"{cls.__module__}.{cls.__name__}" in bases for cls in type(policy).__mro__)


@cache
def list_adapters() -> dict[str, EntryPoint]:
    """Return the entry points of the libraries' adapters by name; each loads a module."""
    return list_entry_points(ADAPTERS_GROUP)


def ask_adapters(
    entry_points: Iterable[EntryPoint], model: object
) -> Iterator[tuple[EntryPoint, PolicyError | None]]:
    """Yield adapters that take a model, and broken adapters, each with its error.

    Broken adapters stop no other policy.
    """
    for entry_point in entry_points:
        try:
            with PolicyBlame(describe(entry_point)):
                is_taken = entry_point.load().takes(model)
        except PolicyError as error:
            yield entry_point, error
        else:
            if is_taken:
                yield entry_point, None


def can_call(function: Callable[..., object], arguments: int) -> bool:
    """Return whether a callable accepts ``arguments`` positional arguments; True if unknown."""
    try:
        inspect.signature(function).bind(*range(arguments))
    except TypeError:
        return False
    except ValueError:  # written in C, without a signature
        return True
    return True


def list_required(function: Callable[..., object]) -> list[str]:
    """Return the names of a callable's required parameters; empty if it has no signature."""
    try:
        parameters = inspect.signature(function).parameters.items()
    except ValueError:  # written in C, without a signature
        return []
    rest = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
    return [x for x, param in parameters if param.default is param.empty and param.kind not in rest]
