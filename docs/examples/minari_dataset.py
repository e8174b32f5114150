"""Minari: a dataset recorded with its infos, read back equal, and its environments recovered.

Minari keeps datasets in MINARI_DATASETS_PATH, here a folder that is gone afterwards. Planes are no
pictures to it; for `observation="rgb"` give DataCollector `jpeg_encoding=False`.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

import gymnasium as gym
import minari
import numpy as np

import mesa_gym  # noqa: F401  (registers the ids)

ID, SHIFT = "MesaGym/RedBlueDoors-v0", "MesaGym/RedBlueDoors-Shift-v0"
NAME = "mesa-gym/red-blue-doors/random-v0"
EPISODES = 20

Given = tuple[tuple[Any, dict[str, Any]], list[tuple[Any, ...]]]


def take(env: gym.Env[Any, Any], actions: list[int], **reset: Any) -> Given:
    """Return what the reset and each step of an episode give, to its end."""
    start, steps = env.reset(**reset), []
    for action in actions:
        steps.append(env.step(action))
        if steps[-1][2] or steps[-1][3]:
            break
    return start, steps


def compare(recorded: Any, given: list[Any]) -> None:
    """An array, or a dict of arrays, against what each step gave."""
    if isinstance(recorded, dict):
        assert all(each.keys() == recorded.keys() for each in given)
        for name, values in recorded.items():
            compare(values, [each[name] for each in given])
    else:
        np.testing.assert_array_equal(recorded, given)


def compare_episode(episode: minari.EpisodeData, given: Given) -> None:
    """All that the environment gave stands in the dataset, infos included."""
    (seen, info), steps = given
    observations, rewards, terminated, truncated, infos = map(list, zip(*steps, strict=True))
    compare(episode.observations, [seen, *observations])
    compare(episode.infos, [info, *infos])
    compare(episode.rewards, rewards)
    compare(episode.terminations, terminated)
    compare(episode.truncations, truncated)


def main() -> None:
    """Record, read back, compare; take the recorded actions again on the recorded levels."""
    collector = minari.DataCollector(gym.make(ID), record_infos=True)
    actions = np.random.default_rng(0).integers(0, 5, (EPISODES, 1000)).tolist()
    given = [take(collector, row, seed=seed) for seed, row in enumerate(actions)]
    collector.create_dataset(NAME, eval_env=SHIFT)
    collector.close()

    dataset = minari.load_dataset(NAME)
    env, shift = dataset.recover_environment(), dataset.recover_environment(eval_env=True)
    assert env.spec.kwargs["split"] == "train"
    assert shift.spec.kwargs["split"] == "shift"
    for episode, expected in zip(dataset, given, strict=True):
        compare_episode(episode, expected)
        level = {"level": int(episode.infos["level"][0])}
        compare_episode(episode, take(env, episode.actions.tolist(), options=level))
    ended = sum(int(episode.terminations[-1]) for episode in dataset)
    assert 0 < ended < EPISODES
    print(f"{EPISODES} episodes of {dataset.total_steps} steps read back equal, {ended} terminated")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MINARI_DATASETS_PATH"] = folder
        main()
