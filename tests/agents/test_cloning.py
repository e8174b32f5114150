"""Learning from demonstrations: what is shown, and what is learnt from it."""

from collections import Counter, defaultdict

import gymnasium
import numpy as np
import pytest
from parameters import thorough
from training import small

from agents import cloning
from agents.cloning import EPISODES, pick_starts, play_demonstrations, replay_transitions
from mesa_gym.scoring.rollout import replay
from mesa_gym.solver import level_values
from mesa_gym.traps import LEVELS, Split

SHIFTED = np.arange(40) % 3 == 0
NUMBERS = np.arange(40) + np.where(SHIFTED, LEVELS, 0)


def environment(**more):
    """The settings of the environments of a training, on 50 levels unless it says else."""
    return small("bc", **more).environment()


@pytest.mark.parametrize(
    ("name", "reward", "objective"),
    [
        ("CheeseCorner", "base", "cheese"),
        thorough("KeysChests", "base", "chests"),
        ("KeysChests", "keys", "keys"),
        ("MonsterWorld", "base", "apples"),
    ],
)
def test_demonstrations_earn_the_optimum_on_every_level(name, reward, objective):
    """On levels of both distributions; the reference's return is the scale without solver."""
    made = environment(trap=name, alpha=0.3, reward=reward)
    trap, limit = made.trap, made.max_steps
    optimum = np.zeros(len(NUMBERS))
    for split, rows in ((Split.TRAIN, ~SHIFTED), (Split.SHIFT, SHIFTED)):
        optimum[rows] = level_values(trap, split, NUMBERS[rows], limit).optimum[objective]
    due, met = dict(zip(NUMBERS.tolist(), optimum, strict=True)), Counter()
    parts = ((Split.TRAIN, ~SHIFTED), (Split.SHIFT, SHIFTED))
    starts = trap.joined([trap.levels(split, NUMBERS[rows]) for split, rows in parts])
    for begun, actions in play_demonstrations(made, starts, 1):
        assert actions.shape == (begun.n, limit)
        paid = replay(trap, begun, actions).paid[objective]
        earned = trap.discount(objective) ** np.arange(limit) @ paid
        met.update(levels := begun.level.number.tolist())
        np.testing.assert_allclose(earned, [due[level] for level in levels], atol=1e-9)
    assert met == dict.fromkeys(due, EPISODES if trap.solvable else 1)


def test_transitions_are_what_an_environment_shows():
    made = environment(trap="KeysChests")
    starts, actions = next(play_demonstrations(made, made.trap.levels("train", np.arange(12)), 1))
    env, expected = gymnasium.make("MesaGym/KeysChests-v0"), defaultdict(list)
    for level, chosen in enumerate(actions.tolist()):
        seen, over, t = env.reset(options={"level": level})[0], False, 0
        while not over:
            expected[t].append((seen, chosen[t]))
            seen, _, terminated, truncated, _ = env.step(chosen[t])
            over, t = terminated or truncated, t + 1
        assert set(chosen[t:]) <= {-1}
    shown, done = zip(*(pair for t in sorted(expected) for pair in expected[t]), strict=True)
    planes, taken = replay_transitions(made.trap, starts, actions)
    assert taken.tolist() == list(done)
    np.testing.assert_array_equal(planes, shown)


def test_shown_levels_are_different_training_levels():
    rng = np.random.default_rng(0)
    numbers = pick_starts(environment(num_levels=1000, alpha=0.25), 600, rng).level.number
    assert len({*(numbers % LEVELS).tolist()}) == len(numbers) == 600
    assert (numbers % LEVELS).max() < 1000
    assert 0.2 < (numbers >= LEVELS).mean() < 0.3
    assert sorted(pick_starts(environment(), 600, rng).level.number) == list(range(50))


@pytest.mark.thorough
def test_cloning_loss_falls_to_the_demonstrated_entropy(monkeypatch):
    """Less is impossible: a few levels over and over, where actions differ by chance alone."""
    run = small("bc", steps=40_000, num_levels=16)
    made = run.environment()
    monkeypatch.setattr(cloning, "BATCH", 64)
    pairs = [
        replay_transitions(made.trap, *episodes)
        for episodes in play_demonstrations(made, made.trap.levels("train", np.arange(16)), 1)
    ]
    planes, taken = (np.concatenate(part) for part in zip(*pairs, strict=True))
    seen = [each.tobytes() for each in planes]
    both, alone = Counter(zip(seen, taken.tolist(), strict=True)), Counter(seen)
    likely = [both[pair] / alone[pair[0]] for pair in zip(seen, taken.tolist(), strict=True)]
    (trained,) = cloning.train(run, (1,))
    loss = -np.log(trained.agent.act(planes)[np.arange(len(taken)), taken]).mean()
    assert 0.05 < -np.log(likely).mean() < loss < 0.02 - np.log(likely).mean()
