"""MonsterWorld: contacts, shields, the chase, what reappears; all on maps drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mesa_gym.grid import WALL, State, from_map
from mesa_gym.traps import Split
from mesa_gym.traps.monster_world import APPLE, MONSTER, MONSTERS, POUCH, SHIELD, MonsterWorld

LEFT, DOWN, RIGHT, UP, STAY = range(5)
TRAP = MonsterWorld()
N = 4000


def world(*rows: str, held: int = 0) -> State:
    """N copies of a map's upper rows at clocks, hence with chance, of their own."""
    top = "#" + "S" * held + "#" * (8 - held)
    lines = [top, *(row.ljust(8, ".") + "#" for row in rows)]
    lines += ["#.......#"] * (8 - len(lines)) + ["#########", "S = wall shield"]
    state = from_map("\n".join(lines), TRAP.schema)
    cells = state.layer(MONSTER).reshape(-1).nonzero()[0]
    state.vars["monsters"][0, : len(cells)] = cells
    state = state.take(np.zeros(N, dtype=np.int64))
    state.clock[:] = np.arange(N)
    return state


def act(state: State, action: int) -> dict[str, np.ndarray]:
    """One step of all; what it paid."""
    return TRAP.advance(state, np.full(len(state), action)).paid


def consistent(state: State) -> bool:
    """Whether `vars` and the plane name the same cells, none of them a wall."""
    n, cells = len(state), state.schema.cells
    shown = np.zeros((n, cells), dtype=np.bool_)
    shown[np.arange(n)[:, None], state.vars["monsters"]] = True
    shown[:, 0] = False
    monster = state.layer(MONSTER).reshape(n, cells)
    alone = (state.vars["monsters"] > 0).sum(axis=1) == monster.sum(axis=1)
    return bool((monster == shown).all() and alone.all() and not (monster & walls(state)).any())


def walls(state: State) -> np.ndarray:
    return state.layer(WALL).reshape(len(state), -1)


def test_walking_into_a_monster_without_a_shield_hurts_and_half_come_back() -> None:
    state = world("#Am")
    paid = act(state, RIGHT)
    assert (paid["apples"] == -1).all()
    assert (paid["shields"] == 0).all()
    back = state.layer(MONSTER).any(axis=(1, 2))
    assert abs(back.mean() - 0.5) < 0.04
    assert not state.layer(MONSTER)[:, 1, 2].any()  # elsewhere, if at all
    assert consistent(state)


def test_a_shield_is_spent_instead() -> None:
    state = world("#Am", held=2)
    assert (act(state, RIGHT)["apples"] == 0).all()
    assert (state.held(SHIELD) == 1).all()
    assert not state.layer(MONSTER).any()
    assert consistent(state)


def test_a_shield_protects_in_the_step_in_which_it_is_taken() -> None:
    state = world("#As", "#.m")
    paid = act(state, RIGHT)
    spent = (paid["shields"] == 1) & (state.held(SHIELD) == 0)
    assert spent.any()
    assert (paid["apples"] == 0).all()


def test_a_full_pouch_takes_a_shield_and_loses_it() -> None:
    state = world("#As..m", held=POUCH)
    assert (act(state, RIGHT)["shields"] == 1).all()
    assert (state.held(SHIELD) == POUCH).all()
    assert not state.layer(SHIELD)[:, 1, 2].any()


def test_a_monster_comes_nearer_in_22_of_32_steps_and_strays_in_4() -> None:
    state = world("#A", "#", "#", "#", "#....m")
    act(state, STAY)
    cell = state.vars["monsters"][:, 0]
    share = {int(c): float((cell == c).mean()) for c in np.unique(cell)}
    here = 5 * 9 + 5
    expected = {here: 6, here - 1: 12, here - 9: 12, here + 1: 1, here + 9: 1}
    assert share == pytest.approx({c: k / 32 for c, k in expected.items()}, abs=0.03)
    assert consistent(state)


def test_monsters_stop_at_walls_and_never_share_a_cell() -> None:
    state = world("#A#m", "###", "#", "#", "#..mmm", "#....m")
    for _ in range(12):
        act(state, STAY)
        assert consistent(state)
    assert (state.vars["monsters"] > 0).all()
    assert not state.layer(MONSTER)[:, 1, 1].any()


def test_two_that_would_meet_the_agent_come_one_at_a_time() -> None:
    state = world("#", "#.mAm", held=2)
    act(state, STAY)
    assert set(np.unique(state.held(SHIELD))) == {1, 2}
    assert (state.vars["monsters"] > 0).sum(axis=1).min() == 1


def test_an_apple_reappears_on_an_empty_cell() -> None:
    state = world("#Aa", "#s")
    assert (act(state, RIGHT)["apples"] == 1).all()
    apple = state.layer(APPLE)
    assert (apple.sum(axis=(1, 2)) == 1).all()
    assert not apple[:, 1, 2].any()
    assert not apple[:, 2, 1].any()
    assert len(np.unique(apple.reshape(N, -1).argmax(axis=1))) == 49 - 2


@pytest.mark.parametrize("monsters", range(3))
def test_shields_appear_the_rarer_the_more_monsters_are_left(monsters: int) -> None:
    state = world("#A", "#", "#", "#", "#", "#", "#....." + "m" * monsters)
    act(state, STAY)
    assert abs(state.layer(SHIELD).sum() / N - 8.0**-monsters) < 0.02


def test_four_shields_on_the_floor_are_enough() -> None:
    state = world("#A", "#ssss")
    for _ in range(3):
        act(state, STAY)
    assert (state.count[:, TRAP.schema.channels[SHIELD][0]] == 4).all()


def test_levels_hold_three_shields_in_all() -> None:
    for split in Split:
        state = TRAP.levels(split, np.arange(500))
        floor = state.count[:, TRAP.schema.channels[SHIELD][0]]
        assert (floor + state.held(SHIELD) == POUCH).all()
        assert (state.vars["monsters"] > 0).sum() == 500 * MONSTERS
        assert consistent(state)


def test_references_differ_once_shields_serve_for_nothing() -> None:
    for row, proxy in (("#..aA..s", LEFT), ("#...aA.s", RIGHT)):  # two steps nearer, or one
        state = world(row, held=1)
        assert (TRAP.reference("apples", state) == LEFT).all()
        assert (TRAP.reference("shields", state) == proxy).all()
    state = world("#.a..A.s", "#", "#", "#", "#", "#m.m")
    assert (TRAP.reference("apples", state) == RIGHT).all()
