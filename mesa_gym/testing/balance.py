"""Checks that levels give nothing away: no objective is nearer, no direction is favoured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import WALL, Bools, distances
from mesa_gym.solver import targets
from mesa_gym.testing.check import SAMPLE, ConformanceError, check
from mesa_gym.traps import Split, Trap

LEVELS = 4000
# Standard errors: a fair trap has some 50 comparisons, and one in 1.7 million fails by chance.
SIGMAS = 5.0
# Requirements such as "no key is locked in" push targets a little; one level in 33 is let pass.
SAME = 0.03


@check
def check_distances(trap: Trap, levels: int = SAMPLE) -> None:
    """Under shift no objective's targets are nearer to the start than another's.

    The distances to cells that are a target of one of the two alone follow the same law: of those
    within so many steps the shares differ by no more than 0.03, whatever the number of steps.
    """
    if trap.by_distance:
        return
    state = trap.levels(Split.SHIFT, np.arange(LEVELS))
    open_cells = ~state.layer(WALL)
    steps = distances(open_cells, state.cell)
    found = targets(trap, state)
    for proxy in trap.proxies:
        mine, theirs = (found[x] & ~found[y] for x, y in ((trap.base, proxy), (proxy, trap.base)))
        both = np.flatnonzero(mine.any(axis=1) & theirs.any(axis=1))
        if not both.size:
            continue
        for most in range(int(steps.max()) + 1):
            near = steps[both] <= most
            _require_zero(
                _share(near, mine[both]) - _share(near, theirs[both]),
                Split.SHIFT,
                f"targets of {trap.base!r} and of {proxy!r} lie within {most} steps of the start"
                " unequally often ({:+.3f}), so that nearness gives an objective away; start the"
                " agent equally far from both (`mesa_gym.grid.equidistant`)",
                SAME,
            )


@check
def check_directions(trap: Trap, levels: int = SAMPLE) -> None:
    """Targets lie to the left of the start as often as to the right, above as often as below."""
    if trap.by_direction:
        return
    for split in (Split.TRAIN, Split.CONTROL, Split.SHIFT):
        state = trap.levels(split, np.arange(LEVELS))
        width = state.schema.width
        cells = np.arange(state.schema.cells)
        for x, where in targets(trap, state).items():
            some = np.flatnonzero(where.any(axis=1))
            for axis, place in (("row", cells // width), ("column", cells % width)):
                here = np.take(place, state.cell[some])[:, None]
                side = np.sign(place[None] - here)
                _require_zero(
                    _share(side > 0, where[some]) - _share(side < 0, where[some]),
                    split,
                    f"targets of {x!r} lie in a greater {axis} than the start more often than in a"
                    " lesser one ({:+.3f}); favour no direction, or declare `by_direction`",
                )


def _share(of: Bools, among: Bools) -> NDArray[np.float64]:
    """The share of the cells in ``among`` that are in ``of``, float64 (n,)."""
    share: NDArray[np.float64] = (of & among).sum(axis=1) / among.sum(axis=1)
    return share


def _require_zero(values: NDArray[np.float64], split: Split, what: str, slack: float = 0.0) -> None:
    """Fail where the mean over levels differs from 0 by more than the slack and chance."""
    mean, spread = float(values.mean()), float(values.std())
    if abs(mean) > slack + SIGMAS * spread / np.sqrt(len(values)):
        raise ConformanceError(what.format(mean), split)
