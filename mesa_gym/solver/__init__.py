"""The exact solver: state graphs, optimal values and actions of levels, certificates.

For traps without exact solver, the returns of reference policies replace optimal values.
"""

from mesa_gym.solver.graph import Graph
from mesa_gym.solver.numbering import StateNumbers
from mesa_gym.solver.placing import PlacementGraph, share_first_contacts
from mesa_gym.solver.reference import reference_actions
from mesa_gym.solver.solution import Solution, actions_in, get_solution, share_solution
from mesa_gym.solver.store import level_values
from mesa_gym.solver.sweeps import TIE
from mesa_gym.solver.targets import targets
from mesa_gym.solver.time_left import TimeLeft
from mesa_gym.solver.value_columns import LevelValues
from mesa_gym.solver.values import solutions

__all__ = [
    "TIE",
    "Graph",
    "LevelValues",
    "PlacementGraph",
    "Solution",
    "StateNumbers",
    "TimeLeft",
    "actions_in",
    "get_solution",
    "level_values",
    "reference_actions",
    "share_first_contacts",
    "share_solution",
    "solutions",
    "targets",
]
