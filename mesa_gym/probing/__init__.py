"""Probing: solver labels for visited states, and measures on levels that no card plays."""

from mesa_gym.probing.labelling import Labels, demonstrations, labels
from mesa_gym.probing.replanning import Replanning, measure_replanning

__all__ = ["Labels", "Replanning", "demonstrations", "labels", "measure_replanning"]
