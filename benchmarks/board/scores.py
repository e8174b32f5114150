"""Values of a method: means over families of means over their tasks of means over seeds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from benchmarks.tracks.record import LABEL_KINDS, TrackRecord, compute_area
from benchmarks.tracks.tasks import ENCODINGS, SEEDS, Division, list_ranking
from mesa_gym.report.intervals import load_special

# Besides the tables of a record: the mean of those of labels, its surplus over what never trained,
# and what a division is ranked by, the mean of three tracks.
LABELS_MEAN, SURPLUS, MEAN = "labels", "surplus", "mean"
MEAN_OF = ("coverage", LABELS_MEAN, "ask")
# All of them, as pages show them.
ORDER = (
    *(MEAN, "coverage", LABELS_MEAN, SURPLUS, "ask", "rare"),
    *(f"{of}: {kind}" for kind in LABEL_KINDS for of in (LABELS_MEAN, SURPLUS)),
)
UNTRAINED = "untrained"
UNKNOWN = math.nan
# Task -> seed -> a value.
ByTask = Mapping[str, Mapping[int, float]]
# (Task, kind of labels) -> what the best control that never trained gets there.
Controls = Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class Estimate:
    """A mean, and its 95% interval over seeds: NaN where a task has a single one, or is missing."""

    value: float
    interval: tuple[float, float] = (UNKNOWN, UNKNOWN)


@dataclass(frozen=True)
class TableScore:
    """The values of a method in a table.

    Attributes:
        by_task: of all tasks.
        overall: over the families that count in the method's division.
        families: of each family that it has tasks of.
        encodings: of the same families as ``overall``, by encoding, without intervals.
        curve: budget -> the mean that ``overall`` is of one budget; those that all records have.
        place: from 1; None where it is not ranked.
    """

    by_task: ByTask
    overall: Estimate
    families: dict[str, Estimate]
    encodings: dict[str, Estimate]
    curve: dict[float, float] = field(default_factory=dict)
    place: int | None = None

    def find_mean(self, task: str) -> float:
        """Return the mean over the seeds of a task; NaN for none."""
        return fmean(self.by_task[task].values()) if task in self.by_task else UNKNOWN

    @property
    def largest_fall(self) -> float:
        """By how much the curve falls at most."""
        return find_largest_fall(self.curve)


def find_largest_fall(curve: Mapping[float, float]) -> float:
    """Return the most by which a value is below that of a smaller budget; 0 where none is."""
    budgets = sorted(curve)
    return max((curve[a] - curve[b] for a in budgets for b in budgets if a <= b), default=0.0)


def find_controls(records: Iterable[TrackRecord]) -> dict[tuple[str, str], float]:
    """Return the areas of the controls of ``labels``, which never trained.

    At each budget it is S of the best of them on that task, the mean over seeds, and at least 0,
    which is that of any policy that ignores its labels. Controls are the project's own.
    """
    steering: dict[tuple[str, str], dict[int, dict[str, list[float]]]] = defaultdict(dict)
    for record in records:
        if record.kind == UNTRAINED and record.origin is None:
            for kind, points in (record.labels or {}).items():
                for point in points:
                    at = steering[record.task, kind].setdefault(point.budget, defaultdict(list))
                    at[record.method].append(point.steering)
    return {
        key: compute_area(
            {k: max(0.0, *map(fmean, methods.values())) for k, methods in budgets.items()}
        )
        for key, budgets in steering.items()
    }


def list_scores(record: TrackRecord, controls: Controls) -> dict[str, float]:
    """Return what a record gets in each table that it entered, and the means of tables.

    Of the mean's three tracks, those that it did not enter count 0, which a method without
    information gets.
    """
    found = record.list_values()
    kinds = [kind for kind in LABEL_KINDS if record.labels is not None]
    if kinds:
        found[LABELS_MEAN] = fmean(found[f"labels: {kind}"] for kind in kinds)
        best = {kind: controls.get((record.task, kind)) for kind in kinds}
        over = {kind: found[f"labels: {kind}"] - x for kind, x in best.items() if x is not None}
        found |= {f"{SURPLUS}: {kind}": value for kind, value in over.items()}
        if len(over) == len(kinds):
            found[SURPLUS] = fmean(over.values())
    if any(table in found for table in MEAN_OF):
        found[MEAN] = sum(found.get(table, 0.0) for table in MEAN_OF) / len(MEAN_OF)
    return found


def list_curves(record: TrackRecord) -> dict[str, dict[float, float]]:
    """Return table -> budget -> value, of a record."""
    found: dict[str, dict[float, float]] = {}
    if record.coverage is not None:
        found["coverage"] = dict(record.coverage.curve.items())
    for track, points, _ in record.list_curves():
        found[track] = {point.budget: point.steering for point in points}
    if record.labels is not None:
        kinds = [found[f"labels: {kind}"] for kind in LABEL_KINDS]
        found[LABELS_MEAN] = {k: fmean(kind[k] for kind in kinds) for k in kinds[0]}
    if record.rare is not None:
        found["rare"] = {point.share: point.n for point in record.rare}
    return found


def score_tables(records: Sequence[TrackRecord], controls: Controls) -> dict[str, TableScore]:
    """Return the scores of one method in all tables that it entered."""
    division = records[0].division
    scores: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    curves: dict[str, dict[float, dict[str, dict[int, float]]]] = defaultdict(dict)
    for record in records:
        for table, value in list_scores(record, controls).items():
            scores[table][record.task][record.seed] = value
        for table, curve in list_curves(record).items():
            for budget, value in curve.items():
                at = curves[table].setdefault(budget, defaultdict(dict))
                at[record.task][record.seed] = value
    encodings = {(record.task, record.seed): record.encoding for record in records}
    return {
        table: TableScore(
            {task: dict(seeds) for task, seeds in by_task.items()},
            estimate(by_task, division, _limit(table)),
            _split_families(by_task, _limit(table)),
            {
                encoding: estimate(
                    {
                        task: {s: x for s, x in of.items() if encodings[task, s] == encoding}
                        for task, of in by_task.items()
                    },
                    division,
                )
                for encoding in ENCODINGS
            },
            {
                budget: estimate(at, division).value
                for budget, at in sorted(curves[table].items())
                if {t: [*of] for t, of in at.items()} == {t: [*of] for t, of in by_task.items()}
            },
        )
        for table, by_task in scores.items()
    }


def _split_families(by_task: ByTask, limits: tuple[float, float] | None) -> dict[str, Estimate]:
    """Return the families that a method has counted tasks of, with the means over their tasks."""
    found = {family: _average(gather([names], by_task), limits) for family, names in _FAMILIES}
    return {family: each for family, each in found.items() if not math.isnan(each.value)}


_FAMILIES = [*list_ranking("closed").items()]


def estimate(
    by_task: ByTask, division: Division, limits: tuple[float, float] | None = None
) -> Estimate:
    """Return the mean over families of a division, of those that there are values of."""
    return _average(gather([*list_ranking(division).values()], by_task), limits)


def gather(families: Sequence[Sequence[str]], by_task: ByTask) -> list[tuple[float, list[float]]]:
    """Return weight and values by seed of each task; families weigh the same, and tasks in them."""
    groups = [
        [values for task in names if (values := _list_counted(by_task.get(task, {})))]
        for names in families
    ]
    there = [group for group in groups if group]
    return [(1 / len(there) / len(group), x) for group in there for x in group]


def _list_counted(seeds: Mapping[int, float]) -> list[float]:
    """Return the values of the seeds that count."""
    return [seeds[seed] for seed in range(SEEDS) if seed in seeds]


def _average(
    strata: Sequence[tuple[float, list[float]]], limits: tuple[float, float] | None
) -> Estimate:
    """Return the weighted mean; the interval where there are limits of values."""
    value = sum(weight * fmean(task) for weight, task in strata) if strata else UNKNOWN
    if limits is None or math.isnan(value):
        return Estimate(value)
    return Estimate(value, bound_mean(value, strata, limits))


def bound_mean(
    value: float, strata: Sequence[tuple[float, Sequence[float]]], limits: tuple[float, float]
) -> tuple[float, float]:
    """Return the 95% interval of a weighted mean of tasks' means over seeds.

    It is that of ``mesa_gym.report.interval``, which leaves out each seed of each task in turn,
    and for a mean needs not: a board has thousands of them.

    Args:
        value: the mean.
        strata: the weight of each task, and its values by seed.
        limits: of values.
    """
    seeds = [len(values) for _, values in strata]
    if min(seeds) < 2:
        return UNKNOWN, UNKNOWN
    parts = [weight**2 * _square_error(values) for weight, values in strata]
    least, whole = min(seeds) - 1, sum(parts)
    inverse = sum(part**2 / (n - 1) for part, n in zip(parts, seeds, strict=True))
    freedom = max(whole**2 / inverse, least) if inverse > 0 else least
    special, (low, high) = load_special(), limits
    reach = float(special.stdtrit(freedom, 0.975)) * whole**0.5
    if math.isinf(low):
        return value - reach, value + reach
    share = min(max((value - low) / (high - low), 0.0), 1.0)
    if share in (0, 1):
        return value, value
    # Between limits the ends are found in logits.
    reach /= (high - low) * share * (1 - share)
    middle = math.log(share / (1 - share))
    below, above = (1 / (1 + math.exp(-middle - end)) for end in (-reach, reach))
    return low + (high - low) * below, low + (high - low) * above


def _square_error(values: Sequence[float]) -> float:
    """Return the square of the standard error of a mean."""
    mean = fmean(values)
    return sum((x - mean) ** 2 for x in values) / (len(values) - 1) / len(values)


def _limit(table: str) -> tuple[float, float] | None:
    """Return between which values of a table lie, C is never negative; None of what is derived."""
    if table.startswith(SURPLUS):
        return None
    if table == "rare":
        return -math.inf, math.inf
    return (0, 1) if table == "coverage" else (-1, 1)


def find_missing(
    by_task: Mapping[str, Collection[int]], division: Division
) -> dict[str, list[int]]:
    """Return ranking task -> the seeds that a place needs besides; {} where it can be ranked."""
    needed = [task for names in list_ranking(division).values() for task in names]
    missing = {
        task: [seed for seed in range(SEEDS) if seed not in by_task.get(task, {})]
        for task in needed
    }
    return {task: seeds for task, seeds in missing.items() if seeds}
