"""Levels: pure functions of their numbers, well formed, redrawn alone when rejected."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import blake2b
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from reference import arrays, assert_same, in_one_piece

from mesa_gym.grid import (
    AGENT,
    BLUE,
    CHEESE,
    CHEST,
    DOOR,
    KEY,
    RED,
    WALL,
    Bools,
    Draw,
    Move,
    blocks,
)
from mesa_gym.traps import LEVELS, Split, Trap, all_traps, base, find_trap, proxy

TRAPS = all_traps()
EACH = pytest.mark.parametrize("name", TRAPS)
EACH_SPLIT = pytest.mark.parametrize("split", Split)


@EACH_SPLIT
@EACH
def test_a_level_is_the_same_alone_in_a_batch_and_in_any_order(name: str, split: Split) -> None:
    trap = TRAPS[name]()
    numbers = np.arange(1000)
    whole = trap.levels(split, numbers)
    np.testing.assert_array_equal(whole.level, numbers)
    assert_same(trap.levels(split, [17]), whole.take(np.array([17])))
    assert_same(trap.levels(split, numbers[::-1]).take(numbers[::-1]), whole)
    assert_same(trap.levels(split, [5, 5, 999, 5]), whole.take(np.array([5, 5, 999, 5])))


@EACH
def test_large_batches_are_drawn_in_blocks_that_do_not_show(name: str) -> None:
    trap = TRAPS[name]()
    whole = trap.levels(Split.TRAIN, np.arange(4100))
    assert_same(trap.levels(Split.TRAIN, np.arange(4000, 4100)), whole.take(np.arange(4000, 4100)))


@EACH_SPLIT
@EACH
def test_every_number_that_may_be_named_has_a_level(name: str, split: Split) -> None:
    numbers = [0, LEVELS - 1, LEVELS, (1 << 63) - 1]
    state = TRAPS[name]().levels(split, numbers)
    assert state.level.tolist() == numbers
    assert len({row.tobytes() for row in state.planes}) == 4
    assert len(set(state.key.tolist())) == 4


def digest() -> str:
    """Of the first levels of every trap and split."""
    found = blake2b()
    for name, split in product(TRAPS, Split):
        for array in arrays(TRAPS[name]().levels(split, np.arange(50))).values():
            found.update(array.tobytes())
    return found.hexdigest()


def test_another_process_draws_the_same_levels() -> None:
    folder = Path(__file__).parent
    paths = os.pathsep.join([str(folder), str(folder.parent), os.environ.get("PYTHONPATH", "")])
    told = subprocess.run(
        [sys.executable, "-c", "import test_levels; print(test_levels.digest())"],
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == digest()


@EACH
def test_splits_share_no_level_of_the_same_number(name: str) -> None:
    trap = TRAPS[name]()
    levels = {split: trap.levels(split, np.arange(200)).planes for split in Split}
    for one, other in combinations(Split, 2):
        same = (levels[one] == levels[other]).all(axis=(1, 2, 3))
        assert not same.any(), f"{one} and {other} share level {same.argmax()}"


def test_training_levels_hardly_ever_repeat() -> None:
    planes = find_trap("RedBlueDoors")().levels(Split.TRAIN, np.arange(10_000)).planes
    assert len({level.tobytes() for level in planes}) > 9_900


@EACH
def test_salt_size_and_salience_change_the_levels(name: str) -> None:
    trap = TRAPS[name]()
    numbers = np.arange(200)
    plain = trap.levels(Split.TEST, numbers)
    salted = trap.levels(Split.TEST, numbers, salt="secret")
    assert (plain.planes != salted.planes).any(axis=(1, 2, 3)).mean() > 0.99
    assert not np.isin(plain.key, salted.key).any()
    keys = {trap.key(Split.TEST), trap.key(Split.TEST, "secret"), trap.key(Split.TRAIN)}
    keys |= {TRAPS[name](**{group: 2}).key(Split.TEST) for group in trap.salience}
    height, width = trap.size
    keys |= {TRAPS[name](size=size).key(Split.TEST) for size in [(height + 2, width), width + 4]}
    assert len(keys) == 5 + len(trap.salience)


@EACH_SPLIT
@EACH
def test_every_level_is_well_formed(name: str, split: Split) -> None:
    trap = TRAPS[name]()
    state = trap.levels(split, np.arange(500))
    flat = state.planes.reshape(500, -1, len(trap.schema.planes))
    agents = flat[..., trap.schema.channels[AGENT][0]]
    assert (agents.sum(axis=1) == 1).all()
    np.testing.assert_array_equal(agents.argmax(axis=1), state.cell)
    walls = state.layer(WALL)
    assert walls[:, [0, -1]].all()
    assert walls[:, :, [0, -1]].all()
    assert all(in_one_piece(~level) for level in walls)
    # Nothing else stands where the agent starts, in particular no target.
    start = flat[np.arange(500), state.cell]
    assert (start.sum(axis=1) == 1).all()
    assert not state.hidden.reshape(500, trap.schema.cells, -1)[np.arange(500), state.cell].any()
    assert not state.clock.any()
    for plane, mark in trap.schema.once_channel.items():
        np.testing.assert_array_equal(state.hidden[..., mark], state.layer(plane))
    for plane, channels in trap.schema.channels.items():
        for channel in channels:
            np.testing.assert_array_equal(state.planes[..., channel], state.layer(plane))
            count = state.planes[:, 1:, :, channel].sum(axis=(1, 2))
            np.testing.assert_array_equal(state.count[:, channel], count)


@EACH
def test_shift_sets_no_plane_that_training_never_sets(name: str) -> None:
    trap = TRAPS[name]()
    seen = {s: trap.levels(s, np.arange(500)).planes.any(axis=(0, 1, 2)) for s in Split}
    novel = np.array([plane in trap.novel_planes for plane in trap.schema.planes])
    for split in Split:
        assert (seen[split] <= (seen[Split.TRAIN] | novel)).all()


class Picky(Trap):
    """Rejects every level whose die shows less than ``least``."""

    source = "none"
    kind = ("none",)
    planes = (AGENT, WALL, DOOR, KEY, CHEST, CHEESE, RED, BLUE)
    const = {"die": (np.int64, ())}
    least = 5

    def draw(self, draw: Draw, split: Split) -> None:
        blocks(draw)
        draw.state.const["die"][:] = draw.integers("die", 1, 6)
        draw.require(draw.state.const["die"] >= self.least)
        draw.agent()

    @base
    def moved(self, move: Move) -> Bools:
        """1 for each move."""
        return move.moved

    @proxy
    def stayed(self, move: Move) -> Bools:
        """1 for each stay."""
        return ~move.moved


def test_rejected_levels_are_drawn_anew_and_the_others_stay() -> None:
    picky, easy = Picky(), Picky()
    easy.least = 1  # type: ignore[misc]
    numbers = np.arange(400)
    chosen, all_ = picky.levels(Split.TRAIN, numbers), easy.levels(Split.TRAIN, numbers)
    assert set(chosen.const["die"].tolist()) == {5, 6}
    good = (all_.const["die"] >= 5).nonzero()[0]
    assert 0.2 < len(good) / 400 < 0.5
    assert_same(chosen.take(good), all_.take(good))
    assert_same(picky.levels(Split.TRAIN, [17]), chosen.take(np.array([17])))


def test_a_level_that_cannot_be_drawn_is_named() -> None:
    hopeless = Picky(size=(7, 9))
    hopeless.least = 7  # type: ignore[misc]
    with pytest.raises(RuntimeError, match=r"size=7x9.*'shift'.*level 41 .* 64 times"):
        hopeless.levels(Split.SHIFT, [41, 42])
