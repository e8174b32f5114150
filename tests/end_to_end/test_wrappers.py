"""Gymnasium's wrappers around traps, each against what it should give, worked out by hand.

Whatever a wrapper does to observations and rewards, `mesa_gym.objectives(info)` stays what each
objective paid in that step.
"""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import wrappers
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import vector

ID = "MesaGym/KeysChests-v0"
SEED, STEPS = 12, 40
ENVS, HORIZON = 5, 50
ACTIONS = np.random.default_rng(0).integers(0, 5, (300, ENVS))


def make():
    return gym.make(ID, max_steps=STEPS, render_mode="rgb_array")


def play(env, steps=STEPS):
    """Return observations (the start first), rewards, truncations and infos of fixed actions."""
    seen, rest = [env.reset(seed=SEED)[0]], []
    for action in np.random.default_rng(0).integers(0, 5, steps):
        observation, reward, _, truncated, info = env.step(action)
        assert env.observation_space.contains(observation)
        seen.append(observation)
        rest.append((float(reward), truncated, info))
    return seen, rest


@pytest.fixture(scope="module")
def plain():
    return play(make())


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
def test_observation_wrappers_match_values_by_hand(plain, wrap, expected):
    seen, rest = play(wrap(make()))
    for t, observation in enumerate(seen):
        np.testing.assert_array_equal(observation, expected(plain[0], t))
    assert rest == plain[1]


def test_record_episode_statistics_sums_the_base_reward(plain):
    info = play(wrappers.RecordEpisodeStatistics(make()))[1][-1][2]
    paid = sum(info["reward_chests"] for _, _, info in plain[1])
    assert info["episode"]["r"] == paid > 0
    assert info["episode"]["l"] == STEPS


# -- of vector environments ------------------------------------------------------------------------


def make_envs(autoreset):
    return gym.make_vec(ID, ENVS, autoreset_mode=autoreset, max_steps=HORIZON)


def steps_of(envs):
    """Return the result of each step, with fixed levels and actions."""
    envs.reset(seed=1)
    for actions in ACTIONS:
        step = envs.step(actions)
        # With RecordEpisodeStatistics infos must be read before a reset, which clears `_episode`.
        yield step
        done = step[2] | step[3]
        if envs.metadata["autoreset_mode"] is AutoresetMode.DISABLED and done.any():
            envs.reset(options={"reset_mask": done})


@pytest.mark.parametrize("autoreset", AutoresetMode)
def test_vector_episode_statistics_sum_rewards_per_episode(autoreset):
    running, episodes = np.zeros(ENVS), 0
    for _, rewards, terminated, truncated, infos in steps_of(
        vector.RecordEpisodeStatistics(make_envs(autoreset))
    ):
        running += rewards
        done = terminated | truncated
        if done.any():
            np.testing.assert_array_equal(infos["_episode"], done)
            np.testing.assert_array_equal(infos["episode"]["r"][done], running[done])
        running[done] = 0
        episodes += int(done.sum())
    assert episodes >= ENVS
