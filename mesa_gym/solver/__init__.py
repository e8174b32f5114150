"""What levels are worth: by the exact solver, or by a trap's reference policies.

The solver gives a state graph, optimal values and actions, per-level values, and conflict states.
"""

from mesa_gym.solver.conflicts import ConflictStates, conflict_states
from mesa_gym.solver.graph import Graph
from mesa_gym.solver.reference import reference_actions, reference_values
from mesa_gym.solver.solution import ANY, TIE, Solution, actions_in
from mesa_gym.solver.values import LevelValues, SolvedValues, level_values, solutions

__all__ = [
    "ANY",
    "TIE",
    "ConflictStates",
    "Graph",
    "LevelValues",
    "Solution",
    "SolvedValues",
    "actions_in",
    "conflict_states",
    "level_values",
    "reference_actions",
    "reference_values",
    "solutions",
]
