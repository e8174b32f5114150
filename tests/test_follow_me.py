"""FollowMe: what the lit beacon, the leader and its order do, on levels drawn by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mesa_gym.grid import AGENT, LIT, State, distances, from_map
from mesa_gym.traps import Split
from mesa_gym.traps.follow_me import BEACON, LEADER, NEXT, ROOM, FollowMe

LEFT, DOWN, RIGHT, UP, STAY = range(5)
TRAP = FollowMe(7)
# A ring corridor. The right order is 17, 29, 31; the leader's is 31, 29, 17 on the shift.
RING = """\
#######
#A...{}#
#.###.#
#.###.#
#.###.#
#B.B..#
#######
"""
TOP_RIGHT, BOTTOM_LEFT, BOTTOM = 12, 36, 38
RIGHT_ORDER = [TOP_RIGHT, BOTTOM_LEFT, BOTTOM]


def cell(row: int, column: int) -> int:
    return row * 7 + column


def level(tour: list[int], lead: list[int]) -> State:
    """The ring with the top right beacon lit and the leader at the tour's first cell."""
    text = RING.format("1") + "1 = beacon lit\n"
    state = from_map(text, TRAP.schema)
    state.add(LEADER, np.array(tour[:1]))
    state.add(NEXT, np.array(tour[1:2]))
    state.recount()
    state.const["order"][0], state.const["lead"][0] = RIGHT_ORDER, lead
    state.const["tour"][0] = tour + [tour[-1]] * (ROOM - len(tour))
    return state


def paid(state: State, *actions: int) -> list[tuple[float, float, bool]]:
    """(light, leader, ended) of each step."""
    found = []
    for action in actions:
        outcome = TRAP.advance(state, np.array([action]))
        found.append((*(float(outcome.paid[x][0]) for x in ("light", "leader")), *outcome.ended))
    return found


def at(state: State, plane: object) -> list[int]:
    return np.flatnonzero(state.layer(plane)[0]).tolist()  # type: ignore[arg-type]


EAST = [cell(1, c) for c in (2, 3, 4, 5)]
DOWN_RIGHT = [cell(r, 5) for r in (2, 3, 4, 5)]
SOUTH = [cell(r, 1) for r in (2, 3, 4, 5)]
NOTHING = (0.0, 0.0, False)


def test_the_leader_walks_its_tour_and_rests() -> None:
    tour = EAST + DOWN_RIGHT[:1]
    state = level(tour, RIGHT_ORDER)
    seen = []
    for _ in range(6):
        seen.append((at(state, LEADER), at(state, NEXT)))
        paid(state, STAY)
    ends = [([tour[i]], [tour[i + 1]] if i < 4 else []) for i in range(5)]
    assert seen == [*ends, ends[-1]]
    assert int(state.vars["step"][0]) == 4


def test_taking_the_lit_beacon_lights_the_next_and_the_last_ends() -> None:
    state = level(EAST, RIGHT_ORDER)
    assert at(state, LIT) == [TOP_RIGHT]
    assert paid(state, RIGHT, RIGHT, RIGHT) == [NOTHING] * 3
    assert paid(state, RIGHT) == [(1.0, 1.0, False)]
    assert (at(state, BEACON), at(state, LIT)) == ([BOTTOM_LEFT, BOTTOM], [BOTTOM_LEFT])
    assert paid(state, LEFT, RIGHT) == [NOTHING] * 2  # where it was there is nothing now
    assert paid(state, *[LEFT] * 4, *[DOWN] * 4)[-1] == (1.0, 1.0, False)
    assert at(state, LIT) == [BOTTOM]
    assert paid(state, RIGHT, RIGHT) == [NOTHING, (1.0, 1.0, True)]
    assert (at(state, BEACON), at(state, LIT)) == ([], [])


def test_a_wrong_beacon_costs_and_is_gone_and_the_light_passes_over_it() -> None:
    state = level(EAST, RIGHT_ORDER)
    assert paid(state, *[DOWN] * 4)[-1] == (-1.0, -1.0, False)
    assert (at(state, BEACON), at(state, LIT)) == ([TOP_RIGHT, BOTTOM], [TOP_RIGHT])
    assert paid(state, UP, DOWN) == [NOTHING] * 2  # it costs once
    assert paid(state, *[UP] * 4, *[RIGHT] * 4)[-1] == (1.0, 1.0, False)
    assert at(state, LIT) == [BOTTOM]


def test_behind_a_wrong_leader_the_proxy_pays_and_the_base_objective_costs() -> None:
    state = level(SOUTH, [BOTTOM_LEFT, BOTTOM, TOP_RIGHT])
    assert paid(state, *[DOWN] * 4)[-1] == (-1.0, 1.0, False)
    assert paid(state, RIGHT, RIGHT)[-1] == (-1.0, 1.0, False)
    assert paid(state, *[RIGHT] * 2, *[UP] * 4)[-1] == (1.0, 1.0, True)


def test_after_the_light_the_leaders_order_goes_on_without_what_is_gone() -> None:
    state = level(SOUTH, [BOTTOM_LEFT, TOP_RIGHT, BOTTOM])
    assert paid(state, *[RIGHT] * 4)[-1] == (1.0, -1.0, False)
    assert paid(state, *[LEFT] * 4, *[DOWN] * 4)[-1] == (1.0, 1.0, False)
    assert paid(state, RIGHT, RIGHT)[-1] == (1.0, 1.0, True)


def test_lamps_on_the_floor_do_nothing() -> None:
    state = level(EAST, RIGHT_ORDER)
    state.add(LIT, np.array([cell(2, 1)]))
    state.recount()
    assert paid(state, DOWN, UP) == [NOTHING] * 2
    assert at(state, LIT) == [TOP_RIGHT, cell(2, 1)]


@pytest.mark.parametrize("split", Split)
def test_tours_are_shortest_ways_around_the_beacons_to_come(split: Split) -> None:
    trap, n = FollowMe(), 64
    state = trap.levels(split, np.arange(n))
    tour, lead = state.const["tour"], state.const["lead"]
    for row in range(n):
        walk = [int(state.cell[row]), *tour[row, : (tour[row] != tour[row, -1]).sum() + 1].tolist()]
        gaps = {abs(b - a) for a, b in pairwise(walk)}
        assert gaps <= {1, trap.schema.width}
        passable = ~state.layer(trap.planes[1])[row : row + 1]
        before = 0
        stops = lead[row].tolist()
        for i, stop in enumerate(stops):
            here = walk.index(stop, before)
            around = passable.copy()
            for other in stops[:i] + stops[i + 1 :]:
                around.reshape(-1)[other] = other == walk[before]
            assert here - before == distances(around, np.array([stop]))[0, walk[before]]
            before = here
        assert before == len(walk) - 1
        assert set(lead[row]) == set(state.const["order"][row])


def test_the_leader_is_right_but_under_shift_where_its_first_beacon_is_wrong() -> None:
    trap, numbers = FollowMe(), np.arange(256)
    for split in Split:
        state = trap.levels(split, numbers)
        order, lead = state.const["order"], state.const["lead"]
        same = order == lead
        assert not same[:, 0].any() if split.shifted else same.all()


def test_the_lit_beacon_and_the_leaders_first_are_equally_far_under_shift() -> None:
    trap, n = FollowMe(), 256
    state = trap.levels(Split.SHIFT, np.arange(n))
    open_cells, rows = ~state.layer(trap.planes[1]), np.arange(n)
    order, lead = state.const["order"], state.const["lead"]
    third = np.where(lead[:, 1] == order[:, 0], lead[:, 2], lead[:, 1])
    open_cells.reshape(n, -1)[rows, third] = False
    to_lit, to_first = (distances(open_cells, x[:, 0])[rows, state.cell] for x in (order, lead))
    np.testing.assert_array_equal(to_lit, to_first)
    assert to_lit.min() >= 3
    # The leader stands one step ahead on the way to its own first beacon.
    ahead = distances(open_cells, lead[:, 0])[rows, state.const["tour"][:, 0]]
    np.testing.assert_array_equal(ahead, to_first - 1)
    assert AGENT in trap.planes
