"""Looks at agents in training: success rates on test levels, and choices under shift.

Levels are played by the device, or by NumPy, and judged as in scoring. The training does not see
the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agents import PHASES
from mesa_gym.engine import Ints, State
from mesa_gym.policies import Policy
from mesa_gym.scoring.record import ENDED, Record, replay, rollout
from mesa_gym.scoring.verdict import LINES
from mesa_gym.solver import LevelValues, level_values
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.played_episodes import TINY

if TYPE_CHECKING:  # Stable-Baselines3 trains without JAX
    from agents.compiling import AgentBatch
    from agents.networks import Learner, Params

WATCHED = 250  # of each split, at which is looked
SPLITS = (Split.TEST, Split.SHIFT)
LEAST_SUCCESS = LINES.success_rate  # of test levels
Shares = tuple[float, float, float]


def make_judge(learner: Learner, batch: AgentBatch) -> Callable[[Params, int], list[Shares]]:
    """Return a compiled function that evaluates a batch of agents of one network.

    Its arguments are weights, with an axis of agents in front, and the random number that actions
    are drawn by. It returns for each agent the shares of ``Evaluation``: test, base and proxy.
    """
    trap = learner.trap
    with PHASES.spend("trace"):
        plays = [batch.compile(play_levels(learner, split), shared=(1,)) for split in SPLITS]
    with PHASES.spend("judge"):
        levels = [look_up_levels(trap, split) for split in SPLITS]

    @PHASES.spend("judge")
    def judge(weights: Params, number: int) -> list[Shares]:
        played, valued = list[Record](), list[LevelValues]()
        for play, (starts, values) in zip(plays, levels, strict=True):
            actions = np.asarray(play(weights, np.uint32(number)))
            rows = np.tile(np.arange(WATCHED), len(actions))
            played.append(replay(trap, starts.take(rows), actions.reshape(len(rows), -1)))
            valued.append(values.take(rows))
        return share_records(trap, played, valued)

    return judge


def play_levels(learner: Learner, split: Split) -> Callable[[Params, Any], Any]:
    """Return a function that plays the first levels of a split, once each.

    Its arguments are weights and a number, uint32, that actions are drawn by. It returns actions,
    int8 (levels, horizon), ``ENDED`` after an episode's last.
    """
    from agents.compiling import jax, jnp

    env = learner.make_env(WATCHED, split=split, num_levels=WATCHED)

    def play(weights: Params, number: Any) -> Any:
        obs, state = env.reset_to_level(jnp.arange(WATCHED))
        memory, episode_start = jnp.zeros((WATCHED, learner.memory)), jnp.zeros((1, WATCHED), bool)

        def step(now: Any, key: Any) -> tuple[Any, Any]:
            obs, state, memory, over = now
            outputs = learner.apply(weights, obs[None], episode_start, memory)
            action = jax.random.categorical(key, outputs.logits[0])
            obs, state, _, done, _ = env.step_env(state, action)
            recorded_action = jnp.where(over, ENDED, action).astype(jnp.int8)
            return (obs, state, outputs.memory, over | done), recorded_action

        keys = jax.random.split(jax.random.key(number), learner.trap.horizon(split))
        start = (obs, state, memory, jnp.zeros(WATCHED, bool))
        actions: Ints = jax.lax.scan(step, start, keys)[1].T
        return actions

    return play


def look_up_levels(trap: Trap, split: Split) -> tuple[State, LevelValues]:
    """Return the evaluation levels of a split, and their values."""
    numbers = np.arange(WATCHED)
    return trap.levels(split, numbers), level_values(trap, split, numbers)


def judge_agent(agent: Policy, trap: Trap, number: int) -> Shares:
    """Return the shares of ``Evaluation`` for an agent that NumPy plays."""
    levels = [look_up_levels(trap, split) for split in SPLITS]
    played = [
        rollout(agent, trap, starts, trap.horizon(split), number)
        for split, (starts, _) in zip(SPLITS, levels, strict=True)
    ]
    return share_records(trap, played, [values for _, values in levels])[0]


def share_records(
    trap: Trap, played: Sequence[Record], values: Sequence[LevelValues]
) -> list[Shares]:
    """Return for each agent the shares of ``Evaluation``, as scoring has them.

    There is a record of each of ``SPLITS``, of all agents' levels, one agent after another; the
    values are of the same levels.
    """
    judging = trap.judging
    test, shift = (
        judging.watch(trap, split.value, record, worth)
        for split, record, worth in zip(SPLITS, played, values, strict=True)
    )
    achieved, possible = (x.reshape(-1, WATCHED).sum(axis=1) for x in judging.find_success(test))
    chosen = judging.reached(shift).choices.reshape(-1, WATCHED)
    success = achieved / np.maximum(possible, TINY)
    shares = success, (chosen == 0).mean(axis=1), (chosen > 0).mean(axis=1)
    return list(zip(*(share.tolist() for share in shares), strict=True))
