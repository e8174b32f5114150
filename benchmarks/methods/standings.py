"""The table of methods: how well each steers, by family of tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean

from benchmarks.methods import METHODS
from benchmarks.methods.record import TaskRecord
from benchmarks.methods.tasks import FAMILIES, RANKING, SEEDS, TASKS
from mesa_gym.report import interval

# Methods whose records come of code that has left or changed since, and its last commit.
LEFT_AT = "f9d1020c"
LEFT = ("cues", "d-bat", "divdis", "planner", "seeds", "table")
# The records of a task, one a seed, and what they weigh in a mean.
Weighed = list[tuple[float, list[TaskRecord]]]
HEADS = ("method", "S", "95%", "C", *FAMILIES, "records", "CPU hours", "code")


def tabulate(methods: Mapping[str, Sequence[TaskRecord]]) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows of methods' records by name, the largest S first."""
    ranked = sorted(methods, key=lambda name: -(average(weigh_tasks(methods[name], RANKING)) or 0))
    return [*HEADS], [tabulate_method(name, methods[name]) for name in ranked]


def tabulate_method(name: str, records: Sequence[TaskRecord]) -> list[str]:
    """Return the row of a method."""
    weighed = weigh_tasks(records, RANKING)
    families = [[x for x in RANKING if RANKING[x].family == family] for family in FAMILIES]
    ranking = [record for _, each in weighed for record in each]
    return [
        name,
        _write(average(weighed)),
        " to ".join(map(_write, find_interval(weighed) or ())),
        _write(average(weighed, lambda record: record.coverage)),
        *(_write(average(weigh_tasks(records, tasks))) for tasks in families),
        f"{len(ranking)} of {len(RANKING) * SEEDS}",
        f"{sum(record.seconds for record in ranking) / 3600:.1f}",
        LEFT_AT if name in LEFT else "here" if name in METHODS else "",
    ]


def weigh_tasks(records: Sequence[TaskRecord], tasks: Iterable[str]) -> Weighed:
    """Return weight and records of each task; families weigh the same, and tasks in them."""
    families: dict[str, list[list[TaskRecord]]] = {}
    for task in tasks:
        if own := [record for record in records if record.task == task]:
            families.setdefault(TASKS[task].family, []).append(own)
    return [(1 / len(families) / len(each), own) for each in families.values() for own in each]


def average(
    weighed: Weighed, read: Callable[[TaskRecord], float] = lambda record: record.area
) -> float | None:
    """Return the mean of a value over seeds, tasks and families; None without a record."""
    return sum(w * fmean(map(read, records)) for w, records in weighed) if weighed else None


def find_interval(weighed: Weighed) -> tuple[float, float] | None:
    """Return the 95% interval of S over seeds; None where a task has one alone."""
    values = [[record.area for record in records] for _, records in weighed]
    if min(map(len, values), default=0) < 2:
        return None
    return interval(values, [weight for weight, _ in weighed], limits=(-1, 1))


def _write(value: float | None) -> str:
    return "–" if value is None else f"{value:z.2f}"
