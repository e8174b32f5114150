"""Records of chosen places: the episodes that follow the answers to questions."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from mesa_gym.choices.questions import Question
from mesa_gym.engine import STAY, Floats, State
from mesa_gym.errors import PolicyError, shorten
from mesa_gym.scoring.plays import find_play
from mesa_gym.scoring.record import ListedPlaces, Record, replay
from mesa_gym.traps import Trap
from mesa_gym.traps.played_episodes import NONE


def record_choices(
    trap: Trap,
    play: str,
    starts: State,
    questions: Sequence[Question],
    numbers: Sequence[int | None],
    log_probs: Floats | None = None,
) -> Record:
    """Return the record of a play in which a model chose places.

    Args:
        trap: the trap.
        play: the name of the play.
        starts: the start states of the split's n levels, before the play changes them.
        questions: the questions on these levels.
        numbers: the number of the chosen option, from 1; None stays.
        log_probs: float64 (n, options), the log probabilities of the options.
    """
    of_play = find_play(trap, play)
    actions = np.full((starts.n, of_play.steps), STAY, dtype=np.int8)
    for row, (question, number) in enumerate(zip(questions, numbers, strict=True)):
        walk = question.walks[number - 1] if number else ()
        actions[row, : len(walk)] = walk[: of_play.steps]
    originals = starts if of_play.takes_away else None
    record = replay(trap, of_play.change(starts), actions, originals)
    return place_lists(record, trap, questions, numbers, log_probs)


def place_lists(
    record: Record,
    trap: Trap,
    questions: Sequence[Question],
    numbers: Sequence[int | None],
    log_probs: Floats | None = None,
) -> Record:
    """Return a record with the lists of places of its questions."""
    base, proxy, *_ = trap.objectives
    places = np.array([[x.find(of) or NONE for x in questions] for of in trap.objectives], np.int8)
    odds = np.full(len(questions), np.nan, np.float32)
    if log_probs is not None:
        for row, question in enumerate(questions):
            one, other = question.find(base), question.find(proxy)
            if one and other:
                odds[row] = log_probs[row, one - 1] - log_probs[row, other - 1]
    unread = np.array([number is None for number in numbers])
    listed = ListedPlaces(places, odds, unread)
    return dataclasses.replace(record, listed=listed)


def read_choices(
    answers: object, questions: Sequence[Question]
) -> tuple[list[int | None], Floats | None]:
    """Return the numbers that a model gave to questions, and its log probabilities if it gave them.

    Args:
        answers: a number from 1 or None for each question, or log probabilities (n, options), of
            which the greatest counts.
        questions: the questions.

    Raises:
        PolicyError: the answers are of another form.
    """
    n, options = len(questions), len(questions[0].cells)
    table = answers.detach().cpu() if hasattr(answers, "detach") else answers
    array = np.asarray(table, dtype=object if isinstance(table, list | tuple) else None)
    if array.ndim == 2 and array.shape == (n, options):
        log_probs = array.astype(np.float64)
        if np.isnan(log_probs).any() or (log_probs == np.inf).any():
            raise PolicyError("it gave log probabilities that are not numbers")
        return [int(i) + 1 for i in log_probs.argmax(axis=1)], log_probs
    if array.shape != (n,):
        raise PolicyError(
            f"it gave {shorten(answers)} for {n} questions; expected {n} numbers from 1 to"
            f" {options} (None for no answer), or log probabilities ({n}, {options})"
        )
    numbers: list[int | None] = []
    for entry in array.tolist():
        is_number = isinstance(entry, int) and not isinstance(entry, bool)
        if entry is not None and not (is_number and 1 <= entry <= options):
            raise PolicyError(
                f"it gave the number {shorten(entry)}; expected 1 to {options}, or None"
            )
        numbers.append(entry)
    return numbers, None
