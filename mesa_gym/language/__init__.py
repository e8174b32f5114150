"""Language models in traps: questions and answers in words, and a server of them."""

from mesa_gym.language.answers import read_action, read_place

__all__ = ["read_action", "read_place"]
