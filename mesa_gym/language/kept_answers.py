"""Keeps a model's answers in a file, so that a program that failed need not pay for them again."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import msgspec

from mesa_gym.errors import PolicyError, shorten, shorten_text
from mesa_gym.files import append_line, read_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.policies.functions import ANSWERS_FILE, await_answer


class _Exchange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question and its answer: one line of the file."""

    question: str
    answer: str


def keep_answers(ask: Callable[[str], Any], path: str | Path) -> Callable[[str], str]:
    """Return a function that asks a model, and appends each answer to a file before returning it.

    When a program that failed runs again, its first questions are answered from the file, in order,
    and the model answers the other questions. A question asked twice has two answers. Each process
    needs its own file.

    Args:
        ask: maps a text to a text; an ``async`` function is awaited.
        path: the file of answers, one per model and program; it need not exist.

    Raises:
        ValueError: the file contains a line that is not an answer.
        PolicyError: when called, the question differs from the file's, or the answer is not a text.

    Example:
        >>> from mesa_gym.language.kept_answers import keep_answers
        >>> ask = keep_answers(lambda text: "up", "answers.jsonl")  # doctest: +SKIP
        >>> mesa_gym.score(ask, "CheeseCorner", observation="text")  # doctest: +SKIP
    """
    path = Path(path)
    kept, position = _read_answers(path), 0

    @wraps(ask)
    def answer(text: str) -> str:
        nonlocal position
        question = text.encode(errors="replace").decode()
        if position < len(kept):
            exchange = kept[position]
            if exchange.question != question:
                raise PolicyError(
                    f"question {position + 1} is {shorten(question)}, but {path} has the answer to"
                    f" {shorten(exchange.question)}: begin the program again with the levels, seed"
                    " and salt of that file, or name another file"
                )
            position += 1
            return exchange.answer
        reply = await_answer(ask(text))
        if not isinstance(reply, str):
            raise PolicyError(f"it answered {shorten(reply)}; expected text that names an action")
        exchange = _Exchange(question, reply.encode(errors="replace").decode())
        append_line(path, msgspec.json.encode(exchange) + b"\n")
        kept.append(exchange)
        position += 1
        return exchange.answer

    setattr(answer, ANSWERS_FILE, path)
    return answer


def _read_answers(path: Path) -> list[_Exchange]:
    """Return the answers of a file; an incomplete last line of a killed process is skipped."""
    lines = read_bytes(path).splitlines(keepends=True) if path.exists() else []
    answers = list[_Exchange]()
    for number, line in enumerate(lines, 1):
        try:
            answers.append(decode_json(line, _Exchange))
        except ValueError as error:
            if number == len(lines) and not line.endswith(b"\n"):
                break
            reason = shorten_text(str(error))
            raise ValueError(f"{path}, line {number} is not a kept answer: {reason}") from None
    return answers
