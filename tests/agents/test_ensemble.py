"""Ensembles: members that miss a plane each, and act on their agreement."""

import numpy as np
import pytest
from reference import wandered
from training import CORNER, acts, drawn, lesson

from agents import ensemble
from agents.ensemble import Ensemble, Hidden
from mesa_gym.envs.observations import planes_of
from mesa_gym.traps import find_trap

DOORS = find_trap("RedBlueDoors")(colour_planes=2)
PLANES = planes_of(DOORS, wandered(DOORS))


def test_an_ensemble_does_what_its_members_agree_on() -> None:
    made = Ensemble(DOORS, [drawn(DOORS, seed) for seed in range(3)])
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
    np.testing.assert_array_equal(second, kept[150:] * np.array([1, 1, 0, 1, 0, 1, 1, 1]))
    np.testing.assert_array_equal(PLANES, kept)


@pytest.mark.parametrize("best", [0.8, -0.8])
def test_members_that_earn_less_are_dropped_and_others_never_use_their_plane(
    best: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The one that sees all, then without door, key, red and blue.
    earned = [best, best + 0.1, best - 0.05, best - 0.03, best]
    asked = lesson(7, trap=DOORS, steps=100)

    def trained(lesson, variation: Hidden):
        assert lesson.seeds == (7,) * 5
        assert variation.channels == [[], [2], [3], [4, 6], [5, 7]]
        for index, each in enumerate(earned):
            lesson.note(index, 1, 0.0)
            lesson.note(index, 100, each)
        return [drawn(DOORS, index) for index in range(5)]

    monkeypatch.setattr(ensemble, "trained", trained)
    (made,) = ensemble.train(asked)
    assert asked.curve(0) == [(2, 0.0), (100, best)]
    blind = [None, "door", "red", "blue"]  # a twentieth less is 0.04
    for member, hidden in zip(made.members, blind, strict=True):
        for name in DOORS.channels[2:]:
            without = PLANES * ~(np.array(DOORS.channels) == name)
            same = np.array_equal(member.act(without), member.act(PLANES))
            assert same == (name == hidden)


def test_members_and_seeds_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble, "KEPT", -9.0)  # all members
    agents = ensemble.train(lesson(1, 2, num_levels=100))
    planes = CORNER.observe(wandered(CORNER))
    done = [acts(member, planes).tobytes() for made in agents for member in made.members]
    assert len(set(done)) == len(done) == 4
