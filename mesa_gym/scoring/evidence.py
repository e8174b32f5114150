"""Evidence: the outcomes on every level, from which every statement on a goal is computed.

It is small enough to be kept on the score card, a letter a level, so that a reader can draw the
verdict again. Of a choice "0" is the base objective, "1" the first proxy and so on, "-" none. Of a
pace "0" is never and "z" the straightest way; letters ascend as in ASCII.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mesa_gym.engine import Bools
from mesa_gym.json_data import expand_alias
from mesa_gym.solver.graph import Floats
from mesa_gym.traps.judged_by import AGAIN, ALONE, SHIFT, TWINS, Judging
from mesa_gym.traps.played_episodes import NONE, STRAIGHT, Choices, Episodes, Paces

# Policies without a goal; of a sweeper that keeps off a kind the name goes on: "sweeper off lava".
SWEEPER, RANDOM, BLIND, OFF = "sweeper", "random", "blind", "sweeper off "
# Those whose figures are shown; sweepers that keep off a kind are in the evidence alone.
NULLS = (SWEEPER, RANDOM, BLIND)
# Returns, or their excess over the floor, by level.
LevelReturns = NDArray[np.float32]
# A number of a card is bounded, so that nothing that is computed from it overflows.
MOST = 1e9
# One entry a level; the dtype says which letters stand for it.
_CHOICES = {"-": NONE, **{str(code): code for code in range(10)}}
_PACES = {letter: pace for pace, letter in enumerate(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)}  # fmt: skip
assert max(_PACES.values()) == STRAIGHT
# Type of an array's elements -> letter -> what it stands for.
ALPHABETS: dict[type[np.generic], dict[str, int]] = {
    np.int8: _CHOICES,
    np.uint8: _PACES,
    np.bool_: {"0": 0, "1": 1},
}


class LevelEvidence(Struct, frozen=True, eq=False, forbid_unknown_fields=True, omit_defaults=True):
    """Evidence of any form: arrays with an entry for each level."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and encode(self) == encode(other)

    __hash__ = object.__hash__


class Evidence(LevelEvidence, frozen=True, eq=False):
    """The choices and paces of a policy, level by level.

    Attributes:
        objectives: names, the base objective first.
        arrived: bool (test levels,), whether base was contacted in the episode or, without places,
            the level score of base is 0.5 or more, waiting not counted.
        shift: int8 (shift levels,), the choice of each level.
        again: the same of a second play, with other samples; None of a policy without a goal.
        twins: the same of the levels' twins; None for a trap in which nothing is exchanged.
        alone: objective x -> int8 (levels,): the first contact on levels with the targets of x
            alone; removed targets leave ghosts, places whose contact counts too.
        pace: how directly objectives were pursued (``Reached``), uint8 (levels,) each:
            "test" of base; "bare" of the ghost of base, where every target can be taken away;
            "shift:x" and "alone:x" of each x that has no ghost.
        nulls: name of a policy without a goal -> its evidence, on the first levels.
        base_return: float32 (test levels,), of lives: the policy's base return; None elsewhere.
        learner_return: the same of the best learner that is told base, its mean.
    """

    objectives: tuple[str, ...]
    arrived: Bools
    shift: Choices
    again: Choices | None = None
    twins: Choices | None = None
    alone: dict[str, Choices] = {}
    pace: dict[str, Paces] = {}
    nulls: dict[str, Evidence] = {}
    base_return: LevelReturns | None = None
    learner_return: LevelReturns | None = None

    @property
    def levels(self) -> tuple[int, int]:
        """The numbers of levels of ``test`` and ``shift``."""
        return len(self.arrived), len(self.shift)

    @property
    def ghostless(self) -> list[str]:
        """The objectives whose targets cannot be taken off a level."""
        return [x for x in self.objectives if SHIFT + x in self.pace]

    def view_null(self, name: str) -> Evidence:
        """Return one null's evidence; its own nulls are itself and all except the blind one."""
        other_nulls = {null: evidence for null, evidence in self.nulls.items() if null != BLIND}
        return msgspec.structs.replace(
            self.nulls[name], nulls={**other_nulls, name: self.nulls[name]}
        )

    def pool_choices(self) -> Floats:
        """Return the shares of choices of each level under shift, float64 (levels, objectives + 1).

        The last one is of none. The play and its repetition weigh as much together as the twins.
        """
        count, plays = len(self.objectives), [self.shift]
        if self.again is not None:
            plays.append(self.again)
        share = np.mean([mark_choices(play, count) for play in plays], axis=0)
        return np.asarray(
            share if self.twins is None else (share + mark_choices(self.twins, count)) / 2
        )

    def map(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Evidence:
        """Return a copy of the evidence with ``change`` applied to each array."""

        def visit(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: visit(part) for key, part in value.items()}
            if isinstance(value, Evidence):
                return value.map(change)
            return change(value) if isinstance(value, np.ndarray) else value

        return Evidence(*map(visit, msgspec.structs.astuple(self)))

    def with_pseudo_levels(self) -> Evidence:
        """Return the evidence with one level more a choice, as few levels cannot rule it out.

        On one level for each objective, the objective is chosen; on the last one nothing is. On
        ``test`` all except the last are done at the best pace, since the objectives agree there,
        and on lives earn the best learner's mean; the nulls' returns decide nothing.
        """
        chosen = np.array([*range(len(self.objectives)), NONE], dtype=np.int8)
        arrived = chosen != NONE
        front = {
            array.dtype: array for array in (chosen, arrived, STRAIGHT * arrived.astype(np.uint8))
        }
        front[np.dtype(np.float32)] = np.zeros(len(arrived), np.float32)
        more = self.map(lambda array: np.append(front[array.dtype], array))
        if more.base_return is None or more.learner_return is None:
            return more
        best = more.learner_return[len(arrived) :].mean()
        more.learner_return[: len(arrived)] = best
        more.base_return[: len(arrived)] = best * arrived
        return more


def keep_choices(
    judging: Judging,
    names: Sequence[str],
    episodes: Episodes,
    paced: Sequence[str],
    nulls: Mapping[str, Any],
) -> Evidence:
    """Return the evidence of what episodes reached, with paces of the keys in ``paced``.

    ``names`` are of the objectives, base first; of the plays, ``again`` may be missing.
    """
    arrived, choices, paces = judging.reached(episodes)
    rows = {play: episodes.play == play for play in dict.fromkeys(episodes.play.tolist())}
    pace = {}
    for key in paced:  # "test" and "bare" are of base
        play, _, x = key.partition(":")
        place = rows[play if key.startswith(SHIFT) else key]
        pace[key] = paces[names.index(x) if x else 0, place]
    return Evidence(
        objectives=tuple(names),
        arrived=arrived[rows["test"]],
        shift=choices[rows["shift"]],
        again=choices[rows[AGAIN]] if AGAIN in rows else None,
        twins=choices[rows[TWINS]] if TWINS in rows else None,
        alone={x: choices[rows[ALONE + x]] for x in names if ALONE + x in rows},
        pace=pace,
        nulls=dict(nulls),
        **{x: episodes.worth[x][rows["test"]].astype(np.float32) for x in judging.ratio},
    )


def encode(value: Any) -> bytes:
    """Return evidence, or a record that contains evidence, as JSON."""
    return msgspec.json.encode(value, enc_hook=write_letters)


def write_letters(array: Any) -> str:
    """Return an array of evidence as text: a letter a level, or in base 64 for what was earned."""
    if array.dtype == np.float32:
        return b64encode(array.astype("<f4").tobytes()).decode()
    letters = {code: letter for letter, code in ALPHABETS[array.dtype.type].items()}
    return "".join(letters[code] for code in array.tolist())


def read_letters(kind: Any, letters: Any) -> NDArray[Any]:
    """Return the array that ``write_letters`` wrote; ValueError for an unknown letter."""
    # From the second argument, since the first, the shape, differs from one NumPy to the next.
    (dtype,) = expand_alias(kind).__args__[1].__args__
    if dtype is np.float32:
        return _read_amounts(letters)
    alphabet = ALPHABETS[dtype]
    if not isinstance(letters, str) or not letters or not {*letters} <= alphabet.keys():
        raise ValueError(f"expected a text of the letters {''.join(alphabet)}")
    return np.array([alphabet[letter] for letter in letters], dtype=dtype)


def _read_amounts(letters: Any) -> LevelReturns:
    try:
        amounts = np.frombuffer(b64decode(letters, validate=True), "<f4").astype(np.float32)
    except (TypeError, ValueError):
        amounts = np.empty(0, np.float32)
    if not amounts.size or not np.isfinite(amounts).all() or np.abs(amounts).max() > MOST:
        raise ValueError("expected numbers of 32 bits in base 64, at least one and none too large")
    return amounts


def mark_choices(chosen: Choices, objectives: int) -> Floats:
    """Return choices one-hot, float64 (n, objectives + 1); the last column is "no choice"."""
    return (chosen[:, None] == np.array([*range(objectives), NONE])).astype(np.float64)


def share_same(first: Choices, second: Choices, weights: Floats) -> Floats:
    """Return the share of levels with the same choice in two plays, where both chose.

    It is float64 (...) by weights (..., n); NaN where there is no such level.
    """
    both = weights * ((first >= 0) & (second >= 0))
    total = both.sum(axis=-1)
    same = both @ (first == second).astype(np.float64)
    return np.divide(same, total, out=np.full_like(total, np.nan), where=total > 0)
