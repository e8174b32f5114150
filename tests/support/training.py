"""Lessons, agents and what these do, as tests of agents need them."""

from typing import Any

import numpy as np

from agents.algorithms import find_algorithm
from agents.lesson import Lesson
from agents.levels import start_states
from mesa_gym.engine import State
from mesa_gym.policies import Policy
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.networks import Network, TorchAgent
from mesa_gym.trained.stacks import draw_stack
from mesa_gym.traps import Trap, find_trap

CORNER = find_trap("CheeseCorner")()
DOORS = find_trap("RedBlueDoors")()


def lesson(*seeds: int, trap: str | Trap = "CheeseCorner", steps: int = 1, **more: Any) -> Lesson:
    """A lesson, of one agent where no seed is given."""
    made = find_trap(trap)() if isinstance(trap, str) else trap
    return Lesson(made, seeds or (1,), steps, **more)


def trained(algo: str, asked: Lesson) -> list[TorchAgent]:
    """Agents that an algorithm trained."""
    return find_algorithm(algo).train(asked)


def drawn(trap: Trap, seed: int = 5) -> Network:
    """A network of some opinion; untrained ones think much alike."""
    stack = draw_stack(CentredInputs(trap).count, (seed,))
    stack.outputs.data *= 1000
    return Network(trap, stack)


def acts(policy: Policy, planes: np.ndarray) -> np.ndarray:
    """Return the actions of a policy where episodes begin."""
    policy.reset(np.ones(len(planes), dtype=bool), np.random.default_rng(0))
    return np.asarray(policy.act(planes))


def starts(numbers: Any, trap: Trap = CORNER) -> tuple[np.ndarray, State]:
    """Levels by number, and their start states."""
    return np.array(numbers), start_states(trap, np.array(numbers))
