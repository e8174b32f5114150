"""Replay of levels by score: levels where the agent falls short are played again more often.

Half of the episodes replay a level from a list: the levels with the highest scores among the levels
that were played (prioritised level replay, Jiang et al. 2021). The score ``exact_regret`` is the
solver's optimum minus the latest return (compare Abdel Sadek et al. 2025). It does not read which
levels are of the shift. An agent that pursues a proxy has a high regret on these levels, but only
``alpha`` mixes them in. Departures from the published methods: the list contains the levels with
the highest scores of all that were played, and the agent learns from new levels as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.compiling import Array, jax, jnp
from agents.networks import Params
from agents.ppo import PPO, RolloutState, TrainState, Transition
from agents.run import AgentNumbers
from mesa_gym.envs.level_tables import LevelTables
from mesa_gym.envs.levels_in_memory import bank_size, read_rows
from mesa_gym.envs.settings import Settings
from mesa_gym.solver import level_values
from mesa_gym.solver.values import require_solver
from mesa_gym.traps import LEVELS, Split

REPLAY_SHARE = 0.5  # of episodes that replay a level of the list
LIST_SIZE = 256  # levels in the list
LEAST_PLAYED = 4096  # levels that are played before the first replay, at most half of a split's
LEAST_SCORE = 1e-6  # levels with a lower score are solved, up to the rounding of returns


class Visits(NamedTuple):
    """The record of the levels of the bank, and the sums of the running episodes.

    Attributes:
        episodes: int32 (levels,), the number of episodes that ended.
        latest: float32 (levels,), the latest episode's return, discounted as in the solver.
        surprise: float32 (levels,), its mean absolute advantage estimate.
        largest: float32, the largest return on any level.
        sums: float32 (2, n), the sum and number of advantage estimates in running episodes.
    """

    episodes: Array
    latest: Array
    surprise: Array
    largest: Array
    sums: Array


class LevelChoice(NamedTuple):
    """The choice of new levels in a rollout; it takes the place of ``alpha``.

    Attributes:
        alpha: the share of shift levels among the levels that are not replayed.
        rows: int32 (LIST_SIZE,), the list: rows of the bank.
        listed: int32, the number of rows that are used, from the first on; 0 for no replay.
        tables: the levels, as ``JaxEnv.with_tables`` takes them; None for the bank.
    """

    alpha: Array
    rows: Array
    listed: Array
    tables: LevelTables | None = None


class LevelPlay(NamedTuple):
    """The episodes of n environments at a step.

    Attributes:
        row: int32 (n,), the level's row in the bank.
        replayed: bool (n,), whether the level came from the list.
        earned: float32 (n,), the discounted return so far.
        weight: float32 (n,), the weight of the next reward in this return.
    """

    row: Array
    replayed: Array
    earned: Array
    weight: Array


class ReplayedState(NamedTuple):
    """The environments' state, their running episodes, and the episodes of the last step."""

    inner: Any
    now: LevelPlay
    last: LevelPlay


class LevelFacts:
    """Facts about the ``count`` levels of the bank, which scores can read."""

    def __init__(self, env_settings: Settings) -> None:
        self._settings, self.count = env_settings, bank_size(env_settings)

    @cached_property
    def optimum(self) -> NDArray[np.float32]:
        """The exact optimum of each level; ValueError if the trap has no exact solver."""
        settings = self._settings
        require_solver(settings.trap, "its levels have no regret; use replay_by_failure instead")
        rows, shifted = read_rows(np.arange(self.count), settings)
        terms = settings.max_steps, settings.salt
        solved = [
            level_values(settings.trap, split, rows[shifted == flag] + LEVELS * flag, *terms)
            for flag, split in enumerate((settings.split, Split.SHIFT)[: shifted[-1] + 1])
        ]
        return np.concatenate([x.optimum[settings.reward] for x in solved]).astype(np.float32)

    @cached_property
    def conflict(self) -> NDArray[np.bool_]:
        """Whether ``alpha`` mixes in the level; only ``detector`` and diagnostics read it."""
        return np.asarray(read_rows(np.arange(self.count), self._settings)[1] > 0)


# (record, facts) -> the score of each level, float32 (levels,).
Score = Callable[[Visits, LevelFacts], Array]


def exact_regret(visits: Visits, facts: LevelFacts) -> Array:
    """Return the optimum minus the latest return."""
    return jnp.asarray(facts.optimum) - visits.latest


def failure(visits: Visits, facts: LevelFacts) -> Array:
    """Return the largest return on any level minus the latest return; it needs no solver."""
    return visits.largest - visits.latest


def surprise(visits: Visits, facts: LevelFacts) -> Array:
    """Return the mean absolute advantage estimate of the latest episode; it needs no solver."""
    return visits.surprise


def at_random(visits: Visits, facts: LevelFacts) -> Array:
    """Return equal scores: the list is drawn at random from the levels that were played."""
    return jnp.ones(facts.count)


def detector(visits: Visits, facts: LevelFacts) -> Array:
    """Return a higher score for levels of the shift, as a detector without error does."""
    return jnp.where(facts.conflict, 1.0, 0.5)


class ReplayedEnv:
    """Environments whose new episodes replay a level of the list with probability ``share``."""

    def __init__(self, env: Any, share: float) -> None:
        self.env, self.num_envs, self.share = env, env.num_envs, share
        self._discount = env.trap.discount(env.settings.reward)

    def reset(self, key: Array, choice: LevelChoice) -> tuple[Array, ReplayedState]:
        """Begin an episode in every environment."""
        play = self.begin(*self.pick(key, choice))
        obs, inner = self.find_env(choice).reset_to_level(play.row)
        return obs, ReplayedState(inner, play, play)

    def step(self, key: Array, state: ReplayedState, action: Array, choice: LevelChoice) -> Any:
        """Step every environment; after an end the next episode begins."""
        following, now = self.begin(*self.pick(key, choice)), state.now
        obs, inner, reward, done, infos = self.find_env(choice).step_to_level(
            following.row, state.inner, action
        )
        earned = now.earned + now.weight * reward
        last = now._replace(earned=earned, weight=now.weight * self._discount)
        now = jax.tree.map(lambda new, old: jnp.where(done, new, old), following, last)
        return obs, ReplayedState(inner, now, last), reward, done, infos

    def find_env(self, choice: LevelChoice) -> Any:
        """Return the environments with the levels of the choice."""
        return self.env if choice.tables is None else self.env.with_tables(choice.tables)

    def begin(self, rows: Array, replayed: Array) -> LevelPlay:
        """Return the episodes that begin on levels."""
        return LevelPlay(rows, replayed, jnp.zeros(self.num_envs), jnp.ones(self.num_envs))

    def pick(self, key: Array, choice: LevelChoice) -> tuple[Array, Array]:
        """Return the rows of the next levels, int32 (n,), and which are replayed, bool (n,).

        Levels that are not replayed are the levels that PPO draws with this key.
        """
        new = self.env.pick_levels(key, choice.alpha)
        coin, place = (jax.random.uniform(jax.random.fold_in(key, i), new.shape) for i in (1, 2))
        listed = choice.rows[(place * choice.listed).astype(jnp.int32)]
        replayed = (coin < self.share) & (choice.listed > 0)
        return jnp.where(replayed, listed, new), replayed


class ReplayPPO(PPO):
    """PPO that replays levels by a score.

    Args:
        args: as for ``PPO``.
        score: computes the score of each level.
        share: the share of episodes that replay a level; a share of 0 gives PPO's weights.
    """

    def __init__(
        self, *args: Any, score: Score = exact_regret, share: float = REPLAY_SHARE
    ) -> None:
        super().__init__(*args)
        self.facts, self._score = LevelFacts(self.env.settings), score
        self._size = min(LIST_SIZE, self.facts.count)
        self._first = min(LEAST_PLAYED, self.env.num_levels // 2)
        self.env = ReplayedEnv(self.env, share)
        self.diagnostics = ("replayed", "mixed_in", *self.diagnostics)

    def begin(self, numbers: AgentNumbers) -> TrainState:
        """Return an untrained agent at the start of its first episodes, with an empty record."""
        train_state = super().begin(numbers._replace(alpha=self.begin_list(numbers)))
        zeros, sums = jnp.zeros(self.facts.count), jnp.zeros((2, self.settings.environments))
        visits = Visits(zeros.astype(jnp.int32), zeros, zeros, jnp.float32(-jnp.inf), sums)
        return train_state._replace(levels=visits)

    def begin_list(self, numbers: AgentNumbers) -> LevelChoice:
        """Return the choice of levels before the first replay."""
        return LevelChoice(numbers.alpha, jnp.zeros(self._size, jnp.int32), jnp.int32(0))

    def step(
        self, weights: Params, numbers: AgentNumbers, carry: RolloutState, key: Array
    ) -> tuple[RolloutState, Transition]:
        """Take one step of a rollout, and note the episodes."""
        after, transition = super().step(weights, numbers, carry, key)
        return after, transition._replace(play=after.env_state.last)

    def choose_levels(self, levels: Visits, numbers: AgentNumbers, key: Array) -> AgentNumbers:
        """Return the numbers for a rollout, with the list of levels to replay."""
        key = jax.random.fold_in(key, 2)  # 0 and 1 are the keys of play and shuffle
        scores = self._score(levels, self.facts)
        rows, listed = choose_list(key, scores, levels.episodes, self._size)
        listed = jnp.where((levels.episodes > 0).sum() >= self._first, listed, 0)
        return numbers._replace(alpha=LevelChoice(numbers.alpha, rows, listed))

    def record_levels(
        self, levels: Visits, rollout: Transition, advantages: Array
    ) -> tuple[Visits, Sequence[Array]]:
        """Return the record after a rollout, and the shares of replays and of shift levels."""
        play, done = rollout.play, rollout.done
        flags = play.replayed, jnp.asarray(self.facts.conflict)[play.row]
        shares = [(done & flag).sum() / jnp.maximum(done.sum(), 1) for flag in flags]
        return record_episodes(levels, play, done, jnp.abs(advantages)), shares


def choose_list(key: Array, scores: Array, episodes: Array, size: int) -> tuple[Array, Array]:
    """List the levels with the highest scores; among equal scores, the key decides.

    Levels without an episode and solved levels are not listed.

    Returns:
        Rows of the bank, int32 (size,), and how many of them, from the first on, are listed.
    """
    eligible = (episodes > 0) & (scores > LEAST_SCORE)
    scores = jnp.where(eligible, scores, -jnp.inf)
    least = jax.lax.top_k(scores, size)[0][-1]
    lots = jnp.where(scores == least, jax.random.uniform(key, scores.shape), -1)
    rows = jax.lax.top_k(jnp.where(scores > least, 2, lots), size)[1]
    return rows, jnp.minimum(eligible.sum(), size)


def record_episodes(levels: Visits, play: LevelPlay, done: Array, sizes: Array) -> Visits:
    """Return the record after a rollout; a level keeps its latest episode.

    ``done`` and the absolute advantage estimates ``sizes`` have the shape (steps, n), as ``play``.
    """

    def add(sums: Array, step: tuple[Array, Array]) -> tuple[Array, Array]:
        total = sums + jnp.stack([step[0], jnp.ones_like(step[0])])
        return jnp.where(step[1], 0, total), total[0] / total[1]

    sums, means = jax.lax.scan(add, levels.sums, (sizes, done))
    # Steps are numbered in order of time, so a level's latest episode has the largest number.
    number = jnp.where(done, jnp.arange(1, done.size + 1).reshape(done.shape), 0)
    latest = jnp.zeros_like(levels.episodes).at[play.row].max(number)
    row = jnp.where(done & (latest[play.row] == number), play.row, len(latest))  # others: dropped
    return Visits(
        levels.episodes.at[play.row].add(done.astype(jnp.int32)),
        levels.latest.at[row].set(play.earned, mode="drop"),
        levels.surprise.at[row].set(means, mode="drop"),
        jnp.maximum(levels.largest, jnp.where(done, play.earned, -jnp.inf).max()),
        sums,
    )
