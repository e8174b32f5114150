"""Minari: a dataset of `mesa-gym demonstrations`, taken again in its own environment.

Minari keeps datasets in MINARI_DATASETS_PATH, here a folder that is gone afterwards.
"""

from __future__ import annotations

import os
import tempfile

import minari
import numpy as np

from mesa_gym.cli import main as mesa_gym

NAME = "mesa-gym/key-chests/oracle-v0"


def main() -> None:
    """Write a dataset, recover its environments, and take its actions again on its levels."""
    command = f"demonstrations --trap KeysChests --levels 20 --out {NAME}".split()
    assert mesa_gym(command) == 0
    assert mesa_gym(command) == 2  # it is there
    dataset = minari.load_dataset(NAME)
    env, shift = dataset.recover_environment(), dataset.recover_environment(eval_env=True)
    assert (env.spec.kwargs["split"], shift.spec.kwargs["split"]) == ("train", "shift")
    for episode in dataset:
        seen, infos = env.reset(options={"level": int(episode.infos["level"][0])})
        given = [(seen, infos, *(None,) * 3)]
        for action in episode.actions:
            seen, reward, terminated, truncated, infos = env.step(int(action))
            given.append((seen, infos, reward, terminated, truncated))
        seen, infos, *rest = zip(*given, strict=True)
        recorded = episode.rewards, episode.terminations, episode.truncations
        np.testing.assert_array_equal(episode.observations, seen)
        for column, values in zip(rest, recorded, strict=True):
            np.testing.assert_array_equal(column[1:], values)
        for name, values in episode.infos.items():
            np.testing.assert_array_equal(values, [each[name] for each in infos])
    print(f"20 episodes of {dataset.total_steps} steps read back equal")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MINARI_DATASETS_PATH"] = folder
        main()
