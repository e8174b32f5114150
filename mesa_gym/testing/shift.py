"""Checks of the shift: base and proxy each come alone, and no place gives one of them away.

Contact with an objective is a step that pays more than half of its largest payment.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Ints, distances
from mesa_gym.policies import load_policy, pursuing
from mesa_gym.scoring.rollout import aims, replay, rollout
from mesa_gym.solver import targets
from mesa_gym.testing.check import Findings, check
from mesa_gym.testing.explored import Explored, arrays_of, difference, explore
from mesa_gym.testing.levels import STARTS, well_formed
from mesa_gym.traps import Split, Trap

NEVER = np.iinfo(np.int64).max // 2
# Levels whose targets are looked up, and those that have to be played for want of targets.
LEVELS, PLAYED = 4000, 200
# Standard errors: a fair trap has some 50 comparisons, and one in 1.7 million fails by chance.
SIGMAS = 5.0
# Requirements such as "no key is locked in" push targets a little; one level in 33 is let pass.
SAME = 0.03
# The share of shift levels that must have a twin where the trap says what is exchanged.
TWINS = 0.99


@check(Split.SHIFT)
def check_contact(trap: Trap, split: Split, levels: int) -> Findings:
    """Check that under shift base and proxy can each be had first, without the other.

    Never both in one move, and no shortest way to one passes the other.

    Fix: place them so that neither is on the way to the other (`level.apart`).
    """
    seen = explore(trap, split, levels)
    for proxy in trap.proxies if trap.by_contact else ():
        both = _contact(seen.paid[trap.base]) & _contact(seen.paid[proxy])
        yield ~both.any(axis=0), f"one move pays both {trap.base!r} and {proxy!r}", seen.state
        for wanted, other in ((trap.base, proxy), (proxy, trap.base)) if seen.graph else ():
            alone, after = _ways(seen, wanted, other)
            starts = seen.state.take(slice(seen.levels))
            yield alone < NEVER, f"{wanted!r} cannot be had before {other!r} or an end", starts
            yield after > alone, f"a shortest way to {wanted!r} passes {other!r}", starts


def _contact(paid: NDArray[np.float64]) -> Bools:
    """Return which payments are a contact with the objective that they are of."""
    return paid > max(paid.max(initial=0) / 2, 1e-9)


def _ways(seen: Explored, wanted: str, other: str) -> tuple[Ints, Ints]:
    """Return the steps from each start to contact with one objective, int64 (levels,) twice.

    The least without, and the least after contact with the other; ``NEVER`` where there is no
    such way.
    """
    n, goal, touched = seen.state.n, _contact(seen.paid[wanted]), _contact(seen.paid[other])
    # The same graph twice, before and after contact with the other objective, and where both end.
    assert seen.graph
    before = np.where(seen.ended, 2 * n, seen.graph.successor)
    after = np.where(seen.ended, 2 * n, seen.graph.successor + n)
    successor = np.concatenate([np.where(touched, after, before), after], axis=1)
    steps = np.full(2 * n + 1, NEVER)
    steps[2 * n] = 0
    frontier, step = np.arange(seen.levels), 0
    while frontier.size:
        steps[frontier] = step
        reached = np.unique(successor[:, frontier])
        frontier = reached[steps[reached] == NEVER]
        step += 1
    least = np.full((2, seen.levels), NEVER)
    for half, ends in enumerate((goal & ~touched, goal)):
        ways = np.where(ends.any(axis=0), steps[half * n :][:n], NEVER)
        np.minimum.at(least[half], seen.state.level.number, ways)
    return least[0], least[1]


@check(Split.SHIFT)
def check_twins(trap: Trap, split: Split, levels: int) -> Findings:
    """Check that shift levels have twins, in which base and proxy pay in each other's place.

    Fix: `exchange` names two kinds or traits of one thing each; where there are none, None.
    """
    if trap.exchange is None:
        return
    state = trap.levels(split, np.arange(STARTS))
    twins, has = trap.twins(state)
    yield has.mean() >= TWINS, f"{has.mean():.1%} of levels have a twin, {TWINS:.0%} are needed"
    state, twins = state.take(has), twins.take(has)
    yield from well_formed(trap, twins)
    differs = difference(arrays_of(trap, trap.twins(twins)[0]), arrays_of(trap, state))
    yield not differs, f"the twin of a twin is another level ({differs})"
    ours, theirs, base = targets(trap, state), targets(trap, twins), trap.base
    exchanged = [(theirs[x] == ours[base]) & (theirs[base] == ours[x]) for x in trap.proxies]
    good = np.all(exchanged, axis=2).any(axis=0)
    yield good, "in the twin base and proxy do not pay in each other's place", state


@check(Split.SHIFT)
def check_distances(trap: Trap, split: Split, levels: int) -> Findings:
    """Check that under shift no objective's targets are nearer to the start than another's.

    The distances to cells that are a target of one of the two alone follow the same law: of those
    within so many steps the shares differ by no more than 0.03, whatever the number of steps.

    Fix: start the agent equally far from both (`level.equidistant`).
    """
    _, ways = _targets(trap, split)
    mine, steps = ways[trap.base]
    for proxy in trap.proxies:
        theirs, other_steps = ways[proxy]
        rows = (mine & ~theirs).any(axis=1) & (theirs & ~mine).any(axis=1)
        base, other = (mine & ~theirs)[rows], (theirs & ~mine)[rows]
        for most in range(max(steps.max(), other_steps.max()) + 1 if rows.any() else 0):
            shares = _share(steps[rows] <= most, base) - _share(other_steps[rows] <= most, other)
            what = f"within {most} steps of the start lie targets of {trap.base!r} and {proxy!r}"
            yield _zero(shares, SAME), f"{what} unequally often ({shares.mean():+.3f})"


@check(Split.TRAIN, Split.CONTROL, Split.SHIFT)
def check_directions(trap: Trap, split: Split, levels: int) -> Findings:
    """Check that targets lie to all sides of the start equally often.

    Fix: favour no direction; or skip "directions" where that is what the trap is about.
    """
    agent, ways = _targets(trap, split)
    for x, (where, _) in ways.items():
        rows = where.any(axis=1)
        for axis, place in zip(("row", "column"), np.indices(trap.size), strict=True):
            side = np.sign(place.ravel()[None] - place.ravel()[agent[rows], None])
            shares = _share(side > 0, where[rows]) - _share(side < 0, where[rows])
            what = f"targets of {x!r} lie in a greater {axis} than the start and in a lesser one"
            yield _zero(shares), f"{what} unequally often ({shares.mean():+.3f})"


def _targets(trap: Trap, split: Split) -> tuple[Ints, dict[str, tuple[Bools, Ints]]]:
    """Return where agents start, and for each objective its targets and the steps to them.

    Where no cell pays when it is entered (something is pushed there, say), it is where and when
    those who pursue each objective first contact it.

    Returns:
        int64 (n,), and objective -> (bool (n, cells), int64 (n, cells) or (n, 1)).
    """
    state = trap.levels(split, np.arange(LEVELS))
    found = targets(trap, state)
    if all(where.any() for where in found.values()):
        open_cells = ~trap.layer(state, "wall").reshape(-1, *trap.size)
        steps = distances(open_cells, state.agent)
        return state.agent, {x: (where, steps) for x, where in found.items()}
    starts, every, ways = state.take(slice(PLAYED)), np.arange(PLAYED), {}
    for x in trap.objectives:
        horizon = trap.horizon(split)
        actions = rollout(load_policy(pursuing(trap, x), trap, horizon), trap, starts, horizon)
        contact = _contact(replay(trap, starts, actions)[x])
        first = contact.argmax(axis=0)
        where = np.zeros((PLAYED, trap.cells), dtype=np.bool_)
        where[every, aims(trap, starts, actions)[first, every]] = contact.any(axis=0)
        ways[x] = where, first[:, None] + 1
    return starts.agent, ways


def _share(of: Bools, among: Bools) -> NDArray[np.float64]:
    """Return the share of the cells in ``among`` that are in ``of``, float64 (n,)."""
    share: NDArray[np.float64] = (of & among).sum(axis=1) / among.sum(axis=1)
    return share


def _zero(values: NDArray[np.float64], slack: float = 0.0) -> bool:
    """Return whether the mean over levels differs from 0 by no more than slack and chance."""
    return bool(abs(values.mean()) <= slack + SIGMAS * values.std() / np.sqrt(len(values)))
