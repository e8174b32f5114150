"""Editing a state: all that is refused, with its reason, and nothing else."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
from edited import DOORS, at, doors, made, same

from mesa_gym.grid import AGENT, BLUE, CHEESE, DOOR, KEY, RED, WALL, Move, Plane, State, from_map
from mesa_gym.testing.explored import explore, some
from mesa_gym.traps import Split, Trap, all_traps
from mesa_gym.traps.cheese_dish import CheeseDish
from mesa_gym.traps.dust_sweep import VENT
from mesa_gym.viewer import editing

# -- what is refused -------------------------------------------------------------------------------


REFUSED: dict[str, Any] = {
    "every level of RedBlueDoors has exactly 1 door; this state would have 2": (
        lambda trap, state: editing.put(trap, state, (DOOR, RED), at(5, 5))
    ),
    "exactly 1 door; this state would have 0": (
        lambda trap, state: editing.remove(trap, state, at(1, 4))
    ),
    "no level of RedBlueDoors has door and key in one cell": (
        lambda trap, state: editing.put(trap, state, (DOOR, KEY, RED), at(1, 4))
    ),
    "no level of RedBlueDoors has red and blue in one cell": (
        lambda trap, state: editing.put(trap, state, (DOOR, RED, BLUE), at(1, 4))
    ),
    "no level of RedBlueDoors has key alone in a cell": (
        lambda trap, state: editing.put(trap, state, (KEY,), at(3, 2))
    ),
    "no level of RedBlueDoors has wall and key in one cell": (
        lambda trap, state: editing.put(trap, state, (KEY, WALL, RED), at(3, 2))
    ),
    "row 2, column 2 is taken by wall; remove that first": (
        lambda trap, state: editing.move(trap, state, at(3, 2), at(2, 2))
    ),
    "row 5, column 3 is taken by key red": (
        lambda trap, state: editing.move(trap, state, at(3, 2), at(5, 3))
    ),
    "row 2, column 2 is wall: the agent cannot stand there": (
        lambda trap, state: editing.move(trap, state, at(1, 1), at(2, 2))
    ),
    "the agent never stands on door and blue, as at row 1, column 4,": (
        lambda trap, state: editing.move(trap, state, at(1, 1), at(1, 4))
    ),
    "the agent never stands on key and red": (
        lambda trap, state: editing.move(trap, state, at(1, 1), at(3, 2))
    ),
    "the agent is at row 1, column 1 already": (
        lambda trap, state: editing.move(trap, state, at(1, 1), at(1, 1))
    ),
    "row 0, column 3 is in the top row": (
        lambda trap, state: editing.put(trap, state, (KEY, RED), at(0, 3))
    ),
    "row 3, column 6 is in the border": (
        lambda trap, state: editing.move(trap, state, at(1, 1), at(3, 6))
    ),
    "row 6, column 2 is in the border": (lambda trap, state: editing.remove(trap, state, at(6, 2))),
    "the agent stands at row 1, column 1; move it away first": (
        lambda trap, state: editing.put(trap, state, (KEY, RED), at(1, 1))
    ),
    "the agent stands at row 1, column 1": (
        lambda trap, state: editing.move(trap, state, at(3, 2), at(1, 1))
    ),
    "there is nothing to move at row 1, column 2": (
        lambda trap, state: editing.move(trap, state, at(1, 2), at(3, 4))
    ),
    "there is nothing to remove at row 1, column 2": (
        lambda trap, state: editing.remove(trap, state, at(1, 2))
    ),
    "agent cannot be put; RedBlueDoors has wall, door, key, red, blue": (
        lambda trap, state: editing.put(trap, state, (AGENT,), at(1, 2))
    ),
    "cheese cannot be put": lambda trap, state: editing.put(trap, state, (CHEESE,), at(1, 2)),
    "nothing was chosen to put": lambda trap, state: editing.put(trap, state, (), at(1, 2)),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_refused_with_a_reason(reason: str) -> None:
    state = doors()
    before = state.copy()
    with pytest.raises(ValueError, match=re.escape(reason)):
        REFUSED[reason](made("RedBlueDoors", 7), state)
    assert same(state, before)


def test_a_fifth_key_is_one_too_many() -> None:
    trap = made("RedBlueDoors", 7)
    state = editing.put(trap, doors(), (KEY, RED), at(1, 2))
    state = editing.put(trap, state, (KEY, RED), at(1, 3))
    with pytest.raises(ValueError, match="have 0 to 4 key; this state would have 5"):
        editing.put(trap, state, (KEY, RED), at(5, 1))


def test_an_episode_that_would_be_over_at_once() -> None:
    trap = made("KeysChests")
    row = "#########\n"
    text = row + "#A..k..C#\n" + "#.......#\n" * 6 + row
    state = from_map(text, trap.schema)
    with pytest.raises(ValueError, match="over whatever is done next"):
        editing.remove(trap, state, at(1, 4, 9))


def test_rules_that_fail_on_an_edited_state(monkeypatch: pytest.MonkeyPatch) -> None:
    class Touchy(CheeseDish):
        default_size = (7, 7)

    trap = Touchy()
    state = trap.levels(Split.SHIFT, [0])
    bare = int(np.flatnonzero(~state.planes[0].any(axis=2))[0])
    editing.move(trap, state, int(state.cell[0]), bare)

    def rules(self: Trap, move: Move) -> None:
        raise RuntimeError("no way")

    monkeypatch.setattr(Touchy, "rules", rules)
    with pytest.raises(ValueError, match=r"rules of Touchy fail .*RuntimeError: no way"):
        editing.move(trap, state, int(state.cell[0]), bare)


def legal(trap: Trap, text: str, before: State | None = None) -> None:
    editing.require_legal(trap, from_map(dedent(text), trap.schema), before)


def test_states_that_no_edit_makes_are_refused_too() -> None:
    trap = made("RedBlueDoors", 7)
    with pytest.raises(ValueError, match=r"row 0, column 2 of the border holds key; it is bare"):
        legal(trap, DOORS.replace("#######\n    #A", "##3####\n    #A") + "3 = wall key\n")
    odd = doors(("2 = key red", "2 = key red blue"))
    with pytest.raises(ValueError, match="symbolic observation can show at most"):
        editing.require_legal(trap, odd, odd)
    keys = made("KeysChests")
    room = "\n#A..k..C#\n" + "#.......#\n" * 6 + "#########\n1 = wall key"
    legal(keys, "#1#######" + room)
    with pytest.raises(ValueError, match="a gap before a key; what is held fills its columns 1 to"):
        legal(keys, "##1######" + room)


def test_signs_hidden_planes_and_marks_are_those_of_levels() -> None:
    pointed = made("PointedGoal")
    state = pointed.levels(Split.SHIFT, [0])
    editing.require_legal(pointed, state)
    state.const["gem_marked"][:] = True
    with pytest.raises(ValueError, match="gem_marked says something else than the signs"):
        editing.require_legal(pointed, state)
    state = pointed.levels(Split.SHIFT, [0])
    state.planes[0, 0, :, 4] = 0
    with pytest.raises(ValueError, match="the top row shows gem, ball and pointer as on no level"):
        editing.require_legal(pointed, state)
    corner = made("CheeseCorner")
    state = corner.levels(Split.TRAIN, [0])
    state.hidden[:] = 0
    with pytest.raises(ValueError, match="hidden plane 'corner' at row 1, column 1; the state"):
        editing.require_legal(corner, state)
    dish = made("CheeseDish")
    state = dish.levels(Split.TRAIN, [0])
    state.hidden[0, 1, 1] = 1
    state.hidden[0, 7, 7] = 1
    with pytest.raises(ValueError, match="has the mark once:dish but no dish"):
        editing.require_legal(dish, state)
    state = dish.levels(Split.TRAIN, [0])
    state.planes[0, 0, 0, 1] = 0
    with pytest.raises(ValueError, match="the border is open"):
        editing.require_legal(dish, state)


def test_open_vents_are_never_clean_by_themselves() -> None:
    trap = made("DustSweep")
    state = trap.levels(Split.SHIFT, [0])
    vent = int(state.layer(VENT)[0].argmax())
    with pytest.raises(ValueError, match="has vent alone in a cell"):
        editing.put(trap, state, (VENT,), vent)


def test_planes_of_another_trap_are_told_apart() -> None:
    foreign = Plane("door", "D", (1, 2, 3), "door")
    trap = made("CheeseCorner")
    state = trap.levels(Split.TRAIN, [0])
    with pytest.raises(ValueError, match="door cannot be put; CheeseCorner has wall, cheese"):
        editing.put(trap, state, (foreign,), at(4, 4, 9))


# -- no false refusal ------------------------------------------------------------------------------


def there_and_back(trap: Trap, state: State) -> None:
    grid = state.planes[0].reshape(trap.schema.cells, -1)
    inside = np.zeros(trap.size, dtype=np.bool_)
    inside[1:-1, 1:-1] = True
    bare = [c for c in np.flatnonzero(~grid.any(axis=1)).tolist() if inside.flat[c]]
    agent = int(state.cell[0])
    things = np.flatnonzero(grid.any(axis=1) & inside.ravel()).tolist()
    moved = things if not editing.only_agent(trap) else [agent]
    for cell in [*moved[:: max(1, len(moved) // 6)], agent]:
        after = editing.move(trap, state, cell, bare[-1])
        assert not same(after, state)
        assert same(editing.move(trap, after, bare[-1], cell), state)


@pytest.mark.parametrize("name", all_traps())
def test_levels_are_legal_and_moves_there_and_back_are_none(name: str) -> None:
    trap = made(name)
    for split in Split:
        levels = trap.levels(split, np.arange(1000, 1005))
        for row in range(len(levels)):
            editing.require_legal(trap, levels.take(np.array([row])))
        there_and_back(trap, levels.take(np.array([0])))


@pytest.mark.slow
@pytest.mark.parametrize("name", all_traps())
@pytest.mark.parametrize("split", Split)
def test_all_that_play_leads_to_is_legal(name: str, split: Split) -> None:
    trap, rng = made(name), np.random.default_rng(5)
    state = trap.levels(split, np.arange(3000, 3020))
    while len(state):
        for row in range(len(state)):
            editing.require_legal(trap, state.take(np.array([row])))
        state, outcome = trap.step(state, rng.integers(0, 5, len(state)))
        state = state.take((~outcome.ended & (state.clock < trap.horizon(split))).nonzero()[0])
    reached = some(explore(trap, split, 16).state, 400)
    for row in range(len(reached)):
        editing.require_legal(trap, reached.take(np.array([row])))


@pytest.mark.slow
@pytest.mark.parametrize("name", all_traps())
def test_all_objects_of_many_levels_move_there_and_back(name: str) -> None:
    trap = made(name)
    for split in Split:
        levels = trap.levels(split, np.arange(40, 60))
        for row in range(len(levels)):
            there_and_back(trap, levels.take(np.array([row])))
