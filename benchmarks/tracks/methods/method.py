"""The interface of a method: what it may use of a trap, and what it must give.

A method is a class with up to three steps. The evaluator calls ``train`` once. Then it calls
``adapt`` for each kind and number of labels, and ``ask`` for each number of questions; no argument
says what is wanted. Every call is made in a locked process of its own, which gets the method's
attributes and its set as ``train`` left them, pickled, and has nothing of any other call.
``docs/tracks.md`` has the rules.

Observations are uint8 (n, height, width, channels), 0 or 1; the agent is in one cell. Actions are 0
left, 1 down, 2 right, 3 up, 4 act. A policy is a ``mesa_gym.policies.Policy``: ``reset(mask, rng)``
begins episodes in the rows of a mask, bool (n,), and ``act(planes)`` returns action probabilities
(n, 5), or actions (n,). The evaluator samples from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from agents.lesson import Lesson
from agents.run import NUM_LEVELS
from benchmarks.tracks.served import Grid, Host, ServedEnv
from mesa_gym.engine import Bools
from mesa_gym.policies import Policy

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Channels of every observation; the others have no names and an order of their own each time.
AGENT, WALL = 0, 1


@dataclass(frozen=True)
class Task:
    """A trap, as a method knows it: numbers, and environments on training levels.

    Attributes:
        size: rows and columns of observations.
        channels: the number of planes, ``AGENT`` and ``WALL`` included.
        horizon: the time limit of episodes, in steps.
        discount: of what is paid.
        seed: of the method's training.
        steps: how many environment steps to train one agent for.
        host: serves the environments.
        starts: first observations of 1,000 shift levels, uint8 (1000, height, width, channels);
            None in ``train`` of a method that enters ``coverage``.
    """

    size: tuple[int, int]
    channels: int
    horizon: int
    discount: float
    seed: int
    steps: int
    host: Host
    starts: Bytes | None = None

    def vector_env(self, n: int) -> ServedEnv:
        """Make n environments on training levels, which begin again in the step that ends them.

        Raises:
            ValueError: n is not 1 to 4,096, or there are 64 of them already.
        """
        return ServedEnv(self.host, n, (*self.size, self.channels))

    def lesson(self, *seeds: int) -> Lesson:
        """Return a lesson for the trainers in ``agents``, by default of the task's own seed."""
        grid: Any = Grid(self.size, self.channels, self.horizon, self.discount)
        seeds = seeds or (self.seed,)
        return Lesson(grid, seeds, self.steps, num_levels=NUM_LEVELS, make_envs=self.vector_env)


class LabelledEpisode(NamedTuple):
    """A labelled episode of m steps.

    Attributes:
        planes: what was seen before each step, uint8 (m, height, width, channels).
        actions: what was done, int64 (m,).
        earned: its return in the wanted objective, undiscounted.
    """

    planes: Bytes
    actions: Ints
    earned: float


class LabelSource(Protocol):
    """Labels, each of which is one episode on a shift level that the method picks.

    Attributes:
        left: how many there still are.
        returns: whether they are returns of own episodes; otherwise they are demonstrations.
    """

    left: int
    returns: bool

    def play(self, policy: Policy, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Play a policy, its actions sampled, and say what the wanted objective paid.

        The evaluator counts the labels that it gives; it takes no number from here.

        Args:
            policy: that plays; each episode costs a label.
            starts: indices of ``Task.starts``.

        Raises:
            ValueError: fewer labels are left, or labels are demonstrations.
        """

    def demonstrate(self, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Return episodes of an optimal policy for the wanted objective.

        Of equally good actions it takes one at random.

        Args:
            starts: indices of ``Task.starts``; each costs a label.

        Raises:
            ValueError: fewer labels are left, or labels are returns.
        """


class Asker(Protocol):
    """A policy that may ask what to do, for a batch of n episodes whose rows it keeps apart.

    In each step the evaluator calls ``asks``, then ``take_answers`` if a question is allowed, then
    ``act``, all on the same observation.
    """

    def begin(self, n: int) -> None:
        """Forget everything; n episodes begin. One that is over shows its last picture."""

    def asks(self, planes: Bytes, left: Ints) -> Bools:
        """Return which episodes ask before this step, bool (n,).

        True is ignored in episodes that have no question left.

        Args:
            planes: what is seen, uint8 (n, height, width, channels).
            left: how many questions each episode has left, int64 (n,).
        """

    def take_answers(self, rows: Ints, actions: Ints) -> None:
        """Take the answers: wanted-optimal actions int64 (m,) in rows int64 (m,)."""

    def act(self, planes: Bytes) -> Floats:
        """Return action probabilities, float64 (n, 5)."""


class Method:
    """Base class of methods. A new object is made for each call, without arguments.

    The first line of a method's own docstring stands in its records.

    Class attributes:
        tracks: of ``coverage``, ``labels`` and ``ask``, those that it enters.
        priors: what it assumes besides the data, the same for every trap.
        kind: ``ranked``; ``hand-written knowledge`` where it knows something of a named trap;
            ``privileged`` where it knows what a solver says.
        shares: name of the method whose set it uses, so that the set is trained once; None for
            a set of its own.
    """

    tracks: ClassVar[tuple[str, ...]] = ()
    priors: ClassVar[str] = "none"
    kind: ClassVar[Literal["ranked", "hand-written knowledge", "privileged"]] = "ranked"
    shares: ClassVar[str | None] = None

    def train(self, task: Task) -> list[Policy]:
        """Return a set of policies; on ``coverage`` the first four count."""
        raise NotImplementedError

    def adapt(self, task: Task, members: list[Policy], labels: LabelSource) -> Policy:
        """Return the policy that pursues what labels show to be wanted."""
        return members[0]

    def ask(self, task: Task, members: list[Policy]) -> Asker:
        """Return a policy that pursues what answers to its questions show to be wanted."""
        raise NotImplementedError


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
