"""Graphs of states: by moves, by placing the agent, and where objectives disagree."""

from collections import deque

import numpy as np
import pytest

from mesa_gym.engine import ACTIONS, STAY, Move
from mesa_gym.engine.maps import from_map
from mesa_gym.solver import (
    Graph,
    PlacementGraph,
    Solution,
    StateNumbers,
    graph,
    level_values,
    share_first_contacts,
)
from mesa_gym.solver.certificate import certify
from mesa_gym.solver.disagreement import explain_failures, follow_masks, name_for_command
from mesa_gym.traps import Split, base, find_trap, proxy
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.red_blue_doors import RedBlueDoors
from mesa_gym.traps.tree_farm import TreeFarm
from tests.support.parameters import each_live, each_solvable, thorough
from tests.support.playing import walled
from tests.support.reference import contents, enumerate_level, find_contacts
from tests.support.refusals import refusals
from tests.support.small_traps import Healthy, Monster, Slippery, SmallDish


@each_solvable
def test_graph_equals_a_plain_search(trap):
    trap = trap()
    starts = trap.levels(Split.SHIFT, [4, 1, 7])
    together = Graph(trap, starts)
    plain = enumerate_level(trap, starts.take([1]))
    number = together.find(plain.states)
    assert number[0] == together.start[1] == 1
    assert sorted(number) == (together.level_row == 1).nonzero()[0].tolist()
    # Numbers are in the order of the distance from a start.
    assert np.searchsorted(together.within, number, side="right").tolist() == plain.depth
    end = len(together)
    after = [[end if to is None else number[to] for to in row] for row in plain.after]
    assert together.successor[:, number].T.tolist() == after
    for x, pays in plain.paid.items():
        assert together.payments[x][together.paid[x][:, number]].T.tolist() == pays
    actions, visited, state = np.full((3, 40), -1, np.int8), np.full((40, 3), -1), 0
    for t, action in enumerate(np.random.default_rng(0).integers(0, 5, 40).tolist()):
        actions[1, t], visited[t, 1] = action, number[state]
        if (state := plain.after[state][action]) is None:
            break
    if not trap.outcomes:  # of others, the next test
        assert together.follow(actions).tolist() == visited.tolist()


@pytest.mark.parametrize("trap", [Slippery(7), TreeFarm(7)])
def test_graph_steps_equal_the_trap_with_chance(trap):
    starts = trap.levels(Split.SHIFT, np.arange(30))
    graph, horizon = Graph(trap, starts), 12
    actions = np.random.default_rng(0).integers(0, len(ACTIONS), (30, horizon)).astype(np.int8)
    state, rows = starts, np.arange(30)
    expected = np.full((horizon, 30), -1)
    for t in range(horizon):
        expected[t, rows] = graph.find(state)
        state, _, ended = trap.step(state, actions[rows, t].astype(np.int64))
        actions[rows[ended], t + 1 :] = -1
        state, rows = state.take(~ended), rows[~ended]
    assert np.array_equal(graph.follow(actions), expected)


def test_graph_find_takes_the_first_of_starts():
    """The second start is a state that the first one reaches, on one level."""
    trap = RedBlueDoors()
    first = trap.levels(Split.SHIFT, [0])
    moves = (trap.step(first, np.array([action])).state for action in range(4))
    second = next(x for x in moves if x.agent != first.agent)._replace(clock=first.clock)
    graph = Graph(trap, trap.joined([first, second]))
    assert graph.level_row[graph.find(second)].tolist() == [0]
    assert graph.find(graph.starts).tolist()[0] == 0


def test_graph_find_rejects_states_of_other_levels():
    trap = RedBlueDoors()
    starts = trap.levels(Split.SHIFT, np.arange(4))
    full = Graph(trap, trap.joined([starts]))
    assert full.find(starts).tolist() == [0, 1, 2, 3]
    walled, tinted = trap.joined([starts]), starts.map(np.copy)
    walled.level.tables["wall"][10::81] ^= True
    tinted.level.traits["red"]["key"][1] ^= True
    keys, doors = starts.there["key"], starts.there["door"]
    strangers = [
        trap.levels(Split.SHIFT, np.arange(100, 104)),
        trap.levels(Split.SHIFT, np.arange(4), "salt"),
        walled,
        tinted,
        starts._replace(agent=np.zeros_like(starts.agent)),
        starts._replace(at={**starts.at, "door": starts.at["door"] + 1}),
        starts._replace(there={"key": keys, "door": ~doors}),
        starts._replace(there={"key": keys | True, "door": doors}).take(~keys.all(axis=0)),
    ]
    for state in strangers:
        assert state.n
        assert (full.find(state) == -1).all()
    rich = KeysChests().levels(Split.SHIFT, np.arange(4))
    full, richer = Graph(KeysChests(), rich), rich._replace(held={"key": rich.held["key"] + 4})
    assert (full.find(richer) == -1).all()
    with pytest.raises(ValueError, match=r"held .key. of KeysChests.*, 0 to 3"):
        Graph(KeysChests(), richer)


# -- what is refused -----------------------------------------------------------------------------
class Crowded(Healthy):
    things = {**Healthy.things, "crumb": 13}
    held, vars = {"crumb": 3}, {"mood": 9}

    def draw(self, level, split):
        super().draw(level, split)
        for _ in range(13):
            level.put("crumb", level.cell(1, 1))

    def rules(self, move):
        super().rules(move)
        move.take("crumb")


class Branching(Healthy):
    def rules(self, move):
        super().rules(move)
        if move.moved.size > 5:
            move.put("cheese", there=move.there["cheese"] & False)


class Priceless(Healthy):
    vars = {"steps": 400}

    def rules(self, move):
        super().rules(move)
        move.set(steps=np.minimum(move.was("steps") + 1, 399))

    def ends(self, move):
        return move.moved & False

    @base
    def cheese(self, move):
        """The number of the step."""
        return {n: move.was("steps") == n for n in range(1, 300)}


class Unasked(SmallDish):
    """Declares outcomes and never draws them."""

    outcomes = {"slip": 2}


class Negative(SmallDish):
    """Has a weight below 0."""

    outcomes = {"slip": 2}

    def redirect(self, move):
        return move.action + 0 * move.outcome("slip", 2, -1)


@pytest.mark.parametrize("trap", [RedBlueDoors(), Slippery(7)])
def test_graph_cuts_its_levels_into_batches(trap, monkeypatch):
    """Whole and cut, the same steps lead to the same states and pay the same."""
    starts = trap.levels(Split.SHIFT, np.arange(5))
    full = Graph(trap, starts)
    monkeypatch.setattr(graph, "TABLE", 2 * StateNumbers(trap, starts).count)
    cut = Graph(trap, starts)
    assert cut.within.tolist() == full.within.tolist()
    states = full.numbers.unrank(starts, full.level_row, full.rank)
    same = cut.find(states.map(lambda array: array[..., 0, :]))
    assert sorted(same.tolist()) == [*range(len(cut))]
    after = np.append(same, len(cut))[full.successor]
    assert (cut.successor[:, same] == after).all()
    for x, codes in full.paid.items():
        pays = cut.payments[x][cut.paid[x]][:, same]
        assert (pays == full.payments[x][codes]).all()
    if full.likelihood is not None:
        assert (cut.likelihood[:, same] == full.likelihood).all()


def test_graph_beyond_contract_is_refused(monkeypatch):
    trap = RedBlueDoors()
    starts = trap.levels(Split.SHIFT, np.arange(4))
    monkeypatch.setattr(graph, "TABLE", StateNumbers(trap, starts).count)
    monkeypatch.setattr(graph, "MOST_STATES", 500)
    with pytest.raises(RuntimeError, match=r"over 500 states in 4 levels.*fewer objects"):
        Graph(trap, starts)


def test_outcomes_follow_their_weights():
    trap, n = Slippery(7), 60_000
    state = trap.levels(Split.TRAIN, [0]).take(np.zeros(n, dtype=np.int64))
    state = state._replace(clock=np.arange(n))
    drawn = np.bincount(Move(trap, state, np.full(n, 2)).outcome("slip", 18, 1, 1), minlength=3)
    expected = n * np.array([0.9, 0.05, 0.05])
    assert (abs(drawn - expected) < 4 * np.sqrt(expected)).all()
    weights = np.where(np.arange(n) % 2, 1, 0)  # of each row its own
    split = Move(trap, state, np.full(n, 2)).outcome("slip", weights, 0, 1)
    assert set(split[weights == 0].tolist()) == {2}
    assert abs((split[weights == 1] == 0).mean() - 0.5) < 0.02


# -- placing ---------------------------------------------------------------------------------------
KEYS = find_trap("KeysChests")()


def place_all(trap, text):
    return PlacementGraph(trap, from_map(trap, text))


# -- against other searches ----------------------------------------------------------------------
@each_live
def test_placement_graph_steps_as_the_trap(trap):
    game = trap()
    graph = PlacementGraph(game, game.levels("shift", [5]))
    assert 0 < graph.going < len(graph)
    assert (np.diff(graph.rank[: graph.going]) > 0).all()
    assert (np.diff(graph.rank[graph.going :]) > 0).all()
    rng = np.random.default_rng(0)
    numbers = rng.choice(graph.going, min(20, graph.going), replace=False)
    alone = game.bound(batched=False)
    for number in numbers.tolist():
        state = graph.states.single(number)
        for action in range(5):
            after, pays, ended = alone.step(state, action)
            after_number = int(graph.successor[action, number])
            assert contents(graph.states.single(after_number)) == contents(after)
            assert (after_number >= graph.going) == bool(ended)
            assert {x: pay[action, number] for x, pay in graph.paid.items()} == pays


def enter_plainly(alone, state, cells):
    """Return a world with the agent on each cell where it may be placed, by the rule in words."""
    states, ways = [], alone.offsets[:STAY]
    for cell in cells:
        for action, way in enumerate(ways):
            if cell - way not in cells:
                continue
            neighbour = state._replace(agent=np.int64(cell - way))
            enters, stays = (alone.step(neighbour, x) for x in (action, STAY))
            worlds = [contents(step.state)[1:] for step in (enters, stays)]
            arrives = int(enters.state.agent) == cell and not (enters.ended or stays.ended)
            if arrives and worlds[0] == worlds[1] and enters.paid == stays.paid:
                states.append(state._replace(agent=np.int64(cell)))
                break
    return states


LARGER = ("RedBlueDoors", "KeysChests", "PointedGoal", "DustSweep", "FollowMe")
SEARCHED = [Healthy(), SmallDish(), *(thorough(find_trap(name)()) for name in LARGER)]


@pytest.mark.parametrize("trap", SEARCHED, ids=repr)
def test_placement_graph_equals_plain_breadth_first_search(trap):
    start = trap.levels("shift", [2])
    cells = np.flatnonzero(~trap.layer(start, "wall")[0].ravel()).tolist()
    alone, queue = trap.bound(batched=False), deque([start.single(0)])
    visited, worlds = {contents(queue[0])}, set()
    while queue:
        state = queue.popleft()
        steps = [alone.step(state, action) for action in range(5)]
        reached = [step.state for step in steps if not step.ended]
        if contents(state)[1:] not in worlds:
            worlds.add(contents(state)[1:])
            reached += enter_plainly(alone, state, cells)
        for x in reached:
            if contents(x) not in visited:
                visited.add(contents(x))
                queue.append(x)
    graph = PlacementGraph(trap, start)
    assert {contents(graph.states.single(k)) for k in range(graph.going)} == visited


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
        *(("DustSweep", 40), ("RedBlueDoors", 40), thorough("DustVacuum", 40)),
    ],
)
def test_contact_shares_equal_powers_of_a_matrix(name, horizon):
    """The policy's probabilities differ between states, none below 0.1."""
    trap = find_trap(name)()
    graph = PlacementGraph(trap, trap.levels("shift", [0]))
    shares = 0.1 + 0.5 * np.random.default_rng(0).dirichlet([0.4] * 5, graph.going)
    after = np.linalg.matrix_power(draw_chain(graph, shares), horizon)
    first = share_first_contacts(graph.successor, find_contacts(graph), shares, horizon)
    np.testing.assert_allclose(first, after[: graph.going, graph.going : -1].T, atol=1e-12)


# -- by hand -------------------------------------------------------------------------------------
def test_placement_reaches_behind_blocking_things():
    graph = place_all(KEYS, walled(KEYS, "A.k.C."))
    held, there = graph.states.held["key"], graph.states.there["key"].any(axis=0)
    cells, running = graph.rank % 81 - 9, np.arange(len(graph)) < graph.going
    # Not on the key, which is then taken, nor on the chest, which is shut or opened.
    assert cells[running & there].tolist() == [1, 2, 4, 6]
    assert cells[running & ~there].tolist() == [1, 2, 3, 4, 6]
    assert (held == ~there)[running].all()
    # Both pay from either side; the last chest ends the episode.
    assert (cells[~running].tolist(), graph.going) == ([5], 9)
    assert [graph.paid[x].sum() for x in ("chests", "keys")] == [2, 2]


def test_placement_moves_the_agent_alone():
    trap = find_trap("FollowMe")()
    start = trap.levels("shift", [0])
    graph = PlacementGraph(trap, start)
    first = graph.rank // trap.cells == graph.rank[graph.start] // trap.cells
    walls = trap.layer(start, "wall")[0].ravel()
    beacons = start.at["beacon"][:, 0]
    empty = set(np.flatnonzero(~walls).tolist()) - set(beacons.tolist())
    assert set((graph.rank[first] % trap.cells).tolist()) == empty
    assert (graph.states.vars["step"][first] == start.vars["step"]).all()


# -- what is refused -----------------------------------------------------------------------------
class Stamps(Healthy):
    """A trap whose counter exceeds its declaration if the agent stays on a cheese or leaves it."""

    vars = {"stamps": 3}
    _patient = False

    def rules(self, move):
        super().rules(move)
        stays = (move.action == STAY) & (self._patient | move.on("cheese"))
        move.set(stamps=self.where(move.off("cheese") | stays, 5, move.was("stamps")))


def test_placement_leaves_out_cells_ending_episodes():
    # An episode ends on the cheese, so that no agent is ever there.
    graph = place_all(Stamps(), walled(Stamps(), "xA.c."))
    cells = graph.rank[: graph.going] % graph.trap.cells
    assert {divmod(x, graph.trap.width) for x in cells.tolist()} == {(1, 1), (1, 2), (1, 3)}
    assert not graph.states.vars["stamps"].any()


# -- disagreement ----------------------------------------------------------------------------------
class PaysForMoves(SmallDish):
    @proxy
    def dish(self, move):
        """1 for entering the dish, and a little for every move in the upper half."""
        upper = move.moved & (move.agent < self.cells // 2)
        return {1: move.into("dish") & ~move.was("been"), 0.1: upper}


def test_both_plays_earn_what_sweeps_say():
    trap, numbers, split = PaysForMoves(), range(8), Split.CONTROL
    values = level_values(trap, split, numbers, pairs=True)
    for level in numbers:
        solution = Solution(trap, trap.levels(split, [level]), trap.horizon(split))
        best = follow_masks(solution, solution.optimal("dish"), "dish")
        kept = follow_masks(solution, solution.least("dish", "cheese"), "dish")
        assert best.earned == pytest.approx(values.optimum["dish"][level])
        assert kept.earned == pytest.approx(values.worst["dish", "cheese"][level])
        assert len(best.payments) > len(kept.payments)
    # In a room shortest ways differ, so that the least of them is not the best.
    assert (values.best["dish", "cheese"] > values.worst["dish", "cheese"] + 0.05).any()


def test_failing_agreement_is_explained_by_both_returns():
    trap = PaysForMoves()
    *failures, why = explain_failures(trap, certify(trap, 4))
    assert len(failures) == 3
    sentence, *drawn = why.splitlines()
    assert "the best play for 'dish' earns" in sentence
    assert sentence.endswith("or end the episode")
    assert sum(line.startswith("#") for line in drawn) == trap.height
    assert drawn[-1].startswith("see it: mesa-gym export ")
    assert explain_failures(SmallDish(), certify(SmallDish(), 4)) == []


def test_command_names_own_traps_by_their_file():
    assert name_for_command(find_trap("CheeseDish")()) == "CheeseDish"
    assert name_for_command(PaysForMoves()).endswith("test_graph.py:PaysForMoves")


test_graphs_of_unsuitable_traps_are_refused = refusals(
    "solver", "graphs", globals(), Monster=Monster
)
