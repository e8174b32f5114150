"""Trained agents of this project, which run in NumPy; the package ``agents`` trains them."""

from mesa_gym.trained.agent import Agent
from mesa_gym.trained.library import load
from mesa_gym.trained.planner import Planner

__all__ = ["Agent", "Planner", "load"]
