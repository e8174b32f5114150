"""Evaluations of agents in training: arrivals on test levels, and choices under shift.

The device plays; NumPy replays the actions, which are judged as in scoring. The training does not
see the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from agents.compiling import Many, jax, jnp
from agents.networks import Learner, Weights
from agents.results import LEVELS, SPLITS, share_records
from mesa_gym.engine import Ints
from mesa_gym.scoring.record import ENDED, replay
from mesa_gym.solver import level_values
from mesa_gym.traps import Split


class Judge:
    """Judges agents of a network: compiled once, called with weights.

    Args:
        learner: the network.
        many: compiles it for several agents.
    """

    def __init__(self, learner: Learner, many: Many) -> None:
        self.trap, numbers = learner.trap, np.arange(LEVELS)
        self._play = [many.compile(play_levels(learner, split), shared=(1,)) for split in SPLITS]
        self._starts = [self.trap.levels(split, numbers) for split in SPLITS]
        self._values = [level_values(self.trap, split, numbers) for split in SPLITS]

    def judge(self, weights: Weights, number: int) -> list[tuple[float, float, float]]:
        """Return for each agent the shares of ``TrainingLook``: test, base and proxy.

        Args:
            weights: of the agents, with an axis of them in front.
            number: the random number for drawing actions.
        """
        played, valued = [], []
        for play, starts, values in zip(self._play, self._starts, self._values, strict=True):
            actions = np.asarray(play(weights, np.uint32(number)))
            rows = np.tile(np.arange(LEVELS), agents := len(actions))
            played.append(replay(self.trap, starts.take(rows), actions.reshape(len(rows), -1)))
            valued.append(values.take(rows))
        return share_records(self.trap, played, valued, agents)


def play_levels(learner: Learner, split: Split) -> Callable[[Weights, Any], Any]:
    """Return a function that plays the first levels of a split, once each.

    Its arguments are weights and a number, uint32, that actions are drawn by. It returns actions,
    int8 (levels, horizon), ``ENDED`` after an episode's last.
    """
    env = learner.make_env(LEVELS, split=split, num_levels=LEVELS)

    def play(weights: Weights, number: Any) -> Any:
        seen, state = env.reset_to_level(jnp.arange(LEVELS))
        memory, begins = jnp.zeros((LEVELS, learner.memory)), jnp.zeros((1, LEVELS), bool)

        def step(now: Any, key: Any) -> tuple[Any, Any]:
            seen, state, memory, over = now
            found = learner.answer(weights, seen[None], begins, memory)
            action = jax.random.categorical(key, found.scores[0])
            seen, state, _, done, _ = env.step_env(state, action)
            taken = jnp.where(over, ENDED, action).astype(jnp.int8)
            return (seen, state, found.memory, over | done), taken

        keys = jax.random.split(jax.random.key(number), learner.trap.horizon(split))
        begun = (seen, state, memory, jnp.zeros(LEVELS, bool))
        actions: Ints = jax.lax.scan(step, begun, keys)[1].T
        return actions

    return play
