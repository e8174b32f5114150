"""Worlds, states and their maps: planes thing by thing, declarations, batches, there and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesa_gym.engine import Look, World
from mesa_gym.engine.maps import from_map, to_map
from tests.support.reference import assert_same
from tests.support.worlds import Zoo, contents, zoo_states

seeds = st.integers(0, 2**32)


@given(seeds)
def test_planes_and_layers_show_every_thing(seed):
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
def test_state_rows_are_taken_joined_and_replaced(seed, rows):
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
def test_world_with_a_bad_declaration_is_refused(faults, message):
    if glyph := faults.get("looks"):
        looks = {"stone": Look(glyph, (0, 0, 0))}
        faults = {"things": {"key": 1, "stone": 1}, "looks": looks}
    with pytest.raises((TypeError, ValueError), match=message):
        type("Odd", (World,), faults)


def test_looks_that_are_undeclared_get_defaults():
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
def test_single_level_values_keep_numpy_types(mask):
    """With Python numbers the next step would compute `~True`, which is -2."""
    zoo = Zoo((6, 7)).bound(batched=False)
    for chosen in (zoo.where(mask, 12, 0), zoo.where(mask, np.int64(12), 0)):
        assert (type(chosen), chosen) == (np.int64, 12)
        assert zoo.where(chosen > 0, False, True) is np.False_
        assert ~(chosen > 0) is np.False_
    assert zoo.where(True, np.arange(3), 0).tolist() == [0, 1, 2]
    assert ~(zoo.amounts(np.True_) > 0) is ~(zoo.amounts({1.0: mask, 0.5: mask}) > 0) is np.False_


def test_held_things_must_fit_the_top_row():
    with pytest.raises(ValueError, match="holds up to 3 things, which do not fit the top row's 2"):
        Zoo((5, 4))


ZOO = Zoo((4, 6))
MAP = """\
######
#.k.2#
#..A.#
######
2 = door red"""


@given(seeds, st.integers(0, 3))
def test_to_map_and_back_keeps_any_state(seed, row):
    zoo, state = zoo_states(seed)
    text = to_map(zoo, state, row, hidden=True)
    assert_same(zoo, from_map(zoo, text), state.take(np.array([row])))
    assert to_map(zoo, from_map(zoo, text), hidden=True) == text


def test_map_holds_every_number_of_state():
    text = """\
clock = 3
level = 281474976710655
level.key = -9223372036854775808
held.key = 2
vars.been = true
vars.phase = 4
const.tour = [1, 2, 3, -4, 14]
seed.wind = 9223372036854775807
######
#23.4#
#.5A~#
######
2 = -key:2 red, spot:1
3 = key:0
4 = lava, door:1 red
5 = door:0, tree wet"""
    state = from_map(ZOO, text)
    assert state.at["key"][:, 0].tolist() == [8, 0, 7]
    assert state.there["key"][:, 0].tolist() == [True, False, False]
    assert state.vars["been"].dtype == np.bool_
    assert to_map(ZOO, state, hidden=True) == text
    seen = """\
held.key = 2
######
#.k.2#
#.3A~#
######
2 = lava, door red
3 = door, tree wet, guide"""
    assert to_map(ZOO, state) == seen
    with pytest.raises(ValueError, match="'guide' conflicts with the hidden state"):
        from_map(ZOO, seen)
    assert from_map(ZOO, text.replace("tree wet", "guide, tree wet")).n == 1


def test_from_map_fills_slots_in_reading_order():
    state = from_map(ZOO, MAP.replace("#.k.2#", "#kk3.#") + "\n3 = key:0")
    assert state.at["key"][:, 0].tolist() == [9, 7, 8]


@pytest.mark.parametrize(
    "drawing",
    [
        MAP.replace(".", " "),
        " ".join(MAP.partition("\n2")[0]).replace(" \n ", "\n").replace("2", "Dr"),
        MAP.splitlines(),
        tuple(list(row) for row in MAP.splitlines()),
        np.array([list(row) for row in MAP.replace("2", "D").splitlines()[:4]]),
    ],
    ids=["blanks as floor", "blanks between", "rows", "rows of characters", "array"],
)
def test_from_map_reads_drawings_of_other_forms(drawing):
    red = not isinstance(drawing, np.ndarray)
    assert_same(ZOO, from_map(ZOO, drawing), from_map(ZOO, MAP if red else MAP.replace(" red", "")))


def test_map_in_top_row_holds_things():
    state = from_map(ZOO, MAP.replace("######\n#.k", "##3###\n#.k") + "\n3 = wall, sign")
    assert state.at["sign"].tolist() == [[2]]
    assert state.level.tables["wall"][2]


def test_symbols_stay_clear_of_all_glyphs():
    class DigitGlyphs(World):
        things = {"one": 2, "two": 2}
        looks = {"one": Look("1", (0, 0, 0)), "two": Look("3", (0, 0, 0))}

    crowded = DigitGlyphs((4, 6))
    state = from_map(crowded, "######\n#1..A#\n#..?3#\n######\n? = one, two")
    assert to_map(crowded, state) == "######\n#1..A#\n#..23#\n######\n2 = one, two"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("#..A.#", "#.?A.#", r"'\?' at row 2, column 2 means nothing"),
        ("#..A.#", "#.kqA#", r"'q' at row 2, column 3 means nothing"),
        ("#..A.#", "#..A.", "4 rows, and row 2 has 5 columns; expected 4 rows of 6"),
        ("#..A.#\n", "", "3 rows; expected 4 rows of 6 columns"),
        (MAP, "", "0 rows; expected"),
        ("#..A.#", "#....#", "no agent; expected exactly one 'A'"),
        ("#.k.2#", "#.k.A#", "2 agents, at row 1, column 4 and at row 2, column 3"),
        ("#..A.#", "#..A..", "the border is open at row 2, column 5"),
        ("######\n#.k", "##.###\n#.k", "the border is open at row 0, column 2"),
        ("door red", "dor red", "name for '2', at row 1, column 4, 'dor'.*mean 'door'"),
        ("door red", "door rd", "trait of 'door' for '2', at row 1, column 4, 'rd'.*mean 'red'"),
        ("door red", "wall door", "'wall' for '2', .*has no trait 'door'; a comma"),
        ("door red", "-lava", "'-lava' for '2', .* write 'lava'"),
        ("door red", "agent:1", "'agent:1' for '2', .* write 'agent'"),
        ("2 = door", "k = red\n2 = door", "'k', at row 1, column 2, which stands for key already"),
        ("2 = door", "clok = 3\n2 = door", "'clok'.*mean 'clock'"),
        ("2 = door", "clock = soon\n2 = door", "clock = soon: expected a number from 0"),
        ("2 = door", "clock = -1\n2 = door", "clock = -1: expected a number from 0"),
        ("2 = door", "clock = 1.5\n2 = door", "clock = 1.5: expected a number"),
        ("2 = door", "held.key = 3\n2 = door", "held.key = 3: expected a number from 0 to 2"),
        ("2 = door", "vars.phase = 5\n2 = door", "vars.phase = 5: expected a number from 0 to 4"),
        ("2 = door", "const.tour = [1]\n2 = door", "expected 5 numbers, such as"),
        ("#..A.#", "#22A.#", "'door' at row 2, column 2 is one too many; a level has at most 2"),
        ("door red", "door:2", "'door' at row 1, column 4 cannot be in slot 2: each of 0 to 1"),
        ("#..A.#\n######\n2 = door", "#.2A.#\n######\n2 = door:1", "column 4 cannot be in slot 1"),
        ("door red", "wall, door", "'door' at row 1, column 4 stands in a wall"),
        ("2 = door", "2 = wall, agent\n3 = door", "2 agents"),
        ("#..A.#\n######\n2 = door red", "#....#\n######\n2 = wall, agent", "'agent' at row 1"),
    ],
)
def test_from_map_names_the_place_of_faults(old, new, message):
    assert old in MAP
    with pytest.raises(ValueError, match=message):
        from_map(ZOO, MAP.replace(old, new))


def test_world_where_takes_two_numbers():
    """The array API standard refuses two Python numbers; NumPy and torch do not."""
    strict, zoo = pytest.importorskip("array_api_strict"), Zoo((7, 9))
    other, mask = zoo.bound(strict), [True, False, True]
    for a, b in ((-1, 1), (0.5, 2)):
        found = other.where(strict.asarray(mask), a, b)
        assert np.array_equal(found, zoo.where(np.array(mask), a, b))
    assert other.where(strict.asarray(mask), -1, 1).dtype == strict.int64
