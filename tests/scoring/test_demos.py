"""Demonstrations: the oracle's episodes as text, and reference scores."""

import gymnasium as gym
import numpy as np
import pytest
from reference import enumerate_level

from mesa_gym.cli.demos import reference_scores
from mesa_gym.engine import ACTIONS
from mesa_gym.policies import uniform
from mesa_gym.scoring import ENDED, demonstrations, rollout
from mesa_gym.scoring.demos import demonstrate
from mesa_gym.traps import Split, find_trap


@pytest.mark.parametrize("name", ["CheeseCorner", "KeysChests", "TreeFarm"])
def test_a_transcript_can_be_played_again(name: str) -> None:
    """In an environment each action follows on its text, and no other word is there."""
    trap = find_trap(name)()
    starts, actions = demonstrate(trap, trap.base, Split.TRAIN, [3, 8])
    env = gym.make(trap.id(), observation="text")
    for level, taken, told in zip([3, 8], actions, demonstrations(name, [3, 8]), strict=True):
        text, _ = env.reset(options={"level": level})
        expected = []
        for action in taken[taken != ENDED].tolist():
            expected.append(f"{text}\naction: {ACTIONS[action]}\n")
            text, _, terminated, truncated, _ = env.step(action)
        assert terminated or truncated
        assert told == "\n".join(expected)


def test_a_transcript_of_a_level_takes_a_shortest_way() -> None:
    trap = find_trap("CheeseCorner")()
    for level, told in enumerate(demonstrations(trap, range(5))):
        found = enumerate_level(trap, trap.levels(Split.TRAIN, [level]))
        ends = [paid.count(1.0) for paid in found.paid["cheese"]]
        nearest = min(d for d, end in zip(found.depth, ends, strict=True) if end)
        assert told.count("action: ") == nearest + 1


@pytest.mark.thorough
def test_reference_scores_are_plain_sums() -> None:
    """By value iteration over every state of each level, without a discount."""
    trap, horizon = find_trap("KeysChests")(), 12
    starts = trap.levels(Split.SHIFT, [0, 1])
    low, high = reference_scores(trap, "keys", starts, horizon)
    want = []
    for row in range(2):
        found = enumerate_level(trap, starts.take(np.array([row])))
        values = np.zeros((len(found.after) + 1, 2))
        to = np.array([[-1 if s is None else s for s in row] for row in found.after])
        for _ in range(horizon):
            values[-1] = 0
            q = np.array(found.paid["keys"])[..., None] + values[to]
            values[:-1] = np.stack([q[..., 0].mean(axis=1), q[..., 1].max(axis=1)], axis=1)
        want.append(values[0])
    np.testing.assert_allclose((low, high), np.mean(want, axis=0))
    assert low < high


def test_reference_scores_without_a_solver_are_those_of_episodes() -> None:
    trap = find_trap("MonsterWorld")()
    starts, actions = demonstrate(trap, "shields", Split.TRAIN, range(40))
    low, high = reference_scores(trap, "shields", starts, actions.shape[1])
    at_random = rollout(uniform(), trap, starts, actions.shape[1]).paid["shields"].sum(axis=0)
    assert low == pytest.approx(at_random.mean(), abs=4 * at_random.std() / 40**0.5)
    env, returns = gym.make(trap.id(), reward="shields"), []
    for level, taken in enumerate(actions):
        env.reset(options={"level": level})
        returns.append(sum(env.step(a)[1] for a in taken[taken != ENDED].tolist()))
    assert high == pytest.approx(np.mean(returns))
    assert low < high
