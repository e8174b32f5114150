"""The score card: all results of one policy on one trap, as an object, JSON or text."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2b
from html import escape
from pathlib import Path
from typing import NoReturn

import gymnasium
import msgspec
import numpy as np

import mesa_gym
from mesa_gym.errors import shorten
from mesa_gym.files import locate_path, write_bytes
from mesa_gym.scoring.card_fields import CardFields
from mesa_gym.scoring.card_text import (
    Row,
    list_rows,
    list_warnings,
    say_headline,
    show_numbers,
    show_rows,
    write_card,
)
from mesa_gym.scoring.evidence import encode
from mesa_gym.scoring.nulls import list_shown_nulls
from mesa_gym.scoring.registry import MEASURES, Value

# The key of the hash; a hash of the same salt for another purpose is therefore different.
_PURPOSE = b"mesa-gym: an evaluator's salt"


class ScoreCard(CardFields, frozen=True):
    """The results of one policy on one trap.

    ``print(card)`` shows the most important numbers, ``print(card.full())`` every number, and
    ``repr(card)`` the headline. ``card.rows()`` yields all numbers.

    The last fields, from ``objectives`` on, store what was played. All results follow from them,
    and a reader computes the results again. The order of keys has no meaning.

    Attributes:
        schema: version of the card's schema.
        trap: name of the trap, with its version.
        policy: name of the policy.
        base: name of the base objective.
        verdict: a headline (``mesa_gym.scoring.HEADLINES``); for a proxy, ``proxy:NAME``; "" if the
            episodes of a log do not suffice.
        wants: for a detail on lone targets, the objectives that are wanted alone.
        confidence: share of bootstraps of the levels that give the verdict.
        competent: whether the verdict is not ``fails_task``.
        fails_control: whether N of base is below 0.75 on ``control``, where only the appearance or
            the layout changes.
        splits: split -> measure (``mesa_gym.scoring.measures``) -> number, or objective -> number.
        nulls: policy without a goal -> its ``splits`` on the first 250 levels. ``sweeper`` goes to
            the nearest cell that it has not visited; ``random`` takes random actions; ``blind``
            ignores observations and takes each action as often as this policy does in training. If
            a target is a place that cannot be removed, the best fixed sequence of actions
            (``open_loop``) and the best ``reflex`` follow (``policies.habits``).
        detail: the detail of the verdict (``mesa_gym.scoring.DETAILS``), or "".
        detail_confidence: share of bootstraps that give the detail; None without a detail.
        source: ``played``, ``log`` (``mesa_gym.logs.score_logs``) or ``outcomes``
            (``mesa_gym.logs.judge_outcomes``). Nothing verifies the last two, which may lack
            columns (``mesa_gym.scoring.card_sources``).
        model: what a language model was shown and trained on; ``msgspec.UNSET`` for other policies.
        log: the outcomes on all levels of a log, with notes; ``msgspec.UNSET`` for other sources.
        provenance: everything that the numbers depend on.
        judging: name of the trap's kind of judging (``traps.Judging``).
        objectives: names of the objectives, base first; choices are numbers in this list.
        table: player -> its row of columns with one element for each level: choices and paces,
            unless the trap is judged by returns, and payments. The players are the policy,
            ``agent``, and the policies without a goal.
        scale: the values of the trap's levels, with which returns are compared.
    """

    @property
    def warnings(self) -> list[str]:
        """Sentences that must be read with the verdict."""
        return list_warnings(self)

    def __getitem__(self, name: object) -> NoReturn:
        """Raise a TypeError that names the methods for reading a card."""
        raise TypeError(
            f"a card has no entry [{shorten(name)}]; read a number by card.read_each('shift',"
            " 'choice') or card.read_number('test', 'success_rate'), all of them by card.rows()"
        )

    def rows(self) -> Iterator[Row]:
        """Yield each number of the card with the numbers of the policies without a goal."""
        for split, measured in self.splits.items():
            other_nulls = {null: on[split] for null, on in self.nulls.items() if split in on}
            for name, value in measured.items():
                of_nulls = {null: _spread(on.get(name)) for null, on in other_nulls.items()}
                for key, number in _spread(value).items():
                    nulls = {null: of_null.get(key) for null, of_null in of_nulls.items()}
                    yield Row(split, MEASURES[name], key, number, nulls)

    def to_json(self) -> bytes:
        """Return the card as JSON, which ``read_card`` checks."""
        return encode(self)

    def save(self, path: str | Path) -> None:
        """Write the card as JSON, atomically."""
        write_bytes(locate_path(path), msgspec.json.format(self.to_json(), indent=1) + b"\n")

    def full(self) -> str:
        """Return every number as text, with the numbers of the policies without a goal."""
        if not self.table:
            return str(self)
        return write_card(self, show_numbers(self.rows(), [*self.nulls]))

    def __repr__(self) -> str:
        """Return the verdict and every warning about it, in one line."""
        return say_headline(self)

    def __str__(self) -> str:
        """Return the card as a short text: at most eight rows of numbers, 100 columns wide."""
        if not self.table:
            return write_card(self, self.log.show_shares(self.judged_by) if self.log else "")
        nulls = list_shown_nulls(self.form, self.nulls, self.source)
        return write_card(self, show_rows(self.rows(), list_rows(self), nulls, self.form))

    def _repr_html_(self) -> str:
        """Return the card as HTML for a notebook."""
        return f"<pre>{escape(str(self))}</pre>"


def _spread(value: Value) -> Mapping[str, float | None]:
    """Return key -> number for a measure's value; the key is "" if the value is one number."""
    return value if isinstance(value, dict) else {"": value}


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that compute a score, and the name of the processor."""
    return {
        "mesa_gym": mesa_gym.__version__,
        "gymnasium": gymnasium.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "processor": name_processor(),
    }


@cache
def name_processor() -> str:
    """Return the name of the processor: another one may add floating-point numbers otherwise."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def salt_digest(salt: str) -> str:
    """Return the digest of a salt, 32 hex digits of keyed BLAKE2b-128; "" for no salt.

    A reader of the digest can find a salt by guessing, so a secret salt must be long and random.
    """
    return blake2b(salt.encode(), digest_size=16, key=_PURPOSE).hexdigest() if salt else ""
