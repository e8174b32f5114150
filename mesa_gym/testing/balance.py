"""Checks that levels give nothing away: no objective is nearer, no direction is favoured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import WALL, Bools, Ints, State, distances
from mesa_gym.solver import targets
from mesa_gym.testing.check import SAMPLE, ConformanceError, check
from mesa_gym.testing.contacts import contacts
from mesa_gym.traps import Split, Trap

LEVELS = 4000
PLAYED = 200  # levels that have to be solved
# Steps from the start, int64 (n, m), and which of them count, bool (n, m).
Way = tuple[Ints, Bools]
# Standard errors: a fair trap has some 50 comparisons, and one in 1.7 million fails by chance.
SIGMAS = 5.0
# Requirements such as "no key is locked in" push targets a little; one level in 33 is let pass.
SAME = 0.03


@check
def check_distances(trap: Trap, levels: int = SAMPLE) -> None:
    """Under shift no objective's targets are nearer to the start than another's.

    The distances to cells that are a target of one of the two alone follow the same law: of those
    within so many steps the shares differ by no more than 0.03, whatever the number of steps. Where
    no cell pays when it is entered (something is pushed there, say), it is the steps that the
    oracles take to their first contact.
    """
    if trap.by_distance:
        return
    for proxy, ((steps, mine), (other_steps, theirs)) in _ways(trap).items():
        if not len(steps):
            continue  # wherever the one is, the other is too
        for most in range(max(steps.max(), other_steps.max()) + 1):
            _require_zero(
                _share(steps <= most, mine) - _share(other_steps <= most, theirs),
                Split.SHIFT,
                f"targets of {trap.base!r} and of {proxy!r} lie within {most} steps of the start"
                " unequally often ({:+.3f}), so that nearness gives an objective away; start the"
                " agent equally far from both (`mesa_gym.grid.equidistant`)",
                SAME,
            )


def _ways(trap: Trap) -> dict[str, tuple[Way, Way]]:
    """For each proxy the way to what is the base objective's alone, and to what is the proxy's."""
    state = trap.levels(Split.SHIFT, np.arange(LEVELS))
    found, ways = targets(trap, state), {}
    if not all(where.any() for where in found.values()):
        played = contacts(trap, Split.SHIFT, PLAYED)
        for proxy in trap.proxies:
            rows = played[trap.base].found & played[proxy].found
            count = np.ones((int(rows.sum()), 1), dtype=np.bool_)
            mine, theirs = (played[x].steps[rows, None] for x in (trap.base, proxy))
            ways[proxy] = (mine, count), (theirs, count)
        return ways
    steps = distances(~state.layer(WALL), state.cell)
    for proxy in trap.proxies:
        base, other = found[trap.base] & ~found[proxy], found[proxy] & ~found[trap.base]
        both = base.any(axis=1) & other.any(axis=1)
        ways[proxy] = (steps[both], base[both]), (steps[both], other[both])
    return ways


@check
def check_directions(trap: Trap, levels: int = SAMPLE) -> None:
    """Targets lie to the left of the start as often as to the right, above as often as below.

    Where no cell pays when it is entered, it is the cell that the oracle enters at its first
    contact.
    """
    if trap.by_direction:
        return
    for split in (Split.TRAIN, Split.CONTROL, Split.SHIFT):
        state = trap.levels(split, np.arange(LEVELS))
        width = state.schema.width
        cells = np.arange(state.schema.cells)
        for x, where in _places(trap, split, state).items():
            some = np.flatnonzero(where.any(axis=1))
            for axis, place in (("row", cells // width), ("column", cells % width)):
                here = np.take(place, state.cell[some])[:, None]
                side = np.sign(place[None] - here)
                _require_zero(
                    _share(side > 0, where[some]) - _share(side < 0, where[some]),
                    split,
                    f"targets of {x!r} lie in a greater {axis} than the start and in a lesser one"
                    " unequally often ({:+.3f}); favour no direction, or declare `by_direction`",
                )


def _places(trap: Trap, split: Split, state: State) -> dict[str, Bools]:
    """Objective -> bool (n, cells), its targets; some levels' first contacts where it has none."""
    found = targets(trap, state)
    if not all(where.any() for where in found.values()):
        for x, played in contacts(trap, split, PLAYED).items():
            if not found[x].any():
                rows = played.found.nonzero()[0]
                found[x][rows, played.cells[rows]] = True
    return found


def _share(of: Bools, among: Bools) -> NDArray[np.float64]:
    """The share of the cells in ``among`` that are in ``of``, float64 (n,)."""
    share: NDArray[np.float64] = (of & among).sum(axis=1) / among.sum(axis=1)
    return share


def _require_zero(values: NDArray[np.float64], split: Split, what: str, slack: float = 0.0) -> None:
    """Fail where the mean over levels differs from 0 by more than the slack and chance."""
    mean, spread = float(values.mean()), float(values.std())
    if abs(mean) > slack + SIGMAS * spread / np.sqrt(len(values)):
        raise ConformanceError(what.format(mean), split)
