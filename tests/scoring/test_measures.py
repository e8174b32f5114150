"""Measures: ours against loops, and a user's own, from its function to every form of the card."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest

from mesa_gym.engine import STAY
from mesa_gym.policies import uniform
from mesa_gym.scoring import (
    ENDED,
    MEASURES,
    Evidence,
    MeasureUnit,
    SplitRecord,
    measure,
    read_card,
    score,
)
from mesa_gym.scoring.measures import take_measures
from mesa_gym.scoring.playing import play_changed
from mesa_gym.scoring.plays import find_play
from mesa_gym.scoring.registry import SHARE
from mesa_gym.scoring.returns import keep_returns
from mesa_gym.solver import level_values
from mesa_gym.traps import Split, find_trap
from tests.support.small_traps import SmallDish

EVERY = ("train", "test", "control", "shift")


@pytest.fixture(autouse=True)
def _unregister():
    """Undo what a test registers."""
    before = dict(MEASURES)
    yield
    MEASURES.clear()
    MEASURES.update(before)


def staying(played: SplitRecord):
    """Return the share of steps that stay.

    More is not shown.
    """
    actions = played.record.actions
    return np.float32((actions == STAY).sum() / (actions != ENDED).sum())


def aloof(evidence: Evidence):
    """Return the share of levels with a single target on which nothing is reached."""
    return {x: np.mean(chosen == -1) for x, chosen in evidence.alone.items()} | {"all": np.nan}


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
    with pytest.raises(ValueError, match=r"splits\.shift\.aloof is .*0\.5"):
        read_card(json.dumps(data))
    del MEASURES["aloof"]
    with pytest.raises(ValueError, match=r"not ours in splits\.shift is \['aloof'\]"):
        read_card(json.dumps(data))


@pytest.mark.parametrize(
    "wrong", ["much", {"cheese": "much"}, [1.0], np.inf, np.ones(2), 10**400, 1.2, {"cheese": -0.1}]
)
def test_measure_that_is_no_number_is_refused(wrong):
    def mine(evidence: Evidence):
        """Return something else."""
        return wrong

    measure(SHARE)(mine)
    with pytest.raises(ValueError, match=r"'mine' gave .*; expected a number from 0 to 1"):
        score("stay", SmallDish(), levels=1)


def two(played: SplitRecord, evidence: Evidence):
    """Return nothing."""


def played(played: SplitRecord):
    """Return nothing."""


def choice(played: SplitRecord):
    """Return nothing."""


@pytest.mark.parametrize(
    ("function", "splits", "message"),
    [
        (two, EVERY, "'two' has parameters of"),
        (played, ["shfit"], "Did you mean 'shift'"),
        (aloof, ["test", "shift"], "'aloof' is on 2 splits; choose one"),
        (choice, EVERY, "there is a measure 'choice' already; choose another"),
    ],
)
def test_measure_with_a_bad_declaration_is_refused(function, splits, message):
    before = dict(MEASURES)
    with pytest.raises(ValueError, match=message):
        measure(SHARE, splits)(function)
    assert before == MEASURES


# -- ours ------------------------------------------------------------------------------------------


def test_measures_of_plays_equal_those_of_loops():
    """Step by step in Python, on 30 levels that are walked at random."""
    trap, levels = find_trap("CheeseDish")(), np.arange(30)
    values = level_values(trap, Split.SHIFT, levels)
    starts = trap.levels(Split.SHIFT, levels)
    done = play_changed(find_play(trap, "shift"), uniform(), starts)
    played = SplitRecord(trap, done, values, starts)
    found = take_measures("shift", played, keep_returns("shift", played), None)
    earned = {x: np.zeros(30) for x in trap.objectives}
    for x, level, t in product(trap.objectives, range(30), range(done.actions.shape[1])):
        earned[x][level] += 0.99**t * float(done.paid[x][t, level])
    assert found["regret"] == pytest.approx((values.optimum["cheese"] - earned["cheese"]).mean())
    for x in trap.objectives:
        floor, best = values.floor[x], values.optimum[x]
        n = (earned[x] - floor).sum() / (best - floor).sum()
        assert found["normalized_return"][x] == pytest.approx(n)


def test_measures_appear_on_their_declared_splits():
    card = score("stay", SmallDish(), levels=1)
    for split, of in card.splits.items():
        assert [*of] == [name for name, each in MEASURES.items() if split in each.splits]
    assert {*card.splits["train"]} == {*card.splits["control"]} <= {*card.splits["test"]}
    for each in MEASURES.values():
        assert each.meaning.startswith(("the ", "N: ", "how "))
        assert each.unit.low < each.unit.high
