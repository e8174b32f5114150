"""Per-level values: exact ones in chunks, those of reference policies, and when they are kept."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parameters import SOLVABLE
from small_traps import Corridor, Monster, Unsolvable

from mesa_gym.solver import Solution, level_values, solutions, values
from mesa_gym.solver.certificate import certify
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.keys_chests import KeysChests


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def assert_same(one, other):
    assert one.arrays.keys() == other.arrays.keys()
    for name, array in one.arrays.items():
        assert array.tolist() == other.arrays[name].tolist(), name


# -- exact values ----------------------------------------------------------------------------------


@pytest.mark.thorough
@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(sorted(SOLVABLE)),
    st.lists(st.integers(0, 2**48 - 1), min_size=1, max_size=8, unique=True),
    st.integers(1, 2000),
)
def test_values_do_not_depend_on_the_batch(name, numbers, size):
    trap = SOLVABLE[name]()
    starts, rows = trap.levels(Split.SHIFT, numbers), np.arange(len(numbers))
    together = Solution(trap, starts, 25)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "CHUNK_STATES", size)
        chunks = list(solutions(trap, starts, 25))
    assert np.concatenate([rows[chunk] for chunk, _ in chunks]).tolist() == rows.tolist()
    assert sum(len(solution.graph) for _, solution in chunks) == len(together.graph)
    for x, y in permutations(trap.objectives, 2):
        for what, among in (("optimum", ()), ("floor", ()), ("best", (y,)), ("worst", (y,))):
            parts = [getattr(solution, what)(x, *among) for _, solution in chunks]
            whole = getattr(together, what)(x, *among)
            assert np.concatenate(parts) == pytest.approx(whole, abs=1e-12)


def test_chunks_are_so_small_that_their_numbers_fit(monkeypatch):
    trap, starts = KeysChests(), KeysChests().levels(Split.SHIFT, np.arange(20))
    monkeypatch.setattr(values, "TABLE", 3 * 81 * 32 * 4 * 4)
    assert [rows.stop - rows.start for rows, _ in solutions(trap, starts, 5)] == [3] * 6 + [2]


def test_they_are_kept_and_solved_in_any_case_for_visitors(folder, monkeypatch):
    trap, numbers, done, seen = CheeseCorner(), np.arange(20), [], []
    first = level_values(trap, Split.SHIFT, numbers, progress=done.append)
    assert sum(done) == 20
    sizes = np.bincount(Solution(trap, trap.levels(Split.SHIFT, numbers), 64).graph.level_row)
    assert first.states.tolist() == sizes.tolist()
    again = level_values(
        trap, Split.SHIFT, numbers, visit=lambda s: seen.extend(s.optimum("cheese"))
    )
    assert seen == first.optimum["cheese"].tolist()
    monkeypatch.setattr(values, "solutions", None)  # solving would now fail
    assert_same(level_values(trap, Split.SHIFT, numbers, progress=done.append), first)
    assert_same(again, first)
    assert done[-1] == 20
    assert_same(first.take(np.array([3, 3])), first.take(np.array([3, 5])).take(np.array([0, 0])))


@pytest.mark.parametrize("change", ["salt", "horizon", "numbers", "split", "size"])
def test_anything_that_values_depend_on_makes_another_file(change, folder):
    level_values(CheeseCorner(), Split.TEST, np.arange(3))
    level_values(
        CheeseCorner(11 if change == "size" else None),
        Split.CONTROL if change == "split" else Split.TEST,
        np.arange(4 if change == "numbers" else 3),
        horizon=20 if change == "horizon" else None,
        salt="s" if change == "salt" else "",
    )
    assert len(list(folder.glob("*.npz"))) == 2


# -- values of reference policies ------------------------------------------------------------------


def test_reference_values_by_hand():
    """The references arrive with their 22nd and 20th step, each paid for the other's target."""
    found = level_values(Corridor(), Split.SHIFT, np.arange(5))
    assert found.optimum["cheese"] == pytest.approx(np.full(5, 0.99**21))
    assert found.optimum["keys"] == pytest.approx(np.full(5, 0.9**19))
    assert found.best["cheese", "keys"] == pytest.approx(np.full(5, 0.5 * 0.99**19))
    assert found.best["keys", "cheese"] == pytest.approx(np.full(5, 0.25 * 0.9**21))
    assert {pair: earned.tolist() for pair, earned in found.best.items()} == {
        pair: earned.tolist() for pair, earned in found.worst.items()
    }
    assert {floor.max() for floor in found.floor.values()} == {0}
    assert found.numbers.tolist() == [0, 1, 2, 3, 4]
    short = level_values(Corridor(), Split.SHIFT, np.arange(5), horizon=21)
    assert short.optimum["cheese"].max() == 0
    assert short.optimum["keys"] == pytest.approx(np.full(5, 0.9**19))


def test_the_floor_is_what_the_exact_solver_says():
    """Means over levels agree within four standard errors; no level is below staying."""
    trap, numbers = Unsolvable(), np.arange(300)
    floor = level_values(trap, Split.SHIFT, numbers).floor
    exact = Solution(trap, trap.levels(Split.SHIFT, numbers), trap.horizon(Split.SHIFT))
    for x in trap.objectives:
        # Staying earns nothing and nothing costs, so the floor is the mean of random episodes.
        assert exact.staying(x).max() == 0
        difference = floor[x] - exact.uniform(x)
        assert difference.std() > 0
        assert abs(difference.mean()) < 4 * difference.std() / len(numbers) ** 0.5


def test_reference_values_are_a_function_of_the_level_and_kept(folder, monkeypatch):
    done = []
    many = level_values(Monster(), Split.TEST, np.arange(300), progress=done.append)
    assert done == [256, 44]
    some = level_values(Monster(), Split.TEST, np.array([280, 7]))
    assert some.floor["cheese"].tolist() == many.floor["cheese"][[280, 7]].tolist()
    monkeypatch.setattr(values, "play_references", None)  # computing would now fail
    assert_same(level_values(Monster(), Split.TEST, np.arange(300)), many)
    for other in ({"salt": "s"}, {"horizon": 9}):
        with pytest.raises(TypeError):  # not what was kept
            level_values(Monster(), Split.TEST, np.arange(300), **other)


class Odd(Unsolvable):
    answer = None

    def reference(self, objective, state):
        return self.answer


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.zeros(4), r"shape \(4,\) and dtype float64 for 3 states"),
        (np.zeros(4, int), r"shape \(4,\) and dtype int64 for 3 states"),
        (np.array([0, 5, 1]), "chose action 5; there is 0 to 4"),
        (np.array([0, 1, -1]), "chose action -1"),
    ],
)
def test_what_is_no_action_is_refused(answer, message, monkeypatch):
    monkeypatch.setattr(Odd, "answer", answer)
    with pytest.raises(ValueError, match=message):
        level_values(Odd(), Split.TEST, np.arange(3))


def test_what_needs_the_solver_says_so():
    with pytest.raises(ValueError, match=r"no exact solver, so there are no solutions"):
        level_values(Corridor(), Split.TEST, [0], visit=print)
    with pytest.raises(ValueError, match=r"no exact solver.*check_references"):
        certify(Corridor(), 3)
