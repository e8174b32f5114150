"""A stranger's policy in a room, as scoring knows policies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.rooms.room import Room
from mesa_gym.engine import ACTIONS, Bools, Ints, State
from mesa_gym.envs.observations import Bytes

_SEED_BYTES = 32
Floats = NDArray[np.float64]


class RoomPolicy:
    """A policy in a room that serves ``reset`` and ``act``, see ``players.py``.

    It gets observations, and when episodes begin; the state that ``act`` is given stays here. Of
    an episode that has ended it gets the last observation again, until ``reset``: a rollout starts
    such rows over, unrecorded, which would tell that the episode has ended.

    Args:
        room: in which it is.
        which: of the room's policies.
        observation: the kind that it wants.
    """

    def __init__(self, room: Room, which: int = 0, observation: str = "planes") -> None:
        self.room, self._which, self.observation = room, which, observation
        self._clock: Ints = np.empty(0, np.int64)
        self._shown: Bytes = np.empty(0, np.uint8)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Tell it that episodes begin; its generator starts where this one is."""
        self.room.call("reset", None, self._which, mask, rng.bytes(_SEED_BYTES))
        if mask.all():
            self._clock = np.empty(len(mask), np.int64)
        self._clock[mask] = -1

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return its answer, float64 (n, 5), of which nothing else is checked."""
        if state is not None:
            observation = self._show(observation, state)
        answer: Any = self.room.call("act", Floats, self._which, observation)
        if answer.shape != (len(observation), len(ACTIONS)):
            self.room.fail(f"it gave an array of shape {answer.shape}")
        return answer

    def _show(self, observation: Bytes, state: State) -> Bytes:
        """Return what is shown, (n, ...): of an episode that is over the last picture."""
        over = state.clock <= self._clock
        self._clock = np.where(over, np.iinfo(np.int64).max, state.clock)
        if over.any():
            observation = observation.copy()
            observation[over] = self._shown[over]
        self._shown = observation
        return observation
