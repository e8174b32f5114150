"""FollowMe: what lit beacon, leader and flag do on a ring, where the right order is 1, 2, 3."""

from itertools import pairwise

import numpy as np
import pytest
from playing import play, walled
from reference import cells_of, neighbours, steps_from

from mesa_gym.traps import Split
from mesa_gym.traps.follow_me import ROOM, FollowMe

TRAP = FollowMe(7)
RING = walled(TRAP, "A...1", ".###.", ".###.", ".###.", "2.3.4", "1 = beacon:0", "2 = beacon:1")
RING += "\n3 = beacon:2\n4 = lamp"
FIRST, SECOND, THIRD = 12, 36, 38
EAST, SOUTH = [9, 10, 11, 12], [15, 22, 29, 36]


def follow(tour, reach, actions):
    """Play the ring with a leader that gets to the beacons in some steps."""
    whole = tour + [tour[-1]] * (ROOM - len(tour))
    return play(TRAP, f"const.tour = {whole}\nconst.reach = {reach}\n{RING}", actions)


@pytest.mark.parametrize("reach", [[4, 8, 10], [18, 4, 6]])  # a right leader and one astray
def test_the_leader_walks_its_tour_and_rests_and_flags_what_it_reached(reach):
    tour = [8, *(EAST if reach[0] == 4 else SOUTH)]
    marks, states = ("leader", "next", "flag"), follow(tour, reach, ".....").states
    shown = [[np.flatnonzero(TRAP.layer(s, x)).tolist() for x in marks] for s in states]
    assert shown[:3] == [[[tour[i]], [tour[i + 1]], []] for i in (1, 2, 3)]
    assert shown[3:] == [[[tour[4]], [], [tour[4]]]] * 2


@pytest.mark.parametrize(
    ("reach", "actions", "light", "leader", "lit"),
    [
        ([4, 8, 10], "RRRRLLLLDDDDRR", [1, 1, 1], [1, 1, 1], 0),
        # A wrong one costs once and is gone; the light passes over it.
        ([4, 8, 10], "DDDDUD", [-1], [-1], FIRST),
        ([4, 8, 10], "DDDDUUUURRRR", [-1, 1], [-1, 1], THIRD),
        # A leader that is astray goes to 2, 3, 1.
        ([18, 4, 6], "DDDDRR", [-1, -1], [1, 1], FIRST),
        ([18, 4, 6], "RRRRLLLLDDDDRR", [1, 1, 1], [-1, 1, 1], 0),
        ([4, 8, 10], "RRRRDDDD", [1], [1], SECOND),
    ],
)
def test_orders(reach, actions, light, leader, lit):
    paid, ended, states = follow([9], reach, actions)
    assert [x for x in paid["light"] if x] == light
    assert [x for x in paid["leader"] if x] == leader
    assert ended == [False] * (len(actions) - 1) + [lit == 0]
    assert np.flatnonzero(TRAP.layer(states[-1], "lit")).tolist() == [lit] * (lit > 0)


@pytest.mark.parametrize("split", Split)
def test_tours_are_shortest_ways_in_the_right_order_except_under_shift(split):
    state = (trap := FollowMe()).levels(split, np.arange(100))
    tours, reach = (trap.table(state.level, name).tolist() for name in ("tour", "reach"))
    walls = trap.layer(state, "wall").reshape(-1, *trap.size)
    for row, slots in enumerate(state.at["beacon"].T.tolist()):
        walk = [divmod(cell, trap.width) for cell in [int(state.agent[row]), *tours[row]]]
        beacons = [divmod(cell, trap.width) for cell in slots]
        bare = cells_of(~walls[row]) - set(beacons)
        assert all(b == a or b in neighbours(a) for a, b in pairwise(walk))
        first, second = (steps_from(walk[0], bare | {at})[at] for at in beacons[:2])
        assert first == second >= 3
        before = 0
        for slot in [1, 2, 0] if split.shifted else [0, 1, 2]:
            after = reach[row][slot] + 1
            assert walk[after] == beacons[slot]
            assert after - before == steps_from(walk[before], bare | {walk[after]})[walk[after]]
            before = after
        assert set(walk[before:]) == {walk[before]}
