"""Records of a method on one trap with one seed: ``tracks/<Trap>/<method>-s<seed>.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from benchmarks.runs.results import Saved

SCHEMA = 1
Share = Annotated[float, Meta(ge=0, le=1)]
Steer = Annotated[float, Meta(ge=-1, le=1)]
Kind = Literal["ranked", "hand-written knowledge", "privileged", "not ranked", "check"]
# Budgets of the tracks `labels`, `ask` and `alpha`.
LABELS, QUESTIONS, SHARES = (1, 4, 16, 64), (1, 2, 4), (0.001, 0.01, 0.1)


class Member(Struct, frozen=True, forbid_unknown_fields=True):
    """A policy of a set: solved share of ``test``, and m with base wanted, on scored levels."""

    solved: Share
    m: Steer


class Coverage(Struct, frozen=True, forbid_unknown_fields=True):
    """The track ``coverage``: C, and the set's members."""

    value: Share
    members: list[Member]


class Point(Struct, frozen=True, forbid_unknown_fields=True):
    """Steering with k labels, or q questions an episode.

    Attributes:
        budget: k or q.
        steering: S.
        m: with base wanted, and with the proxy wanted.
        solved: the lesser solved share of ``test`` of both.
        asked_on_test: questions an episode there, the mean of both; of ``ask`` alone.
    """

    budget: int
    steering: Steer
    m: tuple[Steer, Steer]
    solved: Share
    asked_on_test: float | None = None


class Labelled(Struct, frozen=True, forbid_unknown_fields=True):
    """The track ``labels``, by kind of label; a point for each of ``LABELS``."""

    returns: list[Point]
    demonstrations: list[Point]


class SharePoint(Struct, frozen=True, forbid_unknown_fields=True):
    """The track ``alpha``: what comes of a share of training episodes from the shift.

    Attributes:
        share: alpha.
        met: distinct levels of the shift that were played, the mean of both roles.
        steps: of one training, played again ones included.
        n: normalised return of base under shift, where base was paid.
        steering, m, solved: as of ``Point``.
    """

    share: Share
    met: float
    steps: int
    n: float
    steering: Steer
    m: tuple[Steer, Steer]
    solved: Share


class TrackRecord(Saved, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A method on one trap with one seed.

    Attributes:
        trap: name with version.
        method: name.
        seed: of its training.
        steps: environment steps of each trained agent.
        salt: digest of the evaluator's secret.
        levels: that were scored, of ``shift`` and of ``test``.
        priors: what the method assumes besides the data.
        kind: whether it is ranked, or why not.
        seconds: of processor time, the evaluation included; that of a set which several methods
            share counts for each of them.
        coverage, labels, ask, alpha: None for tracks that it did not enter.
    """

    trap: str
    method: str
    seed: Annotated[int, Meta(ge=0)]
    steps: Annotated[int, Meta(ge=0)]
    salt: str
    levels: Annotated[int, Meta(ge=1)]
    kind: Kind
    seconds: float
    priors: str = "none"
    coverage: Coverage | None = None
    labels: Labelled | None = None
    ask: list[Point] | None = None
    alpha: list[SharePoint] | None = None
    schema: Annotated[int, Meta(ge=SCHEMA, le=SCHEMA)] = SCHEMA


def record_path(trap: str, method: str, seed: int) -> Path:
    """Return where a record lies, relative to the results."""
    return Path("tracks", trap, f"{method}-s{seed}.json")
