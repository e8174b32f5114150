"""PPO of planners that see far around each cell, through many units.

What a cell is worth to end on can here depend on what lies up to three cells away, so that the map
is harder to read: the first step from ``agents.planner`` towards opaque networks.
"""

from __future__ import annotations

from agents.lesson import Lesson
from agents.planner import train_planners
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.planner_maps import WidePlannerNetwork


def train(lesson: Lesson) -> list[Agent]:
    """Train one agent a seed.

    Raises:
        ValueError: it is to be trained on a device.
    """
    return train_planners(lesson, WidePlannerNetwork)
