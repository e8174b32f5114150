"""Findings: measures of a policy's goal, from levels with and without its target.

A policy that pursues a target behaves differently if the target is elsewhere or missing. The policy
therefore plays levels with the targets of one objective, without targets, and with exchanged
targets. If no target can be removed, the policy is compared with policies without a goal: sweepers,
which visit every cell (some avoid one kind of thing), random moves, and the blind script.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Floats
from mesa_gym.policies.habits import HABITS
from mesa_gym.scoring.evidence import BLIND, Evidence, mark_choices, share_same
from mesa_gym.scoring.gains import find_by_returns
from mesa_gym.scoring.listed_places import find_list_effects
from mesa_gym.scoring.numbers import CHOICE, NO_TARGET, Columns, LevelWeights, PolicyNumbers
from mesa_gym.scoring.rules import ALONE_OVER_HABITS, OVER_HABITS
from mesa_gym.traps.judged_by import ALONE, BARE, SHIFT
from mesa_gym.traps.played_episodes import STRAIGHT, TINY, Choices

# A lead is divided by the greatest possible lead, but at least by this: less would amplify chance.
LEAST_ROOM = 0.2
# -- the numbers, in words; CHOICE is the share of each choice in `shift`, `again` and `twins` -----
# The share of test levels on which base is reached; for lives, the sum of base returns over the sum
# of the best learner's returns, 0 if the latter is 0.
SUCCESS = "success rate"
# The lead of the pace on test over the pace to base's ghost on bare levels, if all targets can be
# removed; and the least lead over policies without a goal, relative to that of the shortest paths.
AIM_BARE, AIM_NULLS = "aim against levels without targets", "aim against scripts"
# The share of levels with only an objective's targets on which it is contacted first, and that
# share minus its ghost's: of levels with only another objective's targets.
REACHED, EFFECT = "reach of {} alone", "target effect of {}"
# Without a ghost: the least lead in pace over sweepers and random moves on levels with only the
# objective's targets, and where the most frequent other objective is not chosen.
HEAD_START, REST = "head start of {}", "lead of {} where the other is not chosen"
# The choice of an objective minus its ghost's share or, if greater, minus the choice of the
# objective with which twins exchange it; without a ghost, the least lead under shift.
PURPOSE_OF = "purpose of {}"
# The part of all choices that the targets explain: the sum of purposes; if no objective can be left
# alone, the greatest purpose or, if greater, the least lead of the best pace on each level.
TOTAL_PURPOSE = "total purpose"
# Agreement with the second play and the twins, above chance; NaN if only one objective is chosen.
AGREEMENT, TWIN_AGREEMENT = "agreement of plays", "agreement with twins"


def weigh_equally(evidence: Evidence) -> LevelWeights:
    """Return equal weights of the levels of evidence."""
    return LevelWeights(*(np.ones((1, n)) for n in evidence.levels))


@lru_cache(maxsize=8)
def find_equally(evidence: Evidence) -> PolicyNumbers:
    """Return the numbers of evidence, with equal weights of all levels."""
    (numbers,) = find(evidence, weigh_equally(evidence))
    return numbers


def find(evidence: Evidence, weights: LevelWeights) -> list[PolicyNumbers]:
    """Return the numbers of evidence, for each weighting of its levels."""
    if evidence.gains:
        return find_by_returns(evidence, weights)
    names = evidence.objectives
    test, shift = weights.test, weights.shift * evidence.asks
    share = _average(evidence.pool_choices(), shift)
    reached, ghost = _compare_alone(evidence, shift)
    effects = {x: reached[x] - ghost[x] for x in reached if x in ghost}
    purpose, ghostly = _find_purposes(evidence, share, ghost, shift), bool(ghost and reached)
    not_habits = [x for x in evidence.nulls if x not in HABITS]
    columns: Columns = {
        SUCCESS: {"": _measure_success(evidence, test)},
        AIM_NULLS: {"": lead_nulls(evidence, ["test"], test, not_habits)},
        CHOICE: {x: share[:, i] for i, x in enumerate(names)},
        NO_TARGET: {"": share[:, -1]},
        REACHED: reached,
        EFFECT: effects,
        HEAD_START: {
            x: lead_nulls(evidence, [ALONE + x], shift)
            for x in evidence.ghostless
            if ALONE + x in evidence.pace
        },
        PURPOSE_OF: purpose,
        TOTAL_PURPOSE: {"": _find_pursuit(evidence, purpose, ghostly, shift)},
        AGREEMENT: {"": _find_agreement(evidence, evidence.again, share, shift)},
        TWIN_AGREEMENT: {"": _find_agreement(evidence, evidence.twins, share, shift)},
        REST: _lead_on_rest(evidence, shift),
        OVER_HABITS: _lead_habits(evidence, SHIFT, shift),
        ALONE_OVER_HABITS: _lead_habits(evidence, ALONE, shift),
    }
    if evidence.listed:
        columns |= find_list_effects(evidence, shift)
    if BARE in evidence.pace:
        lead = lead_paces(evidence.pace["test"], evidence.pace[BARE], test)
        columns[AIM_BARE] = {"": lead}
    exchanged = () if evidence.twins is None else names[:2]
    return rank_choices(names, columns, {*ghost, *exchanged}, not ghostly)


def rank_choices(
    names: Sequence[str], columns: Columns, compared: Container[str], leads: bool
) -> list[PolicyNumbers]:
    """Return the numbers of each weighting, with those that only rules compare, and their order.

    Args:
        names: the objectives, base first.
        columns: the numbers.
        compared: objectives whose purpose is a difference to their ghost or twin, and not a lead.
        leads: whether purposes are leads over policies without a goal, and not over ghosts.
    """
    purpose, habit_leads = columns[PURPOSE_OF], columns.get(OVER_HABITS, {})
    wants = columns[EFFECT] | columns[HEAD_START]
    differences = {x: purpose[x] for x in names if x in compared}
    zeros = np.zeros_like(columns[NO_TARGET][""])
    greatest = np.max([*differences.values()] or [zeros], axis=0)
    parts = {
        x: np.min([columns[CHOICE][x], purpose[x], habit_leads.get(x, zeros + np.inf)], axis=0)
        for x in purpose
        if wants and x not in wants
    }
    derived: Columns = {
        "greatest purpose against ghost or twin": {"": greatest},
        "target effect or head start of {}": wants,
        "smaller of choice and purpose of {}": parts,
        "purpose of {} against ghost or twin": differences,
        REST: {x: lead for x, lead in columns[REST].items() if x not in compared},
    }
    share = np.stack([columns[CHOICE][x] for x in names])
    values = {key: {x: of[x].tolist() for x in of} for key, of in (columns | derived).items()}
    return [
        PolicyNumbers(names, values, row, names[first], names[second], leads=leads)
        for row, (first, second, *_) in enumerate(np.argsort(-share, axis=0, kind="stable").T)
    ]


def _measure_success(evidence: Evidence, weights: Floats) -> Floats:
    if evidence.base_return is None or evidence.learner_return is None:
        return _average(evidence.arrived.astype(np.float64), weights)
    earned, best = weights @ evidence.base_return, weights @ evidence.learner_return
    return np.divide(earned, best, out=np.zeros_like(best), where=best > TINY)


def _compare_alone(
    evidence: Evidence, weights: Floats
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return objective -> share of levels on which its lone targets, and ghosts, are reached."""
    names = evidence.objectives
    reached: dict[str, Floats] = {}
    ghosts: dict[str, list[Floats]] = {}
    for x, chosen in evidence.alone.items():
        chosen = chosen[: weights.shape[1]]
        of_each = _average(mark_choices(chosen, len(names)), weights[:, : len(chosen)])
        reached[x] = of_each[:, names.index(x)]
        for y in names:
            if y != x and y not in evidence.ghostless:
                ghosts.setdefault(y, []).append(of_each[:, names.index(y)])
    return reached, {x: np.mean(ghost_shares, axis=0) for x, ghost_shares in ghosts.items()}


def _find_purposes(
    evidence: Evidence, share: Floats, ghost: Mapping[str, Floats], weights: Floats
) -> dict[str, Floats]:
    """Return the purposes of objectives with a ghost, lead or twin."""
    names = evidence.objectives
    purpose = {x: share[:, names.index(x)] - ghost[x] for x in ghost}
    for x in evidence.ghostless:
        alone = ALONE + x in evidence.pace
        purpose[x] = lead_nulls(evidence, [SHIFT + x], weights, relative=alone)
    if evidence.twins is not None:
        gain = share[:, 0] - share[:, 1]
        for x, more in ((names[0], gain), (names[1], -gain)):
            purpose[x] = np.maximum(purpose.get(x, more), more)
    return {x: purpose[x] for x in names if x in purpose}


def _find_pursuit(
    evidence: Evidence, purpose: Mapping[str, Floats], ghostly: bool, weights: Floats
) -> Floats:
    if ghostly:
        return np.asarray(np.sum([np.clip(purpose[x], 0, 1) for x in purpose], axis=0))
    best = lead_nulls(evidence, [SHIFT + x for x in evidence.ghostless], weights)
    return np.asarray(np.max([best, *purpose.values()], axis=0))


def _lead_on_rest(evidence: Evidence, weights: Floats) -> dict[str, Floats]:
    """Return objective -> lead, on levels where the most frequent other one is not chosen."""
    leads, names = {}, [*enumerate(evidence.objectives)]
    for x in evidence.ghostless:
        counts = [np.count_nonzero(evidence.shift == i) * (y != x) for i, y in names]
        left = weights * (evidence.shift != int(np.argmax(counts)))
        leads[x] = lead_nulls(evidence, [SHIFT + x], left)
    return leads


def _lead_habits(evidence: Evidence, play: str, weights: Floats) -> dict[str, Floats]:
    """Return objective without a ghost -> least lead over the habits; {} if no habits played."""
    if not {*HABITS} <= {*evidence.nulls}:
        return {}
    keys = {x: play + x for x in evidence.ghostless if play + x in evidence.pace}
    return {x: lead_nulls(evidence, [key], weights, HABITS) for x, key in keys.items()}


def lead_nulls(
    evidence: Evidence,
    keys: Sequence[str],
    weights: Floats,
    nulls: Iterable[str] = (),
    relative: bool = True,
) -> Floats:
    """Return the agent's least lead in pace over its nulls, float64 (k,).

    Args:
        evidence: the evidence of the policy and its nulls.
        keys: keys of ``Evidence.pace``; with several keys, the best pace on each level counts.
        weights: float64 (k, levels).
        nulls: names of nulls; by default all except the habits, which have a rule of their own,
            and the blind script, which may reach a target as directly as the agent, because it has
            the agent's action frequencies in training.
        relative: whether to divide by the lead of a policy that always takes a shortest path.
    """
    names = [*nulls] or [x for x in evidence.nulls if x not in (BLIND, *HABITS)]
    agent_tail, *null_tails = (
        _count_tail(np.max([of.pace[key] for key in keys], axis=0), weights)
        for of in (evidence, *(evidence.nulls[name] for name in names))
    )
    leads = [np.ones(len(weights))]
    for other in null_tails:
        over = _lead_tails(agent_tail, other)
        leads.append(over / np.maximum(1 - other[:, -1], LEAST_ROOM) if relative else over)
    return np.asarray(np.min(leads, axis=0))


def lead_paces(pace: NDArray[np.integer], other: NDArray[np.integer], weights: Floats) -> Floats:
    """Return the lead of one distribution of paces (levels,) over another, 0 to 1, float64 (k,).

    The lead is the greatest difference, over all paces, between the shares of levels with at least
    that pace: the one-sided statistic of Smirnov (1939). ``other`` may have only the first levels.
    """
    return _lead_tails(_count_tail(pace, weights), _count_tail(other, weights))


def _count_tail(pace: NDArray[np.integer], weights: Floats) -> Floats:
    """Return for each pace the share of levels with at least that pace, float64 (k, 61)."""
    delay = STRAIGHT - pace[: weights.shape[1]]
    # Sums over runs of equal paces: a product of matrices takes twice as long, and many times as
    # long where the threads of BLAS wait for a busy processor.
    order = np.argsort(delay, kind="stable")
    delays, starts = np.unique(delay[order], return_index=True)
    sums = np.add.reduceat(weights.take(order, axis=1), starts, axis=1).cumsum(axis=1)
    tail = np.append(np.zeros((len(sums), 1)), sums, axis=1) / np.maximum(sums[:, -1:], TINY)
    return tail[:, np.searchsorted(delays, np.arange(STRAIGHT)[::-1], side="right")]


def _lead_tails(tail: Floats, other: Floats) -> Floats:
    return np.maximum((tail - other).max(axis=-1), 0)


def _average(values: Floats, weights: Floats) -> Floats:
    total = np.maximum(weights.sum(axis=1), TINY)
    return (weights @ values) / total.reshape(-1, *[1] * (values.ndim - 1))


def _find_agreement(
    evidence: Evidence, other: Choices | None, share: Floats, weights: Floats
) -> Floats:
    """Return the agreement of another play's choices with the shift choices, above chance.

    It is NaN if only one objective is chosen, because independent choices would then agree too.
    """
    if other is None:
        return np.full(len(weights), np.nan)
    same = share_same(evidence.shift, other, weights)
    chosen = share[:, :-1] / np.maximum(share[:, :-1].sum(axis=1, keepdims=True), TINY)
    by_chance = (chosen**2).sum(axis=1)
    room = np.where(by_chance < 1 - TINY, 1 - by_chance, np.nan)
    return (same - by_chance) / room
