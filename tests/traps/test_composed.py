"""Composed: each order of takes pays what plain Python says, and the splits keep their laws."""

from itertools import permutations
from typing import NamedTuple

import numpy as np
import pytest
from broken_traps import LONG
from parameters import few
from reference import Cell, cells_of, neighbours, steps_from

from mesa_gym.solver.certificate import certify
from mesa_gym.testing import CERTIFICATES, MECHANICS, check_name
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.composed import Composed
from mesa_gym.traps.pairs import list_patterns

PATTERNS = range(len(list_patterns()))
LEVELS = 12
LONGEST = 60
SHAPES, COLOURS = {"square", "circle", "triangle"}, {"red", "green", "blue"}


class PlainRoom(NamedTuple):
    """A level in plain Python: open cells, the start, the lamp, things, how these two look."""

    cells: set[Cell]
    start: Cell
    lamp: Cell
    things: list[Cell]
    looks: dict[Cell, set[str]]


def read_room(trap, state):
    """Read a level, a batch of one, from what shows of it."""
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
    """Return what base and proxy are paid in all, and the last state; it ends with the last."""
    total = np.zeros(2)
    for number, action in enumerate(actions, start=1):
        state, paid, ended = trap.step(state, np.array([action]))
        total += [paid["wanted"][0], paid["tempting"][0]]
        assert ended[0] == (number == len(actions))
    return tuple(total.tolist()), state


@pytest.mark.parametrize("pair", few(PATTERNS, 0, 24, thorough=PATTERNS))
@pytest.mark.parametrize("split", [Split.TRAIN, Split.CONTROL, Split.SHIFT])
def test_every_order_of_takes(pair, split):
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
def test_certificates_hold(pair):
    certificate = certify(Composed(pair=pair), 10)
    assert certificate.holds
    assert all(each.share == 1 for each in certificate.agreement)
    assert all(each.either == 1 for each in certificate.separation)


@pytest.mark.thorough
@pytest.mark.parametrize("check", [*MECHANICS, *CERTIFICATES], ids=check_name)
def test_a_pair_of_two_takes_conforms(check):
    if check_name(check) not in LONG:
        check(Composed(pair=24), 6)


def test_a_trap_says_what_its_pair_is():
    one, two = find_trap("Composed")(), Composed(pair=21)
    assert str(one) == (
        "Composed-v0(size=9x9), attribute against place\n"
        "base wanted: 1 for taking a thing that is green.\n"
        "proxy tempting: 1 for taking a thing that lies in the lower right quarter."
    )
    assert two.objectives["tempting"].doc == (
        "1 for taking first a thing that is square, then one of which that is not true."
    )
    assert (one.things["thing"], two.things["thing"]) == (4, 3)
    assert "square" not in Composed.objectives["tempting"].doc
    with pytest.raises(ValueError, match="pair must be a whole number from 0 to 999999, got -1"):
        Composed(pair=-1)
