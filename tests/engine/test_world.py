"""Worlds and states: planes against drawing them thing by thing, declarations, batches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import assert_same
from worlds import Zoo, contents, zoo_states

from mesa_gym.engine import Look, World

seeds = st.integers(0, 2**32)


@given(seeds)
def test_planes_and_layers_show_what_there_is(seed):
    zoo, state = zoo_states(seed)
    assert zoo.planes == ("agent", "wall", "lava", "key", "door", "tree", "red", "guide")
    seen, single = zoo.observe(state), zoo.bound(batched=False)
    assert seen.dtype == np.uint8
    for row in range(4):
        there = set(contents(zoo, state, row))
        for name in (*zoo.ground, *zoo.things, *zoo.traits, "agent", "guide"):
            cells = zoo.layer(state, name)[row].nonzero()[0].tolist()
            assert cells == sorted(cell for each, cell in there if each == name), name
        keys, trees = state.held["key"][row], state.held["tree"][row]
        held = [("key", 1), ("key", 2)][:keys] + [("tree", 3)][:trees]
        shown = {(zoo.shown_as.get(name, name), cell) for name, cell in [*there, *held]}
        y, x, channel = seen[row].nonzero()
        planes = [zoo.planes[i] for i in channel]
        cells = (y * zoo.width + x).tolist()
        assert set(zip(planes, cells, strict=True)) == {each for each in shown if each[0]}
        np.testing.assert_array_equal(single.observe(state.single(row))[0], seen[row])


@given(seeds, st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_batches_are_taken_joined_and_replaced_row_by_row(seed, rows):
    zoo, state = zoo_states(seed)
    parts = [state.take(np.array([row])) for row in rows]
    assert_same(zoo, zoo.joined(parts), state.take(np.array(rows)))
    assert_same(zoo, state.single(rows[0]).batched(), parts[0])
    mask, other = np.arange(4) < 2, state.take(np.array([3, 2, 1, 0]))
    assert_same(zoo, state.replaced(mask, other), state.take(np.array([3, 2, 2, 3])))
    assert state.take(mask).n == 2
    assert state.take(mask).level.tables is state.level.tables


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ({"things": {"key": 1}, "ground": ("key",)}, "Odd: 'key' is declared twice"),
        ({"things": {"agent": 1}}, "the name 'agent' belongs to the engine"),
        ({"held": {"key": 1}}, "'key' is held or has a trait; declare it in `things`"),
        ({"traits": {"red": ("key",)}}, "'key' is held or has a trait; declare it in `things`"),
        ({"shown_as": {"key": None}}, "'key' in `shown_as` is not declared"),
        ({"looks": "k"}, "'stone' has the glyph 'k', which stands for 'key' already"),
        ({"looks": "."}, "stands for an empty cell already"),
        ({"looks": "kk"}, "glyph 'kk' must be one printable character"),
        ({"looks": " "}, "glyph ' ' must be one printable character"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(faults, message):
    if glyph := faults.get("looks"):
        looks = {"stone": Look(glyph, (0, 0, 0))}
        faults = {"things": {"key": 1, "stone": 1}, "looks": looks}
    with pytest.raises((TypeError, ValueError), match=message):
        type("Odd", (World,), faults)


def test_looks_are_made_up_where_none_is_declared():
    made = {"things": {"axe": 1, "ash": 1}, "traits": {"old": ("axe",)}, "shown_as": {"ash": "oak"}}
    looks = type("Made", (World,), made).looks
    assert [looks[name].glyph for name in ("axe", "oak", "old", "ash")] == ["a", "o", "l", "s"]
    assert [looks[name].sprite for name in ("axe", "oak", "old")] == ["token", "token", None]
    declared = {"axe": Look("x", (1, 2, 3)), "old": Look("y", (4, 5, 6))}
    looks_too = type("Plain", (World,), {**made, "looks": declared}).looks
    assert looks_too["axe"] == Look("x", (1, 2, 3), "token")  # a thing must be seen
    assert looks_too["old"].sprite is None
    assert looks["axe"].colour != looks["oak"].colour


@pytest.mark.parametrize("mask", [True, np.True_])
def test_one_level_gives_and_takes_what_a_batch_does(mask):
    """A Python number would be one still in the next step, where `~True` is -2."""
    zoo = Zoo((6, 7)).bound(batched=False)
    for chosen in (zoo.where(mask, 12, 0), zoo.where(mask, np.int64(12), 0)):
        assert (type(chosen), chosen) == (np.int64, 12)
        assert zoo.where(chosen > 0, False, True) is np.False_
        assert ~(chosen > 0) is np.False_
    assert zoo.where(True, np.arange(3), 0).tolist() == [0, 1, 2]
    assert ~(zoo.amounts(np.True_) > 0) is ~(zoo.amounts({1.0: mask, 0.5: mask}) > 0) is np.False_


def test_what_is_held_must_fit_the_top_row():
    with pytest.raises(ValueError, match="holds up to 3 things, which do not fit the top row's 2"):
        Zoo((5, 4))
