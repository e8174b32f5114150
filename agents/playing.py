"""Environments as a trainer plays them: many agents' at once, in NumPy or on a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.inputs import DenseInputs, Inputs
from agents.lesson import Lesson
from mesa_gym.engine import Bools, Ints, State
from mesa_gym.envs.observations import Bytes
from mesa_gym.envs.tensors import TensorEnv
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.trained.inputs import CentredInputs

# Rewards float32, ends of episodes and those by the time limit alone, bool: each (S, n).
Step = tuple[Tensor, Tensor, Tensor]
# Of a learner: the returns of episodes that ended, summed, and how many, of each agent.
Update = Callable[[], tuple[Tensor, Tensor]]
# The levels of environments that do not tell them.
UNTOLD = np.empty(0, dtype=np.int64)


class Variation:
    """A change of what agents see and do in training; this one changes nothing.

    Rows are all environments, those of the first agent first.
    """

    def begin(self, venv: TrapVectorEnv) -> None:
        """Look at, or change, the environments before the first episode."""

    def change_planes(self, planes: Bytes) -> Bytes:
        """Return what agents see instead of planes (n, height, width, channels)."""
        return planes

    def change_actions(self, actions: Ints) -> Ints:
        """Return what the environments do, where agents choose ``actions`` (n,)."""
        return actions

    def note(self, levels: Ints, rewards: NDArray[np.float64], done: Bools) -> None:
        """Look at a step: the levels it was taken on, what it paid, which episodes it ended."""


class Envs(Protocol):
    """Environments of S agents, ``count`` each."""

    def inputs(self) -> Tensor:
        """Return the networks' inputs, of S agents."""

    def step(self, actions: Tensor) -> Step:
        """Take actions, int64 (S, n); what ends begins its next episode."""

    def list_lasting_tensors(self) -> list[Tensor]:
        """Return the tensors that keep their place and are changed by a step."""


class HostEnvs:
    """Environments in NumPy.

    Args:
        lesson: what is trained; its settings say how many environments an agent has.
        view: the networks' inputs.
        variation: changes what agents see and do.
    """

    def __init__(self, lesson: Lesson, view: Inputs, variation: Variation) -> None:
        self.shape = (len(lesson.seeds), lesson.settings.environments)
        self.view, self.variation = view, variation
        self._seeds = lesson.environment_seeds()
        self.venv = lesson.environments(len(self._seeds))
        variation.begin(self.venv)
        self._planes: Bytes | None = None

    def inputs(self) -> Tensor:
        """Return the lists of inputs that are 1, int64 (S, n, most)."""
        if self._planes is None:
            self._planes, infos = self.venv.reset(seed=self._seeds)
            self._levels = infos.get("level", UNTOLD)
        listed = self.view.list_inputs(self.variation.change_planes(self._planes))
        return torch.from_numpy(listed).view(*self.shape, -1)

    def step(self, actions: Tensor) -> Step:
        """Take a step in every environment."""
        taken = self.variation.change_actions(actions.numpy().reshape(-1))
        self._planes, rewards, terminated, truncated, infos = self.venv.step(taken)
        done = terminated | truncated
        self.variation.note(self._levels, rewards, done)
        self._levels = infos.get("level", UNTOLD)
        late = truncated & ~terminated
        found = (torch.from_numpy(each) for each in (rewards.astype(np.float32), done, late))
        rewards_, done_, late_ = (each.view(self.shape) for each in found)
        return rewards_, done_, late_

    def list_lasting_tensors(self) -> list[Tensor]:
        """Return nothing: NumPy's arrays are in no CUDA graph."""
        return []


class DeviceEnvs:
    """Environments in torch, on the device of the networks; no step waits for the host.

    Tensors that last from step to step keep their place, so that steps can be captured and
    replayed as a CUDA graph.
    """

    def __init__(self, lesson: Lesson, view: CentredInputs, device: str) -> None:
        self.shape = (len(lesson.seeds), lesson.settings.environments)
        if lesson.num_levels is None:
            raise ValueError("on a device, levels are drawn once: num_levels must be a number")
        seeds = lesson.environment_seeds()
        self.env = TensorEnv(
            lesson.trap, len(seeds), device=device, seed=seeds, **lesson.keywords()
        )
        self._dense = DenseInputs(view, self.env.device)
        self._planes, _ = self.env.reset()
        assert self.env.state is not None
        self._state, self._episode = self.env.state, self.env.episode

    def inputs(self) -> Tensor:
        """Return all inputs, uint8 (S, n, count + 1)."""
        return self._dense.see(self._planes).view(*self.shape, -1)

    def step(self, actions: Tensor) -> Step:
        """Take a step in every environment."""
        state, episode, result = self.env.advance(self._state, self._episode, actions.view(-1))
        planes, rewards, terminated, truncated, _ = result
        after = [planes, episode, *list_arrays(state)]
        for lasting, new in zip(self.list_lasting_tensors(), after, strict=True):
            lasting.copy_(new)
        done, late = terminated | truncated, truncated & ~terminated
        return rewards.view(self.shape), done.view(self.shape), late.view(self.shape)

    def list_lasting_tensors(self) -> list[Tensor]:
        """Return the planes, the episodes' numbers and the arrays of the state."""
        return [self._planes, self._episode, *list_arrays(self._state)]


def list_arrays(state: State) -> list[Tensor]:
    """Return the arrays of a state except the tables, in a fixed order."""
    found: list[Tensor] = []
    state.map(lambda array: found.append(array) or array)  # type: ignore[func-returns-value]
    return found


def capture_update(update: Update, lasting: Callable[[], list[Tensor]]) -> Update:
    """Return a learner's update as a CUDA graph, which is replayed without the host's help.

    Args:
        update: changes in place everything that lasts to the next, as a graph requires.
        lasting: returns what that is.
    """
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    before = [each.clone() for each in lasting()]
    with torch.cuda.stream(aside):
        update()  # kernels and workspaces are chosen outside of the graph
    torch.cuda.current_stream().wait_stream(aside)
    with torch.no_grad():
        for now, then in zip(lasting(), before, strict=True):
            now.copy_(then)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        found = update()

    def replay() -> tuple[Tensor, Tensor]:
        graph.replay()
        return found

    return replay
