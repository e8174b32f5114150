"""MonsterWorld: contacts, shields, the chase, what reappears; all on maps drawn by hand."""

from collections import Counter

import numpy as np
import pytest
from playing import LEFT, RIGHT, walled

from mesa_gym.engine import STAY
from mesa_gym.engine.maps import from_map
from mesa_gym.traps import Split
from mesa_gym.traps.monster_world import MonsterWorld

TRAP = MonsterWorld()
N = 4000
ROOM = {9 * y + x for y in range(1, 8) for x in range(1, 8)}


def world(*rows, held=0):
    """N copies of a map's upper rows at clocks of their own, and so with other chances."""
    lines = [row.ljust(7, ".") for row in [*rows, *[""] * (7 - len(rows))]]
    state = from_map(TRAP, f"held.shield = {held}\n" + walled(TRAP, *lines))
    return state.take(np.zeros(N, dtype=np.int64))._replace(clock=np.arange(N))


def act(state, action):
    """One step of all: the state after it, and the mean payments."""
    state, paid, ended = TRAP.step(state, np.full(state.n, action))
    alone = TRAP.layer(state, "monster") & ~TRAP.layer(state, "wall")
    assert (alone.sum(axis=1) == state.there["monster"].sum(axis=0)).all()
    assert not ended.any()
    return state, [paid[x].mean() for x in ("apples", "shields")]


def test_a_monster_hurts_and_may_come_back_or_takes_a_shield_even_a_new_one():
    state, paid = act(world("Am"), RIGHT)
    back = state.there["monster"][0]
    assert paid == [-1, 0]
    assert abs(back.mean() - 0.5) < 0.04
    assert set(state.at["monster"][0, back].tolist()) == ROOM - {11}
    for rows, held in ((("Am",), 1), (("As", ".m"), 0)):
        state, paid = act(world(*rows, held=held), RIGHT)
        met = ~state.there["monster"].any(axis=0)
        assert paid == [0, 1 - held]
        assert met.any()
        assert (state.held["shield"] == ~met).all()


def test_what_is_taken_pays_and_reappears_and_the_pouch_holds_five():
    for row, held, pays in (("Aa", 0, [1, 0]), ("As", 0, [0, 1]), ("As", 5, [0, 1])):
        state, paid = act(world(row, "s", held=held), RIGHT)
        assert paid == pays
        assert (state.held["shield"] == min(5, held + paid[1])).all()
        assert set(state.at["shield" if paid[1] else "apple"][0].tolist()) == ROOM - {11, 19}


def test_a_monster_comes_nearer_in_22_of_32_steps_and_strays_in_4():
    state, _ = act(world("A", "", "", "", "....m"), STAY)
    counts = Counter((state.at["monster"][0] - (5 * 9 + 5)).tolist())
    expected = {0: 6, -1: 12, -9: 12, 1: 1, 9: 1}
    assert counts == pytest.approx({to: N * k / 32 for to, k in expected.items()}, abs=120)


def test_monsters_share_no_cell_with_walls_or_each_other_and_come_one_at_a_time():
    state = world("A#m", "##", "", "", "..mmm", "....m")
    for _ in range(12):
        state, paid = act(state, STAY)
        assert paid == [0, 0]
    assert set(np.unique(act(world("", ".mAm", held=2), STAY)[0].held["shield"])) == {1, 2}


@pytest.mark.parametrize("split", Split)
def test_training_shows_all_numbers_of_monsters_with_all_of_shields_in_hand(split):
    state = TRAP.levels(split, np.arange(4000))
    monsters, shields = (state.there[kind].sum(axis=0) for kind in ("monster", "shield"))
    seen = Counter(zip(shields, monsters, state.held["shield"], strict=True))
    bare = [count for (about, *_), count in seen.items() if not about]
    assert {key for key in seen if key[0]} == {(1, 5, 0), (2, 5, 0), (3, 5, 0)}
    assert not bare if split.shifted else (len(bare) == 36 and min(bare) > 4000 / 72 / 2)


def test_references():
    # An apple two steps nearer than a shield, one step nearer, and a shield that is of use.
    use = (".a..A.s", "", "", "", "", "m.m")
    cases = {("..aA..s",): [LEFT, LEFT], ("...aA.s",): [LEFT, RIGHT], use: [RIGHT, RIGHT]}
    for rows, actions in cases.items():
        state = world(*rows).take([0])
        assert [TRAP.reference(x, state).item() for x in ("apples", "shields")] == actions
