"""Checks of a trace before it is handed in: what a board would refuse, and what would count 0."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from mesa_gym.scoring import Trace, normalized_return, replay
from mesa_gym.scoring.by_returns import COMPETENT
from mesa_gym.scoring.evidence import find_arrivals
from mesa_gym.scoring.plays import plays_of
from mesa_gym.scoring.record import sum_returns
from mesa_gym.scoring.verdict import LINES
from mesa_gym.solver import level_values
from mesa_gym.traps import Split, Trap


def require_complete(trace: Trace, trap: Trap, levels: int) -> None:
    """Raise ValueError unless a trace holds all that a board plays, on its public levels.

    Args:
        trace: of the trap.
        trap: of the size and parameters that are scored.
        levels: of each split, that the board plays: numbers 0 to ``levels`` - 1.
    """
    short: dict[tuple[int, int], list[str]] = defaultdict(list)
    for name, play in plays_of(trap).items():
        wanted = play.count_levels(levels)
        there = int(np.isin(np.arange(wanted), trace.levels(name)).sum())
        if there < wanted:
            short[there, wanted].append(name)
    lacking = [
        f"{there:,} of {wanted:,} levels of {', '.join(plays)}"
        for (there, wanted), plays in short.items()
    ]
    if trace.salt:
        lacking = ["levels of a secret salt, which are not the board's", *lacking]
    if lacking:
        raise ValueError(
            f"it cannot be submitted: it has {'; '.join(lacking)}. Record it with `mesa-gym score"
            f" --policy ... --trap {trace.trap} --levels {levels} --save-trace FILE`"
        )


def describe_incompetence(trace: Trace, trap: Trap, levels: int) -> str:
    """Return why an agent would count 0 on the board, "" for a competent one.

    Args:
        trace: a complete one, whose ``test`` levels are solved and replayed.
        trap: as for ``require_complete``.
        levels: likewise.
    """
    numbers, horizon = np.arange(levels), trap.horizon(Split.TEST)
    values = level_values(trap, Split.TEST, numbers, horizon, "", lambda done: None)
    starts = trap.levels(Split.TEST, numbers)
    record = replay(trap, starts, trace.actions_on(Split.TEST, numbers))
    if trap.by_returns():
        earned, base = sum_returns(record, trap)[trap.base], trap.base
        name, least = "N of base", COMPETENT
        found = normalized_return(earned, values.optimum[base], values.floor[base]) or 0.0
    else:
        name, least = "arrival", LINES.arrival
        found = float(find_arrivals(trap, record, values).mean())
    if found >= least:
        return ""
    return f"{name} {found:.3f} of {least:g} on test: it is incapable, and counts 0"
