"""Asking a function of texts which place it goes to first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mesa_gym.language.choices.questions import Question
from mesa_gym.policies.answers import ASKED_AGAIN, read_place
from mesa_gym.policies.functions import TextQuestion, ask_twice


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
