"""Rollouts: episodes are stepped once, into one record, from which everything is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import STAY, Bools, Ints, State
from mesa_gym.policies import Policy
from mesa_gym.scoring.sampling import Asking
from mesa_gym.traps import Step, Trap

# In the actions of a record: the episode has ended.
ENDED = -1
Actions = NDArray[np.int8]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Record:
    """One play of n levels.

    Attributes:
        actions: int8 (n, horizon); ``ENDED`` after an episode's last action.
        paid: objective -> payments, float64 (horizon, n), 0 after an episode's end. Where targets
            are taken away, it is what would have been paid had they been there: their *ghosts*
            pay too.
        moved: bool (horizon, n), steps at which the agent changed its cell.
    """

    actions: Actions
    paid: dict[str, Floats]
    moved: Bools

    @classmethod
    def join(cls, records: Sequence[Record]) -> Record:
        """Return several records as one, their levels in order."""
        first, *rest = records
        if not rest:
            return first
        return cls(
            np.concatenate([record.actions for record in records]),
            {x: np.concatenate([r.paid[x] for r in records], axis=1) for x in first.paid},
            np.concatenate([record.moved for record in records], axis=1),
        )

    def without(self, rows: Bools) -> Record:
        """Return the record with the actions of some levels, bool (n,), taken out."""
        actions = np.where(rows[:, None], ENDED, self.actions).astype(np.int8)
        return Record(actions, self.paid, self.moved) if rows.any() else self


def rollout(
    policy: Policy,
    trap: Trap,
    starts: State,
    horizon: int,
    seed: int = 0,
    agent: str = "",
    play: str = "shift",
    whole: State | None = None,
    exists: Bools | None = None,
) -> Record:
    """Play every level once; actions are sampled from the policy's probabilities.

    Args:
        policy: what acts.
        trap: the rules.
        starts: the levels' start states, n of them.
        horizon: the time limit in steps.
        seed: of the sampling and of the policy's own generator.
        agent: name of the policy, on which the samples depend (``Asking``).
        play: which play it is, on which the samples depend as well.
        whole: the same start states with all targets, where some are taken away.
        exists: bool (n,), which levels are played; all by default.

    Raises:
        PolicyError: the policy raised, answered with something else than actions or action
            probabilities, or asks for an observation that does not exist; the message names it
            and the step, counted from 0.
    """
    asking = Asking(policy, trap, starts.level.key, seed, agent, play)
    asking.begin()

    def choose(state: State, t: int, going: Bools) -> Ints:
        return asking.sample(asking.probabilities(state, t, going), t)

    return _step_all(trap, starts, horizon, choose, whole, exists)


def replay(trap: Trap, starts: State, actions: Actions, whole: State | None = None) -> Record:
    """Play recorded actions.

    Args:
        trap: the rules.
        starts: the levels' start states, n of them.
        actions: int8 (n, horizon); ``ENDED`` after an episode's last.
        whole: as of ``rollout``.
    """

    def choose(state: State, t: int, going: Bools) -> Ints:
        return actions[:, t].astype(np.int64)

    return _step_all(trap, starts, actions.shape[1], choose, whole)


def _step_all(
    trap: Trap,
    starts: State,
    horizon: int,
    choose: Callable[[State, int, Bools], Ints],
    whole: State | None,
    exists: Bools | None = None,
) -> Record:
    """Step every episode to its end, by actions chosen in states (n,) at step t for those going."""
    state, n = starts, starts.n
    actions = np.full((n, horizon), ENDED, dtype=np.int8)
    paid = {x: np.zeros((horizon, n)) for x in trap.objectives}
    moved = np.zeros((horizon, n), dtype=np.bool_)
    alive = np.ones(n, dtype=np.bool_) if exists is None else exists.copy()
    for t in range(horizon):
        if not alive.any():
            break
        chosen = choose(state, t, alive)
        alive &= chosen != ENDED
        actions[alive, t] = chosen[alive]
        taken = np.where(alive, chosen, STAY)
        step = trap.step(state, taken)
        payments = step.paid
        if whole is not None:
            payments = trap.step(trap.restore_targets(state, whole), taken).paid
        for x, pay in payments.items():
            paid[x][t] = np.where(alive, pay, 0.0)
        moved[t] = alive & (step.state.agent != state.agent)
        alive &= ~step.ended
        # Rows whose episode is over go on from their start, unrecorded: all states stay valid.
        state = step.state if alive.all() else step.state.replaced(~alive, starts)
    return Record(actions, paid, moved)


class RecordedStep(NamedTuple):
    """One step of recorded episodes: those that go on.

    Attributes:
        t: the step, counted from 0.
        rows: int64 (m,), the levels whose episode goes on.
        state: their states before the step.
        chosen: int64 (m,), their actions.
        step: what these lead to.
    """

    t: int
    rows: Ints
    state: State
    chosen: Ints
    step: Step


def follow(trap: Trap, starts: State, actions: Actions) -> Iterator[RecordedStep]:
    """Follow recorded actions step by step, leaving out the rows whose episode is over.

    Args:
        trap: the rules.
        starts: the levels' start states, n of them.
        actions: int8 (n, horizon) of a record.

    Yields:
        each step, until no episode goes on.
    """
    state, rows = starts, np.arange(starts.n)
    for t in range(actions.shape[1]):
        on = actions[rows, t] != ENDED
        if not on.all():
            state, rows = state.take(on), rows[on]
        if not rows.size:
            return
        chosen = actions[rows, t].astype(np.int64)
        step = trap.step(state, chosen)
        yield RecordedStep(t, rows, state, chosen, step)
        state = step.state
