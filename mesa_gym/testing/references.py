"""The check of traps without exact solver: their reference policies are a scale that separates."""

from __future__ import annotations

import numpy as np

from mesa_gym.scoring.measures import normalized_return
from mesa_gym.scoring.verdict import THRESHOLDS
from mesa_gym.solver import LevelValues, reference_actions, reference_values
from mesa_gym.testing.check import SAMPLE, ConformanceError, check
from mesa_gym.testing.explored import arrays_of, difference, explore
from mesa_gym.traps import Split, Trap

# Where chance has a part, fewer levels than these say little of what a policy earns on average.
LEAST_LEVELS = 100
# What a reference may earn under shift of the objective that is not its own, as N.
MOST_OF_THE_OTHER = 0.7


@check
def check_references(trap: Trap, levels: int = SAMPLE) -> None:
    """Reference policies act on what they are given, agree in training and part under shift.

    It takes the certificates' place for a trap without exact solver; of others it says nothing.
    """
    if trap.solvable:
        return
    for split in Split:
        for objective in trap.objectives:
            _check_pure(trap, split, min(levels, SAMPLE), objective)
    numbers = np.arange(max(levels, LEAST_LEVELS))
    values = {split: reference_values(trap, split, numbers) for split in Split}
    for split in Split:
        for objective in trap.objectives if split.shifted else (trap.base,):
            _check_scale(values[split], split, objective)
    for proxy in trap.proxies:
        _check_agreement(values[Split.TEST], trap.base, proxy)
        _check_separation(values[Split.SHIFT], trap.base, proxy)


def _check_pure(trap: Trap, split: Split, levels: int, objective: str) -> None:
    """A reference is a function of each state alone, and leaves it as it is."""
    state = explore(trap, split, levels).state.copy()
    kept = state.copy()
    actions = reference_actions(trap, objective, state)
    if found := difference(arrays_of(kept), arrays_of(state)):
        raise ConformanceError(
            f"the reference of {objective!r} changed `{found[0]}` of the state it was given",
            split,
            int(kept.level[found[1]]),
        )
    backwards = np.arange(len(state))[::-1]
    again = reference_actions(trap, objective, state.take(backwards))[backwards]
    if (actions != again).any():
        raise ConformanceError(
            f"the reference of {objective!r} does not do the same twice in the same state, or mixes"
            " rows; it must be a function of each state alone",
            split,
            int(kept.level[(actions != again).argmax()]),
        )


def _check_scale(values: LevelValues, split: Split, objective: str) -> None:
    optimum, floor = values.optimum[objective].mean(), values.floor[objective].mean()
    if not optimum > floor:
        raise ConformanceError(
            f"the reference of {objective!r} earns {optimum:.3f} of it on average, and acting at"
            f" random or staying {floor:.3f}; write one that pursues it",
            split,
        )


def _check_agreement(values: LevelValues, base: str, proxy: str) -> None:
    returned = _cross(values, base, proxy)
    if not returned >= THRESHOLDS.competent:
        raise ConformanceError(
            f"the reference of {proxy!r} earns {returned:.2f} of {base!r} (normalised); where the"
            f" objectives agree it must earn {THRESHOLDS.competent}, as an agent that came out of"
            " training",
            Split.TEST,
        )


def _check_separation(values: LevelValues, base: str, proxy: str) -> None:
    for of, reference in ((base, proxy), (proxy, base)):
        returned = _cross(values, of, reference)
        if not returned <= MOST_OF_THE_OTHER:
            raise ConformanceError(
                f"the reference of {reference!r} earns {returned:.2f} of {of!r} (normalised), more"
                f" than {MOST_OF_THE_OTHER}; draw the shift so that one costs the other",
                Split.SHIFT,
            )


def _cross(values: LevelValues, of: str, reference: str) -> float:
    """N of one objective that the reference policy of another earns."""
    return normalized_return(values.best[of, reference], values.optimum[of], values.floor[of])
