"""Curves: sweeps that are resumed, killed and refused, and their tables."""

import shutil
import sys

import at_once
import pytest
from boards import card

from agents import train
from agents.train import Run
from benchmarks.leaderboard import runner
from benchmarks.leaderboard.results import Results
from benchmarks.studies import curves, sweeps
from benchmarks.studies.sweeps import Point, points, sweep_units
from mesa_gym.policies import references
from mesa_gym.traps import find_trap

CORNER = find_trap("CheeseCorner")
NAME = "CheeseCorner-ppo-alpha0.0-levels30000-base"
OPTIONS = ["--traps", "CheeseCorner", "--seeds", "2", "--levels", "4"]


@pytest.fixture(scope="module", autouse=True)
def short():
    """Two rollouts of PPO, a checkpoint after the first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "steps_for", lambda trap: 8192)
        patch.setattr(sweeps, "CHECKPOINT_STEPS", 4096)
        yield patch


@pytest.fixture(scope="module")
def finished(short, tmp_path_factory):
    """A whole sweep over steps, of two agents that have hardly learnt."""
    out = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "run", at_once.run)
        assert curves.main(["steps", *OPTIONS, "--out", str(out)]) == 0
    return out


@pytest.fixture
def results(finished, tmp_path):
    """A copy of it which a test may spoil."""
    shutil.copytree(finished, tmp_path / "run")
    return Results(tmp_path / "run")


def units(kind, *values):
    return sweep_units({CORNER: points(kind, values, CORNER, 2)}, levels=4)


def names(results, kind, *values):
    """Of the units that are not done."""
    return sorted(unit.name for unit in units(kind, *values) if not unit.done(results))


# -- what is done, and what is left to do ----------------------------------------------------------


def test_a_sweep_leaves_agents_cards_and_a_table(finished):
    agents = {path.name for path in (finished / "agents").iterdir()}
    assert agents == {f"{NAME}-s0", f"{NAME}-s1"}
    scored = {path.stem for path in (finished / "cards" / "CheeseCorner-v0").iterdir()}
    assert scored == {
        *(f"{NAME}-s{seed}{part}" for seed in (0, 1) for part in ("", "-at4096")),
        *(name.replace(":", "-") for name in references(CORNER)),
    }
    table = (finished / "steps.md").read_text()
    assert "| CheeseCorner-v0 | 4,096 | 2 |" in table
    assert "| CheeseCorner-v0 | 8,192 | 2 |" in table
    assert [path.name for path in finished.iterdir() if path.name.startswith(".")] == [".work"]
    assert {path.suffix for path in (finished / ".work").iterdir()} == {".lock"}


def test_sweeps_share_their_agents(results):
    other = "CheeseCorner-ppo-alpha0.1-levels30000-base"
    assert names(results, "alpha", 0.1, 0.0, 0.0) == [f"{other}-s0", f"{other}-s1"]
    assert names(results, "levels", 30_000) == []


def test_checkpoints_are_100_000_steps_apart_and_at_most_20(monkeypatch):
    monkeypatch.setattr(sweeps, "CHECKPOINT_STEPS", 100_000)
    for steps, kept in ((50_000, 1), (1_500_000, 15), (4_000_000, 20)):
        monkeypatch.setattr(train, "steps_for", lambda trap, steps=steps: steps)
        found = points("steps", (), CORNER, 1)
        assert len(found) == found[0].run.checkpoints == kept
        assert (found[0].x, found[-1].x) == (steps // kept, steps)


def test_an_agent_trained_otherwise_is_refused(results, monkeypatch):
    monkeypatch.setattr(train, "steps_for", lambda trap: 4096)
    with pytest.raises(ValueError, match="steps 8192, and this run wants 4096"):
        names(results, "steps")
    assert (results.folder / "agents" / f"{NAME}-s0").is_dir()


def test_an_agent_without_its_checkpoint_is_set_aside(results):
    folder = results.folder / "agents" / f"{NAME}-s0"
    weights = (folder / "weights.safetensors").read_bytes()
    shutil.rmtree(folder / "checkpoints" / "4096")
    assert names(results, "alpha", 0.0) == []  # this curve has no need of it
    assert names(results, "steps") == [f"{NAME}-s0"]
    at_once.run(units("steps"), results.folder)
    assert folder.with_name(f"{NAME}-s0.damaged-1").is_dir()
    assert (folder / "checkpoints" / "4096" / "policy.json").exists()
    assert (folder / "weights.safetensors").read_bytes() == weights


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["alpha", "--alphas", "0,2"], 2, "alpha must be a number from 0 to 1, got 2.0"),
        (["levels", "--num-levels", "0"], 2, "num_levels must be an integer of at least 1"),
        (["steps", "--traps", "CheeseCornet"], 2, "Did you mean 'CheeseCorner'"),
    ],
)
def test_bad_usage(arguments, code, told, tmp_path, capsys):
    assert curves.main([*arguments, "--out", str(tmp_path)]) == code
    assert told in capsys.readouterr().err


def test_values_of_another_kind_are_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        curves.main(["steps", "--alphas", "0.1"])
    assert "values of alpha are of no use to `steps`" in capsys.readouterr().err


def test_without_matplotlib_nothing_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert not curves.draw("steps", {}, Results(tmp_path), tmp_path / "plot.svg")
    assert not [*tmp_path.iterdir()]


def test_every_seed_has_its_line(results):
    pytest.importorskip("matplotlib")
    scored = curves.cards({CORNER: points("steps", (), CORNER, 2)}, results)
    path = results.folder / "plot.svg"
    assert curves.draw("steps", scored, results, path)
    drawn = path.read_text()
    for seed in (0, 1):
        for measure in curves.COLOURS:
            assert drawn.count(f'id="{measure}, seed {seed}"') == 1


# -- tables ----------------------------------------------------------------------------------------


def test_tables_by_hand():
    """Two agents along three places."""

    def scored(seed, x, test, b, n):
        made = card("CheeseCorner-v0", f"ppo-s{seed}", b, 0.9 - b, test=test, shift=n)
        return Point(x, Run("CheeseCorner", seed=seed)), made

    places = [
        scored(0, 100, 0.5, 0.0, 0.0),
        scored(0, 200, 0.9, 0.1, 0.1),
        scored(0, 300, 0.95, 0.9, 0.7),
        scored(1, 100, 0.3, 0.0, 0.0),
        scored(1, 200, 0.2, 0.5, 0.5),
        scored(1, 300, 0.4, 0.9, 0.9),
    ]
    by_place = curves.table({CORNER: places}).splitlines()
    # Of two seeds a resample is either; the distance to the mean is stretched by 12.706 / 1.960.
    assert by_place[3] == (
        "| CheeseCorner-v0 | 200 | 2 | 0.55 [-1.72, 2.82] | 0.30 [-1.00, 1.60]"
        " | 0.70 [-0.60, 2.00] | 0.30 [0.00, 1.00] | 1 proxy:corner, 1 incapable | 0.10 0.50 |"
    )
    turned, never = curves.turns({CORNER: places}).splitlines()[2:]
    assert turned == (
        "| CheeseCorner-v0 | 0 | 200 | proxy:corner | base | 1 | 0.10 -> 0.70 | 0.90 -> 0.30"
        " | 0.10 -> 0.90 |"
    )
    assert never.startswith("| CheeseCorner-v0 | 1 | never |")
    assert list(curves.by_seed(places)) == [0, 1]


def test_spread_leaves_out_what_was_not_measured():
    nan = float("nan")
    assert curves.spread([0.25, nan, 0.25]) == "0.25 [0.25, 0.25]"
    assert curves.spread([0.125], 3) == "0.125"
    assert curves.spread([0.0, 1.0], limits=(0, 1)) == "0.50 [0.00, 1.00]"
    assert curves.spread([nan]) == "–"
