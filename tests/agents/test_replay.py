"""Prioritised level replay: which levels are kept, chosen, scored and played again."""

from __future__ import annotations

import numpy as np
import pytest
from reference import assert_same

from agents import ppo, replay
from agents.lesson import Lesson
from agents.levels import start_states
from agents.replay import LevelBuffer, Replay, ReplaySupply
from agents.saving import weights
from mesa_gym.envs.settings import Settings
from mesa_gym.envs.supply import Supply
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.solver import Solution
from mesa_gym.traps import LEVELS, Split, find_trap

TRAP = find_trap("CheeseCorner")()


def lesson(seed: int = 0, steps: int = 1, **more) -> Lesson:
    return Lesson(TRAP, (seed,), steps, **more)


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch):
    """Return a function that makes a buffer with level 100 + i of each score."""

    def make(scores, most: int = 0, temperature: float = 1.0, staleness: float = 0.0):
        monkeypatch.setattr(replay, "TEMPERATURE", temperature)
        monkeypatch.setattr(replay, "STALENESS", staleness)
        buffer = LevelBuffer(TRAP, most or len(scores))
        for number, score in enumerate(scores):
            record(buffer, [100 + number], [score])
        return buffer

    return make


def record(buffer: LevelBuffer, levels, scores) -> None:
    buffer.record(np.array(levels), start_states(TRAP, np.array(levels)), np.array(scores))


# -- the buffer ------------------------------------------------------------------------------------


def test_chances_are_those_of_the_paper(filled) -> None:
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


def test_what_is_being_played_is_out_of_the_running_until_it_is_scored(filled) -> None:
    buffer, rng = filled([0.1, 0.9, 0.5]), np.random.default_rng(0)
    assert sorted([*buffer.choose(2, rng), *buffer.choose(1, rng)]) == [0, 1, 2]
    assert not buffer.free().size
    record(buffer, [102, 100], [0.2, 0.4])
    assert buffer.free().tolist() == [0, 2]
    np.testing.assert_allclose(buffer.probabilities(), [2 / 3, 1 / 3])


def test_choices_follow_the_chances(filled) -> None:
    buffer, rng, counts = filled([0.3, 0.2, 0.1]), np.random.default_rng(0), np.zeros(3)
    for _ in range(3000):
        counts[buffer.choose(1, rng)] += 1
        buffer.playing[:] = False
    np.testing.assert_allclose(counts / 3000, [6 / 11, 3 / 11, 2 / 11], atol=0.03)


def test_a_full_buffer_keeps_the_greatest_scores(filled) -> None:
    buffer = filled([0.1, 0.9, 0.5], most=4)

    def kept() -> dict[int, float]:
        return dict(zip(buffer.level.tolist(), buffer.score.tolist(), strict=True))

    record(buffer, [7, 8, 9], [0.3, 0.05, 0.7])
    assert kept() == {101: 0.9, 102: 0.5, 7: 0.3, 9: 0.7}
    assert_same(TRAP, buffer.starts.take(np.arange(4)), TRAP.levels(Split.TRAIN, buffer.level))
    record(buffer, [7, 12], [0.1, 0.2])  # 7 is the least now, and goes in the same call
    assert kept() == {101: 0.9, 102: 0.5, 9: 0.7, 12: 0.2}
    buffer.playing[buffer.level == 12] = True  # the least, which is being played
    record(buffer, [10, 11], [0.6, 0.4])
    assert kept() == {101: 0.9, 10: 0.6, 9: 0.7, 12: 0.2}


# -- scores ----------------------------------------------------------------------------------------


def test_regret_is_the_optimum_minus_what_the_rollout_s_episodes_earned(monkeypatch) -> None:
    """Four steps of three environments by hand; the last plays two episodes of a level."""
    monkeypatch.setattr(replay, "ENVS", 3)
    monkeypatch.setattr(replay, "LENGTH", 4)
    levels = np.array([3, 5, LEVELS + 8])
    paid = np.array([[0, 0, 0.1], [0.2, 0, 0], [0.4, 0.2, 0.3], [0, 0.2, 0]])
    done = np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 1]], dtype=bool)
    made = Replay(lesson())
    for step in range(4):
        assert not len(made.buffer)
        made.note(levels, paid[step], done[step])
    earned = [0.2 * 0.99 + 0.4 * 0.99**2, 0.2 * 0.99**2 + 0.2 * 0.99**3, (0.1 + 0.3) / 2]
    best = [
        Solution(TRAP, TRAP.levels(split, [number]), 64).optimum("cheese")[0]
        for split, number in ((Split.TRAIN, 3), (Split.TRAIN, 5), (Split.SHIFT, LEVELS + 8))
    ]
    found = dict(zip(made.buffer.level[:3].tolist(), made.buffer.score[:3], strict=True))
    expected = np.array(best) - earned
    np.testing.assert_allclose([found[level] for level in levels.tolist()], expected)
    assert (expected > 0.1).all()


def test_traps_without_a_solver_are_refused_before_training(monkeypatch) -> None:
    monkeypatch.setattr(replay, "trained", None)
    with pytest.raises(ValueError, match=r"MonsterWorld-v0.* has no exact solver, which plr-exact"):
        replay.train(Lesson(find_trap("MonsterWorld")(), (0,), 4096))


# -- what is played --------------------------------------------------------------------------------


def test_new_levels_are_those_of_the_environments_and_alpha_of_them_shifted() -> None:
    n, settings = 64, Settings(TRAP, alpha=0.3, num_levels=500)
    venv = TrapVectorEnv(TRAP, n, alpha=0.3, num_levels=500)
    venv.supply = ReplaySupply(settings, n, LevelBuffer(TRAP, 10), 0)
    usual = Supply(settings, n)
    usual.reseed(np.arange(n), list(range(n)))
    levels = [venv.reset(seed=0)[1]["level"], *(venv.reset()[1]["level"] for _ in range(39))]
    for each in levels:
        where = usual.take(np.arange(n))
        np.testing.assert_array_equal(each, usual.store.state.level.number[where])
    assert np.mean(np.array(levels) >= LEVELS) == pytest.approx(0.3, abs=0.03)


def test_kept_levels_that_are_played_again_are_those_of_high_scores(filled) -> None:
    scores = np.random.default_rng(1).permutation(200) / 200
    buffer = filled(scores, temperature=0.1)
    venv = TrapVectorEnv(TRAP, 8, num_levels=50)
    venv.supply = ReplaySupply(venv.settings, 8, buffer, 3)
    levels = venv.reset(seed=0)[1]["level"]
    again = levels[levels >= 100]
    assert 0 < len(again) < 8
    assert len(set(again)) == len(again)
    assert scores[again - 100].min() > 0.9
    few = ReplaySupply(venv.settings, 8, filled(scores[:7]), 3)  # fewer than environments
    assert (few.store.state.level.number[few.take(np.arange(8))] < 100).all()


def test_training_plays_again_four_in_five_and_earns_no_more_than_the_optimum(monkeypatch) -> None:
    """New levels hardly ever come twice: those that do are replayed."""
    episodes = []
    score = Replay.score

    def spied(self, numbers, earned) -> None:
        score(self, numbers, earned)
        optima = self.optima(numbers, start_states(TRAP, numbers))
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


def test_training_repeats_itself_and_differs_from_ppo() -> None:
    asked = [lesson(seed, 4 * 4096, alpha=0.1) for seed in (1, 1, 2, 1)]
    algorithms = [replay.train, replay.train, replay.train, ppo.train]
    found = [weights(train(each)[0]) for train, each in zip(algorithms, asked, strict=True)]
    assert found[0] == found[1]
    assert len(set(found)) == 3


@pytest.mark.slow
def test_it_learns() -> None:
    asked = lesson(0, 200_000, alpha=0.1)
    replay.train(asked)
    assert min(earned for _, earned in asked.curve(0)[-3:]) > 0.8
