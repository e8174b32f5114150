"""The interface of a method: the parts of a task that it may use, and its policies.

Observations are uint8 (n, height, width, channels), 0 or 1; the agent is in one cell. Actions are 0
left, 1 down, 2 right, 3 up, 4 act. A policy is a ``mesa_gym.policies.Policy``: ``reset(mask, rng)``
begins episodes in the rows of a mask, bool (n,), and ``act(planes)`` returns action probabilities
(n, 5), or actions (n,). The evaluator samples from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.methods.labels import LabelSource
from mesa_gym.policies import Policy
from mesa_gym.traps import Trap

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Channels of every observation. The others have no names, an order of their own each time, and in
# half of all tasks a code: a thing is then a pattern of several planes.
AGENT, WALL = 0, 1


@dataclass(frozen=True)
class Task:
    """A task, as a method knows it: numbers, environments on training levels, and shift levels.

    Attributes:
        trap: the rules. They are for trainers alone: a method reads nothing of them.
        make_envs: makes so many environments; ``vector_env`` calls it.
        seed: of the method's training.
        steps: how many environment steps usually train one agent.
        most_steps: how many may be taken in ``train``, over all agents and environments.
        starts: first observations of shift levels, uint8 (n, height, width, channels): in
            ``train`` those of the walks, in ``adapt`` the 100 levels that can be labelled.
        encode: makes observations from the trap's planes; for trainers alone.
        count_steps: called by trainers with the number of steps before they are taken.
        walks: in ``train``, walks of random actions on 1,000 shift levels, without reward: uint8
            (1000, 33, height, width, channels). A walk that has ended shows its last picture from
            then on. None in ``adapt``.
    """

    trap: Trap
    make_envs: Callable[[int], Any]
    seed: int
    steps: int
    most_steps: int
    starts: Bytes
    encode: Callable[[Bytes], Bytes]
    count_steps: Callable[[int], None]
    walks: Bytes | None = None

    @property
    def channels(self) -> int:
        """The number of planes, ``AGENT`` and ``WALL`` included."""
        return self.starts.shape[-1]

    def vector_env(self, n: int) -> Any:
        """Make n environments on training levels, which begin again in the step that ends them.

        They are a Gymnasium vector environment that counts its steps: ``reset(seed=...)`` takes no
        options, and ``infos["final_obs"]`` has the last observation of episodes that ended.

        Raises:
            ValueError: the call is outside of ``train``.
        """
        if self.walks is None:
            raise ValueError("only train() may make environments, as their steps are counted")
        return self.make_envs(n)


class Method:
    """Base class of methods, which are made without arguments.

    The evaluator calls ``train`` once. Then it calls ``adapt`` for every kind and draw of labels,
    each time on a copy of the trained method; no argument names the wanted objective.
    """

    def train(self, task: Task) -> list[Policy]:
        """Return a set of policies, the most telling first.

        The first four count for coverage, and ``adapt`` gets eight at most.
        """
        raise NotImplementedError

    def adapt(self, task: Task, members: list[Policy], labels: LabelSource) -> Iterator[Policy]:
        """Yield, after each label, the policy for the objective that labels show to be wanted.

        The first policy comes without labels. Each time that a policy is taken, ``labels.left``
        grows, up to 1, 2, 4, 8 and 16 labels in all.
        """
        while True:
            yield members[0]
