"""Per-level values, when they are kept, and the certificates that are read off them."""

import json

import numpy as np
import pytest

from mesa_gym.solver import LevelValues, Solution, level_values, solutions, values
from mesa_gym.solver.certificate import (
    Size,
    certify,
    measure_agreement,
    measure_attainability,
    measure_separation,
)
from mesa_gym.solver.overlap import Overlap, measure_overlaps
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.coin_run import CoinRun
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.monster_world import MonsterWorld
from tests.support.small_traps import Corridor, Healthy, Monster, Unsolvable


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def assert_same(one, other):
    assert one.arrays.keys() == other.arrays.keys()
    for name, array in one.arrays.items():
        assert array.tolist() == other.arrays[name].tolist(), name


# -- exact values ----------------------------------------------------------------------------------


def test_solutions_chunk_levels_and_solve_alike(monkeypatch):
    trap, starts = KeysChests(), KeysChests().levels(Split.SHIFT, np.arange(20))
    whole = Solution(trap, starts, 5).optimum("keys")
    monkeypatch.setattr(values, "CHUNK_STATES", 10_000)
    chunks = [*solutions(trap, starts, 5)]
    assert len(chunks) > 3
    assert [n for rows, _ in chunks for n in range(rows.start, rows.stop)] == [*range(20)]
    assert np.concatenate([each.optimum("keys") for _, each in chunks]).tolist() == whole.tolist()


def test_level_values_are_cached_and_visit_solutions(folder, monkeypatch):
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


@pytest.mark.parametrize(
    "changed",
    [
        {"salt": "s"},
        {"horizon": 20},
        {"numbers": range(4)},
        {"split": Split.CONTROL},
        {"trap": CheeseCorner(11)},
    ],
    ids=str,
)
def test_level_values_file_depends_on_every_input(changed, folder):
    given = {"trap": CheeseCorner(), "split": Split.TEST, "numbers": range(3)}
    for each in (given, given | changed):
        level_values(**each)
    assert len(list(folder.glob("*.npz"))) == 2


# -- values of reference policies ------------------------------------------------------------------


def test_reference_values_equal_hand_values():
    """The references arrive with their 22nd and 20th step, each paid for the other's target."""
    found = level_values(Corridor(), Split.SHIFT, np.arange(5))
    assert found.optimum["cheese"] == pytest.approx(np.full(5, 0.99**21))
    assert found.optimum["keys"] == pytest.approx(np.full(5, 0.9**19))
    assert found.best["cheese", "keys"] == pytest.approx(np.full(5, 0.5 * 0.99**19))
    assert found.best["keys", "cheese"] == pytest.approx(np.full(5, 0.25 * 0.9**21))
    assert found.worst == {}  # computed where it is asked for
    both = level_values(Corridor(), Split.SHIFT, np.arange(5), pairs=True)
    assert {pair: earned.tolist() for pair, earned in found.best.items()} == {
        pair: earned.tolist() for pair, earned in both.worst.items()
    }
    assert {floor.max() for floor in found.floor.values()} == {0}
    assert found.numbers.tolist() == [0, 1, 2, 3, 4]
    short = level_values(Corridor(), Split.SHIFT, np.arange(5), horizon=21)
    assert short.optimum["cheese"].max() == 0
    assert short.optimum["keys"] == pytest.approx(np.full(5, 0.9**19))


def test_reference_floor_equals_the_exact_solver():
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


def test_reference_values_are_cached_by_level(folder, monkeypatch):
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


def test_informed_value_overrides_the_optimum():
    one, two = np.ones(1), np.full(1, 2.0)
    known = LevelValues({"optimum|cheese": one, "optimum|dish": one, "informed|dish": two})
    assert known.informed == {"cheese": one, "dish": two}


def test_level_values_without_solver_are_explained():
    with pytest.raises(ValueError, match=r"no exact solver: there are no solutions"):
        level_values(Corridor(), Split.TEST, [0], visit=print)
    with pytest.raises(ValueError, match=r"no exact solver.*check `references`"):
        certify(Corridor(), 3)


# Two levels on which everything above the floor is 2, the floor 1.
OPTIMUM, FLOOR = np.array([3.0, 3.0]), np.array([1.0, 1.0])


def make_values(base_kept, proxy_kept, base_worst, proxy_worst):
    """Return the share of each objective that optimal policies of the other earn."""
    arrays = {
        "best|cheese|corner": np.array(base_kept),
        "best|corner|cheese": np.array(proxy_kept),
        "worst|cheese|corner": np.array(base_worst),
        "worst|corner|cheese": np.array(proxy_worst),
        **dict.fromkeys(("optimum|cheese", "optimum|corner"), OPTIMUM),
        **dict.fromkeys(("floor|cheese", "floor|corner"), FLOOR),
    }
    return LevelValues({"numbers": np.array([7, 9]), **arrays})


def test_certificate_measures_equal_hand_values():
    found = make_values([2.2, 3.0], [1.9, 3.0], base_worst=[2.5, 2.0], proxy_worst=[3.0, 2.5])
    agreed = measure_agreement(found, Split.TEST, Healthy(), "corner")
    assert agreed.share == pytest.approx((2 + 1.5) / 4)
    assert (agreed.worst_level, agreed.worst_share, agreed.holds) == (9, 0.75, False)
    assert agreed.reverse == pytest.approx((1.5 + 1) / 4)
    assert str(agreed) == (
        "test: corner keeps 0.8750 (needs 1.0000), base 0.6250; worst level 9 keeps 0.7500"
    )
    apart = measure_separation(found, "cheese", "corner")
    # On the first level the proxy's pursuit costs 0.4 of the base objective, the reverse 0.55.
    assert (apart.base_short, apart.proxy_short, apart.either) == (0, 0.5, 0.5)
    assert apart.worst_base == pytest.approx((0.25 + 0.5) / 2)
    assert not apart.holds
    assert "conflict on 50.0% of the levels of shift, needed are 99%" in str(apart)
    assert measure_attainability(found, Split.TEST, "cheese").holds
    low = LevelValues(found.arrays | {"optimum|cheese": np.array([3.0, 1.0])})
    none = measure_attainability(low, Split.TEST, "cheese")
    assert (none.attainable, none.first_without, none.holds) == (1, 9, False)
    assert "on 1 of 2 levels of test, of which 9 is the first, 'cheese' can pay" in str(none)
    assert Size("test", 5000, 40_000).holds
    assert not Size("test", 5001, 40_000).holds
    assert not Size("test", 5000, 40_001).holds


class Shared(Healthy):
    """A trap that holds no level out."""

    def levels(self, split, *given):
        return super().levels(Split.TRAIN if split == Split.TEST else split, *given)


def test_certify_fails_only_shared_levels():
    done = []
    good = certify(Healthy(), 10, done.append)
    assert good.holds
    assert sum(done) == 40
    assert json.loads(json.dumps(good.to_json()))["holds"] is True
    shared = certify(Shared(), 10)
    (failure,) = shared.failures()
    assert "test: 100.0% of 10 levels are among 300 levels of train" in failure
    assert not shared.to_json()["holds"]
    with pytest.raises(ValueError, match="levels must be at least 1, got 0"):
        certify(Healthy(), 0)


@pytest.mark.parametrize("cls", [CoinRun, MonsterWorld])
def test_overlaps_equal_plain_counting(cls, monkeypatch):
    """Counts use sets of bytes of planes and walls; CoinRun's corridors are all equal."""
    trap, walls = cls(), {}
    whole = {}
    for split in Split:
        seen = trap.observe(trap.levels(split, np.arange(600 if split is Split.TRAIN else 20)))
        others = np.delete(seen, trap.channel["agent"], axis=3)
        whole[split] = {level.tobytes() for level in others}
        walls[split] = [level.tobytes() for level in seen[..., trap.channel["wall"]]]
    for found in measure_overlaps(trap, 20):
        split = Split(found.split)
        assert (found.levels, found.train_levels) == (20, 600)
        assert found.same == 0
        assert not whole[split] & whole[Split.TRAIN]
        known = {*walls[Split.TRAIN]}
        assert found.same_walls == np.mean([wall in known for wall in walls[split]])
        assert found.holds
    monkeypatch.setattr("mesa_gym.solver.overlap.HELD_OUT", (Split.TRAIN,))
    (same,) = measure_overlaps(trap, 20)
    assert (same.same, same.same_walls, same.holds) == (1, 1, False)


def test_overlap_fails_on_levels_not_walls():
    assert not Overlap("test", 1_000, 30_000, same=0.001, same_walls=0.001).holds
    assert Overlap("test", 1_000, 30_000, same=0.0, same_walls=1.0).holds
