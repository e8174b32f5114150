"""Checks of solvable traps: what is solved is the trap itself, and its certificates hold."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mesa_gym.envs.infos import objectives
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.grid import ACTIONS, Ints
from mesa_gym.policies import Oracle
from mesa_gym.solver import Solution, solutions
from mesa_gym.solver.certificate import (
    MEAN_STATES,
    MOST_STATES,
    Agreement,
    Attainability,
    Certificate,
    Separation,
    certify,
)
from mesa_gym.solver.graph import state_words
from mesa_gym.testing.check import SAMPLE, ConformanceError, check
from mesa_gym.testing.explored import Explored, explore, packed
from mesa_gym.traps import Split, Trap

CLOSE = 1e-6


@check
def check_size(trap: Trap, levels: int = SAMPLE) -> None:
    """The state graph is small enough for the solver."""
    if not trap.solvable:
        return
    for split in Split:
        explored = explore(trap, split, levels)
        states = np.bincount(explored.state.level, minlength=levels)
        if not explored.complete or states.mean() > MEAN_STATES or states.max() > MOST_STATES:
            raise ConformanceError(
                f"a level has {states.mean():,.0f} states{'' if explored.complete else ' or more'}"
                f" on average and one has {states.max():,}; the contract allows {MEAN_STATES:,} and"
                f" {MOST_STATES:,}: mazes rather than open rooms, fewer objects",
                split,
                int(states.argmax()),
            )


@check
def check_solver_key(trap: Trap, levels: int = SAMPLE) -> None:
    """Two states that are one to the solver pay, end and go on alike."""
    if not trap.solvable:
        return
    for split in Split:
        explored = explore(trap, split, levels)
        same = _classes([state_words(explored.state)])
        successor = np.where(explored.successor >= 0, same[explored.successor], -1)
        facts = {**explored.paid, "its end": explored.ended, "the state after": successor}
        _require_alike_within(
            explored,
            split,
            same,
            facts,
            "two states that the solver takes for one (the same visible planes, once-marks and"
            " `vars`) differ in {}; payments may not hang on a hidden plane that changes, but on"
            " a `once` mark",
        )


@check
def check_visible(trap: Trap, levels: int = SAMPLE) -> None:
    """Two states of a level that look alike pay the base objective, end and go on alike.

    With ``vars`` what the world looks like next is left out: they may be a mover's plan.
    """
    if not trap.solvable:
        return
    for split in Split:
        explored = explore(trap, split, levels)
        state = explored.state
        same = _classes([state.level, state.planes])
        after = state.cell if trap.vars else same
        facts = {
            f"what {trap.base!r} pays": explored.paid[trap.base],
            "its end": explored.ended,
            "what is seen after": np.where(explored.successor >= 0, after[explored.successor], -1),
        }
        _require_alike_within(
            explored,
            split,
            same,
            facts,
            "two states that look alike to the agent differ in {}; what rules use is seen: draw"
            " it in a plane",
        )


def _classes(parts: list[np.ndarray]) -> Ints:
    """For each row the first row with the same content, int64 (n,)."""
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(row, i) for i, row in enumerate(packed(parts))])


def _require_alike_within(
    explored: Explored, split: Split, same: Ints, facts: dict[str, np.ndarray], what: str
) -> None:
    for name, values in facts.items():
        # A state whose successors were not numbered has nothing to compare.
        differs = (values != values[:, same]).any(axis=0)
        if explored.complete and differs.any():
            raise ConformanceError(
                what.format(name), split, int(explored.state.level[differs.argmax()])
            )


# -- certificates ----------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _certificate(trap: Trap, levels: int) -> Certificate:
    return certify(trap, levels)


def _require(parts: Sequence[Agreement | Attainability | Separation], what: str) -> None:
    failing = [str(part) for part in parts if not part.holds]
    if failing:
        raise ConformanceError(f"{what}: {'; '.join(failing)}")


@check
def check_attainability(trap: Trap, levels: int = SAMPLE) -> None:
    """The base objective, and under shift each proxy, can beat the floor on every level."""
    if trap.solvable:
        _require(
            _certificate(trap, levels).attainability,
            "some level pays no more than acting at random or staying; draw targets where they"
            " can be reached in time",
        )


@check
def check_agreement(trap: Trap, levels: int = SAMPLE) -> None:
    """On train, test and control whoever is optimal for the base objective is so for proxies."""
    if trap.solvable:
        _require(
            _certificate(trap, levels).agreement,
            "base-optimal policies lose too much of a proxy's optimum where the two should agree;"
            " look at the worst level, or declare a `delta` and say why",
        )


@check
def check_separation(trap: Trap, levels: int = SAMPLE) -> None:
    """Under shift, optimal behaviour for one objective costs half of the other on 99% of levels."""
    if trap.solvable:
        _require(
            _certificate(trap, levels).separation,
            "the shift does not tell the objectives apart; draw it so that one costs the other",
        )


@check
def check_oracle(trap: Trap, levels: int = SAMPLE) -> None:
    """Stepping the environment, each oracle earns the solver's optimum on every level."""
    if not trap.solvable:
        return
    for split in Split:
        horizon = trap.horizon(split)
        starts = trap.levels(split, np.arange(levels))
        for chunk, solution in solutions(trap, starts, horizon):
            for name in trap.objectives:
                numbers = np.arange(levels)[chunk]
                earned = oracle_return(trap, split, numbers, name, solution)
                wrong = np.abs(earned - solution.optimum(name)) > CLOSE
                if wrong.any():
                    row = int(wrong.argmax())
                    raise ConformanceError(
                        f"the oracle of {name!r} earns {earned[row]:.6f} in the environment, the"
                        f" solver's optimum is {solution.optimum(name)[row]:.6f}; rules must be a"
                        " function of what the solver's key holds",
                        split,
                        int(numbers[row]),
                    )


def oracle_return(
    trap: Trap, split: Split, numbers: Ints, objective: str, solution: Solution
) -> NDArray[np.float64]:
    """What an oracle earns of its objective by stepping a vector environment.

    Args:
        trap: the trap.
        split: whose levels.
        numbers: int64 (n,), the levels.
        objective: the oracle's.
        solution: of just these levels, in their order.

    Returns:
        float64 (n,), discounted returns.
    """
    state = solution.starts.copy()
    oracle = Oracle(trap, objective, solution.horizon)
    oracle.learn(solution)
    env = TrapVectorEnv(trap, len(numbers), split=split.value)
    seen, _ = env.reset(options={"level": numbers})
    earned = np.zeros(len(numbers))
    alive = np.arange(len(numbers))
    for t in range(solution.horizon):
        if not np.array_equal(seen[alive], state.planes):
            raise ConformanceError("the environment shows another state than the trap's", split)
        actions = np.full(len(numbers), len(ACTIONS) - 1)
        actions[alive] = oracle.act(seen[alive], state).argmax(axis=1)
        seen, _, terminated, truncated, infos = env.step(actions)
        paid = np.asarray(objectives(infos)[objective])
        earned[alive] += trap.discount(objective) ** t * paid[alive]
        trap.advance(state, actions[alive])
        going = ~(terminated | truncated)[alive]
        alive, state = alive[going], state.take(going.nonzero()[0])
        if not alive.size:
            break
    return earned
