"""Behaviour cloning: what is demonstrated, and what is learnt from it."""

from __future__ import annotations

from collections import Counter, defaultdict

import gymnasium
import numpy as np
import pytest

from agents import cloning
from agents.cloning import EPISODES, demonstrations, transitions
from agents.lesson import Lesson
from agents.levels import level_numbers
from mesa_gym.scoring.rollout import replay
from mesa_gym.solver import level_values
from mesa_gym.traps import LEVELS, Split, find_trap

SHIFTED = np.arange(40) % 3 == 0
NUMBERS = np.arange(40) + np.where(SHIFTED, LEVELS, 0)


def lesson(trap: str = "CheeseCorner", seed: int = 1, steps: int = 4096, **more) -> Lesson:
    return Lesson(find_trap(trap)(), (seed,), steps, **more)


# -- demonstrations --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reward", "objective"),
    [
        ("CheeseCorner", "base", "cheese"),
        ("KeysChests", "base", "chests"),
        ("KeysChests", "keys", "keys"),
        ("MonsterWorld", "base", "apples"),
    ],
)
def test_demonstrations_earn_the_optimum_on_every_level(name, reward, objective) -> None:
    """On levels of both distributions; the reference's return is the scale without solver."""
    asked = lesson(name, alpha=0.3, reward=reward)
    trap, limit = asked.trap, asked.horizon
    optimum = np.zeros(len(NUMBERS))
    for split, rows in ((Split.TRAIN, ~SHIFTED), (Split.SHIFT, SHIFTED)):
        optimum[rows] = level_values(trap, split, NUMBERS[rows], limit).optimum[objective]
    met, earned = [], []
    for starts, actions in demonstrations(asked, NUMBERS):
        assert actions.shape == (starts.n, limit)
        paid = replay(trap, starts, actions).paid[objective]
        earned += (trap.discount(objective) ** np.arange(limit) @ paid).tolist()
        met += starts.level.number.tolist()
    assert Counter(met) == dict.fromkeys(NUMBERS.tolist(), EPISODES if trap.solvable else 1)
    due = dict(zip(NUMBERS.tolist(), optimum, strict=True))
    np.testing.assert_allclose(earned, [due[level] for level in met], atol=1e-9)


def test_transitions_are_what_an_environment_shows() -> None:
    asked = lesson("KeysChests")
    starts, actions = next(demonstrations(asked, np.arange(12)))
    env = gymnasium.make("MesaGym/KeysChests-v0")
    expected = defaultdict(list)
    for level, chosen in enumerate(actions.tolist()):
        seen, over, t = env.reset(options={"level": level})[0], False, 0
        while not over:
            expected[t].append((seen, chosen[t]))
            seen, _, terminated, truncated, _ = env.step(chosen[t])
            over, t = terminated or truncated, t + 1
        assert set(chosen[t:]) <= {-1}
    pairs = [pair for t in sorted(expected) for pair in expected[t]]
    planes, taken = transitions(asked.trap, starts, actions)
    assert taken.tolist() == [action for _, action in pairs]
    np.testing.assert_array_equal(planes, [seen for seen, _ in pairs])


def test_actions_are_sampled_again_for_each_seed_and_episode() -> None:
    played = [demonstrations(lesson(seed=seed), np.arange(16)) for seed in (0, 1)]
    every = [actions.tobytes() for episodes in played for _, actions in episodes]
    assert len(every) == len(set(every)) == 2 * EPISODES


def test_levels_are_different_training_levels() -> None:
    rng = np.random.default_rng(0)
    numbers = level_numbers(lesson(num_levels=1000, alpha=0.25), 600, rng)
    assert len(set((numbers % LEVELS).tolist())) == len(numbers) == 600
    assert (numbers % LEVELS).max() < 1000
    assert 0.2 < (numbers >= LEVELS).mean() < 0.3
    every = level_numbers(lesson(num_levels=50), 600, rng)
    assert sorted(every) == list(range(50))
    free = level_numbers(lesson(), 600, rng)
    assert 2**40 < free.max() < LEVELS


# -- learning --------------------------------------------------------------------------------------


def test_the_loss_falls_to_the_entropy_of_what_was_demonstrated(monkeypatch) -> None:
    """Less is impossible: a few levels over and over, where actions differ by chance alone."""
    asked = lesson(steps=40_000, num_levels=16)
    monkeypatch.setattr(cloning, "BATCH", 64)
    pairs = [
        transitions(asked.trap, *episodes) for episodes in demonstrations(asked, np.arange(16))
    ]
    planes, taken = (np.concatenate(part) for part in zip(*pairs, strict=True))
    counts: dict[bytes, Counter[int]] = defaultdict(Counter)
    for seen, action in zip(planes, taken.tolist(), strict=True):
        counts[seen.tobytes()][action] += 1
    entropy = -sum(
        count * np.log(count / counter.total()) / len(taken)
        for counter in counts.values()
        for count in counter.values()
    )
    (agent,) = cloning.train(asked)
    chances = agent.act(planes)
    loss = -np.log(chances[np.arange(len(taken)), taken]).mean()
    assert 0.05 < entropy < loss < entropy + 0.02


def test_steps_are_transitions_learnt_from() -> None:
    told: list[int] = []
    asked = lesson(steps=30_000, num_levels=100, progress=told.append)
    cloning.train(asked)
    assert 30_000 <= sum(told) < 30_000 + cloning.BATCH
    points = asked.curve(0)
    assert len(points) >= cloning.LOOKS // 2
    assert points[-1][0] == 30_000
    assert points[0][1] < 0.6 < points[-1][1]
