"""The one place where methods meet a trainer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

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


def train(
    task: Task,
    hidden_planes: Sequence[Sequence[int]] = ((),),
    *,
    seed: int | None = None,
    steps: int | None = None,
    algorithm: Literal["ppo", "planner"] = "ppo",
) -> list[Trained]:
    """Train an agent for each set of hidden planes, all of one seed.

    An agent can be given all planes afterwards: what was hidden does not move it.

    Args:
        task: what is trained on.
        hidden_planes: for each agent the channels that it does not see.
        seed: of weights, actions and levels; by default the task's own.
        steps: of each agent; by default ``task.steps``.
        algorithm: that trains; only PPO hides planes.

    Raises:
        ValueError: planes are to be hidden from what is not trained by PPO, or more steps would be
            taken than the task allows.
    """
    # JAX is an extra, and takes a second to import.
    from benchmarks.methods.coded import train_coded

    if algorithm != "ppo" and any(hidden_planes):
        raise ValueError(f"{algorithm} hides no planes, got {[*hidden_planes]}; leave them out")
    seed, steps = task.seed if seed is None else seed, steps or task.steps
    rollout = PPOSettings().rollout_steps
    task.count_steps(-(-steps // rollout) * rollout * len(hidden_planes))
    made = Settings(task.trap, num_levels=NUM_LEVELS)
    codes = list_codes(task.encode, len(task.trap.channels))
    found = train_coded(made, steps, seed, codes, hidden_planes, algorithm == "planner")
    return [Trained(each.agent, each.earned) for each in found]


def list_codes(encode: Encode, channels: int) -> Bytes:
    """Return as what a cell is shown, uint8 (2 ** channels, channels); bit i is channel i."""
    cells = np.arange(2**channels)[:, None] >> np.arange(channels) & 1
    return encode(cells.astype(np.uint8)[:, None, None])[:, 0, 0]
