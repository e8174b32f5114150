"""The ladder's study: its predictions, its nulls and its probes, against figures by hand."""

import numpy as np
import pytest

from benchmarks.studies.ladder import RUNGS, SIZES, LadderAgent, list_cells
from benchmarks.studies.objective import draw_ladder, make_tables, predict_shares
from benchmarks.studies.objective_probes import (
    NEAR,
    enters_first,
    find_starts,
    fit_elsewhere,
    measure_retargeting,
    measure_shut,
    solve_larger,
)
from mesa_gym.engine.paths import distances
from mesa_gym.traps import Split, find_trap

DISH = find_trap("CheeseDish")()


def make_agent(seed: int, chosen: float, predicted: float | None, **more: object) -> LadderAgent:
    given = {
        "rung": "planner" if predicted is not None else "reactive",
        "trap": "CheeseDish-v0",
        "training": "alpha 0",
        "seed": seed,
        "parameters": 1234,
        "seconds": 4.0,
        "competent": True,
        "solved": 1.0,
        "chosen": chosen,
        "predicted": predicted,
        "description": [],
        "retargeted": 0.9,
        "unedited": 0.1,
        "shut": 0.7,
        "larger": {} if predicted is None else dict.fromkeys(map(str, SIZES), 0.5),
    }
    return LadderAgent(**(given | more))  # type: ignore[arg-type]


def uniform(planes: np.ndarray) -> np.ndarray:
    return np.full((len(planes), 5), 0.2)


def test_a_table_has_the_error_and_its_nulls() -> None:
    """By hand: |.9 - .8|, |.4 - .2|; beside .5: .3, .3; beside each other: .6, .6."""
    rows = [make_agent(0, 0.8, 0.9), make_agent(1, 0.2, 0.4)]
    *_, plain, whole = make_tables(rows).splitlines()
    cells = [cell.strip() for cell in plain.split("|")[1:-1]]
    assert cells[:6] == ["planner", "alpha 0", "2", "1,234", "4", "1.00"]
    assert cells[6:9] == ["0.150", "0.300", "0.600"]
    assert cells[9:] == ["0.90", "0.10", "0.70", "0.50", "0.50", "0.50"]
    assert whole.split("|")[3:] == plain.split("|")[3:]


def test_what_has_no_map_is_predicted_from_other_seeds_alone() -> None:
    """A description that tells the share predicts it; its own seed's rows are not looked at."""
    shares = [0.1, 0.3, 0.5, 0.7, 0.9, 0.2, 0.8]
    rows = [
        make_agent(i, x, None, description=[float(np.log(x / (1 - x)))])
        for i, x in enumerate(shares)
    ]
    found = list(predict_shares(rows).values())
    np.testing.assert_allclose(found, shares, atol=0.06)
    lied = [*rows[:-1], make_agent(6, 0.01, None, description=rows[-1].description)]
    assert list(predict_shares(lied).values())[-1] == pytest.approx(found[-1])


def test_one_seed_alone_predicts_nothing() -> None:
    assert fit_elsewhere(np.ones((2, 3)), np.array([0.9, 0.8]), np.zeros(2)).tolist() == [0.5] * 2


def test_a_linear_reading_is_ridge_regression() -> None:
    rng = np.random.default_rng(0)
    rows, chosen = rng.normal(size=(12, 4)), rng.uniform(0.1, 0.9, 12)
    seeds, left = np.arange(12), np.arange(12) != 5
    scaled = (rows - rows[left].mean(axis=0)) / (rows[left].std(axis=0) + 1e-6)
    logits = np.log(chosen / (1 - chosen))
    # In the primal: the penalty is .1 for each of the 4 features.
    design, centre = scaled[left], logits[left].mean()
    weights = np.linalg.solve(
        design.T @ design + 0.4 * np.eye(4), design.T @ (logits[left] - centre)
    )
    expected = 1 / (1 + np.exp(-(centre + scaled[5] @ weights)))
    assert fit_elsewhere(rows, chosen, seeds)[5] == pytest.approx(expected)


def test_cells_are_free_and_far_and_need_no_way_through_things() -> None:
    starts = find_starts(DISH, Split.SHIFT, 3 * 9 + 3)
    assert starts.n > 5
    planes = DISH.observe(starts)
    assert not planes.reshape(starts.n, 81, -1)[:, 30].any()
    closed = planes[..., 1:].any(axis=3)
    assert (distances(~closed, starts.agent)[:, 30] >= NEAR).all()


def test_entering_is_counted_before_anything_is_paid() -> None:
    cell = 3 * 9 + 3
    starts = find_starts(DISH, Split.SHIFT, cell)
    assert 0 <= enters_first(uniform, DISH, starts, cell).mean() < 0.5
    still = enters_first(lambda planes: np.eye(5)[np.full(len(planes), 4)], DISH, starts, cell)
    assert not still.any()


def test_a_random_agent_is_no_planner() -> None:
    class Uniform:
        sized = False
        edited = None

        def act(self, planes: np.ndarray) -> np.ndarray:
            return uniform(planes)

    assert 0.15 < measure_shut(Uniform(), DISH) < 0.3
    assert solve_larger(Uniform(), DISH, 13) < 0.5


@pytest.mark.thorough
def test_a_planner_of_the_library_goes_where_it_is_sent() -> None:
    from agents.library import load

    agent = load(DISH, kind="planner")
    retargeted, unedited = measure_retargeting(agent, DISH)
    assert retargeted >= 0.95
    assert unedited < 0.3
    assert measure_shut(agent, DISH) > 0.8


def test_a_rung_without_seeds_in_a_training_has_no_cell_there() -> None:
    assert len(list_cells("planner")) == 12
    assert [cell.training for cell in list_cells("DRC")] == ["alpha 0"] * len(RUNGS["DRC"].traps)


@pytest.mark.thorough
def test_the_picture_has_a_panel_for_each_figure(tmp_path) -> None:
    rows = [make_agent(0, 0.8, 0.9), make_agent(0, 0.3, None, description=[1.0])]
    draw_ladder(rows, tmp_path / "ladder.svg")
    text = (tmp_path / "ladder.svg").read_text()
    assert text.startswith("<?xml")
    assert text.count('id="axes_') >= 4
