"""Prioritised level replay: which levels are kept, chosen, scored and learnt from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from few import few
from gymnasium.spaces import Box, Discrete
from reference import assert_same

from agents import plr
from agents.lesson import Lesson
from agents.level_buffer import LevelBuffer
from agents.level_supply import ReplaySupply
from agents.levels import start_states
from agents.ppo import make_model
from agents.saving import weights
from agents.sb3 import actor_of
from mesa_gym.envs.settings import Settings
from mesa_gym.envs.supply import Supply
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.solver import Solution
from mesa_gym.traps import LEVELS, Split, find_trap

TRAP = find_trap("CheeseCorner")()


def lesson(seed: int = 0, steps: int = 1, **more) -> Lesson:
    return Lesson(TRAP, "centred", seed, steps, **more)


def filled(scores, most: int = 0, temperature: float = 0.5, staleness: float = 0.0) -> LevelBuffer:
    """A buffer with level 100 + i of each score."""
    buffer = LevelBuffer(TRAP, most or len(scores), temperature, staleness)
    for number, score in enumerate(scores):
        record(buffer, [100 + number], [score])
    return buffer


def record(buffer: LevelBuffer, levels, scores) -> None:
    levels, scores = np.array(levels), np.array(scores, dtype=float)
    buffer.record(levels, start_states(TRAP, levels), scores, scores)


# -- the buffer ------------------------------------------------------------------------------------


def test_chances_are_those_of_the_paper() -> None:
    buffer = filled([0.1, 0.9, 0.5], temperature=0.5, staleness=0.25)
    # Ranks 3, 1, 2, squared: 1/9, 1, 1/4, which sum up to 49/36.
    by_rank = np.array([4 / 49, 36 / 49, 9 / 49])
    np.testing.assert_allclose(buffer.probabilities(), by_rank)  # all are equally old
    buffer.choices = 10
    buffer.chosen[:3] = [9, 4, 10]  # ages 1, 6 and 0
    by_age = np.array([1 / 7, 6 / 7, 0])
    np.testing.assert_allclose(buffer.probabilities(), 0.75 * by_rank + 0.25 * by_age)


def test_of_equal_scores_the_stalest_ranks_first() -> None:
    buffer = filled([0.5, 0.5, 0.5], temperature=1.0)
    buffer.choices, buffer.chosen[:3] = 10, [7, 3, 5]
    np.testing.assert_allclose(buffer.probabilities(), [2 / 11, 6 / 11, 3 / 11])


def test_what_is_being_played_is_out_of_the_running_until_it_is_scored() -> None:
    buffer, rng = filled([0.1, 0.9, 0.5], temperature=1.0), np.random.default_rng(0)
    assert sorted(buffer.choose(2, rng)) != sorted(buffer.choose(1, rng))
    assert not buffer.free().size
    record(buffer, [102, 100], [0.2, 0.4])
    assert buffer.free().tolist() == [0, 2]
    np.testing.assert_allclose(buffer.probabilities(), [2 / 3, 1 / 3])


def test_choices_follow_the_chances() -> None:
    buffer, rng = filled([0.3, 0.2, 0.1], temperature=1.0), np.random.default_rng(0)
    counts = np.zeros(3)
    for _ in range(3000):
        counts[buffer.choose(1, rng)] += 1
        buffer.playing[:] = False
    np.testing.assert_allclose(counts / 3000, [6 / 11, 3 / 11, 2 / 11], atol=0.03)


def test_a_full_buffer_keeps_the_greatest_scores() -> None:
    buffer = filled([0.1, 0.9, 0.5], most=4)
    record(buffer, [7, 8, 9], [0.3, 0.05, 0.7])
    assert set(buffer.level.tolist()) == {101, 102, 7, 9}
    slot = buffer.find(np.array([9, 100, 7]))
    assert slot[1] == -1
    np.testing.assert_array_equal(buffer.score[slot[[0, 2]]], [0.7, 0.3])
    kept = buffer.starts.take(slot[[0, 2]])
    assert_same(TRAP, kept, TRAP.levels(Split.TRAIN, [9, 7]))
    record(buffer, [7, 12], [0.1, 0.2])  # it is the least now, and goes in the same call
    assert set(buffer.level.tolist()) == {101, 102, 9, 12}
    assert buffer.score[buffer.find(np.array([12]))] == 0.2
    buffer.playing[buffer.find(np.array([12]))] = True  # the least, but somebody is on it
    record(buffer, [10, 11], [0.6, 0.4])
    assert set(buffer.level.tolist()) == {101, 10, 9, 12}


# -- scores ----------------------------------------------------------------------------------------


def walk_to(number: int, goal: str) -> tuple[list[int], float]:
    """Actions of a random walk on a level until it ends, and its discounted return by hand."""
    state, rng = start_states(TRAP, np.array([number])), np.random.default_rng(number % 1000)
    taken, earned = [], 0.0
    for step in range(TRAP.horizon(Split.TRAIN)):
        taken.append(int(rng.integers(0, 5)))
        state, paid, ended = TRAP.step(state, np.array(taken[-1:]))
        earned += 0.99**step * float(paid[goal][0])
        if ended[0]:
            break
    return taken, earned


def test_exact_regret_is_the_optimum_minus_what_was_earned() -> None:
    levels = np.array([3, 5, LEVELS + 3, LEVELS + 8])
    returns = {level: walk_to(level, "cheese")[1] for level in levels.tolist()}
    episodes = [(level, earned) for level in returns for earned in (returns[level], 0.0)]
    buffer = LevelBuffer(TRAP, 10, 1.0, 0.0)
    plr.score(TRAP, buffer, episodes, plr.Optimum(lesson()))
    for split, rows in ((Split.TRAIN, [0, 1]), (Split.SHIFT, [2, 3])):
        starts = TRAP.levels(split, levels[rows])
        optimum = Solution(TRAP, starts, TRAP.horizon(Split.TRAIN)).optimum("cheese")
        means = np.array([returns[int(level)] / 2 for level in levels[rows]])
        got = buffer.score[buffer.find(levels[rows])]
        np.testing.assert_allclose(got, optimum - means, atol=1e-12)
        assert (got > 0.3).all()


def test_exact_regret_is_of_the_paid_objective_within_the_time_limit() -> None:
    levels = np.arange(20)
    starts = TRAP.levels(Split.TRAIN, levels)
    got = plr.Optimum(lesson(reward="corner", max_steps=5))(levels, np.zeros(20))
    np.testing.assert_array_equal(got, Solution(TRAP, starts, 5).optimum("corner"))
    assert 0 in got
    assert got.max() > 0.9


def test_estimated_regret_is_the_most_ever_earned_minus_the_last_episode() -> None:
    buffer = LevelBuffer(TRAP, 10, 1.0, 0.0)
    for earned, regret in ((0.5, 0.0), (0.3, 0.2), (1.0, 0.0), (0.4, 0.6)):
        plr.score(TRAP, buffer, [(6, 0.0), (4, earned)], lambda levels, best: best)
        slots = buffer.find(np.array([4, 6]))
        np.testing.assert_allclose(buffer.score[slots], [regret, 0.0], atol=1e-12)


def test_plr_exact_refuses_traps_without_a_solver_before_training(monkeypatch) -> None:
    monkeypatch.setattr(plr, "make_model", None)
    with pytest.raises(ValueError, match=r"MonsterWorld-v0.* has no exact solver, which plr-exact"):
        plr.train_exact(Lesson(find_trap("MonsterWorld")(), "centred", 0, 4096))


# -- what is played --------------------------------------------------------------------------------


def played(supply: ReplaySupply, n: int, episodes: int) -> np.ndarray:
    """The levels of the next episodes, int64 (episodes, n), as a vector environment has them."""
    venv = TrapVectorEnv(TRAP, n, alpha=supply.settings.alpha)
    venv.supply = supply
    levels = []
    for _ in range(episodes):
        _, infos = venv.reset()
        levels.append(infos["level"])
        shifted = np.where(infos["level"] >= LEVELS, Split.SHIFT.code, Split.TRAIN.code)
        np.testing.assert_array_equal(infos["split"], shifted)
    return np.array(levels)


def test_new_levels_are_those_of_the_environments_and_alpha_of_them_shifted() -> None:
    n, buffer = 64, LevelBuffer(TRAP, 10, 1.0, 0.0)
    settings = Settings(TRAP, alpha=0.3, num_levels=500)
    supply = ReplaySupply(settings, n, buffer, 1.0, 0)
    seeds = np.arange(n), list(range(n))
    supply.reseed(*seeds)
    usual = Supply(settings, n)
    usual.reseed(*seeds)
    levels = played(supply, n, 40)
    assert not supply.replayed.any()
    for episode in range(40):
        where = usual.take(np.arange(n))
        np.testing.assert_array_equal(levels[episode], usual.store.state.level.number[where])
    assert np.mean(levels >= LEVELS) == pytest.approx(0.3, abs=0.03)


def test_kept_levels_that_are_played_again_are_those_of_high_scores() -> None:
    scores = np.random.default_rng(1).permutation(200) / 200
    n, buffer = 8, filled(scores, temperature=0.1)
    supply = ReplaySupply(Settings(TRAP, num_levels=50), n, buffer, 0.5, 0)
    [levels] = played(supply, n, 1)
    again = levels >= 100
    np.testing.assert_array_equal(again, supply.replayed)
    assert 0 < again.sum() < n
    assert len(set(levels[again])) == again.sum()
    assert scores[levels[again] - 100].min() > 0.9


# -- learning --------------------------------------------------------------------------------------


def test_only_steps_on_kept_levels_are_learnt_from() -> None:
    rollouts = plr.ReplayedRollouts(4, Box(0, 255, (1,), np.uint8), Discrete(5), n_envs=5)
    rng = np.random.default_rng(0)
    mask = rng.random((4, 5)) < 0.4
    for step in range(4):
        rollouts.replayed[rollouts.pos] = mask[step]
        seen = (10 * step + np.arange(5))[:, None]
        some = torch.zeros(5)
        rollouts.add(seen, np.zeros((5, 1)), np.zeros(5), np.zeros(5), some, some)
    batches = [batch.observations.flatten().tolist() for batch in rollouts.get(6)]
    assert [len(batch) for batch in batches] == [6, 6, 6, 2]  # as usual
    learnt = [10 * s + e for s in range(4) for e in range(5) if mask[s, e]]
    steps, often = np.unique([step for batch in batches for step in batch], return_counts=True)
    assert steps.tolist() == learnt
    assert set(often) <= {20 // len(learnt), 20 // len(learnt) + 1}
    rollouts.reset()
    assert not rollouts.replayed.any()


def test_training_marks_the_steps_on_kept_levels_and_earns_no_more_than_the_optimum(
    monkeypatch,
) -> None:
    """Levels from a million up are in the buffer from the start, and nothing else gets in."""
    kept = 1_000_000 + np.arange(200)
    buffer = LevelBuffer(TRAP, 200, 1.0, 0.5)
    buffer.record(kept, start_states(TRAP, kept), np.full(200, 5.0), np.full(200, 5.0))
    monkeypatch.setattr(plr, "LevelBuffer", lambda *arguments: buffer)
    shares, episodes = [], []

    class Spy(plr.Scoring):
        def _on_step(self) -> bool:
            env = self.training_env.unwrapped
            before = self.num_timesteps and getattr(self, "now", None)
            super()._on_step()
            if before is not None:
                marked = self.model.rollout_buffer.replayed[self.model.rollout_buffer.pos]
                np.testing.assert_array_equal(marked, np.array(before) >= 1_000_000)
                shares.append(marked.mean())
            self.now = [info["level"] % LEVELS for info in env.reset_infos]
            return True

    def scored(trap, buffer, found, worth) -> None:
        episodes.extend(found)
        levels = np.array([level for level, _ in found])
        buffer.playing[buffer.find(levels)[buffer.find(levels) >= 0]] = False

    monkeypatch.setattr(plr, "Scoring", Spy)
    monkeypatch.setattr(plr, "score", scored)
    plr.train(lesson(steps=8192, alpha=0.5, num_levels=1000, max_steps=16))
    assert 0.2 < np.mean(shares) < 0.8
    assert {level >= LEVELS for level, _ in episodes} == {True, False}
    levels = np.unique([level for level, _ in episodes])
    optimum = dict(zip(levels, plr.Optimum(lesson())(levels, levels), strict=True))
    returns = np.array([earned for _, earned in episodes])
    best = np.array([optimum[level] for level, _ in episodes])
    assert (returns <= best + 1e-6).all()
    # What the cheese pays after a number of steps, and now and then the least possible number.
    paid = returns[returns > 0]
    steps = np.log(paid) / np.log(0.99)
    np.testing.assert_allclose(steps, steps.round(), atol=1e-3)
    assert np.isclose(returns, best)[len(returns) // 2 :].any()


# Short episodes, so that levels are replayed after the first of three rollouts.
SHORT = {"steps": 12_288, "max_steps": 16, "alpha": 0.1}


def test_new_levels_alone_teach_nothing(monkeypatch) -> None:
    monkeypatch.setattr(plr, "REPLAYED", 0.0)
    actor = plr.train(lesson(3, **SHORT))
    untrained = actor_of(make_model(lesson(3)))
    assert weights(actor) == weights(untrained)


@pytest.mark.parametrize("train", few([plr.train, plr.train_exact], plr.train))
def test_training_repeats_itself_and_seeds_differ(train) -> None:
    trained = [weights(train(lesson(seed, **SHORT))) for seed in (1, 1, 2)]
    assert trained[0] == trained[1] != trained[2]
    assert trained[0] != weights(actor_of(make_model(lesson(1))))


@pytest.mark.slow
@pytest.mark.parametrize("train", [plr.train, plr.train_exact])
def test_it_learns(train) -> None:
    curve = lesson(0, 150_000, alpha=0.1)
    train(curve)
    points = [earned for _, earned in curve.curve.points()]
    assert min(points[-3:]) > 0.8
