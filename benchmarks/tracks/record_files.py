"""Files of records: ``NAME.jsonl``, a line of a method's facts, then a line a task and seed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks.tracks.record import MethodFacts, TrackRecord
from benchmarks.tracks.tasks import BOARD_VERSION, SLACK_STEPS, find_task
from mesa_gym.errors import shorten
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.json_data import decode_json

# The project's own methods; the tests read all of them.
COMMITTED = Path(__file__).parents[1] / "results" / "methods"


class MethodRecords(Struct, frozen=True):
    """A method: its facts, and its records by task and seed."""

    facts: MethodFacts
    records: list[TrackRecord]

    def save(self, path: Path) -> None:
        """Write ``NAME.jsonl``."""
        ordered = sorted(self.records, key=lambda each: (each.task, each.seed))
        lines = [msgspec.json.encode(each) for each in (self.facts, *ordered)]
        write_bytes(path, b"\n".join(lines) + b"\n")


def read_method(path: Path) -> MethodRecords:
    """Read what ``MethodRecords.save`` wrote.

    Raises:
        ValueError: the file is damaged, holds a task and seed twice, or is of another version of
            the board, or a record breaks a rule; the message says where.
    """
    first, *rest = read_bytes(path).splitlines() or [b""]
    found: dict[tuple[str, int], TrackRecord] = {}
    try:
        facts = decode_json(first, MethodFacts)
        if facts.board != BOARD_VERSION:
            raise ValueError(
                f"it is of version {shorten(facts.board)} of the board; this is {BOARD_VERSION}"
            )
        for line in rest:
            record = decode_json(line, TrackRecord)
            require_rules(record)
            if (key := (record.task, record.seed)) in found:
                raise ValueError(f"seed {record.seed} of {record.task} stands there twice")
            found[key] = record
    except ValueError as error:
        raise ValueError(f"{path}, after {len(found)} records: {error}") from None
    return MethodRecords(facts, [*found.values()])


def require_rules(record: TrackRecord) -> None:
    """Raise ValueError where a record is not as its task is, or steers before it has a label."""
    task = find_task(record.task, record.seed)
    for fact in ("encoding", "wanted"):
        said, expected = getattr(record, fact), getattr(task, fact)
        if said != expected:
            raise ValueError(
                f"{fact} is {shorten(said)}; seed {task.seed} of {task.name} has {expected!r}"
            )
    allowed = task.most_steps + SLACK_STEPS
    if record.steps > allowed:
        raise ValueError(f"it trained for {record.steps:,} steps; at most {allowed:,} are allowed")
    record.require_no_leak()


def read_methods(paths: Iterable[Path]) -> list[MethodRecords]:
    """Read the records of several methods.

    Raises:
        ValueError: a file is damaged, or two are of one name.
    """
    found: dict[str, Path] = {}
    methods = []
    for path in paths:
        method = read_method(path)
        # No two differ in capitals alone, which not every file system tells apart.
        if (other := found.setdefault(method.facts.name.casefold(), path)) != path:
            raise ValueError(f"{path} and {other} are both of {method.facts.name}; rename one")
        methods.append(method)
    return methods
