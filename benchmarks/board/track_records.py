"""Records of methods that a board believes: what it is given is made by others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.jobs.store import Results
from benchmarks.options import say
from benchmarks.tracks.record import TrackRecord, record_path
from benchmarks.tracks.rules import require_rules
from mesa_gym.files import read_json
from mesa_gym.terminal import printable

# What all records of a method say alike.
FACTS = (
    *("name", "division", "kind", "priors", "about", "paper"),
    *("authors", "code", "commit"),
)
Facts = tuple[Any, ...]


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


def find_strangers(records: dict[Path, TrackRecord]) -> dict[Path, str]:
    """Return the records that bear another method's name, as path -> reason.

    All records of a method say the same of it. Where they do not, those are believed of which most
    are verified, then most, and of as many those that come first.
    """
    named: dict[str, dict[Path, TrackRecord]] = defaultdict(dict)
    for path, record in records.items():
        named[record.method.casefold()][path] = record
    found = {}
    for group in named.values():
        facts = {path: _describe_method(record) for path, record in group.items()}
        votes = Counter[Facts]()
        for path, record in group.items():
            votes[facts[path]] += 1 + len(records) * (record.verified is not None)
        (most, _), *_ = votes.most_common()
        for path in (path for path, said in facts.items() if said != most):
            differing = _find_differing(most, facts[path])
            found[path] = f"another method has this name: their {', '.join(differing)} differ"
    return found


def _describe_method(record: TrackRecord) -> Facts:
    """Return ``FACTS`` of the method."""
    by = record.origin
    origin = (tuple(by.authors), by.code, by.commit) if by else (None,) * 3
    said = record.division, record.kind, record.priors, record.about, record.paper
    return (record.method, *said, *origin)


def _find_differing(one: Iterable[Any], other: Iterable[Any]) -> list[str]:
    return [name for name, x, y in zip(FACTS, one, other, strict=True) if x != y]
