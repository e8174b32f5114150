"""Policies without a goal that choose places from a list, as baselines of a model that does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mesa_gym.engine import Ints, State
from mesa_gym.engine.chance import hash64, mix
from mesa_gym.language.questions import Question
from mesa_gym.language.scenes import NOTHING_THERE
from mesa_gym.scoring.card_making import NullPlay, Nulls, gather_evidence, store_payments
from mesa_gym.scoring.choice_records import record_choices
from mesa_gym.scoring.evidence import (
    BEST_NUMBER,
    FIRST_LISTED,
    NOT_NOTHING,
    RANDOM_NUMBER,
)
from mesa_gym.scoring.plays import FEW_LEVELS, JUDGED, find_play, plays_of, watch_plays
from mesa_gym.scoring.record import Record, SplitRecord
from mesa_gym.scoring.returns import make_scale
from mesa_gym.solver import LevelValues
from mesa_gym.traps import Split, Trap

Questions = Mapping[str, Sequence[Question]]
Script = Callable[[Question], int]


class ChoiceNulls(Nulls):
    """The plays of scripts that choose places without a goal, on the first levels of a trap."""

    def __init__(
        self,
        trap: Trap,
        questions: Questions,
        starts: Mapping[Split, State],
        values: Mapping[Split, LevelValues],
    ) -> None:
        """Play the scripts.

        Args:
            trap: the trap.
            questions: play -> the questions of its levels, also of ``again``.
            starts: at least ``test`` and ``shift`` -> the start states of these levels.
            values: the same splits -> their values; a card needs all splits, for ``scale``.
        """
        self.trap = trap
        self.scale = make_scale(trap, values)
        first = slice(FEW_LEVELS)
        plays = [x for x in plays_of(trap).values() if x.split in JUDGED and x.name in questions]
        self.known = {}
        of_split = {x: (values[x].take(first), starts[x].take(first)) for x in JUDGED}
        for name, script in _list_scripts(trap, questions).items():
            records = {
                x.name: _record_script(x.name, script, questions[x.name][first], trap, of_split)
                for x in plays
            }
            watched = watch_plays(trap, records, {x: of[0] for x, of in of_split.items()})
            played = {x: SplitRecord(trap, records[x], *of_split[x]) for x in JUDGED}
            stored = {x.value: store_payments(x, of) for x, of in played.items()}
            self.known[name] = NullPlay(gather_evidence(trap, watched), stored)

    def beside(self, training: Record) -> dict[str, NullPlay]:
        """Return all nulls; a model that chooses a place has no blind script."""
        return self.known


def _record_script(
    play: str,
    script: Script,
    questions: Sequence[Question],
    trap: Trap,
    of_split: Mapping[Split, tuple[LevelValues, State]],
) -> Record:
    starts = of_split[find_play(trap, play).split][1].take(slice(len(questions)))
    return record_choices(trap, play, starts, questions, [script(x) for x in questions])


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
    }


def _draw(question: Question, site: str, numbers: Sequence[int]) -> int:
    """Return one of the numbers, at random by trap, play and level."""
    word: Ints = mix(np.array([hash64(f"{site}/{question.trap}/{question.play}/{question.level}")]))
    return numbers[int(word[0]) % len(numbers)]
