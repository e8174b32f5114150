"""Knowledge of levels: their worth, their targets, and the targets' ghosts.

The exact solver gives a state graph, optimal values and actions, per-level values, and conflict
states; where a trap has none, its reference policies give values.
"""

from mesa_gym.solver.conflicts import ConflictStates, conflict_states
from mesa_gym.solver.ghosts import Ghosts, find_ghosts
from mesa_gym.solver.graph import Graph
from mesa_gym.solver.numbering import StateNumbers
from mesa_gym.solver.reference import reference_actions, reference_values
from mesa_gym.solver.solution import ANY, TIE, Solution, actions_in
from mesa_gym.solver.targets import targets
from mesa_gym.solver.time_left import TimeLeft
from mesa_gym.solver.values import LevelValues, SolvedValues, level_values, solutions

__all__ = [
    "ANY",
    "TIE",
    "ConflictStates",
    "Ghosts",
    "Graph",
    "LevelValues",
    "Solution",
    "SolvedValues",
    "StateNumbers",
    "TimeLeft",
    "actions_in",
    "conflict_states",
    "find_ghosts",
    "level_values",
    "reference_actions",
    "reference_values",
    "solutions",
    "targets",
]
