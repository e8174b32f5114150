"""The ladder's figures, against other libraries, and baselines on agents that were made up."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from auditors import spies
from scipy.stats import spearmanr
from subjects import UNITS, make_subjects

from benchmarks.audit import auditors
from benchmarks.audit.asking import Auditor, find_auditor, make_rooms
from benchmarks.audit.commands import list_baselines
from benchmarks.audit.evidence import gather_evidence
from benchmarks.audit.ladder import (
    LABELLED,
    AuditRung,
    bound_correlation,
    climb_ladder,
    correlate_ranks,
    measure_ceiling,
    summarize_auditor,
)
from benchmarks.audit.populations import POPULATIONS
from benchmarks.audit.subjects import Subjects
from benchmarks.rooms.code import Code


def test_figures_are_those_of_other_libraries() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(size=50)
    predicted = np.round(true + rng.normal(0, 0.4, 50), 1)  # with ties
    pair = np.stack([predicted, true]), np.stack([true, true**3])
    expected = [spearmanr(*each).statistic for each in zip(*pair, strict=True)]
    assert correlate_ranks(*pair).tolist() == pytest.approx(expected)
    assert correlate_ranks(np.full(50, 0.5), true) == 0


def test_an_interval_holds_the_true_correlation_nineteen_times_in_twenty() -> None:
    rng, held = np.random.default_rng(1), 0
    for _ in range(100):
        true = rng.normal(size=100)
        predicted = true + rng.normal(size=100)
        low, high = bound_correlation(predicted, true, rng)
        # Spearman's of a normal pair whose Pearson's is the root of a half (Pearson 1907).
        held += low <= 6 / np.pi * np.arcsin(0.5**0.5 / 2) <= high
    assert 86 <= held <= 100


@pytest.mark.thorough
def test_an_auditor_that_reads_shares_climbs_and_shuffled_labels_do_not() -> None:
    known, fresh = make_subjects(200), make_subjects(60, seed=1)
    with make_rooms() as rooms:
        auditor = find_auditor(rooms, f"{auditors.__file__}:LogProbabilities")
        rungs = [*climb_ladder(rooms, auditor, POPULATIONS["pixels"], known, fresh, "x")]
        blind = make_subjects(60, seed=1, told=False)
        lost = [*climb_ladder(rooms, auditor, POPULATIONS["pixels"], known, blind, "x")]
        first = find_auditor(rooms, f"{spies.__file__}:First")
        (unlabelled, *_) = climb_ladder(rooms, first, POPULATIONS["pixels"], known, fresh, "x")
    assert [rung.labels for rung in rungs] == [*LABELLED]
    assert (rungs[0].spearman, rungs[0].null, rungs[0].auroc) == (0, 0, 0.5)
    assert rungs[-1].spearman > 0.9
    low, high = rungs[-1].interval
    assert low < rungs[-1].spearman < high
    assert rungs[-1].r2 > 0.9
    # Of 60 agents, the one-sided 5% of a rank correlation (normal approximation).
    assert rungs[-1].null == pytest.approx(1.645 / 59**0.5, abs=0.05)
    assert abs(lost[-1].spearman) < 0.35
    assert unlabelled.spearman > 0.8
    assert measure_ceiling(fresh) == 1.0


def test_too_few_agents_to_label_are_refused() -> None:
    known = make_subjects(200)
    known = replace(known, solved=np.arange(200) / 200)
    auditor = Auditor(Code("none", "None"), "behaviour")
    with pytest.raises(ValueError, match=r"20 agents of pixels solve 0\.9 .* expected 200"):
        next(climb_ladder(None, auditor, POPULATIONS["pixels"], known, known, "x"))  # type: ignore
    few = make_subjects(19)
    known = Subjects.join([few] * 11)
    with pytest.raises(ValueError, match=r"19 agents of pixels solve 0\.9 .* expected 20"):
        next(climb_ladder(None, auditor, POPULATIONS["pixels"], known, few, "x"))  # type: ignore


def test_units_in_another_order_are_matched() -> None:
    evidence = {name: layer[:1] for name, layer in make_subjects(2).weights.items()}
    order = np.random.default_rng(0).permutation(UNITS)
    other = evidence | {
        "first": evidence["first"][..., order],
        "first_bias": evidence["first_bias"][..., order],
        "second": evidence["second"][:, order][..., order],
        "second_bias": evidence["second_bias"][..., order],
        "outputs": evidence["outputs"][:, order],
    }
    found = auditors.match_units(other, evidence)
    for name, layer in evidence.items():
        np.testing.assert_array_equal(found[name], layer, err_msg=name)


@pytest.mark.thorough
@pytest.mark.parametrize("name", list_baselines())
def test_a_baseline_predicts_with_any_number_of_labels(name: str) -> None:
    auditor = getattr(auditors, name)()
    known, fresh = make_subjects(64), make_subjects(40, seed=1)
    evidence, asked = (gather_evidence(x, auditor.tier, "x") for x in (known, fresh))
    found = {}
    for count in (0, 20, 64):
        auditor.fit({key: each[:count] for key, each in evidence.items()}, known.share[:count])
        found[count] = auditor.predict(asked)
        assert found[count].shape == (40,)
        assert np.isfinite(found[count]).all()
    assert set(found[0]) == {0.5}
    if name in ("LogProbabilities", "BoostedTrees", "InputNorms", "LoneGoals", "Behaviour"):
        assert correlate_ranks(found[64], fresh.share) > 0.7


def test_the_first_auditor_of_the_docs_predicts() -> None:
    text = (Path(auditors.__file__).parents[2] / "docs" / "audit.md").read_text()
    made: dict[str, type] = {}
    exec(text.split("```python\n")[1].split("```")[0], made)
    mine, known, fresh = made["Mine"](), make_subjects(64), make_subjects(40, seed=1)
    evidence, asked = (gather_evidence(x, mine.tier, "x") for x in (known, fresh))
    for count in (0, 64):
        mine.fit({key: each[:count] for key, each in evidence.items()}, known.share[:count])
        found = mine.predict(asked)
        assert found.shape == (40,)
    assert correlate_ranks(found, fresh.share) > 0.7


def test_probes_that_are_learnt_find_the_inputs_that_tell() -> None:
    """One input of thirty tells the share, and an answer is a sum over inputs."""
    rng = np.random.default_rng(0)
    layers = rng.normal(size=(240, 30, 1))
    shares = 1 / (1 + np.exp(-layers[:, 7, 0]))
    found = {}
    for kind in (auditors.Probes, auditors.LearntProbes):
        auditor = type("Few", (kind,), {"probes": 1})()
        auditor.fit({"first": layers[:200]}, shares[:200])
        found[kind] = correlate_ranks(auditor.predict({"first": layers[200:]}), shares[200:])
    assert abs(found[auditors.Probes]) < 0.6
    assert found[auditors.LearntProbes] > 0.8


def test_an_auditor_is_summed_up_by_population_and_those_held_out_apart() -> None:
    def rung(population: str, predicted: list[float], labels: int = LABELLED[-1]) -> AuditRung:
        return AuditRung(
            population=population, auditor="Mine", tier="edits", labels=labels,
            held_out=population == "planner-attributes", predicted=predicted, true=[0.1, 0.2, 0.3],
        )  # fmt: skip

    names = ("planner-attributes", "pixels", "planner-door")
    orders = ([3, 2, 1], [1, 2, 3], [1, 3, 2])
    rungs = [rung(*each) for each in zip(names, orders, strict=True)]
    few = rung("pixels", [3, 2, 1], labels=20)
    found = summarize_auditor([*rungs, few], "Mine", [POPULATIONS[name] for name in names])
    assert found == pytest.approx(
        {"pixels": 1.0, "planner-door": 0.5, "mean": 0.75, "planner-attributes (held out)": -1.0}
    )
    assert [*found][-1] == "planner-attributes (held out)"
    lacking = summarize_auditor(rungs[:2], "Mine", [POPULATIONS[name] for name in names])
    assert np.isnan([lacking["planner-door"], lacking["mean"]]).all()
