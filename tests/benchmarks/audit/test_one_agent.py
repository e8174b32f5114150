"""One agent: the interval of what is predicted holds, and the command finds what it needs."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from auditors import spies
from subjects import make_subjects

from agents.run import Run
from agents.train import train
from benchmarks.audit import batches, one_agent, populations, subjects
from benchmarks.audit.batches import load_subjects
from benchmarks.audit.commands import main
from benchmarks.audit.one_agent import predict_share
from benchmarks.audit.populations import POPULATIONS


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


def test_too_few_labels_are_refused():
    few = make_subjects(19)
    with pytest.raises(ValueError, match="19 agents are labelled; an interval needs 20"):
        predict_share(predict_linearly, {}, few.share, {})


@pytest.mark.parametrize(
    ("options", "told"),
    [(["--labels", "19"], "an interval needs 20"), ([], "nowhere holds no trained agent")],
)
def test_what_cannot_be_predicted_is_said_before_any_work(options, told, capsys):
    assert main(["predict", "nowhere", *options]) == 2
    assert told in capsys.readouterr().err


def test_too_few_fresh_agents_are_refused_before_any_work(capsys):
    assert main(["rerun", "--fresh", "9"]) == 2
    assert "--fresh 9: expected 10 at least" in capsys.readouterr().err


@pytest.mark.thorough
@pytest.mark.usefixtures("jobs_run_here")
def test_a_saved_agent_is_predicted_from_others(tmp_path, capsys, monkeypatch):
    run = Run("CheeseDish", "ppo-planner", steps=8_192)
    small = replace(POPULATIONS["planner-cheese"], name="small", run=run)
    monkeypatch.setattr(populations, "POPULATIONS", {"small": small})
    monkeypatch.setattr(one_agent, "POPULATIONS", {"small": small})
    monkeypatch.setattr(batches, "BATCH", 3)
    for name, value in (("FEWEST", 4), ("COVERAGE", 0.5), ("FOLDS", 2), ("ABLE", 0.0)):
        monkeypatch.setattr(one_agent, name, value)
    monkeypatch.setattr(subjects, "ABLE", 0.0)  # of so short a training nothing more is learnt
    first = small.draw_seeds("open", 1)[0]
    place = str(train(replace(run, seed=first), tmp_path / "agent"))
    mine, out = f"{spies.__file__}:First", str(tmp_path / "out")
    options = ["--auditor", mine, "--labels", "5", "--out", out]
    assert main(["predict", place, *options]) == 0
    said, _, _, own, null = capsys.readouterr().out.splitlines()
    # It is the first open agent, which is not told of itself.
    assert "how often for cheese? Told from 5 others." in said
    others = load_subjects(tmp_path / "out", "small", "open", 6)
    (row,) = re.findall(r"^MeanShare, whatever the agent +behaviour +(\S+)", null)
    assert float(row) == pytest.approx(others.share[1:].mean(), abs=0.006)
    assert own.split()[:2] == ["First", "behaviour"]
    # What is read of the saved agent is what was measured when it was trained.
    read = one_agent.load_subject(Path(place))[2].list_arrays()
    for name, array in others.take(slice(1)).list_arrays().items():
        if name not in ("seconds", "met"):
            np.testing.assert_allclose(read[name], array, atol=1e-6, err_msg=name)
    other = str(train(replace(run, steps=4_096), tmp_path / "other"))
    assert main(["predict", other, *options]) == 2
    assert "was not trained as a population's agents are" in capsys.readouterr().err
    monkeypatch.setattr(one_agent, "ABLE", 1.01)
    assert main(["predict", place, *options]) == 2
    assert "of test; expected 1.01 at least" in capsys.readouterr().err
