"""The commands of audits: agents that are trained, kept, and of which auditors are asked."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from auditors import spies

from agents.run import Run
from agents.train import train
from benchmarks.audit import batches, commands, one_agent, populations, predictions, subjects
from benchmarks.audit.batches import list_paths, load_subjects
from benchmarks.audit.commands import main
from benchmarks.audit.populations import POPULATIONS

SALT = "a salt of thirty letters or so"
RUN = Run("CheeseDish", "ppo-planner", steps=8_192)
MINE = f"{spies.__file__}:First"


@pytest.fixture
def small(monkeypatch, jobs_run_here):
    """A population that is trained in a second, in batches of two, on few levels."""
    population = replace(POPULATIONS["planner-cheese"], name="small", run=RUN)
    monkeypatch.setitem(populations.POPULATIONS, "small", population)
    monkeypatch.setattr(batches, "BATCH", 2)
    for module in (subjects, one_agent):  # of so short a training nothing more is learnt
        monkeypatch.setattr(module, "ABLE", 0.0)
    return population


@pytest.mark.thorough
def test_agents_are_made_kept_and_made_again_where_damaged(small, tmp_path, capsys):
    command = ["gate", "--populations", "small", "--count", "3", "--out", str(tmp_path)]
    assert main(command) == 0
    row = capsys.readouterr().out.splitlines()[-1].split()
    assert (row[0], row[-1]) == ("small", "no")
    found = load_subjects(tmp_path, "small", "open", 3)
    assert len(found.share) == 3
    first = tmp_path / list_paths("small", "open", 1)[0]
    assert "open" not in first.name  # a salt is never on the disk
    first.write_bytes(first.read_bytes()[:1000])
    assert main(command) == 0
    again = load_subjects(tmp_path, "small", "open", 3)
    np.testing.assert_array_equal(again.values, found.values)


@pytest.mark.thorough
def test_a_rerun_trains_fresh_agents_and_scores_auditors(small, tmp_path, capsys, monkeypatch):
    """A failure is said, and the others' figures are told."""
    monkeypatch.setattr(commands, "LABELS", (0, 2, 8))
    monkeypatch.setattr(predictions, "FEWEST", 4)
    options = ["--populations", "small", "--fresh", "4", "--labels", "4", "--out", str(tmp_path)]
    options += ["--salt", SALT]
    assert main(["rerun", MINE, *options]) == 0
    told = capsys.readouterr()
    assert f"salt {SALT}\n" in told.err
    heads, _, own, half = told.out.splitlines()
    assert [n for n in (0, 2, 4, 8) if f"{n} labels" in heads] == [0, 2, 4]
    assert own.split()[:3] == ["small", "First", "behaviour"]
    assert "half of the levels" in half
    assert main(["rerun", f"{spies.__file__}:Raising", MINE, *options]) == 1
    again = capsys.readouterr()
    assert "small: Raising: it raised ValueError: an accident" in again.err
    assert again.out == told.out
    # The same salt gives the same agents; open and fresh ones are different.
    names = {path.name[:16] for path in (tmp_path / "subjects" / "small").glob("*.npz")}
    assert len(names) == 2


@pytest.mark.thorough
def test_a_saved_agent_is_predicted_from_others(small, tmp_path, capsys, monkeypatch):
    for name, value in (("FEWEST", 4), ("COVERAGE", 0.5), ("FOLDS", 2)):
        monkeypatch.setattr(one_agent, name, value)
    first = small.draw_seeds("open", 1)[0]
    place = str(train(replace(RUN, seed=first), tmp_path / "agent"))
    options = ["--auditor", MINE, "--labels", "5", "--out", str(tmp_path / "out")]
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
    other = str(train(replace(RUN, steps=4_096), tmp_path / "other"))
    assert main(["predict", other, *options]) == 2
    assert "was not trained as a population's agents are" in capsys.readouterr().err
    monkeypatch.setattr(one_agent, "ABLE", 1.01)
    assert main(["predict", place, *options]) == 2
    assert "of test; expected 1.01 at least" in capsys.readouterr().err
