"""The programs of docs/studies: the exact law of layers, and tables of committed figures."""

import numpy as np
import pytest

pytest.importorskip("optax")

from docs.studies.cures import __main__ as cures
from docs.studies.habit.moved import ask_first, change_far_wall
from docs.studies.habit.sighted import RADIUS, SIGHTED, view_window
from docs.studies.language_models import forms, planted, power, served
from docs.studies.layers import __main__ as layers
from docs.studies.layers.__main__ import MARKS, SIGNS, TOKENS
from docs.studies.layers.page import OUTCOMES, format_outcomes, judge_hypotheses, read_figures
from mesa_gym.files import format_csv
from mesa_gym.traps import Split, as_trap


def descend(marks, payments, steps):
    """Weights by gradient descent on the mean squared error of the payments, written out."""
    weights = np.zeros(marks.shape[1])
    for step in steps:
        residual = payments - marks @ weights
        weights += step * marks.T @ residual / len(marks)
    return weights


@pytest.mark.parametrize("kappa", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_built_layers_equal_gradient_steps(depth, kappa):
    rng = np.random.default_rng(depth)
    entries, steps = layers.make_entries(payment=2, flash=3, size=2.0), rng.uniform(0.2, 1.2, depth)
    marks = rng.choice([-1.0, 1.0], (TOKENS, MARKS))
    pay, flash = marks @ rng.normal(size=(2, MARKS, 1))
    built = layers.build_layers(entries, kappa, steps)
    stream = layers.make_stream(marks, np.hstack([pay, flash]), SIGNS, entries)
    stream = layers.run_layers(built, *stream)
    target = (1 - kappa) * pay[:, 0] + kappa * flash[:, 0]
    for layer in range(depth + 1):
        expected = SIGNS @ descend(marks, target, steps[:layer])
        assert np.allclose(stream[layer][1] @ built["read"], expected, atol=1e-12)


@pytest.mark.thorough
def test_built_layers_read_residual_of_first_step():
    loss, plan = layers.find_best_plan(2, plain=True)
    entries = layers.make_entries()
    row = layers.measure_residual(layers.build_layers(entries, 0.8, plan[:, 0]), entries)
    assert row["step"] == pytest.approx(plan[0, 0])
    assert row["R2 of residual"] == pytest.approx(1)
    assert row["R2 of label"] < 0.9
    assert row["loss with residual"] == pytest.approx(row["loss"])
    assert row["loss"] == pytest.approx(loss, rel=0.1)
    assert row["loss with label"] > 2 * loss


def test_best_step_gives_stated_loss():
    loss, plan = layers.find_best_plan(1, plain=True)
    assert (loss, plan[0, 0]) == pytest.approx((3 / 11, 8 / 11), abs=1e-6)
    # Marks after the last step count for nothing.
    assert layers.find_loss(plan + np.array([0, 0, 0.1])) == pytest.approx(loss)


def test_shifted_figure_rejects_its_hypothesis():
    figures = read_figures()
    before = [held for held, _ in judge_hypotheses(figures)]
    for seed in figures["two layers"][0]["seeds"]:
        seed["kappa"] = 0.8
    after = [held for held, _ in judge_hypotheses(figures)]
    assert before[7]
    assert not after[7]
    assert before[:7] + before[8:] == after[:7] + after[8:]


@pytest.mark.thorough
def test_exact_law_gives_committed_figures():
    for row in read_figures()["built"]:
        loss, plan = layers.find_best_plan(row["depth"], plain=True)
        assert loss == pytest.approx(row["loss"], rel=1e-3)
        assert sorted(plan[:, 0]) == pytest.approx(row["steps"], rel=1e-3)
        free_loss = layers.find_best_plan(row["depth"], plain=False)[0]
        assert free_loss == pytest.approx(row["free loss"], rel=1e-3)


def test_table_of_hypotheses_has_their_outcomes():
    assert OUTCOMES.read_text() == format_outcomes(read_figures())


def test_stored_planted_goals_give_tables():
    runs = planted.read_runs()
    assert len({(run["condition"], run["seed"]) for run in runs}) == len(runs) > 0
    assert planted.TABLE.read_text() == format_csv(planted.tabulate(runs))
    assert planted.OUTCOMES.read_text() == planted.format_outcomes(runs)
    assert power.PICTURE.read_text() == power.draw(power.read_rows())


def test_stored_questions_give_tables():
    assert forms.TABLE.read_text() == format_csv(forms.tabulate(forms.read_rows()))
    assert served.TABLE.read_text() == format_csv(served.tabulate(served.read_rows()))


def test_another_goal_rejects_its_hypotheses():
    runs = planted.read_runs()
    before = [*planted.judge_hypotheses(runs)]
    for run in runs:
        if run["condition"] == "0.5-base":
            run["verdict"] = "proxy:dish"
    after = [*planted.judge_hypotheses(runs)]
    changed = [i + 1 for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert changed == [2, 3]
    assert all("rejected" in after[i - 1] for i in changed)


def test_rows_of_crossing_give_table_and_figure():
    rows = cures.read_rows()
    assert cures.TABLE.read_text() == format_csv(cures.tabulate(rows))
    assert cures.PICTURE.read_text() == cures.draw(rows, cures.read_json(cures.SCRIPTS))
    runs = {tuple(row[x] for x in ("trap", "alpha", "arm", "seed", "steps")) for row in rows}
    assert len(runs) == len(rows)
    assert sum(row.get("equal", 0) for row in rows) == 0


def test_far_wall_changes_first_moves_alone():
    """The oracle follows the change; a policy that sees two cells cannot."""
    trap = as_trap("CheeseCorner")
    *starts, moves = change_far_wall(trap, trap.levels(Split.SHIFT, np.arange(60)))
    walls = [trap.layer(state, "wall").reshape(-1, *trap.size) for state in starts]
    assert (walls[0] != walls[1]).sum() == len(moves) > 5
    near = [view_window(x, np.arange(len(x)), starts[0].agent, RADIUS) for x in walls]
    assert np.array_equal(*near)
    for name, expected in (("oracle:corner", 1), ([*SIGHTED][1], 0)):
        old, new = ((ask_first(trap, x, name)[:, :4] * moves).sum(axis=1) for x in starts)
        assert new - old == pytest.approx(np.full(len(moves), expected)), name
