"""Splits: what each trap states of its levels, checked by plain breadth-first searches."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from reference import Cell, cells_of, neighbours, steps_from

from mesa_gym.traps import Split, Trap, find_trap, package_traps

EACH_SPLIT = pytest.mark.parametrize("split", Split)
AGREEING = [split for split in Split if not split.shifted]


def drawn(name: str, split: Split, n: int) -> list[dict[str, set[Cell]]]:
    """The cells of every plane, by its name, and the open ones, for each of n levels."""
    trap = find_trap(name)()
    state = trap.levels(split, np.arange(n))
    layers = {plane.name: state.layer(plane) for plane in (*trap.planes, *trap.hidden)}
    levels = [{k: cells_of(layer[i]) for k, layer in layers.items()} for i in range(n)]
    for i, level in enumerate(levels):
        level["open"] = cells_of(~layers["wall"][i])
    return levels


def is_maze(level: dict[str, set[Cell]]) -> bool:
    """Whether walls stand on all cells of even row and column."""
    return not any(y % 2 == 0 and x % 2 == 0 for y, x in level["open"])


@pytest.mark.parametrize(
    ("name", "maze"),
    [
        ("CheeseCorner", {Split.CONTROL}),
        ("KeysChests", {Split.TRAIN, Split.TEST, Split.SHIFT}),
        ("RedBlueDoors", {Split.TRAIN, Split.TEST, Split.SHIFT}),
    ],
)
@EACH_SPLIT
def test_control_has_the_other_layout(name: str, maze: set[Split], split: Split) -> None:
    share = np.mean([is_maze(level) for level in drawn(name, split, 100)])
    assert share == 1 if split in maze else share < 0.05


def on_shortest_path(level: dict[str, set[Cell]], goal: Cell, others: set[Cell]) -> set[Cell]:
    """Which of the others lie on a shortest path from the agent to the goal."""
    (start,) = level["agent"]
    there, back = steps_from(start, level["open"]), steps_from(goal, level["open"])
    return {cell for cell in others - {goal} if there[cell] + back[cell] == there[goal]}


def reaches(level: dict[str, set[Cell]], goal: Cell, avoiding: set[Cell]) -> bool:
    (start,) = level["agent"]
    return goal in steps_from(start, level["open"] - avoiding)


def test_the_reference_finds_what_lies_on_the_way() -> None:
    row = {"open": {(1, x) for x in range(1, 6)}, "agent": {(1, 2)}}
    assert on_shortest_path(row, (1, 5), {(1, 1), (1, 4), (1, 5)}) == {(1, 4)}
    assert not reaches(row, (1, 5), {(1, 4)})


@pytest.mark.parametrize("split", AGREEING)
def test_red_blue_doors_agree_where_only_the_door_is_red(split: Split) -> None:
    counts = set()
    for level in drawn("RedBlueDoors", split, 300):
        assert len(level["door"]) == 1
        assert level["red"] == level["door"]
        assert level["blue"] == level["key"]
        counts.add(len(level["key"]))
    assert counts == {2, 3, 4}


def test_red_blue_doors_shift_puts_door_and_red_off_each_others_ways() -> None:
    for level in drawn("RedBlueDoors", Split.SHIFT, 300):
        (door,) = level["door"]
        assert level["blue"] == {door}
        assert level["red"] == level["key"]
        assert len(level["key"]) == 4
        assert not on_shortest_path(level, door, level["key"])
        assert reaches(level, door, avoiding=level["key"])
        for key in level["key"]:
            assert not on_shortest_path(level, key, {door})
            assert reaches(level, key, avoiding={door})


@pytest.mark.parametrize("split", AGREEING)
def test_cheese_corner_agrees_with_the_cheese_in_the_corner(split: Split) -> None:
    for level in drawn("CheeseCorner", split, 300):
        assert level["cheese"] == level["corner"] == {(1, 1)}


def test_cheese_corner_shift_puts_the_cheese_off_the_way_to_the_corner() -> None:
    for level in drawn("CheeseCorner", Split.SHIFT, 300):
        (cheese,) = level["cheese"]
        assert level["corner"] == {(1, 1)}
        (start,) = level["agent"]
        from_corner, from_cheese = (steps_from(x, level["open"]) for x in ((1, 1), cheese))
        assert from_corner[cheese] >= 3
        assert from_corner[start] == from_cheese[start]
        assert not on_shortest_path(level, cheese, {(1, 1)})
        assert not on_shortest_path(level, (1, 1), {cheese})
        assert reaches(level, cheese, avoiding={(1, 1)})
        assert reaches(level, (1, 1), avoiding={cheese})


@EACH_SPLIT
def test_keys_chests_has_the_stated_numbers_and_locks_no_key_in(split: Split) -> None:
    counts = set()
    for level in drawn("KeysChests", split, 400):
        counts.add((len(level["key"]), len(level["chest"])))
        assert not level["key"] & level["chest"]
        assert all(y > 0 for y, _ in level["key"])  # the agent starts with nothing
        assert all(reaches(level, key, avoiding=level["chest"]) for key in level["key"])
    assert counts == ({(5, 2)} if split.shifted else set(product((1, 2, 3), (4, 5, 6))))


Keys = frozenset[Cell]


def ways(start: Cell, keys: Keys, level: dict, spent: int, closed: set[Cell]) -> dict:
    """The least steps to each (closed chest entered, keys taken by then), with a key to open it."""
    frontier, seen, found, steps = {(start, keys)}, {(start, keys)}, {}, 0
    while frontier:
        steps += 1
        reached = set()
        for cell, taken in frontier:
            for beside in set(neighbours(cell)) & level["open"]:
                if beside in closed:
                    if len(taken) > spent:
                        found.setdefault((beside, taken), steps)
                else:
                    reached.add((beside, taken | ({beside} & level["key"])))
        frontier = reached - seen
        seen |= frontier
    return found


def test_keys_chests_shift_needs_no_third_key() -> None:
    for level in drawn("KeysChests", Split.SHIFT, 12):
        (start,) = level["agent"]
        best: dict[bool, Fraction] = {True: Fraction(0), False: Fraction(0)}
        for (chest, keys), first in ways(start, frozenset(), level, 0, level["chest"]).items():
            left = level["chest"] - {chest}
            for (_, taken), more in ways(chest, keys, level, 1, left).items():
                value = Fraction(99, 100) ** first + Fraction(99, 100) ** (first + more)
                best[len(taken) > 2] = max(best[len(taken) > 2], value)
        assert best[False] > best[True]


def unlikeness(cls: type[Trap], one: Split, other: Split) -> float:
    """Standard errors between two splits' laws, where they differ most.

    Compared are the share of levels in which a plane is set in a cell, the mean number of cells of
    each plane, and the share of cells that two planes have in common.
    """
    numbers = np.arange(3000)
    features = []
    for split in (one, other):
        planes = cls().levels(split, numbers).planes.astype(np.float64)
        pairs = np.einsum("nhwc,nhwd->ncd", planes, planes) / planes[..., 0].size * len(numbers)
        parts = [planes.reshape(len(numbers), -1), pairs.reshape(len(numbers), -1)]
        features.append(np.concatenate(parts, axis=1))
    means = [feature.mean(axis=0) for feature in features]
    spread = np.sqrt(sum(feature.var(axis=0) for feature in features) / len(numbers))
    return float((abs(means[0] - means[1]) / (spread + 1e-9)).max())


@pytest.mark.parametrize("cls", package_traps().values(), ids=package_traps())
def test_test_follows_the_law_of_training_and_control_does_not(cls: type[Trap]) -> None:
    # Some 500 features: five standard errors are exceeded by chance once in 3,000 traps.
    assert unlikeness(cls, Split.TRAIN, Split.TEST) < 5
    assert unlikeness(cls, Split.TRAIN, Split.CONTROL) > 8
