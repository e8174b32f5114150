"""Ensembles: members that miss a plane each, and act on their agreement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reference import wandered

from agents import ensemble
from agents.ensemble import Ensemble, Hidden
from agents.lesson import Lesson
from agents.networks import Centred, Network, fresh
from agents.saving import load, save, weights
from mesa_gym.traps import find_trap

CORNER, DOORS = find_trap("CheeseCorner")(), find_trap("RedBlueDoors")()
PLANES = DOORS.observe(wandered(DOORS))


def bold(seed: int) -> Network:
    """A network of some opinion; untrained ones think much alike."""
    stack = fresh(Centred(DOORS).count, (seed,))
    stack.outputs.data *= 1000
    return Network(DOORS, stack)


def test_an_ensemble_does_what_its_members_agree_on() -> None:
    made = Ensemble(DOORS, [bold(seed) for seed in range(3)])
    each = np.array([member.act(PLANES) for member in made.members])
    assert np.ptp(each, axis=0).max() > 0.5
    product = each.prod(axis=0) ** (1 / 3)
    got = made.act(PLANES)
    np.testing.assert_allclose(got, product / product.sum(axis=1, keepdims=True), atol=1e-5)
    assert np.abs(got - each.mean(axis=0)).max() > 0.05


def test_agents_are_shown_what_is_not_hidden_from_them() -> None:
    kept = PLANES.copy()
    first, second = np.split(Hidden([[], [2, 4]]).seen(PLANES), 2)
    np.testing.assert_array_equal(first, kept[:150])
    np.testing.assert_array_equal(second, kept[150:] * np.array([1, 1, 0, 1, 0, 1]))
    np.testing.assert_array_equal(PLANES, kept)


@pytest.mark.parametrize("best", [0.8, -0.8])
def test_members_that_earn_less_are_dropped_and_others_never_use_their_plane(
    best: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The one that sees all, then without door, key, red and blue.
    earned = [best, best + 0.1, best - 0.05, best - 0.03, best]
    asked = Lesson(DOORS, (7,), 100)

    def trained(lesson: Lesson, variation: Hidden) -> list[Network]:
        assert lesson.seeds == (7,) * 5
        assert variation.channels == [[], [2], [3], [4], [5]]
        for index, each in enumerate(earned):
            lesson.note(index, 1, 0.0)
            lesson.note(index, 100, each)
        return [bold(index) for index in range(5)]

    monkeypatch.setattr(ensemble, "trained", trained)
    (made,) = ensemble.train(asked)
    assert asked.curve(0) == [(2, 0.0), (100, best)]
    blind = [None, "door", "red", "blue"]  # a twentieth less is 0.04
    assert len(made.members) == len(blind)
    for member, hidden in zip(made.members, blind, strict=True):
        for name in DOORS.channels[2:]:
            without = PLANES.copy()
            without[..., DOORS.channel[name]] = 0
            same = np.array_equal(member.act(without), member.act(PLANES))
            assert same == (name == hidden)


def test_ensembles_are_saved_whole_and_seeds_differ(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ensemble, "KEPT", -9.0)  # all members
    one, other = ensemble.train(Lesson(CORNER, (1, 2), 1, num_levels=100))
    planes = CORNER.observe(wandered(CORNER))
    acts = [member.act(planes) for made in (one, other) for member in made.members]
    assert len({each.tobytes() for each in acts}) == len(acts) == 4
    save(tmp_path / "agent", weights(one), one.kind, CORNER, {})
    np.testing.assert_array_equal(load(tmp_path / "agent", CORNER).act(planes), one.act(planes))
