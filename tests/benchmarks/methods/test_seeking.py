"""Methods without networks on data made by hand: ways to cells, parities, the control."""

import numpy as np
import pytest

from benchmarks.methods.evaluation import Entrant
from benchmarks.methods.labels import LabelSource
from benchmarks.methods.record import LABEL_KINDS
from benchmarks.methods.seeking import CodeSeeker, compute_parities
from benchmarks.methods.untrained import Untrained
from mesa_gym.traps import Split

LEFT, DOWN, RIGHT, UP, ACT = range(5)


def draw_map(*rows):
    """Return a picture with planes x and y: ``#`` wall, ``A`` agent, ``b`` both x and y."""
    cells = np.array([list(row) for row in rows])
    shows = {"A": "A", "#": "#", "x": "xb", "y": "yb"}
    return np.stack([np.isin(cells, list(of)) for of in shows.values()], axis=2).astype(np.uint8)


X, Y = np.array([0, 1, 0, 1], np.uint8), np.array([0, 0, 1, 1], np.uint8)
ROOM = draw_map("#####", "#xyA#", "#   #", "#y#x#", "#####")


@pytest.mark.parametrize(
    ("worth", "moves"),
    # Straight down to x, not through y to the other; y next door; nothing; itself alone.
    [(X, [DOWN]), (Y, [LEFT]), (X * 0, range(5)), (np.array([0, 0, 0, 1], np.uint8), range(5))],
)
def test_seekers_walk_around_other_things(worth, moves):
    shares = CodeSeeker(worth).act(ROOM[None])[0]
    assert shares.nonzero()[0].tolist() == [*moves]
    assert shares == pytest.approx(np.isin(range(5), [*moves]) / len([*moves]))


def test_seekers_on_the_wanted_cell_stay():
    there = draw_map("####", "#A #", "####")
    there[1, 1, 2] = 1
    assert CodeSeeker(X).act(there[None])[0].tolist() == [0, 0, 0, 0, 1]


def test_parities_of_summed_planes_identify_each_plane():
    """Both planes show x, and the second shows y: x is plane 1, and y the sum of both."""
    mixed = np.array([0b11, 0b10])
    marks = compute_parities(np.array([0b01, 0b11]), mixed)
    assert marks.tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize("kind", LABEL_KINDS)
def test_untrained_method_reaches_the_labelled_goal(kind, evaluator):
    """Labels are the evaluator's; the method takes no step in environments."""
    found, entrant = [], Entrant(Untrained(), evaluator, 1)
    for role in (0, 1):
        *_, (policy, used) = entrant.adapt(LabelSource(evaluator, role, kind, 0))
        found.append(entrant.measure(policy, Split.SHIFT))
        assert used == 16
    assert found == [60, -60]
    assert entrant.steps == 0
