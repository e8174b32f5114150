"""Lessons, agents and what these do, as tests of agents need them."""

import numpy as np
from networks import CORNER, DOORS, drawn

from agents.algorithms import find_algorithm
from agents.lesson import Lesson
from agents.levels import start_states
from mesa_gym.traps import find_trap

__all__ = ["CORNER", "DOORS", "acts", "drawn", "lesson", "starts", "trained"]


def lesson(*seeds, trap="CheeseCorner", steps=1, **more):
    """A lesson, of one agent where no seed is given."""
    made = find_trap(trap)() if isinstance(trap, str) else trap
    return Lesson(made, seeds or (1,), steps, **more)


def trained(algo, asked):
    """Agents that an algorithm trained."""
    return find_algorithm(algo).train(asked)


def acts(policy, planes):
    """Return the actions of a policy where episodes begin."""
    policy.reset(np.ones(len(planes), dtype=bool), np.random.default_rng(0))
    return np.asarray(policy.act(planes))


def starts(numbers, trap=CORNER):
    """Levels by number, and their start states."""
    return np.array(numbers), start_states(trap, np.array(numbers))
