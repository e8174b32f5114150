"""Maps: there and back again, and errors that say where."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import assert_same
from worlds import Zoo, zoo_states

from mesa_gym.engine import Look, World
from mesa_gym.engine.maps import from_map, to_map
from mesa_gym.traps import Split, all_traps

seeds = st.integers(0, 2**32)
TRAPS = {name: cls() for name, cls in all_traps().items()}
ZOO = Zoo((4, 6))
MAP = """\
######
#.k.2#
#..A.#
######
2 = door red"""


@given(seeds, st.integers(0, 3))
def test_any_state_survives_the_way_to_text_and_back(seed, row):
    zoo, state = zoo_states(seed)
    text = to_map(zoo, state, row, hidden=True)
    assert_same(zoo, from_map(zoo, text), state.take(np.array([row])))
    assert to_map(zoo, from_map(zoo, text), hidden=True) == text


@pytest.mark.thorough
@settings(deadline=None, max_examples=200)
@given(st.sampled_from(sorted(TRAPS)), st.sampled_from(Split), seeds, st.integers(0, 40))
def test_played_states_of_every_trap_survive(name, split, seed, steps):
    trap, rng = TRAPS[name], np.random.default_rng(seed)
    state = trap.levels(split, rng.integers(0, 1 << 48, 1))
    for _ in range(steps):
        after, _, ended = trap.step(state, rng.integers(0, 5, 1))
        state = state.replaced(~ended, after)
    assert_same(trap, from_map(trap, to_map(trap, state, hidden=True)), state)
    if not trap.marks:
        seen = from_map(trap, to_map(trap, state))
        np.testing.assert_array_equal(trap.observe(seen), trap.observe(state))
        assert not seen.clock.any()
        assert not any(seen.there[kind].any() for kind in trap.things if _unseen(trap, kind))


def _unseen(trap, kind):
    traits = [trait for trait, kinds in trap.traits.items() if kind in kinds]
    return all(trap.shown_as.get(name, name) is None for name in (kind, *traits))


def test_a_map_reads_as_written():
    state = from_map(ZOO, MAP)
    assert state.agent.tolist() == [2 * 6 + 3]
    assert state.at["key"].tolist() == [[8], [0], [0]]
    assert state.there["key"].tolist() == [[True], [False], [False]]
    assert state.at["door"].tolist() == [[10], [0]]
    assert state.level.traits["red"]["door"].tolist() == [[True], [False]]
    assert state.level.tables["wall"].sum() == 16
    assert to_map(ZOO, state) == MAP


def test_everything_is_written_in_full():
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
    with pytest.raises(ValueError, match="'guide' follows from the rest of the state"):
        from_map(ZOO, seen)
    assert from_map(ZOO, text.replace("tree wet", "guide, tree wet")).n == 1


def test_things_without_a_slot_take_those_left_in_reading_order():
    state = from_map(ZOO, MAP.replace("#.k.2#", "#kk3.#") + "\n3 = key:0")
    assert state.at["key"][:, 0].tolist() == [9, 7, 8]


def test_things_hang_in_the_top_row():
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
        ("#..A.#", "#. A.#", r"' ' at row 2, column 2 means nothing"),
        ("#..A.#", "#..A.", "row 2 ends at column 4, row 0 at column 5"),
        ("#..A.#\n", "", "3 rows and 6 columns; expected 4 rows and 6 columns"),
        (MAP, "", "0 rows and 0 columns"),
        ("#..A.#", "#....#", "no agent; expected exactly one 'A'"),
        ("#.k.2#", "#.k.A#", "2 agents, at row 1, column 4 and at row 2, column 3"),
        ("#..A.#", "#..A..", "the border is open at row 2, column 5"),
        ("######\n#.k", "##.###\n#.k", "the border is open at row 0, column 2"),
        ("door red", "dor red", "name for '2', at row 1, column 4, 'dor'.*mean 'door'"),
        ("door red", "door rd", "trait of 'door' for '2', at row 1, column 4, 'rd'.*mean 'red'"),
        ("door red", "wall door", "'wall' for '2', .*has no trait 'door'; commas"),
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
        ("#..A.#", "#22A.#", "'door' at row 2, column 2 is one too many; a level has 2"),
        ("door red", "door:2", "'door' at row 1, column 4 cannot be in slot 2: each of 0 to 1"),
        ("#..A.#\n######\n2 = door", "#.2A.#\n######\n2 = door:1", "column 4 cannot be in slot 1"),
        ("door red", "wall, door", "'door' at row 1, column 4 stands in a wall"),
        ("2 = door", "2 = wall, agent\n3 = door", "2 agents"),
        ("#..A.#\n######\n2 = door red", "#....#\n######\n2 = wall, agent", "'agent' at row 1"),
    ],
)
def test_a_faulty_map_is_refused_with_the_place(old, new, message):
    assert old in MAP
    with pytest.raises(ValueError, match=message):
        from_map(ZOO, MAP.replace(old, new))
