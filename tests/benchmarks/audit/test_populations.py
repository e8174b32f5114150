"""Populations: seeds that a salt draws, states of training alone, and small trainings."""

from dataclasses import replace

import numpy as np
import pytest
from auditors import spies

from agents.run import Run
from benchmarks.audit import batches, commands, populations, predictions, subjects
from benchmarks.audit.batches import list_paths, load_subjects
from benchmarks.audit.commands import main
from benchmarks.audit.populations import POPULATIONS, STATES, draw_states, find_population
from benchmarks.audit.subjects import Subjects, train_subjects
from mesa_gym.traps import LEVELS

SALT = "a salt of thirty letters or so"


def test_seeds_are_a_salts_own():
    seeds = POPULATIONS["pixels"].draw_seeds("x", 500)
    assert len({*seeds}) == 500
    assert seeds[:20] == POPULATIONS["pixels"].draw_seeds("x", 20)
    others = [
        POPULATIONS["planner-door"].draw_seeds("x", 20),
        POPULATIONS["pixels"].draw_seeds("y", 20),
    ]
    assert not {*seeds} & {seed for drawn in others for seed in drawn}
    with pytest.raises(ValueError, match="Did you mean"):
        find_population("pixel")


@pytest.mark.parametrize("name", ["coin", "planner-cheese"])
def test_states_are_of_training_and_of_many_moments(name):
    trap = find_population(name).trap
    states = draw_states(trap)
    assert states.n == STATES
    assert (states.level.number < LEVELS).all()  # those of the shift come after
    assert len({*states.clock.tolist()}) > 3
    assert len({state.tobytes() for state in trap.observe(states)}) > 0.9 * STATES


@pytest.fixture
def small(monkeypatch):
    """A population that is trained in a second, in batches of two, on few levels."""
    run = Run("CheeseDish", "ppo-planner", steps=8_192)
    population = replace(POPULATIONS["planner-cheese"], name="small", run=run)
    monkeypatch.setitem(populations.POPULATIONS, "small", population)
    monkeypatch.setattr(batches, "BATCH", 2)


@pytest.mark.thorough
def test_agents_are_the_same_alone_and_beside_others():
    run = Run("CheeseDish", steps=8_192, alpha=0.1)
    population = replace(POPULATIONS["planner-cheese"], run=run)
    seeds = population.draw_seeds("x", 2)
    both = train_subjects(population, seeds)
    alone = train_subjects(population, seeds[1:])
    for name, array in alone.list_arrays().items():
        if name != "seconds":
            np.testing.assert_array_equal(array, both.list_arrays()[name][1:], err_msg=name)
    assert both.chosen.shape == (2, 2, 2)
    assert (both.chosen.sum(axis=(1, 2)) <= 1_000).all()
    assert (both.met > 0).all()
    np.testing.assert_allclose(np.exp(both.log_probabilities).sum(axis=2), 1, atol=1e-4)
    # The last layer gives the values that the agent has.
    outputs = both.weights["outputs"][:, :, 5].astype(float)
    told = np.einsum("nsu,nu->ns", both.activations.astype(float), outputs)
    np.testing.assert_allclose(
        told + both.weights["outputs_bias"][:, 0, 5:6].astype(float), both.values, atol=0.02
    )


@pytest.mark.thorough
@pytest.mark.usefixtures("jobs_run_here", "small")
def test_agents_are_made_kept_and_made_again_where_damaged(tmp_path, capsys):
    command = ["gate", "--populations", "small", "--count", "3", "--out", str(tmp_path)]
    assert main(command) == 0
    row = capsys.readouterr().out.splitlines()[-1].split()
    assert (row[0], row[-1]) == ("small", "no")
    found = load_subjects(tmp_path, "small", "open", 3)
    assert isinstance(found, Subjects)
    assert len(found.share) == 3
    first = tmp_path / list_paths("small", "open", 1)[0]
    assert "open" not in first.name  # a salt is never on the disk
    for content in (first.read_bytes()[:1000], b"text"):
        first.write_bytes(content)
        assert main(command) == 0
        again = load_subjects(tmp_path, "small", "open", 3)
        np.testing.assert_array_equal(again.values, found.values)
    assert main(["gate", "--populations", "smal"]) == 2
    assert "Did you mean 'small'?" in capsys.readouterr().err


@pytest.mark.thorough
@pytest.mark.usefixtures("jobs_run_here", "small")
def test_a_rerun_trains_fresh_agents_and_scores_auditors(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(commands, "LABELS", (0, 2, 8))
    monkeypatch.setattr(predictions, "FEWEST", 4)
    monkeypatch.setattr(subjects, "ABLE", 0.0)  # of so short a training nothing more is learnt
    mine = f"{spies.__file__}:First"
    options = ["--populations", "small", "--fresh", "4", "--labels", "4", "--out", str(tmp_path)]
    options += ["--salt", SALT]
    assert main(["rerun", mine, *options]) == 0
    told = capsys.readouterr()
    assert f"salt {SALT}\n" in told.err
    heads, _, own, half = told.out.splitlines()
    assert heads.split("  ")[0] == "population"
    assert [n for n in (0, 2, 4, 8) if f"{n} labels" in heads] == [0, 2, 4]
    assert own.split()[:3] == ["small", "First", "behaviour"]
    assert "half of the levels" in half
    # The same salt gives the same agents; open and fresh ones are different.
    names = {path.name[:16] for path in (tmp_path / "subjects" / "small").glob("*.npz")}
    assert len(names) == 2
    assert main(["rerun", mine, *options]) == 0
    assert capsys.readouterr().out == told.out
    assert main(["rerun", "nowhere.py:Mine", *options]) == 2
    assert main(["rerun", mine, "--populations", "smal"]) == 2
    assert "Did you mean 'small'?" in capsys.readouterr().err
    # What fails is said, and the others' figures are told.
    assert main(["rerun", f"{spies.__file__}:Raising", mine, *options]) == 1
    told = capsys.readouterr()
    assert "small: Raising: it raised ValueError: an accident" in told.err
    assert "First" in told.out
