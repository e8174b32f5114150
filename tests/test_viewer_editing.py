"""Editing a state: what comes out, and everything that is refused with its reason."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from mesa_gym.grid import (
    AGENT,
    BLUE,
    CHEESE,
    CHEST,
    DOOR,
    KEY,
    RED,
    WALL,
    Move,
    Plane,
    State,
    from_map,
    to_map,
)
from mesa_gym.testing.explored import arrays_of, difference, explore, some
from mesa_gym.traps import Split, Trap, all_traps, find_trap
from mesa_gym.traps.cheese_corner import CORNER, CheeseCorner
from mesa_gym.traps.cheese_dish import DISH, CheeseDish
from mesa_gym.traps.chute_or_fire import CHUTE, FIRE, HEARTH
from mesa_gym.traps.dust_sweep import VENT
from mesa_gym.viewer import editing, seen

DOORS = """
    #######
    #A..1.#
    #.###.#
    #.2...#
    #.###.#
    #..2..#
    #######
    1 = door blue
    2 = key red
"""
ONLY_AGENT = {
    "DustVacuum-v0": "keeps pots beside the grid",
    "FollowMe-v0": "keeps step, order, lead and tour beside the grid",
    "MonsterWorld-v0": "keeps monsters beside the grid",
    "NearestFruit-v0": "has a hidden plane (nearest) in other cells on other levels",
    "TreeFarm-v0": "keeps sites beside the grid",
}


def made(name: str, size: int | None = None) -> Trap:
    return find_trap(name)(size)


def doors(*changes: tuple[str, str]) -> State:
    text = DOORS
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return from_map(text, made("RedBlueDoors", 7).schema)


def shown(state: State) -> str:
    return to_map(state, hidden=True)


def at(row: int, column: int, width: int = 7) -> int:
    return row * width + column


def same(a: State, b: State) -> bool:
    return difference(arrays_of(a), arrays_of(b)) is None


# -- what comes out --------------------------------------------------------------------------------


def test_the_door_is_made_red() -> None:
    trap = made("RedBlueDoors", 7)
    state = doors()
    before = state.copy()
    after = editing.put(trap, state, (DOOR, RED), at(1, 4))
    assert same(after, doors(("1 = door blue", "1 = door red")))
    assert same(state, before)


def test_what_is_moved_leaves_bare_floor() -> None:
    trap = made("RedBlueDoors", 7)
    after = editing.move(trap, doors(), at(3, 2), at(3, 4))
    assert same(after, doors(("#.2...#", "#...2.#")))
    agent = editing.move(trap, doors(), at(1, 1), at(5, 5))
    assert same(agent, doors(("#A..1.#", "#...1.#"), ("#..2..#", "#..2.A#")))


def test_things_and_walls_are_removed_and_put() -> None:
    trap = made("RedBlueDoors", 7)
    assert same(editing.remove(trap, doors(), at(3, 2)), doors(("#.2...#", "#.....#")))
    opened = editing.remove(trap, doors(), at(2, 2))
    assert same(opened, doors(("#A..1.#\n    #.###.#", "#A..1.#\n    #..##.#")))
    walled = editing.put(trap, opened, (WALL,), at(2, 2))
    assert same(walled, doors())
    further = editing.put(trap, doors(), (KEY, BLUE), at(3, 5))
    assert further.count[0, trap.schema.channels[KEY][0]] == 3
    assert "#.2..3#" in shown(further)
    assert "3 = key blue" in shown(further)


def test_a_plane_repeated_for_salience_is_set_in_all_its_channels() -> None:
    trap = find_trap("RedBlueDoors")(7, colour_planes=3)
    state = from_map(dedent(DOORS), trap.schema)
    after = editing.put(trap, state, (DOOR, RED), at(1, 4))
    reds = list(trap.schema.channels[RED])
    assert len(reds) == 3
    assert after.planes[0, 1, 4, reds].tolist() == [1, 1, 1]


def test_marks_go_with_what_they_are_of() -> None:
    trap = made("CheeseDish", 7)
    map_ = "#######\n#A.D..#\n#.....#\n#...c.#\n#.....#\n#.....#\n#######\n"
    fresh = from_map(map_.replace("D", "1") + "1 = dish once:dish", trap.schema)
    spent = from_map(map_.replace("D", "d"), trap.schema)
    mark = trap.schema.once_channel[DISH]
    for state, marked in ((fresh, [at(4, 2)]), (spent, [])):
        after = editing.move(trap, state, at(1, 3), at(4, 2))
        assert np.flatnonzero(after.hidden[..., mark]).tolist() == marked
        assert after.layer(DISH)[0].argmax() == at(4, 2)
    again = editing.put(trap, spent, (DISH,), at(1, 3))
    assert same(again, fresh)
    # The dish that was walked over has paid, and one that has not is never walked on.
    with pytest.raises(ValueError, match="never stands on dish and a mark that pays for dish"):
        editing.move(trap, fresh, at(1, 1), at(1, 3))
    on_it = editing.move(trap, spent, at(1, 1), at(1, 3))
    assert on_it.planes[0, 1, 3].tolist() == [1, 0, 1, 0]  # agent, wall, dish, cheese
    assert same(editing.move(trap, on_it, at(1, 3), at(1, 1)), spent)


def test_hidden_planes_belong_to_their_cells() -> None:
    trap = made("CheeseCorner", 7)
    text = "#######\n#1....#\n#...A.#\n#.....#\n#.....#\n#.....#\n#######\n"
    state = from_map(text + "1 = cheese corner once:corner", trap.schema)
    after = editing.move(trap, state, at(1, 1), at(5, 5))
    assert [after.layer(plane)[0].argmax() for plane in (CORNER, CHEESE)] == [at(1, 1), at(5, 5)]
    assert after.hidden[0, 1, 1].tolist() == [1, 1]
    assert after.hidden[0, 5, 5].tolist() == [0, 0]
    with pytest.raises(ValueError, match="has wall and the hidden corner in one cell"):
        editing.put(trap, after, (WALL,), at(1, 1))
    with pytest.raises(ValueError, match="a mark that pays for corner"):
        editing.move(trap, after, at(2, 4), at(1, 1))


def test_a_truth_value_that_the_signs_show_leaves_the_grid_free() -> None:
    trap = made("PointedGoal")
    state = trap.levels(Split.SHIFT, [0])
    gem = int(state.planes[0, 1:, :, 2].argmax()) + 9
    bare = int(np.flatnonzero(~state.planes[0].any(axis=2))[0])
    after = editing.move(trap, state, gem, bare)
    assert after.planes.reshape(-1, 5)[bare].tolist() == [0, 0, 1, 0, 0]
    assert (after.planes[:, 0] == state.planes[:, 0]).all()


def test_what_there_is_but_one_of_is_brought() -> None:
    trap = made("RedBlueDoors", 7)
    after = editing.bring(trap, doors(), (DOOR, RED), at(5, 5))
    assert same(after, doors(("#A..1.#", "#A....#"), ("#..2..#", "#..2.1#"), ("blue", "red")))
    # Of keys there may be more: none is taken away.
    more = editing.bring(trap, doors(), (KEY, BLUE), at(3, 5))
    assert same(more, editing.put(trap, doors(), (KEY, BLUE), at(3, 5)))
    dish = made("CheeseDish", 7)
    map_ = "#######\n#A.1..#\n#.....#\n#.....#\n#.....#\n#.....#\n#######\n"
    served = from_map(map_ + "1 = dish cheese once:dish", dish.schema)
    apart = editing.bring(dish, served, (CHEESE,), at(4, 4))
    assert same(
        apart,
        from_map(
            map_.replace("#.....#\n#.....#\n####", "#...c.#\n#.....#\n####") + "1 = dish once:dish",
            dish.schema,
        ),
    )
    assert same(editing.bring(dish, apart, (DISH, CHEESE), at(1, 3)), served)
    on_it = from_map(map_.replace("A", "2") + "1 = cheese\n2 = agent dish", dish.schema)
    with pytest.raises(ValueError, match="the agent stands at row 1, column 1"):
        editing.bring(dish, on_it, (DISH,), at(4, 4))


def test_the_fire_is_brought_into_the_chute() -> None:
    trap = made("ChuteOrFire")
    state = trap.levels(Split.SHIFT, [3])
    chute = int(state.layer(CHUTE)[0].argmax())
    hearth = int(state.layer(HEARTH)[0].argmax())
    after = editing.bring(trap, state, (CHUTE, FIRE), chute)
    assert editing.standing(after, chute) == (CHUTE, FIRE)
    assert editing.standing(after, hearth) == (HEARTH,)
    assert same(editing.bring(trap, after, (HEARTH, FIRE), hearth), state)


# -- what is looked up -----------------------------------------------------------------------------

CONTENTS = {
    "RedBlueDoors": ["door red", "door blue", "key red", "key blue"],
    "CheeseCorner": ["cheese"],
    "CheeseDish": ["dish", "dish cheese", "cheese"],
    "KeysChests": ["key", "chest"],
    "ColourShape": ["thing line yellow", "thing line red", "thing yellow", "thing red"],
    "CoinRun": ["pit", "coin"],
    "LavaLand": ["goal", "lava"],
    # An open vent without dust is one that the agent stands on.
    "DustSweep": ["vent dust", "vent dust closed", "vent closed", "dust", "crate", "crate closed"],
    "OversightLamp": ["exit_a", "exit_b"],
    "PointedGoal": ["gem", "ball"],
}


@pytest.mark.parametrize("name", CONTENTS)
def test_contents_are_those_of_the_rules(name: str) -> None:
    trap = made(name)
    found = editing.contents(trap)
    assert [" ".join(p.name for p in content) for content in found] == CONTENTS[name]


def test_looking_gives_the_same_and_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    trap = made("KeysChests")
    first = seen.look(trap)
    assert seen.look(made("KeysChests")) is first
    monkeypatch.setattr(seen, "_known", {})
    again = seen.look(trap)
    assert again is not first
    assert again.codes == first.codes
    assert (again.most == first.most).all()
    # Five keys under shift, all of which can be taken; six chests in training, the last of which
    # is never left to be opened.
    keys, chests = trap.schema.channels[KEY][0], trap.schema.channels[CHEST][0]
    assert (first.least[keys], first.most[keys]) == (0, 5)
    assert (first.least[chests], first.most[chests]) == (1, 6)


@pytest.mark.parametrize("name", all_traps())
def test_only_the_agent_moves_where_arrays_or_marks_would_not_fit(name: str) -> None:
    trap = made(name)
    reason = editing.only_agent(trap)
    assert ONLY_AGENT.get(name, "") in reason
    assert bool(reason) == (name in ONLY_AGENT)
    if reason:
        state = trap.levels(Split.TRAIN, [3])
        grid = state.planes[0].reshape(trap.schema.cells, -1)
        wall = trap.schema.channels[WALL][0]
        thing = int(np.flatnonzero(grid[:, 2:].any(axis=1) & (grid[:, wall] == 0))[0])
        bare = int(np.flatnonzero(~grid.any(axis=1))[0])
        for refused in (
            lambda: editing.move(trap, state, thing, bare),
            lambda: editing.remove(trap, state, thing),
            lambda: editing.put(trap, state, editing.contents(trap)[0], bare),
        ):
            with pytest.raises(ValueError, match="only the agent can be moved"):
                refused()
        after = editing.move(trap, state, int(state.cell[0]), bare)
        assert after.cell[0] == bare


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


def test_a_trap_without_levels_of_its_size() -> None:
    class Cramped(CheeseCorner):
        def draw(self, draw: Any, split: Split) -> None:
            super().draw(draw, split)
            draw.require(np.zeros(len(draw), dtype=np.bool_))

    with pytest.raises(ValueError, match="cannot be drawn to be looked at"):
        editing.contents(Cramped())


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
