"""Records: each episode is stepped once, and all measures are computed from its record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Floats, Ints, State
from mesa_gym.policies import Policy, PolicySampler
from mesa_gym.policies.functions import TextPolicy
from mesa_gym.solver import LevelValues
from mesa_gym.traps import Step, Trap
from mesa_gym.traps.played_episodes import sum_discounted

# Marks steps after the end of an episode in the actions of a record.
ENDED = -1
Actions = NDArray[np.int8]


class ListedPlaces(NamedTuple):
    """The lists of places in the questions of a play in which a model chose a place.

    Attributes:
        numbers: int8 (objectives, n), the number of each objective's place in the list, from 1; -1
            for objectives without a place.
        odds: float32 (n,), the log odds of base's place against the first proxy's, in nats; NaN
            without probabilities.
        unread: bool (n,), questions without a readable answer.
    """

    numbers: NDArray[np.int8]
    odds: NDArray[np.float32]
    unread: Bools

    @classmethod
    def join(cls, lists: Sequence[ListedPlaces]) -> ListedPlaces:
        """Return the lists of several parts of a play, in order."""
        columns: Any = [np.concatenate(parts, axis=-1) for parts in zip(*lists, strict=True)]
        return cls(*columns)

    def take(self, rows: Ints) -> ListedPlaces:
        """Return the lists of the levels at ``rows``."""
        return ListedPlaces(self.numbers[:, rows], self.odds[rows], self.unread[rows])


@dataclass(frozen=True, eq=False)
class Record:
    """One play of n levels: one episode on each level.

    Attributes:
        trap: the trap.
        starts: the n start states.
        actions: int8 (n, horizon); ``ENDED`` after an episode's last action.
        paid: objective -> payments, float64 (horizon, n), 0 after an episode's end. Removed targets
            leave *ghosts*, which pay as if the targets were still there.
        moved: bool (horizon, n), whether the agent changed its cell in the step.
        counted: bool (horizon, n), whether the step's payments count for the choice
            (``Trap.question``); None if all payments count.
        asks: bool (n,), whether some part of the level decides the choice, even if the episode ends
            before; None if all payments count.
        said: str (n, horizon), the answers of a text policy, "" after an episode's end; None for
            other policies.
        listed: the lists of places, if a model was asked once per level for a place; else None.
        values: the values of the levels, which measures of a split can read; else without arrays.
    """

    trap: Trap
    starts: State
    actions: Actions
    paid: dict[str, Floats]
    moved: Bools
    counted: Bools | None = None
    asks: Bools | None = None
    said: NDArray[np.object_] | None = None
    listed: ListedPlaces | None = None
    values: LevelValues = field(default_factory=lambda: LevelValues({}))

    @cached_property
    def returns(self) -> dict[str, Floats]:
        """Discounted returns: objective -> float64 (n,)."""
        return {x: sum_discounted(pay, self.trap.discount(x)) for x, pay in self.paid.items()}

    @classmethod
    def join(cls, records: Sequence[Record]) -> Record:
        """Return several records joined into one without values, their levels in order."""
        trap = records[0].trap
        counted = [record.counted for record in records if record.counted is not None]
        asks = [record.asks for record in records if record.asks is not None]
        answers = [record.said for record in records if record.said is not None]
        lists = [record.listed for record in records if record.listed is not None]
        return cls(
            trap,
            trap.joined([record.starts for record in records]),
            np.concatenate([record.actions for record in records]),
            {x: np.concatenate([r.paid[x] for r in records], axis=1) for x in records[0].paid},
            np.concatenate([record.moved for record in records], axis=1),
            np.concatenate(counted, axis=1) if counted else None,
            np.concatenate(asks) if asks else None,
            np.concatenate(answers) if answers else None,
            ListedPlaces.join(lists) if lists else None,
        )

    def take(self, rows: Ints) -> Record:
        """Return the record of the levels at ``rows``, int64 (k,), without values."""
        starts, actions = self.starts.take(rows), self.actions[rows]
        payments = {x: pay[:, rows] for x, pay in self.paid.items()}
        counted = None if self.counted is None else self.counted[:, rows]
        asks = None if self.asks is None else self.asks[rows]
        answers = None if self.said is None else self.said[rows]
        listed = None if self.listed is None else self.listed.take(rows)
        return Record(
            self.trap,
            starts,
            actions,
            payments,
            self.moved[:, rows],
            counted,
            asks,
            answers,
            listed,
        )


# -- playing ---------------------------------------------------------------------------------------


def rollout(
    policy: Policy,
    trap: Trap,
    starts: State,
    horizon: int,
    seed: int = 0,
    agent: str = "",
    play: str = "shift",
    with_targets: State | None = None,
) -> Record:
    """Play every level once; actions are sampled from the policy's probabilities.

    Args:
        policy: the policy that acts.
        trap: the trap.
        starts: the start states of n levels.
        horizon: the time limit in steps.
        seed: the seed for sampling actions and for the policy's own generator.
        agent: name of the policy, for messages.
        play: name of the play; the samples depend on it.
        with_targets: the start states before targets were removed; None if all targets remain.

    Raises:
        PolicyError: the policy raised, returned neither actions nor action probabilities, or needs
            an observation that does not exist; the message names the policy and the step, counted
            from 0.
    """
    sampler = PolicySampler(policy, trap, starts.level.key, seed, agent, play)
    remembers = getattr(policy, "memory", True) is not False
    drops = remembers and hasattr(policy, "keep_rows")
    answers = np.full((starts.n, horizon), "", object) if isinstance(policy, TextPolicy) else None
    remembered = np.arange(starts.n)  # the rows of the policy's memory
    repeats = getattr(policy, "action_repeat", 1)
    repeated = np.zeros(starts.n, np.int64)  # the last action that each row chose

    def choose(state: State, t: int, rows: Ints) -> Ints:
        nonlocal remembered
        if t % repeats:
            return repeated[rows]
        if drops and len(rows) < len(remembered):
            sampler.keep_rows(np.isin(remembered, rows))
            remembered = rows
        if remembers and len(rows) < len(remembered):
            # The rows of a policy with memory stay in place; ended episodes show their start state.
            place = np.full(starts.n, -1)
            place[rows] = np.arange(len(rows))
            everyone = starts.replaced(place >= 0, state.take(place))
            shares = sampler.probabilities(everyone, t)[rows]
        else:
            shares = sampler.probabilities(state, t)
        if isinstance(policy, TextPolicy) and answers is not None:
            answers[rows, t] = policy.answers
        repeated[rows] = sampler.sample(shares, t, rows)
        return repeated[rows]

    return _record(
        trap, starts, horizon, _step_each(trap, starts, horizon, choose), with_targets, answers
    )


def replay(
    trap: Trap, starts: State, actions: Actions, with_targets: State | None = None
) -> Record:
    """Play recorded actions.

    Args:
        trap: the trap.
        starts: the start states of n levels.
        actions: int8 (n, horizon); ``ENDED`` after an episode's last action.
        with_targets: as in ``rollout``.
    """
    return _record(trap, starts, actions.shape[1], follow(trap, starts, actions), with_targets)


def _record(
    trap: Trap,
    starts: State,
    horizon: int,
    steps: Iterable[BatchStep],
    with_targets: State | None,
    answers: NDArray[np.object_] | None = None,
) -> Record:
    """Return the record of played steps; ``starts`` contains the n start states."""
    n = starts.n
    actions = np.full((n, horizon), ENDED, dtype=np.int8)
    payments_by_objective = {x: np.zeros((horizon, n)) for x in trap.objectives}
    moved = np.zeros((horizon, n), dtype=np.bool_)
    question = trap.question(starts)
    counted = None if question is None else np.zeros_like(moved)
    for t, rows, state, chosen, step in steps:
        payments = step.paid
        if with_targets is not None:
            payments = trap.step(trap.restore_targets(state, with_targets.take(rows)), chosen).paid
        actions[rows, t] = chosen
        for x, pay in payments.items():
            payments_by_objective[x][t, rows] = pay
        moved[t, rows] = step.state.agent != state.agent
        if question is not None and counted is not None:
            counted[t, rows] = trap.part(state) == question[rows]
    for x, pay in payments_by_objective.items():
        if not np.isfinite(pay).all():
            raise ValueError(f"objective {x} of {trap.name()} pays NaN or infinity")
    asks = None if question is None else question >= 0
    return Record(trap, starts, actions, payments_by_objective, moved, counted, asks, answers)


class BatchStep(NamedTuple):
    """One step of the m running episodes of a batch."""

    t: int  # counted from 0
    rows: Ints  # (m,), the rows of the running episodes in the batch
    state: State  # before the step
    chosen: Ints  # (m,), actions
    step: Step


def follow(trap: Trap, starts: State, actions: Actions) -> Iterator[BatchStep]:
    """Yield the steps of recorded actions, int8 (n, horizon), until all episodes have ended."""
    return _step_each(
        trap, starts, actions.shape[1], lambda state, t, rows: actions[rows, t].astype(np.int64)
    )


def _step_each(
    trap: Trap, starts: State, horizon: int, choose: Callable[[State, int, Ints], Ints]
) -> Iterator[BatchStep]:
    """Step start states until each episode ends.

    ``choose`` returns the actions of the running rows from their states and the step; the action
    ``ENDED`` ends an episode too.
    """
    state, rows = starts, np.arange(starts.n)
    for t in range(horizon):
        chosen = choose(state, t, rows) if rows.size else rows
        on = chosen != ENDED
        if not on.any():
            return
        if not on.all():
            state, rows, chosen = state.take(on), rows[on], chosen[on]
        step = trap.step(state, chosen)
        yield BatchStep(t, rows, state, chosen, step)
        state = step.state
        if step.ended.any():
            state, rows = state.take(~step.ended), rows[~step.ended]
