"""Checks of an author's methods: they run, give what is expected, and what they write changes."""

from __future__ import annotations

import linecache

import numpy as np

from mesa_gym.engine import ACTIONS
from mesa_gym.testing.check import Findings, check
from mesa_gym.testing.sample import Sample, freeze, sample_of
from mesa_gym.testing.watching import WRITERS, Notes, take_watched
from mesa_gym.traps import Split, Trap

# Fewer moves say little of what never happens.
LEAST_MOVES = 1000


@check(*Split)
def check_playable(sample: Sample) -> Findings:
    """Check that levels are drawn and shown and steps taken, without an error.

    Nothing else can be checked before: an error would come again in each check.
    """
    trap, state = sample.trap, sample.starts
    trap.observe(state)
    actions, branch_outcomes = trap.branches()
    for branch, action in enumerate(actions):
        outcomes = {
            name: np.full(state.n, values[branch]) for name, values in branch_outcomes.items()
        }
        step = take_watched(trap, state, freeze(np.full(state.n, action)), outcomes, Notes())
        yield step.ended.shape == (state.n,), "a step does not say of each level whether it ended"
        trap.observe(step.state)
    for _ in range(len(ACTIONS)):
        step = trap.step(state, np.arange(state.n) % len(ACTIONS))
        state = freeze(step.state.take(~step.ended))


@check()
def check_effects(trap: Trap, levels: int) -> Findings:
    """Check that each writer of a move, and each amount of an objective, has an effect somewhere.

    All moves from all states of the sampled levels are taken, of a trap without exact solver those
    from the states of random episodes.
    """
    notes, (actions, branch_outcomes) = Notes(), trap.branches()
    for state in (sample_of(trap, split, levels).state for split in Split):
        for branch, action in enumerate(actions):
            outcomes = {
                name: np.full(state.n, values[branch]) for name, values in branch_outcomes.items()
            }
            take_watched(trap, state, freeze(np.full(state.n, action)), outcomes, notes)
    for call, of, file, line in notes.idle() if notes.moves >= LEAST_MOVES else ():
        writer = call.removeprefix("move.")
        if writer in WRITERS:
            text = linecache.getline(file, line).strip()
            message = f"`{call}` of {of} never has an effect in {notes.moves:,} moves"
            yield False, f"{message}; {WRITERS[writer]}\n    {file}:{line}: {text}"
        else:
            yield False, f"{of} is never paid in {notes.moves:,} moves; pay it or leave it out"
