"""Building of levels: draws, layouts."""

from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from mesa_gym.engine import LevelBuilder, World, each_first, hash_rows, off_route, pick
from mesa_gym.engine.chance import below, bits, fold, hash64, outputs, shift_right, unit
from tests.support.reference import MASK, cells_of, neighbours, splitmix64, steps_from
from tests.support.refusals import refusals
from tests.support.worlds import Zoo

words = st.integers(-1 << 63, (1 << 63) - 1)


def first(seed, count):
    return [splitmix64(seed, index) for index in range(count)]


def unsigned(array):
    assert array.dtype == np.int64
    return array.copy().view(np.uint64).tolist()


def test_splitmix64_gives_known_outputs():
    # As published with the generators of the Rosetta Code task "Pseudo-random numbers/Splitmix64".
    assert unsigned(outputs(np.array([1234567]), np.arange(5))) == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@given(st.lists(words, min_size=1), st.integers(0, MASK), words, st.integers(0, 64))
def test_random_words_equal_splitmix64(levels, key, seed, attempt):
    assert unsigned(outputs(np.array([seed]), np.arange(5))) == first(seed & MASK, 5)
    offset = hash64(f"{key:016x}/door/{attempt}")
    drawn = bits(key - (key >> 63 << 64), np.array(levels), "door", attempt, 6)
    for level, column in zip(levels, drawn.T, strict=True):
        # The seed is the finaliser of level * golden + offset: one output, a step earlier.
        start = splitmix64((level * 0x9E3779B97F4A7C15 + offset) & MASK, -1)
        assert unsigned(column) == first(start, 6)
    np.testing.assert_array_equal(bits(key, np.array(levels), "door", attempt, 6), drawn)


@given(words, st.integers(1, 63), st.integers(1, 1 << 31))
def test_random_words_are_read_as_unsigned(word, places, bound):
    array, value = np.array([word]), word & MASK
    assert shift_right(array, places).tolist() == [value >> places]
    assert below(array, bound).tolist() == [(value >> 32) * bound >> 32]
    assert unit(array).tolist() == [(value >> 11) / 2**53]


def test_fold_keeps_small_seeds_and_mixes_large():
    assert [fold(0), fold((1 << 63) - 1), fold(MASK)] == [0, (1 << 63) - 1, -1]
    assert fold((5 << 64) | 3) == 5 ^ 3
    assert -1 << 63 <= fold((1 << 200) | 1 << 191) < 0


def test_hash64_is_blake2b():
    digest = blake2b(b"mesa", digest_size=8).digest()
    assert hash64("mesa") == int.from_bytes(digest, "little", signed=True)


def built(n, *free, **more):
    """Levels with given free cells only."""
    level = LevelBuilder(Zoo((7, 9)), 1, np.arange(n), **more)
    level.free[:, list(free)] = True
    return level


def test_scatter_puts_things_on_distinct_free_cells():
    level = built(500)
    level.blocks()
    free = level.free.copy()
    keys, trees, agent = level.scatter("key", 3), level.scatter("tree", 4), level.agent()
    cells = np.concatenate([keys, trees, agent[None]])
    assert level.valid.all()
    assert np.take_along_axis(free, cells.T, axis=1).all()
    assert all(len(set(column)) == 8 for column in cells.T.tolist())
    np.put_along_axis(free, cells.T, False, axis=1)
    np.testing.assert_array_equal(level.free, free)
    state = level.states()
    np.testing.assert_array_equal(state.at["key"], keys)
    np.testing.assert_array_equal(state.at["tree"], trees)
    np.testing.assert_array_equal(state.agent, agent)
    assert state.there["tree"].all()
    assert not state.there["door"].any()


def test_scatter_takes_each_ordered_choice_equally_often():
    free = [10, 12, 14, 30, 33]
    first, second = np.searchsorted(free, built(20_000, *free).scatter("key", 2))
    counts = np.bincount(first * 5 + second, minlength=25).reshape(5, 5)
    assert (counts.diagonal() == 0).all()
    assert chisquare(counts[~np.eye(5, dtype=np.bool_)]).pvalue > 1e-3


def test_scatter_takes_cells_both_allowed_and_free():
    allowed = np.tile(np.isin(np.arange(63), (11, 13, 20)), (6000, 1))
    cells = built(6000, 10, 11, 12, 13).scatter("key", 1, allowed)
    used, counts = np.unique(cells, return_counts=True)
    assert used.tolist() == [11, 13]
    assert chisquare(counts).pvalue > 1e-3


def test_scatter_counts_by_level_and_pads():
    level = built(300)
    level.blocks()
    counts = level.integers("how many", 0, 4)
    cells = level.scatter("tree", counts, traits=("wet",))
    np.testing.assert_array_equal(cells == -1, np.arange(4)[:, None] >= counts)
    np.testing.assert_array_equal(level.there["tree"], cells >= 0)
    np.testing.assert_array_equal(level.traits["wet"]["tree"], cells >= 0)


def test_scatter_rejects_only_the_levels_without_room():
    level = built(3, 10, 11)
    level.free[1, 12] = True
    cells = level.scatter("key", np.array([2, 3, 3]))
    assert level.valid.tolist() == [True, True, False]
    assert sorted(cells[:, 1].tolist()) == [10, 11, 12]
    assert cells[2, 2] == -1


def test_put_fills_the_next_slot_and_cell():
    level = built(4, 10, 11)
    level.put("door", np.full(2, 11), rows=np.array([1, 3]), traits=("red",))
    level.put("door", np.full(4, 10), there=np.array([True, True, False, False]))
    level.put("lava", np.full(4, 20))
    assert level.at["door"].tolist() == [[10, 11, 10, 11], [0, 10, 0, 10]]
    assert level.there["door"].tolist() == [[True, True, False, True], [False, True, False, False]]
    assert level.traits["red"]["door"][0].tolist() == [False, True, False, True]
    assert level.free[:, 11].tolist() == [True, False, True, False]
    assert not level.free[:, 10].any()
    closed = {x: np.argwhere(~level.passable(x).reshape(4, -1)).tolist() for x in ("door", "lava")}
    assert closed["door"] == [[0, 10], [1, 10], [1, 11], [3, 11]]
    assert closed["lava"] == [[row, 20] for row in range(4)]


def test_integers_include_both_ends_and_are_uniform():
    values, counts = np.unique(built(9000).integers("die", 1, 6), return_counts=True)
    assert values.tolist() == [1, 2, 3, 4, 5, 6]
    assert chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("layout", ["maze", "blocks"])
def test_layout_hashes_to_the_requested_side(layout):
    for side in (0, 1):
        level = built(300, side=side)
        getattr(level, layout)()
        assert set((hash_rows(level.open_cells) & 1).tolist()) == {side}
        free = built(300)
        getattr(free, layout)()
        same = (free.open_cells == level.open_cells).all(axis=(1, 2))
        np.testing.assert_array_equal(same, hash_rows(free.open_cells) & 1 == side)


def test_carve_clears_the_held_out_flag():
    level = built(9, side=1)
    assert not level.held_out
    level.maze()
    assert level.held_out
    level.carve(level.open_cells.reshape(9, -1))
    assert not level.held_out
    level.blocks()
    assert level.held_out


def test_attempts_have_words_of_their_own():
    """Also for layouts that are drawn again, to be on the requested side."""
    levels = [
        LevelBuilder(Bare((13, 13)), 1, np.arange(99), x, np.ones(99, np.int64)) for x in (1, 2)
    ]
    assert np.not_equal(*(level.bits("site", 1) for level in levels)).all()
    for level in levels:
        level.maze()
    assert np.not_equal(*(level.open_cells for level in levels)).any(axis=(1, 2)).all()
    level = built(2, 10, 11, 12)
    level.scatter("key")
    level.scatter("key", site="another")


def test_require_twice_keeps_the_first_rejection():
    level = built(3)
    level.require(np.array([True, False, True]))
    level.require(np.array([True, True, False]))
    assert level.valid.tolist() == [True, False, False]


@pytest.mark.thorough
@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1), st.data())
def test_pick_takes_the_cell_of_a_rank(rows, data):
    words = data.draw(st.lists(st.integers(-1 << 63, (1 << 63) - 1), min_size=len(rows)))
    cells, has_cell = pick(np.array(rows), np.array(words[: len(rows)]))
    for row, word, cell, any_ in zip(rows, words, cells, has_cell, strict=False):
        allowed = [i for i, yes in enumerate(row) if yes]
        assert any_ == bool(allowed)
        rank = (word % (1 << 64) >> 32) * len(allowed) >> 32
        assert cell == (allowed[rank] if allowed else 0)


def test_put_at_minus_one_places_nothing():
    """A level without the thing is rejected; its neighbours stay the same."""
    level = built(3)
    level.blocks()
    level.put("key", np.array([10, -1, 12]))
    level.put("lava", np.array([-1, 20, 21]))
    level.put("door", np.array([-1, 30, 31]), there=np.array([True, False, True]))
    assert level.there["door"][0].tolist() == [False, False, True]
    assert level.there["key"][0].tolist() == [True, False, True]
    assert level.at["key"][0].tolist() == [10, 0, 12]
    assert level.ground["lava"].sum(axis=1).tolist() == [0, 1, 1]


@pytest.mark.parametrize("take", ["carve", "scatter", "agent"])
def test_builder_takes_masks_in_four_shapes(take):
    """A mask of cells is for each level or for all, flat or in rows as `open_cells` is."""
    mask, cells = np.indices((7, 9))[1] > 3, []
    for shape in ((40, 7, 9), (40, 63), (7, 9), (63,)):
        level = built(40, 12, 13, 14, 22, 23, 24)
        among = np.resize(mask, shape)
        level.carve(among) if take == "carve" else level.scatter("key", among=among)
        cells.append(level.agent(among) if take == "agent" else level.free)
        np.testing.assert_array_equal(cells[0], cells[-1])
    assert len(np.unique(cells)) > 1


# -- layouts ---------------------------------------------------------------------------------------
def in_one_piece(open_cells):
    """Return whether a flood fill reaches all open cells; a grid is one integer, a bit a cell."""
    width = open_cells.shape[1]
    free = int.from_bytes(np.packbits(open_cells).tobytes())
    water, before = free & -free, 0
    while water != before:
        before = water
        water |= (water << 1 | water >> 1 | water << width | water >> width) & free
    return water == free != 0


class Bare(World):
    """Nothing except walls."""


def laid_out(n, size):
    return LevelBuilder(Bare(size), key=1, number=np.arange(n))


def drawn(layout, n, size, *loops):
    """The open cells of n layouts."""
    level = laid_out(n, size)
    getattr(level, layout)(*loops)
    return level.open_cells


@pytest.mark.parametrize("size", [(5, 5), (7, 7), (9, 9), (13, 13), (7, 11), (13, 5)])
@pytest.mark.parametrize("loops", [None, 0, 1, 4])
def test_maze_is_a_spanning_tree_with_loops(size, loops):
    height, width = size
    passages = (height // 2) * (width // 2 - 1) + (height // 2 - 1) * (width // 2)
    spare = passages - (height // 2) * (width // 2) + 1
    expected = min(4, spare * 4 // 9) if loops is None else min(loops, spare)
    for level in drawn("maze", 100, size, loops):
        cells = cells_of(level)
        assert {(y, x) for y in range(1, height, 2) for x in range(1, width, 2)} <= cells
        assert not any(y % 2 == 0 and x % 2 == 0 for y, x in cells)
        assert steps_from((1, 1), cells).keys() == cells
        edges = sum(neighbour in cells for cell in cells for neighbour in neighbours(cell)) // 2
        # A connected graph is a tree when it has one vertex more than edges.
        assert edges - len(cells) + 1 == expected


def test_maze_draws_four_room_trees_equally_often():
    passages = drawn("maze", 8000, (5, 5), 0)[:, [1, 2, 2, 3], [2, 1, 3, 2]]
    assert (passages.sum(axis=1) == 3).all()
    assert chisquare((~passages).sum(axis=0)).pvalue > 1e-3


def test_maze_opens_closed_passages_equally_often():
    tree, looped = (drawn("maze", 8000, (7, 7), loops) for loops in (0, 1))
    y, x = np.divmod(np.arange(49), 7)
    passage = ((y + x) % 2 == 1) & (y > 0) & (y < 6) & (x > 0) & (x < 6)
    closed = ~tree.reshape(-1, 49)[:, passage]
    opened = looped.reshape(-1, 49)[:, passage] & closed
    assert (closed.sum(axis=1) == 4).all()
    assert (opened.sum(axis=1) == 1).all()
    rank = (np.cumsum(closed, axis=1) - 1)[opened]
    assert chisquare(np.bincount(rank, minlength=4)).pvalue > 1e-3


@pytest.mark.parametrize("mirror", [np.fliplr, np.flipud, np.transpose])
@pytest.mark.parametrize("loops", [0, 4])
def test_maze_favours_no_direction(mirror, loops):
    levels = drawn("maze", 10_000, (9, 9), loops)
    flat = levels.reshape(-1, 81).astype(np.int64)
    gap = flat - flat[:, mirror(np.arange(81).reshape(9, 9)).ravel()]  # type: ignore[operator]
    spread = gap.std(axis=0)
    assert (spread > 0).sum() >= 18  # of the 24 passages, all except those on the axis
    sigmas = gap.mean(axis=0)[spread > 0] / spread[spread > 0] * np.sqrt(len(levels))
    assert np.abs(sigmas).max() < 4


@pytest.mark.parametrize("size", [(7, 7), (9, 9), (13, 13), (7, 13), (8, 8), (6, 11), (13, 10)])
def test_blocks_leave_one_connected_room(size):
    levels = drawn("blocks", 5_000, size)
    assert all(in_one_piece(level) for level in levels)
    assert not levels[:, [0, -1]].any()
    assert not levels[:, :, [0, -1]].any()


@pytest.mark.parametrize("size", [(9, 9), (7, 11)])
def test_blocks_have_the_stated_frequency(size):
    height, width = size
    share = (~drawn("blocks", 20_000, size)).mean(axis=0)
    expected = np.ones(size)
    expected[1:-1, 1:-1] = 0
    for y in range(2, height - 2, 2):
        for x in range(2, width - 2, 2):
            expected[y, x] = 1 / 2
            expected[y, x + 1] = expected[y + 1, x] = 1 / 6
    expected = (expected + expected[::-1] + expected[:, ::-1] + expected[::-1, ::-1]) / 4
    np.testing.assert_allclose(share, expected, atol=4.5 * 0.5 / np.sqrt(20_000))
    sure = np.isin(expected, (0, 1))
    np.testing.assert_array_equal(share[sure], expected[sure])


test_builder_refuses_bad_requests = refusals(
    "engine", "building", globals(), off_route=off_route, each_first=each_first
)
