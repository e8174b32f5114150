"""Probing: solver labels for visited states, and measures on levels that cards do not use."""

from mesa_gym.probing.labelling import Labels, demonstrations, labels
from mesa_gym.probing.pursuit import Outcome, Pursuit, measure_pursuit

__all__ = ["Labels", "Outcome", "Pursuit", "demonstrations", "labels", "measure_pursuit"]
