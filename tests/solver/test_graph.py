"""State graphs against plain search, numbers of states, and refusals."""

import numpy as np
import pytest

from mesa_gym.engine import ACTIONS, Move
from mesa_gym.solver import Graph, StateNumbers, graph
from mesa_gym.traps import Split, base
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.red_blue_doors import RedBlueDoors
from mesa_gym.traps.tree_farm import TreeFarm
from tests.support.parameters import each_solvable
from tests.support.reference import enumerate_level
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
    for x, paid in plain.paid.items():
        assert together.payments[x][together.paid[x][:, number]].T.tolist() == paid
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
    wanted = np.full((horizon, 30), -1)
    for t in range(horizon):
        wanted[t, rows] = graph.find(state)
        state, _, ended = trap.step(state, actions[rows, t].astype(np.int64))
        actions[rows[ended], t + 1 :] = -1
        state, rows = state.take(~ended), rows[~ended]
    assert np.array_equal(graph.follow(actions), wanted)


def test_graph_find_rejects_states_of_other_levels():
    trap = RedBlueDoors()
    starts = trap.levels(Split.SHIFT, np.arange(4))
    known = Graph(trap, trap.joined([starts]))
    assert known.find(starts).tolist() == [0, 1, 2, 3]
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
        assert (known.find(state) == -1).all()
    rich = KeysChests().levels(Split.SHIFT, np.arange(4))
    known, richer = Graph(KeysChests(), rich), rich._replace(held={"key": rich.held["key"] + 4})
    assert (known.find(richer) == -1).all()
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


@pytest.mark.parametrize(
    ("cls", "error", "message"),
    [
        (Monster, ValueError, "its rules move glow; declare `solvable = False`"),
        (
            Crowded,
            ValueError,
            r"2\*\*24\.\d states of a level can be told apart, at most 2\*\*24 are solved; the"
            r" digits are: there corner, 2; there crumb, 8,192; held crumb, 4; vars mood, 9; cells",
        ),
        (Branching, ValueError, "changes 'cheese' at some steps only: .* not by `if`"),
        (Priceless, ValueError, "over 256 different payments"),
        (Unasked, ValueError, "outcomes of Unasked.*once a step"),
        (Negative, ValueError, "outcomes of Negative.*once a step"),
    ],
)
def test_graph_of_an_unsuitable_trap_is_refused(cls, error, message):
    trap = cls()
    with pytest.raises(error, match=message):
        Graph(trap, trap.levels(Split.SHIFT, [1]))


@pytest.mark.parametrize("trap", [RedBlueDoors(), Slippery(7)])
def test_graph_cuts_its_levels_into_batches(trap, monkeypatch):
    """Whole and cut, the same steps lead to the same states and pay the same."""
    starts = trap.levels(Split.SHIFT, np.arange(5))
    whole = Graph(trap, starts)
    monkeypatch.setattr(graph, "TABLE", 2 * StateNumbers(trap, starts).count)
    cut = Graph(trap, starts)
    assert cut.within.tolist() == whole.within.tolist()
    every = whole.numbers.unrank(starts, whole.level_row, whole.rank)
    same = cut.find(every.map(lambda array: array[..., 0, :]))
    assert sorted(same.tolist()) == [*range(len(cut))]
    after = np.append(same, len(cut))[whole.successor]
    assert (cut.successor[:, same] == after).all()
    for x, codes in whole.paid.items():
        paid = cut.payments[x][cut.paid[x]][:, same]
        assert (paid == whole.payments[x][codes]).all()
    if whole.likelihood is not None:
        assert (cut.likelihood[:, same] == whole.likelihood).all()


def test_graph_beyond_contract_is_refused(monkeypatch):
    trap = RedBlueDoors()
    starts = trap.levels(Split.SHIFT, np.arange(4))
    monkeypatch.setattr(graph, "TABLE", StateNumbers(trap, starts).count)
    monkeypatch.setattr(graph, "MOST_STATES", 500)
    with pytest.raises(RuntimeError, match=r"over 500 states in 4 levels.*fewer objects"):
        Graph(trap, starts)


def test_outcome_with_a_single_value_is_refused():
    with pytest.raises(TypeError, match="'sure' in `outcomes` has 1; expected two"):
        type("Sure", (SmallDish,), {"outcomes": {"sure": 1}})


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
