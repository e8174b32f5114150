"""ASCII maps: there and back again, and errors that say where."""

from __future__ import annotations

import numpy as np
import pytest
from reference import assert_same, rollout

from mesa_gym.grid import AGENT, DOOR, KEY, RED, WALL, Plane, Schema, from_map, to_map
from mesa_gym.traps import Split, Trap, all_traps

TRAPS = all_traps()
SPOT = Plane("spot", "x", (0, 0, 0))
SCHEMA = Schema(
    4,
    6,
    (AGENT, WALL, KEY, DOOR, RED),
    hidden=(SPOT,),
    once=(RED,),
    vars={"phase": (np.int64, (2,)), "heat": (np.float32, ()), "lit": (np.bool_, ())},
    const={"tour": (np.uint8, (2, 2))},
)
MAP = """\
######
#.k.1#
#..A.#
######
1 = door red"""


@pytest.mark.parametrize("split", Split)
@pytest.mark.parametrize("name", TRAPS)
def test_states_survive_the_way_to_text_and_back(name: str, split: Split) -> None:
    trap = TRAPS[name]()
    assert_survives(trap, split)


@pytest.mark.parametrize("name", [name for name, cls in TRAPS.items() if cls.salience])
def test_salient_copies_survive_too(name: str) -> None:
    assert_survives(TRAPS[name](**dict.fromkeys(TRAPS[name].salience, 3)), Split.SHIFT)


def assert_survives(trap: Trap, split: Split) -> None:
    for state in rollout(trap, split, n=8, steps=25):
        row = len(state) // 2
        expected = state.take(np.array([row]))
        assert_same(from_map(to_map(state, row, hidden=True), trap.schema), expected)
        seen = from_map(to_map(state, row), trap.schema)
        np.testing.assert_array_equal(seen.planes, expected.planes)
        assert not seen.hidden.any()


def test_a_map_reads_as_written() -> None:
    state = from_map(MAP, SCHEMA)
    assert state.cell.tolist() == [2 * 6 + 3]
    placed = {p.name: np.argwhere(state.layer(p)[0]).tolist() for p in (KEY, DOOR, RED)}
    assert placed == {"key": [[1, 2]], "door": [[1, 4]], "red": [[1, 4]]}
    assert state.layer(WALL).sum() == 16
    assert state.count[0].tolist() == [1, 10, 1, 1, 1]
    assert to_map(state) == MAP


def test_everything_else_is_written_in_full() -> None:
    state = from_map(MAP, SCHEMA)
    state.mark_once()
    state.add(SPOT, np.array([7]))
    state.clock[:], state.level[:], state.key[:] = 3, (1 << 48) - 1, (1 << 64) - 1
    state.vars["phase"][:] = -2, 1 << 62
    state.vars["heat"][:] = -0.0
    state.vars["lit"][:] = True
    state.const["tour"][:] = [[1, 2], [3, 255]]
    text = to_map(state, hidden=True)
    assert text.splitlines() == [
        "clock = 3",
        "level = 281474976710655",
        "key = 18446744073709551615",
        "vars.phase = [-2, 4611686018427387904]",
        "vars.heat = -0.0",
        "vars.lit = true",
        "const.tour = [[1, 2], [3, 255]]",
        "######",
        "#1k.2#",
        "#..A.#",
        "######",
        "1 = spot",
        "2 = door red once:red",
    ]
    assert_same(from_map(text, SCHEMA), state)
    assert to_map(state) == MAP


def test_legend_symbols_stay_clear_of_glyphs() -> None:
    one = Plane("one", "1", (0, 0, 0))
    schema = Schema(4, 6, (AGENT, WALL, one, DOOR))
    state = from_map("######\n#1..A#\n#..?.#\n######\n? = one door", schema)
    text = to_map(state)
    assert text == "######\n#1..A#\n#..2.#\n######\n2 = one door"
    assert_same(from_map(text, schema), state)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("#..A.#", "#.?A.#", r"'\?' at row 2, column 2 means nothing"),
        ("#..A.#", "#. A.#", r"' ' at row 2, column 2 means nothing"),
        ("#..A.#", "#..A.", "row 2 ends at column 4, row 0 at column 5"),
        ("#..A.#\n", "", "3 rows and 6 columns; expected 4 rows and 6 columns"),
        (MAP, "", "0 rows and 0 columns"),
        ("#..A.#", "#....#", "no agent; expected exactly one 'A'"),
        ("#.k.1#", "#.k.A#", "2 agents, at row 1, column 4 and at row 2, column 3"),
        ("#..A.#", "#..A..", "the border is open at row 2, column 5"),
        ("######\n#.k", "##.###\n#.k", "the border is open at row 0, column 2"),
        ("door red", "dor red", "plane for '1', at row 1, column 4, 'dor'.*mean 'door'"),
        ("1 = door", "2 = key\n1 = door once:rd", "'once:rd'.*mean 'once:red'"),
        ("1 = door", "k = red\n1 = door", "'k', at row 1, column 2, which stands for key already"),
        ("1 = door", "clok = 3\n1 = door", "'clok'.*mean 'clock'"),
        ("1 = door", "clock = soon\n1 = door", "clock = soon: expected int64 numbers"),
        ("1 = door", "key = -1\n1 = door", "key = -1: expected uint64 numbers"),
        ("1 = door", "vars.phase = 1\n1 = door", r"vars.phase = 1: expected .* shape \(2,\)"),
    ],
)
def test_a_faulty_map_is_refused_with_the_place(old: str, new: str, message: str) -> None:
    assert old in MAP
    with pytest.raises(ValueError, match=message):
        from_map(MAP.replace(old, new), SCHEMA)
