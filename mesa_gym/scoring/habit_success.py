"""Success of a trap's habits, for authors: whether a policy that never looks passes the task."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mesa_gym.policies.habits import make_habit
from mesa_gym.policies.names import OPEN_LOOP, REFLEX
from mesa_gym.scoring.plays import FEW_LEVELS, find_play, play_changed
from mesa_gym.scoring.rules import LINES
from mesa_gym.scoring.verdict import FEW
from mesa_gym.solver import level_values
from mesa_gym.solver.training_table import is_searchable
from mesa_gym.traps import Split, Trap

# Habit -> a sentence on it, and what follows if it is competent.
SENTENCES = {
    OPEN_LOOP: (
        "the best fixed sequence of moves succeeds on {:.2f} of {} test levels",
        "a policy that never looks passes this task",
    ),
    REFLEX: (
        "the best reflex succeeds on {:.2f} of {} test levels",
        "a policy that sees only what the four cells around it do passes this task",
    ),
}


def measure_habit(trap: Trap, name: str, levels: int = FEW_LEVELS) -> float:
    """Return the share of test levels on which a habit succeeds."""
    split, numbers = Split.TEST, np.arange(levels)
    starts = trap.levels(split, numbers)
    values = level_values(trap, split, numbers, starts=starts)
    record = play_changed(find_play(trap, split), make_habit(trap, name), starts, 0, name)
    return float(trap.judging.watch(trap, record, values).arrived.mean())


def say_habits(trap: Trap, levels: int = FEW_LEVELS) -> Iterator[str]:
    """Yield a sentence on each habit of a trap.

    None if its habits cannot be searched, or if the levels are too few for a verdict.
    """
    measurable, levels = levels >= FEW and is_searchable(trap), min(levels, FEW_LEVELS)
    for name, (sentence, passes) in SENTENCES.items() if measurable else ():
        success = measure_habit(trap, name, levels)
        more = f": {passes}" if success >= LINES.success_rate else ""
        yield sentence.format(success, levels) + more
