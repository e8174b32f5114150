"""Language models in traps: questions and answers as text, choices of places, and a server."""

from mesa_gym.choices.cards import score_choices
from mesa_gym.choices.play_questions import list_questions
from mesa_gym.policies.answers import read_action, read_place

__all__ = ["list_questions", "read_action", "read_place", "score_choices"]
