"""Policies from other code: callables, models, objects with some of the methods."""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import STAY, State
from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import PolicyError, read_error, shorten
from mesa_gym.language.answers import ASKED_AGAIN, read_action
from mesa_gym.policies.protocol import Memoryless, Policy
from mesa_gym.policies.torch_network import NetworkPolicy, is_network
from mesa_gym.traps import Trap

# The module of this group of entry points has ``from_model(model, trap)``, which gives a policy,
# and ``load_model(file, algo)``. It needs torch, which is there where such a model is.
ADAPTERS = "mesa_gym.adapters"
USABLE = (
    "an object with the attribute `observation` and the methods reset(mask, rng) and"
    " act(observation, state=None); a callable that takes a batch of observations and gives"
    " actions (n,) or probabilities (n, 5); a function of one `text`, maybe async, whose answer"
    " names an action; a torch network with five outputs; or a Stable-Baselines3 model"
)


def await_answer(answer: Any) -> Any:
    """Return an answer, awaited if it is awaitable, whether or not this thread runs a loop.

    All are awaited in one loop, as clients keep connections that belong to their loop.
    """
    if not inspect.isawaitable(answer):
        return answer

    async def settle() -> Any:
        return await answer

    future = asyncio.run_coroutine_threadsafe(settle(), _start_loop(os.getpid()))
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


@lru_cache(maxsize=1)
def _start_loop(process: int) -> asyncio.AbstractEventLoop:
    """Return the event loop of a process, started in a thread; a fork starts its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="mesa-gym answers", daemon=True).start()
    return loop


class FunctionPolicy:
    """A callable over batches of observations as a policy; ``reset`` clears its memory.

    A function whose attribute ``memory`` is False remembers nothing.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        observation: str,
        reset: Callable[..., None] = lambda mask, rng: None,
    ) -> None:
        self.function, self.observation, self.reset = function, observation, reset
        self.memory = getattr(function, "memory", True)
        self.__wrapped__ = function

    def act(self, observation: NDArray[Any], state: State | None = None) -> NDArray[Any]:
        """Return the callable's answer as an array."""
        answer = await_answer(self.function(observation))
        if isinstance(answer, tuple):
            raise ValueError(
                f"the policy gave a tuple of {len(answer)}; expected actions (n,) or probabilities"
                " (n, 5) alone (return the first of what predict returns, or give the model itself)"
            )
        if hasattr(answer, "detach"):  # of torch, maybe with a gradient, maybe on another device
            answer = answer.detach().cpu()
        return np.asarray(answer)


ANSWERS_FILE = "answers_file"  # the attribute of a function whose answers are kept: the file


class TextPolicy(Memoryless):
    """A function from the text of one state to a text that chooses an action, as a policy.

    Such functions may be slow, so they are asked as if they remembered nothing. Where an answer
    cannot be read (``language.read_action``), the function is asked once more; then the agent
    stands still, and that is counted.

    Attributes:
        asked: how many texts it was asked about.
        unread: to how many of them it gave no answer that could be read.
        answers: the last answers, one for each text.
    """

    observation = "text"

    def __init__(self, function: Callable[[str], Any]) -> None:
        self.function = function
        self.asked = self.unread = 0
        self.answers: list[str] = []

    def act(self, observation: Any, state: State | None = None) -> NDArray[np.int64]:
        """Return the policy's actions, int64 (n,).

        Raises:
            PolicyError: a call failed, or an answer is not a text.
        """
        self.answers, actions = [], list[int | None]()
        for text in observation:
            answer = self._ask(text)
            if (action := self._read(answer)) is None:
                answer = self._ask(f"{text}\n{ASKED_AGAIN}")
                action = self._read(answer)
            self.answers.append(answer)
            actions.append(action)
        self.asked += len(actions)
        self.unread += actions.count(None)
        return np.array([STAY if action is None else action for action in actions], dtype=np.int64)

    def _ask(self, text: str) -> Any:
        """Return the answer to a text; the error of a failed call says where the answers are."""
        try:
            return await_answer(self.function(text))
        except PolicyError:
            raise
        except Exception as error:
            path = getattr(self.function, ANSWERS_FILE, None)
            advice = f"{path} has the answers so far, so that the same program goes on after them"
            if path is None:
                advice = (
                    "the answers so far are lost; mesa_gym.language.kept_answers."
                    "keep_answers(ask, FILE) keeps them, and the same program goes on after them"
                )
            raised = f"{type(error).__name__}: {read_error(error)}".removesuffix(": ")
            raise PolicyError(f"it raised {raised}; {advice}") from error

    def _read(self, answer: Any) -> int | None:
        if not isinstance(answer, str):
            raise PolicyError(f"it answered {shorten(answer)}; expected text that names an action")
        return read_action(answer)


def warn_of_unread(acting: Iterable[tuple[str, Policy]]) -> None:
    """Warn of questions in words without an answer that chose an action.

    Args:
        acting: names and policies; a policy may occur once for each split that it played.
    """
    for name, policy in {id(policy): (name, policy) for name, policy in acting}.values():
        if isinstance(policy, TextPolicy) and policy.unread:
            count = f"{policy.unread:,} of {policy.asked:,} questions to {name!r}"
            advice = "there it stood still: give one action alone on the last line"
            warnings.warn(f"{count} got no readable answer, and {advice}", stacklevel=3)


def adapt(policy: Any, trap: Trap, observation: str | None = None) -> Policy:
    """Wrap an object as a policy; ``as_policy`` lists the accepted objects.

    Raises:
        ValueError: the object cannot be a policy, or not on this trap.
    """
    adapted: Policy
    if isinstance(policy, type):
        raise ValueError(f"{policy.__name__} is a class; hand over an instance of it")
    if isinstance(policy, Trap):
        raise ValueError(f"{policy!r} is a trap; the policy comes first: score(policy, trap)")
    if hasattr(policy, "observation_space") and hasattr(policy, "step"):
        raise ValueError(
            f"{shorten(policy)} is an environment; hand over what acts in it, and its trap by name"
        )
    if isinstance(policy, Mapping):
        raise ValueError(
            f"a mapping of {shorten([*policy])} is not a policy; if it is a state dict, load it"
            " into its network (network.load_state_dict) and hand that over"
        )
    if is_model(policy):
        adapted = import_adapter().from_model(policy, trap)
    elif is_network(policy) and not isinstance(policy, Policy):
        adapted = NetworkPolicy(policy, trap, name_observation(policy, observation))
    elif isinstance(policy, Policy):
        alone = not takes(policy.act, 2)
        if not takes(policy.reset, 2) or (alone and not takes(policy.act, 1)):
            has = f"{type(policy).__name__} must have the methods reset(mask, rng)"
            raise ValueError(f"{has} and act(observation) or act(observation, state)")
        adapted = FunctionPolicy(policy.act, policy.observation, policy.reset) if alone else policy
    elif callable(policy) and takes(policy, 1):
        kind = name_observation(policy, observation)
        speaks = kind == "text" or (kind is None and needs(policy) == ["text"])
        adapted = TextPolicy(policy) if speaks else FunctionPolicy(policy, kind or "planes")
    else:
        takes_more = "; it must take one argument, a batch of observations" * callable(policy)
        raise ValueError(f"{shorten(policy)} is not a policy{takes_more}; expected {USABLE}")
    if observation not in (None, adapted.observation):
        raise ValueError(
            f"the policy acts on the observation {adapted.observation!r}, not"
            f" {shorten(observation)}; leave the keyword out, which is for callables"
        )
    make_observation(trap, adapted.observation)  # refuses a kind that does not exist
    return adapted


def name_observation(policy: Any, otherwise: str | None = None) -> str | None:
    """Return the observation kind in the ``observation`` attribute, else ``otherwise``."""
    named = getattr(policy, "observation", None)
    return named if isinstance(named, str) else otherwise


def is_model(policy: Any) -> bool:
    """Return whether an object has the attributes of a Stable-Baselines3 model."""
    return hasattr(policy, "predict") and hasattr(policy, "observation_space")


def import_adapter() -> Any:
    """Return the adapter module for models of Stable-Baselines3."""
    modules = [*entry_points(group=ADAPTERS, name="sb3")]
    if not modules:  # installed before it had one
        raise ImportError('install mesa_gym again: in a checkout pip install -e ".[sb3]"')
    return modules[0].load()


def takes(function: Callable[..., Any], arguments: int) -> bool:
    """Return whether a callable accepts ``arguments`` positional arguments; True if unknown."""
    try:
        inspect.signature(function).bind(*range(arguments))
    except TypeError:
        return False
    except ValueError:  # written in C, without a signature
        return True
    return True


def needs(function: Callable[..., Any]) -> list[str]:
    """Return the names of a callable's required parameters; empty if it has no signature."""
    try:
        parameters = inspect.signature(function).parameters.items()
    except ValueError:  # written in C, without a signature
        return []
    rest = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
    return [x for x, param in parameters if param.default is param.empty and param.kind not in rest]
