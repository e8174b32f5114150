"""Environments that show lists of the tiles of their pictures, as ``trained.pixels`` has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.compiling import Array, jnp
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies.scripted import uniform
from mesa_gym.scoring.record import follow, rollout
from mesa_gym.trained.pixels import Tiles
from mesa_gym.traps import Split, Trap

WALKED = 50  # levels, by random moves


def require_still(trap: Trap, view: Tiles) -> None:
    """Raise ValueError where random moves show a tile that no episode begins with.

    The device would silently take another tile for it.
    """
    starts, limit = trap.levels(Split.TRAIN, np.arange(WALKED)), trap.horizon(Split.TRAIN)
    walked = rollout(uniform(), trap, starts, limit).actions
    for now in follow(trap, starts, walked):
        view.find_tiles(planes_of(trap, now.state))


class TileView:
    """Environments that show lists of the tiles of their pictures, as ``trained.pixels`` has them.

    Args:
        env: shows planes.
        view: the tiles.
    """

    def __init__(self, env: Any, view: Tiles) -> None:
        self.env, self.num_envs, self.trap = env, env.num_envs, env.trap
        self._agent, self._filler = env.trap.channels.index("agent"), view.count
        self._known, self._tile = jnp.asarray(view.known, jnp.int32), jnp.asarray(view.tile)
        # By cell and tile the input seen from cell 0, and 1 where that moves with the agent.
        tiles = len(view.pictures)
        shape = (env.trap.cells, tiles)
        first, moves = np.full(shape, view.count), np.zeros(shape, np.int64)
        first.reshape(-1)[view.columns], moves.reshape(-1)[view.columns] = view.first, view.moves
        self._cells = np.unique(view.columns // tiles)
        tables = (first[self._cells], moves[self._cells], view.shift, view.stands)
        self._first, self._moves, self._shift, self._stands = (
            jnp.asarray(each, jnp.int32) for each in tables
        )

    def reset(self, key: Array) -> tuple[Array, Any]:
        """Begin an episode in every environment."""
        planes, state = self.env.reset(key)
        return self._list(planes), state

    def reset_to_level(self, level: Array) -> tuple[Array, Any]:
        """Begin an episode in every environment on a chosen level."""
        planes, state = self.env.reset_to_level(level)
        return self._list(planes), state

    def step(self, key: Array, state: Any, action: Array) -> Any:
        """Step every environment; after an end the next episode begins."""
        planes, *others = self.env.step(key, state, action)
        return self._list(planes), *others

    def step_env(self, state: Any, action: Array) -> Any:
        """Step every environment; an ended episode stays ended."""
        planes, *others = self.env.step_env(state, action)
        return self._list(planes), *others

    def _list(self, planes: Array) -> Array:
        """Return the indices of inputs that are 1, int32 (n, most), one row per state."""
        flat = planes.reshape(self.num_envs, -1, planes.shape[-1])
        cell = flat[..., self._agent].argmax(axis=1)
        bits = 1 << np.arange(planes.shape[-1])
        bits[self._agent] = 0
        codes = (flat[:, self._cells].astype(jnp.int32) * bits).sum(axis=-1)
        tile = self._tile[jnp.searchsorted(self._known, codes)]
        place = jnp.arange(len(self._cells))
        moved = self._moves[place, tile] * self._shift[cell][:, None]
        # Floor, and what the agent stands on, is not an input.
        seen = (tile > 0) & (self._cells != cell[:, None])
        listed = jnp.where(seen, self._first[place, tile] + moved, self._filler)
        return jnp.concatenate([listed, self._stands[cell][:, None]], axis=1).astype(jnp.int32)
