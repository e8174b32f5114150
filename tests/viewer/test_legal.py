"""Legal edits: each refused one with its reason; all others are taken."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from edited import DOORS, at, bare_cells, cells_of, doors, made, same
from parameters import few

from mesa_gym.engine import LevelBuilder
from mesa_gym.engine.maps import from_map, to_map
from mesa_gym.traps import Split, all_traps
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.viewer import editing
from mesa_gym.viewer.editing import find_hanging, only_agent, require_legal

TRAP = made("RedBlueDoors", 7)

# -- what is refused -------------------------------------------------------------------------------

REFUSED: dict[str, Any] = {
    "row 2, column 2 is taken by wall; remove that first": (
        lambda state: editing.move(TRAP, state, at(3, 2), at(2, 2))
    ),
    "row 5, column 3 is taken by key red": (
        lambda state: editing.move(TRAP, state, at(3, 2), at(5, 3))
    ),
    "row 2, column 2 has wall: the agent cannot be put there": (
        lambda state: editing.move(TRAP, state, at(1, 1), at(2, 2))
    ),
    "row 1, column 4 has door: the agent cannot be put there": (
        lambda state: editing.move(TRAP, state, at(1, 1), at(1, 4))
    ),
    "the agent is at row 1, column 1 already": (
        lambda state: editing.move(TRAP, state, at(1, 1), at(1, 1))
    ),
    "row 0, column 3 is in the top row": lambda state: editing.put(TRAP, state, "key", at(0, 3)),
    "row 3, column 6 is in the border": (
        lambda state: editing.move(TRAP, state, at(1, 1), at(3, 6))
    ),
    "row 6, column 2 is in the border": lambda state: editing.remove(TRAP, state, at(6, 2)),
    "the agent stands at row 1, column 1; move it away first": (
        lambda state: editing.put(TRAP, state, "key", at(1, 1))
    ),
    "the agent stands at row 1, column 1": (
        lambda state: editing.move(TRAP, state, at(3, 2), at(1, 1))
    ),
    "there is nothing to move at row 1, column 2": (
        lambda state: editing.move(TRAP, state, at(1, 2), at(3, 4))
    ),
    "there is nothing to remove at row 1, column 2": (
        lambda state: editing.remove(TRAP, state, at(1, 2))
    ),
    "there is key at row 3, column 2 already": (
        lambda state: editing.put(TRAP, state, "key", at(3, 2))
    ),
    "nothing at row 1, column 2 can be red: door and key can": (
        lambda state: editing.toggle(TRAP, state, "red", at(1, 2))
    ),
    "agent cannot be put; RedBlueDoors has door, key and wall": (
        lambda state: editing.put(TRAP, state, "agent", at(1, 2))
    ),
    "red cannot be put": lambda state: editing.put(TRAP, state, "red", at(1, 2)),
    "cheese cannot be put": lambda state: editing.put(TRAP, state, "cheese", at(1, 2)),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_refused_with_a_reason(reason: str) -> None:
    state = doors()
    before = to_map(TRAP, state, hidden=True)
    with pytest.raises(ValueError, match=re.escape(reason)):
        REFUSED[reason](state)
    assert to_map(TRAP, state, hidden=True) == before


def test_two_things_that_look_the_same_cannot_share_a_cell() -> None:
    trap = made("DustVacuum")
    state = trap.levels(Split.SHIFT, [0])
    plant = cells_of(trap, state, "plant")[0]
    spare = editing.remove(trap, state, cells_of(trap, state, "dust")[0])
    with pytest.raises(ValueError, match="would both show as dust"):
        editing.put(trap, spare, "dust", plant)
    bare = editing.toggle(trap, spare, "soil", plant)
    dusty = editing.put(trap, bare, "dust", plant)
    with pytest.raises(ValueError, match="would both show as dust"):
        editing.toggle(trap, dusty, "soil", plant)


def test_an_episode_that_would_be_over_at_once() -> None:
    trap = made("KeysChests")
    row = "#########\n"
    state = from_map(trap, row + "#A..k..C#\n" + "#.......#\n" * 6 + row)
    with pytest.raises(ValueError, match="over whatever is done next"):
        editing.remove(trap, state, at(1, 4, 9))


def test_what_hangs_in_the_top_row_is_what_levels_hang_there() -> None:
    key = DOORS.replace("#######\n    #A", "##3####\n    #A") + "3 = wall, key\n"
    with pytest.raises(
        ValueError, match=r"row 0, column 2 holds key, which in RedBlueDoors cannot hang"
    ):
        require_legal(TRAP, from_map(TRAP, key))
    pointed = made("PointedGoal")
    state = pointed.levels(Split.SHIFT, [0])
    assert find_hanging(pointed) == {"sign", "wall"}
    with pytest.raises(ValueError, match="holds sign, which in PointedGoal hangs in the top"):
        editing.put(pointed, state, "sign", bare_cells(pointed, state)[0])
    without = editing.remove(pointed, state, cells_of(pointed, state, "gem")[0])
    with pytest.raises(ValueError, match="holds thing, which in PointedGoal cannot hang"):
        editing.put(pointed, without, "thing", 5)
    with pytest.raises(ValueError, match="row 0, column 5 is in the top row, which stays wall"):
        editing.put(pointed, state, "wall", 5)
    with pytest.raises(ValueError, match="row 0, column 0 is in the top row"):
        editing.remove(pointed, state, 0)


# -- who moves the agent alone ---------------------------------------------------------------------


@pytest.mark.parametrize("name", all_traps())
def test_only_the_agent_moves_where_constants_would_not_fit(name: str) -> None:
    trap = made(name)
    reason = only_agent(trap)
    assert bool(reason) == (name == "FollowMe-v0")
    if reason:
        assert "keeps tour and reach beside the grid" in reason
        state = trap.levels(Split.TRAIN, [3])
        beacon, bare = cells_of(trap, state, "beacon")[0], bare_cells(trap, state)[0]
        for refused in (
            lambda: editing.move(trap, state, beacon, bare),
            lambda: editing.remove(trap, state, beacon),
            lambda: editing.put(trap, state, "beacon", bare),
        ):
            with pytest.raises(ValueError, match="only the agent can be moved"):
                refused()
        after = editing.move(trap, state, int(state.agent[0]), bare)
        assert after.agent[0] == bare
        assert same(trap, after._replace(agent=state.agent), state)


def test_a_trap_without_levels_of_its_size() -> None:
    class Cramped(CheeseCorner):
        def draw(self, level: LevelBuilder, split: Split) -> None:
            super().draw(level, split)
            level.require(np.zeros(len(level), dtype=np.bool_))

    with pytest.raises(ValueError, match=r"levels of Cramped.* cannot be drawn"):
        editing.list_editable(Cramped())


# -- no false refusal ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", few(all_traps(), "MonsterWorld-v0", thorough=["DustSweep-v0"]))
def test_what_play_leads_to_is_legal(name: str) -> None:
    trap, rng = made(name), np.random.default_rng(5)
    for split in Split:
        state = trap.levels(split, range(3000, 3003))
        while state.n:
            for row in range(state.n):
                require_legal(trap, state.take(np.array([row])))
            state, _, ended = trap.step(state, rng.integers(0, 5, state.n))
            state = state.take(~ended & (state.clock < min(trap.horizon(split), 24)))
