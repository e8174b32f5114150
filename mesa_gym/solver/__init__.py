"""The exact solver: state graph, optimal values and actions, per-level values."""

from mesa_gym.solver.graph import Graph
from mesa_gym.solver.solution import ANY, TIE, Solution, actions_in
from mesa_gym.solver.values import LevelValues, level_values, solutions

__all__ = [
    "ANY",
    "TIE",
    "Graph",
    "LevelValues",
    "Solution",
    "actions_in",
    "level_values",
    "solutions",
]
