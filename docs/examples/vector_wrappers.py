"""Gymnasium's vector wrappers around a trap's own vector environment.

Those that change observations refuse autoreset in the same step, where the last observation of an
episode is in the infos: there each environment is wrapped by itself. The others work in every
mode, and `mesa_gym.objectives` reads the infos after them too: all at once, or, after
DictInfoToList, of one environment.
"""

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.wrappers import FlattenObservation, vector

import mesa_gym

ID = "MesaGym/KeysChests-v0"
ENVS, STEPS, HORIZON = 5, 300, 50
ACTIONS = np.random.default_rng(0).integers(0, 5, (STEPS, ENVS))

Envs = VectorEnv[Any, Any, Any]
Step = tuple[Any, Any, Any, Any, Any]


def make_envs(autoreset: AutoresetMode) -> Envs:
    """Five environments with the objectives `chests` and `keys`."""
    return gym.make_vec(ID, ENVS, autoreset_mode=autoreset, max_steps=HORIZON)


def play(envs: Envs) -> Iterator[Step]:
    """Return what each step gave; always the same levels and actions."""
    envs.reset(seed=1)
    for actions in ACTIONS:
        step = envs.step(actions)
        # With RecordEpisodeStatistics infos must be read before a reset, which clears `_episode`.
        yield step
        done = step[2] | step[3]
        if envs.metadata["autoreset_mode"] is AutoresetMode.DISABLED and done.any():
            envs.reset(options={"reset_mask": done})


def check_statistics(autoreset: AutoresetMode) -> int:
    """Returns are sums of rewards since the last episode's end; how many episodes ended."""
    running, episodes = np.zeros(ENVS), 0
    envs = vector.RecordEpisodeStatistics(make_envs(autoreset))
    for _, rewards, terminated, truncated, infos in play(envs):
        running += rewards
        done = terminated | truncated
        if done.any():
            np.testing.assert_array_equal(infos["_episode"], done)
            np.testing.assert_array_equal(infos["episode"]["r"][done], running[done])
        running[done] = 0
        episodes += int(done.sum())
    return episodes


def check_info_lists(autoreset: AutoresetMode) -> None:
    """A dict for each environment says what the arrays say."""
    listed, plain = vector.DictInfoToList(make_envs(autoreset)), make_envs(autoreset)
    for (*_, infos), (*_, arrays) in zip(play(listed), play(plain), strict=True):
        for name, paid in mesa_gym.objectives(arrays).items():
            each = [mesa_gym.objectives(info).get(name, 0.0) for info in infos]
            np.testing.assert_array_equal(each, paid)


def check_observations(autoreset: AutoresetMode) -> None:
    """Flat, and as floats; all else as it was."""
    plain = make_envs(autoreset)
    flat = vector.DtypeObservation(vector.FlattenObservation(make_envs(autoreset)), np.float32)
    for (row, *rest), (seen, *others) in zip(play(flat), play(plain), strict=True):
        assert row.dtype == np.float32
        np.testing.assert_array_equal(row, seen.reshape(ENVS, -1))
        np.testing.assert_equal(rest, others)


def check_each_by_itself(plain: Envs) -> None:
    """Flat in the same step as well, the last observations of episodes included."""
    flat = gym.make_vec(
        ID,
        ENVS,
        vectorization_mode="sync",  # the trap's own takes no wrappers
        vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP},
        wrappers=[FlattenObservation],
        max_steps=HORIZON,
    )
    for (rows, *_, infos), (seen, *_, others) in zip(play(flat), play(plain), strict=True):
        np.testing.assert_array_equal(rows, seen.reshape(ENVS, -1))
        for row in np.flatnonzero(others.get("_final_obs", [])):
            last = others["final_obs"][row].ravel()
            np.testing.assert_array_equal(infos["final_obs"][row], last)


def main() -> None:
    """Try them in each autoreset mode."""
    for autoreset in AutoresetMode:
        print(f"{autoreset.value}: RecordEpisodeStatistics, {check_statistics(autoreset)} episodes")
        check_info_lists(autoreset)
        print(f"{autoreset.value}: DictInfoToList")
        try:
            check_observations(autoreset)
            print(f"{autoreset.value}: FlattenObservation, DtypeObservation")
        except ValueError as error:
            if autoreset is not AutoresetMode.SAME_STEP:
                raise
            print(f"{autoreset.value}: not FlattenObservation: {error}")
            check_each_by_itself(make_envs(autoreset))
            print(f"{autoreset.value}: FlattenObservation of each environment")


if __name__ == "__main__":
    main()
