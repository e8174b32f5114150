"""The interface of a method: what it may use of a task, and what it must give.

A method is a class with up to three steps. The evaluator calls ``train`` once. Then it calls
``adapt`` for every kind and draw of labels, and ``ask`` for every budget of questions; no argument
says what is wanted. Every call is made in a locked process of its own, which gets the method's
attributes and its set as ``train`` left them, pickled, and has nothing of any other call.
``docs/tracks.md`` has the rules.

Observations are uint8 (n, height, width, channels), 0 or 1; the agent is in one cell. Actions are 0
left, 1 down, 2 right, 3 up, 4 act. A policy is a ``mesa_gym.policies.Policy``: ``reset(mask, rng)``
begins episodes in the rows of a mask, bool (n,), and ``act(planes)`` returns action probabilities
(n, 5), or actions (n,). The evaluator samples from them.

In the closed division every policy is a ``mesa_gym.trained.networks.Network``, of which the
evaluator takes the weights and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
# Channels of every observation. The others have no names, an order of their own each time, and in
# half of all tasks a code: a thing is then a pattern of several planes.
AGENT, WALL = 0, 1


@dataclass(frozen=True)
class Task:
    """A task, as a method knows it: numbers, environments on training levels, and shift levels.

    Attributes:
        size: rows and columns of observations.
        channels: the number of planes, ``AGENT`` and ``WALL`` included.
        horizon: the time limit of episodes, in steps.
        discount: of what is paid.
        seed: of the method's training.
        steps: how many environment steps usually train one agent.
        most_steps: how many may be taken in ``train``, over all agents and environments.
        host: serves the environments.
        walks: in ``train``, walks of random actions on 1,000 shift levels, without reward: uint8
            (1000, 33, height, width, channels). A walk that has ended shows its last picture from
            then on. None in other steps.
        starts: first observations of shift levels, uint8 (n, height, width, channels): in
            ``train`` those of the walks, in ``adapt`` the 100 levels that can be labelled.
    """

    size: tuple[int, int]
    channels: int
    horizon: int
    discount: float
    seed: int
    steps: int
    most_steps: int
    host: Host
    walks: Bytes | None = None
    starts: Bytes | None = None

    def vector_env(self, n: int) -> ServedEnv:
        """Make n environments on training levels, which begin again in the step that ends them.

        On the track ``rare`` they are reset once, and with seeds that are not those given.

        Raises:
            ValueError: n is not 1 to 4,096, there are 64 of them already, or it is not in
                ``train``.
        """
        if self.walks is None:
            raise ValueError("there are environments in train() alone, whose steps are counted")
        return ServedEnv(self.host, n, (*self.size, self.channels))

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


class Asker(Protocol):
    """A policy that may ask what to do, in a stream of episodes with one budget of questions.

    The stream comes in batches of n episodes that are played at once. What is wanted is the same
    throughout, so that it may remember what it was told. In each step the evaluator calls ``asks``,
    then ``take_answers`` if a question is allowed, then ``act`` or ``choose``, all on the same
    observation.
    """

    def begin(self, n: int) -> None:
        """Begin the next n episodes. One that is over shows its last picture."""

    def asks(self, planes: Bytes, left: int) -> Bools:
        """Return which episodes ask before this step, bool (n,).

        Where more ask than there are questions, the first of them are answered.

        Args:
            planes: what is seen, uint8 (n, height, width, channels).
            left: how many questions the whole stream has left.
        """

    def take_answers(self, rows: Ints, actions: Ints) -> None:
        """Take the answers: wanted-optimal actions int64 (m,) in rows int64 (m,)."""

    def act(self, planes: Bytes) -> Floats:
        """Return action probabilities, float64 (n, 5); it is called in the open division."""


class ClosedAsker(Asker, Protocol):
    """An ``Asker`` of the closed division."""

    def choose(self, planes: Bytes) -> Ints:
        """Return which member of the set acts, int64 (n,); it is called in place of ``act``."""


class Method:
    """Base class of methods. A new object is made for each call, without arguments.

    The first line of a method's own docstring stands in its records.

    Class attributes:
        tracks: of ``coverage``, ``labels``, ``ask`` and ``rare``, those that it enters.
        division: ``closed`` or ``open``.
        priors: what it assumes besides the data, the same for every task.
        paper: what it follows, as author and year or an address; "" for nothing.
        kind: ``ranked``; ``untrained`` where it reads no reward of training, for what this alone
            gets; ``hand-written knowledge`` where it knows something of a named trap;
            ``privileged`` where it knows what a solver says.
        shares: name of the method whose set it uses, so that the set is trained once; None for
            a set of its own.
    """

    tracks: ClassVar[tuple[str, ...]] = ()
    division: ClassVar[Literal["closed", "open"]] = "closed"
    priors: ClassVar[str] = "none"
    paper: ClassVar[str] = ""
    kind: ClassVar[Literal["ranked", "untrained", "hand-written knowledge", "privileged"]] = (
        "ranked"
    )
    shares: ClassVar[str | None] = None

    def train(self, task: Task) -> list[Policy]:
        """Return a set of policies, the most telling first.

        On ``coverage`` the first four are ranked; on ``rare`` the first plays.
        """
        raise NotImplementedError

    def adapt(self, task: Task, members: list[Policy], labels: LabelSource) -> Iterator[Policy]:
        """Yield the policy that pursues what labels show to be wanted, again and again.

        First there are no labels. Each time that a policy is taken, ``labels.left`` grows, so that
        1, 2, 4, 8 and 16 have been given in all.
        """
        while True:
            yield members[0]

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
