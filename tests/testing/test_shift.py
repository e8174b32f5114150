"""Checks of the shift: each finds a trap that breaks it; pushing is judged by play."""

from __future__ import annotations

import numpy as np
import pytest
from broken import caught_by
from healthy import Healthy, Twins
from pushing import Coal, Lopsided, Nearer

from mesa_gym.engine import LevelBuilder, apart, distances
from mesa_gym.testing import ConformanceError, check_contact, check_directions, check_distances
from mesa_gym.traps import Split, Trap

WALL = "#######"


@caught_by("contact", "one move pays both 'cheese' and 'corner'; fix: place them")
def test_paying_both_at_once(self: Healthy, level: LevelBuilder, split: Split) -> None:
    """Under shift some levels are those of training."""
    if split.shifted:
        together = level.integers("together", 0, 1) == 1
        level.at["cheese"] = np.where(together, level.at["corner"], level.at["cheese"])
        level.require(level.start != level.at["corner"][0])


test_exchanging_the_same = caught_by(
    "twins", "do not pay in each other's place", of=Twins, exchange=("dish", "dish")
)()


@caught_by(
    *("twins", "of levels have a twin, 99% are needed"),
    **{"of": Twins, "things": {"dish": 2, "cheese": 1}, "by_contact": False},
)
def test_rare_twins(self: Twins, level: LevelBuilder, split: Split) -> None:
    if split.shifted:
        level.scatter("dish", level.integers("more", 0, 1), site="another")


@caught_by("distances", r"within \d+ steps .* unequally .*; fix: start the agent equally")
class NearerCheese(Healthy):
    def draw(self, level: LevelBuilder, split: Split) -> None:
        if not split.shifted:
            super().draw(level, split)
            return
        level.blocks()
        corner = level.cell(1, 1)
        level.put("corner", corner)
        agent, open_cells = level.agent(), level.open_cells
        near = distances(open_cells, agent) <= 2
        level.scatter("cheese", 1, near & apart(open_cells, agent, corner))


test_nearer_cheese = NearerCheese


@caught_by("directions", "split 'control': targets of 'cheese' lie in a greater row", of=Twins)
def test_lying_below_more_often(self: Twins, level: LevelBuilder, split: Split) -> None:
    if split is Split.CONTROL:
        coin = level.integers("coin", 0, 1) == 1
        level.require((level.at["cheese"][0] > level.start) | coin)


class ByHand(Healthy):
    """Under shift the level is always the one that ``rows`` shows: A agent, c cheese, x corner."""

    rows: tuple[str, ...]

    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, split)
        if split.shifted:
            symbols = np.array([list(row) for row in self.rows]).ravel()
            level.ground["wall"][:] = symbols == "#"
            level.start[:] = (symbols == "A").argmax()
            for kind, symbol in (("cheese", "c"), ("corner", "x")):
                level.at[kind][:] = (symbols == symbol).argmax()


ONLY_WAY = (WALL, "#c.x.A#", WALL, WALL, WALL, WALL, WALL)
SHORTEST_WAY = (WALL, "#c.x.A#", "#.###.#", "#.###.#", "#.###.#", "#.....#", WALL)
ENDS_BEFORE = (WALL, "#x..A##", WALL, "###c..#", WALL, WALL, WALL)
EITHER_FIRST = (WALL, "#c.A.x#", WALL, WALL, WALL, WALL, WALL)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (ONLY_WAY, "'cheese' cannot be had before 'corner' or an end"),
        (SHORTEST_WAY, "a shortest way to 'cheese' passes 'corner'"),
        (ENDS_BEFORE, "'cheese' cannot be had before"),
    ],
)
def test_ways_that_mix_base_and_proxy_are_found(rows: tuple[str, ...], says: str) -> None:
    with pytest.raises(ConformanceError, match=says):
        check_contact(type("Mixed", (ByHand,), {"rows": rows}), 1)


def test_ways_apart_pass() -> None:
    check_contact(type("Apart", (ByHand,), {"rows": EITHER_FIRST}), 1)


@pytest.mark.slow
def test_a_fair_trap_of_pushing_passes() -> None:
    check_directions(Coal)
    check_distances(Coal)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("check", "trap", "says"),
    [
        (check_directions, Lopsided, r"'forged' lie in a greater row .* unequally"),
        (check_distances, Nearer, r"within \d+ steps .* unequally often"),
    ],
)
def test_places_that_give_an_objective_away_are_found(
    check: type, trap: type[Trap], says: str
) -> None:
    with pytest.raises(ConformanceError, match=says):
        check(trap)
