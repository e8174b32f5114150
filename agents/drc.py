"""PPO of a network that repeats a convolutional LSTM on each observation before it acts."""

from __future__ import annotations

from functools import partial

from agents.grid_networks import GridLearner, train_networks
from agents.lesson import Lesson
from mesa_gym.trained.drc import TickingNetwork


def train(lesson: Lesson) -> list[TickingNetwork]:
    """Train one agent a seed, one after another; torch is left with one thread.

    Raises:
        ValueError: it is to be trained on a device.
    """
    return train_networks(lesson, partial(GridLearner, TickingNetwork))
