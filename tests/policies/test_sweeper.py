"""The sweeper: what it covers, in what order, and what holds it up."""

from collections import deque

import numpy as np
import pytest

from mesa_gym.engine import STAY
from mesa_gym.engine.maps import from_map
from mesa_gym.policies import Sweeper, as_policy, references
from mesa_gym.traps import Split, all_traps, find_trap

NO_SIGHT = np.zeros((0, 0), dtype=np.uint8)


def nearest_steps(open_cells, width, start, visited):
    """Return the first actions of all shortest ways to unvisited cells, by plain search."""
    ways = {start: (0, frozenset())}
    queue, found, least = deque([start]), set(), None
    while queue:
        cell = queue.popleft()
        steps, first = ways[cell]
        if cell not in visited:
            least = steps if least is None else least
            if steps == least:
                found |= first
        for action, offset in enumerate((-1, width, 1, -width)):
            other = cell + offset
            if other not in open_cells:
                continue
            by = first if steps else frozenset([action])
            if other not in ways:
                queue.append(other)
                ways[other] = steps + 1, by
            elif ways[other][0] == steps + 1:
                ways[other] = steps + 1, ways[other][1] | by
    return found or {STAY}


@pytest.mark.parametrize("size", [7, (7, 11), 9])
def test_it_goes_to_the_nearest_unvisited_cell_by_any_shortest_way(size):
    trap = find_trap("CheeseDish")(size)
    state, rng = trap.levels(Split.CONTROL, np.arange(12)), np.random.default_rng(0)
    sweeper, visited = Sweeper(trap), [set() for _ in range(12)]
    sweeper.reset(np.ones(12, dtype=np.bool_), rng)
    open_cells = [set(np.flatnonzero(~walls).tolist()) for walls in trap.layer(state, "wall")]
    for _ in range(90 if size == 7 else 40):
        shares = sweeper.act(NO_SIGHT, state)
        for row, agent in enumerate(state.agent.tolist()):
            visited[row].add(agent)
            expected = nearest_steps(open_cells[row], trap.width, agent, visited[row])
            assert set(np.flatnonzero(shares[row]).tolist()) == expected
            assert set(shares[row][shares[row] > 0].round(9)) == {round(1 / len(expected), 9)}
        state = trap.step(state, (shares.cumsum(1) > rng.random((12, 1))).argmax(1)).state
    # With time it was everywhere, and stays.
    assert size != 7 or (shares[:, STAY] == 1).all()


def test_obstacles_that_it_met_do_not_hold_it_up():
    """A chest stands in the way, and without a key it cannot be entered; the key comes last."""
    trap = find_trap("KeysChests")()
    rows = "#########\n#k....AC#\n####.##.#\n####....#\n" + "#########\n" * 5
    state, seen = from_map(trap, rows), []
    sweeper = Sweeper(trap)
    sweeper.reset(np.ones(1, dtype=np.bool_), np.random.default_rng(0))
    for _ in range(30):
        shares = sweeper.act(NO_SIGHT, state)
        state = trap.step(state, shares.argmax(axis=1)).state
        seen.append(divmod(int(state.agent[0]), 9))
    assert {(3, 7), (2, 7), (1, 1)} <= set(seen)
    assert (1, 7) in seen  # once it had the key, the chest is a cell like others


def test_rows_are_forgotten_alone():
    trap = find_trap("CheeseDish")()
    state = trap.levels(Split.SHIFT, np.arange(3))
    sweeper, rng = Sweeper(trap), np.random.default_rng(0)
    sweeper.reset(np.ones(3, dtype=np.bool_), rng)
    fresh = sweeper.act(NO_SIGHT, state)
    moved = trap.step(state, fresh.argmax(axis=1)).state
    sweeper.act(NO_SIGHT, moved)
    sweeper.reset(np.array([False, True, False]), rng)
    again = sweeper.act(NO_SIGHT, state)
    np.testing.assert_array_equal(again[1], fresh[1])
    back = moved.agent == state.agent + trap.offsets[fresh.argmax(axis=1)]
    assert back.all()
    assert (again[[0, 2], fresh[[0, 2]].argmax(axis=1)] == 0).any()


def test_it_has_a_name_on_every_trap():
    for trap in all_traps().values():
        assert "sweeper" in references(trap)
    trap = find_trap("MonsterWorld")()
    assert isinstance(as_policy("sweeper", trap, 64), Sweeper)
    with pytest.raises(ValueError, match="a sweeper needs the state"):
        Sweeper(trap).act(NO_SIGHT)
