"""Training by labels: PPO's network and rollouts, with -log p(optimal actions) as the loss.

The labels are optimal actions from the exact solver, which knows the level. It uses the training's
discount, and the time of a whole episode. If levels hide the rewards, a network with a memory
learns from such labels to act on what is probably rewarded (Lee et al. 2023, "Decision-Pretrained
Transformer").

States to label are visited by the network's own policy, as in DAgger (Ross et al. 2011). The loss
does not use rewards.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents import ppo
from agents.algorithms import PPOSettings
from agents.compiling import Array, jax, jnp
from agents.networks import Learner, Params
from agents.ppo import PPO, RolloutState, Transition
from agents.run import AgentNumbers, require_labels
from mesa_gym.engine import ACTIONS
from mesa_gym.envs.levels_in_memory import bank_of
from mesa_gym.envs.settings import Settings
from mesa_gym.solver import TIE, Graph, solutions
from mesa_gym.solver.numbering import as_bits

MOST_STATES = 8_000_000  # per split; if its levels have more states, fewer levels are used


class Placed(NamedTuple):
    """The state of n environments, and the index of each in the solver's graph, int32 (n,)."""

    inner: Any
    place: Array


class LabelledEnv:
    """Wraps a ``JaxEnv`` and looks up the optimal actions of each state."""

    def __init__(self, env: Any, discount: float) -> None:
        self.env, self.num_envs = env, env.num_envs
        start, successor, best = solve_levels(env.settings, discount)
        solved = (start.reshape(-1, env.num_levels) >= 0).sum(axis=1)  # levels per split
        tables = solved, start, successor, best
        self._solved, self._start, self._successor, self._best = map(jnp.asarray, tables)

    def reset(self, key: Array, alpha: Array | None = None) -> tuple[Array, Placed]:
        """Begin an episode in every environment, with its index in the solver's graph."""
        obs, inner = self.env.reset_to_level(self._pick(key, alpha))
        return obs, Placed(inner, self._start[inner.level.row])

    def step(self, key: Array, state: Placed, action: Array, alpha: Array | None = None) -> Any:
        """Step every environment; after an end the next episode begins."""
        obs, inner, *outcome = self.env.step_to_level(self._pick(key, alpha), state.inner, action)
        done, place = outcome[1], self._successor[action, state.place]
        place = jnp.where(done, self._start[inner.level.row], place)
        return obs, Placed(inner, place), *outcome

    def find_best(self, state: Placed) -> Array:
        """Return which actions are optimal, bool (n, 5)."""
        return (self._best[state.place][:, None] >> jnp.arange(len(ACTIONS)) & 1) > 0

    def _pick(self, key: Array, alpha: Array | None = None) -> Array:
        row, count = self.env.pick_levels(key, alpha), self.env.num_levels
        shifted = row // count
        return (shifted * count + row % count % self._solved[shifted]).astype(row.dtype)


def solve_levels(
    env_settings: Settings, discount: float
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
    """Solve the training levels of each split, up to about ``MOST_STATES`` states per split.

    Returns:
        The start state of each level, int32 (levels,), -1 if the level is not solved; the successor
        state of each action, int32 (5, states); and the optimal actions as bits, uint8 (states,).
    """
    require_labels(env_settings.trap)
    trap, starts = env_settings.trap, bank_of(env_settings)
    begins, successors, best, states = np.full(starts.n, -1, np.int32), [], [], 0
    for levels in np.split(np.arange(starts.n), 2 if env_settings.alpha else 1):
        most = states + MOST_STATES
        for rows, solution in solutions(trap, starts.take(levels), env_settings.max_steps):
            graph = solution.graph
            # Number the states of all solutions in one sequence.
            begins[levels[rows]] = states + graph.start
            successors.append((states + graph.successor).astype(np.int32))
            best.append(
                find_best_actions(graph, env_settings.reward, discount, env_settings.max_steps)
            )
            states += len(graph)
            if states >= most:
                break
    return begins, np.concatenate(successors, axis=1), np.concatenate(best)


def find_best_actions(
    graph: Graph, objective: str, discount: float, steps: int
) -> NDArray[np.uint8]:
    """Return each state's optimal actions with ``steps`` steps left, as bits."""
    rewards = graph.payments[objective][graph.paid[objective]]
    # The last value is for the end of an episode and stays 0.
    values, action_values = np.zeros(len(graph) + 1), rewards
    for _ in range(steps):
        action_values = rewards + discount * values[graph.successor]
        best = action_values.max(axis=0)
        if np.array_equal(best, values[:-1]):
            break
        values[:-1] = best
    return as_bits(action_values >= action_values.max(axis=0) - TIE).astype(np.uint8)


class Taught(PPO):
    """Functions, to be compiled, that train one agent on labels."""

    def __init__(self, learner: Learner, env: Any, settings: PPOSettings, *_: None) -> None:
        super().__init__(learner, LabelledEnv(env, settings.discount), settings)
        self.diagnostics = ()

    def step(
        self, weights: Params, numbers: AgentNumbers, carry: RolloutState, key: Array
    ) -> tuple[RolloutState, Transition]:
        """Take one step of a rollout; ``labels`` are the optimal actions, bool (n, 5)."""
        after, transition = super().step(weights, numbers, carry, key)
        return after, transition._replace(labels=self.env.find_best(carry.env_state))

    def compute_loss(
        self,
        weights: Params,
        memory: Array,
        transitions: Transition,
        advantages: Array,
        numbers: AgentNumbers,
        remaining: Array,
    ) -> tuple[Array, None]:
        """Return the mean of -log(probability that the action is optimal), and no diagnostics."""
        assert transitions.labels is not None  # `step` adds them
        outputs = self.learner.apply(weights, transitions.obs, transitions.episode_start, memory)
        log_probs = jnp.where(transitions.labels, jax.nn.log_softmax(outputs.logits), -jnp.inf)
        return -jax.nn.logsumexp(log_probs, axis=-1).mean(), None


train_by_labels = partial(ppo.train, trainer=Taught)  # ValueError if a trap has no labels
