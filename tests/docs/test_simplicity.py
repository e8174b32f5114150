"""The study of the simpler of two rules: blind training, fits, and tables of its rows."""

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

pytest.importorskip("optax")

from agents import ppo, predict
from agents.alone import Point, count_steps, find_crossing, make_measure, train_watched
from agents.loop import TrainedAgent
from docs.studies.simplicity import __main__ as study
from docs.studies.simplicity import curves, others, predictions, shares
from docs.studies.simplicity.design import (
    ALGORITHMS,
    ALL_PAIRS,
    CONFLICT,
    PPO,
    SALIENT_PAIRS,
    SEEDS,
    Combination,
    list_alone,
    list_runs,
)
from docs.studies.simplicity.laws import (
    Measured,
    count_cases,
    find_interval,
    fit,
    measure,
    resample,
)
from docs.studies.simplicity.predictions import (
    PREDICTIONS,
    get_speed,
    list_measured,
    tabulate_predictions,
)
from docs.studies.simplicity.shares import AgentRow, train_blind
from mesa_gym.files import format_csv
from mesa_gym.policies import Oracle
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.dust_sweep import DustSweep
from mesa_gym.traps.simpler_of_two import SimplerOfTwo
from tests.support.training import small


@pytest.fixture
def drawn_splits(monkeypatch):
    """The splits whose levels SimplerOfTwo draws from now on; test is drawn as train."""
    splits, draw = [], SimplerOfTwo.draw

    def spy(trap, level, split):
        splits.append(split)
        draw(trap, level, split)

    monkeypatch.setattr(SimplerOfTwo, "draw", spy)
    return splits


@pytest.fixture
def programs(monkeypatch):
    """The programs of trainings, which are not run."""
    programs = []

    def run_training(program, runs, numbers, report):
        programs.append(program)
        return [TrainedAgent(run, run.steps) for run in runs]

    monkeypatch.setattr(ppo, "run_training", run_training)
    monkeypatch.setattr(shares, "save", lambda folder, trained: None)
    return programs


def few_levels(runs):
    return [replace(run, num_levels=50) for run in runs]


def test_blind_training_meets_no_shift_level(drawn_splits, programs, tmp_path):
    for pair in (ALL_PAIRS[0], SALIENT_PAIRS[0]):
        train_blind(few_levels(list_runs(PPO, pair)), tmp_path)
    assert {*drawn_splits} == {Split.TRAIN}
    assert [program.judge for program in programs] == [None] * len(programs) != []


def test_training_with_conflict_draws_shift(drawn_splits, programs, tmp_path):
    train_blind(few_levels(list_runs(PPO, ALL_PAIRS[0], CONFLICT)), tmp_path)
    assert Split.SHIFT in drawn_splits


@pytest.mark.thorough
@pytest.mark.parametrize("algo", ALGORITHMS)
def test_finished_blind_training_met_no_shift(algo, drawn_splits, tmp_path):
    run = replace(small(algo, "SimplerOfTwo"), keywords=Combination("one", "sign").list_keywords())
    seconds = train_blind([run], tmp_path)
    assert {*drawn_splits} == {Split.TRAIN}
    assert (tmp_path / run.name / "policy.json").exists()
    assert seconds[run] > 0
    assert train_blind([run], tmp_path) == {}  # it is there


@pytest.mark.thorough
@pytest.mark.parametrize("algo", ["ppo", "ppo-symmetric"])
def test_curve_has_points_and_ends_at_agent(algo, drawn_splits):
    run = replace(small(algo, "SimplerOfTwo"), keywords=("rho=0.0",), reward="colour")
    seen = []

    def measure(policy):
        seen.append(policy.weights["policy.weight"])
        return len(seen) / 10

    points = train_watched(run.repeat([3, 4]), measure)
    assert {*drawn_splits} == {Split.TRAIN}
    assert [(point.seed, point.steps) for point in points] == [
        (seed, steps) for seed in (3, 4) for steps in (0, 256, 512)
    ]
    assert not np.array_equal(seen[0], seen[2])


def test_alone_rules_train_on_one_objective(drawn_splits):
    for alone in list_alone():
        (run, *_), trap = alone.list_runs(), alone.list_runs()[0].make_trap()
        assert (run.alpha, run.reward, trap.parameters["rho"]) == (0.0, alone.objective, 0.0)
        assert trap.parameters[f"{alone.objective}_rule"] == alone.rule
        assert trap.parameters[f"{alone.objective}_planes"] == alone.planes
    assert drawn_splits == []


def test_success_is_share_of_paid_levels(drawn_splits):
    trap = SimplerOfTwo(rho=0.0)
    shape, colour = (
        curves.measure_success(Oracle(trap, x, 64), trap, Split.TEST, "colour")
        for x in ("shape", "colour")
    )
    assert (shape, colour) == (pytest.approx(5 / 12, abs=0.06), 1.0)
    assert {*drawn_splits} == {Split.TRAIN}


def test_crossing_is_interpolated_between_looks():
    curve = [Point(0, 0, 0.2), Point(0, 100, 0.5), Point(0, 200, 1.0), Point(0, 300, 0.7)]
    assert find_crossing(curve, 0.75) == 150
    assert find_crossing(curve, 0.2) == 0
    assert find_crossing(curve[:2], 0.75) == np.inf
    others = [Point(1, 0, 0.2), Point(1, 100, 0.9), Point(2, 0, 0.0), Point(2, 50, 0.1)]
    assert count_steps([*others, *curve], 0.75) == 150


def test_plan_has_every_combination_once():
    plan = shares.list_plan()
    assert len({*plan}) == len(plan) == 16 + 6 + 3 * 5 + 9
    # The agents that meet the shift come last.
    assert [alpha for *_, alpha in plan] == sorted(alpha for *_, alpha in plan)


# -- the law ---------------------------------------------------------------------------------------


STEPS = {"one": 50, "lamp": 200, "sign": 240, "both": 1000}


@pytest.fixture
def planted_curves(monkeypatch):
    """Curves of all rules alone, which four planes make faster, and four of the other slower."""
    planted = {}
    for alone in list_alone():
        steps = STEPS[alone.rule] / (2.4 if alone.planes > 1 else 1)
        steps *= 1.1 if alone.other_planes > 1 else 1
        planted[alone] = [Point(0, 0, 0.0), Point(0, round(1000 * steps), 0.75)]
    monkeypatch.setattr(predictions, "read_curves", lambda: planted)
    return planted


def plant(slope, noise=0.3):
    """Combinations whose odds follow a law."""
    rng = np.random.default_rng(0)
    for pair in ALL_PAIRS:
        times = STEPS[pair.shape_rule], STEPS[pair.colour_rule]
        odds = slope * np.log(times[0] / times[1]) + rng.normal(0, noise, 5)
        yield Measured(pair, times, odds)


def test_fit_and_bootstrap_find_planted_slope():
    table = [*plant(1.5)]
    assert fit(table, get_speed) == pytest.approx([0, 1.5], abs=0.1)
    low, high = find_interval(resample(table, get_speed)[:, 1])
    assert 1.3 < low < 1.5 < high < 1.7
    # Without seeds' noise, and with one predictor twice, the bootstrap is still exact.
    assert resample([*plant(2.0, 0.0)], get_speed).std(axis=0) == pytest.approx([0, 0], abs=1e-9)
    assert fit(table, get_speed, count_cases)[1] != pytest.approx(1.5, abs=0.005)


def make_rows(choose, effect=1.0):
    """Rows of all planned agents, whose share of colour is ``choose(algo, combination, alpha)``."""
    rows = []
    for algo, pair, alpha in shares.list_plan():
        share = choose(algo, pair, alpha)
        verdict = "base" if share < 0.1 else "proxy:colour" if share > 0.9 else "both (each_alone)"
        colour = round(900 * share)
        rows += [
            AgentRow(
                algo, alpha, *pair, seed, 600_000, 0.97, 900 - colour, colour, 100, effect, effect,
                verdict, 1.0, "0" * 32, 8.0,
            )
            for seed in SEEDS
        ]  # fmt: skip
    return rows


def choose_faster(algo, pair, alpha):
    """The share of colour of an agent that takes what has more planes, else fewer cases."""
    rank = {"one": 0, "lamp": 1, "sign": 2, "both": 3}
    gap = rank[pair.shape_rule] - rank[pair.colour_rule]
    gap += 3 * (pair.colour_planes - pair.shape_planes > 0) - 3 * (
        pair.shape_planes - pair.colour_planes > 0
    )
    return 1 / (1 + np.exp(-(0.1 if alpha else 2) * gap))


@pytest.mark.parametrize(
    ("choose", "rejected"),
    [
        (choose_faster, set()),
        (lambda *_: 0.5, {"P1", "P1b", "P3", "P4", "P6", *(f"P7, `{x}`" for x in ALGORITHMS[1:])}),
        (lambda *_: 1.0, {"P1", "P1b", "P2", "P4", "P5", "P6"}),
        (lambda *plan: 1 - choose_faster(*plan), {"P1", "P1b", "P3", "P4"}),
    ],
    ids=["faster", "indifferent", "colour", "slower"],
)
def test_planted_choices_reject_their_predictions(choose, rejected, planted_curves):
    rows = make_rows(choose)
    results = {name: prediction.judge(rows) for name, prediction in PREDICTIONS.items()}
    judged = {name for name, (held, _) in results.items() if not held}
    assert rejected <= judged
    assert rejected or not judged


def test_prediction_without_its_agents_has_no_result():
    assert [prediction.judge([]) for prediction in PREDICTIONS.values()] == [None] * len(
        PREDICTIONS
    )


def test_incompetent_agents_are_left_out_of_fits(planted_curves):
    rows = make_rows(lambda *_: 0.5)
    rows[0] = structs.replace(rows[0], success=0.89, colour=900, shape=0)
    (first, *_) = measure(rows, planted_curves, PPO)
    assert len(first.odds) == len(SEEDS) - 1


def test_incompetent_word_saves_no_equal_rules(planted_curves):
    rows = make_rows(lambda *_: 1.0)
    failed = [structs.replace(x, success=0.5, verdict="fails_task") for x in rows if x.seed == 0]
    held, text = PREDICTIONS["P5"].judge([*failed, *(x for x in rows if x.seed)])
    assert not held
    assert text.startswith("one : one: proxy (colour) 4; ")


# -- other traps -----------------------------------------------------------------------------------


def plant_others(steps):
    """Curves of both objectives of every other trap, after its name."""
    curves = {}
    for cls in others.list_others():
        for name, number in zip(cls.objectives, steps(cls.name()), strict=True):
            success = 0.75 if np.isfinite(number) else 0.5
            points = [Point(0, 0, 0.0), Point(0, int(number) if success > 0.5 else 9, success)]
            curves[others.LoneObjective(cls.name(), name)] = points
    return curves


def test_contradicting_traps_come_first(monkeypatch):
    steps = {"CoinRun-v0": (300, 100), "CheeseCorner-v0": (100, 900), "FollowMe-v0": (9, np.inf)}
    monkeypatch.setattr(others, "read_others", lambda: plant_others(lambda x: steps.get(x, (9, 9))))
    odds = {cls.name(): 0.0 for cls in others.list_others()}
    odds |= {"CoinRun-v0": 4.0, "CheeseCorner-v0": 3.0, "FollowMe-v0": 5.0}
    monkeypatch.setattr(others, "observe_odds", lambda: odds)
    rows = others.list_contradictions(2.0)
    assert {x.trap for x in rows} == {*odds}
    assert [rows[0].trap, rows[-2].trap, rows[-1].trap] == [
        "CheeseCorner-v0", "CoinRun-v0", "FollowMe-v0",
    ]  # fmt: skip
    assert rows[0].find_error(2.0) == pytest.approx(3 + 2 * np.log(9))
    assert rows[-2].predict(2.0) == pytest.approx(2 * np.log(3))


def test_observed_odds_are_of_committed_cards():
    odds = others.observe_odds()
    assert {cls.name() for cls in others.list_others()} <= {*odds}
    assert odds["CheeseCorner-v0"] > 3 > -2 > odds["AbsentSupervisor-v0"]
    assert abs(odds["CheeseDish-v0"]) < 0.2


def test_command_has_figures_of_study():
    rows = [*others.list_contradictions(predict.SLOPE)]
    measured = list_measured(shares.read_rows(), ALL_PAIRS)
    assert f"{predict.SLOPE:.2f}" == f"{fit(measured, get_speed)[1]:.2f}"
    finite = [x for x in rows if np.isfinite(x.speed)]
    for slope, error in ((predict.SLOPE, predict.ERROR), (0, predict.ERROR_OF_NONE)):
        typical = others.find_typical_error(x.find_error(slope) for x in finite)
        assert typical == pytest.approx(error, abs=0.005)
    assert predict.ERROR > predict.ERROR_OF_NONE  # as the command says
    right = sum(x.observed * x.find_direction() > 0 for x in rows)
    proxies = sum(x.observed > 0 for x in rows)
    assert (len(rows), right, proxies) == (predict.OTHER_TRAPS, predict.RIGHT, predict.PROXIES)


@pytest.mark.thorough
@pytest.mark.parametrize("cls", [CheeseCorner, DustSweep])
def test_reached_objective_is_that_of_oracle(cls):
    trap = cls()
    for name in trap.objectives:
        share = {x: make_measure(trap, name)(Oracle(trap, x, 64)) for x in trap.objectives}
        assert share.pop(name) == 1.0
        assert max(share.values()) < 0.4


def test_stored_rows_give_stored_tables():
    rows = shares.read_rows()
    tables = {
        "predictions": tabulate_predictions(),
        "alone": study.tabulate_alone(),
        "pairs": [*study.tabulate_pairs(rows)],
        "rivals": [*study.tabulate_rivals(rows)],
        "contradictions": [*study.tabulate_others(predict.SLOPE)],
    }
    for name, table in tables.items():
        file = study.HERE / f"{name}.csv"
        assert (file.read_text() if file.exists() else "") == (format_csv(table) if table else "")
