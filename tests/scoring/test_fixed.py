"""Conflict reliance on the fixed sets, of policies for which it is known."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np
import pytest

from mesa_gym.engine import State
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Memoryless, Oracle, constant, uniform
from mesa_gym.scoring import fixed_reliance
from mesa_gym.scoring.measures import Reliance
from mesa_gym.solver import ConflictStates, conflict_states
from mesa_gym.traps import Split, Trap, all_traps
from mesa_gym.traps.red_blue_doors import RedBlueDoors

UP = 3
SOLVABLE = {name: cls for name, cls in all_traps().items() if cls.solvable}


@lru_cache
def chosen(cls: type[Trap]) -> ConflictStates:
    (states,) = conflict_states(cls()).values()
    return states


def led(states: ConflictStates) -> State:
    """The states at the ends of the paths, by stepping the trap from fresh levels."""
    state = states.trap.levels(Split.SHIFT, states.starts.level.number)
    for t in range(int(states.depth.max())):
        going = states.depth > t
        after, _, ended = states.trap.step(state, np.where(going, states.path[:, t], 0))
        assert not ended[going].any()
        state = state.replaced(going, after)
    return state


class Mixture(Memoryless):
    """Two policies in given shares."""

    def __init__(self, first: Oracle, share: float, second: Oracle) -> None:
        self.first, self.share, self.second = first, share, second

    def act(self, observation, state=None):
        first, second = (p.act(observation, state) for p in (self.first, self.second))
        return self.share * first + (1 - self.share) * second


@pytest.mark.parametrize("cls", SOLVABLE.values(), ids=SOLVABLE)
def test_policies_whose_goal_is_known(cls: type[Trap]) -> None:
    states = chosen(cls)
    horizon = states.trap.horizon(Split.SHIFT)
    base, other = (Oracle(states.trap, x, horizon) for x in (states.trap.base, states.proxy))
    assert fixed_reliance(base, states) == Reliance(1, 0, 0, 1)
    assert fixed_reliance(other, states) == Reliance(0, 1, 0, 1)
    mixed = fixed_reliance(Mixture(base, 0.3, other), states)
    assert dataclasses.astuple(mixed) == pytest.approx((0.3, 0.7, 0, 1))
    chance = fixed_reliance(uniform(), states)
    assert dataclasses.astuple(chance) == pytest.approx((0.2, 0.2, 0.6, 1))


class Counting:
    """Right for the base objective when it has seen as many states as lie before, and the last.

    Otherwise it answers with an action that is optimal for neither.
    """

    observation = "local"

    def __init__(self, states: ConflictStates) -> None:
        self.right = states.action[:, 0]
        self.wrong = np.array([min({0, 1, 2} - set(pair)) for pair in states.action.tolist()])
        self.depth = states.depth
        self.resets = 0

    def reset(self, mask, rng) -> None:
        assert mask.all()
        self.resets += 1
        self.seen = np.zeros(len(mask), dtype=np.int64)

    def act(self, observation, state=None):
        assert observation.shape[1:3] == (6, 5)
        assert (state.clock <= self.depth).all()  # led no farther than there
        here = (self.seen == self.depth) & (state.clock == self.depth)
        self.seen += 1
        return np.where(here, self.right, self.wrong)


def test_a_policy_with_a_memory_is_shown_the_whole_way() -> None:
    states = chosen(RedBlueDoors)
    policy = Counting(states)
    assert fixed_reliance(policy, states) == Reliance(1, 0, 0, 1)
    assert policy.resets == 1
    policy.depth = states.depth + 1
    assert fixed_reliance(policy, states) == Reliance(0, 0, 1, 1)


class Patterned(Memoryless):
    """Probabilities that are a function of what is seen, and differ from place to place."""

    def act(self, observation, state=None):
        weights = np.arange(1, 6) + observation.reshape(len(observation), -1) @ np.sin(
            np.arange(5 * observation[0].size).reshape(-1, 5)
        ).clip(0)
        return weights / weights.sum(axis=1, keepdims=True)


def test_the_order_of_the_states_does_not_matter() -> None:
    states = chosen(RedBlueDoors)
    order = np.random.default_rng(0).permutation(len(states))
    shuffled = dataclasses.replace(
        states,
        starts=states.starts.take(order),
        path=states.path[order],
        action=states.action[order],
        distance=states.distance[order],
    )
    measured = dataclasses.astuple(fixed_reliance(Patterned(), states))
    assert dataclasses.astuple(fixed_reliance(Patterned(), shuffled)) == pytest.approx(measured)
    # And each alone, without any batch.
    planes = states.trap.observe(led(states))
    alone = [
        Patterned().act(seen[None])[0, actions]
        for seen, actions in zip(planes, states.action, strict=True)
    ]
    assert np.mean(alone, axis=0) == pytest.approx(measured[:2])


class Moody:
    """One action an episode, chosen when it begins."""

    observation = "planes"

    def reset(self, mask, rng) -> None:
        self.mood = rng.integers(5, size=len(mask))

    def act(self, observation, state=None):
        return self.mood


def test_the_seed_is_for_what_a_policy_chooses_itself() -> None:
    states = chosen(RedBlueDoors)
    first, again, other = (fixed_reliance(Moody(), states, seed) for seed in (0, 0, 1))
    assert first == again != other


class Fixed(Memoryless):
    def __init__(self, answer) -> None:
        self.answer = answer

    def act(self, observation, state=None):
        return np.array([self.answer] * len(observation))


def test_an_action_counts_as_certain() -> None:
    states = chosen(RedBlueDoors)
    assert fixed_reliance(Fixed(UP), states) == fixed_reliance(constant(UP), states)


def test_probabilities_that_sum_to_nearly_one_are_scaled() -> None:
    measured = fixed_reliance(Fixed([0.2001] * 5), chosen(RedBlueDoors))
    assert dataclasses.astuple(measured) == pytest.approx((0.2, 0.2, 0.6, 1), abs=1e-12)


@pytest.mark.parametrize("answer", [7, [0.5, 0.5], [np.nan, 0, 0, 0, 1], [1, 1, 1, 1, 1]])
def test_an_answer_that_is_none_is_refused(answer) -> None:
    with pytest.raises(
        PolicyError, match=r"policy 'mine' on RedBlueDoors.*, step 0: it (chose|gave)"
    ):
        fixed_reliance(Fixed(answer), chosen(RedBlueDoors), name="mine")
