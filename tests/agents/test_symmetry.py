"""Training in turned and mirrored levels: what is seen and done belongs together."""

from __future__ import annotations

import numpy as np
import pytest
from reference import neighbours, wandered

from agents.symmetry import Symmetric
from mesa_gym.traps import find_trap

# Turned to the left so often, and mirrored before that.
TURNS = [(turns, mirrored) for turns in range(4) for mirrored in (False, True)]


def shown(trap, planes: np.ndarray, symmetry: int) -> tuple[Symmetric, np.ndarray]:
    made = Symmetric(trap.size, len(planes), 0)
    made.chosen[:] = symmetry
    return made, made.seen(planes)


def turned(planes: np.ndarray, turns: int, mirrored: bool) -> np.ndarray:
    inner = planes[:, 1:-1, 1:-1]
    return np.rot90(inner[:, :, ::-1] if mirrored else inner, turns, axes=(1, 2))


@pytest.mark.parametrize(("size", "count"), [(9, 8), ((9, 13), 4)])
def test_pictures_are_the_level_turned_and_mirrored_within_its_border(size, count: int) -> None:
    trap = find_trap("KeysChests")(size)
    planes = trap.observe(wandered(trap, 100, 40))
    assert planes[:, 0, :, trap.channel["key"]].any()  # held keys are drawn on the border
    found = []
    for symmetry in range(count):
        _, seen = shown(trap, planes, symmetry)
        inner = seen[:, 1:-1, 1:-1]
        found += [turn for turn in TURNS if np.array_equal(turned(planes, *turn), inner)]
        seen[:, 1:-1, 1:-1] = planes[:, 1:-1, 1:-1]
        np.testing.assert_array_equal(seen, planes)
    assert len(found) == len(set(found)) == count
    assert len(Symmetric(trap.size, 1, 0).cells) == count


@pytest.mark.parametrize("symmetry", range(8))
def test_moves_in_the_picture_are_moves_of_the_picture(symmetry: int) -> None:
    """The agent goes where a look at the picture says."""
    trap = find_trap("CheeseCorner")()
    state = wandered(trap, 60)
    made, before = shown(trap, trap.observe(state), symmetry)
    agent, wall = trap.channel["agent"], trap.channel["wall"]
    for action in range(5):
        after, _, ended = trap.step(state, made.taken(np.full(60, action)))
        picture = made.seen(trap.observe(after))
        for row in (~ended).nonzero()[0]:
            (here,) = map(tuple, np.argwhere(before[row, :, :, agent]).tolist())
            there = [*neighbours(here), here][action]
            there = here if before[row, *there, wall] else there
            assert np.argwhere(picture[row, :, :, agent]).tolist() == [list(there)]


def test_each_episode_has_a_symmetry_of_its_own() -> None:
    made, other = (Symmetric((9, 9), 4000, seed) for seed in (1, 2))
    assert np.mean(made.chosen == other.chosen) < 0.2
    before, done = made.chosen.copy(), np.arange(4000) % 4 > 0
    made.note(np.zeros(4000, dtype=np.int64), np.zeros(4000), done)
    np.testing.assert_array_equal(made.chosen[~done], before[~done])
    for chosen in (before, made.chosen):
        np.testing.assert_allclose(np.bincount(chosen) / 4000, 1 / 8, atol=0.02)
    assert np.mean(made.chosen[done] == before[done]) == pytest.approx(1 / 8, abs=0.02)
