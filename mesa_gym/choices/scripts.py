"""Policies without a goal that choose places from a list, as baselines of a model that does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mesa_gym.choices.questions import Question
from mesa_gym.choices.records import record_choices
from mesa_gym.choices.scenes import NOTHING_THERE
from mesa_gym.engine import Ints, State
from mesa_gym.engine.chance import hash64, mix
from mesa_gym.scoring.listed_places import (
    BEST_NUMBER,
    FIRST_LISTED,
    LONGEST_TEXT,
    MOST_WORDS,
    NOT_NOTHING,
    RANDOM_NUMBER,
)
from mesa_gym.scoring.plays import plays_of
from mesa_gym.scoring.record import Record
from mesa_gym.traps import Split, Trap

Questions = Mapping[str, Sequence[Question]]
Script = Callable[[Question], int]


def play_scripts(
    trap: Trap, questions: Questions, starts: Mapping[Split, State]
) -> dict[str, dict[str, Record]]:
    """Return name -> play -> record of scripts that choose places without a goal.

    Args:
        trap: the trap.
        questions: play -> the questions of its levels, also of ``again``.
        starts: ``test`` and ``shift`` -> the start states of the first of these levels.
    """
    plays = [x for x in plays_of(trap).values() if x.split in starts and x.name in questions]
    records: dict[str, dict[str, Record]] = {}
    for name, script in _list_scripts(trap, questions).items():
        records[name] = {}
        for play in plays:
            of_play = questions[play.name][: starts[play.split].n]
            numbers = [script(question) for question in of_play]
            of_split = starts[play.split].take(slice(len(of_play)))
            records[name][play.name] = record_choices(trap, play.name, of_split, of_play, numbers)
    return records


def _list_scripts(trap: Trap, questions: Questions) -> dict[str, Script]:
    """Return name -> a function from a question to the number of an option."""
    numbers = [question.find(trap.base) for question in questions[Split.TEST]]
    counts = np.bincount([number for number in numbers if number])
    best = int(counts.argmax())

    def take_named(question: Question) -> int:
        named = [i for i, words in enumerate(question.things, 1) if words != NOTHING_THERE]
        return _draw(question, NOT_NOTHING, named or range(1, len(question.cells) + 1))

    return {
        BEST_NUMBER: lambda question: best,
        RANDOM_NUMBER: lambda question: _draw(
            question, RANDOM_NUMBER, range(1, len(question.cells) + 1)
        ),
        FIRST_LISTED: lambda question: 1,
        NOT_NOTHING: take_named,
        MOST_WORDS: lambda question: _take_greatest(
            question, MOST_WORDS, [len(things.split()) for things in question.things]
        ),
        LONGEST_TEXT: lambda question: _take_greatest(
            question, LONGEST_TEXT, [len(place) for place in question.places]
        ),
    }


def _take_greatest(question: Question, site: str, sizes: Sequence[int]) -> int:
    """Return an option with the greatest size, at random by trap, play and level."""
    return _draw(question, site, [i for i, x in enumerate(sizes, 1) if x == max(sizes)])


def _draw(question: Question, site: str, numbers: Sequence[int]) -> int:
    """Return one of the numbers, at random by trap, play and level."""
    word: Ints = mix(np.array([hash64(f"{site}/{question.trap}/{question.play}/{question.level}")]))
    return numbers[int(word[0]) % len(numbers)]
