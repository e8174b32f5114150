"""A reactive network that does what a planner does, without its plans: the ladder's last rung.

A planner is trained first (``agents.planner``). The network of the other algorithms then learns
its probabilities of actions on training levels: in states that the planner visits, and in states
that a first student visits, so that it knows what to do after its own mistakes (Ross et al. 2011,
with one round). It wants what the planner wants, as far as it can be seen, and has no map.

``steps`` counts the transitions that are learnt from, as in ``agents.cloning``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from agents import planner
from agents.cloning import EPOCHS, fit_network, replay_transitions
from agents.inputs import align_inputs
from agents.lesson import Lesson
from agents.levels import level_numbers, start_states
from mesa_gym.scoring.rollout import rollout
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.networks import Network, TorchAgent

# The planner is trained for a twelfth of the steps, which are its usual ones. A first student
# learns from a third of them, and of the states a third are its own.
PLANNERS_PART = 12
STUDENTS_PART = 3
BLOCK = 256  # levels played at once
# Lists of inputs, int32 (n, most), and probabilities of actions, float32 (n, 5).
States = tuple[torch.Tensor, NDArray[np.float32]]


def train(lesson: Lesson) -> list[Network]:
    """Train one agent a seed, one after another; torch is left with one thread.

    Raises:
        ValueError: it is to be trained on a device.
    """
    return [distil_planner(alone) for alone in lesson.each()]


def distil_planner(lesson: Lesson) -> Network:
    """Train a planner, and return a network that learnt from it; the lesson is of one seed."""
    (seed,) = lesson.seeds
    rng = np.random.default_rng(seed)
    quiet = replace(lesson, checkpoints=(), progress=lambda steps: None)
    (teacher,) = planner.train(replace(quiet, steps=-(-lesson.steps // PLANNERS_PART)))
    wanted = -(-lesson.steps // EPOCHS)
    own = wanted // STUDENTS_PART
    states = gather_states(lesson, teacher, teacher, wanted - own, rng)
    first = replace(quiet, steps=-(-lesson.steps // STUDENTS_PART))
    student = fit_network(first, *join_states(lesson, states), rng)
    states += gather_states(lesson, student, teacher, own, rng)
    return fit_network(lesson, *join_states(lesson, states), rng)


def gather_states(
    lesson: Lesson, player: TorchAgent, teacher: TorchAgent, wanted: int, rng: np.random.Generator
) -> list[States]:
    """Return states that a player visits on training levels, and what a teacher would do there.

    Args:
        lesson: of one seed.
        player: whose actions are sampled; it plays a level once.
        teacher: whose probabilities of actions are noted.
        wanted: how many states; there are fewer if the levels do not suffice.
        rng: draws the levels.
    """
    (seed,), view = lesson.seeds, CentredInputs(lesson.trap)
    numbers, states = level_numbers(lesson, wanted, rng), list[States]()
    for first in range(0, len(numbers), BLOCK):
        starts = start_states(lesson.trap, numbers[first : first + BLOCK])
        actions = rollout(player, lesson.trap, starts, lesson.horizon, seed).actions
        planes = replay_transitions(lesson.trap, starts, actions)[0][:wanted]
        lists = torch.from_numpy(view.list_inputs(planes)).int()
        states.append((lists, teacher.act(planes).astype(np.float32)))
        wanted -= len(planes)
        if wanted <= 0:
            break
    return states


def join_states(lesson: Lesson, states: list[States]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return all lists of inputs, int32 (m, most), and all probabilities, float32 (m, 5)."""
    seen, shown = zip(*states, strict=True)
    filler = CentredInputs(lesson.trap).count
    return torch.cat(align_inputs(seen, filler)), torch.from_numpy(np.concatenate(shown))
