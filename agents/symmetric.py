"""PPO on levels that are turned and mirrored: each episode in one of the grid's symmetries.

A place, such as a corner, is then no cue, while things look and behave as before. Levels are not
changed; what the agent sees of them is, and its moves are turned back.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from agents import ppo
from agents.compiling import jax, jnp
from mesa_gym.engine import Ints
from mesa_gym.envs.inputs import CentredInputs
from mesa_gym.traps import Trap

Array = jax.Array


class Turned(NamedTuple):
    """The state of environments, and in which symmetry each is seen, int32 (n,)."""

    inner: Any
    way: Array


class TurnedEnv:
    """Environments that turn or mirror each episode's grid; the row of held things stays in place.

    Args:
        env: shows lists of inputs. Where its rows and columns differ in number, four of the eight
            symmetries fit.
    """

    def __init__(self, env: Any) -> None:
        self.env, self.num_envs = env, env.num_envs
        cells = find_sources(env.trap.size)
        self._inputs = jnp.asarray(np.stack([turn_inputs(env.trap, each) for each in cells]))
        self._actions = jnp.asarray(find_actions(cells, env.trap.width))

    def reset(self, key: Array) -> tuple[Array, Turned]:
        """Begin an episode in every environment."""
        seen, inner = self.env.reset(key)
        way = self._draw(key)
        return self._inputs[way[:, None], seen], Turned(inner, way)

    def step(self, key: Array, state: Turned, action: Array) -> Any:
        """Take a step; an episode that ends is followed by one in another symmetry."""
        taken = self._actions[state.way, action]
        seen, inner, reward, done, infos = self.env.step(key, state.inner, taken)
        way = jnp.where(done, self._draw(key), state.way)
        return self._inputs[way[:, None], seen], Turned(inner, way), reward, done, infos

    def _draw(self, key: Array) -> Array:
        return jax.random.randint(key, (self.num_envs,), 0, len(self._inputs))


def find_sources(size: tuple[int, int]) -> Ints:
    """Return for each symmetry and cell of the picture the cell shown, int64 (4 or 8, cells)."""
    cells = np.arange(size[0] * size[1]).reshape(size)
    inner, found = cells[1:-1, 1:-1], []
    turned = [np.rot90(inner, turns) for turns in range(4)]
    turned += [np.rot90(inner[:, ::-1], turns) for turns in (0, 2, 1, 3)]
    for each in turned:
        if each.shape == inner.shape:
            found.append(cells.copy())
            found[-1][1:-1, 1:-1] = each
    return np.stack(found).reshape(len(found), -1)


def find_actions(sources: Ints, width: int) -> Ints:
    """Return for each symmetry and action in the picture the action in the grid, int64 (n, 5)."""
    # What the actions left, down, right, up and stay add to the number of a cell.
    moves = np.array([-1, width, 1, -width, 0])
    # An inner cell all of whose neighbours are inner cells.
    cell = 2 * width + 2
    shown = sources[:, cell + moves] - sources[:, [cell]]
    return (shown[..., None] == moves).argmax(axis=2)


def turn_inputs(trap: Trap, sources: Ints) -> Ints:
    """Return the number that each input has under a symmetry, int64 (inputs + 1,).

    Args:
        trap: gives the size of the grid.
        sources: int64 (cells,), for each cell of the picture the cell shown.
    """
    view, (height, width) = CentredInputs(trap), trap.size
    found = np.arange(view.count + 1)
    # Where the agent stands: the cell of the picture that shows a cell.
    shown = np.empty_like(sources)
    shown[sources] = np.arange(len(sources))
    inner = np.arange(height * width).reshape(height, width)[1:-1, 1:-1].reshape(-1)
    found[view.stands[inner]] = view.stands[shown[inner]]
    # What lies a step away in the grid lies a turned step away in the picture.
    cell = 2 * width + 2
    at, below, beside = (np.divmod(shown[x], width) for x in (cell, cell + width, cell + 1))
    down, across = np.subtract(below, at), np.subtract(beside, at)
    rows, columns = 2 * height - 5, 2 * width - 5
    y, x = np.meshgrid(np.arange(rows) - height + 3, np.arange(columns) - width + 3, indexing="ij")
    turned = y[..., None] * down + x[..., None] * across
    place = (turned[..., 0] + height - 3) * columns + turned[..., 1] + width - 3
    depth = len(trap.channels) - 1
    window = np.arange(rows * columns * depth).reshape(-1, depth)
    found[: window.size] = window[place.reshape(-1)].reshape(-1)
    return found


train = partial(ppo.train, view=TurnedEnv)
