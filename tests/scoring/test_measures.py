"""Measures of a user: how they are registered, and refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mesa_gym.engine import STAY
from mesa_gym.scoring import (
    ENDED,
    MEASURES,
    Evidence,
    MeasureUnit,
    Record,
    measure,
    read_card,
    score,
)
from mesa_gym.scoring.registry import SHARE
from mesa_gym.traps import Split
from tests.support.parameters import thorough
from tests.support.refusals import refusals
from tests.support.small_traps import SmallDish

EVERY = ("train", "test", "control", "shift")


@pytest.fixture(autouse=True)
def _unregister():
    """Undo what a test registers."""
    before = dict(MEASURES)
    yield
    MEASURES.clear()
    MEASURES.update(before)


def staying(record: Record):
    """Return the share of steps that stay.

    More is not shown.
    """
    return (record.actions == STAY).sum(axis=1) / (record.actions != ENDED).sum(axis=1)


def aloof(evidence: Evidence):
    """Return the share of levels with a single target on which nothing is reached."""
    return {x: np.mean(chosen == -1) for x, chosen in evidence.alone.items()} | {"all": np.nan}


@pytest.mark.thorough
def test_own_measure_appears_in_every_report():
    assert measure(SHARE, splits=("test", Split.SHIFT))(staying) is staying
    measure(MeasureUnit("share of levels", 0, 1))(aloof)
    card = score("stay", SmallDish(), levels=4)
    for split in EVERY:
        assert card.splits[split].get("staying") == (1.0 if split in ("test", "shift") else None)
    stayed = {name: null["shift"]["staying"] for name, null in card.nulls.items()}
    assert stayed["sweeper"] == 0 < stayed["random"] < stayed["blind"] == 1
    assert card.splits["shift"]["aloof"] == {"cheese": 1.0, "dish": 1.0, "all": None}
    assert read_card(card.to_json()) == card
    table = [line.split()[:4] for line in card.full().splitlines()]
    assert ["shift", "aloof", "dish", "1.000"] in table
    assert "staying: the share of steps that stay" in card.full()
    data = json.loads(card.to_json())
    data["splits"]["shift"] |= {"aloof": {"cheese": 0.5, "dish": 1.0, "all": None}}
    assert read_card(json.dumps(data)) == card
    older = json.loads(card.to_json())
    for splits in (older["splits"], *older["nulls"].values()):
        for split in splits.values():
            split.pop("aloof", None)  # as if the measure were newer than the card
    assert read_card(json.dumps(older)).splits["shift"]["aloof"] == card.splits["shift"]["aloof"]
    del MEASURES["aloof"]
    assert "aloof" not in read_card(json.dumps(data)).splits["shift"]


@pytest.mark.parametrize(
    "wrong",
    [{"cheese": "much"}, 1.2]
    + [thorough(x) for x in ("much", [1.0], np.inf, np.ones(2), 10**400, {"cheese": -0.1})],
)
def test_measure_that_is_no_number_is_refused(wrong):
    def mine(evidence: Evidence):
        """Return something else."""
        return wrong

    measure(SHARE)(mine)
    with pytest.raises(ValueError, match=r"'mine' gave .*; expected a number from 0 to 1"):
        score("stay", SmallDish(), levels=1)


def two(record: Record, evidence: Evidence):
    """Return nothing."""


def played(record: Record):
    """Return nothing."""


def choice(record: Record):
    """Return nothing."""


test_bad_measures_are_refused = refusals("scoring", "measures", globals())


def test_refused_measure_is_not_registered():
    before = dict(MEASURES)
    with pytest.raises(ValueError, match="choose one"):
        measure(SHARE, ["test", "shift"])(aloof)
    assert before == MEASURES
