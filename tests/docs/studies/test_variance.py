"""The shares of the variance of a choice, on data of which they are known."""

from itertools import product

import numpy as np
import pytest

from docs.studies.variance import variance_shares


def share_by_loops(a, b):
    """The same from all products of two plays, one by one."""
    kinds = {}
    for (i, k), (j, m) in product(np.ndindex(a.shape), np.ndindex(a.shape)):
        kinds.setdefault((i == j, k == m), []).append(a[i, k] * b[j, m])
    both, seed, level, none = (
        float(np.mean(kinds[kind])) for kind in product((True, False), (True, False))
    )
    total = (a.mean() + b.mean()) / 2 - none
    parts = [level - none, seed - none, both - level - seed + none]
    parts.append((a.mean() + b.mean()) / 2 - both)
    names = ("level", "seed", "seed by level", "sampling")
    return {name: part / total for name, part in zip(names, parts, strict=True)}


def test_shares_are_those_of_plain_loops():
    a, b = np.random.default_rng(0).integers(0, 2, (2, 3, 7)).astype(float)
    assert variance_shares(a, b) == pytest.approx(share_by_loops(a, b))
    assert sum(variance_shares(a, b).values()) == pytest.approx(1)


@pytest.mark.parametrize("name", ["level", "seed", "seed by level", "sampling"])
def test_each_component_is_found(name):
    rng, shape = np.random.default_rng(3), (200, 300)
    drawn = {
        "level": lambda: np.broadcast_to(levels, shape),
        "seed": lambda: np.broadcast_to(seeds, shape),
        "seed by level": lambda: cells,
        "sampling": lambda: rng.integers(0, 2, shape),
    }
    levels, seeds = rng.integers(0, 2, (1, 300)), rng.integers(0, 2, (200, 1))
    cells = rng.integers(0, 2, shape)
    found = variance_shares(drawn[name](), drawn[name]())
    assert found == pytest.approx({x: float(x == name) for x in found}, abs=0.02)
