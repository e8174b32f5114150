"""The worth of levels: state graphs, optimal values and actions, certificates.

Where a trap has no exact solver, its reference policies give values.
"""

from mesa_gym.solver.graph import Graph
from mesa_gym.solver.numbering import StateNumbers
from mesa_gym.solver.placing import PlacementGraph, share_first_contacts
from mesa_gym.solver.reference import reference_actions
from mesa_gym.solver.solution import Solution, actions_in, get_solution, share_solution
from mesa_gym.solver.sweeps import TIE
from mesa_gym.solver.targets import targets
from mesa_gym.solver.time_left import TimeLeft
from mesa_gym.solver.values import LevelValues, level_values, solutions

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
