"""Training of agents for methods."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agents.run import NUM_LEVELS
from agents.settings import PPOSettings
from benchmarks.methods.encodings import Encode
from benchmarks.methods.task import Bytes, Task
from mesa_gym.envs.settings import Settings
from mesa_gym.policies import Policy


class Trained(NamedTuple):
    """An agent, and the mean return of its last episodes in training."""

    policy: Policy
    earned: float


def train(task: Task, seed: int | None = None, steps: int | None = None) -> Trained:
    """Train an agent by PPO.

    Args:
        task: what is trained on.
        seed: of weights, actions and levels; by default the task's own.
        steps: by default ``task.steps``.

    Raises:
        ValueError: more steps would be taken than the task allows.
    """
    # JAX is an extra, and takes a second to import.
    from benchmarks.methods.coded import train_coded

    seed, steps = task.seed if seed is None else seed, steps or task.steps
    rollout = PPOSettings().rollout_steps
    task.count_steps(-(-steps // rollout) * rollout)
    made = Settings(task.trap, num_levels=NUM_LEVELS)
    found = train_coded(made, steps, seed, list_codes(task.encode, len(task.trap.channels)))
    return Trained(found.agent, found.earned)


def list_codes(encode: Encode, channels: int) -> Bytes:
    """Return the encoding of each content of a cell, uint8 (2 ** channels, channels)."""
    cells = np.arange(2**channels)[:, None] >> np.arange(channels) & 1
    return encode(cells.astype(np.uint8)[:, None, None])[:, 0, 0]
