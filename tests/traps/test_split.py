"""Splits: which of them follow training's law, and which do not."""

from __future__ import annotations

import numpy as np
import pytest

from mesa_gym.traps import Split, Trap, find_trap, package_traps

LEVELS = np.arange(3000)


def test_numbers_stand_for_splits_in_infos() -> None:
    named = (Split.TRAIN, Split.TEST, Split.CONTROL, Split.SHIFT)
    assert [split.code for split in named] == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["CheeseCorner", "KeysChests", "LavaLand", "RedBlueDoors"])
def test_control_alone_has_the_other_layout(name: str) -> None:
    """A maze has walls on all cells of even row and column."""
    trap = find_trap(name)()
    y, x = np.divmod(np.arange(trap.cells), trap.width)
    pillars = (y % 2 == 0) & (x % 2 == 0)
    mazes = {}
    for split in Split:
        walls = trap.layer(trap.levels(split, np.arange(300)), "wall")
        mazes[split] = walls[:, pillars].all(axis=1).mean()
    control = mazes.pop(Split.CONTROL)
    rare, others = (control, mazes.values()) if control < 0.5 else (max(mazes.values()), [control])
    assert rare < 0.05
    assert set(others) == {1}


def features(trap: Trap, split: Split) -> np.ndarray:
    """Return what a level is compared by, float64 (levels, features).

    Whether a plane is set in a cell, the number of cells of each plane, and the number of cells
    that two planes have in common.
    """
    planes = trap.observe(trap.levels(split, LEVELS)).astype(np.float64)
    pairs = np.einsum("nhwc,nhwd->ncd", planes, planes) / planes[..., 0].size * len(LEVELS)
    return np.concatenate([planes.reshape(len(LEVELS), -1), pairs.reshape(len(LEVELS), -1)], axis=1)


@pytest.mark.parametrize("cls", package_traps().values(), ids=package_traps())
def test_test_follows_the_law_of_training_and_control_does_not(cls: type[Trap]) -> None:
    train, test, control = (features(cls(), split) for split in list(Split)[:3])

    def errors(other: np.ndarray) -> float:
        """Return by how many standard errors the means differ at most."""
        spread = np.sqrt((train.var(axis=0) + other.var(axis=0)) / len(LEVELS))
        return float((abs(train.mean(axis=0) - other.mean(axis=0)) / (spread + 1e-9)).max())

    # Some 500 features: five standard errors are exceeded by chance once in 3,000 traps.
    assert errors(test) < 5
    assert errors(control) > 8
