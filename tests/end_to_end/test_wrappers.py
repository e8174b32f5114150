"""Gymnasium's wrappers around traps, each against what it should give, worked out by hand."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import wrappers
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import vector

ID = "MesaGym/KeysChests-v0"
ACTIONS = np.random.default_rng(0).integers(0, 5, (300, 5))


def play(wrap=lambda env: env):
    """Return observations (the start first), rewards, truncations and infos of fixed actions."""
    env = wrap(gym.make(ID, max_steps=40))
    seen, rest = [env.reset(seed=12)[0]], []
    for action in ACTIONS[:40, 0]:
        observation, reward, _, truncated, info = env.step(action)
        assert env.observation_space.contains(observation)
        seen.append(observation)
        rest.append((float(reward), truncated, info))
    return seen, rest


@pytest.mark.parametrize(
    ("wrap", "expected"),
    [
        (wrappers.FlattenObservation, lambda seen, t: seen[t].ravel()),
        (
            lambda env: wrappers.FrameStackObservation(env, 3),
            lambda seen, t: np.stack([seen[max(0, i)] for i in (t - 2, t - 1, t)]),
        ),
        (wrappers.TimeAwareObservation, lambda seen, t: np.append(seen[t], t)),
    ],
    ids=["flat", "stack", "time"],
)
def test_observation_wrappers_match_values_by_hand(wrap, expected):
    """Rewards and infos stay as they are."""
    (plain, others), (seen, rest) = play(), play(wrap)
    for t, observation in enumerate(seen):
        np.testing.assert_array_equal(observation, expected(plain, t))
    assert rest == others


@pytest.mark.parametrize("autoreset", AutoresetMode)
def test_vector_episode_statistics_sum_rewards_per_episode(autoreset):
    made = gym.make_vec(ID, 5, autoreset_mode=autoreset, max_steps=50)
    envs, running, episodes = vector.RecordEpisodeStatistics(made), np.zeros(5), 0
    envs.reset(seed=1)
    for actions in ACTIONS:
        _, rewards, terminated, truncated, infos = envs.step(actions)
        running += rewards
        done = terminated | truncated
        if done.any():
            np.testing.assert_array_equal(infos["_episode"], done)
            np.testing.assert_array_equal(infos["episode"]["r"][done], running[done])
        if done.any() and autoreset is AutoresetMode.DISABLED:
            envs.reset(options={"reset_mask": done.copy()})
        running[done] = 0
        episodes += int(done.sum())
    assert episodes >= 5
