"""PPO on levels that are turned and mirrored, so that no place, such as a corner, is a cue.

Each level has one of the grid's symmetries. It is not changed: what the agent sees of it is turned,
and its moves are turned back.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from agents import ppo
from agents.compiling import Array, jnp
from agents.networks import Learner
from agents.ppo import PPO
from mesa_gym.engine import Ints
from mesa_gym.envs.network_inputs import CentredInputs
from mesa_gym.traps import Trap

# The numbers of actions where they lead: left 0, down 1, right 2, up 3, and 4 stays.
AROUND = np.array([[9, 3, 9], [0, 4, 2], [9, 1, 9]])


def list_symmetries(trap: Trap) -> tuple[Ints, Ints]:
    """Return by symmetry the numbers of inputs and of actions, int64 (s, inputs + 1) and (s, 5).

    An input of the grid has its number in the picture, an action in the picture that in the grid.
    There are eight symmetries, of a grid that is not square four.
    """
    view, (height, width) = CentredInputs(trap), trap.size
    numbers, inputs, actions = np.arange(view.count + 1), list[Ints](), list[Ints]()
    window = numbers[: view.window].reshape(2 * height - 5, 2 * width - 5, -1)
    stands = numbers[view.stands.reshape(height, width)[1:-1, 1:-1]]
    for step in (1, -1):
        for turns in range(4):
            around, window_inputs, cells = (
                np.rot90(grid[:, ::step], turns) for grid in (AROUND, window, stands)
            )
            if cells.shape == stands.shape:
                # Quarter turns fit a square grid only.
                inputs.append(numbers.copy())
                inputs[-1][window_inputs], inputs[-1][cells] = window, stands
                actions.append(around.reshape(-1)[np.argsort(AROUND.reshape(-1))[:5]])
    return np.stack(inputs), np.stack(actions)


class TurnedEnv:
    """Environments that are seen, and acted in, by their levels' symmetries."""

    def __init__(self, env: Any) -> None:
        self.env = env
        self._inputs, self._actions = map(jnp.asarray, list_symmetries(env.trap))

    def reset(self, key: Array, alpha: Array | None = None) -> tuple[Array, Any]:
        """Begin an episode in every environment."""
        obs, state = self.env.reset(key, alpha)
        return self._inputs[self._find_ways(state)[:, None], obs], state

    def step(self, key: Array, state: Any, action: Array, alpha: Array | None = None) -> Any:
        """Step every environment; after an end the next episode begins."""
        turned_action = self._actions[self._find_ways(state), action]
        obs, state, *outcome = self.env.step(key, state, turned_action, alpha)
        return self._inputs[self._find_ways(state)[:, None], obs], state, *outcome

    def _find_ways(self, state: Any) -> Array:
        """Return each level's symmetry; levels are numbered at random."""
        return state.level.row % len(self._inputs)


class Symmetric(PPO):
    """PPO on randomly turned levels."""

    def __init__(self, learner: Learner, env: Any, *args: Any) -> None:
        super().__init__(learner, TurnedEnv(env), *args)


train_on_turned_levels = partial(ppo.train, trainer=Symmetric)
