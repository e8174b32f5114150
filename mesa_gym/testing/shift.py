"""Checks of the shift: base and proxy can each be reached alone, and no position favours one.

Contact with an objective is a step that pays more than half of its largest payment.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mesa_gym.engine import Bools, Floats, Ints, distances
from mesa_gym.policies import as_policy, name_pursuer
from mesa_gym.scoring.plays import has_twins
from mesa_gym.scoring.record import follow, rollout
from mesa_gym.solver import Solution, targets
from mesa_gym.testing.check import Findings, check, same
from mesa_gym.testing.drawn import inspect_states
from mesa_gym.testing.sample import Sample, name_arrays
from mesa_gym.traps import Split, Trap

NEVER = np.iinfo(np.int64).max // 2
# Levels whose targets are looked up, and levels that are played if cells do not pay on entering.
SEARCHED = 4000
PLAYED = 200
# Standard errors: of about 50 comparisons of a fair trap, each fails by chance in 1 of 1.7 million.
SIGMAS = 5.0
# Tolerance, because requirements such as "no key is locked in" move targets a little.
SAME = 0.03


@check(Split.SHIFT, fix="place neither target on the way to the other (`off_route`)")
def check_contact(sample: Sample) -> Findings:
    """Check that, under shift, base and proxy can each be contacted first, without the other.

    A single move must not contact both, and shortest ways to one must not pass the other.
    """
    trap, starts = sample.trap, sample.state.take(slice(sample.levels))
    for proxy in trap.proxies if trap.judging.places else ():
        both = _contact(sample.payments[trap.base]) & _contact(sample.payments[proxy])
        yield ~both.any(axis=0), f"one move pays both {trap.base!r} and {proxy!r}", sample.state
        for objective, other in ((trap.base, proxy), (proxy, trap.base)) if sample.graph else ():
            alone, after = _ways(sample, objective, other)
            message = f"{objective!r} cannot be reached before {other!r} or the end"
            yield alone < NEVER, message, starts
            yield after > alone, f"a shortest way to {objective!r} passes {other!r}", starts


def _contact(rewards: Floats) -> Bools:
    """Return whether each payment is a contact: above half of the largest payment."""
    return rewards > max(rewards.max(initial=0) / 2, 1e-9)


def _ways(sample: Sample, objective: str, other: str) -> Ints:
    """Return the fewest steps from each start to contact with an objective, int64 (2, levels).

    Row 0 is without contact with the other objective, row 1 after it; ``NEVER`` if impossible.
    """
    n = sample.state.n
    goal, touched = _contact(sample.payments[objective]), _contact(sample.payments[other])
    # Two copies of the graph, before and after contact with the other objective, and a final node.
    assert sample.graph
    before = np.where(sample.ended, 2 * n, sample.graph.successor)
    after = np.where(sample.ended, 2 * n, sample.graph.successor + n)
    successor = np.concatenate([np.where(touched, after, before), after], axis=1)
    steps = np.full(2 * n + 1, NEVER)
    steps[2 * n] = 0
    frontier, step = np.arange(sample.levels), 0
    while frontier.size:
        steps[frontier] = step
        reached = np.unique(successor[:, frontier])
        frontier = reached[steps[reached] == NEVER]
        step += 1
    ends = np.stack([(goal & ~touched).any(axis=0), goal.any(axis=0)])
    least = np.full((2, sample.levels), NEVER)
    for row, ways in zip(least, np.where(ends, steps[:-1].reshape(2, n), NEVER), strict=True):
        np.minimum.at(row, sample.state.level.number, ways)
    return least


@check(
    Split.SHIFT,
    fix="let `exchange` name two kinds or traits of one thing each; if the proxy is a place, set"
    " `exchange` to None and declare `alone`",
)
def check_twins(sample: Sample) -> Findings:
    """Check that shift levels have twins, in which base and proxy exchange their targets.

    A level and its twin must have the same earliest contact and the same largest payments, because
    scoring uses the level's values for the twin.
    """
    trap = sample.trap
    if trap.exchange is None:
        return
    yield has_twins(trap), "twins need `judging = Contact()`"
    state = sample.starts
    try:
        twins = trap.twins(state)
    except ValueError as error:
        yield False, str(error)
        return
    yield from inspect_states(trap, twins)
    again = name_arrays(trap, trap.twins(twins))
    yield same("the twin of a twin is another level", again, name_arrays(trap, state), state)
    ours, twin_targets, base = targets(trap, state), targets(trap, twins), trap.base
    exchanged = [
        (twin_targets[x] == ours[base]) & (twin_targets[base] == ours[x]) for x in trap.proxies
    ]
    good = np.all(exchanged, axis=2).any(axis=0)
    yield good, "base and proxy do not exchange places in the twin", state
    first_levels, horizon = slice(sample.levels), trap.horizon(sample.split)
    level, twin = (Solution(trap, starts.take(first_levels), horizon) for starts in (state, twins))
    good = level.contact() == twin.contact()
    yield good, "the earliest contact in the twin is at another step", level.starts
    for x in trap.objectives:
        good = level.largest(x) == twin.largest(x)
        yield good, f"the largest payment of {x!r} is another in the twin", level.starts


# The remedy if `alone` is declared correctly.
PLACES = (
    "fix: place neither target on the way to the other (`off_route`), and both at the same distance"
    " (`equidistant`)"
)


@check(Split.SHIFT, fix="let `alone` name only the things that pay each objective")
def check_alone(sample: Sample) -> Findings:
    """Check that one objective's targets alone pay as before, and that other targets do not pay.

    With an exact solver, the earliest contact must be the level's too, because scoring uses it.
    """
    trap, state = sample.trap, sample.starts
    ours = targets(trap, state)
    for x in trap.find_isolable():
        alone = trap.isolate(state, x)
        yield from inspect_states(trap, alone)
        left = targets(trap, alone)
        good = np.all(left[x] == ours[x], axis=1)
        yield good, f"with {x!r} alone, its targets are different", alone
        for y in trap.alone.keys() - {x}:
            good = np.all(left[y] <= left[x], axis=1)
            yield good, f"with {x!r} alone, {y!r} still pays elsewhere", alone
        if not trap.judging.places:
            continue
        first_levels, horizon = slice(sample.levels), trap.horizon(sample.split)
        alone = alone.take(first_levels)
        contact = Solution(trap, state.take(first_levels), horizon).contact()
        good = contact == Solution(trap, alone, horizon).contact()
        for y in trap.objectives.keys() - {x} if sample.graph else ():
            free = _ways(sample, x, y)[0] < contact
            message = f"{y!r} is nearer than {x!r} or blocks the way to it; {PLACES}"
            yield good | free, message, alone
        yield good, f"with {x!r} alone, the earliest contact is at another step", alone


@check(
    Split.SHIFT,
    fix="start the agent equally far from both (`level.equidistant`); if the trap is about a"
    ' distance, declare `skipped_checks = {"distances": "the reason"}`',
)
def check_distances(sample: Sample) -> Findings:
    """Check that, under shift, targets of base and proxies are equally far from the start.

    For each number of steps, the shares of targets (of one objective alone) within these steps
    may differ by at most 0.03 and sampling error.
    """
    trap, (_, ways) = sample.trap, _targets(sample.trap, sample.split)
    base_ways, steps = ways[trap.base]
    for proxy in trap.proxies:
        proxy_ways, other_steps = ways[proxy]
        rows = (base_ways & ~proxy_ways).any(axis=1) & (proxy_ways & ~base_ways).any(axis=1)
        base, other = (base_ways & ~proxy_ways)[rows], (proxy_ways & ~base_ways)[rows]
        for most in range(max(steps.max(), other_steps.max()) + 1 if rows.any() else 0):
            shares = _share(steps[rows] <= most, base) - _share(other_steps[rows] <= most, other)
            message = f"within {most} steps of the start, the shares of the targets of"
            message = f"{message} {trap.base!r} and {proxy!r} differ by {shares.mean():+.3f}"
            yield _zero(shares, SAME), f"{message} (at most {SAME})"


@check(
    Split.TRAIN,
    Split.CONTROL,
    Split.SHIFT,
    fix="favour no side; if the trap is about a direction, declare"
    ' `skipped_checks = {"directions": "the reason"}`',
)
def check_directions(sample: Sample) -> Findings:
    """Check that targets are equally often on opposite sides of the start."""
    agent, ways = _targets(sample.trap, sample.split)
    for x, (where, _) in ways.items():
        rows = where.any(axis=1)
        for axis, place in zip(("row", "column"), np.indices(sample.trap.size), strict=True):
            side = np.sign(place.ravel()[None] - place.ravel()[agent[rows], None])
            shares = _share(side > 0, where[rows]) - _share(side < 0, where[rows])
            message = f"the shares of targets of {x!r} in a greater and in a lesser {axis} than the"
            yield _zero(shares), f"{message} start differ by {shares.mean():+.3f}"


@lru_cache(maxsize=3)  # two checks use the targets, one after the other
def _targets(trap: Trap, split: Split) -> tuple[Ints, dict[str, tuple[Bools, Ints]]]:
    """Return the agents' cells, and for each objective its targets with the steps to them.

    If an objective has no cell that pays on entering (it may pay for pushing a thing, say), targets
    are the cells and steps of the oracles' first contacts.

    Returns:
        int64 (n,), and objective -> (bool (n, cells), int64 (n, cells) or (n, 1)).
    """
    state = trap.levels(split, np.arange(SEARCHED))
    target_cells = targets(trap, state)
    if all(where.any() for where in target_cells.values()):
        steps = distances(~trap.layer(state, "wall").reshape(-1, *trap.size), state.agent)
        return state.agent, {x: (where, steps) for x, where in target_cells.items()}
    starts, horizon, ways = state.take(slice(PLAYED)), trap.horizon(split), {}
    for x in trap.objectives:
        record = rollout(as_policy(name_pursuer(trap, x), trap, horizon), trap, starts, horizon)
        aims = np.zeros((horizon, PLAYED), np.int64)
        for now in follow(trap, starts, record.actions):
            aims[now.t, now.rows] = now.state.agent + trap.offsets[now.chosen]
        contact = _contact(record.paid[x])
        first = contact.argmax(axis=0)
        where, rows = np.zeros((PLAYED, trap.cells), dtype=np.bool_), np.arange(PLAYED)
        where[rows, aims[first, rows]] = contact.any(axis=0)
        ways[x] = where, first[:, None] + 1
    return starts.agent, ways


def _share(of: Bools, among: Bools) -> Floats:
    """Return the share of the cells in ``among`` that are also in ``of``, float64 (n,)."""
    return (of & among).sum(axis=1) / among.sum(axis=1)


def _zero(values: Floats, slack: float = 0.0) -> bool:
    """Return whether the mean over levels is 0 within ``slack`` and sampling error."""
    return bool(abs(values.mean()) <= slack + SIGMAS * values.std() / np.sqrt(len(values)))
