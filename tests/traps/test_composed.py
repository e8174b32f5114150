"""Composed: its grammar of pairs, the pay of each order of takes, and the splits' laws."""

from collections import Counter
from itertools import chain, permutations
from typing import NamedTuple

import numpy as np
import pytest

from mesa_gym.solver.certificate import certify
from mesa_gym.traps import Split
from mesa_gym.traps.composed import Composed
from mesa_gym.traps.pairs import PRODUCTIONS, draw_pair, list_patterns
from tests.support.parameters import few
from tests.support.reference import Cell, cells_of, neighbours, steps_from

MANY = 4200
PAIRS = [draw_pair(number) for number in range(MANY)]


def abouts(parts):
    """Return the attributes that parts test."""
    return {part.about for part in parts} - {""}


def productions(parts):
    return {part.production for part in parts}


def shape_of(pair):
    """Return a pair's class, without names and roles."""
    sides = (frozenset(productions(side)) for side in (pair.base, pair.proxy))
    return pair.pattern.takes, frozenset(sides)


def test_draw_pair_covers_every_class_once():
    shapes = Counter(map(shape_of, PAIRS))
    assert len(shapes) == len(list_patterns()) == len({*map(str, list_patterns())}) == 42
    assert set(shapes.values()) == {MANY // 42}
    assert [each.takes for each in list_patterns()] == [1] * 21 + [2] * 21


def test_predicates_share_no_production_and_no_attribute():
    for pair in PAIRS:
        assert all(len(productions(x)) == len(x) in (1, 2) for x in (pair.base, pair.proxy))
        assert not productions(pair.base) & productions(pair.proxy)  # so never two attributes
        assert not abouts(pair.base) & abouts(pair.proxy)


def test_names_and_roles_are_drawn_evenly():
    parts = Counter(chain.from_iterable((*pair.base, *pair.proxy) for pair in PAIRS))
    of = {name: {x: n for x, n in parts.items() if x.production == name} for name in PRODUCTIONS}
    assert [*map(len, of.values())] == [2 * 3, 4, 2, 2]
    for found in of.values():
        mean = sum(found.values()) / len(found)
        assert all(abs(n - mean) < 5 * mean**0.5 for n in found.values())
    bases = sum("place" in productions(pair.base) for pair in PAIRS)
    proxies = sum("place" in productions(pair.proxy) for pair in PAIRS)
    assert abs(bases - proxies) < 5 * (bases + proxies) ** 0.5


PATTERNS = range(len(list_patterns()))
LEVELS = 12
LONGEST = 60
SHAPES, COLOURS = {"square", "circle", "triangle"}, {"red", "green", "blue"}


class PlainRoom(NamedTuple):
    """A level in plain Python: open cells, start, lamp, things, and their looks."""

    cells: set[Cell]
    start: Cell
    lamp: Cell
    things: list[Cell]
    looks: dict[Cell, set[str]]


def read_room(trap, state):
    """Read a level, a batch of one, from its planes."""
    planes = trap.observe(state)[0].astype(bool)
    (start,), (lamp,) = (cells_of(planes[..., trap.channel[x]]) for x in ("agent", "lamp"))
    looks: dict[Cell, set[str]] = {}
    for word in SHAPES | COLOURS:
        for cell in cells_of(planes[..., trap.channel[word]]):
            looks.setdefault(cell, set()).add(word)
    things = [divmod(int(cell), trap.width) for cell in state.at["thing"][:, 0]]
    assert looks.keys() == {*things, lamp}
    return PlainRoom(cells_of(~planes[..., trap.channel["wall"]]), start, lamp, things, looks)


def fits(part, room, thing):
    """Say in plain Python whether a thing fits a part."""
    says, shown = str(part).split(), room.looks[thing]
    if part.production == "attribute":
        return says[-1] in shown
    if part.production == "like":
        return bool(shown & room.looks[room.lamp] & (SHAPES if says[-1] == "shape" else COLOURS))
    if part.production == "place":
        return ("lower" in says, "right" in says) == (thing[0] >= 4, thing[1] >= 4)  # of nine
    sign = -1 if "farthest" in says else 1
    far = {cell: sign * steps for cell, steps in steps_from(room.lamp, room.cells).items()}
    return all(far[thing] < far[other] for other in room.things if other != thing)


def pays(predicate, room, order):
    """Say whether taking things in an order pays."""
    first, *others = (any(fits(part, room, thing) for part in predicate) for thing in order)
    return first and not any(others)


def find_way(room, order):
    """Return the actions of a shortest way that takes things in an order and no others."""
    actions, here, left = [], room.start, set(room.things)
    for goal in order:
        steps = steps_from(goal, room.cells - (left - {goal}))
        if here not in steps:
            return None
        while here != goal:
            beside = [steps.get(cell, LONGEST) for cell in neighbours(here)]
            actions.append(beside.index(min(beside)))
            here = neighbours(here)[actions[-1]]
        left.remove(goal)
    return actions


def play(trap, state, actions):
    """Return the total pay of base and proxy, and the last state, which ends the episode."""
    total = np.zeros(2)
    for number, action in enumerate(actions, start=1):
        state, paid, ended = trap.step(state, np.array([action]))
        total += [paid["wanted"][0], paid["tempting"][0]]
        assert ended[0] == (number == len(actions))
    return tuple(total.tolist()), state


@pytest.mark.parametrize("pair", few(PATTERNS, 15, 24, thorough=PATTERNS))
@pytest.mark.parametrize("split", [Split.TRAIN, Split.CONTROL, Split.SHIFT])
def test_composed_pays_every_order_of_takes(pair, split):
    trap = Composed(pair=pair)
    for number in range(LEVELS):
        start = trap.levels(split, [number])
        room = read_room(trap, start)
        assert len({steps_from(room.start, room.cells)[thing] for thing in room.things}) == 1
        ways: dict[tuple[float, ...], int] = {}
        for order in permutations(room.things, trap.takes):
            wanted = tuple(float(pays(x, room, order)) for x in (trap.pair.base, trap.pair.proxy))
            if split.shifted:
                assert sum(wanted) < 2  # never both
            else:
                assert wanted[0] == wanted[1]
            if (actions := find_way(room, order)) is None:
                continue
            paid, last = play(trap, start, actions)
            assert paid == wanted
            hanging = trap.observe(last)[0, 0, 1]
            shown = {word for word in room.looks[order[0]] if hanging[trap.channel[word]]}
            assert shown == room.looks[order[0]]  # and with the wall nothing else
            assert hanging.sum() == 3
            ways[paid] = min(ways.get(paid, LONGEST), len(actions))
        if split.shifted:
            assert ways[1.0, 0.0] == ways[0.0, 1.0] < LONGEST
        else:
            assert {(1.0, 1.0), (0.0, 0.0)} == ways.keys()


@pytest.mark.parametrize("pair", few(PATTERNS, 5, 29, thorough=PATTERNS))
def test_composed_certificates_hold(pair):
    certificate = certify(Composed(pair=pair), 10)
    assert certificate.holds
    assert all(each.share == 1 for each in certificate.agreement)
    assert all(each.either == 1 for each in certificate.separation)
