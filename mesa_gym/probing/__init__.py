"""Probing: solver labels for visited states, and demonstrations as text."""

from mesa_gym.probing.labelling import Labels, demonstrations, labels

__all__ = ["Labels", "demonstrations", "labels"]
