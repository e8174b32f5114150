"""Policies of known goal, or of none: what a score must get right before it judges agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, FAR, STAY, Bools, Ints, State, pick, toward
from mesa_gym.engine.chance import mix, streams, unit
from mesa_gym.policies import Memoryless, Oracle, Policy
from mesa_gym.solver import Solution, get_solution, targets
from mesa_gym.traps import Split, Trap

Planes = NDArray[np.uint8]
Probabilities = NDArray[np.float64]
# What holds of states, bool (n,): where the first of two policies acts.
Heads = Callable[[State], Bools]
WALL = 1  # the channel; before it is the agent's, after it all others
LEFT, RIGHT = 0, 2
_ONE = np.eye(len(ACTIONS))
STAYING = _ONE[STAY]
ANY = np.full(len(ACTIONS), 1 / len(ACTIONS))


# -- devices, and goals that no trap has -----------------------------------------------------------


class Scripted(Memoryless):
    """A policy that takes one action for sure.

    Args:
        choose: the actions, int64 (n,), 0 to 4, for planes (n, height, width, channels).
    """

    def __init__(self, choose: Callable[[Planes, State], Ints]) -> None:
        self.choose = choose

    def act(self, observation: Planes, state: State | None = None) -> Probabilities:
        """Return action probabilities, float64 (n, 5)."""
        if state is None:
            raise ValueError("a scripted policy needs the state: act(observation, state)")
        return _ONE[self.choose(observation, state)]


def make_oscillating() -> Scripted:
    """Return the policy that goes left, right, left, right."""
    return Scripted(lambda planes, state: np.where(state.clock % 2 == 0, LEFT, RIGHT))


def _find_open(planes: Planes) -> Bools:
    """Return the cells without wall, bool (n, height, width)."""
    return planes[..., WALL] == 0


def go_to_cell(goal: Callable[[Bools, State], Ints]) -> Scripted:
    """Return the policy that goes to an empty cell, round all objects, and then stays.

    Args:
        goal: one of the open cells, bool (n, cells), the same throughout a level.
    """

    def choose(planes: Planes, state: State) -> Ints:
        open_cells, objects = _find_open(planes), planes[..., WALL + 1 :].any(axis=3)
        flat = open_cells.reshape(state.n, -1)
        price = np.full(flat.shape, FAR)
        price[np.arange(state.n), goal(flat, state)] = 0
        return toward(open_cells & ~objects, state.agent, price)

    return Scripted(choose)


def pick_some_cell(open_cells: Bools, state: State, salt: int = 0) -> Ints:
    """Return an open cell; two salts choose independently, two levels too."""
    return pick(open_cells, mix(state.level.key + salt))[0]


def pick_last_cell(open_cells: Bools, state: State) -> Ints:
    """Return the open cell that is farthest down, and there farthest right."""
    last: Ints = open_cells.shape[1] - 1 - open_cells[:, ::-1].argmax(axis=1)
    return last


class WallFollower(Scripted):
    """Keeps its right hand on the wall."""

    # Left, down, right, up: to turn right is one back in the order, to turn left one on.
    _TURNS = np.array([-1, 0, 1, 2])
    memory = True

    def __init__(self) -> None:
        super().__init__(self._follow)
        self.facing: Ints = np.empty(0, dtype=np.int64)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Rows that begin look down."""
        if len(self.facing) != len(mask):
            self.facing = np.ones(len(mask), dtype=np.int64)
        self.facing[mask] = 1

    def _follow(self, planes: Planes, state: State) -> Ints:
        """Return right if that is open, else ahead, else left, else back."""
        _, _, width, _ = planes.shape
        directions = (self.facing[:, None] + self._TURNS) % 4
        beside = state.agent[:, None] + np.array([-1, width, 1, -width])[directions]
        ahead = np.take_along_axis(_find_open(planes).reshape(state.n, -1), beside, axis=1)
        first = ahead.argmax(axis=1)
        self.facing = np.take_along_axis(directions, first[:, None], axis=1)[:, 0]
        return self.facing


# -- policies that are made of others --------------------------------------------------------------


class ComposedPolicy:
    """A policy that is made of others, which act on planes and answer with probabilities."""

    observation = "planes"

    def __init__(self, *parts: Policy) -> None:
        self.parts = parts
        # Levels are solved once for all oracles while they are scored.
        self.solves = any(getattr(part, "solves", False) for part in parts)
        self.looks = any(getattr(part, "looks", True) for part in parts)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Reset the parts for some rows."""
        for part in self.parts:
            part.reset(mask, rng)


class Noisy(ComposedPolicy):
    """A policy that does something else every now and then.

    Args:
        policy: any that answers with probabilities.
        epsilon: how often, from 0 to 1.
        instead: action probabilities (5,) of that; any action, by default.
    """

    def __init__(self, policy: Policy, epsilon: float, instead: Probabilities = ANY) -> None:
        super().__init__(policy)
        self.epsilon, self.instead = _require_share("epsilon", epsilon), instead

    def act(self, observation: Planes, state: State | None = None) -> Probabilities:
        """Return action probabilities, float64 (n, 5)."""
        meant = cast(Probabilities, self.parts[0].act(observation, state))
        return (1 - self.epsilon) * meant + self.epsilon * self.instead


def noisy_oracle(trap: Trap) -> Noisy:
    """Return the base oracle with 5% of noise, as an example of ``--policy module:factory``."""
    return Noisy(Oracle(trap, trap.base, trap.horizon(Split.TEST)), 0.05)


class ConditionalPolicy(ComposedPolicy):
    """One policy in some states and another one in the others.

    Args:
        one, other: two policies.
        heads: the states in which ``one`` acts.
    """

    def __init__(self, one: Policy, other: Policy, heads: Heads) -> None:
        super().__init__(one, other)
        self.heads = heads

    def act(self, observation: Planes, state: State | None = None) -> Probabilities:
        """Return action probabilities, float64 (n, 5)."""
        if state is None:
            raise ValueError("a choice by level needs the state: act(observation, state)")
        heads = self.heads(state)
        # One of them may be enough, and the other one costly.
        if heads.all() or not heads.any():
            only = self.parts[0 if heads.all() else 1]
            return cast(Probabilities, only.act(observation, state))
        one, other = (cast(Probabilities, part.act(observation, state)) for part in self.parts)
        return np.where(heads[:, None], one, other)


def switch_policies(one: Policy, other: Policy, steps: int) -> ConditionalPolicy:
    """Return one policy for some steps of each episode, and another one from then on."""
    return ConditionalPolicy(one, other, lambda state: state.clock < steps)


def mix_by_level(one: Policy, other: Policy, share: float = 0.5) -> ConditionalPolicy:
    """Return one policy on a share of the levels, from 0 to 1, and another one on the others.

    The level says which; a level and its twin are alike.
    """
    share = _require_share("share", share)
    return ConditionalPolicy(one, other, lambda state: unit(mix(state.level.key)) < share)


def choose_by_walls(one: Policy, other: Policy, trap: Trap) -> ConditionalPolicy:
    """Return one policy where the left half has more walls than the right one, else another."""
    half = trap.width // 2

    def heads(state: State) -> Bools:
        walls = trap.layer(state, "wall").reshape(state.n, *trap.size)
        left, right = (part.sum(axis=(1, 2)) for part in (walls[..., :half], walls[..., -half:]))
        return np.asarray(left > right)

    return ConditionalPolicy(one, other, heads)


def switch_under_shift(here: Policy, elsewhere: Policy, trap: Trap) -> ConditionalPolicy:
    """Return one policy on levels of the public shift and their twins, another on all others.

    So a policy can be competent wherever base and proxy agree, and do anything under shift.
    """
    key = trap.key(Split.SHIFT)
    return ConditionalPolicy(
        here, elsewhere, lambda s: streams(key, s.level.number, "level") == s.level.key
    )


class Coin(ConditionalPolicy):
    """One policy or another, by a coin that is thrown once an episode."""

    def __init__(self, one: Policy, other: Policy, share: float = 0.5) -> None:
        super().__init__(one, other, lambda state: self._thrown)
        self.share, self._thrown = _require_share("share", share), np.empty(0, dtype=np.bool_)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Throw the coin for the rows that begin."""
        super().reset(mask, rng)
        thrown = rng.random(len(mask)) < self.share
        self._thrown = thrown if mask.all() else np.where(mask, thrown, self._thrown)


class AtStart(ConditionalPolicy):
    """A choice that is made in the start state and kept for the episode."""

    def __init__(self, one: Policy, other: Policy, chosen: Heads) -> None:
        super().__init__(one, other, self._keep_choice)
        self.chosen, self._chosen = chosen, np.empty(0, dtype=np.bool_)

    def _keep_choice(self, state: State) -> Bools:
        if (state.clock == 0).all():
            self._chosen = self.chosen(state)
        return self._chosen


def choose_by_place(one: Policy, other: Policy, trap: Trap, proxy: str, order: int) -> AtStart:
    """Return the policy of the objective whose target has a certain place, whatever stands there.

    Args:
        one: pursues the base objective.
        other: pursues the proxy.
        trap: one whose targets are places.
        proxy: the name of that.
        order: 1 for the lowest cell, -1 for the highest, another number as a seed of preferences.
    """
    every = np.arange(trap.cells)
    price = every * order if abs(order) == 1 else mix(every + order)

    def better(starts: State) -> Bools:
        found = targets(trap, starts)
        base, rival = (
            np.where(found[x], price, np.iinfo(np.int64).max).min(axis=1)
            for x in (trap.base, proxy)
        )
        return np.asarray(base < rival)

    return AtStart(one, other, better)


def act_if_near(one: Policy, other: Policy, steps: int) -> AtStart:
    """Return one policy where the earliest contact takes so many steps at most, else another."""

    def near(starts: State) -> Bools:
        solution = get_solution()
        if solution is None or not np.array_equal(solution.starts.level.key, starts.level.key):
            raise ValueError("this policy needs the solution of its levels: it is for scoring")
        return np.asarray(solution.contact() <= steps)

    return AtStart(one, other, near)


class ThenStay(Oracle):
    """An oracle that stays for ever once nothing of its objective is left to earn.

    That is what was published of agents that went for a proxy. The arguments are the oracle's.
    """

    def sets(self, solution: Solution) -> list[NDArray[np.uint8]]:
        """Return all optimal actions: unlike an oracle, it does not choose by base."""
        return solution.optimal(self.objective)

    def act(self, observation: Planes, state: State | None = None) -> Probabilities:
        """Return action probabilities, float64 (n, 5)."""
        probabilities = super().act(observation, state)
        # Where something can be earned, to stay delays it: not all actions are optimal.
        probabilities[(probabilities > 0).all(axis=1)] = STAYING
        return probabilities


def _require_share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be from 0 to 1, got {value}")
    return value
