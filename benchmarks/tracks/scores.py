"""Scores of methods: the area under S over labels, by family of tasks and as one mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any

from benchmarks.tracks.evaluation import LEVELS
from benchmarks.tracks.ranks import DIGITS, rank_places
from benchmarks.tracks.record import (
    LABEL_KINDS,
    LABELS,
    Label,
    MethodFacts,
    TrackRecord,
    compute_area,
)
from benchmarks.tracks.record_files import MethodRecords
from benchmarks.tracks.tasks import FAMILIES, RANKING, SEEDS
from mesa_gym.report import interval

# The lower line: a method that reads labels alone, and no reward of training.
UNTRAINED = "untrained"
# Chance that any of all cells is told apart by chance alone (Bonferroni).
ERROR = 0.05
Read = Callable[[TrackRecord], float]


@dataclass(frozen=True)
class Estimate:
    """A mean over families of tasks of seeds, and its 95% interval over seeds; NaN for none."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class MethodScore:
    """The values of a method.

    Attributes:
        facts: of the method.
        rank: from 1; None where it never trained, or lacks seeds of a task.
        steering: the area under S, in 0 to 1 for what is of any use.
        coverage: C, which no choice of one of its own policies can surpass.
        families: the area by family.
        curves: family, or "all" for their mean -> number of labels -> S.
        told_apart: cells, of a task and a kind of labels, in which it is above ``untrained``.
        missing: ranking tasks of which it lacks seeds.
        hours: of a processor, the evaluation included.
    """

    facts: MethodFacts
    rank: int | None
    steering: Estimate
    coverage: Estimate
    families: dict[str, float]
    curves: dict[str, dict[int, float]]
    told_apart: int
    missing: list[str]
    hours: float


ByTask = Mapping[str, Sequence[TrackRecord]]


def score_methods(methods: Sequence[MethodRecords]) -> list[MethodScore]:
    """Return the scores of methods, the best first, those without a rank last.

    Methods that the data do not tell apart share a rank (Holm over all pairs).
    """
    by_task = {each.facts.name: _group_tasks(each) for each in methods}
    lower = by_task.get(UNTRAINED, {})
    found = [_score_method(each, by_task[each.facts.name], lower) for each in methods]
    found.sort(key=lambda each: (not _is_ranked(each), -each.steering.value, each.facts.name))
    ranked = [each for each in found if _is_ranked(each)]
    values = [
        [
            [weight * record.area for record in records]
            for weight, records in weigh_tasks(by_task[each.facts.name])
        ]
        for each in ranked
    ]
    ranks = dict(zip((x.facts.name for x in ranked), rank_places(values), strict=True))
    return [replace(each, rank=ranks.get(each.facts.name)) for each in found]


def _is_ranked(each: MethodScore) -> bool:
    return each.facts.trained and not each.missing


def _group_tasks(method: MethodRecords) -> dict[str, list[TrackRecord]]:
    """Return the records that count, by task."""
    found: dict[str, list[TrackRecord]] = {}
    for record in method.records:
        if record.task in RANKING and record.seed < SEEDS:
            found.setdefault(record.task, []).append(record)
    return found


def _score_method(method: MethodRecords, tasks: ByTask, lower: ByTask) -> MethodScore:
    of_families = {
        family: {task: of for task, of in tasks.items() if RANKING[task].family == family}
        for family in FAMILIES
    }
    curves = {
        family: {k: _average(of, _read_steering(k)) for k in LABELS}
        for family, of in {"all": tasks, **of_families}.items()
        if of
    }
    return MethodScore(
        facts=method.facts,
        rank=None,
        steering=estimate(tasks, lambda record: record.area, (-1, 1)),
        coverage=estimate(tasks, lambda record: record.coverage, (0, 1)),
        families={
            family: _average(of, lambda record: record.area)
            for family, of in of_families.items()
            if of
        },
        curves=curves,
        told_apart=sum(
            _is_above(_read_areas(tasks[task], kind), _read_areas(lower[task], kind))
            for task in tasks.keys() & lower.keys()
            for kind in LABEL_KINDS
        ),
        missing=[task for task in RANKING if _count_whole(tasks.get(task, ())) < SEEDS],
        hours=sum(record.seconds for record in method.records) / 3600,
    )


def _count_whole(records: Sequence[TrackRecord]) -> int:
    """Return how many records are of all levels."""
    return sum(record.levels >= LEVELS for record in records)


def _read_steering(k: int) -> Read:
    return lambda record: fmean(record.list_steering(kind)[k] for kind in LABEL_KINDS)


def _read_areas(records: Sequence[TrackRecord], kind: Label) -> list[float]:
    # Seeds that differ by what floating point leaves have no spread.
    return [round(compute_area(record.list_steering(kind)), DIGITS) for record in records]


def _is_above(own: Sequence[float], lower: Sequence[float]) -> bool:
    """Return whether seeds are above those of the lower line, by Welch's test over all cells."""
    from scipy.stats import ttest_ind_from_stats

    if fmean(own) <= fmean(lower) or min(len(own), len(lower)) < 2:
        return False
    if len({*own}) == len({*lower}) == 1:
        return True
    one, other = ((fmean(values), stdev(values), len(values)) for values in (own, lower))
    cells = len(RANKING) * len(LABEL_KINDS)
    return bool(ttest_ind_from_stats(*one, *other, equal_var=False).pvalue < ERROR / cells)


def weigh_tasks(tasks: ByTask) -> list[tuple[float, Sequence[TrackRecord]]]:
    """Return weight and records of each task; families weigh the same, and tasks in them."""
    families: dict[str, list[Sequence[TrackRecord]]] = {}
    for task in (name for name in RANKING if name in tasks):
        families.setdefault(RANKING[task].family, []).append(tasks[task])
    return [
        (1 / len(families) / len(group), records)
        for group in families.values()
        for records in group
    ]


def _average(tasks: ByTask, read: Read) -> float:
    return sum(weight * fmean(map(read, records)) for weight, records in weigh_tasks(tasks))


def estimate(tasks: ByTask, read: Read, limits: tuple[float, float]) -> Estimate:
    """Return the mean of a value and its interval; NaN ends where a task has a single seed."""
    weighed = weigh_tasks(tasks)
    if not weighed:
        return Estimate()
    values = [[read(record) for record in records] for _, records in weighed]
    if min(map(len, values)) < 2:
        return Estimate(_average(tasks, read))

    def statistic(means: Any) -> Any:
        parts = zip(weighed, means, strict=True)
        return sum(weight * of.mean(axis=-1) for (weight, _), of in parts)

    low, high = interval(statistic, values, limits=limits)
    return Estimate(_average(tasks, read), low, high)
