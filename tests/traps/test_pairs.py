"""The grammar of pairs: which there are, what they share, and how a number draws one."""

from collections import Counter
from itertools import chain

from mesa_gym.traps.pairs import PRODUCTIONS, draw_pair, list_patterns

MANY = 4200
PAIRS = [draw_pair(number) for number in range(MANY)]


def abouts(parts):
    """Return the attributes that parts are about."""
    return {part.about for part in parts} - {""}


def productions(parts):
    return {part.production for part in parts}


def shape_of(pair):
    """Return what is left of a pair without names and without roles."""
    sides = (frozenset(productions(side)) for side in (pair.base, pair.proxy))
    return pair.pattern.takes, frozenset(sides)


def test_every_class_is_drawn_and_no_two_are_the_same():
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
