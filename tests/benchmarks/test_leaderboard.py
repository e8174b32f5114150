"""The quick board's run: resumed, narrowed, damaged."""

import json
import shutil
from dataclasses import replace
from math import nan
from pathlib import Path

import at_once
import pytest
from safetensors.torch import load_file, save_file

from agents import ppo
from agents.saving import WEIGHTS_FILE, digest
from agents.train import Run
from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.leaderboard import runner
from benchmarks.leaderboard.budgets import Budget, Group
from benchmarks.leaderboard.jobs import board_units
from benchmarks.leaderboard.results import Results, Training
from mesa_gym.policies import references
from mesa_gym.traps import find_trap

CORNER = "CheeseCorner-v0"
GROUP = Group(("ppo",), ("CheeseCorner",), seeds=1)
OPTIONS = ["--levels", "4", "--seeds", "1", "--steps", "1", "--traps", "CheeseCorner"]
AGENT, SCORED = f"{CORNER}-ppo-s0", f"{CORNER}-references"
WEIGHTS = f"agents/{CORNER}/ppo-s0/{WEIGHTS_FILE}"


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    monkeypatch.setattr(runner, "run", at_once.run)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A whole run, of one trap, agents that have hardly learnt, and few levels."""
    out = tmp_path_factory.mktemp("run")
    at_once.run(units(), out)
    return out


@pytest.fixture
def out(finished, tmp_path):
    """A copy of that run which a test may spoil."""
    return shutil.copytree(finished, tmp_path / "run")


def run(out, *options):
    return leaderboard.main(["run", *OPTIONS, *options, "--out", str(out)])


def units(levels=4, **changes):
    """What `run` does, with other levels or another group of agents."""
    budget = Budget((replace(GROUP, **changes),), Path(), steps=1)
    return board_units(budget.runs(), levels)


def left(out, *levels, **changes):
    """The names of the units that are not done."""
    found = units(*levels, **changes)
    return sorted(unit.name for unit in found if not unit.done(Results(out)))


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def replace_weights(out, factor):
    """Other weights, of which the agent's description says that they are its own."""
    file = out / WEIGHTS
    save_file({name: tensor * factor for name, tensor in load_file(file).items()}, file)
    about = file.with_name("policy.json")
    entries = json.loads(about.read_text()) | {"weights_digest": digest(file.read_bytes())}
    about.write_text(json.dumps(entries))


def test_a_run_leaves_what_render_needs_and_how_each_agent_came_to_be(out, capsys):
    cards = {path.stem for path in (out / "cards" / CORNER).iterdir()}
    assert cards == {"ppo-s0", *(name.replace(":", "-") for name in references(find_trap(CORNER)))}
    training = Training.load(out / "training" / CORNER / "ppo-s0.json")
    assert (training.trap, training.agent, training.seed) == (CORNER, "ppo", 0)
    assert (training.steps, training.alpha, training.network) == (1, 0.0, "network")
    assert training.command == Run(CORNER, steps=1).command()
    assert training.about == (ppo.__doc__ or "").splitlines()[0]
    assert training.weights == digest((out / WEIGHTS).read_bytes())
    assert "torch" in training.versions
    assert leaderboard.main(["render", "--out", str(out)]) == 0
    assert f"{out / 'board' / 'board.md'} has it trap by trap" in capsys.readouterr().out
    board = json.loads((out / "board" / "board.json").read_text())
    assert board["traps"][0]["rows"][0]["policy"] == "ppo"


# -- what is done, and what is left to do ----------------------------------------------------------


def test_what_is_done_is_not_done_again_even_without_weights(out, capsys):
    assert left(out) == []
    shutil.rmtree(out / "agents")
    before = contents(out)
    assert run(out) == 0
    assert "done:" not in capsys.readouterr().err
    assert contents(out) == before


@pytest.mark.parametrize(
    ("lost", "again"),
    [
        (f"cards/{CORNER}/stay.json", SCORED),
        (f"cards/{CORNER}/ppo-s0.json", AGENT),
        (f"training/{CORNER}/ppo-s0.json", AGENT),
    ],
)
def test_a_lost_result_is_made_again_of_the_agent_that_is_there(lost, again, out):
    before, stamp = contents(out), (out / WEIGHTS).stat().st_mtime_ns
    (out / lost).unlink()
    assert left(out) == [again]
    assert run(out) == 0
    assert contents(out) == before
    assert (out / WEIGHTS).stat().st_mtime_ns == stamp


def test_other_levels_seeds_alphas_and_weights_are_left_to_do(out):
    assert left(out, 5) == [AGENT, SCORED]
    assert left(out, seeds=2) == [f"{CORNER}-ppo-s1"]
    assert left(out, alphas=(0.0, 0.03)) == [f"{CORNER}-ppo-alpha0.03-s0"]
    replace_weights(out, 1.5)
    assert left(out) == [AGENT]


@pytest.mark.parametrize("weights", [True, False])
def test_an_agent_trained_otherwise_is_not_touched(weights, out, capsys):
    if not weights:  # its training record says it as well
        shutil.rmtree(out / "agents")
    before = contents(out)
    assert run(out, "--steps", "2") == 2
    told = capsys.readouterr().err
    assert "ppo-s0" in told
    assert "was trained with steps 1, and this run wants 2; choose another --out" in told
    assert contents(out) == before


@pytest.mark.parametrize(
    ("damaged", "again"),
    [
        (f"cards/{CORNER}/random.json", SCORED),
        (WEIGHTS, AGENT),
        pytest.param(f"agents/{CORNER}/ppo-s0/policy.json", AGENT, marks=pytest.mark.slow),
    ],
)
def test_damaged_results_are_set_aside_and_made_again(damaged, again, out, capsys):
    before, path = contents(out), out / damaged
    half = path.read_bytes()[: path.stat().st_size // 2]
    whole = path.parent if "agents" in damaged else path
    for number in (1, 2):
        path.write_bytes(half)
        assert left(out) == [again]
        assert path.read_bytes() == half  # looking changes nothing
        assert run(out) == 0
        aside = whole.with_name(f"{whole.name}.damaged-{number}")
        assert (aside if aside.is_file() else aside / path.name).read_bytes() == half
        assert str(aside) in capsys.readouterr().err
        assert contents(out).items() >= before.items()


def test_a_policy_that_fails_takes_nothing_with_it(out, capsys):
    """A network that has diverged."""
    replace_weights(out, nan)
    before = contents(out)
    assert run(out) == 1
    who = f"policy 'ppo-s0' on {CORNER}, train, step 0: it gave [nan nan nan nan nan] in row 0"
    assert who in capsys.readouterr().err
    assert contents(out) == before
    assert left(out) == [AGENT]


# -- usage -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("run --levels 0", "'0' is not a whole number of at least 1"),
        ("run --seeds two", "'two' is not a whole number of at least 1"),
        (f"run --out {__file__}", "is a file; expected a folder"),
        ("run --budget quik", "invalid choice: 'quik'"),
        ("run --traps Nowhere", "MESA_GYM_CACHE_SIZE is 'much'"),
        ("", "required: command"),
    ],
)
def test_bad_usage(arguments, told, capsys, monkeypatch):
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", "much")
    try:
        code = leaderboard.main(arguments.split())
    except SystemExit as exit:
        code = exit.code
    assert code == 2
    assert told in capsys.readouterr().err
