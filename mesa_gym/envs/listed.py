"""Lists of active inputs in JAX, computed from states without drawing or searching planes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bytes, State
from mesa_gym.engine.world import Dot
from mesa_gym.envs.network_inputs import CentredInputs, find_set
from mesa_gym.errors import require_extra
from mesa_gym.traps import Trap

with require_extra("jax"):
    import jax.numpy as jnp
    from jax import Array


class InputLists:
    """The indices of ``CentredInputs`` that are 1, in lists of equal length.

    An input occurs at most once in a list; ``count`` pads the list. The order differs from
    ``CentredInputs.list_inputs``.

    Args:
        trap: the trap of the states.
        reach: the view distance in rows and columns; None for the whole grid.

    Attributes:
        view: the inputs; ``view.of`` returns the inputs of a channel.
        count: the number of inputs.
    """

    def __init__(self, trap: Trap, reach: int | None = None) -> None:
        view = self.view = CentredInputs(trap, reach=reach)
        self.count, self._depth = view.count, len(trap.channels)
        kept = {c: name for c, name in enumerate(trap.channels) if name != "agent"}
        self._channels = {
            name: [channel for channel, other in kept.items() if other == name]
            for name in trap.channels
        }
        # By index in an observation; an index without input, such as 0, maps to the padding.
        centred_first = np.full(trap.cells * self._depth, view.count)
        centred_first[view.columns] = view.first
        self._first, self._shift, self._stands = (
            jnp.asarray(table.astype(np.int32))
            for table in (centred_first, view.shift, view.stands)
        )
        self._near = None if view.near is None else jnp.asarray(view.near)

    def list_ground(self, ground: Bytes) -> NDArray[np.int32]:
        """List the inputs that no step changes, int32 (levels, most), as seen from cell 0.

        ``ground`` is the constant part of each level's planes, (levels, cells * channels).
        """
        view = self.view
        level, column, place, counts = find_set(ground[:, view.columns] != 0)
        still = np.full((len(ground), counts.max(initial=0)), view.count, np.int32)
        still[level, place] = view.first[column]
        return still

    def list_inputs(self, state: State, dots: Iterable[Dot], still: Array) -> Array:
        """Return the inputs that are 1, int32 (n, most).

        Args:
            state: the states.
            dots: everything in their planes that can change, as ``World.dots`` yields it.
            still: the lists from ``list_ground``, with a row per level.
        """
        places = []
        for plane, cells, there in dots:
            for channel in self._channels[plane]:
                place = cells * self._depth + channel
                places.append(place if there is None else jnp.where(there, place, 0))
        listed = [still[state.level.row].T]
        if places:
            listed.append(self._first[jnp.concatenate(places)])
        first = jnp.concatenate(listed)
        inputs = first + jnp.where(first < self.view.window, self._shift[state.agent], 0)
        inputs = jnp.concatenate([inputs, self._stands[state.agent][None]]).T
        return inputs if self._near is None else jnp.where(self._near[inputs], inputs, self.count)
