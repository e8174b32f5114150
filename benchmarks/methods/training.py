"""The one place where methods meet a trainer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from agents.lesson import Lesson
from agents.run import NUM_LEVELS
from benchmarks.methods.task import Task
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
        ValueError: planes are to be hidden from what is not trained by PPO.
    """
    # Torch is an extra, and takes seconds to import.
    from agents import hiding, planner

    seeds = (task.seed if seed is None else seed,) * len(hidden_planes)
    steps, envs = steps or task.steps, task.vector_env
    lesson = Lesson(task.trap, seeds, steps, num_levels=NUM_LEVELS, make_envs=envs)
    agents: Sequence[Policy]
    if algorithm == "ppo":
        agents = hiding.train_hidden(lesson, hidden_planes)
    elif any(hidden_planes):
        raise ValueError(f"{algorithm} hides no planes, got {[*hidden_planes]}; leave them out")
    else:
        agents = planner.train(lesson)
    earned = [curve[-1][1] if curve else 0.0 for curve in map(lesson.curve, range(len(agents)))]
    return [*map(Trained, agents, earned)]
