"""Policies made from callables that take a batch of observations or the text of one state."""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import STAY, Ints, State
from mesa_gym.envs.checks import integer
from mesa_gym.errors import PolicyError, name_error, shorten
from mesa_gym.policies.answers import ASKED_AGAIN, read_action
from mesa_gym.policies.callables import is_async, read_attribute
from mesa_gym.policies.protocol import Memoryless, Policy

ASKED_TOGETHER = 32  # questions that an asynchronous function is asked at once
QUESTIONS_AT_ONCE = "at_once"  # the attribute of a function with another number
ANSWERS_FILE = "answers_file"  # the attribute of a function that names the file of its answers
# Attribute or key of a response -> its text, for clients of OpenAI, LiteLLM, Anthropic and others.
TEXT_OF = {
    "choices": ".choices[0].message.content",
    "output_text": ".output_text",
    "message": ".message.content",
    "content": ".content",
    "text": ".text",
    "output": ".output",
}


def await_answer(answer: object) -> Any:
    """Return an answer, awaited if it is awaitable, even if this thread runs an event loop.

    All answers are awaited in one loop, because the connections of a client belong to its loop.
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
    """Return the process's event loop, which runs in a thread; a forked process starts its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="mesa-gym answers", daemon=True).start()
    return loop


class FunctionPolicy:
    """Makes a policy from a callable that takes a batch of observations.

    ``reset`` clears its memory. A function without memory has the attribute ``memory = False``.
    """

    def __init__(
        self,
        function: Callable[..., object],
        observation: str,
        reset: Callable[..., None] = lambda mask, rng: None,
    ) -> None:
        self.function, self.observation, self.reset = function, observation, reset
        self.memory = read_attribute(function, "memory", True)
        self.__wrapped__ = function

    def act(self, observation: NDArray[Any], state: State | None = None) -> NDArray[Any]:
        """Return the callable's answer as an array."""
        answer = await_answer(self.function(observation))
        if isinstance(answer, tuple):
            raise ValueError(
                f"the policy gave a tuple of {len(answer)}; expected actions (n,) or probabilities"
                " (n, 5) alone (return the first of what predict returns, or give the model itself)"
            )
        if hasattr(answer, "detach"):  # a torch tensor, maybe with a gradient or on another device
            answer = answer.detach().cpu()
            if str(answer.dtype) == "torch.bfloat16":
                raise ValueError(
                    "the policy gave torch.bfloat16, which NumPy lacks; give probabilities of"
                    " logits in float32: logits.float().softmax(dim=1)"
                )
        return np.asarray(answer)


class TextPolicy(Memoryless):
    """Makes a policy from a function that maps the text of one state to a text with an action.

    Such functions may be slow, so they count as memoryless and are called only for running
    episodes. If an answer cannot be read (``language.read_action``), the function is called once
    more; after a second unreadable answer the agent stands still and ``unread`` grows by 1.

    Attributes:
        examples: the number of solved examples that the function adds to a question, from the
            function's attribute ``examples``.
        asked: the number of texts that the function was asked about.
        unread: the number of these texts without a readable answer.
        answers: the answers of the last call of ``act``, one for each text.
    """

    observation = "text"

    def __init__(self, function: Callable[[str], object]) -> None:
        self.function = function
        self.examples = integer("examples", read_attribute(function, "examples", 0), 0)
        self.asked = self.unread = 0
        self.answers: list[str] = []

    def act(self, observation: Any, state: State | None = None) -> Ints:
        """Return the policy's actions, int64 (n,); PolicyError if a call fails or gives no text."""
        questions = [TextQuestion(x, f"{x}\n{ASKED_AGAIN}", read_action) for x in observation]
        answers = ask_twice(self.function, questions)
        self.answers, actions = [x.text for x in answers], [x.number for x in answers]
        self.asked += len(actions)
        self.unread += actions.count(None)
        return np.array([STAY if action is None else action for action in actions], dtype=np.int64)


class TextQuestion(NamedTuple):
    """A question in words.

    Attributes:
        text: the question.
        repetition: the question that follows an answer that cannot be read.
        read: maps an answer to a number, or to None if it cannot be read.
    """

    text: str
    repetition: str
    read: Callable[[str], int | None]


class TextAnswer(NamedTuple):
    """An answer in words, and its number; None if it cannot be read."""

    text: str
    number: int | None


def ask_twice(
    function: Callable[[str], object], questions: Sequence[TextQuestion]
) -> list[TextAnswer]:
    """Return the answers to questions; unreadable answers are asked for once more, after the rest.

    A function whose answers are awaited is asked several questions at once: 32, or its attribute
    ``at_once``.

    Raises:
        PolicyError: a call failed, or gave something other than a text; or ``at_once`` would have
            no effect.
    """
    try:
        texts = _ask_all(function, [question.text for question in questions])
        answers = [
            TextAnswer(x, question.read(x)) for x, question in zip(texts, questions, strict=True)
        ]
        unread = [row for row, answer in enumerate(answers) if answer.number is None]
        repeated = _ask_all(function, [questions[row].repetition for row in unread])
        for row, text in zip(unread, repeated, strict=True):
            answers[row] = TextAnswer(text, questions[row].read(text))
    except PolicyError:
        raise
    except Exception as error:
        raise _explain_failure(function, error) from error
    return answers


def _ask_all(function: Callable[[str], object], texts: Sequence[str]) -> list[str]:
    """Return a function's answers: from the first awaitable answer on, several at once."""
    at_once = read_attribute(function, QUESTIONS_AT_ONCE)
    together = integer(QUESTIONS_AT_ONCE, ASKED_TOGETHER if at_once is None else at_once, 1)
    answers: list[str] = []
    for text in texts:
        answer = function(text)
        if inspect.isawaitable(answer):
            gathered = _gather(function, answer, texts[len(answers) + 1 :], together)
            return [*answers, *await_answer(gathered)]
        if at_once is not None and not is_async(function):
            raise PolicyError(
                f"its at_once is {shorten(at_once)}, but it answers one question after another;"
                " make it `async def`, or remove at_once"
            )
        answers.append(require_text(answer))
    return answers


async def _gather(
    function: Callable[[str], object], first: object, texts: Sequence[str], at_once: int
) -> list[str]:
    """Return an awaitable answer, and the answers to more texts; ``at_once`` of them are open.

    After an error, the open questions are still answered, because they are paid for.
    """
    places, errors = asyncio.Semaphore(at_once), list[Exception]()

    async def ask(text: str | None) -> str:
        async with places:
            if errors:
                return ""
            try:
                answer = first if text is None else function(text)
                return require_text(await answer if inspect.isawaitable(answer) else answer)
            except Exception as error:
                errors.append(error)
                return ""

    tasks = [asyncio.ensure_future(ask(text)) for text in (None, *texts)]
    try:
        answers = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    if errors:
        raise errors[0]
    return answers


def require_text(answer: object) -> str:
    """Return an answer; PolicyError if it is not a text, such as the response of a client."""
    if isinstance(answer, str):
        return answer
    names = [*answer] if isinstance(answer, Mapping) else dir(answer)
    where = next((way for name, way in TEXT_OF.items() if name in names), "")
    if where and isinstance(answer, Mapping):
        where = re.sub(r"\.(\w+)", r"['\1']", where)
    hint = f"; return its text: answer{where}" if where else ""
    raise PolicyError(f"it answered {shorten(answer)}; expected text that names an action{hint}")


def _explain_failure(function: Callable[..., object], error: Exception) -> PolicyError:
    """Return the error of a failed call, which names the file of answers."""
    path = read_attribute(function, ANSWERS_FILE)
    advice = (
        f"the answers so far are in {path}; run the program again to continue, or, in a notebook,"
        " its cells from keep_answers on"
    )
    if path is None:
        advice = (
            "the answers so far are lost; to keep them and continue after an error, pass"
            " mesa_gym.language.kept_answers.keep_answers(ask, FILE, model=NAME) instead"
        )
    return PolicyError(f"it raised {name_error(error)}; {advice}")


def warn_of_unread(acting: Iterable[tuple[str, Policy]]) -> None:
    """Warn about text policies that gave unreadable answers.

    ``acting``, pairs (name, policy), may contain a policy once for each split that it played.
    """
    for name, policy in {id(policy): (name, policy) for name, policy in acting}.values():
        if isinstance(policy, TextPolicy) and policy.unread:
            count = f"{policy.unread:,} of {policy.asked:,} questions to {name!r}"
            advice = "there it stood still: give one action alone on the last line"
            warnings.warn(f"{count} got no readable answer, and {advice}", stacklevel=3)
