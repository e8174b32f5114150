"""Ghosts are found: each is a cell where the target could as well have been, and as likely."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from corridor import Corridor
from healthy import Healthy
from reference import assert_same
from scipy.stats import chisquare

from mesa_gym.engine import Bools, Ints, LevelBuilder, Move, State, apart, distances
from mesa_gym.solver import find_ghosts, ghosts, level_values, targets
from mesa_gym.traps import Split, Trap, all_traps, find_trap, proxy
from mesa_gym.traps.levels import attempts, drawn

TRAPS = all_traps()
each_trap = pytest.mark.parametrize("name", TRAPS)
Promise = Callable[[Trap, State, Ints, Ints], Bools]
SIZE = (5, 9)


class Bare(Trap):
    """A corridor with a coin, and the agent equally far from it and from the alcove."""

    source, category = "a test", ("proxy",)
    default_size, min_size, max_size = SIZE, SIZE, SIZE
    things = {"coin": 1, "far_end": 1}
    shown_as = {"far_end": None}
    coin = find_trap("CoinRun").coin
    far_end = find_trap("CoinRun").far_end

    def draw(self, level: LevelBuilder, split: Split) -> None:
        alcove = level.corridor()
        level.put("far_end", alcove)
        coin = level.scatter("coin")[0]
        level.agent(among=level.equidistant(coin, alcove))
        level.held_out = True


def open_cells(trap: Trap, state: State) -> Bools:
    return ~trap.layer(state, "wall").reshape(-1, *trap.size)


@pytest.mark.parametrize("split", [Split.TRAIN, Split.SHIFT])
@each_trap
def test_a_level_is_drawn_again_from_where_its_things_are(name: str, split: Split) -> None:
    trap, numbers = TRAPS[name](), np.arange(60)
    for rows, level in attempts(trap, split, numbers):
        again = drawn(trap, split, numbers[rows], "", level.attempt, level.scattered)
        assert again.valid[level.valid].all()
        good = level.valid.nonzero()[0]
        assert_same(trap, again.states().take(good), level.states().take(good))
        assert (again.chance[good] > 0).all()


def test_a_target_is_put_as_often_on_its_twins_as_their_chances_say() -> None:
    trap, numbers = Bare(), np.arange(6000)
    state = trap.levels(Split.SHIFT, numbers)
    # All that levels share is where the agent starts.
    starts, found = np.unique(state.agent, return_index=True)
    chances = ghosts._Search(trap, Split.SHIFT, numbers[found], "").chances()
    for start, chance in zip(starts, chances, strict=True):
        coins = state.at["coin"][0, state.agent == start]
        counts, some = np.bincount(coins, minlength=trap.cells), chance > 0
        assert not counts[~some].any()
        assert counts.sum() < 100 or counts[some].all()
        if some.sum() > 1:
            expected = chance[some] / chance[some].sum() * counts.sum()
            assert chisquare(counts[some], expected).pvalue > 1e-4


def lopsided(always_taken: bool) -> float:
    """Ghosts chosen many times, for every cell T that a coin can have around one start.

    Returns:
        the greatest difference of the chance of (T, G) from that of (G, T), in standard errors.
    """
    trap, many = Bare(), 10_000
    search = ghosts._Search(trap, Split.SHIFT, np.arange(1), "")
    p = search.chances()[0] / search.chances().sum()
    here = np.repeat(p.nonzero()[0], many)
    cells = np.repeat(search.open_cells, len(here), axis=0)
    start = np.full(len(here), search.starts.agent)
    words = np.random.default_rng(0).integers(-1 << 63, 1 << 63, (2, len(here)))
    words[1] *= not always_taken
    # The chances are known up to a factor.
    there, some = ghosts._chosen(cells, start, here, np.tile(7 * p, (len(here), 1)), words)
    share = np.zeros((len(p), len(p)))
    np.add.at(share, (here[some], there[some]), 1 / many)
    assert (share > 0).sum() > 12
    joint = p[:, None] * share
    error = p[:, None] * np.sqrt(share * (1 - share) / many) + 1e-9
    return float(np.abs((joint - joint.T) / np.hypot(error, error.T)).max())


def test_target_and_ghost_may_be_exchanged() -> None:
    assert lopsided(always_taken=False) < 4.5
    # The test can fail: without the balance of `_chosen`, they may not.
    assert lopsided(always_taken=True) > 6


def as_far_as_the_other(trap: Trap, state: State, target: Ints, ghost: Ints) -> Bools:
    dish, cheese = state.at["dish"][0], state.at["cheese"][0]
    steps, every = distances(open_cells(trap, state), state.agent), np.arange(state.n)
    return steps[every, ghost] == steps[every, np.where(target == dish, cheese, dish)]


def no_key_is_locked_in(trap: Trap, state: State, target: Ints, ghost: Ints) -> Bools:
    at = {kind: np.where(cells == target, ghost, cells) for kind, cells in state.at.items()}
    moved = state._replace(at=at)
    passable = open_cells(trap, state) & ~trap.layer(moved, "chest").reshape(-1, *trap.size)
    reached = distances(passable, state.agent) >= 0
    return (reached | ~trap.layer(moved, "key")).all(axis=1)


@pytest.mark.parametrize(
    ("name", "promise"),
    [("CheeseDish", as_far_as_the_other), ("KeysChests", no_key_is_locked_in)],
)
def test_what_a_trap_promises_of_targets_holds_of_ghosts(name: str, promise: Promise) -> None:
    trap, numbers = find_trap(name)(), np.arange(150)
    levels = trap.levels(Split.SHIFT, numbers)
    for pairs in find_ghosts(trap, Split.SHIFT, numbers).pairs.values():
        assert len(pairs) > 40
        row, target, ghost = pairs.T
        state, each = levels.take(row), np.arange(len(row))
        seen = trap.observe(state).reshape(len(row), trap.cells, -1)
        assert not seen[each, ghost].any()
        assert apart(open_cells(trap, state), state.agent, target)[each, ghost].all()
        assert promise(trap, state, target, ghost).all()


@each_trap
def test_each_target_has_one_ghost_whatever_the_batch(name: str) -> None:
    trap = TRAPS[name]()
    where = targets(trap, trap.levels(Split.SHIFT, np.arange(60)))
    some = find_ghosts(trap, Split.SHIFT, [41, 7, 30]).pairs
    for x, pairs in find_ghosts(trap, Split.SHIFT, np.arange(60)).pairs.items():
        assert where[x][pairs[:, 0], pairs[:, 1]].all()
        assert not where[x][pairs[:, 0], pairs[:, 2]].any()
        assert len(np.unique(pairs[:, :2], axis=0)) == len(pairs)
        assert (np.diff(pairs[:, 0]) >= 0).all()
        for row, number in enumerate([41, 7, 30]):
            mine = some.get(x, np.empty((0, 3), dtype=np.int64))
            expected = pairs[pairs[:, 0] == number, 1:].tolist()
            assert mine[mine[:, 0] == row, 1:].tolist() == expected


def test_fixed_places_have_no_ghosts_and_salt_gives_others() -> None:
    for name, drawn_targets in (("CheeseCorner", {"cheese"}), ("CoinRun", {"coin"})):
        assert (
            find_ghosts(find_trap(name)(), Split.SHIFT, np.arange(60)).pairs.keys() == drawn_targets
        )
    # In training the cheese lies in the corner; the corridor scatters nothing.
    assert not find_ghosts(find_trap("CheeseCorner")(), Split.TRAIN, np.arange(60)).pairs
    assert not find_ghosts(Corridor(), Split.SHIFT, [0, 1]).pairs
    trap = find_trap("CheeseDish")()
    one, other = (find_ghosts(trap, Split.SHIFT, np.arange(60), salt) for salt in ("", "pepper"))
    assert one.pairs["dish"].tolist() != other.pairs["dish"].tolist()


def test_ghosts_are_kept_apart_from_values(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    trap, numbers = find_trap("CoinRun")(), np.arange(20)
    first = find_ghosts(trap, Split.SHIFT, numbers)
    level_values(trap, Split.SHIFT, numbers)
    assert len(list(tmp_path.iterdir())) == 2
    monkeypatch.setattr(ghosts, "_Search", None)
    again = find_ghosts(trap, Split.SHIFT, numbers)
    assert again.pairs.keys() == first.pairs.keys() == {"coin"}
    assert again.pairs["coin"].tolist() == first.pairs["coin"].tolist()


class OneKey(Healthy):
    """One key to take, and hands for one: its rule needs no guard, as there is no second key."""

    things, held = {**Healthy.things, "key": 1}, {"key": 1}

    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, split)
        level.scatter("key")

    def rules(self, move: Move) -> None:
        super().rules(move)
        move.hold("key", 1, move.into("key"))
        move.clear("key")

    @proxy
    def keys(self, move: Move):
        """1 for the key, which full hands cannot take."""
        return move.into("key") & (move.held["key"] == 1)


def test_full_hands_have_room_for_what_lies_in_the_entered_cell() -> None:
    trap = OneKey()
    state = trap.levels(Split.SHIFT, np.arange(20))
    np.testing.assert_array_equal(targets(trap, state)["keys"], trap.layer(state, "key"))
