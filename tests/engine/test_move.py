"""Moves against loops over levels and things."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mesa_gym.engine import Move
from mesa_gym.engine.chance import outputs
from tests.support.reference import arrays
from tests.support.worlds import contents, zoo_states

LEADS = [(0, -1), (1, 0), (0, 1), (-1, 0), (0, 0)]  # left, down, right, up, act
seeds = st.integers(0, 2**32)


def moved(seed, n=6):
    """One move of each row; the agents stand beside something, and walls and doors block."""
    zoo, state = zoo_states(seed, n)
    rng = np.random.default_rng(seed)
    action = rng.integers(0, 5, n)
    # Half of the agents are one step from a key, so that a good many meet something.
    beside = state.at["key"][0] - zoo.offsets[action]
    near = (rng.random(n) < 0.5) & ~zoo.layer(state, "wall")[np.arange(n), beside]
    state = state._replace(agent=np.where(near, beside, state.agent))
    move = Move(zoo, state, action)
    move.go(move.on("wall") | move.on("door"))
    return zoo, state, move


@given(seeds)
def test_move_queries_equal_a_loop_over_levels(seed):
    zoo, state, move = moved(seed)
    for row in range(6):
        there = set(contents(zoo, state, row))
        y, x = divmod(int(state.agent[row]), zoo.width)
        dy, dx = LEADS[move.action[row]]
        here, target = y * zoo.width + x, (y + dy) * zoo.width + x + dx
        goes = dy + dx != 0 and not {("wall", target), ("door", target)} & there
        assert (move.target[row], move.moved[row]) == (target, goes)
        assert move.agent[row] == (target if goes else here)
        for name in (*zoo.ground, *zoo.things, *zoo.traits):
            assert move.on(name)[row] == ((name, target) in there)
            assert move.into(name)[row] == (goes and (name, target) in there)
            if name not in zoo.ground:
                assert move.off(name)[row] == (goes and (name, here) in there)
                assert move.any(name)[row] != move.none(name)[row]
                assert move.any(name)[row] == any(name == each for each, _ in there)
        assert move.into("key", "lava")[row] == (move.into("key") | move.into("lava"))[row]
        for kind, slots in zoo.things.items():
            stands = [state.there[kind][slot, row] for slot in range(slots)]
            hit = [stands[slot] and state.at[kind][slot, row] == target for slot in range(slots)]
            assert move.hit(kind)[:, row].tolist() == hit
            assert move.count(kind)[row] == sum(stands)
        for least in (1, 2):
            assert move.had("key", least)[row] == move.holds("key", least)[row]
            assert move.had("key", least)[row] == (state.held["key"][row] >= least)
        assert move.was("phase")[row] == state.vars["phase"][row]
        assert move.read("tour", 2)[row] == zoo.table(state.level, "tour")[row, 2]
        seeds_ = zoo.table(state.level, "wind")[row]
        words = np.arange(3) + 3 * state.clock[row]  # three a step, of the stream that it begins
        assert move.bits("wind")[:, row].tolist() == outputs(seeds_, words).tolist()


@given(seeds)
def test_move_writers_change_only_the_asked_rows(seed):
    _, state, move = moved(seed)
    frozen = {name: array.copy() for name, array in arrays(state).items()}
    where = np.arange(6) % 2 == 0
    questions = {name: move.into(name).copy() for name in ("key", "tree", "spot")}
    move.take("key")
    move.clear("tree", where)
    move.clear("spot", ~where)
    move.restore("tree", where, at=state.at["tree"][0])
    move.hold("tree", 1, move.into("lava"))
    move.set(been=~move.was("been"), phase=move.was("phase") * 0)
    for row in range(6):
        entered = {name: bool(asked[row]) for name, asked in questions.items()}
        hit = {kind: state.at[kind][:, row] == move.agent[row] for kind in ("key", "tree", "spot")}
        gone = {kind: entered[kind] * hit[kind] for kind in hit}
        back = where[row] & (state.at["tree"][:, row] == state.at["tree"][0, row])
        kept = {kind: state.there[kind][:, row] for kind in hit}
        assert (move.there["key"][:, row] == kept["key"] & ~gone["key"]).all()
        left = kept["tree"] & ~(gone["tree"] & where[row])
        assert (move.there["tree"][:, row] == left | back).all()
        assert (move.there["spot"][:, row] == kept["spot"] & ~(gone["spot"] & ~where[row])).all()
        # Full hands lose what they take.
        assert move.held["key"][row] == min(2, state.held["key"][row] + entered["key"])
        assert move.held["tree"][row] == state.held["tree"][row] + move.into("lava")[row]
        assert move.vars["been"][row] != state.vars["been"][row]
    assert all((move.into(name) == asked).all() for name, asked in questions.items())
    assert (move.had("key") == (state.held["key"] > 0)).all()
    assert all((array == frozen[name]).all() for name, array in arrays(state).items())


@given(seeds)
@example(1036000)  # a row without a bare cell
def test_appear_takes_a_free_slot_and_cell(seed):
    zoo, state, move = moved(seed)
    words = np.random.default_rng(seed).integers(-1 << 63, 1 << 63, 6)
    where = words % 3 > 0
    move.appear("tree", where, words)
    for row in range(6):
        before, now = state.there["tree"][:, row], move.there["tree"][:, row]
        new = (now & ~before).nonzero()[0].tolist()
        taken = {int(move.agent[row])} | {
            cell for name, cell in contents(zoo, state, row) if name in (*zoo.things, "wall")
        }
        bare = sorted(set(range(zoo.cells)) - taken)
        assert new == ((~before).nonzero()[0][:1].tolist() if where[row] and bare else [])
        for slot in new:
            rank = (int(words[row]) % (1 << 64) >> 32) * len(bare) >> 32
            assert move.at["tree"][slot, row] == bare[rank]


def test_move_attribute_that_is_unset_is_explained():
    with pytest.raises(AttributeError, match="the move has no 'hurt'; rules set it"):
        _ = moved(0)[2].hurt


def test_redirected_move_queries_its_new_cell():
    zoo, state = zoo_states(0, 50)
    move, other = Move(zoo, state, np.zeros(50, int)), Move(zoo, state, np.full(50, 2))
    before = move.on("wall")
    move.redirect(other.action)
    np.testing.assert_array_equal(move.on("wall"), other.on("wall"))
    assert (before != other.on("wall")).any()
