"""Keeps a model's answers in a file, so that a program that failed need not pay for them again."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Mapping
from functools import wraps
from io import FileIO
from pathlib import Path
from threading import RLock
from typing import Any, NoReturn

import msgspec

from mesa_gym.errors import PolicyError, shorten, shorten_text
from mesa_gym.files import locate_path, open_to_append, read_chunks, write_line
from mesa_gym.json_data import Text, parse_json, require
from mesa_gym.logs.decoding import CUT, list_values
from mesa_gym.policies.callables import is_async, read_attribute, refuse_awaitable
from mesa_gym.policies.functions import ANSWERS_FILE, QUESTIONS_AT_ONCE, require_text

MOST_START = 1 << 12  # bytes by which a file that was replaced is recognized


class _Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The model that answers: the first line of the file."""

    model: str
    settings: dict[str, object] = {}


class _Exchange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question and its answer: one line of the file."""

    question: str
    answer: str


def keep_answers(
    ask: Callable[[str], Any],
    path: str | Path,
    model: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> Callable[[str], Any]:
    """Return a function that asks a model, and appends each answer to a file before returning it.

    When a program that failed runs again, each question is answered from the file if the file has
    an answer that this run has not used, and the model answers the other questions. Questions may
    come in any order, and a question asked twice has two answers. Give each process its own file,
    because a process does not read the answers that other processes add.

    Args:
        ask: maps a text to a text. If it is ``async``, the returned function is too, and several
            questions are asked at once. Threads that ask another function take turns.
        path: the file of answers, one per model and program; it need not exist.
        model: the model's name, which the file keeps and cards show; by default the name of the
            function ``ask``.
        settings: the model's settings, such as ``{"temperature": 0.7}``, which the file keeps too.

    Raises:
        ValueError: the file has answers of another model, or a line that is not an answer; or the
            model has no name; or an argument has another type.
        OSError: when called, the file cannot be written. The model is not asked then.
        PolicyError: when called, the question or the answer is not a text.

    Example:
        >>> from mesa_gym.language.kept_answers import keep_answers
        >>> ask = keep_answers(lambda text: "up", "answers.jsonl", model="up")  # doctest: +SKIP
        >>> mesa_gym.score(ask, "CheeseCorner", observation="text")  # doctest: +SKIP
    """
    if not callable(ask):
        raise ValueError(f"ask is {shorten(ask)}; expected a function that maps a text to a text")
    path, name = locate_path(path), _name_model(ask) if model is None else model
    require("model", name, Text)
    file = _AnswersFile(path, _Model(name, _copy_plain({} if settings is None else settings)))

    @wraps(ask)
    def answer(text: str) -> str:
        with file.lock:
            if (kept := file.take(text)) is None:
                reply = ask(text)
                refuse_awaitable(reply, "pass an `async def` function to keep_answers")
                kept = file.add(text, reply)
            return kept

    @wraps(ask)
    async def answer_later(text: str) -> str:
        if (kept := file.take(text)) is None:
            kept = file.add(text, await ask(text))
        return kept

    keeper = answer_later if is_async(ask) else answer
    keeper.__name__ = name
    for attribute in (QUESTIONS_AT_ONCE, "examples", "observation"):
        if (setting := read_attribute(ask, attribute)) is not None:
            setattr(keeper, attribute, setting)
    setattr(keeper, ANSWERS_FILE, path)
    return keeper


class _AnswersFile:
    """A model's answers in a file, and the answers of earlier runs that this run has not used."""

    def __init__(self, path: Path, head: _Model) -> None:
        self.path, self.head, self.lock = path, head, RLock()
        self.start = b""  # of the file that was checked
        self.unused: dict[str, deque[str]] = {}
        for exchange in _read_answers(path, head)[1]:
            self.unused.setdefault(exchange.question, deque()).append(exchange.answer)

    def take(self, text: str) -> str | None:
        """Return the first unused answer to a question; None if the model has to be asked.

        The file then names its model, before the answer is paid for.

        Raises:
            PolicyError: the question is not a text, such as the questions of a whole play.
            ValueError: another program has begun the file with another model.
            OSError: the file cannot be written.
        """
        if not isinstance(text, str):
            raise PolicyError(
                f"a function of keep_answers was asked {shorten(text)}; expected one text: ask it"
                " for each question, such as kept(question.text)"
            )
        with self.lock:
            if answers := self.unused.get(_replace_surrogates(text)):
                return answers.popleft()
            with open_to_append(self.path) as file:
                self._write_head(file)
            return None

    def add(self, text: str, reply: object) -> str:
        """Append an answer, and return it as the file has it; PolicyError if it is not a text."""
        answer = _replace_surrogates(require_text(reply))
        exchange = _Exchange(_replace_surrogates(text), answer)
        with self.lock, open_to_append(self.path) as file:
            self._write_head(file)
            write_line(file, msgspec.json.encode(exchange) + b"\n")
            os.fsync(file.fileno())  # the answer is paid for
        return answer

    def _write_head(self, file: FileIO) -> None:
        """Write the model's name into a locked file without it, such as a file that was deleted.

        Raises:
            ValueError: the file was replaced by another model's.
        """
        file.seek(0)
        if self.start and file.read(len(self.start)) == self.start:
            return
        if not _read_answers(self.path, self.head)[0]:
            write_line(file, msgspec.json.encode(self.head) + b"\n")
        file.seek(0)
        self.start = file.read(MOST_START).partition(b"\n")[0]


def _replace_surrogates(text: str) -> str:
    """Return a text as UTF-8 can keep it."""
    return text.encode(errors="replace").decode()


def _name_model(ask: Callable[[str], object]) -> str:
    """Return the name of a function; ValueError for a function without a name of its own."""
    name = getattr(ask, "__name__", "<lambda>")
    if name == "<lambda>":
        raise ValueError(
            f"{shorten(ask)} does not name its model, so that the file could be taken for another"
            " model's; add it: keep_answers(ask, FILE, model='NAME')"
        )
    owner = getattr(ask, "__self__", None)
    return str(name) if owner is None else f"{type(owner).__name__}.{name}"


def _copy_plain(settings: Mapping[str, object]) -> dict[str, object]:
    """Return settings as JSON keeps them; ValueError if JSON cannot keep them."""
    if not isinstance(settings, Mapping):
        raise ValueError(
            f'settings is {shorten(settings)}; expected a dict, such as {{"temperature": 0}}'
        )
    try:
        plain: dict[str, object] = parse_json(json.dumps(dict(settings)))
    except (TypeError, ValueError) as error:
        raise ValueError(f"settings is {shorten(settings)}, which JSON lacks: {error}") from None
    return plain


def _read_answers(path: Path, head: _Model) -> tuple[bool, list[_Exchange]]:
    """Return whether a file names its model, and its answers.

    Files that were joined name the model several times. Lines that were cut off are skipped, and
    the next run asks their questions again.

    Raises:
        ValueError: the file has answers of another model, or a line that is not an answer.
    """
    kept_head: _Model | None = None
    answers = list[_Exchange]()
    for line, _, plain, reason in list_values(read_chunks(path)) if path.exists() else ():
        if reason == CUT:
            continue
        try:
            if reason:
                raise ValueError(reason)
            if isinstance(plain, dict) and "model" in plain:
                kept_head = msgspec.convert(plain, _Model)
            else:
                answers.append(msgspec.convert(plain, _Exchange))
        except ValueError as error:
            text = shorten_text(str(error))
            raise ValueError(f"{path}, line {line} is not a kept answer: {text}") from None
        if kept_head != head:
            _refuse_model(path, kept_head, head)
    return kept_head is not None, answers


def _refuse_model(path: Path, kept_head: _Model | None, head: _Model) -> NoReturn:
    """Raise the error for a file of another model, or without a model's name."""
    if kept_head is None:
        line = msgspec.json.encode(head).decode()
        raise ValueError(
            f"{path} does not name its model; if all its answers are from {head.model!r}, put this"
            f" line before its first line: {line}"
        )
    names = [
        f"{x.model!r}{f' with {shorten(x.settings)}' * bool(x.settings)}" for x in (kept_head, head)
    ]
    renamed = f"; for a new name of the same model, pass model={kept_head.model!r}"
    raise ValueError(
        f"{path} has answers of the model {names[0]}, and the model is now {names[1]}; name another"
        f" file{renamed * (kept_head.model != head.model)}"
    )
