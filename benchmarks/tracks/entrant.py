"""A method in rooms, as tracks evaluate it: it gives bytes, and policies that play in rooms."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Annotated

from msgspec import Meta, to_builtins

from benchmarks.rooms.messages import Served
from benchmarks.rooms.policy import RoomPolicy
from benchmarks.rooms.room import Bounds, Room
from benchmarks.tracks.environments import TrainingEnvs
from benchmarks.tracks.evaluation import SCORED, STARTS_COUNT, Evaluator
from benchmarks.tracks.evaluator_labels import EvaluatorLabels
from benchmarks.tracks.methods.method import LabelledEpisode, Preference, TaskNumbers
from benchmarks.tracks.record import LABELS, MOST_MEMBERS
from benchmarks.tracks.tasks import SLACK_STEPS
from benchmarks.tracks.wall import Wall, find_source
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Policy
from mesa_gym.traps import Split

# Of all answers of a room: a method that sleeps keeps no evaluator for days.
TRAIN_BOUNDS = Bounds(seconds=6 * 3600)
# A network has 2 MB, and no more than two rooms' policies are kept at a time.
BOUNDS = Bounds(seconds=3600, message_bytes=1 << 26)
# What training gives: the trained method, and its members.
_Parts = Annotated[list[bytes], Meta(min_length=1, max_length=1 + max(MOST_MEMBERS.values()))]
_Starts = Annotated[list[int], Meta(max_length=STARTS_COUNT)]
# Policies that play for labels: their weights, none where they play here.
_Handed = Annotated[list[bytes], Meta(max_length=2)]


class Entrant:
    """A method on one task with one seed.

    Args:
        wall: the source of its rooms.
        method: one of ``METHODS``, or ``FILE.py:Class``.
        evaluator: of the task.
        steps: of training one agent.

    Attributes:
        policies: what its policies are.
        members: the set of policies, as the bytes that a room made of them.
        steps: environment steps that training took.

    Raises:
        PolicyError: of every call: the method failed.
    """

    def __init__(self, wall: Wall, method: str, evaluator: Evaluator, steps: int) -> None:
        self._wall, self._evaluator, self._method = wall, evaluator, method
        self.policies = wall.describe(method).policies
        self._code = find_source(method)
        trap, task = evaluator.trap, evaluator.task
        self._numbers = TaskNumbers(
            size=trap.size,
            channels=len(trap.channels),
            horizon=trap.horizon(Split.SHIFT),
            discount=trap.discount(trap.base),
            seed=task.seed,
            steps=steps,
            most_steps=task.most_steps,
        )
        self.members: list[bytes] = []
        self.steps = 0
        self._trained = b""
        self._measured: dict[tuple[bytes, Split, int, int | None], int] = {}

    def train(self) -> None:
        """Train, and keep the set of policies."""
        most_steps = self._numbers.most_steps + SLACK_STEPS
        envs = TrainingEnvs(self._evaluator.trap, most_steps)
        with self._open("train", envs.serve()) as room:
            self._trained, *members = room.call("train", _Parts, self._evaluator.walks())
        self.members, self.steps = members[: MOST_MEMBERS[self.policies]], envs.steps
        if not self.members:
            raise PolicyError(f"method {self._method}: train() returned no policy")

    def adapt(self, labels: EvaluatorLabels) -> Generator[tuple[bytes, int]]:
        """Yield the policies that it makes of more and more labels, and how many it had used."""
        served = _ServedLabels(labels, self)
        with self._open("adapt", served.serve()) as room:
            served.room = room
            room.call("adapt", None, self._trained, labels.kind, labels.starts())
            for given, budget in zip((0, *LABELS), LABELS, strict=False):
                labels.left += budget - given
                yield room.call("next_policy", bytes, budget - given), labels.used

    def measure(
        self, policy: bytes, split: Split, first: int = SCORED, rows: slice = slice(None)
    ) -> int:
        """Measure a policy, as ``Evaluator.measure``.

        What it does is a function of its bytes, so that the same bytes play once.
        """
        key = blake2b(policy).digest(), split, first, rows.start
        if key not in self._measured:
            with self.open_policy(policy) as opened:
                self._measured[key] = self._evaluator.measure(opened, split, first, rows)
        return self._measured[key]

    @contextmanager
    def open_policy(self, policy: bytes) -> Iterator[Policy]:
        """Yield a policy that plays: weights here, any other in a room of its own."""
        if self.policies == "networks":
            yield self.load(policy)
        else:
            with self._open("play") as room:
                room.call("load", None, policy)
                yield RoomPolicy(room)

    def load(self, weights: bytes) -> Policy:
        """Return the network with these weights."""
        # Torch is an extra, and boards are rendered without it.
        from benchmarks.tracks.weights import load_network

        try:
            return load_network(self._evaluator.trap, weights)
        except ValueError as error:
            raise PolicyError(f"method {self._method}: {error}") from None

    def _open(self, work: str, served: Served | None = None) -> Room:
        return self._wall.open(
            f"method {self._method} on {self._evaluator.task.name}, {work}",
            self._code,
            to_builtins(self._numbers),
            served,
            TRAIN_BOUNDS if work == "train" else BOUNDS,
            writing=work == "train",
        )


class _ServedLabels:
    """Labels as a room may call for them.

    Attributes:
        room: in which other policies than networks play meanwhile.
    """

    room: Room

    def __init__(self, labels: EvaluatorLabels, entrant: Entrant) -> None:
        self._labels, self._entrant = labels, entrant

    def serve(self) -> Served:
        """Return what the room may call."""
        return {"demonstrate": self.demonstrate, "play": self.play, "compare": self.compare}

    def demonstrate(self, starts: _Starts, handed: _Handed) -> list[LabelledEpisode]:
        """Return demonstrations."""
        return self._labels.demonstrate(starts)

    def play(self, starts: _Starts, handed: _Handed) -> list[LabelledEpisode]:
        """Return returns of a policy's episodes."""
        return self._labels.play(self._take(handed, 0), starts)

    def compare(self, starts: _Starts, handed: _Handed) -> list[Preference]:
        """Return preferences among the episodes of two policies."""
        return self._labels.compare(self._take(handed, 0), self._take(handed, 1), starts)

    def _take(self, handed: list[bytes], which: int) -> Policy:
        if self._entrant.policies == "any":
            return RoomPolicy(self.room, which)
        if which >= len(handed):
            raise ValueError(f"{len(handed)} policies were handed over")
        return self._entrant.load(handed[which])
