"""The interface of a method: what it may use of a task, and what it must give.

A method is a class with two steps. The evaluator calls ``train`` once. Then it calls ``adapt`` for
every kind and draw of labels; no argument says what is wanted. Every call is made in a locked
process of its own, which gets the method's attributes and its set as ``train`` left them, pickled,
and has nothing of any other call. ``docs/methods.md`` has the rules.

Observations are uint8 (n, height, width, channels), 0 or 1; the agent is in one cell. Actions are 0
left, 1 down, 2 right, 3 up, 4 act. A policy is a ``mesa_gym.policies.Policy``: ``reset(mask, rng)``
begins episodes in the rows of a mask, bool (n,), and ``act(planes)`` returns action probabilities
(n, 5), or actions (n,). The evaluator samples from them.

The policies of a method are ``networks``, ``mesa_gym.trained.networks.Network`` of which the
evaluator takes the weights and nothing else, or ``any``, which play behind the wall.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from agents.lesson import Lesson
from agents.run import NUM_LEVELS
from benchmarks.tracks.room_envs import Caller, Grid, RoomVectorEnv
from mesa_gym.policies import Policy

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Channels of every observation. The others have no names, an order of their own each time, and in
# half of all tasks a code: a thing is then a pattern of several planes.
AGENT, WALL = 0, 1


@dataclass(frozen=True)
class TaskNumbers:
    """Numbers of a task: a room is told no more, so no trap, level's number, role or salt.

    Attributes:
        size: rows and columns of observations.
        channels: the number of planes, ``AGENT`` and ``WALL`` included.
        horizon: the time limit of episodes, in steps.
        discount: of what is paid.
        seed: of the method's training.
        steps: how many environment steps usually train one agent.
        most_steps: how many may be taken in ``train``, over all agents and environments.
    """

    size: tuple[int, int]
    channels: int
    horizon: int
    discount: float
    seed: int
    steps: int
    most_steps: int


@dataclass(frozen=True)
class Task(TaskNumbers):
    """A task, as a method knows it: numbers, environments on training levels, and shift levels.

    Attributes:
        host: serves the environments.
        walks: in ``train``, walks of random actions on 1,000 shift levels, without reward: uint8
            (1000, 33, height, width, channels). A walk that has ended shows its last picture from
            then on. None in other steps.
        starts: first observations of shift levels, uint8 (n, height, width, channels): in
            ``train`` those of the walks, in ``adapt`` the 100 levels that can be labelled.
    """

    host: Caller
    walks: Bytes | None = None
    starts: Bytes | None = None

    def vector_env(self, n: int) -> RoomVectorEnv:
        """Make n environments on training levels, which begin again in the step that ends them.

        Raises:
            ValueError: n is not 1 to 4,096, there are 64 of them already, or it is not in
                ``train``.
        """
        if self.walks is None:
            raise ValueError("there are environments in train() alone, whose steps are counted")
        return RoomVectorEnv(self.host, n, (*self.size, self.channels))

    def lesson(self, *seeds: int, steps: int | None = None) -> Lesson:
        """Return a lesson for the trainers in ``agents``.

        Args:
            seeds: of agents; by default the task's own.
            steps: of each agent; by default ``steps``.
        """
        grid: Any = Grid(self.size, self.channels, self.horizon, self.discount)
        return Lesson(
            grid,
            seeds or (self.seed,),
            steps or self.steps,
            num_levels=NUM_LEVELS,
            make_envs=self.vector_env,
        )


class LabelledEpisode(NamedTuple):
    """A labelled episode of m steps.

    Attributes:
        planes: what was seen before each step and after the last one, uint8 (m + 1, height, width,
            channels).
        actions: what was done, int64 (m,).
        earned: its return in the wanted objective, undiscounted; NaN in a preference.
    """

    planes: Bytes
    actions: Ints
    earned: float


class Preference(NamedTuple):
    """Two episodes of one's own on one level, and which earned more of the wanted objective.

    Attributes:
        first, second: the episodes.
        sign: 1 where the first earned more, -1 where the second did, 0 where both earned the same.
    """

    first: LabelledEpisode
    second: LabelledEpisode
    sign: int


class LabelSource(Protocol):
    """Labels, each of which is on a shift level that the method picks.

    Attributes:
        left: how many there are now.
        kind: ``returns`` of own episodes, ``demonstrations``, or ``preferences``.
    """

    left: int
    kind: Literal["returns", "demonstrations", "preferences"]

    def play(self, policy: Policy, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Play a policy, its actions sampled, and say what the wanted objective paid.

        The evaluator counts the labels that it gives; it takes no number from here.

        Args:
            policy: that plays; each episode costs a label.
            starts: indices of ``Task.starts``.

        Raises:
            ValueError: fewer labels are left, or labels are of another kind.
        """

    def demonstrate(self, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Return episodes of an optimal policy for the wanted objective.

        Of equally good actions it takes one at random.

        Args:
            starts: indices of ``Task.starts``; each costs a label.

        Raises:
            ValueError: fewer labels are left, or labels are of another kind.
        """

    def compare(self, first: Policy, second: Policy, starts: Sequence[int]) -> list[Preference]:
        """Play two policies on the same levels, and say which earned more.

        Args:
            first: plays every level once.
            second: plays them too.
            starts: indices of ``Task.starts``; each costs a label.

        Raises:
            ValueError: fewer labels are left, or labels are of another kind.
        """


class Method:
    """Base class of methods. A new object is made for each call, without arguments.

    The first line of a method's own docstring stands in its records.

    Class attributes:
        policies: ``networks``, of which the evaluator takes the weights, or ``any``.
        priors: what it assumes besides the data, the same for every task.
        paper: what it follows, as author and year or an address; "" for nothing.
        trained: False where it reads no reward of training, for what this alone gets.
    """

    policies: ClassVar[Literal["networks", "any"]] = "networks"
    priors: ClassVar[str] = "none"
    paper: ClassVar[str] = ""
    trained: ClassVar[bool] = True

    def train(self, task: Task) -> list[Policy]:
        """Return a set of policies, the most telling first.

        The first four count for coverage.
        """
        raise NotImplementedError

    def adapt(self, task: Task, members: list[Policy], labels: LabelSource) -> Iterator[Policy]:
        """Yield the policy that pursues what labels show to be wanted, again and again.

        First there are no labels. Each time that a policy is taken, ``labels.left`` grows, so that
        1, 2, 4, 8 and 16 have been given in all.
        """
        while True:
            yield members[0]


def observe_training(task: Task, policy: Policy, count: int = 4096, n: int = 64) -> Bytes:
    """Return observations of training episodes of a policy, uint8 (count, ...), in random order."""
    envs, rng = task.vector_env(n), np.random.default_rng([task.seed, 3])
    seen, _ = envs.reset(seed=[100_000 * task.seed + 50_000 + i for i in range(n)])
    policy.reset(np.ones(n, dtype=np.bool_), rng)
    found = []
    for _ in range(-(-count // n)):
        found.append(seen.copy())
        shares = policy.act(seen)
        chosen = (rng.random((n, 1)) > shares.cumsum(axis=1)[:, :-1]).sum(axis=1)
        seen, _, ended, late, _ = envs.step(chosen)
        policy.reset(ended | late, rng)
    return rng.permutation(np.concatenate(found))[:count]
