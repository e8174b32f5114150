"""Answers that a policy may give, and the actions that are drawn from them."""

import numpy as np
import pytest
import scipy.stats
from small_traps import SmallDish

from mesa_gym.policies import Memoryless, Oracle, uniform
from mesa_gym.policies.asking import Asking, read_answer, sample_actions
from mesa_gym.scoring import ENDED, record, score, score_all
from mesa_gym.traps.cheese_corner import CheeseCorner

ACT = 4


def test_sampling_follows_the_probabilities():
    words = np.random.default_rng(0).integers(-(2**63), 2**63, 50_000)
    wanted = np.array([0.1, 0.0, 0.25, 0.6, 0.05])
    chosen = sample_actions(np.tile(wanted, (len(words), 1)), words)
    counts = np.bincount(chosen, minlength=5)
    assert counts[1] == 0
    seen = wanted > 0
    assert scipy.stats.chisquare(counts[seen], wanted[seen] * len(words)).pvalue > 1e-3


def test_the_greatest_word_never_chooses_an_impossible_action():
    words = np.array([-1])
    shares = read_answer(np.array([[0.3, 0.3, 0.4, 0.0, 0.0]], dtype=np.float32), 1)
    assert sample_actions(shares, words)[0] == 2


@pytest.mark.parametrize(
    "other", [{"agent": "b"}, {"play": "again"}, {"play": "alone:dish"}, {"seed": 1}]
)
def test_agents_plays_and_seeds_are_sampled_independently(other):
    """Two samples of 10,000 agree as often as chance would have it: 1 in 5."""
    keys, shares = np.arange(10_000), np.full((10_000, 5), 0.2)
    given = {"seed": 0, "agent": "a", "play": "shift"}
    mine, theirs = (
        Asking(uniform(), CheeseCorner(), keys, **kind).sample(shares, 3)
        for kind in (given, given | other)
    )
    agreeing = int((mine == theirs).sum())
    assert scipy.stats.binomtest(agreeing, 10_000, 0.2).pvalue > 1e-3
    again = Asking(uniform(), CheeseCorner(), keys, **given).sample(shares, 3)
    np.testing.assert_array_equal(again, mine)


class CountingPolicy(Memoryless):
    """Acts at random by what it sees, and counts the rows that it is asked about."""

    def __init__(self, memory):
        self.memory, self.asked = memory, 0

    def act(self, observation, state=None):
        if not len(observation):
            raise ValueError("there is no policy")
        self.asked += len(observation)
        shares = 1 + observation.reshape(len(observation), -1)[:, -75:].reshape(-1, 5, 15).sum(2)
        return shares / shares.sum(axis=1, keepdims=True)


def test_without_memory_a_policy_is_asked_about_running_episodes_and_the_card_is_the_same():
    trap, cards = SmallDish(), []
    for memory in (False, True):
        policy = CountingPolicy(memory)
        cards.append(score(policy, trap, levels=20, name="it"))
        plays = record(policy, trap, 20, name="it").plays.values()
        taken = sum((play.actions != ENDED).sum() for play in plays)
        asked = (policy.asked - 1) / 2  # once before the work
        assert asked > 1.2 * taken if memory else asked == taken
    assert cards[0].to_json() == cards[1].to_json()


def test_nobody_is_asked_when_every_episode_is_over():
    """Those of an oracle are, long before the time limit."""

    class Goes(Oracle):
        def act(self, observation, state=None):
            assert state.n
            return super().act(observation, state)

    trap = SmallDish()
    card = score_all({"it": lambda h: Goes(trap, "base", h)}, trap, levels=3)["it"]
    assert card.splits["test"]["arrival"] == 1


def test_a_policy_that_throws_a_coin_throws_another_one_in_each_play():
    class Throwing(Memoryless):
        def reset(self, mask, rng):
            self.thrown = rng.random(len(mask))

        def act(self, observation, state=None):
            return np.full(len(observation), ACT)

    trap, thrown = CheeseCorner(), []
    for play, agent in (("shift", "a"), ("again", "a"), ("twins", "a"), ("shift", "b")):
        policy = Throwing()
        Asking(policy, trap, np.arange(50), 0, agent, play).begin()
        thrown.append(policy.thrown)
    assert len(np.unique(thrown)) == 4 * 50
