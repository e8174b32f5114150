"""Behaviour cloning: a network learns to do what an optimal policy did on training levels.

A control for reinforcement learning: the same levels, the same network, and an objective that
was pursued perfectly, with a supervised signal and without reward. The demonstrator knows the
state and pursues the objective that is paid; its actions are sampled, as an episode shows them.

``steps`` counts the transitions that are learnt from. Each demonstrated one is learnt from about
``EPOCHS`` times, so that ``steps / EPOCHS`` environment steps are demonstrated; where there are
too few levels for so many, each level is used and what was done there is learnt from more often.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from agents.inputs import align_inputs
from agents.lesson import Lesson
from agents.levels import level_numbers, start_states
from agents.stacks import (
    Optimiser,
    Stack,
    compute_gradients,
    compute_outputs,
    draw_stack,
    export_agent,
)
from mesa_gym.engine import Ints, State
from mesa_gym.envs.observations import make_observation
from mesa_gym.policies import Oracle, Reference
from mesa_gym.scoring.record import Actions
from mesa_gym.scoring.rollout import follow, rollout
from mesa_gym.solver import share_solution, solutions
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.traps import Trap

EPOCHS = 5
BATCH = 512
LEARNING_RATE = 1e-3
BLOCK = 1024  # levels drawn at once
# Of an oracle on each level: solving a level costs most, and equally good ways differ.
EPISODES = 4
# How often its own returns are looked at, for the learning curve, and on how many levels.
LOOKS = 10
LOOKED_AT = 64


def train(lesson: Lesson) -> list[Agent]:
    """Train one agent a seed; torch is left with one thread."""
    torch.set_num_threads(1)
    agents = []
    for alone in lesson.each():
        rng, view = np.random.default_rng(alone.seeds[0]), CentredInputs(lesson.trap)
        agents.append(fit_network(alone, *gather_demonstrations(alone, view, rng), rng))
    return agents


def fit_network(
    lesson: Lesson, seen: torch.Tensor, shown: torch.Tensor, rng: np.random.Generator
) -> Agent:
    """Train a network to do on observations what was shown.

    Args:
        lesson: of one seed; ``steps`` counts the transitions that are learnt from.
        seen: lists of inputs, int32 (m, most), of ``align_inputs``.
        shown: actions, int64 (m,), or probabilities of actions, float32 (m, 5).
        rng: draws minibatches.
    """
    (seed,) = lesson.seeds
    drawn = draw_stack(CentredInputs(lesson.trap).count, lesson.seeds)
    stack = Stack(*(each.requires_grad_() for each in drawn))
    optimiser, done, due, look = Optimiser(stack, stack.second), 0, list(lesson.checkpoints), 0
    for rows in draw_minibatches(len(shown), rng):
        scores, _ = compute_outputs(stack, seen[rows][None].long())
        loss = cross_entropy(scores[0], shown[rows])
        rate = LEARNING_RATE * max(0.0, 1 - done / lesson.steps)
        optimiser.step(compute_gradients(loss, stack), rate)
        done += len(rows)
        lesson.progress(len(rows))
        while due and done >= due[0]:
            lesson.keep(due.pop(0), seed, export_agent("network", lesson.trap, stack, 0))
        if done >= min(look, lesson.steps):
            note_returns(lesson, export_agent("network", lesson.trap, stack, 0), done)
            look = done + lesson.steps // LOOKS
        if done >= lesson.steps:
            break
    return export_agent("network", lesson.trap, stack, 0)


def draw_minibatches(count: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Draw rows of about ``BATCH`` transitions each, without end; all come once an epoch."""
    while True:
        yield from np.array_split(rng.permutation(count), -(-count // BATCH))


def note_returns(lesson: Lesson, agent: Agent, done: int) -> None:
    """Note what the learner itself earns on some training levels after so many steps."""
    (seed,) = lesson.seeds
    rng = np.random.default_rng([seed, done])
    starts = start_states(lesson.trap, level_numbers(lesson, LOOKED_AT, rng))
    played = rollout(agent, lesson.trap, starts, lesson.horizon, done)
    earned = played.paid[lesson.objective].sum(axis=0)
    lesson.note(0, done, float(earned.sum()), len(earned))


# -- demonstrations --------------------------------------------------------------------------------


def gather_demonstrations(
    lesson: Lesson, view: CentredInputs, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return lists of inputs int32 (m, most) and actions int64 (m,) of demonstrated transitions."""
    wanted = -(-lesson.steps // EPOCHS)
    seen: list[torch.Tensor] = []
    taken: list[NDArray[np.int64]] = []
    for starts, actions in play_demonstrations(lesson, level_numbers(lesson, wanted, rng)):
        planes, chosen = replay_transitions(lesson.trap, starts, actions)
        seen.append(torch.from_numpy(view.list_inputs(planes)).int())
        taken.append(chosen)
        if sum(map(len, taken)) >= wanted:
            break
    shown = torch.from_numpy(np.concatenate(taken))
    return torch.cat(align_inputs(seen, view.count)), shown


def play_demonstrations(lesson: Lesson, numbers: Ints) -> Iterator[tuple[State, Actions]]:
    """Play the demonstrator's episodes, some levels at a time and solved when their turn comes.

    The demonstrator is the oracle of the paid objective, which plays a level ``EPISODES`` times and
    takes one at random of actions that are equally good. Where the trap has no exact solver it is
    the scripted reference policy, which would do the same each time and plays a level once.

    Args:
        lesson: whose objective is pursued.
        numbers: of ``level_numbers``.

    Yields:
        the start states of n levels, and one episode on each: int8 (n, horizon) as a record has
        it. Further episodes on the same levels come next.
    """
    trap, limit, (seed,) = lesson.trap, lesson.horizon, lesson.seeds
    for first in range(0, len(numbers), BLOCK):
        starts = start_states(trap, numbers[first : first + BLOCK])
        if not trap.solvable:
            reference = Reference(trap, lesson.reward)
            yield starts, rollout(reference, trap, starts, limit, seed).actions
            continue
        oracle = Oracle(trap, lesson.reward, limit)
        for rows, solution in solutions(trap, starts, limit):
            solved = starts.take(rows)
            for episode in range(EPISODES):
                with share_solution(solution):
                    played = rollout(oracle, trap, solved, limit, EPISODES * seed + episode)
                yield solved, played.actions


def replay_transitions(
    trap: Trap, starts: State, actions: Actions
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return observations and the actions taken on them.

    Args:
        trap: the rules.
        starts: start states of n levels.
        actions: int8 (n, horizon), ``ENDED`` after an episode's last.

    Returns:
        planes uint8 (m, height, width, channels) and actions int64 (m,), step by step.
    """
    planes, taken = [], []
    shown = make_observation(trap, "planes")
    for now in follow(trap, starts, actions):
        planes.append(shown.encode(now.state))
        taken.append(now.chosen.astype(np.int64))
    return np.concatenate(planes), np.concatenate(taken)
