"""Populations: seeds that a salt draws, states of training alone, and small trainings."""

from dataclasses import replace

import numpy as np
import pytest
from auditors import spies

from agents.run import Run
from benchmarks.audit import commands, ladder, making, populations
from benchmarks.audit.asking import Auditor
from benchmarks.audit.commands import main, name_ladder
from benchmarks.audit.ladder import AuditRung
from benchmarks.audit.making import list_batches, load_subjects
from benchmarks.audit.populations import POPULATIONS, STATES, draw_states, find_population
from benchmarks.audit.subjects import Subjects, train_subjects
from benchmarks.jobs.store import Results
from benchmarks.rooms.code import find_code
from mesa_gym.json_data import decode_json
from mesa_gym.scoring.plays import ALONE
from mesa_gym.traps import LEVELS

SALT = "a salt of thirty letters or so"


def test_seeds_are_a_salts_own() -> None:
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
    with pytest.raises(ValueError, match=r"Did you mean 'LavaLand-alpha-0\.02'"):
        find_population("LavaLand-alpha-0.2")


@pytest.mark.parametrize("name", ["coin", "planner-cheese"])
def test_states_are_of_training_and_of_many_moments(name: str) -> None:
    trap = find_population(name).trap
    states = draw_states(trap)
    assert states.n == STATES
    assert (states.level.number < LEVELS).all()  # those of the shift come after
    assert len({*states.clock.tolist()}) > 3
    assert len({state.tobytes() for state in trap.observe(states)}) > 0.9 * STATES


def test_half_of_the_populations_goals_can_be_shown_alone() -> None:
    for each in POPULATIONS.values():
        alone = {*each.trap.find_isolable()} & {each.first, each.second}
        assert alone, f"{each.name}: {ALONE} shows neither goal"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A population that is trained in a second, in batches of two, on few levels."""
    run = Run("CheeseDish", "ppo-planner", steps=8_192)
    population = replace(POPULATIONS["planner-cheese"], name="small", run=run)
    monkeypatch.setitem(populations.POPULATIONS, "small", population)
    monkeypatch.setattr(making, "BATCH", 2)


@pytest.mark.thorough
def test_agents_are_the_same_alone_and_beside_others() -> None:
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
def test_agents_are_made_kept_and_read_again(tmp_path, capsys) -> None:
    out = ["--out", str(tmp_path)]
    assert main(["make", "small", "--count", "3", *out]) == 0
    results = Results(tmp_path)
    found = load_subjects(results, "small", "open", 3)
    assert isinstance(found, Subjects)
    assert len(found.share) == 3
    assert main(["gate", "small", "--count", "3", *out]) == 0
    row = capsys.readouterr().out.splitlines()[-1].split()
    assert (row[0], row[-1]) == ("small", "no")
    first = tmp_path / list_batches("small", "open", 1)[0].path
    assert "open" not in first.name  # a salt is never on the disk
    arrays = found.take(slice(2)).list_arrays()
    few = {name: array[:1] for name, array in arrays.items()}
    for changed in (few, arrays | {"solved": np.full(2, np.nan)}):
        with first.open("wb") as file:
            np.savez(file, allow_pickle=False, **changed)
        with pytest.raises(ValueError, match="is not there, or damaged: make it"):
            load_subjects(results, "small", "open", 3)
    for content in (first.read_bytes()[:1000], b"", b"text"):
        first.write_bytes(content)
        with pytest.raises(ValueError, match="is not there, or damaged: make it"):
            load_subjects(results, "small", "open", 3)
    with pytest.raises(ValueError, match="audit make small --salt other --count 2"):
        load_subjects(results, "small", "other", 2)
    assert main(["make", "smal", *out]) == 2


@pytest.mark.thorough
@pytest.mark.usefixtures("jobs_run_here", "small")
def test_a_rerun_trains_fresh_agents_and_scores_auditors(tmp_path, capsys, monkeypatch) -> None:
    for module in (commands, ladder):
        monkeypatch.setattr(module, "LABELLED", (0, 2, 4))
    monkeypatch.setattr(commands, "OPEN_COUNT", 4)
    monkeypatch.setattr(ladder, "LEAST_FRESH", 4)
    monkeypatch.setattr(ladder, "SOLVED", 0.0)  # of so short a training nothing more is learnt
    mine = f"{spies.__file__}:First"
    options = ["--populations", "small", "--fresh", "4", "--salt", SALT, "--out", str(tmp_path)]
    assert main(["rerun", mine, *options]) == 0
    told = capsys.readouterr()
    assert f"salt {SALT}\n" in told.err
    row = next(line for line in told.out.splitlines() if "First" in line)
    assert row.split()[:3] == ["small", "First", "behaviour"]
    assert "half of the conflict" in told.out
    heads, _, own = told.out.splitlines()[-3:]
    assert heads.split() == ["auditor", "tier", "small", "mean"]
    assert own.split()[:2] == ["First", "behaviour"]
    (written,) = (tmp_path / "ladders").iterdir()
    rungs = decode_json(written.read_bytes(), list[AuditRung])
    assert [rung.labels for rung in rungs] == [0, 2, 4]
    assert {len(rung.predicted) for rung in rungs} == {4}
    # The same salt gives the same agents; open and fresh ones are different.
    names = {path.name[:16] for path in (tmp_path / "subjects" / "small").glob("*.npz")}
    assert len(names) == 2
    written.write_text(written.read_text().replace('"true": [', '"true": [0.5, '))
    assert main(["page", str(written), "--page", str(tmp_path / "page.html")]) == 2
    assert "4 shares are predicted of 5" in capsys.readouterr().err
    assert main(["rerun", "nowhere.py:Mine", *options]) == 2
    assert main(["rerun", mine, "--populations", "smal"]) == 2
    assert "Did you mean 'small'?" in capsys.readouterr().err
    # What fails is said, and the others' figures are kept.
    assert main(["rerun", f"{spies.__file__}:Raising", mine, *options]) == 1
    told = capsys.readouterr()
    assert "small: Raising: it raised ValueError: an accident" in told.err
    assert "First" in told.out
    assert len([*(tmp_path / "ladders").iterdir()]) == 2  # the first is still there
    assert main(["rerun", mine, mine, *options]) == 2
    assert "two auditors are called First" in capsys.readouterr().err
    # One of other populations would not overwrite it.
    auditor = Auditor(find_code(f"{spies.__file__}:First"), "behaviour")
    assert name_ladder([auditor], SALT, ["small"]) == written.name
    assert name_ladder([auditor], SALT, ["small", "coin"]) != written.name
    assert main(["rerun", mine, *options, "--salt", "open"]) == 2
    assert "salt 'open' is easily guessed" in capsys.readouterr().err
