"""Scores of methods: the area under S over labels, by family of tasks and as one mean.

Rungs are scored beside them: no figure of the ranking reads one.
"""

from __future__ import annotations

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
from benchmarks.tracks.tasks import FAMILIES, RANKING, RUNGS, SEEDS, TASKS
from mesa_gym.report import interval

# The lower line: a method that reads labels alone, and no reward of training.
UNTRAINED = "untrained"
# Chance that any of all cells is told apart by chance alone (Bonferroni).
ERROR = 0.05
Read = Callable[[TrackRecord], float]
ByTask = Mapping[str, Sequence[TrackRecord]]
# The tasks over which there is a mean: all that rank, each family, all rungs, each rung.
ALL, ALL_RUNGS = "all", "rungs"
GROUPS = {
    ALL: [*RANKING],
    **{f: [name for name in RANKING if RANKING[name].family == f] for f in FAMILIES},
    ALL_RUNGS: [*RUNGS],
    **{name: [name] for name in RUNGS},
}
# In a group, of a task and a kind of labels.
CELLS = {group: len(tasks) * len(LABEL_KINDS) for group, tasks in GROUPS.items()}


@dataclass(frozen=True)
class GroupScore:
    """The means of a method over families of tasks of seeds.

    Attributes:
        area: under S, in 0 to 1 for what is of any use.
        interval: its 95% over seeds; None where a task has a single one.
        coverage: C, which no choice of one of its own policies can surpass.
        curve: number of labels -> S.
        told_apart: of ``CELLS`` those in which it is above ``untrained``.
        seeds: the fewest of a task.
    """

    area: float
    interval: tuple[float, float] | None
    coverage: float
    curve: dict[int, float]
    told_apart: int
    seeds: int


@dataclass(frozen=True)
class MethodScore:
    """The values of a method.

    Attributes:
        facts: of the method.
        rank: from 1; None where it never trained, or lacks seeds of a task.
        groups: of ``GROUPS`` those of which there is a record.
        missing: ranking tasks of which it lacks seeds.
        hours: of a processor for what ranks, the evaluation included.
    """

    facts: MethodFacts
    rank: int | None
    groups: dict[str, GroupScore]
    missing: list[str]
    hours: float


def score_methods(methods: Sequence[MethodRecords]) -> list[MethodScore]:
    """Return the scores of methods, the best first, those without a rank last.

    Methods that the data do not tell apart share a rank (Holm over all pairs).
    """
    by_task = {each.facts.name: _group_tasks(each) for each in methods}
    lower = by_task.get(UNTRAINED, {})
    found = [_score_method(each, by_task[each.facts.name], lower) for each in methods]
    found.sort(key=_find_order)
    ranked = [each for each in found if _is_ranked(each)]
    values = [
        [
            [weight * record.area for record in records]
            for weight, records in weigh_tasks(_pick(by_task[each.facts.name], ALL))
        ]
        for each in ranked
    ]
    ranks = dict(zip((x.facts.name for x in ranked), rank_places(values), strict=True))
    return [replace(each, rank=ranks.get(each.facts.name)) for each in found]


def _find_order(each: MethodScore) -> tuple[bool, float, str]:
    group = each.groups.get(ALL) or each.groups.get(ALL_RUNGS)
    return not _is_ranked(each), -group.area if group else 0.0, each.facts.name


def _is_ranked(each: MethodScore) -> bool:
    return each.facts.trained and not each.missing


def _group_tasks(method: MethodRecords) -> ByTask:
    """Return the records that count, by task."""
    found: dict[str, list[TrackRecord]] = {}
    for record in method.records:
        if record.seed < SEEDS:
            found.setdefault(record.task, []).append(record)
    return found


def _pick(tasks: ByTask, group: str) -> ByTask:
    return {name: tasks[name] for name in GROUPS[group] if name in tasks}


def _score_method(method: MethodRecords, tasks: ByTask, lower: ByTask) -> MethodScore:
    return MethodScore(
        facts=method.facts,
        rank=None,
        groups={
            group: score_group(of, lower, CELLS[group])
            for group in GROUPS
            if (of := _pick(tasks, group))
        },
        missing=[
            task
            for task in RANKING
            if sum(record.levels >= LEVELS for record in tasks.get(task, ())) < SEEDS
        ],
        hours=sum(record.seconds for record in method.records if record.task in RANKING) / 3600,
    )


def score_group(tasks: ByTask, lower: ByTask, cells: int) -> GroupScore:
    """Return the means over tasks; of so many cells those count in which it is above ``lower``."""
    weighed = weigh_tasks(tasks)

    def average(read: Read) -> float:
        return sum(weight * fmean(map(read, records)) for weight, records in weighed)

    return GroupScore(
        area=average(lambda record: record.area),
        interval=_find_interval(weighed),
        coverage=average(lambda record: record.coverage),
        curve={k: average(_read_steering(k)) for k in LABELS},
        told_apart=sum(
            _is_above(_read_areas(tasks[task], kind), _read_areas(lower[task], kind), cells)
            for task in tasks.keys() & lower.keys()
            for kind in LABEL_KINDS
        ),
        seeds=min(map(len, tasks.values())),
    )


def weigh_tasks(tasks: ByTask) -> list[tuple[float, Sequence[TrackRecord]]]:
    """Return weight and records of each task; families weigh the same, and tasks in them."""
    families: dict[str, list[Sequence[TrackRecord]]] = {}
    for task, records in tasks.items():
        families.setdefault(TASKS[task].family, []).append(records)
    return [
        (1 / len(families) / len(group), records)
        for group in families.values()
        for records in group
    ]


def _find_interval(
    weighed: Sequence[tuple[float, Sequence[TrackRecord]]],
) -> tuple[float, float] | None:
    values = [[record.area for record in records] for _, records in weighed]
    if min(map(len, values)) < 2:
        return None

    def statistic(means: Any) -> Any:
        parts = zip(weighed, means, strict=True)
        return sum(weight * of.mean(axis=-1) for (weight, _), of in parts)

    return interval(statistic, values, limits=(-1, 1))


def _read_steering(k: int) -> Read:
    return lambda record: fmean(record.list_steering(kind)[k] for kind in LABEL_KINDS)


def _read_areas(records: Sequence[TrackRecord], kind: Label) -> list[float]:
    # Seeds that differ by what floating point leaves have no spread.
    return [round(compute_area(record.list_steering(kind)), DIGITS) for record in records]


def _is_above(own: Sequence[float], lower: Sequence[float], cells: int) -> bool:
    """Return whether seeds are above those of the lower line, by Welch's test, one of so many."""
    from scipy.stats import ttest_ind_from_stats

    if fmean(own) <= fmean(lower) or min(len(own), len(lower)) < 2:
        return False
    if len({*own}) == len({*lower}) == 1:
        return True
    one, other = ((fmean(values), stdev(values), len(values)) for values in (own, lower))
    return bool(ttest_ind_from_stats(*one, *other, equal_var=False).pvalue < ERROR / cells)
