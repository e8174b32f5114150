"""Encodings: mixed planes keep all information of planes, and a salt draws them."""

import numpy as np
import pytest

from benchmarks.methods.encodings import KEPT, SHOWS_NEW_CELLS, mix_planes, shuffle_planes
from benchmarks.methods.tasks import TASKS, find_task
from mesa_gym.envs.observations import planes_of
from mesa_gym.traps import find_trap

COLOUR_SHAPE, DOORS = find_trap("ColourShape")(), find_trap("RedBlueDoors")()
TRAPS = {repr(trap): trap for task in TASKS for trap in [find_task(task, 1).make_trap()]}


def list_bits(trap):
    """Return all that a cell can show, a row each."""
    count = len(trap.channels)
    return (np.arange(1 << count)[:, None] >> np.arange(count) & 1).astype(np.uint8)


def walk_kinds(trap, starts):
    """Return the kinds of cells that are met by acting at random, agent and wall left out."""
    bits = 1 << np.arange(len(trap.channels) - KEPT)
    rng, found = np.random.default_rng(0), set()
    while starts.n and starts.clock.max() < 20:
        found.update(np.unique(planes_of(trap, starts)[..., KEPT:] @ bits).tolist())
        starts, _, ended = trap.step(starts, rng.integers(0, 5, starts.n))
        starts = starts.take(~ended)
    return found


@pytest.mark.parametrize("name", TRAPS)
def test_bijections_need_shift_cells_seen_in_training(name):
    """CheeseDish has no bijection: cheese and dish are apart only under shift."""
    trap, numbers = TRAPS[name], np.arange(400)
    shift = trap.levels("shift", numbers)
    changed = [trap.twins(shift)] if trap.exchange else []
    changed += [trap.isolate(shift, kept) for kept in (*trap.find_isolable(), None) if trap.alone]
    others = (walk_kinds(trap, x) for x in (shift, trap.levels("control", numbers), *changed))
    new = set().union(*others) - walk_kinds(trap, trap.levels("train", numbers))
    assert bool(new) == (type(trap).__name__ in SHOWS_NEW_CELLS)


@pytest.mark.parametrize("name", TRAPS)
def test_encoding_keeps_different_cells_different(name):
    trap = TRAPS[name]
    cells = list_bits(trap)
    codes = mix_planes(trap, "salt")(cells)
    assert len(np.unique(codes, axis=0)) == len(cells)
    np.testing.assert_array_equal(codes[:, :KEPT], cells[:, :KEPT])  # agent and wall
    np.testing.assert_array_equal(codes[:, KEPT:].any(axis=1), cells[:, KEPT:].any(axis=1))


def test_codes_follow_the_salt():
    for trap in (COLOUR_SHAPE, find_trap("PointedGoal")()):
        cells = list_bits(trap)
        codes = [mix_planes(trap, salt)(cells) for salt in ("a", "a", "b", "c", "d")]
        assert (codes[0] == codes[1]).all()
        assert len({code.tobytes() for code in codes}) == 4
        # More than their order is drawn: planes are shown as several.
        singles = codes[0][1 << np.arange(KEPT, len(trap.channels))]
        assert (singles.sum(axis=1) > 1).any()


def test_shuffled_planes_follow_the_salt():
    each, orders = np.eye(len(DOORS.channels), dtype=np.uint8), set[tuple[int, ...]]()
    for salt in "abcdef":
        order = shuffle_planes(DOORS, salt)(each).argmax(axis=0).tolist()
        assert order[:KEPT] == [0, 1]
        assert sorted(order) == list(range(len(order)))
        orders.add(tuple(order))
    assert len(orders) > 1


def test_mix_planes_is_linear_under_xor():
    cells, encode = list_bits(COLOUR_SHAPE), mix_planes(COLOUR_SHAPE, "salt")
    for one in cells:
        np.testing.assert_array_equal(encode(cells ^ one), encode(cells) ^ encode(one))
