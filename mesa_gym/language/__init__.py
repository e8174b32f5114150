"""Language models in traps: questions and answers as text, and a server."""

from mesa_gym.policies.answers import read_action, read_place

__all__ = ["read_action", "read_place"]
