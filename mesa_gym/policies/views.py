"""Views: a model's inputs, made from an environment's observations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial, reduce
from itertools import product
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from gymnasium.spaces import Box

from mesa_gym.envs.observations import OBSERVATIONS, Centred, make_observation
from mesa_gym.traps import Trap

Values = Any  # an array of NumPy, or a tensor of torch
# One step of the conversion of a batch (n, ...) into a model's input.
Change = Callable[[Values], Values]


def keep_shape(batch: Values) -> Values:
    """Return a batch unchanged."""
    return batch


def channels_first(batch: Values) -> Values:
    """Return a batch as SB3's VecTransposeImage arranges it."""
    return array_namespace(batch).moveaxis(batch, -1, 1)


def flat(batch: Values) -> Values:
    """Return a batch as Gymnasium's FlattenObservation arranges it."""
    return batch.reshape(batch.shape[0], -1)  # `len` would be a constant in an exported graph


ARRANGEMENTS: tuple[Change, ...] = (keep_shape, channels_first, flat)


def cut_window(batch: Values, agent_view_size: int) -> Values:
    """Crop ``centred`` observations (n, side + 1, side, channels) to a smaller, odd view size."""
    edge = (batch.shape[2] - agent_view_size) // 2
    inner = slice(edge, edge + agent_view_size)
    window = batch[:, 1:][:, inner, inner]
    return array_namespace(batch).concat([batch[:, :1, :agent_view_size], window], axis=1)


def change_all(changes: Iterable[Change], batch: Values) -> Values:
    """Apply changes to a batch, one after another."""
    return reduce(lambda obs, change: change(obs), changes, batch)


def find_view(space: object, trap: Trap) -> tuple[str, list[Change]] | None:
    """Return a view of the trap that fits a model's observation space; None if no view fits.

    A view is a kind of observation and the list of changes to it: a cut and an arrangement.
    """
    for arrange, (kind, trap_space) in product(ARRANGEMENTS, find_spaces(trap).items()):
        for cut in _list_cuts(kind, trap_space):
            low, high = arrange(cut(trap_space.low[None])), arrange(cut(trap_space.high[None]))
            if space == Box(low[0], high[0], dtype=trap_space.dtype):
                return kind, [cut, arrange]
    return None


def stack_channels(batch: Values) -> Values:
    """Return frames (n, frames, height, width, channels) as SB3's VecFrameStack joins them."""
    moved = array_namespace(batch).moveaxis(batch, 1, -2)
    return moved.reshape(*moved.shape[:-2], -1)


def stack_first_channels(batch: Values) -> Values:
    """Return frames (n, frames, channels, ...), or vectors, joined along their first axis."""
    return batch.reshape(batch.shape[0], -1, *batch.shape[3:])


def find_stack(space: object, trap: Trap, frame_stack: int) -> tuple[str, list[Change]] | None:
    """Return the view whose frames fit a model's space; None if no view fits.

    Its first change makes the stack: Gymnasium's, which stays as it is, or one along the channels,
    of images as they are, of images with channels first, or of vectors.
    """
    stacks: tuple[Change, ...] = (keep_shape, stack_channels, stack_first_channels)
    for stack, (kind, trap_space) in product(stacks, find_spaces(trap).items()):
        if stack is stack_channels and len(trap_space.shape) != 3:
            continue
        frames = (np.repeat(end[None, None], frame_stack, axis=1)
                  for end in (trap_space.low, trap_space.high))  # fmt: skip
        low, high = (stack(batch)[0] for batch in frames)
        for arrange in (keep_shape, channels_first):
            if low.ndim == 3 or arrange is keep_shape:
                bounds = [arrange(end[None])[0] for end in (low, high)]
                if space == Box(*bounds, dtype=trap_space.dtype):
                    return kind, [stack, arrange]
    return None


def _list_cuts(kind: str, space: Box) -> list[Change]:
    """Return one function for each window that can be cut from a kind of observation."""
    sides = range(3, space.shape[1], 2) if kind == Centred.name else ()
    return [keep_shape, *(partial(cut_window, agent_view_size=side) for side in sides)]


def find_spaces(trap: Trap) -> dict[str, Box]:
    """Return observation kind -> space, for the kinds that are arrays."""
    return {kind: make_observation(trap, kind).space for kind in OBSERVATIONS}
