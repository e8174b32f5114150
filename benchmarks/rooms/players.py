"""Policies in a room, as ``RoomPolicy`` calls them; it runs there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.rooms.inside import NoSuchAnswerError
from benchmarks.rooms.messages import Served
from mesa_gym.policies import Policy
from mesa_gym.policies.asking import read_answer


class Players:
    """The policies that play now.

    Attributes:
        policies: by number.
    """

    def __init__(self) -> None:
        self.policies: Sequence[Policy] = []

    def serve(self) -> Served:
        """Return what the evaluator may call."""
        return {"reset": self.reset, "act": self.act}

    def reset(self, which: int, mask: Any, seed: bytes) -> None:
        """Begin episodes in the rows of a mask."""
        rng = np.random.default_rng(list(np.frombuffer(seed, "<u8")))
        self.policies[which].reset(mask, rng)

    def act(self, which: int, seen: Any) -> Any:
        """Return a policy's answer, float64 (n, 5)."""
        answer = np.asarray(self.policies[which].act(seen))
        try:
            return read_answer(answer, len(seen)).astype("<f8")
        except ValueError as error:
            raise NoSuchAnswerError(str(error)) from None
