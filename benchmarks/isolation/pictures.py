"""Pictures that a child is shown of episodes that have ended: the last one."""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import Bools, Ints, State
from mesa_gym.envs.observations import Bytes


class LastPictures:
    """The pictures that rows of a batch are shown: the last one, once their episode is over.

    A rollout starts such rows over, unrecorded, which would tell that the episode has ended.
    """

    def __init__(self) -> None:
        self._clock: Ints = np.empty(0, np.int64)
        self._shown: Bytes = np.empty(0, np.uint8)

    def begin(self, mask: Bools) -> None:
        """Begin episodes in the rows of a mask, bool (n,); the first time in all of them."""
        if mask.all():
            self._clock = np.empty(len(mask), np.int64)
        self._clock[mask] = -1

    def show(self, observation: Bytes, state: State) -> tuple[Bytes, Bools]:
        """Return what is shown at the next step, (n, ...), and which rows go on, bool (n,)."""
        going: Bools = state.clock > self._clock
        self._clock = np.where(going, state.clock, np.iinfo(np.int64).max)
        if not going.all():
            observation = observation.copy()
            observation[~going] = self._shown[~going]
        self._shown = observation
        return observation, going
