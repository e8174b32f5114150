"""Prioritised level replay: which levels are kept, chosen, scored and played again."""

import numpy as np
import pytest
from reference import assert_same
from training import CORNER, lesson, starts

from agents import replay
from agents.levels import start_states
from agents.ppo_settings import PPOSettings
from agents.replay import LevelBuffer, Replay, ReplaySupply
from agents.replay_estimated import EstimatedReplay
from mesa_gym.envs.settings import Settings
from mesa_gym.envs.supply import Supply
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.solver import Solution
from mesa_gym.traps import LEVELS, Split


@pytest.fixture
def filled(monkeypatch):
    """Return a function that makes a buffer with level 100 + i of each score."""

    def make(scores, most=0, temperature=1.0, staleness=0.0):
        monkeypatch.setattr(replay, "TEMPERATURE", temperature)
        monkeypatch.setattr(replay, "STALENESS", staleness)
        buffer = LevelBuffer(CORNER, most or len(scores))
        for number, score in enumerate(scores):
            buffer.record(*starts([100 + number]), np.array([score]))
        return buffer

    return make


def test_probabilities_follow_ranks_and_ages(filled):
    buffer = filled([0.1, 0.9, 0.5], temperature=0.5, staleness=0.25)
    # Ranks 3, 1, 2, squared: 1/9, 1, 1/4, which sum up to 49/36.
    by_rank = np.array([4 / 49, 36 / 49, 9 / 49])
    np.testing.assert_allclose(buffer.probabilities(), by_rank)  # all are equally old
    buffer._choices = 10
    buffer.chosen[:3] = [9, 4, 10]  # ages 1, 6 and 0
    by_age = np.array([1 / 7, 6 / 7, 0])
    np.testing.assert_allclose(buffer.probabilities(), 0.75 * by_rank + 0.25 * by_age)
    equal = filled([0.5, 0.5, 0.5])  # the one of longest ago ranks first
    equal._choices, equal.chosen[:3] = 10, [7, 3, 5]
    np.testing.assert_allclose(equal.probabilities(), [2 / 11, 6 / 11, 3 / 11])


@pytest.mark.thorough
def test_choose_follows_chances_and_reserves_until_scored(filled):
    rng, firsts, scores = np.random.default_rng(0), [], [0.1, 0.9, 0.5]
    buffer = filled(scores)
    for _ in range(1000):
        chosen = [*buffer.choose(1, rng), *buffer.choose(2, rng)]
        firsts.append(chosen[0])
        assert sorted(chosen) == [0, 1, 2]
        assert not buffer.free().size
        buffer.record(*starts([100, 101, 102]), np.array(scores))
    np.testing.assert_allclose(np.bincount(firsts) / 1000, [2 / 11, 6 / 11, 3 / 11], atol=0.05)
    buffer.choose(3, rng)
    buffer.record(*starts([102, 100]), np.array([0.2, 0.4]))
    assert buffer.free().tolist() == [0, 2]
    np.testing.assert_allclose(buffer.probabilities(), [2 / 3, 1 / 3])


def test_full_buffer_keeps_the_greatest_scores(filled):
    buffer = filled([0.1, 0.9, 0.5], most=4)

    def after(levels, scores):
        buffer.record(*starts(levels), np.array(scores))
        return dict(zip(buffer.level.tolist(), buffer.score.tolist(), strict=True))

    assert after([7, 8, 9], [0.3, 0.05, 0.7]) == {101: 0.9, 102: 0.5, 7: 0.3, 9: 0.7}
    assert_same(CORNER, buffer.starts.take(np.arange(4)), CORNER.levels(Split.TRAIN, buffer.level))
    # 7 is the least now, and goes in the same call.
    assert after([7, 12], [0.1, 0.2]) == {101: 0.9, 102: 0.5, 9: 0.7, 12: 0.2}
    buffer.playing[buffer.level == 12] = True  # the least, which is being played
    assert after([10, 11], [0.6, 0.4]) == {101: 0.9, 10: 0.6, 9: 0.7, 12: 0.2}


def test_replay_regret_is_optimum_minus_earned_return():
    """Four steps of three environments by hand; the last plays two episodes of a level."""
    levels = np.array([3, 5, LEVELS + 8])
    paid = np.array([[0, 0, 0.1], [0.2, 0, 0], [0.4, 0.2, 0.3], [0, 0.2, 0]])
    done = np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 1]], dtype=bool)
    made = Replay(lesson(settings=PPOSettings(environments=3, rollout_length=4)))
    for step in range(4):
        assert not len(made.buffer)
        made.note(levels, paid[step], done[step])
    earned = [0.2 * 0.99 + 0.4 * 0.99**2, 0.2 * 0.99**2 + 0.2 * 0.99**3, (0.1 + 0.3) / 2]
    both = (CORNER.levels(Split.TRAIN, [3, 5]), CORNER.levels(Split.SHIFT, [LEVELS + 8]))
    expected = Solution(CORNER, CORNER.joined(both), 64).optimum("cheese") - earned
    found = dict(zip(made.buffer.level[:3].tolist(), made.buffer.score[:3], strict=True))
    np.testing.assert_allclose([found[level] for level in levels.tolist()], expected)
    assert (expected > 0.1).all()


def test_estimated_regret_is_shortfall_from_best_return():
    kind, met = EstimatedReplay(lesson()), starts([3, 8])
    found = [kind.priority(*met, np.array([earned, 0])) for earned in (0.2, 0.5, 0.1)]
    np.testing.assert_allclose(found, [[0, 0], [0, 0], [0.4, 0]])


def test_replay_supply_repeats_levels_of_high_scores(filled):
    scores = np.random.default_rng(1).permutation(200) / 200
    venv = TrapVectorEnv(CORNER, 8, num_levels=50)
    venv.supply = ReplaySupply(venv.settings, 8, filled(scores, temperature=0.1), 3)
    levels = venv.reset(seed=0)[1]["level"]
    again = levels[levels >= 100]
    assert 0 < len(again) < 8
    assert len(set(again)) == len(again)
    assert scores[again - 100].min() > 0.9
    few = ReplaySupply(venv.settings, 8, filled(scores[:7]), 3)  # fewer than environments
    assert (few.store.state.level.number[few.take(np.arange(8))] < 100).all()


@pytest.mark.thorough
def test_replay_training_repeats_four_levels_in_five(monkeypatch):
    """New levels hardly ever come twice: those that do are replayed."""
    episodes = []
    score = Replay.score

    def spied(self, numbers, earned):
        score(self, numbers, earned)
        optima = self.optima(numbers, start_states(CORNER, numbers))
        episodes.extend(zip(numbers.tolist(), earned, optima, strict=True))

    monkeypatch.setattr(Replay, "score", spied)
    replay.train(lesson(steps=8 * 4096, alpha=0.5))
    levels, earned, best = map(np.array, zip(*episodes, strict=True))
    _, first = np.unique(levels, return_index=True)
    again = ~np.isin(np.arange(len(levels)), first)
    assert again[-400:].mean() == pytest.approx(replay.REPLAYED, abs=0.1)
    assert 0.3 < np.mean(levels[first] >= LEVELS) < 0.7
    assert (earned <= best + 1e-9).all()
    # What the cheese pays after a number of steps, and now and then the least possible number.
    steps = np.log(earned[earned > 0]) / np.log(0.99)
    np.testing.assert_allclose(steps, steps.round(), atol=1e-6)
    assert np.isclose(earned, best).any()


def test_replay_supply_draws_usual_new_levels():
    n, settings = 64, Settings(CORNER, alpha=0.3, num_levels=500)
    venv = TrapVectorEnv(CORNER, n, alpha=0.3, num_levels=500)
    venv.supply = ReplaySupply(settings, n, LevelBuffer(CORNER, 10), 0)
    usual = Supply(settings, n)
    usual.reseed(np.arange(n), list(range(n)))
    levels = [venv.reset(seed=seeds)[1]["level"] for seeds in [[*range(n)]] + [None] * 39]
    for each in levels:
        where = usual.take(np.arange(n))
        np.testing.assert_array_equal(each, usual.store.state.level.number[where])
    assert np.mean(np.array(levels) >= LEVELS) == pytest.approx(0.3, abs=0.03)
