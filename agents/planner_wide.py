"""PPO of planners that see far around each cell, through many units.

What a cell is worth to end on can here depend on what lies up to three cells away, so that the map
is harder to read: the first step from ``agents.planner`` towards opaque networks.
"""

from __future__ import annotations

from functools import partial

from agents.grid_networks import train_networks
from agents.lesson import Lesson
from agents.planner import PlannerLearner
from mesa_gym.trained.planner import WidePlanner


def train(lesson: Lesson) -> list[WidePlanner]:
    """Train one agent a seed, one after another: larger products depend on how many there are.

    Raises:
        ValueError: it is to be trained on a device.
    """
    return train_networks(lesson, partial(PlannerLearner, WidePlanner))
