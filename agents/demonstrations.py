"""Demonstrations: what a policy that is optimal for an objective does on training levels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from agents.lesson import Lesson
from agents.levels import start_states
from mesa_gym.engine import Ints, State
from mesa_gym.envs.observations import make_observation
from mesa_gym.policies import Oracle, Reference
from mesa_gym.scoring.rollout import Actions, going, rollout
from mesa_gym.solver import sharing, solutions
from mesa_gym.traps import LEVELS, Trap

BLOCK = 1024  # levels drawn at once
# Of an oracle on each level: solving a level costs most, and equally good ways differ.
EPISODES = 4


def level_numbers(lesson: Lesson, count: int, rng: np.random.Generator) -> Ints:
    """Different training levels, at random.

    Args:
        lesson: says how many there are, and which share of them is of the shift distribution.
        count: how many are wanted.
        rng: chooses.

    Returns:
        int64, ``count`` of them or as many as there are. A number of 2**48 or more stands for a
        level of the shift, as with the environments.
    """
    there_are = LEVELS if lesson.num_levels is None else lesson.num_levels
    numbers = rng.choice(there_are, min(count, there_are), replace=False)
    shifted = rng.random(len(numbers)) < lesson.alpha
    return np.where(shifted, numbers + LEVELS, numbers)


def demonstrations(lesson: Lesson, numbers: Ints) -> Iterator[tuple[State, Actions]]:
    """The demonstrator's episodes, some levels at a time and solved when their turn comes.

    The demonstrator is the lesson's objective's oracle, which plays a level ``EPISODES`` times and
    takes one at random of actions that are equally good. Where the trap has no exact solver it is
    the scripted reference policy, which would do the same each time and plays a level once.

    Args:
        lesson: whose objective is pursued.
        numbers: of ``level_numbers``.

    Yields:
        the start states of n levels, and one episode on each: int8 (n, horizon) as a record has
        it. Further episodes on the same levels come next.
    """
    trap, limit = lesson.trap, lesson.horizon
    for first in range(0, len(numbers), BLOCK):
        starts = start_states(trap, numbers[first : first + BLOCK])
        if not trap.solvable:
            reference = Reference(trap, lesson.reward)
            yield starts, rollout(reference, trap, starts, limit, lesson.seed).actions
            continue
        oracle = Oracle(trap, lesson.reward, limit)
        for rows, solution in solutions(trap, starts, limit):
            solved = starts.take(rows)
            for episode in range(EPISODES):
                seed = EPISODES * lesson.seed + episode
                with sharing(solution):
                    played = rollout(oracle, trap, solved, limit, seed)
                yield solved, played.actions


def transitions(
    trap: Trap, starts: State, actions: Actions
) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """Return what was seen, and what was done there.

    Args:
        trap: the rules.
        starts: start states of n levels.
        actions: int8 (n, horizon), ``ENDED`` after an episode's last.

    Returns:
        planes uint8 (m, height, width, channels) and actions int8 (m,), step by step.
    """
    planes, taken = [], []
    shown = make_observation(trap, "planes")
    for now in going(trap, starts, actions):
        planes.append(shown.encode(now.state))
        taken.append(now.chosen.astype(np.int8))
    return np.concatenate(planes), np.concatenate(taken)
