"""PPO of value iteration networks (Tamar et al. 2016, sections 3 and 4)."""

from __future__ import annotations

from functools import partial

from agents.grid_networks import GridLearner, train_networks
from agents.lesson import Lesson
from mesa_gym.trained.vin import ValueIterationNetwork


def train(lesson: Lesson) -> list[ValueIterationNetwork]:
    """Train one agent a seed, one after another; torch is left with one thread.

    Raises:
        ValueError: it is to be trained on a device.
    """
    return train_networks(lesson, partial(GridLearner, ValueIterationNetwork))
