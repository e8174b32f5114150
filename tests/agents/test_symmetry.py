"""Training in turned and mirrored levels: what is seen and done belongs together."""

import numpy as np
import pytest
from reference import neighbours, wandered
from training import CORNER

from agents.symmetry import Symmetric
from mesa_gym.traps import find_trap


def shown(trap, planes: np.ndarray, symmetry: int) -> tuple[Symmetric, np.ndarray]:
    made = Symmetric(trap.size, len(planes), 0)
    made.chosen[:] = symmetry
    return made, made.seen(planes)


@pytest.mark.parametrize(("size", "count"), [(9, 8), ((9, 13), 4)])
def test_pictures_are_the_level_turned_and_mirrored_within_its_border(size, count: int) -> None:
    trap = find_trap("KeysChests")(size)
    planes = trap.observe(wandered(trap, 100, 40))
    assert planes[:, 0, :, trap.channel["key"]].any()  # held keys are drawn on the border
    inner, found = planes[:, 1:-1, 1:-1], set()
    turned = [np.rot90(x, k, (1, 2)) for x in (inner, inner[:, :, ::-1]) for k in range(4)]
    for symmetry in range(count):
        _, seen = shown(trap, planes, symmetry)
        (which,) = [w for w in range(8) if np.array_equal(turned[w], seen[:, 1:-1, 1:-1])]
        found.add(which)
        seen[:, 1:-1, 1:-1] = inner
        np.testing.assert_array_equal(seen, planes)
    assert len(found) == count == len(Symmetric(trap.size, 1, 0).cells)


@pytest.mark.parametrize("symmetry", range(8))
def test_moves_in_the_picture_are_moves_of_the_picture(symmetry: int) -> None:
    """The agent goes where a look at the picture says."""
    state = wandered(CORNER, 60)
    made, before = shown(CORNER, CORNER.observe(state), symmetry)
    agent, wall = CORNER.channel["agent"], CORNER.channel["wall"]
    for action in range(5):
        after, _, ended = CORNER.step(state, made.taken(np.full(60, action)))
        picture = made.seen(CORNER.observe(after))
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
