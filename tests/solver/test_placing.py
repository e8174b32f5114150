"""The states that steps and placing lead to, against plain search and maps by hand."""

from collections import deque

import numpy as np
import pytest

from mesa_gym.engine import STAY
from mesa_gym.engine.maps import from_map
from mesa_gym.solver import PlacementGraph, share_first_contacts
from mesa_gym.traps import find_trap
from tests.support.parameters import each_live, thorough
from tests.support.playing import walled
from tests.support.reference import contents, find_contacts
from tests.support.small_traps import Corridor, Healthy, SmallDish

KEYS = find_trap("KeysChests")()


def place_all(trap, text):
    return PlacementGraph(trap, from_map(trap, text))


# -- against other searches ----------------------------------------------------------------------


@each_live
def test_placement_graph_steps_as_the_trap(trap):
    made = trap()
    graph = PlacementGraph(made, made.levels("shift", [5]))
    assert 0 < graph.going < len(graph)
    assert (np.diff(graph.rank[: graph.going]) > 0).all()
    assert (np.diff(graph.rank[graph.going :]) > 0).all()
    rng = np.random.default_rng(0)
    numbers = rng.choice(graph.going, min(20, graph.going), replace=False)
    alone = made.bound(batched=False)
    for number in numbers.tolist():
        state = graph.states.single(number)
        for action in range(5):
            after, paid, ended = alone.step(state, action)
            found = int(graph.successor[action, number])
            assert contents(graph.states.single(found)) == contents(after)
            assert (found >= graph.going) == bool(ended)
            assert {x: pay[action, number] for x, pay in graph.paid.items()} == paid


def enter_plainly(alone, state, cells):
    """Return a world with the agent on each cell where it may be placed, by the rule in words."""
    found, ways = [], alone.offsets[:STAY]
    for cell in cells:
        for action, way in enumerate(ways):
            if cell - way not in cells:
                continue
            beside = state._replace(agent=np.int64(cell - way))
            enters, stays = (alone.step(beside, each) for each in (action, STAY))
            worlds = [contents(step.state)[1:] for step in (enters, stays)]
            arrives = int(enters.state.agent) == cell and not (enters.ended or stays.ended)
            if arrives and worlds[0] == worlds[1] and enters.paid == stays.paid:
                found.append(state._replace(agent=np.int64(cell)))
                break
    return found


@pytest.mark.parametrize(
    "trap",
    [
        Healthy(),
        SmallDish(),
        *(
            thorough(find_trap(name)())
            for name in ("RedBlueDoors", "KeysChests", "PointedGoal", "DustSweep", "FollowMe")
        ),
    ],
    ids=repr,
)
def test_placement_graph_equals_plain_breadth_first_search(trap):
    start = trap.levels("shift", [2])
    cells = np.flatnonzero(~trap.layer(start, "wall")[0].ravel()).tolist()
    alone, queue = trap.bound(batched=False), deque([start.single(0)])
    known, worlds = {contents(queue[0])}, set()
    while queue:
        state = queue.popleft()
        steps = [alone.step(state, action) for action in range(5)]
        reached = [step.state for step in steps if not step.ended]
        if contents(state)[1:] not in worlds:
            worlds.add(contents(state)[1:])
            reached += enter_plainly(alone, state, cells)
        for each in reached:
            if contents(each) not in known:
                known.add(contents(each))
                queue.append(each)
    graph = PlacementGraph(trap, start)
    assert {contents(graph.states.single(k)) for k in range(graph.going)} == known


def draw_chain(graph, shares):
    """Return the probabilities of going from state to state, as one matrix.

    Behind the states that go on come a sink for each objective, one for several at once, and one
    for all that ends without a contact.
    """
    n, contact = graph.going, find_contacts(graph)
    kinds = len(contact)
    chain = np.zeros((n + kinds + 2,) * 2)
    chain[range(n, n + kinds + 2), range(n, n + kinds + 2)] = 1
    for state in range(n):
        for action in range(5):
            hit = contact[:, action, state]
            to = int(graph.successor[action, state])
            one = int(hit.argmax()) if hit.sum() == 1 else kinds
            to = n + one if hit.any() else to if to < n else n + kinds + 1
            chain[state, to] += shares[state, action]
    return chain


@pytest.mark.parametrize(
    ("name", "horizon"),
    [
        *(("CheeseDish", 64), ("Attributes", 30), ("ChuteOrFire", 17)),
        *(thorough(name, 40) for name in ("DustSweep", "RedBlueDoors", "DustVacuum")),
    ],
)
def test_contact_shares_equal_powers_of_a_matrix(name, horizon):
    """The policy's probabilities differ between states, none below 0.1."""
    trap = find_trap(name)()
    graph = PlacementGraph(trap, trap.levels("shift", [0]))
    shares = 0.1 + 0.5 * np.random.default_rng(0).dirichlet([0.4] * 5, graph.going)
    after = np.linalg.matrix_power(draw_chain(graph, shares), horizon)
    found = share_first_contacts(graph.successor, find_contacts(graph), shares, horizon)
    np.testing.assert_allclose(found, after[: graph.going, graph.going : -1].T, atol=1e-12)


# -- by hand -------------------------------------------------------------------------------------


def test_placement_reaches_behind_blocking_things():
    graph = place_all(KEYS, walled(KEYS, "A.k.C."))
    held, there = graph.states.held["key"], graph.states.there["key"].any(axis=0)
    cells, going = graph.rank % 81 - 9, np.arange(len(graph)) < graph.going
    # Not on the key, which is then taken, nor on the chest, which is shut or opened.
    assert cells[going & there].tolist() == [1, 2, 4, 6]
    assert cells[going & ~there].tolist() == [1, 2, 3, 4, 6]
    assert (held == ~there)[going].all()
    # Both pay from either side; the last chest ends the episode.
    assert (cells[~going].tolist(), graph.going) == ([5], 9)
    assert [graph.paid[x].sum() for x in ("chests", "keys")] == [2, 2]


def test_placement_moves_the_agent_alone():
    trap = find_trap("FollowMe")()
    start = trap.levels("shift", [0])
    graph = PlacementGraph(trap, start)
    first = graph.rank // trap.cells == graph.rank[graph.start] // trap.cells
    walls = trap.layer(start, "wall")[0].ravel()
    beacons = start.at["beacon"][:, 0]
    bare = set(np.flatnonzero(~walls).tolist()) - set(beacons.tolist())
    assert set((graph.rank[first] % trap.cells).tolist()) == bare
    assert (graph.states.vars["step"][first] == start.vars["step"]).all()


def test_contact_needs_over_half_largest_payment():
    trap = Corridor()
    graph = PlacementGraph(trap, trap.levels("shift", [0]))
    # Half as much for the other end, and a quarter, are none.
    assert {x: np.unique(pay).tolist() for x, pay in graph.paid.items()} == {
        "cheese": [0, 0.5, 1],
        "keys": [0, 0.25, 1],
    }
    entered = graph.rank[graph.successor] % trap.cells - 43
    moves = graph.successor != np.arange(graph.going)
    assert (find_contacts(graph) == [moves & (entered == 41), moves & (entered == 1)]).all()


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("TreeFarm", r"TreeFarm-v0.* draws outcomes \(growth\)"),
        ("MonsterWorld", r"MonsterWorld-v0.* cannot be solved: its rules move apple"),
    ],
)
def test_placement_graph_with_chance_is_refused(name, why):
    trap = find_trap(name)()
    with pytest.raises(ValueError, match=why):
        PlacementGraph(trap, trap.levels("shift", [0]))


def list_cells(graph):
    """Return the cells, (row, column), where the agent stands in states that go on."""
    cells = graph.rank[: graph.going] % graph.trap.cells
    return {divmod(cell, graph.trap.width) for cell in cells.tolist()}


class Stamps(Healthy):
    """A trap whose counter exceeds its declaration if the agent stays on a cheese or leaves it."""

    vars = {"stamps": 3}
    patient = False

    def rules(self, move):
        super().rules(move)
        stays = (move.action == STAY) & (self.patient | move.on("cheese"))
        move.set(stamps=self.where(move.off("cheese") | stays, 5, move.was("stamps")))


def test_placement_leaves_out_cells_ending_episodes():
    # An episode ends on the cheese, so that no agent is ever there.
    graph = place_all(Stamps(), walled(Stamps(), "xA.c."))
    assert list_cells(graph) == {(1, column) for column in (1, 2, 3)}
    assert not graph.states.vars["stamps"].any()
