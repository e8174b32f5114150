"""Editing a state: what comes out."""

from __future__ import annotations

from textwrap import dedent

import numpy as np
import pytest
from edited import DOORS, at, doors, made, same

from mesa_gym.grid import BLUE, CHEESE, DOOR, KEY, RED, WALL, State, from_map, to_map
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.cheese_corner import CORNER
from mesa_gym.traps.cheese_dish import DISH
from mesa_gym.traps.chute_or_fire import CHUTE, FIRE, HEARTH
from mesa_gym.viewer import editing


def shown(state: State) -> str:
    return to_map(state, hidden=True)


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
