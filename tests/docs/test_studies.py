"""The program of docs/studies that is kept: its exact part, and that the page shows its figures."""

import json

import numpy as np
import pytest

pytest.importorskip("optax")

from docs.studies import language_models, layers
from docs.studies.layer_networks import MARKS, SIGNS, TOKENS, Setting, make_stream
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
    setting, steps = Setting(depth, told=2, flash=3, size=2.0), rng.uniform(0.2, 1.2, depth)
    marks = rng.choice([-1.0, 1.0], (TOKENS, MARKS))
    pay, flash = marks @ rng.normal(size=(2, MARKS, 1))
    built = layers.build_layers(setting, kappa, steps)
    entries = make_stream(marks, np.hstack([pay, flash]), SIGNS, setting.entries)
    stream = layers.run_layers(built, *entries)
    target = (1 - kappa) * pay[:, 0] + kappa * flash[:, 0]
    for layer in range(depth + 1):
        expected = SIGNS @ descend(marks, target, steps[:layer])
        assert np.allclose(stream[layer][1] @ built["read"], expected, atol=1e-12)


def test_best_step_gives_stated_loss():
    loss, plan = layers.find_best_plan(1, plain=True)
    assert (loss, plan[0, 0]) == pytest.approx((3 / 11, layers.STEP), abs=1e-6)
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
def test_program_gives_kept_figures():
    for fresh, row in zip(layers.run_built(), read_figures()["built"], strict=True):
        assert fresh.pop("error") < 1e-9 > row.pop("error")
        assert fresh.pop("steps") == pytest.approx(row.pop("steps"), rel=1e-3)
        assert fresh == pytest.approx(row, rel=1e-3)
    for fresh, row in zip(layers.run_built_cards(), read_figures()["cards, built"], strict=True):
        assert (fresh["verdict"], fresh["flash"]) == (row["verdict"], row["flash"])


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
