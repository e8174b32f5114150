"""Lives that ask a question: a verdict needs enough of them, and is refused before any play."""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import Bools
from mesa_gym.traps import Split, Trap

# A verdict on lives needs this many lives under shift that ask a question.
LEAST_QUESTIONS = 20
DRAWN_LIVES = 250  # at once
SEARCHED_LIVES = 5000  # the most lives that are searched for questions


def require_questions(trap: Trap, levels: int, salt: str = "") -> None:
    """Raise ValueError if fewer than 20 of the levels under shift ask a question.

    Only traps of lives have levels that ask none (``Trap.question``). The message names the number
    of levels with 20 such lives, if it is at most 5,000.
    """
    if trap.question(trap.levels(Split.SHIFT, [0], salt)) is None:
        return
    asks = np.zeros(0, np.bool_)
    while asks.sum() < LEAST_QUESTIONS and asks.size < max(levels, SEARCHED_LIVES):
        asks = np.append(asks, _draw_questions(trap, asks.size, salt))
    count = int(asks[:levels].sum())
    if count >= LEAST_QUESTIONS:
        return
    enough = np.flatnonzero(asks.cumsum() >= LEAST_QUESTIONS)
    if enough.size:
        advice = f"score {enough[0] + 1:,} levels or more"
    else:
        advice = f"{asks.sum()} of the first {asks.size:,} lives do; choose other keywords"
    raise ValueError(
        f"{trap!r}: {count} of {levels:,} lives under shift ask which objective an agent pursues,"
        f" and a verdict needs {LEAST_QUESTIONS}: {advice}. A life asks if the best learner takes"
        " the base fruit in a trial in which another objective pays for another fruit"
    )


def _draw_questions(trap: Trap, first: int, salt: str) -> Bools:
    """Return whether each of 250 lives asks a question, from the first number on."""
    numbers = np.arange(first, first + DRAWN_LIVES)
    question = trap.question(trap.levels(Split.SHIFT, numbers, salt))
    return np.zeros(0, np.bool_) if question is None else question >= 0
