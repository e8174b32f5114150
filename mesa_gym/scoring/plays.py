"""Plays: what a policy is put through, in this order, and on the levels of which split.

``train``, ``test``, ``control`` and ``shift`` are a trap's own levels. ``again`` is the shift once
more, with independent samples, and ``twins`` are its levels with the targets of base and a proxy
exchanged. ``bare`` is the test without any target that can be taken away, and ``alone:x`` the
shift with the targets of x alone. ``shut`` is the first step of the test, with a wall wherever an
optimal one leads (``mesa_gym.solver.shut``).
"""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import Bools, State
from mesa_gym.errors import unknown
from mesa_gym.policies import Policy
from mesa_gym.scoring.rollout import Record, rollout
from mesa_gym.solver.shut import shut_levels
from mesa_gym.traps import Split, Trap

AGAIN, TWINS, BARE, ALONE, SHUT = "again", "twins", "bare", "alone:", "shut"
# Levels of plays whose targets are taken away, and of all plays of the nulls.
FEW_LEVELS = 250


def plays_of(trap: Trap) -> tuple[str, ...]:
    """Return the plays that scoring a trap takes."""
    if trap.by_returns():
        return tuple(Split)
    bare = (BARE, *(ALONE + x for x in trap.find_isolable())) if trap.alone else ()
    # Walls might contradict cells that a trap keeps beside the grid.
    shut = () if trap.const else (SHUT,)
    return (*Split, AGAIN, *([TWINS] if has_twins(trap) else []), *bare, *shut)


def has_twins(trap: Trap) -> bool:
    """Return whether the twins of a trap's levels are played."""
    return trap.solvable and trap.by_contact and trap.exchange is not None


def split_of(play: str) -> Split:
    """Return the split whose levels a play is of; UnknownNameError if there is no such play."""
    if play in set(Split):
        return Split(play)
    if play in (AGAIN, TWINS) or play.startswith(ALONE):
        return Split.SHIFT
    if play in (BARE, SHUT):
        return Split.TEST
    raise unknown("play", play, (*map(str, Split), AGAIN, TWINS, BARE, SHUT, f"{ALONE}<objective>"))


def takes_away(play: str) -> bool:
    """Return whether targets are taken away in a play."""
    return play == BARE or play.startswith(ALONE)


def count_levels(play: str, levels: int) -> int:
    """Return how many levels of a play are played where so many of each split are scored."""
    return min(levels, FEW_LEVELS) if takes_away(play) else levels


def count_steps(trap: Trap, play: str) -> int:
    """Return how many steps of a play are played at most."""
    return 1 if play == SHUT else trap.horizon(split_of(play))


def change_starts(trap: Trap, play: str, starts: State) -> tuple[State, Bools]:
    """Return start states as a play has them, and bool (n,) whether each exists.

    Args:
        trap: the rules.
        play: its name.
        starts: start states of levels of ``split_of(play)``.

    Raises:
        ValueError: the targets cannot be taken away (``Trap.isolate``), or there are no shut
            levels.
    """
    if play == TWINS:
        return trap.twins(starts)
    if play == SHUT:
        if SHUT not in plays_of(trap):
            raise ValueError(
                f"{trap.name()} has no shut levels: it needs an exact solver, choices, and no"
                " table of cells beside the grid"
            )
        shut = shut_levels(trap, starts, trap.horizon(Split.TEST))
        return shut.starts, shut.counted
    if takes_away(play):
        starts = trap.isolate(starts, play.removeprefix(ALONE) if play != BARE else None)
    return starts, np.ones(starts.n, dtype=np.bool_)


def play(
    policy: Policy, trap: Trap, name: str, starts: State, seed: int = 0, agent: str = ""
) -> Record:
    """Let a policy play levels, as ``rollout`` does.

    Args:
        policy: what acts.
        trap: the rules.
        name: of the play.
        starts: start states of levels of its split; of a play whose targets are taken away, with
            all of them.
        seed: of the sampling.
        agent: name of the policy.

    Returns:
        The record; of levels that do not exist in this play, without actions.
    """
    changed, exists = change_starts(trap, name, starts)
    steps, whole = count_steps(trap, name), starts if takes_away(name) else None
    return rollout(policy, trap, changed, steps, seed, agent, name, whole, exists)
