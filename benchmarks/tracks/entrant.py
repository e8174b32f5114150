"""A method behind the wall, as tracks evaluate it: it gives bytes, and policies in children."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated, Any

import msgspec
import numpy as np

from benchmarks.isolation.frames import NONE, SEED_BYTES, Kind, pack
from benchmarks.isolation.pictures import LastPictures
from benchmarks.tracks.assignment import Facts
from benchmarks.tracks.episodes import pack_episodes
from benchmarks.tracks.evaluation import SCORED, STARTS_COUNT, Evaluator
from benchmarks.tracks.given import Given
from benchmarks.tracks.methods.method import Bytes, Floats, Ints
from benchmarks.tracks.record import MOST_MEMBERS
from benchmarks.tracks.wall import MOST_BYTES, MethodCall, Wall, find_source
from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.errors import PolicyError
from mesa_gym.traps import Split

_LABEL_FRAMES = {
    Kind.PLAY: range(0, 8 * STARTS_COUNT + 1, 8),
    Kind.SHOW: range(0, 8 * STARTS_COUNT + 1, 8),
}
_FACTS_BYTES = 10_000
# What training gives: the trained method, and at most so many members.
_Parts = Annotated[list[bytes], msgspec.Meta(min_length=1, max_length=1 + MOST_MEMBERS)]


class RemotePolicy:
    """A policy in a child, as rollouts know policies; it is not shown the state."""

    observation = "planes"

    def __init__(self, session: MethodCall) -> None:
        self._session, self._pictures = session, LastPictures()

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Begin episodes."""
        self._pictures.begin(mask)
        question = pack(Kind.BEGIN, mask.tobytes() + rng.bytes(SEED_BYTES))
        self._session.ask(question, {Kind.DONE: range(1)})

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return action probabilities, float64 (n, 5), unchecked."""
        assert state is not None
        shown, _ = self._pictures.show(observation, state)
        return _ask_shares(self._session, pack(Kind.ASK, shown.tobytes()), len(shown))


class RemoteAsker:
    """An ``Asker`` in a child."""

    def __init__(self, session: MethodCall) -> None:
        self._session = session
        self._answers = np.empty(0, np.uint8)

    def begin(self, n: int) -> None:
        """Tell it that n episodes begin."""
        self._answers = np.full(n, NONE, np.uint8)
        self._session.ask(pack(Kind.BEGIN, bytes(n)), {Kind.DONE: range(1)})

    def asks(self, planes: Bytes, left: Ints) -> Bools:
        """Return which episodes ask before this step, bool (n,)."""
        n = len(planes)
        question = pack(Kind.QUESTION, left.astype("<i8").tobytes() + planes.tobytes())
        _, content = self._session.ask(question, {Kind.ANSWER: range(n, n + 1)})
        return np.frombuffer(content, np.uint8) != 0

    def take_answers(self, rows: Ints, actions: Ints) -> None:
        """Keep the answers, which go with the next ``act``."""
        self._answers[rows] = actions

    def act(self, planes: Bytes) -> Floats:
        """Return action probabilities, float64 (n, 5), unchecked, on the planes of ``asks``."""
        question = pack(Kind.ACT, self._answers.tobytes())
        self._answers[:] = NONE
        return _ask_shares(self._session, question, len(self._answers))


def _ask_shares(session: MethodCall, question: bytes, n: int) -> Floats:
    size = n * len(ACTIONS) * 8
    _, content = session.ask(question, {Kind.ANSWER: range(size, size + 1)})
    return np.frombuffer(content, "<f8").reshape(n, len(ACTIONS))


class Entrant:
    """A method on one trap with one seed.

    Args:
        wall: behind which it runs.
        method: one of ``METHODS``, or ``module:Class``.
        evaluator: of the trap.
        seed: of training.
        steps: of training one agent.

    Attributes:
        members: the set of policies, as the bytes that a child pickled; at most four.

    Raises:
        PolicyError: of every call: the method failed.
    """

    def __init__(
        self, wall: Wall, method: str, evaluator: Evaluator, seed: int, steps: int
    ) -> None:
        self._wall, self._evaluator, self._method = wall, evaluator, method
        trap = evaluator.trap
        self._task = {
            "size": trap.size,
            "channels": len(trap.channels),
            "horizon": trap.horizon(Split.SHIFT),
            "discount": trap.discount(trap.base),
            "seed": seed,
            "steps": steps,
        }
        self.members: list[bytes] = []
        self._trained = b""
        self._measured: dict[tuple[bytes, Split, int], float] = {}

    def train(self, starts: bool) -> None:
        """Train; whether it sees first observations of shift levels."""
        with self._open("train", starts) as session:
            try:
                parts = msgspec.msgpack.decode(session.wait(), type=_Parts)
            except msgspec.DecodeError as error:
                raise PolicyError(f"method {self._method}: training gave {error}") from None
        self._trained, *self.members = parts

    def inherit(self, other: Entrant) -> None:
        """Take over what another's training made."""
        self._trained, self.members = other._trained, other.members
        self._measured = other._measured

    def adapt(self, labels: Given) -> bytes:
        """Return the policy, pickled, that it makes of labels."""
        facts: dict[str, Any] = {"labels": labels.left, "returns": labels.returns}
        with self._open("adapt", True, **facts) as session:
            answers = {**_LABEL_FRAMES, Kind.RESULT: range(MOST_BYTES + 1)}
            kind, content = session.ask(b"", answers)
            while kind is not Kind.RESULT:
                starts = np.frombuffer(content, "<i8").tolist()
                try:
                    if kind is Kind.PLAY:
                        episodes = labels.play(RemotePolicy(session), starts)
                    else:
                        episodes = labels.demonstrate(starts)
                    reply = pack(Kind.GIVEN, pack_episodes(episodes))
                except ValueError as error:
                    reply = pack(Kind.REFUSED, str(error).encode())
                kind, content = session.ask(reply, answers)
            return content

    def open_asker(self) -> MethodCall:
        """Return a child that asks; ``RemoteAsker`` talks to it."""
        session = self._open("ask", True)
        session.wait(0)
        return session

    def measure(self, policy: bytes, split: Split, first: int = SCORED) -> float:
        """Measure a policy in a child of its own, as ``Evaluator.measure``.

        What it does is a function of its bytes, so that the same bytes play once.
        """
        key = blake2b(policy).digest(), split, first
        if key not in self._measured:
            with self._open("play", False, policy) as session:
                session.wait(0)
                self._measured[key] = self._evaluator.measure(RemotePolicy(session), split, first)
        return self._measured[key]

    def _open(self, work: str, starts: bool, data: bytes | None = None, **facts: Any) -> MethodCall:
        assignment = find_source(self._method)._asdict() | self._task | facts | {"work": work}
        return MethodCall(
            self._wall,
            f"method {self._method} on {self._evaluator.trap.name()}, {work}",
            assignment,
            None if work == "play" else self._evaluator.trap,
            self._evaluator.starts().tobytes() if starts else b"",
            self._trained if data is None else data,
        )


def describe(wall: Wall, method: str) -> Facts:
    """Return what a method says of itself; the class is imported in a child.

    Raises:
        ValueError: there is no such method, or it says what is not a fact.
    """
    assignment = find_source(method)._asdict() | {"work": "describe"}
    try:
        with MethodCall(wall, method, assignment) as session:
            return msgspec.json.decode(session.wait(_FACTS_BYTES), type=Facts)
    except (PolicyError, msgspec.DecodeError) as error:
        raise ValueError(str(error)) from None
