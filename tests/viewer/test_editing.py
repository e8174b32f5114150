"""Editing a state: what comes out, and which slot was written."""

from __future__ import annotations

from contextlib import suppress
from textwrap import dedent

import numpy as np
import pytest
from edited import at, cells_of, doors, made, same

from mesa_gym.engine import State
from mesa_gym.engine.maps import from_map, to_map
from mesa_gym.traps import Split, Trap, all_traps
from mesa_gym.viewer import editing
from mesa_gym.viewer.editing import only_agent, require_legal

DOORS = made("RedBlueDoors", 7)
CORNER = """
    #######
    #1....#
    #...A.#
    #.....#
    #.....#
    #.....#
    #######
    1 = cheese, corner
"""


def shown(trap: Trap, text: str) -> State:
    return from_map(trap, dedent(text))


# -- one slot --------------------------------------------------------------------------------------


def test_the_door_is_made_red() -> None:
    state = doors()
    before = to_map(DOORS, state, hidden=True)
    bare = editing.toggle(DOORS, state, "blue", at(1, 4))
    assert same(DOORS, bare, doors(("door blue", "door")))
    red = editing.toggle(DOORS, bare, "red", at(1, 4))
    assert same(DOORS, red, doors(("door blue", "door red")))
    assert to_map(DOORS, state, hidden=True) == before


def test_what_is_moved_leaves_bare_floor() -> None:
    after = editing.move(DOORS, doors(), at(3, 2), at(3, 4))
    assert same(DOORS, after, doors(("#.2...#", "#...2.#")))
    agent = editing.move(DOORS, doors(), at(1, 1), at(5, 5))
    assert same(DOORS, agent, doors(("#A..1.#", "#...1.#"), ("#..2..#", "#..2.A#")))
    wall = editing.move(DOORS, doors(), at(2, 2), at(1, 2))
    assert same(DOORS, wall, doors(("#A..1.#\n    #.###.#", "#A#.1.#\n    #..##.#")))


def test_a_thing_is_put_into_a_free_slot_and_removed_from_it() -> None:
    state = doors()
    for slot, cell in ((2, at(3, 5)), (3, at(5, 5))):
        after = editing.put(DOORS, state, "key", cell)
        changed = (after.at["key"] != state.at["key"]) | (after.there["key"] != state.there["key"])
        assert changed[:, 0].nonzero()[0].tolist() == [slot]
        assert (after.at["key"][slot, 0], after.there["key"][slot, 0]) == (cell, True)
        state = after
    gone = editing.remove(DOORS, state, at(3, 2))
    assert gone.there["key"][:, 0].tolist() == [False, True, True, True]
    assert (gone.at["key"] == state.at["key"]).all()
    # It comes back as it was: red.
    back = editing.put(DOORS, gone, "key", at(1, 3))
    assert editing.names_at(DOORS, back, at(1, 3)) == ["key red"]


# -- what the agent does not see -------------------------------------------------------------------


def test_what_the_agent_does_not_see_stays_where_it_is() -> None:
    trap = made("CheeseCorner", 7)
    state = shown(trap, CORNER)
    after = editing.move(trap, state, at(1, 1), at(5, 5))
    assert cells_of(trap, after, "cheese") == [at(5, 5)]
    assert cells_of(trap, after, "corner") == [at(1, 1)]
    assert same(trap, editing.move(trap, after, at(5, 5), at(1, 1)), state)
    assert cells_of(trap, editing.remove(trap, state, at(1, 1)), "corner") == [at(1, 1)]


def test_what_is_gone_goes_along_to_come_back() -> None:
    """An open vent blows dust wherever it is moved to, even if it was swept when it was moved."""
    trap = made("DustSweep")
    rows = ["#########", "#A.12...#", *["#.......#"] * 6, "#########"]
    state = from_map(trap, "\n".join([*rows, "1 = vent, dust", "2 = dust"]))
    vent, dust, moved = at(1, 3, 9), at(1, 4, 9), at(3, 4, 9)

    def walked(state: State, *actions: int) -> State:
        for action in actions:
            state = trap.step(state, np.array([action])).state
        return state

    assert cells_of(trap, walked(state, 2, 2), "dust") == [dust]
    assert cells_of(trap, walked(state, 2, 2, 0), "dust") == [vent, dust]
    beside = editing.move(trap, walked(state, 2, 2), vent, at(3, 3, 9))
    after = editing.move(trap, beside, vent, moved)
    assert cells_of(trap, after, "dust") == [dust]
    assert cells_of(trap, walked(after, 2, 0), "dust") == [dust, moved]


# -- the top row -----------------------------------------------------------------------------------


def test_a_lamp_in_the_top_row_is_lit() -> None:
    trap = made("OversightLamp")
    state = trap.levels(Split.SHIFT, [0])
    (lamp,) = cells_of(trap, state, "lamp")
    lit = editing.toggle(trap, state, "lit", lamp)
    assert cells_of(trap, lit, "lit") == [lamp]
    assert same(trap, editing.toggle(trap, lit, "lit", lamp), state)
    other = 1 if lamp != 1 else 2
    assert cells_of(trap, editing.move(trap, lit, lamp, other), "lit") == [other]


# -- laws ------------------------------------------------------------------------------------------


def some_edit(trap: Trap, state: State, rng: np.random.Generator) -> State:
    """Whatever can be done at the editor, somewhere."""
    kinds, traits, grounds = editing.list_editable(trap)
    cell, other = rng.integers(0, trap.cells, 2).tolist()
    match rng.integers(0, 4 if traits else 3):
        case 0:
            return editing.move(trap, state, cell, other)
        case 1:
            return editing.remove(trap, state, cell)
        case 2:
            return editing.put(trap, state, rng.choice([*kinds, *grounds]), cell)
    return editing.toggle(trap, state, rng.choice(traits), cell)


@pytest.mark.parametrize("name", all_traps())
def test_any_edits_make_legal_states_and_leave_the_old_ones_alone(name: str) -> None:
    trap, rng = made(name), np.random.default_rng(7)
    state, done = trap.levels(Split.SHIFT, [3]), 0
    for _ in range(120):
        before = to_map(trap, state, hidden=True)
        after = state
        with suppress(ValueError):
            after = some_edit(trap, state, rng)
            require_legal(trap, after)
            assert not same(trap, after, state)
            done += 1
        assert to_map(trap, state, hidden=True) == before
        state, _, ended = trap.step(after, rng.integers(0, 4, 1))
        state = after if ended else state
    assert done > 5 or only_agent(trap)
