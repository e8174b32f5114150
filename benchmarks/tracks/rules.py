"""Rules that a record must follow to count: most are made by others."""

from __future__ import annotations

import re
from math import sqrt
from statistics import fmean, stdev

from benchmarks.tracks.checks import CHECKS, COIN
from benchmarks.tracks.evaluation import LEVELS
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.rare import REPLAYS
from benchmarks.tracks.record import (
    LABEL_DRAWS,
    MOST_MEMBERS,
    ROUNDING,
    STREAM_DRAWS,
    TrackRecord,
)
from benchmarks.tracks.tasks import (
    BOARD_VERSION,
    RANKING,
    SEEDS,
    SLACK_STEPS,
    find_public_salt,
    find_task,
)
from mesa_gym.errors import shorten
from mesa_gym.scoring import salt_digest

# Names that look different, for people and in any folder.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
RANKED = "ranked"
# How many standard errors S may be from 0 where no label was given.
MOST_ERRORS = 3
# Kinds of the project's policies without information, which no other record may have.
_KINDS = dict.fromkeys(CHECKS, "check") | {COIN: "chance"}
_ALIKE = str.maketrans("i1|0", "lllo", "._-")


def _blur(name: str) -> str:
    """Return a name as a hasty reader sees it: without case, signs, and letters that look alike."""
    return name.casefold().translate(_ALIKE)


# Names of the project's own methods, which no other record may have.
_OWN = {_blur(name): name for name in (*METHODS, *CHECKS, COIN, *REPLAYS)}


def require_rules(record: TrackRecord, levels: int = LEVELS) -> None:
    """Check what a record must be to count.

    Args:
        record: of any origin.
        levels: that must have been scored.

    Raises:
        ValueError: its task, levels, name, kind or origin are not those of the rules.
    """
    if record.task not in RANKING or record.seed >= SEEDS:
        raise ValueError(
            f"seed {record.seed} of {shorten(record.task)} is not a task of version"
            f" {BOARD_VERSION}, which has seeds 0 to {SEEDS - 1} of {', '.join(RANKING)}"
        )
    task = find_task(record.task, record.seed)
    for fact in ("encoding", "wanted"):
        said, expected = getattr(record, fact), getattr(task, fact)
        if said != expected:
            raise ValueError(
                f"{fact} is {shorten(said)}; seed {task.seed} of {task.name} has {expected!r}"
            )
    if record.levels != levels:
        raise ValueError(f"{record.levels} levels were scored; expected {levels}")
    allowed = task.most_steps + SLACK_STEPS
    if record.kind == RANKED and record.steps > allowed:
        raise ValueError(f"it trained for {record.steps:,} steps; at most {allowed:,} allowed")
    if not record.list_values():
        raise ValueError("it is of no track, and says nothing")
    most = MOST_MEMBERS[record.division]
    if record.coverage is not None and len(record.coverage.members) > most:
        raise ValueError(f"{len(record.coverage.members)} members; expected {most} at most")
    for track, points, _ in record.list_curves():
        draws = STREAM_DRAWS if track == "ask" else LABEL_DRAWS
        if wrong := {len(point.m) for point in points} - {draws}:
            raise ValueError(f"{track}: {min(wrong)} draws; expected {draws}")
    _require_blind(record)
    _require_name(record)


def _require_blind(record: TrackRecord) -> None:
    """Raise ValueError where both roles differ before anything was said of either."""
    if record.kind == "chance":
        return  # one in a hundred throws of a coin is as far from 0
    for track, points, _ in record.list_curves():
        steering = [(first + second) / 2 for first, second in points[0].m]
        if points[0].budget or len(steering) == 1:
            continue
        error = stdev(steering) / sqrt(len(steering))
        if abs(mean := fmean(steering)) > MOST_ERRORS * error + ROUNDING:
            raise ValueError(
                f"{track}: S is {mean:.2f} without a label, with a standard error of {error:.2f};"
                f" expected 0 within {MOST_ERRORS}: the method was told its role in some other way"
            )


def _require_name(record: TrackRecord) -> None:
    """Raise ValueError where a name, kind or origin is another's."""
    if not NAME.fullmatch(record.method):
        raise ValueError(
            f"the method is called {shorten(record.method)}; expected at most 60 letters, digits,"
            " points, hyphens and underscores of ASCII"
        )
    own = _OWN.get(_blur(record.method))
    if own is None and record.origin is None:
        raise ValueError(
            f"it has no origin, and {record.method} is not a method of the project; write it with"
            " --authors, --code and --commit"
        )
    if own is not None and (record.origin is not None or record.method != own):
        raise ValueError(f"{own} is a method of the project; choose another name")
    if record.kind != (kind := _KINDS.get(own or "", record.kind)):
        raise ValueError(f"its kind is {record.kind}; {own} is of kind {kind}")
    if record.kind in _KINDS.values() and own not in _KINDS:
        raise ValueError(f"its kind is {record.kind}, which only {', '.join(_KINDS)} are")
    if record.kind in _KINDS.values() and None in (record.labels, record.ask):
        raise ValueError(f"{own} is evaluated on labels and ask, and it lacks one of them")
    salts = {salt_digest(find_public_salt(record.seed)), getattr(record.verified, "salt", None)}
    if own is not None and record.salt not in salts:
        raise ValueError(f"its salt is not that of the project's records with seed {record.seed}")
