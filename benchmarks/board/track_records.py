"""Records of methods that a board believes: what it is given is made by others."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.options import say
from benchmarks.runs.results import Results
from benchmarks.tracks.checks import CHECKS
from benchmarks.tracks.evaluation import LEVELS
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.record import (
    LABEL_DRAWS,
    MOST_MEMBERS,
    STREAM_DRAWS,
    TrackRecord,
    record_path,
)
from benchmarks.tracks.tasks import BOARD_VERSION, SLACK_STEPS, TASKS, find_task
from mesa_gym.errors import shorten
from mesa_gym.files import read_json
from mesa_gym.terminal import printable

# Names that look different, for people and in any folder.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
# Names of the project's own methods, which no other record may have.
OWN = {name.casefold(): name for name in (*METHODS, *CHECKS)}
RANKED = "ranked"
# What all records of a method say alike.
FACTS = (
    *("name", "division", "kind", "priors", "about", "paper"),
    *("authors", "code", "commit"),
)


def read_ceilings(results: Results) -> dict[str, dict[str, float]]:
    """Return task -> role -> the share of its choices that an agent paid for it reaches.

    They are of ``ceilings.json``; {} where the results hold none.
    """
    path = results.folder / "ceilings.json"
    if not path.is_file():
        return {}
    return {
        task: {role: found["ceiling"] for role, found in roles.items()}
        for task, roles in read_json(path).items()
    }


def read_records(results: Results) -> list[TrackRecord]:
    """Return the records under a folder that can be believed.

    Each of the others is left out, with a line on standard error that names it and says why; the
    file stays as it is, since it may be another's, and no run makes it again.
    """
    found: dict[Path, TrackRecord] = {}
    for path in sorted((results.folder / "tracks").glob("*/*.json")):
        try:
            record = TrackRecord.load(path)
            require_rules(record)
            place = results.folder / record_path(record.task, record.method, record.seed)
            if path != place:
                raise ValueError(f"it is of {place}")
            found[path] = record
        except (ValueError, OSError) as error:  # such as a link that leads to itself
            _leave_out(path, error)
    for path, reason in find_strangers(found).items():
        _leave_out(path, reason)
        del found[path]
    return [*found.values()]


def _leave_out(path: Path, reason: object) -> None:
    say(printable(f"left out: {path}: {str(reason).replace(f'{path} ', '')}"))


def require_rules(record: TrackRecord) -> None:
    """Check what a record must be for the board.

    Raises:
        ValueError: its task, levels or name are not those of the rules.
    """
    if record.task not in TASKS:
        raise ValueError(f"{shorten(record.task)} is not a task of version {BOARD_VERSION}")
    task = find_task(record.task, record.seed)
    for fact in ("encoding", "wanted"):
        said, expected = getattr(record, fact), getattr(task, fact)
        if said != expected:
            raise ValueError(
                f"{fact} is {shorten(said)}; seed {task.seed} of {task.name} has {expected!r}"
            )
    if record.levels != LEVELS:
        raise ValueError(f"{record.levels} levels were scored; expected {LEVELS}")
    allowed = task.most_steps + SLACK_STEPS
    if record.kind == RANKED and record.steps > allowed:
        raise ValueError(f"it trained for {record.steps:,} steps; at most {allowed:,} allowed")
    most = MOST_MEMBERS[record.division]
    if record.coverage is not None and len(record.coverage.members) > most:
        raise ValueError(f"{len(record.coverage.members)} members; expected {most} at most")
    for track, points, _ in record.list_curves():
        draws = STREAM_DRAWS if track == "ask" else LABEL_DRAWS
        if wrong := {len(point.m) for point in points} - {draws}:
            raise ValueError(f"{track}: {min(wrong)} draws; expected {draws}")
    if not NAME.fullmatch(record.method):
        raise ValueError(
            f"the method is called {shorten(record.method)}; expected at most 60 letters, digits,"
            " points, hyphens and underscores of ASCII"
        )
    own = OWN.get(record.method.casefold())
    if own is not None and (record.origin is not None or record.method != own):
        raise ValueError(f"{own} is a method of the project; choose another name")


def find_strangers(records: dict[Path, TrackRecord]) -> dict[Path, str]:
    """Return the records that bear another method's name, as path -> reason.

    All records of a method say the same of it. Where they do not, most are believed, and of as many
    those that come first.
    """
    named: dict[str, dict[Path, TrackRecord]] = defaultdict(dict)
    for path, record in records.items():
        named[record.method.casefold()][path] = record
    found = {}
    for group in named.values():
        facts = {path: _describe_method(record) for path, record in group.items()}
        (most, _), *_ = Counter(facts.values()).most_common()
        for path in (path for path, said in facts.items() if said != most):
            differing = _find_differing(most, facts[path])
            found[path] = f"another method has this name: their {', '.join(differing)} differ"
    return found


def _describe_method(record: TrackRecord) -> tuple[Any, ...]:
    """Return ``FACTS`` of the method."""
    by = record.origin
    origin = (tuple(by.authors), by.code, by.commit) if by else (None,) * 3
    said = record.division, record.kind, record.priors, record.about, record.paper
    return (record.method, *said, *origin)


def _find_differing(one: Iterable[Any], other: Iterable[Any]) -> list[str]:
    return [name for name, x, y in zip(FACTS, one, other, strict=True) if x != y]
