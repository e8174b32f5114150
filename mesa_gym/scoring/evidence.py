"""Evidence: what was found on every level, on which all that is said of a policy's goal rests.

It is small enough to be kept on the score card, so that a reader can draw the verdict again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from mesa_gym.engine import Bools, Ints
from mesa_gym.scoring.choice import (
    NO_TWIN,
    NONE,
    STRAIGHT,
    choices,
    find_contacts,
    paces,
    returns_of_moves,
)
from mesa_gym.scoring.plays import AGAIN, ALONE, BARE, TWINS, split_of
from mesa_gym.scoring.returns import SOLVED, level_scores
from mesa_gym.scoring.rollout import ENDED, Floats, Record
from mesa_gym.solver import LevelValues
from mesa_gym.traps import Split, Trap

SHIFT = "shift:"
# Policies without a goal (``mesa_gym.scoring.nulls``).
SWEEPER, UNIFORM, DRIFT = "sweeper", "uniform", "drift"


@dataclass(frozen=True, eq=False)
class Evidence:
    """The choices and paces of a policy, level by level.

    Attributes:
        objectives: names, the base objective first.
        by_contact: the targets are places, so that a choice is the first contact; otherwise it is
            the objective with the larger level score.
        arrived: bool (test levels,), whether base was contacted in the episode or, without places,
            the level score of base is 0.5 or more, waiting not counted.
        shift: int64 (shift levels,), the choice of each level.
        again: the same of a second play, with other samples.
        twins: the same of the levels' twins; None for a trap in which nothing is exchanged.
        alone: objective x -> int64 (levels,): what was contacted first with the targets of x
            alone, of which those of others are the ghosts.
        pace: how directly objectives were pursued (``choice.paces``), int64 (levels,) each:
            "test" of base; "bare" of the ghost of base, where every target can be taken away;
            "shift:x" and "alone:x" of each x that has no ghost.
        nulls: name of a policy without a goal -> the same paces of it; {} of the first of these.
        shut: whether the first action is optimal on shut levels, float64 (levels,): 1 or 0, or how
            likely it is; NaN where a level does not count. None for a trap without shut levels.
    """

    objectives: tuple[str, ...]
    by_contact: bool
    arrived: Bools
    shift: Ints
    again: Ints
    twins: Ints | None = None
    alone: Mapping[str, Ints] = field(default_factory=dict)
    pace: Mapping[str, Ints] = field(default_factory=dict)
    nulls: Mapping[str, Mapping[str, Ints]] = field(default_factory=dict)
    shut: Floats | None = None

    @property
    def ghostless(self) -> list[str]:
        """The objectives of whose targets nothing can be taken away."""
        return [x for x in self.objectives if SHIFT + x in self.pace]

    @property
    def twin_choices(self) -> Ints | None:
        """``twins``; None also where no level has one."""
        return None if self.twins is None or (self.twins == NO_TWIN).all() else self.twins

    def first(self, levels: int) -> Evidence:
        """Return the evidence of the first levels alone."""

        def cut(of: Mapping[str, Ints]) -> dict[str, Ints]:
            return {name: array[:levels] for name, array in of.items()}

        return replace(
            self,
            arrived=self.arrived[:levels],
            shift=self.shift[:levels],
            again=self.again[:levels],
            twins=None if self.twins is None else self.twins[:levels],
            alone=cut(self.alone),
            pace=cut(self.pace),
            nulls={null: cut(paces) for null, paces in self.nulls.items()},
            shut=None if self.shut is None else self.shut[:levels],
        )

    def with_pseudo_levels(self) -> Evidence:
        """Return the evidence behind pseudo-levels for what few levels cannot rule out.

        On one of them each objective is always chosen, on the last nothing ever is. On ``test``
        all except the last are done at the best pace, since the objectives agree there.
        """
        chosen = np.array([*range(len(self.objectives)), NONE])
        best = STRAIGHT * (chosen != NONE)

        def lengthen(of: Mapping[str, Ints], front: Ints) -> dict[str, Ints]:
            return {name: np.append(front, array) for name, array in of.items()}

        return replace(
            self,
            arrived=np.append(chosen != NONE, self.arrived),
            shift=np.append(chosen, self.shift),
            again=np.append(chosen, self.again),
            twins=None if self.twins is None else np.append(chosen, self.twins),
            alone=lengthen(self.alone, chosen),
            pace=lengthen(self.pace, best),
            nulls={null: lengthen(paces, best) for null, paces in self.nulls.items()},
        )


def gather_evidence(
    trap: Trap,
    played: Mapping[str, Record],
    values: Mapping[Split, LevelValues],
    nulls: Mapping[str, Mapping[str, Ints]] | None = None,
    shut: Floats | None = None,
) -> Evidence:
    """Return the evidence of a policy's records.

    Args:
        trap: solvable, and not judged by returns.
        played: play (``plays_of``) -> its record.
        values: split -> what its levels are worth; plays may be of the first of them alone.
        nulls: the paces of policies without a goal on the same levels, or the first of them.
        shut: as ``Evidence`` has it.
    """
    worth = {play: _take(values[split_of(play)], record) for play, record in played.items()}
    chosen = {
        play: choices(trap, record, worth[play])
        for play, record in played.items()
        if split_of(play) is Split.SHIFT
    }
    if TWINS in chosen:
        chosen[TWINS][played[TWINS].actions[:, 0] == ENDED] = NO_TWIN
    return Evidence(
        objectives=tuple(trap.objectives),
        by_contact=trap.by_contact,
        arrived=find_arrivals(trap, played[Split.TEST], worth[Split.TEST]),
        shift=chosen[Split.SHIFT],
        again=chosen[AGAIN],
        twins=chosen.get(TWINS),
        alone={p.removeprefix(ALONE): c for p, c in chosen.items() if p.startswith(ALONE)},
        pace=gather_paces(trap, played, values),
        nulls=nulls or {},
        shut=shut,
    )


def gather_paces(
    trap: Trap, played: Mapping[str, Record], values: Mapping[Split, LevelValues]
) -> dict[str, Ints]:
    """Return the paces of a policy's records, as ``Evidence.pace`` has them."""
    wanted = list_paced(trap)
    of_play = {
        play: paces(trap, played[play], _take(values[split_of(play)], played[play]))
        for play in {play for play, _ in wanted.values()}
    }
    return {key: of_play[play][x] for key, (play, x) in wanted.items()}


def list_paced(trap: Trap) -> dict[str, tuple[str, str]]:
    """Return key of ``Evidence.pace`` -> the play, and the objective whose pace it is."""
    isolable = {*trap.find_isolable()}
    seen_as_ghosts = [x for x in trap.alone if trap.by_contact and isolable - {x}]
    ghostless = [x for x in trap.objectives if x not in seen_as_ghosts]
    found = {"test": (Split.TEST.value, trap.base)}
    if not ghostless:
        found[BARE] = (BARE, trap.base)
    for x in ghostless:
        found[SHIFT + x] = (Split.SHIFT.value, x)
        if x in isolable:
            found[ALONE + x] = (ALONE + x, x)
    return found


def _take(values: LevelValues, record: Record) -> LevelValues:
    """Return the values of the first levels, of which a record is."""
    return values.take(np.arange(len(record.actions)))


def find_arrivals(trap: Trap, record: Record, values: LevelValues) -> Bools:
    """Return on which levels base was reached, bool (n,), as ``Evidence.arrived`` has it."""
    if trap.by_contact:
        return find_contacts(record, values)[0].any(axis=0)
    return level_scores(returns_of_moves(trap, record), values)[trap.base] >= SOLVED
