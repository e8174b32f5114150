"""A method in its room: what the evaluator may call of it, and stand-ins for what it calls.

It knows the numbers of a task, what ``train`` left, and what the evaluator answers. What it gives
back are bytes, which only rooms like this one unpickle.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from operator import index
from typing import Any

import msgspec
import numpy as np
import torch

from benchmarks.rooms.inside import Host, NoSuchAnswerError
from benchmarks.rooms.messages import Served
from benchmarks.rooms.players import Players
from benchmarks.tracks.methods.method import LabelledEpisode, Method, Preference, Task, TaskNumbers
from benchmarks.tracks.record import MOST_MEMBERS, SAID, Label
from benchmarks.tracks.weights import pack_network
from mesa_gym.policies import Policy


def enter(cls: Any, terms: Any, host: Host) -> Served:
    """Return what can be called of a method."""
    if not (isinstance(cls, type) and issubclass(cls, Method)):
        raise NoSuchAnswerError("not a subclass of benchmarks.tracks.methods.method.Method")
    if terms is None:
        return {"describe": lambda: describe(cls)}
    inside = MethodInside(cls, msgspec.convert(terms, TaskNumbers), host)
    names = ("train", "adapt", "next_policy", "load")
    return {name: getattr(inside, name) for name in names} | inside.players.serve()


def describe(cls: type[Method]) -> dict[str, Any]:
    """Return what a class says of itself."""
    about = (cls.__doc__ or "").strip().partition("\n")[0]
    return {fact: about if fact == "about" else getattr(cls, fact) for fact in SAID}


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


def pickle_alike(thing: Any) -> bytes:
    """Return equal things as equal bytes."""
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=5).dump(thing)
    return buffer.getvalue()


# -- the works -------------------------------------------------------------------------------------


class MethodInside:
    """A method, and what the evaluator calls of it."""

    def __init__(self, cls: type[Method], numbers: TaskNumbers, host: Host) -> None:
        self._cls, self._numbers, self.host = cls, numbers, host
        self.networks = cls.policies == "networks"
        self.players = Players()

    def train(self, walks: Any) -> list[bytes]:
        """Train, and return the method and its set."""
        method = self._cls()
        members = [*method.train(self._make_task(walks, walks[:, 0]))]
        counted = [self.pack(member) for member in members[: MOST_MEMBERS[self._cls.policies]]]
        return [pickle_alike((vars(method), members[: len(counted)])), *counted]

    def adapt(self, trained: bytes, kind: Label, starts: Any) -> None:
        """Begin to adapt, by a kind of labels."""
        method, members = self._restore(trained)
        self._labels = ServedLabels(self, kind)
        self._policies = method.adapt(self._make_task(None, starts), members, self._labels)

    def next_policy(self, more: int) -> bytes:
        """Return the next policy, once so many more labels have come."""
        self._labels.left += more
        for policy in self._policies:
            return self.pack(policy)
        raise NoSuchAnswerError("adapt() ended; expected a policy each time that labels come")

    def load(self, policy: bytes) -> None:
        """Take a policy that plays."""
        self.players.policies = [pickle.loads(policy)]

    def pack(self, policy: Policy) -> bytes:
        """Return a policy as the evaluator plays it."""
        return pack_network(policy) if self.networks else pickle_alike(policy)

    def _restore(self, trained: bytes) -> tuple[Method, list[Policy]]:
        """Return a method as training left it, and its set."""
        method = self._cls()
        attributes, members = pickle.loads(trained)
        vars(method).update(attributes)
        return method, members

    def _make_task(self, walks: Any = None, starts: Any = None) -> Task:
        return Task(**vars(self._numbers), host=self.host, walks=walks, starts=starts)


class ServedLabels:
    """Labels that the evaluator gives and counts, a ``LabelSource``; ``left`` is a copy."""

    def __init__(self, inside: MethodInside, kind: Label) -> None:
        self._inside, self.kind, self.left = inside, kind, 0

    def play(self, policy: Policy, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Play a policy from some starts, and say what the wanted objective paid."""
        return [LabelledEpisode(*each) for each in self._request("play", starts, [policy])]

    def demonstrate(self, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Return episodes of an optimal policy for the wanted objective."""
        return [LabelledEpisode(*each) for each in self._request("demonstrate", starts, [])]

    def compare(self, first: Policy, second: Policy, starts: Sequence[int]) -> list[Preference]:
        """Play two policies on the same levels, and say which earned more."""
        found = self._request("compare", starts, [first, second])
        return [
            Preference(LabelledEpisode(*one), LabelledEpisode(*other), sign)
            for one, other, sign in found
        ]

    def _request(self, name: str, starts: Sequence[int], policies: list[Policy]) -> Any:
        """Ask for labels; the policies are handed over, or play here meanwhile."""
        inside = self._inside
        inside.players.policies = policies
        handed = [inside.pack(policy) for policy in policies] if inside.networks else []
        given = inside.host.call(name, [index(start) for start in starts], handed)
        self.left -= len(starts)
        return given
