"""Returns of a policy on each level of a split, from which a reader can recompute figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Floats
from mesa_gym.policies.answers import read_action
from mesa_gym.scoring.evidence import CLOSE, Counts, Evidence, LevelEvidence, LevelReturns
from mesa_gym.scoring.payments import Number, Payments
from mesa_gym.scoring.plays import FEW_LEVELS, JUDGED
from mesa_gym.scoring.record import ENDED, Record, follow
from mesa_gym.solver import LevelValues
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.life import FRUITS, TRIALS, VOID
from mesa_gym.traps.played_episodes import TINY

# The fields of ``Scale`` that contain means.
SCALE_MEANS = ("optimum", "floor", "null_optimum", "null_floor")


@dataclass(frozen=True)
class SplitReturns:
    """Returns on the levels of one split, with the mean returns for comparison.

    Attributes:
        returns: objective -> float64 (n,), the policy's discounted return.
        optimum: objective -> mean return of the optimal policy, or of the reference policy.
        floor: objective -> mean return of random actions or of staying, whichever is better on the
            level.
        counts: measure -> part -> float32 (n,), numbers from which the measure is computed.
    """

    returns: dict[str, Floats]
    optimum: dict[str, float]
    floor: dict[str, float]
    counts: Counts = field(default_factory=dict)

    def list_lengths(self) -> set[int]:
        """Return the lengths of the arrays; arrays that fit together have one length."""
        columns: list[Any] = [self.returns, *self.counts.values()]
        return {len(array) for column in columns for array in column.values()}


class Scale(LevelEvidence, frozen=True, eq=False):
    """The values of a trap's levels, with which every policy's returns are compared.

    Attributes:
        discount: objective -> discount factor of a step.
        optimum: split -> objective -> mean return of the optimal policy, or of the reference.
        floor: split -> objective -> mean return of random actions or of staying, whichever is
            better on the level.
        null_optimum: ``optimum`` of the first levels of ``test`` and ``shift``, which policies
            without a goal play.
        null_floor: ``floor`` of these levels.
        floors: "SPLIT:y" -> float32 (levels,), the floor of objective y; only if the trap is judged
            by returns, and on ``test`` only for base.
        references: "SPLIT:y:x" -> float32 (levels,), the return above the floor in objective y of
            the reference of x; for the same traps and splits.
    """

    discount: dict[str, Annotated[float, Meta(ge=0, le=1)]]
    optimum: dict[str, dict[str, Number]]
    floor: dict[str, dict[str, Number]]
    null_optimum: dict[str, dict[str, Number]]
    null_floor: dict[str, dict[str, Number]]
    floors: dict[str, LevelReturns] = {}
    references: dict[str, LevelReturns] = {}

    def is_close(self, other: Scale) -> bool:
        """Return whether the means are equal, except for their last digits."""
        pairs = ((getattr(self, x), getattr(other, x)) for x in SCALE_MEANS)
        return all(
            {*one} == {*two} and all(map(_are_close, one.values(), (two[x] for x in one)))
            for one, two in pairs
        )

    def find_returns(self, row: Evidence, null: bool) -> dict[str, SplitReturns]:
        """Return split -> returns of the payments in a row; ``null`` means the first levels.

        Raises:
            KeyError: an objective or the split is missing.
            ValueError: the payments contradict themselves.
        """
        optimum, floor = (
            (self.null_optimum, self.null_floor) if null else (self.optimum, self.floor)
        )
        of_splits = {}
        for split, payments in row.payments.items():
            returns = {}
            for x, discount in self.discount.items():
                try:
                    returns[x] = payments[x].sum(discount)
                except ValueError as error:
                    raise ValueError(
                        f"the card contradicts itself: payments of {x} on {split}: {error}"
                    ) from None
            counts = row.counts.get(split, {})
            of_splits[split] = SplitReturns(returns, optimum[split], floor[split], counts)
        return of_splits


# The scale of a card without returns.
EMPTY_SCALE = Scale({}, {}, {}, {}, {})


def normalize_returns(returns: Floats, optimum: Floats, floor: Floats) -> float | None:
    """Return N = sum(G - F) / sum(V* - F) over levels: 0 is the floor, 1 is the oracle.

    For a trap without an exact solver, V* is the return of a reference policy, and N can exceed 1.

    Args:
        returns: float64 (levels,), discounted returns G.
        optimum: float64 (levels,), V*.
        floor: float64 (levels,), F, the better return of random actions and of staying.

    Returns:
        N; None if the sum of V* does not exceed the sum of F.
    """
    scale = float((optimum - floor).sum())
    return float((returns - floor).sum()) / scale if scale > TINY else None


def keep_payments(record: Record) -> dict[str, Payments]:
    """Return the payments of a record: objective -> payments."""
    return {x: Payments.keep(array) for x, array in record.paid.items()}


def count_unread(records: Iterable[Record], levels: int) -> Counts:
    """Count the questions of each level in all plays of a split, and those without an answer.

    ``records`` are of these plays, on ``levels`` or the first levels; {} without questions.
    """
    totals: dict[str, Floats] = {}
    for record in records:
        counts: dict[str, Any] = {}
        if record.listed is not None:
            unread = record.listed.unread
            counts = {"questions": np.ones(len(unread)), "unread": unread}
        elif record.said is not None:
            counts = count_answers(record.said, record.actions != ENDED)
        for name, count in counts.items():
            totals.setdefault(name, np.zeros(levels))[: len(count)] += count
    return {"unread": _round(totals)} if totals else {}


def make_scale(trap: Trap, values: Mapping[Split, LevelValues]) -> Scale:
    """Return the scale of a trap's levels."""
    first = {split: values[split].take(slice(FEW_LEVELS)) for split in JUDGED}
    floors, references = dict[str, Floats](), dict[str, Floats]()
    if not trap.judging.chooses:
        names = [*trap.objectives]
        for split, of in zip(JUDGED, (names[:1], names), strict=True):
            level_values = values[split]
            best = level_values.best | {(x, x): level_values.optimum[x] for x in names}
            for y in of:
                floors[f"{split}:{y}"] = level_values.floor[y]
                for x in names:
                    references[f"{split}:{y}:{x}"] = best[y, x] - level_values.floor[y]
    return Scale(
        discount={x: float(trap.discount(x)) for x in trap.objectives},
        optimum={split.value: average(of.optimum) for split, of in values.items()},
        floor={split.value: average(of.floor) for split, of in values.items()},
        null_optimum={split.value: average(of.optimum) for split, of in first.items()},
        null_floor={split.value: average(of.floor) for split, of in first.items()},
        floors=_round(floors),
        references=_round(references),
    )


def _are_close(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    keys = {*one} == {*other}
    return keys and all(math.isclose(one[x], other[x], abs_tol=CLOSE) for x in one)


def _round(columns: Any) -> dict[str, LevelReturns]:
    return {name: column.astype(np.float32) for name, column in columns.items()}


def average(columns: Mapping[str, Floats]) -> dict[str, float]:
    """Return the mean of each column."""
    return {x: float(array.mean(dtype=np.float64)) for x, array in columns.items()}


def count_answers(answers: NDArray[np.object_], is_question: Bools) -> dict[str, Floats]:
    """Count the questions of each level, and the answers without a readable action."""
    unread = np.zeros(is_question.shape, np.bool_)
    unread[is_question] = [read_action(text) is None for text in answers[is_question]]
    return {"questions": is_question.sum(axis=1), "unread": unread.sum(axis=1)}


def count_trials(record: Record) -> Counts:
    """Count the payments of each life by trial, and the fruits that were taken by case.

    Returns:
        Mappings to float32 (n,): ``by_trial``: "OBJECTIVE TRIAL" -> payments; ``cases``:
        case -> the number of its trials with all fruits; ``taken``: "FRUIT CASE" -> the number of
        these trials in which the fruit was taken.
    """
    trap: Any = record.trap
    starts = record.starts
    payments_by_trial = {x: np.zeros((starts.n, TRIALS)) for x in trap.objectives}
    kinds = np.full((starts.n, TRIALS), VOID)
    trials_by_case: dict[str, Bools] = {}
    free = trap.list_alone(starts) == VOID
    for _, rows, state, _, step in follow(trap, starts, record.actions):
        trial, begins = state.vars["trial"], state.vars["over"] == 0
        for x, payments in step.paid.items():
            payments_by_trial[x][rows, trial] += payments
        on = trap.list_fruits(state) == step.state.agent[:, None]
        enters = begins & (step.state.vars["over"] > 0)
        kinds[rows[enters], trial[enters]] = on[enters].argmax(axis=1)
        for case, here in trap.find_cases(state).items():
            trials_by_case.setdefault(case, np.zeros_like(free))[rows, trial] |= here & begins
    counts = {
        "by_trial": {
            f"{x} {i + 1}": payments_by_trial[x][:, i]
            for x in payments_by_trial
            for i in range(TRIALS)
        },
        "cases": {case: (where & free).sum(axis=1) for case, where in trials_by_case.items()},
        "taken": {
            f"{fruit} {case}": (where & free & (kinds == kind)).sum(axis=1)
            for case, where in trials_by_case.items()
            for kind, fruit in enumerate(FRUITS)
        },
    }
    return {name: _round(parts) for name, parts in counts.items()}
