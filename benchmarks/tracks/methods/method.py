"""The interface of a method: what it may use of a trap, and what it must give.

A method is a class with up to three steps. The evaluator calls ``train`` once. Then it calls
``adapt`` for each kind and number of labels, and ``ask`` for each number of questions, once with
the base objective wanted and once with the proxy wanted; no argument says which. Every call starts
from copies of the method and its set as ``train`` left them. All of it runs in the evaluator's
process: what a method may not use, it can reach, and only its author's honesty keeps it from that
(docs/tracks.md).

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
from gymnasium.vector import VectorWrapper
from numpy.typing import NDArray

from agents.lesson import Lesson
from agents.train import NUM_LEVELS
from mesa_gym.engine import Bools
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.policies import Policy
from mesa_gym.traps import Split, Trap

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Channels of every observation; the others have no names and an order of their own each time.
AGENT, WALL = 0, 1


class Silent(VectorWrapper):
    """Environments that say nothing besides observations, rewards and ends."""

    def reset(self, **keywords: Any) -> tuple[Any, dict[str, Any]]:
        """Begin episodes, as ``VectorEnv.reset`` does."""
        return self.env.reset(**keywords)[0], {}

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Take a step, as ``VectorEnv.step`` does."""
        return (*self.env.step(actions)[:4], {})


@dataclass(frozen=True)
class Task:
    """A trap, as a method may use it.

    Attributes:
        trap: what ``lesson`` needs; to read anything else of it than its size is against the rules.
        seed: of the method's training.
        steps: how many environment steps to train one agent for.
        starts: first observations of 1,000 shift levels, uint8 (1000, height, width, channels),
            which may not be stepped; None in ``train`` of a method that enters ``coverage``.
    """

    trap: Trap
    seed: int
    steps: int
    starts: Bytes | None = None

    @property
    def channels(self) -> int:
        """The number of planes, ``AGENT`` and ``WALL`` included."""
        return len(self.trap.channels)

    @property
    def horizon(self) -> int:
        """The time limit of episodes, in steps."""
        return self.trap.horizon(Split.SHIFT)

    def vector_env(self, n: int) -> Silent:
        """Make n environments on training levels, which begin again in the step that ends them."""
        return Silent(TrapVectorEnv(self.trap, n, autoreset_mode="SameStep", num_levels=NUM_LEVELS))

    def lesson(self, *seeds: int) -> Lesson:
        """Return a lesson for the trainers in ``agents``, by default of the task's own seed."""
        return Lesson(self.trap, seeds or (self.seed,), self.steps, num_levels=NUM_LEVELS)


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
        """Forget everything; n episodes begin."""

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
    """Base class of methods. A new object is made for each trap and seed.

    Class attributes:
        tracks: of ``coverage``, ``labels`` and ``ask``, those that it enters.
        priors: what it assumes besides the data, the same for every trap.
        kind: ``ranked``; ``privileged`` where training used the solver; ``hand-written knowledge``
            where it knows something of a named trap.
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
