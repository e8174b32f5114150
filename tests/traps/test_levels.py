"""Levels: pure functions of their numbers, well formed, of the law of their split."""

import numpy as np
import pytest

from mesa_gym.traps import LEVELS, Split, all_traps, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from tests.support.parameters import few_traps
from tests.support.reference import assert_same

TRAPS = all_traps()
EACH = pytest.mark.parametrize("name", TRAPS)


def test_levels_in_reverse_equal_levels_in_order():
    """``mesa_gym.testing`` checks every trap, and single levels."""
    trap, numbers = TRAPS["KeysChests-v0"](), np.arange(4000, 4200)
    whole = trap.levels(Split.TRAIN, np.arange(4200))  # more than are drawn at once
    drawn = trap.levels(Split.TRAIN, numbers[::-1])
    assert_same(trap, drawn, whole.take(numbers[::-1]))


@pytest.mark.parametrize("split", Split)
@EACH
def test_levels_accept_every_allowed_number(name, split):
    trap, numbers = TRAPS[name](), [0, LEVELS - 1, LEVELS, 2 * LEVELS - 1]
    state = trap.levels(split, np.array(numbers, dtype=np.uint64))
    assert state.level.number.tolist() == numbers
    assert len({row.tobytes() for row in trap.observe(state)}) == 4
    assert len(set(state.level.key.tolist())) == 4


@pytest.mark.parametrize("numbers", [[-1], [2 * LEVELS], [0.5], [[1]], 3, ["1"], [True]])
def test_levels_refuse_numbers_out_of_range(numbers):
    with pytest.raises(ValueError, match=r"level numbers|level -?\d+ is out of range"):
        find_trap("CheeseDish")().levels(Split.TRAIN, numbers)  # type: ignore[arg-type]


@EACH
def test_salt_split_and_size_change_the_levels(name):
    trap, numbers = TRAPS[name](), np.arange(200)
    plain = trap.levels(Split.TEST, numbers)
    salted = trap.levels(Split.TEST, numbers, salt="secret")
    assert (trap.observe(plain) != trap.observe(salted)).any(axis=(1, 2, 3)).mean() > 0.99
    assert not np.isin(plain.level.key, salted.level.key).any()
    keys = {trap.key(Split.TEST), trap.key(Split.TEST, "secret"), trap.key(Split.TRAIN)}
    height, width = trap.size
    keys |= {TRAPS[name](size=size).key(Split.TEST) for size in [(height + 2, width), width + 4]}
    assert len(keys) == 5


class Picky(CheeseCorner):
    """Rejects every level whose die shows less than ``least``."""

    const = {"die": 1}
    least = 5

    def draw(self, level, split):
        super().draw(level, split)
        level.const["die"][:, 0] = level.integers("die", 1, 6)
        level.require(level.const["die"][:, 0] >= self.least)


def test_rejected_levels_are_drawn_again_alone():
    picky, easy = Picky(), Picky()
    easy.least = 1
    numbers = np.arange(400)
    chosen, every = picky.levels(Split.TRAIN, numbers), easy.levels(Split.TRAIN, numbers)
    dice = easy.table(every.level, "die")[:, 0]
    assert set(picky.table(chosen.level, "die").ravel().tolist()) == {5, 6}
    good = (dice >= 5).nonzero()[0]
    assert 0.2 < len(good) / 400 < 0.5
    assert_same(picky, chosen.take(good), every.take(good))
    assert_same(picky, picky.levels(Split.TRAIN, [17]), chosen.take(np.array([17])))


def test_undrawable_level_is_named():
    hopeless = Picky(size=(7, 9))
    hopeless.least = 7
    with pytest.raises(RuntimeError, match=r"size=7x9.*'shift'.*level 41 .* 64 times"):
        hopeless.levels(Split.SHIFT, [41, 42])


MANY = np.arange(3000)


def features(trap, split):
    """Return features for comparing levels, float64 (levels, features).

    They are: whether a plane is set in a cell, the number of cells of each plane, and the number of
    cells that two planes have in common.
    """
    planes = trap.observe(trap.levels(split, MANY)).astype(np.float64)
    pairs = np.einsum("nhwc,nhwd->ncd", planes, planes) / planes[..., 0].size * len(MANY)
    return np.concatenate([planes.reshape(len(MANY), -1), pairs.reshape(len(MANY), -1)], axis=1)


@few_traps
def test_splits_follow_training_except_control(trap):
    train, test, control = (features(trap(), split) for split in list(Split)[:3])

    def errors(other):
        """Return the largest difference of means in standard errors."""
        spread = np.sqrt((train.var(axis=0) + other.var(axis=0)) / len(MANY))
        return float((abs(train.mean(axis=0) - other.mean(axis=0)) / (spread + 1e-9)).max())

    # Some 500 features: five standard errors are exceeded by chance once in 3,000 traps.
    assert errors(test) < 5
    assert errors(control) > 8


def test_trained_shift_levels_are_never_scored():
    """Levels from 2**48 up are for training by alpha, so no shift level shares their layout."""
    trap, numbers = CheeseCorner((7, 7)), np.arange(400)
    scored, trained = (
        {walls.tobytes() for walls in trap.layer(trap.levels(Split.SHIFT, n), "wall")}
        for n in (numbers, LEVELS + numbers)
    )
    assert len(scored) < len(numbers)  # layouts come again, and would meet otherwise
    assert not scored & trained


def test_levels_are_equal_whatever_their_start():
    trap = find_trap("CheeseCorner")()
    state = trap.levels(Split.TRAIN, np.arange(20))
    free = ~trap.layer(state, "wall")
    moved = state._replace(agent=free.shape[1] - 1 - free[:, ::-1].argmax(axis=1))
    assert (moved.agent != state.agent).all()
    np.testing.assert_array_equal(trap.flag_levels(moved), trap.flag_levels(state))
