"""A method behind the wall, as tracks evaluate it: it gives bytes, and policies in children."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Annotated, Any

import msgspec
import numpy as np

from benchmarks.isolation.frames import NONE, SEED_BYTES, Kind, pack
from benchmarks.isolation.pictures import LastPictures
from benchmarks.tracks.assignment import Facts
from benchmarks.tracks.episodes import pack_episodes, pack_preferences
from benchmarks.tracks.evaluation import SCORED, STARTS_COUNT, Evaluator
from benchmarks.tracks.given import Given
from benchmarks.tracks.methods.method import Bytes, Floats, Ints
from benchmarks.tracks.record import LABELS, MOST_MEMBERS
from benchmarks.tracks.served import NUMBER, pack_walks
from benchmarks.tracks.tasks import Division
from benchmarks.tracks.wall import MOST_BYTES, MethodCall, Wall, find_source
from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Policy
from mesa_gym.traps import Split

_LABEL_FRAMES = dict.fromkeys(
    (Kind.PLAY, Kind.SHOW, Kind.COMPARE), range(0, 8 * STARTS_COUNT + 1, 8)
)
_FACTS_BYTES = 10_000
# What training gives: the trained method, and its members.
_Parts = Annotated[
    list[bytes], msgspec.Meta(min_length=1, max_length=1 + max(MOST_MEMBERS.values()))
]


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
        return _read_shares(self._session, pack(Kind.ASK, shown.tobytes()), len(shown))


class RemoteAsker:
    """An ``Asker`` in a child.

    Args:
        session: the child.
        members: those that it chooses from in the closed division; none in the open one.
    """

    def __init__(self, session: MethodCall, members: list[Policy]) -> None:
        self._session, self._members = session, members
        self._answers = np.empty(0, np.uint8)

    def begin(self, n: int) -> None:
        """Tell it that n episodes begin."""
        self._answers = np.full(n, NONE, np.uint8)
        self._session.ask(pack(Kind.BEGIN, bytes(n)), {Kind.DONE: range(1)})

    def asks(self, planes: Bytes, left: int) -> Bools:
        """Return which episodes ask before this step, bool (n,)."""
        n = len(planes)
        question = pack(Kind.QUESTION, NUMBER.pack(left) + planes.tobytes())
        _, content = self._session.ask(question, {Kind.ANSWER: range(n, n + 1)})
        return np.frombuffer(content, np.uint8) != 0

    def take_answers(self, rows: Ints, actions: Ints) -> None:
        """Keep the answers, which go with the next ``act``."""
        self._answers[rows] = actions

    def act(self, planes: Bytes) -> Floats:
        """Return action probabilities, float64 (n, 5), unchecked, on the planes of ``asks``.

        Raises:
            PolicyError: it chose a member that there is not.
        """
        question, n = pack(Kind.ACT, self._answers.tobytes()), len(self._answers)
        self._answers[:] = NONE
        if not self._members:
            return _read_shares(self._session, question, n)
        _, content = self._session.ask(question, {Kind.ANSWER: range(8 * n, 8 * n + 1)})
        chosen = np.frombuffer(content, "<i8")
        if ((chosen < 0) | (chosen >= len(self._members))).any():
            there = f"there are members 0 to {len(self._members) - 1}"
            raise PolicyError(f"choose() returned {chosen.tolist()}; {there}")
        shares = np.empty((n, len(ACTIONS)))
        for index in np.unique(chosen):
            own = chosen == index
            shares[own] = self._members[index].act(planes[own])
        return shares


def _read_shares(session: MethodCall, question: bytes, n: int) -> Floats:
    size = n * len(ACTIONS) * 8
    _, content = session.ask(question, {Kind.ANSWER: range(size, size + 1)})
    return np.frombuffer(content, "<f8").reshape(n, len(ACTIONS))


class Entrant:
    """A method on one task with one seed.

    Args:
        wall: behind which it runs.
        method: one of ``METHODS``, or ``FILE.py:Class``.
        division: in which it enters.
        evaluator: of the task.
        steps: of training one agent.

    Attributes:
        members: the set of policies, as the bytes that a child made of them.
        steps: environment steps that training took.

    Raises:
        PolicyError: of every call: the method failed.
    """

    def __init__(
        self, wall: Wall, method: str, division: Division, evaluator: Evaluator, steps: int
    ) -> None:
        self._wall, self._evaluator, self._method = wall, evaluator, method
        self._division, self._steps = division, steps
        trap, task = evaluator.trap, evaluator.task
        self._assignment = {
            "division": division,
            "size": trap.size,
            "channels": len(trap.channels),
            "horizon": trap.horizon(Split.SHIFT),
            "discount": trap.discount(trap.base),
            "seed": task.seed,
            "steps": steps,
        }
        self.members: list[bytes] = []
        self.steps = 0
        self._trained = b""
        self._measured: dict[tuple[bytes, Split, int, int | None], float] = {}

    def train(self, alpha: float = 0.0) -> int:
        """Train, and return how many different levels of the shift were met.

        Args:
            alpha: the share of episodes that are drawn from the shift.
        """
        walks = pack_walks(self._evaluator.walks())
        most_steps = self._evaluator.task.most_steps
        with self._open("train", walks, alpha=alpha, most_steps=most_steps) as session:
            try:
                parts = msgspec.msgpack.decode(session.wait(), type=_Parts)
            except msgspec.DecodeError as error:
                raise PolicyError(f"method {self._method}: training gave {error}") from None
            self.steps, met = session.envs.steps, len(session.envs.met)
        self._trained, *members = parts
        self.members = members[: MOST_MEMBERS[self._division]]
        if not self.members:
            raise PolicyError(f"method {self._method}: train() returned no policy")
        return met

    def renew(self) -> Entrant:
        """Return the method as it is before training, on the same task."""
        return Entrant(self._wall, self._method, self._division, self._evaluator, self._steps)

    def inherit(self, other: Entrant) -> None:
        """Take over what another's training made."""
        self._trained, self.members, self.steps = other._trained, other.members, other.steps
        self._measured = other._measured

    def adapt(self, labels: Given) -> Iterator[tuple[bytes, int]]:
        """Yield the policies that it makes of more and more labels, and how many it had used."""
        with self._open("adapt", labels.starts().tobytes(), label=labels.kind) as session:
            answers = {**_LABEL_FRAMES, Kind.RESULT: range(MOST_BYTES + 1)}
            kind, content = session.ask(b"", answers)
            for given, budget in zip(LABELS, (*LABELS[1:], None), strict=True):
                while kind is not Kind.RESULT:
                    reply = self._serve_labels(labels, session, kind, content)
                    kind, content = session.ask(reply, answers)
                yield content, labels.used
                if budget is not None:
                    labels.left += budget - given
                    more = pack(Kind.MORE, NUMBER.pack(budget - given))
                    kind, content = session.ask(more, answers)

    def open_asker(self) -> MethodCall:
        """Return a child that asks; ``make_asker`` talks to it."""
        session = self._open("ask")
        session.wait(0)
        return session

    def make_asker(self, session: MethodCall) -> RemoteAsker:
        """Return the asker in a child."""
        closed = self._division == "closed"
        return RemoteAsker(session, [self._load(m) for m in self.members] if closed else [])

    def measure(
        self, policy: bytes, split: Split, first: int = SCORED, rows: slice = slice(None)
    ) -> float:
        """Measure a policy, as ``Evaluator.measure``.

        What it does is a function of its bytes, so that the same bytes play once.
        """
        key = blake2b(policy).digest(), split, first, rows.start
        if key not in self._measured:
            with self.open_policy(policy) as opened:
                self._measured[key] = self._evaluator.measure(opened, split, first, rows)
        return self._measured[key]

    def measure_return(self, policy: bytes) -> float:
        """Measure a policy as ``Evaluator.measure_return``."""
        with self.open_policy(policy) as opened:
            return self._evaluator.measure_return(opened)

    @contextmanager
    def open_policy(self, policy: bytes) -> Iterator[Policy]:
        """Yield a policy that plays: weights here, in the open division a child of its own."""
        if self._division == "closed":
            yield self._load(policy)
        else:
            with self._open("play", data=policy) as session:
                session.wait(0)
                yield RemotePolicy(session)

    def _load(self, weights: bytes) -> Policy:
        # Torch is an extra, and boards are rendered without it.
        from benchmarks.tracks.weights import load_network

        try:
            return load_network(self._evaluator.trap, weights)
        except ValueError as error:
            raise PolicyError(f"method {self._method}: {error}") from None

    def _serve_labels(
        self, labels: Given, session: MethodCall, kind: Kind, content: bytes
    ) -> bytes:
        """Return the frame that answers a child's request for labels."""
        starts = np.frombuffer(content, "<i8").tolist()
        try:
            if kind is Kind.SHOW:
                given = pack_episodes(labels.demonstrate(starts))
            elif kind is Kind.PLAY:
                given = pack_episodes(labels.play(self._take_player(session), starts))
            else:
                players = self._take_player(session), self._take_player(session)
                given = pack_preferences(labels.compare(*players, starts))
        except ValueError as error:
            return pack(Kind.REFUSED, str(error).encode())
        return pack(Kind.GIVEN, given)

    def _take_player(self, session: MethodCall) -> Policy:
        """Return the next policy that a child has play: its weights, or itself in the child."""
        if self._division == "open":
            return RemotePolicy(session)
        answers = {Kind.RESULT: range(MOST_BYTES + 1)}
        return self._load(session.ask(pack(Kind.BEGIN), answers)[1])

    def _open(
        self,
        work: str,
        pictures: bytes = b"",
        data: bytes | None = None,
        alpha: float = 0.0,
        **facts: Any,
    ) -> MethodCall:
        source = find_source(self._method)._asdict()
        return MethodCall(
            self._wall,
            f"method {self._method} on {self._evaluator.task.name}, {work}",
            source | self._assignment | facts | {"work": work},
            self._evaluator.trap if work == "train" else None,
            pictures,
            self._trained if data is None else data,
            alpha,
            self._evaluator.draw(f"rare|{alpha}"),
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
