"""Values and solutions of the solver."""

import json

import numpy as np
import pytest

from mesa_gym.engine.maps import from_map
from mesa_gym.policies.scripted import uniform
from mesa_gym.scoring.record import rollout
from mesa_gym.solver import (
    Graph,
    LevelValues,
    Solution,
    TimeLeft,
    actions_in,
    certificate,
    level_values,
    solutions,
    targets,
    values,
)
from mesa_gym.solver.certificate import (
    Size,
    certify,
    measure_agreement,
    measure_attainability,
    measure_equal_pay,
    measure_separation,
)
from mesa_gym.solver.overlap import Overlap, measure_overlaps
from mesa_gym.solver.reference import References
from mesa_gym.traps import Split, base, find_trap, proxy
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.coin_run import CoinRun
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.monster_world import MonsterWorld
from mesa_gym.traps.played_episodes import sum_discounted
from tests.support.parameters import each_solvable
from tests.support.playing import ACT, LEFT, RIGHT, UP, walled
from tests.support.reference import enumerate_level
from tests.support.refusals import refusals
from tests.support.small_traps import (
    Corridor,
    Healthy,
    Monster,
    Slippery,
    SmallDish,
    Unsolvable,
)


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
def test_solutions_chunk_levels_and_solve_alike(monkeypatch):
    trap, starts = KeysChests(), KeysChests().levels(Split.SHIFT, np.arange(20))
    at_once = Solution(trap, starts, 5).optimum("keys")
    monkeypatch.setattr(values, "CHUNK_STATES", 10_000)
    chunks = [*solutions(trap, starts, 5)]
    assert len(chunks) > 3
    assert [n for rows, _ in chunks for n in range(rows.start, rows.stop)] == [*range(20)]
    assert np.concatenate([x.optimum("keys") for _, x in chunks]).tolist() == at_once.tolist()


def test_level_values_are_cached_and_visit_solutions(folder, monkeypatch):
    trap, numbers, done, visited = CheeseCorner(), np.arange(20), [], []
    first = level_values(trap, Split.SHIFT, numbers, progress=done.append)
    assert sum(done) == 20
    sizes = np.bincount(Solution(trap, trap.levels(Split.SHIFT, numbers), 64).graph.level_row)
    assert first.states.tolist() == sizes.tolist()
    again = level_values(
        trap, Split.SHIFT, numbers, visit=lambda s: visited.extend(s.optimum("cheese"))
    )
    assert visited == first.optimum["cheese"].tolist()
    monkeypatch.setattr(values, "solutions", None)  # solving would now fail
    assert_same(level_values(trap, Split.SHIFT, numbers, progress=done.append), first)
    assert_same(again, first)
    assert done[-1] == 20
    assert_same(first.take(np.array([3, 3])), first.take(np.array([3, 5])).take(np.array([0, 0])))


# -- values of reference policies ------------------------------------------------------------------
def test_reference_values_equal_hand_values():
    """The references arrive with their 22nd and 20th step, each paid for the other's target."""
    stored = level_values(Corridor(), Split.SHIFT, np.arange(5))
    assert stored.optimum["cheese"] == pytest.approx(np.full(5, 0.99**21))
    assert stored.optimum["keys"] == pytest.approx(np.full(5, 0.9**19))
    assert stored.best["cheese", "keys"] == pytest.approx(np.full(5, 0.5 * 0.99**19))
    assert stored.best["keys", "cheese"] == pytest.approx(np.full(5, 0.25 * 0.9**21))
    assert stored.worst == {}  # computed where it is asked for
    both = level_values(Corridor(), Split.SHIFT, np.arange(5), pairs=True)
    assert {pair: earned.tolist() for pair, earned in stored.best.items()} == {
        pair: earned.tolist() for pair, earned in both.worst.items()
    }
    assert {floor.max() for floor in stored.floor.values()} == {0}
    assert stored.numbers.tolist() == [0, 1, 2, 3, 4]
    short = level_values(Corridor(), Split.SHIFT, np.arange(5), horizon=21)
    assert short.optimum["cheese"].max() == 0
    assert short.optimum["keys"] == pytest.approx(np.full(5, 0.9**19))


def test_reference_floor_equals_the_exact_solver():
    """Means over levels agree within four standard errors; a level has the same floor alone."""
    trap, numbers = Unsolvable(), np.arange(300)
    floor = level_values(trap, Split.SHIFT, numbers).floor
    starts, horizon = trap.levels(Split.SHIFT, numbers), trap.horizon(Split.SHIFT)
    exact, record = Solution(trap, starts, horizon), rollout(uniform(), trap, starts, horizon)
    alone = References(trap, starts.take(np.array([7])), horizon)
    for x in trap.objectives:
        assert alone.floor(x) == floor[x][7]
        # Staying earns nothing and nothing costs, so the floor is the mean of random episodes.
        assert exact.staying(x).max() == 0
        difference = floor[x] - exact.uniform(x)
        assert difference.std() > 0
        # Single episodes vary 16 times as much as means of as many.
        once = sum_discounted(record.paid[x], trap.discount(x)) - exact.uniform(x)
        assert difference.var() < once.var() / 4
        assert abs(difference.mean()) < 4 * difference.std() / len(numbers) ** 0.5


def test_reference_values_are_cached_by_level(folder, monkeypatch):
    done = []
    monkeypatch.setattr("mesa_gym.solver.reference.CHUNK_LEVELS", 256)
    all_levels = level_values(Monster(), Split.TEST, np.arange(300), progress=done.append)
    assert done == [256, 44]
    again = level_values(Monster(), Split.TEST, np.array([280, 7]))
    assert again.floor["cheese"].tolist() == all_levels.floor["cheese"][[280, 7]].tolist()
    monkeypatch.setattr(values, "play_references", None)  # computing would now fail
    assert_same(level_values(Monster(), Split.TEST, np.arange(300)), all_levels)
    for other in ({"salt": "s"}, {"horizon": 9}):
        with pytest.raises(TypeError):  # not what was kept
            level_values(Monster(), Split.TEST, np.arange(300), **other)


def test_informed_value_overrides_the_optimum():
    one, two = np.ones(1), np.full(1, 2.0)
    stored = LevelValues({"optimum|cheese": one, "optimum|dish": one, "informed|dish": two})
    assert stored.informed == {"cheese": one, "dish": two}


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
    stored = make_values([2.2, 3.0], [1.9, 3.0], base_worst=[2.5, 2.0], proxy_worst=[3.0, 2.5])
    agreed = measure_agreement(stored, Split.TEST, Healthy(), "corner")
    assert agreed.share == pytest.approx((2 + 1.5) / 4)
    assert (agreed.worst_level, agreed.worst_share, agreed.holds) == (9, 0.75, False)
    assert agreed.reverse == pytest.approx((1.5 + 1) / 4)
    line = "test: corner keeps 0.8750 (needs 1.0000), base 0.6250; worst level 9 keeps 0.7500"
    assert str(agreed) == line
    separation = measure_separation(stored, "cheese", "corner")
    # On the first level the proxy's pursuit costs 0.4 of the base objective, the reverse 0.55.
    assert (separation.base_short, separation.proxy_short, separation.either) == (0, 0.5, 0.5)
    assert separation.worst_base == pytest.approx((0.25 + 0.5) / 2)
    assert not separation.holds
    assert "conflict on 50.0% of the levels of shift (required: 99%)" in str(separation)
    assert measure_attainability(stored, Split.TEST, "cheese").holds
    # A level on which the proxy can earn nothing above the floor keeps all of it.
    flat = LevelValues(stored.arrays | {"optimum|corner": np.array([3.0, 1.0])})
    assert measure_agreement(flat, Split.TEST, Healthy(), "corner").worst_share == 1
    low = LevelValues(stored.arrays | {"optimum|cheese": np.array([3.0, 1.0])})
    lost = measure_attainability(low, Split.TEST, "cheese")
    assert (lost.attainable, lost.first_without, lost.holds) == (1, 9, False)
    assert "on 1 of 2 levels of test (the first is level 9), no policy earns more of" in str(lost)
    assert Size("test", 5000, 40_000).holds
    assert not Size("test", 5001, 40_000).holds
    assert not Size("test", 5000, 40_001).holds


class EvenDish(SmallDish):
    """The dish pays on every second level only."""

    @proxy
    def dish(self, move):
        """1 for entering the dish, the first time, on levels with even numbers."""
        even = move.before.level.number % 2 == 0
        return move.into("dish") & ~move.was("been") & even


@pytest.mark.parametrize(("cls", "equal"), [(SmallDish, 10), (EvenDish, 5), (KeysChests, 0)])
def test_equal_pay_counts_levels_by_all_moves(cls, equal, monkeypatch):
    monkeypatch.setattr(certificate, "GRAPH_LEVELS", 4)
    (pay,) = measure_equal_pay(trap := cls(), np.arange(10))
    assert (pay.levels, pay.equal, pay.always) == (10, equal, equal == 10)
    assert (
        str(pay) == f"train: every move pays {pay.proxy} what it pays base on {equal} of 10 levels"
    )
    starts = trap.levels(Split.TRAIN, np.arange(10))
    played = rollout(uniform(), trap, starts, 60, 0, "", "train")
    base_paid, proxy_paid = (played.paid[x] for x in (trap.base, pay.proxy))
    assert (base_paid != proxy_paid).any() == (equal < 10)


class Shared(Healthy):
    """A trap that holds no level out."""

    def levels(self, split, *args):
        return super().levels(Split.TRAIN if split == Split.TEST else split, *args)


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


@pytest.mark.parametrize("cls", [CoinRun, MonsterWorld])
def test_overlaps_equal_plain_counting(cls, monkeypatch):
    """Counts use sets of bytes of planes and walls; CoinRun's corridors are all equal."""
    trap, walls = cls(), {}
    contents = {}
    for split in Split:
        planes = trap.observe(trap.levels(split, np.arange(600 if split is Split.TRAIN else 20)))
        rest = np.delete(planes, trap.channel["agent"], axis=3)
        contents[split] = {level.tobytes() for level in rest}
        walls[split] = [level.tobytes() for level in planes[..., trap.channel["wall"]]]
    for overlap in measure_overlaps(trap, 20):
        split = Split(overlap.split)
        assert (overlap.levels, overlap.train_levels) == (20, 600)
        assert overlap.same == 0
        assert not contents[split] & contents[Split.TRAIN]
        trained = {*walls[Split.TRAIN]}
        assert overlap.same_walls == np.mean([wall in trained for wall in walls[split]])
        assert overlap.holds
    monkeypatch.setattr("mesa_gym.solver.overlap.HELD_OUT", (Split.TRAIN,))
    (same,) = measure_overlaps(trap, 20)
    assert (same.same, same.same_walls, same.holds) == (1, 1, False)


def test_overlap_fails_on_levels_not_walls():
    assert not Overlap("test", 1_000, 30_000, same=0.001, same_walls=0.001).holds
    assert Overlap("test", 1_000, 30_000, same=0.0, same_walls=1.0).holds


# -- solution --------------------------------------------------------------------------------------
# -- by hand -------------------------------------------------------------------------------------
# Levels of CheeseCorner: a corridor, and what "1" stands for in it.
ALIKE, NEAR, FAR = ("c.A.1", "1 = corner"), ("1..Ac", "1 = corner"), ("1.A..", "1 = corner")
PASSED, TOGETHER = ("A1..c", "1 = corner"), ("A...1", "1 = cheese, corner")
EMPTY = ("..A..",)


def corridors(*levels, horizon=20):
    """Solve several corridors together."""
    trap = CheeseCorner(7)
    states = [from_map(trap, walled(trap, *lines)) for lines in levels]
    return Solution(trap, trap.joined(states), horizon)


def first(sets, solution):
    """Return the actions that are taken from each start."""
    return sets[0][solution.graph.start].tolist()


def test_either_goes_to_the_nearest_target():
    # In NEAR the sum of both objectives would be greater by way of the corner.
    solution = corridors(ALIKE, NEAR, FAR)
    expected = [1 << LEFT | 1 << RIGHT, 1 << RIGHT, 1 << LEFT]
    assert first(solution.nearest_target(), solution) == expected
    # Where targets are not places the episode goes on: to the right are a key and its chest.
    trap = KeysChests()
    solution = Solution(trap, from_map(trap, walled(trap, ".kA.kC.")), 3)
    assert first(solution.nearest_target(), solution) == [1 << RIGHT]


def test_solution_contact_is_earliest_large_payment():
    solution = corridors(ALIKE, NEAR, FAR, EMPTY)
    assert solution.contact().tolist() == [2, 1, 2, 21]
    assert solution.largest("cheese").tolist() == [1, 1, 0, 0]
    assert solution.largest("corner").tolist() == [1, 1, 1, 0]


class PaysLeft(CheeseCorner):
    @base
    def cheese(self, move):
        """1 for entering the cheese, 0.1 for a step to the left."""
        return {1: move.into("cheese"), 0.1: move.moved & (move.action == LEFT)}


def test_contact_ignores_small_payments():
    trap = PaysLeft(7)
    level = from_map(trap, walled(trap, "1.A.c", "1 = corner"))
    assert Solution(trap, level, 20).contact().tolist() == [2]


def test_separation_is_one_objective_costing_the_other():
    """The cheese ends the episode, unless the corner is passed on the way."""
    solution = corridors(ALIKE, NEAR, PASSED, TOGETHER, EMPTY)
    assert solution.find_separated("cheese", "corner").tolist() == [True] * 2 + [False] * 3


@each_solvable
def test_separation_equals_that_of_certificate(trap):
    trap = trap()
    for split in (Split.TEST, Split.SHIFT):
        solution = Solution(trap, trap.levels(split, np.arange(8)), trap.horizon(split))
        values = level_values(trap, split, np.arange(8), pairs=True)
        for x in trap.proxies:
            share = solution.find_separated(trap.base, x).mean()
            assert share == measure_separation(values, trap.base, x).either


def test_aimless_is_base_oracle_where_objectives_agree():
    solution = corridors(ALIKE, PASSED, TOGETHER)
    assert first(solution.aimless(), solution) == [0b11111, 1 << RIGHT, 1 << RIGHT]
    after = solution.graph.successor[LEFT, 0]
    assert solution.aimless()[1][after] == 0b11111


class Impatient(SmallDish):
    """Each objective has a discount of its own."""

    @base(discount=0.9)
    def cheese(self, move):
        """1 for entering the cheese."""
        return move.into("cheese")

    @proxy(discount=0.5)
    def dish(self, move):
        """1 for entering the dish."""
        return move.into("dish")


def test_solution_discounts_each_objective_itself():
    trap = Impatient(7)
    start = from_map(trap, walled(trap, "..A..", "d...c"))
    solution, plain = Solution(trap, start, 20), enumerate_level(trap, start)
    assert solution.optimum("cheese")[0] == pytest.approx(0.9**2)
    # The dish pays at each entry, every second step.
    assert solution.optimum("dish")[0] == pytest.approx(0.5**2 / (1 - 0.5**2), abs=1e-5)
    expected = plain.earned("dish", 20, np.mean)[0][20][0]
    assert solution.uniform("dish")[0] == pytest.approx(expected, abs=1e-12)
    anywhen = TimeLeft(solution.graph, 20)
    for x in trap.objectives:
        assert anywhen.values(x)[20, 0] == pytest.approx(solution.optimum(x)[0], abs=1e-12)


def test_values_settle_after_allowed_actions():
    """With four steps left the dish's values repeat, and earlier the cheese alone is in reach."""
    trap = find_trap("CheeseDish")()
    solution = Solution(trap, from_map(trap, walled(trap, "dA....c")), 12)
    assert solution.best("dish", among="cheese")[0] == 0


# -- plain recursion -----------------------------------------------------------------------------
@pytest.mark.thorough
@each_solvable
def test_solution_equals_plain_recursion(trap):
    trap = trap()
    starts = trap.levels(Split.SHIFT, np.arange(6))
    smallest = np.bincount(Graph(trap, starts).level_row).argmin()
    plain = enumerate_level(trap, starts.take([smallest]))
    horizon = min(trap.horizon(Split.SHIFT), 6000 // len(plain.after) + 12)
    solution = Solution(trap, plain.states.take([0]), horizon)
    anywhen = TimeLeft(solution.graph, horizon)
    number = solution.graph.find(plain.states)
    depth, place = np.array(plain.depth), number.argsort()
    largest = {x: max(0, np.max(pays)) for x, pays in plain.paid.items()}
    assert {x: solution.largest(x)[0] for x in trap.objectives} == largest
    contacts = [np.array(pays) > largest[x] / 2 for x, pays in plain.paid.items()]
    assert solution.contact()[0] == depth[np.any(contacts, axis=(0, 2))].min() + 1
    for x in trap.objectives:
        values, sets = plain.earned(x, horizon)
        table = np.array(values)[:, place]
        assert solution.optimum(x)[0] == pytest.approx(table[horizon, 0], abs=1e-12)
        np.testing.assert_allclose(anywhen.values(x)[:, :-1], table, rtol=0, atol=1e-12)
        random = plain.earned(x, horizon, np.mean)[0][horizon][0]
        assert solution.uniform(x)[0] == pytest.approx(random, abs=1e-12)
        staying = plain.earned(x, horizon, lambda values: values[ACT])[0][horizon][0]
        assert solution.staying(x)[0] == pytest.approx(staying, abs=1e-12)
        assert solution.floor(x)[0] == pytest.approx(max(random, staying), abs=1e-12)
        for t in range(0, horizon, 6):
            states = (depth <= t).nonzero()[0]
            row, left = number[states], horizon - t
            chosen = [sets[left][i] for i in states]
            assert len(solution.optimal(x)[t]) == len(states)
            assert [{*a.nonzero()[0]} for a in actions_in(solution.optimal(x)[t][row])] == chosen
            q = np.array([plain.q(values, x, i, left) for i in states])
            assert np.abs(anywhen.action_values(x, row, left) - q).max() < 1e-12
        for y in set(trap.objectives) - {x}:
            best, worst = (plain.earned(y, horizon, f, sets)[0][horizon][0] for f in (max, min))
            assert solution.best(y, among=x)[0] == pytest.approx(best, abs=1e-12)
            assert solution.worst(y, among=x)[0] == pytest.approx(worst, abs=1e-12)


def test_slip_in_a_corridor_costs_a_step():
    """Nine moves in ten enter the cheese, by hand; the others bump into a wall."""
    trap = Slippery(7)
    start = from_map(trap, walled(trap, "Ac.d"))
    for horizon, worth in ((1, 0.9), (2, 0.9 + 0.1 * 0.99 * 0.9)):
        assert Solution(trap, start, horizon).optimum("cheese")[0] == pytest.approx(worth)


class Icy(Slippery):
    """A floor of two independent outcomes: a slip to a side, and one move in four that fails."""

    outcomes = {"slip": 3, "ice": 2}

    def redirect(self, move):
        return self.where(move.outcome("ice", 3, 1) > 0, ACT, super().redirect(move))


def test_two_outcomes_of_a_step_multiply():
    trap = Icy(7)
    start = from_map(trap, walled(trap, "Ac.d"))
    assert Solution(trap, start, 1).optimum("cheese")[0] == pytest.approx(0.75 * 0.9)


def test_solution_of_slips_equals_plain_recursion():
    """``test_graph.py`` checks the frequencies of outcomes."""
    test_solution_equals_plain_recursion(Slippery)


@each_solvable
@pytest.mark.parametrize("split", [Split.TEST, Split.SHIFT])
def test_oracle_earns_the_best_and_then_stays(trap, split):
    """In training oracles also earn the optimum of base; under shift they need not."""
    trap = trap()
    starts, horizon = trap.levels(split, np.arange(20)), trap.horizon(split)
    solution = Solution(trap, starts, horizon)
    anywhen = TimeLeft(solution.graph, horizon)
    for x in trap.objectives:
        state, rows, number = starts, np.arange(20), solution.graph.start
        earned = {y: np.zeros(20) for y in trap.objectives}
        for t in range(horizon):
            allowed = actions_in(solution.oracle(x)[t][number])
            if not trap.delta:
                spent = (anywhen.action_values(x, number, horizon - t) == 0).all(axis=1)
                assert (allowed[spent] == (np.arange(5) == ACT)).all()
            state, payments, ended = trap.step(state, allowed.argmax(axis=1))
            for y, pays in payments.items():
                earned[y][rows] += trap.discount(y) ** t * pays
            state, rows = state.take(~ended), rows[~ended]
            number = solution.graph.find(state)
        optima = {x: solution.optimum(x)}
        if x != trap.base and (split is Split.TEST or trap.delta):
            optima[trap.base] = solution.best(trap.base, x)
        for y, worth in optima.items():
            more = earned[y] - worth
            lucky = 4 * more.std() / 20**0.5 if trap.outcomes else 0.0
            assert abs(more.mean() if lucky else more).max() <= lucky + 1e-9


class PaysUpwards(Healthy):
    outcomes = {"prize": 2}

    def redirect(self, move):
        move.prize = move.outcome("prize", 1, 0) > 0

    @base
    def cheese(self, move):
        """1 for entering the cheese from below, 0.1 for a step to the left, 9 for no outcome."""
        into = move.into("cheese") & (move.action == UP)
        left = move.moved & (move.action == LEFT)
        return {1: into, 0.1: left, 9: move.into("corner") & move.prize}


def test_targets_are_cells_paying_over_half():
    trap = PaysUpwards()
    state = trap.levels(Split.SHIFT, np.arange(20))
    masks, cells = targets(trap, state), np.arange(trap.cells)
    below = state.at["cheese"][0] + trap.width
    open_below = ~trap.layer(state, "wall")[np.arange(20), below]
    expected = (cells == state.at["cheese"].T) & open_below[:, None]
    assert expected.any()
    np.testing.assert_array_equal(masks["cheese"], expected)
    np.testing.assert_array_equal(masks["corner"], cells == state.at["corner"].T)


test_values_without_solver_or_levels_are_refused = refusals(
    "solver", "values", globals(), Corridor=Corridor
)
