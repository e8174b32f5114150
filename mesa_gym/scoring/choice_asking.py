"""Asking a function of texts which place it goes to first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from mesa_gym.errors import shorten, unknown
from mesa_gym.language.questions import Question
from mesa_gym.policies.answers import ASKED_AGAIN, read_place
from mesa_gym.policies.functions import TextQuestion, ask_twice

# The keywords of ``score_choices`` that ``score`` accepts as ``choice``.
CHOICE_KEYWORDS = ("options", "tell", "names", "examples", "trained")
# Other arguments of ``score`` -> why they have no effect.
_UNUSED = {
    "seed": "draws no actions",
    "observation": "has questions of its own",
    "algo": "asks a function and no saved model",
}


def answer_by_text(ask: Callable[[str], Any]) -> Callable[[list[Question]], list[int | None]]:
    """Return a function that asks a function of texts, for ``score_choices``."""

    def answer_all(questions: list[Question]) -> list[int | None]:
        texts = [
            TextQuestion(
                question.text,
                f"{question.text}\n{ASKED_AGAIN} Expected: {name_numbers_of(question)}.",
                partial(read_place, places=question.places),
            )
            for question in questions
        ]
        return [answer.number for answer in ask_twice(ask, texts)]

    return answer_all


def name_numbers_of(question: Question) -> str:
    """Return the numbers that an answer may name, in words."""
    return " or ".join(str(i + 1) for i in range(len(question.places)))


def read_choice_keywords(choice: bool | Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the keywords of ``score_choices`` in the argument ``choice`` of ``score``, or None.

    None means that no places are chosen.

    Raises:
        ValueError: ``choice`` is neither a bool nor keywords.
    """
    if isinstance(choice, bool):
        return {} if choice else None
    if not isinstance(choice, Mapping):
        raise ValueError(
            f"choice is {shorten(choice)}; expected True, False or keywords, such as"
            " {'tell': 'things'}"
        )
    for name in choice:
        if name not in CHOICE_KEYWORDS:
            raise unknown("keyword of a choice", name, CHOICE_KEYWORDS)
    return dict(choice)


def refuse_unused(**arguments: Any) -> None:
    """Raise ValueError for an argument of ``score`` that has no effect on a choice of places."""
    for name, argument in arguments.items():
        if argument:
            raise ValueError(
                f"{name} is {shorten(argument)}, but a choice of places {_UNUSED[name]}; leave out"
                f" {name}"
            )
