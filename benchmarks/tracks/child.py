"""The process in which a method's code runs: it locks itself, loads the method, and works.

It knows what an ``Assignment`` says, what ``train`` left, and what the evaluator answers. What it
gives back are bytes, which only processes like this one unpickle.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from operator import index
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import numpy as np
import torch

from benchmarks.isolation import landlock, limits, seccomp
from benchmarks.isolation.frames import NONE, Kind
from benchmarks.isolation.serving import Link, NoSuchAnswerError, answer_frame, run
from benchmarks.tracks.assignment import Assignment, Facts, Work
from benchmarks.tracks.episodes import unpack_episodes
from benchmarks.tracks.methods.method import Asker, LabelledEpisode, Method, Task
from benchmarks.tracks.record import MOST_MEMBERS
from benchmarks.tracks.served import Shape
from mesa_gym.policies import Policy


def main(parent: int) -> NoReturn:
    """Serve one conversation; ``parent`` is the process that forked this one."""
    run(lambda link: _serve(link, parent))


def _serve(link: Link, parent: int) -> None:
    told = msgspec.json.decode(link.receive()[1], type=Assignment)
    _lock(told, parent)
    link.send(Kind.LOCKED)
    (_, starts), (_, data) = link.receive(), link.receive()
    task = Task(
        told.size, told.channels, told.horizon, told.discount, told.seed, told.steps, link,
        np.frombuffer(starts, np.uint8).reshape(-1, *told.shape).copy() if starts else None,
    )  # fmt: skip
    WORKS[told.work](link, told, task, data)


def _lock(told: Assignment, parent: int) -> None:
    """Give up everything that the assignment does not name, for good."""
    limits.begin(parent, told.seconds, told.file_bytes if told.scratch else 0)
    home = told.scratch or "/"
    os.environ.update(HOME=home, TMPDIR=home)
    os.chdir(home)
    with open("/proc/self/statm") as statm:
        readable = [*landlock.libraries(), *map(Path, told.readable)]
        landlock.lock(readable, Path(told.scratch) if told.scratch else None)
        limits.bound_memory(statm, told.memory)
    limits.no_more_processes()
    seccomp.lock(writing=bool(told.scratch))


def _load_class(told: Assignment) -> type[Method]:
    if told.file:
        top, file = told.module.partition(".")[0], Path(told.file)
        inside = [str(file.parent)] if file.name == "__init__.py" else None
        spec = spec_from_file_location(top, file, submodule_search_locations=inside)
        assert spec
        assert spec.loader
        sys.modules[top] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[top])
    found: Any = getattr(import_module(told.module), told.name, None)
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
    facts = Facts([*cls.tracks], cls.priors, cls.kind, cls.shares, about, written)
    link.send(Kind.RESULT, msgspec.json.encode(facts))


def _train(link: Link, told: Assignment, task: Task, data: bytes) -> None:
    method = _load_class(told)()
    members = [*method.train(task)]
    whole = _pickle((vars(method), members))
    parts = [whole, *(_pickle(member) for member in members[:MOST_MEMBERS])]
    link.send(Kind.RESULT, msgspec.msgpack.encode(parts))


def _adapt(link: Link, told: Assignment, task: Task, data: bytes) -> None:
    method, members = _restore(told, data)
    labels = ServedLabels(link, told.shape, told.labels, told.returns)
    link.send(Kind.RESULT, _pickle(method.adapt(task, members, labels)))


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
            n = len(data) // (8 + int(np.prod(told.shape)))
            seen = np.frombuffer(data, np.uint8, offset=8 * n).reshape(n, *told.shape)
            wanting = asker.asks(seen.copy(), np.frombuffer(data, "<i8", n).copy())
            link.send(Kind.ANSWER, np.asarray(wanting, dtype=np.bool_).tobytes())
        else:
            answers = np.frombuffer(data, np.uint8)
            rows = (answers != NONE).nonzero()[0]
            if rows.size:
                asker.take_answers(rows, answers[rows].astype(np.int64))
            shares = np.asarray(asker.act(seen.copy()), dtype="<f8")
            link.send(Kind.ANSWER, shares.tobytes())


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

    def __init__(self, link: Link, shape: Shape, left: int, returns: bool) -> None:
        self._link, self._shape = link, shape
        self.left, self.returns = left, returns

    def play(self, policy: Policy, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Play a policy from some starts, and say what the wanted objective paid."""
        self._link.send(Kind.PLAY, _pack_starts(starts))
        kind, data = self._link.receive()
        while kind in (Kind.BEGIN, Kind.ASK):
            self._link.send(*answer_frame(policy, kind, data, self._shape))
            kind, data = self._link.receive()
        return self._take(self._link.accept(kind, data))

    def demonstrate(self, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Return episodes of an optimal policy for the wanted objective."""
        return self._take(self._link.request(Kind.SHOW, _pack_starts(starts)))

    def _take(self, data: bytes) -> list[LabelledEpisode]:
        episodes = unpack_episodes(data, self._shape)
        self.left -= len(episodes)
        return episodes


def _pack_starts(starts: Sequence[int]) -> bytes:
    return np.array([index(start) for start in starts], dtype="<i8").tobytes()
