"""The process in which a method's code runs: it locks itself, loads the method, and works.

It knows what an ``Assignment`` says, what ``train`` left, and what the evaluator answers. What it
gives back are bytes, which only processes like this one unpickle.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Sequence
from operator import index
from pathlib import Path
from typing import Any, NoReturn, cast

import msgspec
import numpy as np
import torch

from benchmarks.isolation import landlock
from benchmarks.isolation.frames import NONE, Kind
from benchmarks.isolation.link import Link, NoSuchAnswerError, run
from benchmarks.isolation.locking import import_class, lock_process
from benchmarks.isolation.serving import answer_frame
from benchmarks.tracks.assignment import Assignment, Facts, Work
from benchmarks.tracks.episodes import unpack_episodes, unpack_preferences
from benchmarks.tracks.methods.method import (
    Asker,
    ClosedAsker,
    LabelledEpisode,
    Method,
    Preference,
    Task,
)
from benchmarks.tracks.record import MOST_MEMBERS
from benchmarks.tracks.served import NUMBER, unpack_walks
from benchmarks.tracks.weights import pack_network
from mesa_gym.policies import Policy


def main(parent: int) -> NoReturn:
    """Serve one conversation; ``parent`` is the process that forked this one."""
    run(lambda link: _serve(link, parent))


def _serve(link: Link, parent: int) -> None:
    told = msgspec.json.decode(link.receive()[1], type=Assignment)
    readable = [*landlock.libraries(), *map(Path, told.readable)]
    bounds = told.seconds, told.memory, told.file_bytes
    lock_process(parent, readable, told.scratch, *bounds)
    link.send(Kind.LOCKED)
    (_, pictures), (_, data) = link.receive(), link.receive()
    walks = starts = None
    if told.work == "train":
        walks = unpack_walks(pictures, told.shape)
        starts = walks[:, 0]
    elif pictures:
        starts = np.frombuffer(pictures, np.uint8).reshape(-1, *told.shape).copy()
    numbers = (told.size, told.channels, told.horizon, told.discount, told.seed)
    task = Task(*numbers, told.steps, told.most_steps, link, walks, starts)
    WORKS[told.work](link, told, task, data)


def _load_class(told: Assignment) -> type[Method]:
    found = import_class(told.module, told.name, told.file)
    if not (isinstance(found, type) and issubclass(found, Method)):
        raise NoSuchAnswerError("not a subclass of benchmarks.tracks.methods.method.Method")
    return found


# -- what is handed over ---------------------------------------------------------------------------


class _Pickler(pickle.Pickler):
    """Writes equal tensors as equal bytes; torch's own names where in memory they lie."""

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, torch.storage.TypedStorage):
            held = torch.empty(0, dtype=torch.uint8).set_(thing._untyped_storage)
            return _restore_storage, (held.numpy().tobytes(), thing.dtype)
        return NotImplemented


def _restore_storage(data: bytes, dtype: torch.dtype) -> torch.storage.TypedStorage:
    held = torch.from_numpy(np.frombuffer(data, np.uint8).copy()).untyped_storage()
    return torch.storage.TypedStorage(wrap_storage=held, dtype=dtype, _internal=True)


def _pickle(thing: Any) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=5).dump(thing)
    return buffer.getvalue()


def _restore(told: Assignment, data: bytes) -> tuple[Method, list[Policy]]:
    """Return a method as training left it, and its set."""
    method = _load_class(told)()
    attributes, members = pickle.loads(data)
    vars(method).update(attributes)
    return method, members


# -- the works -------------------------------------------------------------------------------------


def _describe(link: Link, told: Assignment, task: Task, data: bytes) -> None:
    cls = _load_class(told)
    written = [step for step in ("train", "ask") if getattr(cls, step) is not getattr(Method, step)]
    about = (cls.__doc__ or "").strip().partition("\n")[0]
    said = ([*cls.tracks], cls.division, cls.priors, cls.paper, cls.kind, cls.shares, about)
    link.send(Kind.RESULT, msgspec.json.encode(Facts(*said, written)))


def _train(link: Link, told: Assignment, task: Task, data: bytes) -> None:
    method = _load_class(told)()
    members = [*method.train(task)]
    counted = [_pack(told, member) for member in members[: MOST_MEMBERS[told.division]]]
    whole = _pickle((vars(method), members[: len(counted)]))
    link.send(Kind.RESULT, msgspec.msgpack.encode([whole, *counted]))


def _pack(told: Assignment, policy: Policy) -> bytes:
    """Return a policy as the evaluator plays it."""
    return pack_network(policy) if told.division == "closed" else _pickle(policy)


def _adapt(link: Link, told: Assignment, task: Task, data: bytes) -> None:
    method, members = _restore(told, data)
    labels = ServedLabels(link, told)
    for policy in method.adapt(task, members, labels):
        labels.left += NUMBER.unpack(link.request(Kind.RESULT, _pack(told, policy)))[0]
    raise NoSuchAnswerError("adapt() ended; expected a policy each time that labels come")


def _ask(link: Link, told: Assignment, task: Task, data: bytes) -> None:
    method, members = _restore(told, data)
    asker: Asker = method.ask(task, members)
    link.send(Kind.RESULT)
    seen = np.empty((0, *told.shape), np.uint8)
    while True:
        kind, data = link.receive()
        if kind is Kind.BEGIN:
            asker.begin(len(data))
            link.send(Kind.DONE)
        elif kind is Kind.QUESTION:
            (left,) = NUMBER.unpack_from(data)
            seen = np.frombuffer(data, np.uint8, offset=NUMBER.size).reshape(-1, *told.shape)
            wanting = asker.asks(seen.copy(), left)
            link.send(Kind.ANSWER, np.asarray(wanting, dtype=np.bool_).tobytes())
        else:
            answers = np.frombuffer(data, np.uint8)
            rows = (answers != NONE).nonzero()[0]
            if rows.size:
                asker.take_answers(rows, answers[rows].astype(np.int64))
            if told.division == "closed":
                chosen = cast(ClosedAsker, asker).choose(seen.copy())
                reply = np.asarray(chosen, dtype="<i8").tobytes()
            else:
                reply = np.asarray(asker.act(seen.copy()), dtype="<f8").tobytes()
            link.send(Kind.ANSWER, reply)


def _play(link: Link, told: Assignment, task: Task, data: bytes) -> None:
    if told.file:
        _load_class(told)
    policy = pickle.loads(data)
    link.send(Kind.RESULT)
    while True:
        link.send(*answer_frame(policy, *link.receive(), told.shape))


WORKS: dict[Work, Callable[[Link, Assignment, Task, bytes], None]] = {
    "describe": _describe,
    "train": _train,
    "adapt": _adapt,
    "ask": _ask,
    "play": _play,
}


class ServedLabels:
    """Labels that the evaluator gives and counts, a ``LabelSource``; ``left`` is a copy."""

    def __init__(self, link: Link, told: Assignment) -> None:
        self._link, self._told, self._shape = link, told, told.shape
        self.kind, self.left = told.label, 0

    def play(self, policy: Policy, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Play a policy from some starts, and say what the wanted objective paid."""
        return unpack_episodes(self._request(Kind.PLAY, starts, [policy]), self._shape)

    def demonstrate(self, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Return episodes of an optimal policy for the wanted objective."""
        return unpack_episodes(self._request(Kind.SHOW, starts, []), self._shape)

    def compare(self, first: Policy, second: Policy, starts: Sequence[int]) -> list[Preference]:
        """Play two policies on the same levels, and say which earned more."""
        data = self._request(Kind.COMPARE, starts, [first, second])
        return unpack_preferences(data, len(starts), self._shape)

    def _request(self, kind: Kind, starts: Sequence[int], policies: list[Policy]) -> bytes:
        """Ask for labels; meanwhile hand policies over or let them play, one after another."""
        numbers = np.array([index(start) for start in starts], dtype="<i8")
        self._link.send(kind, numbers.tobytes())
        answered, data = self._link.receive()
        player: Policy | None = None
        waiting = iter(policies)
        while answered in (Kind.BEGIN, Kind.ASK):
            player = next(waiting) if answered is Kind.BEGIN else player
            assert player is not None
            if self._told.division == "closed":
                self._link.send(Kind.RESULT, _pack(self._told, player))
            else:
                self._link.send(*answer_frame(player, answered, data, self._shape))
            answered, data = self._link.receive()
        given = self._link.accept(answered, data)
        self.left -= len(starts)
        return given
