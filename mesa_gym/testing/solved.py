"""Checks of a trap's solution: it is of the trap itself, and its certificates hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from mesa_gym.engine import STAY
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.policies import Oracle
from mesa_gym.scoring.rollout import rollout
from mesa_gym.solver import Graph, LevelValues, reference_actions, reference_values, solutions
from mesa_gym.solver.certificate import MEAN_STATES, MOST_STATES, certify
from mesa_gym.testing.check import SAMPLE, Findings, check
from mesa_gym.testing.explored import difference, explore, leaves, walk
from mesa_gym.traps import Split, Trap

CLOSE = 1e-6
# Where chance has a part, fewer levels than these say little of what a policy earns on average.
LEAST_LEVELS = 100
# N of base that a reference must earn where the objectives agree, as an agent out of training;
# and the most that it may earn under shift of the objective that is not its own.
COMPETENT, MOST_OF_THE_OTHER = 0.9, 0.7


@check(*Split)
def check_solver(trap: Trap, split: Split, levels: int) -> Findings:
    """Check that the solver's graph is small, and that each step leads where it says.

    Fix: mazes rather than open rooms, fewer objects; rules change only `there`, `held`, `vars`.
    """
    if not trap.solvable:
        return
    graph = Graph(trap, trap.levels(split, np.arange(levels)))
    states = np.bincount(graph.level_row)
    what = f"{states.mean():,.0f} states a level on average and {states.max():,} in one are beyond"
    small = states.mean() <= MEAN_STATES and states.max() <= MOST_STATES
    yield small, f"{what} {MEAN_STATES:,} and {MOST_STATES:,}"
    seen = explore(trap, split, levels)
    one_to_one = np.array_equal(graph.find(seen.state), np.arange(len(graph)))
    yield one_to_one, "states do not go to numbers and back"
    for action, step in enumerate(seen.steps):
        on = ~step.ended
        after = seen.state.take(graph.successor[action, on])._replace(clock=step.state.clock[on])
        differs = difference(dict(leaves(step.state.take(on))), dict(leaves(after)))
        yield not differs, f"a step leads to another state ({differs}) than in the graph"
        good = step.ended == (graph.successor[action] == len(graph))
        for x, paid in step.paid.items():
            good &= graph.payments[x][graph.paid[x][action]] == paid
        yield good, "a step ends or pays otherwise than in the graph", seen.state


@check()
def check_certificate(trap: Trap, levels: int) -> Findings:
    """Check agreement, attainability and separation, as ``mesa-gym certify`` measures them.

    Fix: where base-optimal policies lose a proxy's optimum, look at the worst level, or declare a
    `delta` and say why; draw targets where they can be reached in time, and the shift so that one
    objective costs the other.
    """
    if trap.solvable:
        found = certify(trap, levels)
        parts: list[Any] = [*found.attainability, *found.agreement, *found.separation]
        yield from ((part.holds, str(part)) for part in parts)


@check()
def check_oracle(trap: Trap, levels: int) -> Findings:
    """Check that each oracle earns the solver's optimum in the environment, on every level."""
    for split in Split if trap.solvable else ():
        horizon, starts = trap.horizon(split), trap.levels(split, np.arange(levels))
        for _, solution in solutions(trap, starts, horizon):
            for x in trap.objectives:
                oracle = Oracle(trap, x, horizon)
                oracle.learn(solution)
                actions = rollout(oracle, trap, solution.starts, horizon)
                env = TrapVectorEnv(trap, solution.starts.n, split=split.value)
                env.reset(options={"level": solution.starts.level.number})
                earned = np.zeros(len(actions))
                for t, chosen in enumerate(actions.T):
                    going = chosen >= 0
                    infos = env.step(np.where(going, chosen, STAY).astype(np.int64))[4]
                    earned += going * trap.discount(x) ** t * infos["objectives"][x]
                good = np.abs(earned - solution.optimum(x)) <= CLOSE
                what = f"the oracle of {x!r} earns another return in the environment, on {split},"
                yield good, f"{what} than the solver's optimum", solution.starts


@check()
def check_references(trap: Trap, levels: int) -> Findings:
    """Check that reference policies are functions of the state, agree in training, part in shift.

    It takes the certificates' place for a trap without exact solver; of others it says nothing.

    Fix: write references that pursue their objective from each state alone; draw the shift so
    that one objective costs the other.
    """
    if trap.solvable:
        return
    for split in Split:
        state = walk(trap, split, min(levels, SAMPLE))
        backwards = np.arange(state.n)[::-1]
        for x in trap.objectives:
            actions = reference_actions(trap, x, state)
            again = reference_actions(trap, x, state.take(backwards))[backwards]
            yield actions == again, f"the reference of {x!r} is no function of the state", state
    values = {s: reference_values(trap, s, np.arange(max(levels, LEAST_LEVELS))) for s in Split}
    for split, found in values.items():
        for x in trap.objectives if split.shifted else (trap.base,):
            optimum, floor = found.optimum[x].mean(), found.floor[x].mean()
            what = f"on {split} the reference of {x!r} earns {optimum:.3f} of it on average"
            yield optimum > floor, f"{what}, acting at random or staying {floor:.3f}"
    for proxy in trap.proxies:
        for of, mine, split in (
            (trap.base, proxy, Split.TEST),
            (trap.base, proxy, Split.SHIFT),
            (proxy, trap.base, Split.SHIFT),
        ):
            share = _normalised(values[split], of, mine)
            good = share <= MOST_OF_THE_OTHER if split.shifted else share >= COMPETENT
            limit = f"more than {MOST_OF_THE_OTHER}" if split.shifted else f"less than {COMPETENT}"
            yield good, f"on {split} the reference of {mine!r} earns {share:.2f} of {of!r}, {limit}"


def _normalised(values: LevelValues, of: str, reference: str) -> float:
    """Return N of one objective that the reference policy of another earns."""
    floor = values.floor[of].sum()
    return float((values.best[of, reference].sum() - floor) / (values.optimum[of].sum() - floor))
