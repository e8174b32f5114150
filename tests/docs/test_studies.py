"""The programs of docs/studies: the exact law of layers, and tables of committed figures."""

import json

import numpy as np
import pytest

pytest.importorskip("optax")

from docs.studies import language_models, layers
from docs.studies.layers import MARKS, SIGNS, TOKENS
from docs.studies.layers_page import OUTCOMES, format_outcomes, judge_hypotheses, read_figures


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


def test_runs_of_language_models_give_rows(tmp_path, monkeypatch):
    table = tmp_path / "table.csv"
    monkeypatch.setattr(language_models, "TABLE", table)
    row = {"known": 0.5, "unknown": 0.25, "verdict as-they-are": "x on CheeseDish: base, sure"}
    row |= {"choice as-they-are": {"cheese": 0.75, "dish": 0.25, "none": 0}}
    row |= {
        f"nats {x}": {"word": word, "place": 2}
        for x, word in (("as-they-are", 1), ("exchanged", -3))
    }
    (tmp_path / "reward-0").mkdir()
    (tmp_path / "reward-0" / "row.json").write_text(json.dumps(row))
    language_models.main([str(tmp_path)])
    assert table.read_text().splitlines() == [
        'run,reward,unknown names,verdict,cheese / dish / other,word,place,"word, exchanged names"',
        "reward-0,0.50,0.25,base,0.75 / 0.25 / 0.00,+1.0,+2.0,-3.0",
    ]
