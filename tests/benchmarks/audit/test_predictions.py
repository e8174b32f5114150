"""Figures of predictions, against other libraries; baselines and intervals on made-up agents."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from auditors import spies
from parameters import thorough
from scipy.stats import spearmanr
from subjects import make_subjects

from benchmarks.audit import baselines
from benchmarks.audit.auditor import Auditor, find_auditor, make_rooms
from benchmarks.audit.commands import list_baselines
from benchmarks.audit.evidence import gather_evidence
from benchmarks.audit.one_agent import predict_share
from benchmarks.audit.predictions import (
    LABELS,
    bound_correlation,
    correlate_ranks,
    make_predictions,
)
from benchmarks.audit.subjects import Subjects
from benchmarks.rooms.code import Code


def test_figures_are_those_of_other_libraries():
    rng = np.random.default_rng(0)
    true = rng.uniform(size=50)
    predicted = np.round(true + rng.normal(0, 0.4, 50), 1)  # with ties
    expected = spearmanr(predicted, true).statistic
    assert correlate_ranks(predicted, true) == pytest.approx(expected)
    assert correlate_ranks(np.full(50, 0.5), true) == 0


def draw_pair(kind, noise, count, rng):
    """Return predicted and true shares: a normal pair, shares that were counted, or outliers."""
    if kind == "normal":
        true = rng.normal(size=count)
        return [true + noise * rng.normal(size=count), true]
    if kind == "counted":  # most of them near 0 and 1, with ties
        true = rng.beta(0.4, 0.4, size=count)
        return [true + noise * rng.normal(size=count), rng.binomial(500, true) / 500]
    true = rng.normal(size=count)
    return [true + noise * rng.standard_t(2.5, size=count), true]


@pytest.mark.parametrize(
    ("kind", "noise", "rho"),
    [("normal", 1.0, 0.69), ("normal", 0.25, 0.967), ("normal", 0.14, 0.989),
     ("counted", 0.03, 0.988), ("outliers", 0.15, 0.964)],
)  # fmt: skip
@pytest.mark.parametrize("agents", [20, 100])
def test_an_interval_holds_the_true_correlation_nineteen_times_in_twenty(kind, noise, rho, agents):
    rng, draws, held = np.random.default_rng(1), 200, 0
    true = correlate_ranks(*draw_pair(kind, noise, 100_000, rng))
    assert true == pytest.approx(rho, abs=0.005)
    for _ in range(draws):
        low, high = bound_correlation(*draw_pair(kind, noise, agents, rng))
        held += low <= true <= high
    assert held / draws == pytest.approx(0.95, abs=0.04)


def test_an_interval_of_the_same_order_and_of_none():
    true = np.arange(20.0)
    low, high = bound_correlation(true, true)
    assert 0.99 < low <= high <= 1
    assert bound_correlation(np.ones(20), true) == (0, 0)


@pytest.mark.thorough
def test_an_auditor_that_reads_shares_orders_agents_and_one_of_nothing_does_not():
    known, fresh = make_subjects(200), make_subjects(60, seed=1)
    blind = make_subjects(60, seed=1, told=False)
    with make_rooms() as rooms:
        auditor = find_auditor(rooms, f"{baselines.__file__}:LogProbabilities")
        found = [*make_predictions(rooms, auditor, "made up", known, fresh, "x")]
        lost = [*make_predictions(rooms, auditor, "made up", known, blind, "x")]
        first = find_auditor(rooms, f"{spies.__file__}:First")
        (unlabelled, *_) = make_predictions(rooms, first, "made up", known, fresh, "x")
    assert [each.labels for each in found] == [*LABELS]
    assert found[0].spearman == 0
    assert found[-1].spearman > 0.9
    low, high = found[-1].interval
    assert low < found[-1].spearman < high
    assert found[-1].r2 > 0.9
    assert abs(lost[-1].spearman) < 0.35
    assert unlabelled.spearman > 0.8


def test_too_few_agents_to_label_are_refused():
    known = make_subjects(200)
    known = replace(known, solved=np.arange(200) / 200)
    auditor = Auditor(Code("none", "None"), "behaviour")
    with pytest.raises(ValueError, match=r"20 agents of pixels solve 0\.9 .* expected 200"):
        next(make_predictions(None, auditor, "pixels", known, known, "x"))  # type: ignore
    few = make_subjects(9)
    known = Subjects.join([few] * 23)
    with pytest.raises(ValueError, match=r"9 agents of pixels solve 0\.9 .* expected 10"):
        next(make_predictions(None, auditor, "pixels", known, few, "x"))  # type: ignore


def read_docs_auditor():
    """Return the class of the page's first auditor."""
    text = (Path(baselines.__file__).parents[2] / "docs" / "audits.md").read_text()
    made = {}
    exec(text.split("```python\n")[1].split("```")[0], made)
    return made["Mine"]


@pytest.mark.parametrize("name", ["Mine", *map(thorough, list_baselines())])
def test_a_baseline_and_that_of_the_docs_predict_with_any_number_of_labels(name):
    auditor = (read_docs_auditor() if name == "Mine" else getattr(baselines, name))()
    known, fresh = make_subjects(64), make_subjects(40, seed=1)
    evidence, asked = (gather_evidence(x, auditor.tier, "x") for x in (known, fresh))
    found = {}
    for count in (0, 20, 64):
        auditor.fit({key: each[:count] for key, each in evidence.items()}, known.share[:count])
        found[count] = auditor.predict(asked)
        assert found[count].shape == (40,)
        assert np.isfinite(found[count]).all()
    assert name == "Mine" or set(found[0]) == {0.5}
    if name in ("Mine", "LogProbabilities", "BoostedTrees", "InputNorms"):
        assert correlate_ranks(found[64], fresh.share) > 0.7


def predict_linearly(known, shares, asked):
    """Return the predictions of least squares."""
    sides = [np.column_stack([np.ones(len(each["x"])), each["x"]]) for each in (known, asked)]
    return sides[1] @ np.linalg.lstsq(sides[0], shares, rcond=None)[0]


AUDITORS = {
    "linear": predict_linearly,
    "the mean": lambda known, shares, asked: np.full(len(asked["x"]), shares.mean()),
    "a fixed number": lambda known, shares, asked: np.full(len(asked["x"]), -3.0),
    "one that knows them by heart": lambda known, shares, asked: np.array(
        [dict(zip(known["x"][:, 0], shares, strict=True)).get(x, 0.5) for x in asked["x"][:, 0]]
    ),
}


@pytest.mark.parametrize("labels", [20, 64])
@pytest.mark.parametrize("auditor", AUDITORS)
def test_an_interval_holds_the_true_share_nineteen_times_in_twenty(auditor, labels):
    """Of agents with shares near 0, 1 and between; a worse auditor has a wider one."""
    rng, draws, held, widths = np.random.default_rng(0), 300, 0, []
    for _ in range(draws):
        x = rng.normal(size=(labels + 1, 3))
        told = 1 / (1 + np.exp(-x[:, 0] - rng.normal(scale=0.3, size=labels + 1)))
        shares = rng.binomial(500, told) / 500
        known, asked = {"x": x[:labels]}, {"x": x[labels:]}
        found = predict_share(AUDITORS[auditor], known, shares[:labels], asked)
        held += found.low <= shares[-1] <= found.high
        widths.append(found.high - found.low)
        assert 0 <= found.low <= found.high <= 1
    assert 0.92 <= held / draws <= 1
    assert (np.mean(widths) < 0.5) == (auditor == "linear")
