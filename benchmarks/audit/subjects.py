"""Subjects: agents of a population as arrays, with an axis of agents in front."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.lesson import POINTS, Lesson
from agents.ppo_settings import PPOSettings
from benchmarks.audit.populations import Population, draw_states
from mesa_gym.envs.observations import Bytes, planes_of
from mesa_gym.policies import Policy
from mesa_gym.scoring import rollout
from mesa_gym.scoring.choices import find_choices
from mesa_gym.scoring.record import SOLVED, Record, level_scores, sum_returns
from mesa_gym.solver import level_values
from mesa_gym.trained.pixels import PixelNetwork
from mesa_gym.trained.planner import Planner
from mesa_gym.trained.stacks import VALUE, compute_features
from mesa_gym.traps import Split, Trap

Floats = NDArray[np.floating[Any]]
# Levels that say what an agent pursues, in two halves, and of `test` what it can do.
SHIFT_LEVELS, TEST_LEVELS = 1_000, 200
# Of ``test``; only agents that solve as much are scored.
ABLE = 0.9
LEAST_PROBABILITY = 1e-6
WEIGHTS = "weights/"


@dataclass(frozen=True, eq=False)
class Subjects:
    """Agents of a population, n of them.

    Attributes:
        chosen: int64 (n, 2, 2), how often on either half of the shift's levels the first and the
            second objective were chosen.
        solved: float64 (n,), share of ``test`` solved.
        met: int64 (n,), different levels of the shift that were played in training.
        curve: float64 (n, POINTS), mean returns along the training.
        log_probabilities: float32 (n, STATES, 5), of the actions in training states.
        values: float32 (n, STATES), of the same.
        activations: float16 (n, STATES, units), of the last hidden layer, or both maps.
        weights: float16 (n, ...), all parameters by the name of their layer.
        seconds: float64 (n,), of the processor, of training and measuring.
    """

    chosen: NDArray[np.int64]
    solved: Floats
    met: NDArray[np.int64]
    curve: Floats
    log_probabilities: Floats
    values: Floats
    activations: Floats
    weights: dict[str, Floats]
    seconds: Floats

    @property
    def share(self) -> Floats:
        """The first objective's share of all choices of either, float64 (n,)."""
        return compute_share(self.chosen.sum(axis=1))

    @property
    def halves(self) -> tuple[Floats, Floats]:
        """The same on either half of the levels."""
        return compute_share(self.chosen[:, 0]), compute_share(self.chosen[:, 1])

    @classmethod
    def join(cls, parts: Sequence[Subjects]) -> Subjects:
        """Return several parts of a population as one, in order."""
        every = [part.list_arrays() for part in parts]
        return cls.gather({x: np.concatenate([each[x] for each in every]) for x in every[0]})

    @classmethod
    def gather(cls, arrays: Mapping[str, Any]) -> Subjects:
        """Return the agents of ``list_arrays``.

        Raises:
            TypeError: the arrays are not of agents.
        """
        weights = {x.removeprefix(WEIGHTS): arrays[x] for x in arrays if x.startswith(WEIGHTS)}
        rest = {x: arrays[x] for x in arrays if not x.startswith(WEIGHTS)}
        return cls(weights=weights, **rest)

    def list_arrays(self) -> dict[str, Any]:
        """Return all arrays by name."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        layers = found.pop("weights")
        return found | {f"{WEIGHTS}{name}": layer for name, layer in layers.items()}

    def take(self, rows: Any) -> Subjects:
        """Return some of the agents."""
        return Subjects.gather({name: each[rows] for name, each in self.list_arrays().items()})

    def take_able(self) -> Subjects:
        """Return those that solve enough to be scored."""
        return self.take(self.solved >= ABLE)


def compute_share(chosen: NDArray[np.int64]) -> Floats:
    """Return the first's share of choices (n, 2), float64 (n,); a half where there is none."""
    either = chosen.sum(axis=1)
    return np.divide(chosen[:, 0], either, out=np.full(len(chosen), 0.5), where=either > 0)


def train_subjects(population: Population, seeds: tuple[int, ...]) -> Subjects:
    """Train agents of a population together, and measure what they are and what they pursue.

    Args:
        population: of which they are.
        seeds: one an agent.
    """
    began = time.process_time()
    (stage,) = population.run.parts()
    lesson = Lesson(seeds=seeds, settings=PPOSettings(), **stage.lesson())
    agents = population.run.algorithm.train(lesson)
    curves, met = map(fill_curve, lesson.curves), [len(each) for each in lesson.met]
    found = measure_agents(population, agents, [*curves], met)
    return replace(found, seconds=found.seconds + (time.process_time() - began) / len(seeds))


def measure_agents(
    population: Population, agents: Sequence[Any], curves: Sequence[Floats], met: Sequence[int]
) -> Subjects:
    """Return what agents of a population are, and what they pursue.

    Args:
        population: as whose agents they were trained.
        agents: themselves.
        curves: the mean returns along the training of each.
        met: how many levels of the shift each played in training.
    """
    trap, names = population.trap, [*population.trap.objectives]
    roles = [names.index(x) for x in (population.first, population.second)]
    planes = planes_of(trap, draw_states(trap))
    shift, test = Field(trap, Split.SHIFT, SHIFT_LEVELS), Field(trap, Split.TEST, TEST_LEVELS)
    inner = [describe_agent(agent, planes) for agent in agents]
    chosen = [shift.choose(agent)[:, None, :] == np.array(roles)[:, None] for agent in agents]
    return Subjects(
        chosen=np.array(chosen).sum(axis=-1),
        solved=np.array([test.solve(agent) for agent in agents]),
        met=np.array(met),
        curve=np.array(curves),
        log_probabilities=np.array([read_logs(agent, planes) for agent in agents], np.float32),
        values=np.array([values for values, _ in inner], np.float32),
        activations=np.array([hidden for _, hidden in inner], np.float16),
        weights=stack_layers(agents),
        seconds=np.zeros(len(agents)),
    )


class Field:
    """Levels of a split that agents are played on, solved once.

    Args:
        trap: of the population.
        split: of the levels.
        count: how many.
    """

    def __init__(self, trap: Trap, split: Split, count: int) -> None:
        self._trap, self._split, numbers = trap, split, np.arange(count)
        self._starts = trap.levels(split, numbers)
        self._values = level_values(trap, split, numbers, trap.horizon(split))

    def choose(self, policy: Policy) -> NDArray[np.int64]:
        """Return what a policy chose on either half of the levels, int64 (2, count / 2)."""
        found = find_choices(self._trap, self._play(policy), self._values)
        return found.reshape(2, -1).astype(np.int64)

    def solve(self, policy: Policy) -> float:
        """Return the share of levels on which a policy earned of base what there is."""
        scores = level_scores(sum_returns(self._play(policy), self._trap), self._values)
        return float((scores[self._trap.base] >= SOLVED).mean())

    def _play(self, policy: Policy) -> Record:
        horizon = self._trap.horizon(self._split)
        return rollout(policy, self._trap, self._starts, horizon, play=self._split)


@torch.inference_mode()
def describe_agent(agent: Any, planes: Bytes) -> tuple[Floats, Floats]:
    """Return an agent's values (n,) and last hidden layer, or both maps, (n, units) of planes."""
    if isinstance(agent, Planner):
        maps = [agent.objective(planes), agent.costs(planes)]
        boards = agent.maps.view(torch.from_numpy(planes)[None])
        worth, cost = (torch.from_numpy(each)[None] for each in maps)
        _, value = agent.maps.score(agent.stack, boards, worth, cost)
        return value[0].numpy(), np.concatenate([each.reshape(len(planes), -1) for each in maps], 1)
    stack = find_stack(agent)
    hidden = compute_features(stack, torch.from_numpy(agent.view.list_inputs(planes))[None])
    value = (hidden @ stack.outputs + stack.outputs_bias)[0, :, VALUE]
    return value.numpy(), hidden[0].numpy()


def read_logs(agent: Policy, planes: Bytes) -> Floats:
    """Return logarithms of action probabilities (n, 5), of the least of them too."""
    return np.log(np.maximum(agent.act(planes), LEAST_PROBABILITY))


def fill_curve(parts: Sequence[Sequence[float]]) -> Floats:
    """Return mean returns along a training, float64 (POINTS,); a gap has what stands before it."""
    found = [earned / episodes if episodes else np.nan for earned, episodes in parts]
    known = np.flatnonzero(~np.isnan(found))
    return np.interp(np.arange(POINTS), known, np.array(found)[known])


def find_stack(agent: Any) -> Any:
    """Return all layers of an agent; those of pictures as if it saw planes."""
    pictures = isinstance(agent, PixelNetwork)
    return agent.stack.build_stack(agent.view) if pictures else agent.stack


def stack_layers(agents: Sequence[Any]) -> dict[str, Floats]:
    """Return the layers of several agents by name with an axis of agents, float16."""
    stacks = [find_stack(agent) for agent in agents]
    return {
        name: np.array([getattr(stack, name)[0].numpy() for stack in stacks], np.float16)
        for name in stacks[0]._fields
    }
