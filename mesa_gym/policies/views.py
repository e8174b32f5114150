"""Views: what a model sees, made of what an environment shows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from mesa_gym.engine import Bools
from mesa_gym.envs.observations import OBSERVATIONS, Centred, make_observation
from mesa_gym.traps import Trap

Array = NDArray[Any]
# What turns a batch (n, ...) into what a model sees, or a step on the way.
Change = Callable[[Array], Array]


def keep_shape(batch: Array) -> Array:
    """Return a batch as it is."""
    return batch


def channels_first(batch: Array) -> Array:
    """Return a batch as SB3's VecTransposeImage arranges it."""
    return np.moveaxis(batch, -1, 1)


def flat(batch: Array) -> Array:
    """Return a batch as Gymnasium's FlattenObservation arranges it."""
    return batch.reshape(len(batch), -1)


ARRANGEMENTS: tuple[Change, ...] = (keep_shape, channels_first, flat)


def cut_window(batch: Array, agent_view_size: int) -> Array:
    """Return what environments with that ``agent_view_size`` show, of observations ``centred``.

    Args:
        batch: (n, side + 1, side, channels), with a side at least as large.
        agent_view_size: the side of the window that is left, odd.
    """
    edge = (batch.shape[2] - agent_view_size) // 2
    inner = slice(edge, edge + agent_view_size)
    window = batch[:, 1:][:, inner, inner]
    return np.concatenate([batch[:, :1, :agent_view_size], window], axis=1)


class Frames:
    """The last observations of each episode joined into one, as SB3's VecFrameStack joins them.

    Args:
        count: how many; before an episode's first there are zeros.
        axis: of a batch, along which they are joined, the newest last.
        dtype: of what is joined.
    """

    def __init__(self, count: int, axis: int, dtype: np.dtype[Any]) -> None:
        self.count, self.axis, self.dtype = count, axis, dtype
        self._past: list[Array] = []

    def reset(self, mask: Bools) -> None:
        """Forget the past of the rows in ``mask``, bool (n,)."""
        if mask.all():
            self._past = []
        for frame in self._past:
            frame[mask] = 0

    def __call__(self, shown: Array) -> Array:
        """Return the newest frames, (n, ...), ``count`` times as long along the axis."""
        past = self._past or [np.zeros(shown.shape, self.dtype) for _ in range(self.count)]
        self._past = [*past[1:], shown.astype(self.dtype)]
        return np.concatenate(self._past, self.axis)


def find_view(space: Any, trap: Trap, normalizing: Any = None) -> tuple[str, list[Change]] | None:
    """Return how a model with an observation space sees a trap.

    Of several ways that fit, the one with the fewest frames is taken.

    Args:
        space: the model's.
        trap: what is shown.
        normalizing: the VecNormalize that changed the model's observations, if one did; frames
            may be stacked before it and after it.

    Returns:
        A kind of observation, and what is done to it, step by step: a cut, an arrangement, then
        ``Frames`` and others. None if no observation of the trap can be made to fit the space.
    """
    if normalizing is not None:
        # SB3 stacks what is normalised in the type of the space, uint8 where it is not a picture.
        stacks = _find_stacks(space, normalizing.observation_space)
        view = find_view(normalizing.venv.observation_space, trap)
        if view is None or not stacks:
            return None
        changes = [*view[1], normalizing.normalize_obs]
        return view[0], changes + stacks[:1] if stacks[0].count > 1 else changes
    found: list[tuple[Frames, str, list[Change]]] = []
    for arrange, (kind, own) in product(ARRANGEMENTS, find_spaces(trap).items()):
        for cut in _list_cuts(kind, own):
            low, high = arrange(cut(own.low[None])), arrange(cut(own.high[None]))
            for frames in _find_stacks(space, Box(low[0], high[0], dtype=own.dtype)):
                ends = (np.repeat(end, frames.count, frames.axis)[0] for end in (low, high))
                if space == Box(*ends, dtype=own.dtype):
                    found.append((frames, kind, [cut, arrange, frames]))
    if not found:
        return None
    _, kind, changes = min(found, key=lambda each: each[0].count)
    return kind, changes


def _list_cuts(kind: str, own: Box) -> list[Change]:
    """Return what a kind of observation can be cut to: smaller windows, as a keyword makes them."""
    sides = range(3, own.shape[1], 2) if kind == Centred.name else ()
    return [keep_shape, *(partial(cut_window, agent_view_size=side) for side in sides)]


def find_spaces(trap: Trap) -> dict[str, Box]:
    """Return the kinds of observation that a trap has as arrays, with their spaces."""
    return {kind: make_observation(trap, kind).space for kind in OBSERVATIONS}


def _find_stacks(space: Any, frame: Box) -> list[Frames]:
    """Return the ways in which frames can be stacked to the shape of a space."""
    shape, ways = getattr(space, "shape", None) or (), []
    for along, axis in ((-1, -1), (0, 1)) if len(shape) == len(frame.shape) else ():
        count, whole = shape[along] // frame.shape[along], list(frame.shape)
        whole[along] *= count
        if tuple(whole) == shape:
            ways.append(Frames(count, axis, frame.dtype))
    return ways
