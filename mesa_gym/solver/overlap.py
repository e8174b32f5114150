"""The overlap of held-out levels with training: it must be empty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mesa_gym.engine import Ints, hash_rows
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.levels import PORTION

HELD_OUT = (Split.TEST, Split.CONTROL, Split.SHIFT)
# Number of training levels per held-out level: 30,000 for the evaluation levels.
TRAIN_LEVELS_EACH = 30


@dataclass(frozen=True)
class Overlap:
    """The overlap of a held-out split with training; the agent's start does not count.

    Attributes:
        same: the share of levels whose planes equal those of a level among ``train_levels``.
        same_walls: the share of levels whose walls equal those of such a training level.
    """

    split: str
    levels: int
    train_levels: int
    same: float
    same_walls: float

    @property
    def holds(self) -> bool:
        """Return whether no level of the split is a training level."""
        return self.same == 0

    def __str__(self) -> str:
        return (
            f"{self.split}: {self.same:.1%} of {self.levels:,} levels are among"
            f" {self.train_levels:,} levels of train (needs 0.0%), the walls of"
            f" {self.same_walls:.1%}"
        )


def measure_overlaps(trap: Trap, levels: int) -> list[Overlap]:
    """Return the overlap of each held-out split's first levels with training.

    Args:
        trap: any trap.
        levels: the number of levels of each split; 30 times as many training levels are compared.
    """
    train_levels = TRAIN_LEVELS_EACH * levels
    train_contents = _content(trap, Split.TRAIN, train_levels)
    overlaps = []
    for split in HELD_OUT:
        contents = _content(trap, split, levels)
        same = [float(np.isin(*pair).mean()) for pair in zip(contents, train_contents, strict=True)]
        overlaps.append(Overlap(split.value, levels, train_levels, *same))
    return overlaps


def _content(trap: Trap, split: Split, levels: int) -> tuple[Ints, Ints]:
    """Return a hash of each level without the agent's start, and of its walls; (levels,) each."""
    contents, walls = [], []
    for first in range(0, levels, PORTION):
        state = trap.levels(split, np.arange(first, min(first + PORTION, levels)))
        contents.append(hash_rows(trap.flag_levels(state)))
        walls.append(hash_rows(trap.layer(state, "wall")))
    return np.concatenate(contents), np.concatenate(walls)
