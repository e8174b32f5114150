"""Callables as policies: of batches of observations, or of the text of one state."""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
import warnings
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import STAY, State
from mesa_gym.envs.checks import integer
from mesa_gym.errors import PolicyError, read_error, shorten
from mesa_gym.language.answers import ASKED_AGAIN, read_action
from mesa_gym.policies.protocol import Memoryless, Policy

ANSWERS_FILE = "answers_file"  # the attribute of a function whose answers are kept: the file


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


class TextPolicy(Memoryless):
    """A function from the text of one state to a text that chooses an action, as a policy.

    Such functions may be slow, so they are asked as if they remembered nothing. Where an answer
    cannot be read (``language.read_action``), the function is asked once more; then the agent
    stands still, and that is counted.

    Attributes:
        examples: how many solved examples the function adds to a question, which its attribute
            ``examples`` says.
        asked: how many texts it was asked about.
        unread: to how many of them it gave no answer that could be read.
        answers: the last answers, one for each text.
    """

    observation = "text"

    def __init__(self, function: Callable[[str], Any]) -> None:
        self.function = function
        self.examples = integer("examples", getattr(function, "examples", 0), 0)
        self.asked = self.unread = 0
        self.answers: list[str] = []

    def act(self, observation: Any, state: State | None = None) -> NDArray[np.int64]:
        """Return the policy's actions, int64 (n,); PolicyError if a call fails or gives no text."""
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

    A policy may occur in ``acting`` (name, policy) once for each split that it played.
    """
    for name, policy in {id(policy): (name, policy) for name, policy in acting}.values():
        if isinstance(policy, TextPolicy) and policy.unread:
            count = f"{policy.unread:,} of {policy.asked:,} questions to {name!r}"
            advice = "there it stood still: give one action alone on the last line"
            warnings.warn(f"{count} got no readable answer, and {advice}", stacklevel=3)
