"""Gymnasium's RecordVideo, of one environment and of several side by side.

It needs MoviePy, which no extra of mesa_gym brings: `pip install moviepy`. Without it,
`mesa-gym watch --headless --record FILE.mp4` records too, with the extra `viewer`.
"""

import tempfile
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.wrappers import RecordVideo, vector
from moviepy import VideoFileClip

import mesa_gym  # noqa: F401  (registers the ids)

ID = "MesaGym/KeysChests-v0"
STEPS = 20


def check_film(file: Path, frames: list[np.ndarray], fps: int) -> None:
    """The film shows these frames, but for what its compression changed."""
    with VideoFileClip(str(file)) as film:
        shown = list(film.iter_frames())
        assert film.fps == fps
    for seen, rendered in zip(shown, frames, strict=True):
        assert np.abs(seen.astype(int) - rendered).mean() < 5  # of 255
    print(f"{file.name}: {len(shown)} frames of {shown[0].shape[:2]} pixels, {fps} a second")


def record_one(folder: Path, actions: np.ndarray) -> None:
    """An episode cut short by the time limit."""
    plain = gym.make(ID, max_steps=STEPS, render_mode="rgb_array")
    env = RecordVideo(plain, str(folder), name_prefix="one")
    env.reset(seed=0)
    frames: list[Any] = [plain.render()]
    for action in actions[:, 0]:
        assert "reward_keys" in env.step(action)[4]
        frames.append(plain.render())
    env.close()
    check_film(folder / "one-episode-0.mp4", frames, env.metadata["render_fps"])


def record_four(folder: Path, actions: np.ndarray) -> None:
    """The same for four environments, in two rows of two."""
    plain = gym.make_vec(ID, 4, max_steps=STEPS, render_mode="rgb_array")
    envs = vector.RecordVideo(plain, str(folder), name_prefix="four")
    envs.reset(seed=0)
    frames = [tile_frames(plain.render())]
    for row in actions:
        assert "reward_keys" in envs.step(row)[4]
        frames.append(tile_frames(plain.render()))
    envs.close()
    check_film(folder / "four-episode-0.mp4", frames, envs.metadata["render_fps"])


def tile_frames(frames: Any) -> np.ndarray:
    """Four frames as one."""
    return np.block([[[frames[0]], [frames[1]]], [[frames[2]], [frames[3]]]])


def main() -> None:
    """Record into folders that are gone afterwards."""
    actions = np.random.default_rng(0).integers(0, 5, (STEPS, 4))
    with tempfile.TemporaryDirectory() as folder:
        record_one(Path(folder) / "one", actions)
        record_four(Path(folder) / "four", actions)


if __name__ == "__main__":
    main()
