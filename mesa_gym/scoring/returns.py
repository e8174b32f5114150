"""Returns of a policy on each level of a split, from which a reader can recompute figures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools
from mesa_gym.language.answers import read_action
from mesa_gym.scoring.evidence import LevelEvidence, LevelReturns
from mesa_gym.scoring.plays import JUDGED
from mesa_gym.scoring.record import ENDED, SplitRecord, follow
from mesa_gym.solver.graph import Floats
from mesa_gym.traps.life import FRUITS, TRIALS, VOID
from mesa_gym.traps.played_episodes import TINY

# Measure -> part -> its count on each level.
Counts = dict[str, dict[str, LevelReturns]]


class SplitReturns(LevelEvidence, frozen=True, eq=False):
    """Returns on the levels of one split, with the mean returns for comparison.

    Attributes:
        returns: objective -> float32 (n,), the policy's discounted return.
        optimum: objective -> mean return of the optimal policy, or of the reference policy.
        floor: objective -> mean return of random actions or of staying, whichever is better on the
            level.
        counts: measure -> part -> float32 (n,), counts from which the measure is computed.
    """

    returns: dict[str, LevelReturns]
    optimum: dict[str, float]
    floor: dict[str, float]
    counts: Counts = {}

    def list_lengths(self) -> set[int]:
        """Return the lengths of the arrays; arrays that fit together have one length."""
        columns = [self.returns, *self.counts.values()]
        return {len(array) for column in columns for array in column.values()}


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


def keep_returns(split: str, played: SplitRecord) -> SplitReturns:
    """Return the returns of a record, and on ``test`` and ``shift`` the counts of measures."""
    counts: dict[str, dict[str, Floats]] = {}
    listed = played.record.listed
    if split in JUDGED and listed is not None:
        counts["unread"] = {
            "questions": np.ones(len(listed.unread)),
            "unread": listed.unread.astype(np.float64),
        }
    elif split in JUDGED and played.record.said is not None:
        counts["unread"] = count_answers(played.record.said, played.record.actions != ENDED)
    if split in JUDGED and played.trap.trials > 1:
        counts |= count_trials(played)
    return SplitReturns(
        returns=_round(played.returns),
        optimum=_average(played.values.optimum),
        floor=_average(played.values.floor),
        counts={name: _round(parts) for name, parts in counts.items()},
    )


def _round(columns: Any) -> dict[str, LevelReturns]:
    return {name: column.astype(np.float32) for name, column in columns.items()}


def _average(columns: Any) -> dict[str, float]:
    # Rounding to float32, as for returns, lets optimal returns equal the optimum.
    return {x: float(array.mean(dtype=np.float64)) for x, array in _round(columns).items()}


def count_answers(answers: NDArray[np.object_], is_question: Bools) -> dict[str, Floats]:
    """Count the questions of each level, and the answers without a readable action."""
    unread = np.zeros(is_question.shape, np.bool_)
    unread[is_question] = [read_action(text) is None for text in answers[is_question]]
    return {"questions": is_question.sum(axis=1), "unread": unread.sum(axis=1)}


def count_trials(played: SplitRecord) -> dict[str, dict[str, Floats]]:
    """Count the payments of each life by trial, and the fruits that were taken by case.

    Returns:
        Mappings to float64 or int64 (n,): ``by_trial``: "OBJECTIVE TRIAL" -> payments; ``cases``:
        case -> the number of its trials with all fruits; ``taken``: "FRUIT CASE" -> the number of
        these trials in which the fruit was taken.
    """
    trap: Any = played.trap
    starts = played.starts
    payments_by_trial = {x: np.zeros((starts.n, TRIALS)) for x in trap.objectives}
    kinds = np.full((starts.n, TRIALS), VOID)
    trials_by_case: dict[str, Bools] = {}
    free = trap.list_alone(starts) == VOID
    for _, rows, state, _, step in follow(trap, starts, played.record.actions):
        trial, begins = state.vars["trial"], state.vars["over"] == 0
        for x, payments in step.paid.items():
            payments_by_trial[x][rows, trial] += payments
        on = trap.list_fruits(state) == step.state.agent[:, None]
        enters = begins & (step.state.vars["over"] > 0)
        kinds[rows[enters], trial[enters]] = on[enters].argmax(axis=1)
        for case, here in trap.find_cases(state).items():
            trials_by_case.setdefault(case, np.zeros_like(free))[rows, trial] |= here & begins
    return {
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
