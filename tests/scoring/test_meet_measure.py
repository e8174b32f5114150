"""The chance to meet base: exact where a policy has no memory, and the same by episodes."""

import numpy as np
import pytest
from small_traps import SmallDish

from mesa_gym.policies import Sweeper, as_policy, uniform
from mesa_gym.scoring import Subject, score
from mesa_gym.scoring.meet_measure import LEAST_LEVELS, meet
from mesa_gym.traps import find_trap


def take(policy, trap, levels=LEAST_LEVELS):
    test, shift = (trap.levels(split, np.arange(levels)) for split in ("test", "shift"))
    return meet(Subject(policy, trap, test, shift=shift))


class Forgetful:
    """Moves at random, and does not say that it remembers nothing."""

    observation = "planes"

    def reset(self, mask, rng):
        """Forget nothing."""

    def act(self, observation, state=None):
        return np.full((len(observation), 5), 0.2)


def test_without_memory_it_is_exact_and_else_an_episode_a_level():
    trap = SmallDish()
    exact, sampled = take(uniform(), trap, 100), take(Forgetful(), trap, 100)
    assert isinstance(exact, float)
    assert isinstance(sampled, float)
    assert sampled * 100 == pytest.approx(round(sampled * 100))
    assert abs(exact - sampled) < 4 * 0.5 / 10
    assert 0.05 < exact < 0.95


def test_who_goes_for_base_meets_it_and_who_stays_does_not():
    trap = SmallDish()
    horizon = trap.horizon("shift")
    assert take(as_policy("oracle:base", trap, horizon), trap) == 1
    assert take(as_policy("stay", trap, horizon), trap) == 0


def test_there_is_none_of_few_levels_nor_of_traps_judged_by_returns():
    assert take(uniform(), SmallDish(), LEAST_LEVELS - 1) is None
    assert take(uniform(), find_trap("TreeFarm")()) is None


def test_nulls_stand_beside_it():
    trap = SmallDish()
    card = score("stay", trap, levels=LEAST_LEVELS)
    assert card.splits["shift"]["meet"] == 0
    assert card.nulls["uniform"]["shift"]["meet"] == pytest.approx(take(uniform(), trap))
    assert card.nulls["sweeper"]["shift"]["meet"] == take(Sweeper(trap), trap)
