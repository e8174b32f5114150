"""Runs of the quick board: in worker processes, resumed, damaged, interrupted."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from agents.train import Run
from benchmarks import leaderboard, pool
from benchmarks.progress import Report
from benchmarks.results import Results, agent_path
from benchmarks.units import Plan, left_to_do
from mesa_gym.policies import references
from mesa_gym.traps import all_traps, find_trap

ROOT = Path(__file__).parent.parent
CORNER = "CheeseCorner-v0"


# -- units in worker processes ---------------------------------------------------------------------


def make(name, folder, progress):
    progress(0.5)
    (folder / "made").mkdir()
    (folder / "made" / name).write_text("done")


def make_half(name, error, folder, progress):
    make(name, folder, progress)
    raise error


def die(folder, progress):
    os._exit(7)


class Notes(Report):
    def __init__(self):
        self.lines, self.shares = [], []

    def show(self, share, running):
        self.shares.append(share)

    def note(self, line):
        self.lines.append(line)


def unit(name, work, *after):
    return pool.Unit(name, work, (Path("made", name),), 1.0, frozenset(after))


def test_units_run_in_order_and_failures_stop_only_what_needs_them(tmp_path):
    notes = Notes()
    units = [
        unit("late", partial(make, "late"), "early"),
        unit("early", partial(make, "early")),
        unit("bad", partial(make_half, "bad", ValueError("no such thing"))),
        unit("bug", partial(make_half, "bug", KeyError("x"))),
        unit("dead", die),
        unit("hopeless", partial(make, "hopeless"), "bad"),
    ]
    failed = pool.run(units, 2, tmp_path, notes)
    assert failed.keys() == {"bad", "bug", "dead", "hopeless"}
    assert failed["bad"] == "no such thing"
    assert "Traceback" in failed["bug"]
    assert failed["dead"].endswith("exit code 7")
    assert failed["hopeless"] == "not tried, because this failed: bad"
    assert notes.lines.index("done: early") < notes.lines.index("done: late")
    assert notes.shares == sorted(notes.shares)
    # Nothing of what failed is left, nor a scratch folder.
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert left == ["made", "made/early", "made/late"]


# -- runs: resumed, damaged, interrupted -----------------------------------------------------------

PLAN = Plan(levels=4, seeds=1, steps=1, names=("CheeseCorner",))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A whole run, of one trap, agents that have hardly learnt, and few levels."""
    out = tmp_path_factory.mktemp("run")
    options = ["--levels", str(PLAN.levels), "--seeds", "1", "--steps", "1"]
    assert leaderboard.main(["run", *options, "--traps", *PLAN.names, "--out", str(out)]) == 0
    return out


@pytest.fixture
def results(finished, tmp_path):
    """A copy of that run which a test may spoil."""
    # A copy that keeps the times, as an agent and its card are told apart by them.
    shutil.copytree(finished, tmp_path / "run")
    return Results(tmp_path / "run", lambda line: None)


def names(units):
    return sorted(unit.name for unit in units)


def test_a_run_leaves_what_render_needs(results, capsys):
    cards = {path.stem for path in (results.folder / "cards" / CORNER).iterdir()}
    assert cards == {"ppo-s0", *(name.replace(":", "-") for name in references(find_trap(CORNER)))}
    assert leaderboard.main(["render", "--out", str(results.folder)]) == 0
    assert "CheeseCorner-v0: base cheese, proxy corner" in capsys.readouterr().out
    board = json.loads((results.folder / "board.json").read_text())
    assert board["traps"][0]["rows"][0]["policy"] == "ppo"
    assert (results.folder / "board.md").read_text().startswith("# Leaderboard")
    assert "One episode under shift" in (results.folder / "board.html").read_text()


def test_what_is_done_is_not_done_again(results):
    assert left_to_do(PLAN, results) == []


def test_traps_and_algorithms_are_chosen_by_name(results):
    plan = replace(PLAN, names=("all",), algorithms=("ppo", "ppo-cnn"))
    assert [cls.name() for cls in plan.traps()] == list(all_traps())
    assert {run.algo for run in plan.runs(CORNER)} == {"ppo", "ppo-cnn"}
    with pytest.raises(ValueError, match="Did you mean 'CoinRun'"):
        replace(PLAN, names=("CoinRum",)).traps()
    both = replace(PLAN, algorithms=("ppo", "ppo-cnn"))
    assert f"train {CORNER}-ppo-cnn-s0" in names(left_to_do(both, results))


def test_other_levels_are_scored_and_a_second_seed_is_trained(results):
    assert names(left_to_do(replace(PLAN, levels=5), results)) == [f"score {CORNER}"]
    assert names(left_to_do(replace(PLAN, seeds=2), results)) == [
        f"score {CORNER}",
        f"train {CORNER}-ppo-s1",
    ]


def test_a_new_agent_is_scored_anew(results):
    policy = results.folder / agent_path(Run(CORNER)) / "policy.json"
    later = time.time_ns() + 10**9
    os.utime(policy, ns=(later, later))
    units = left_to_do(PLAN, results)
    assert names(units) == [f"episode {CORNER}", f"score {CORNER}"]
    (scoring,) = (unit for unit in units if unit.name.startswith("score"))
    assert scoring.makes == (Path("cards", CORNER, "ppo-s0.json"),)


def test_an_agent_trained_otherwise_is_not_touched(results):
    with pytest.raises(ValueError, match="trained with steps 1, and this run wants 2; choose"):
        left_to_do(replace(PLAN, steps=2), results)


@pytest.mark.parametrize(
    ("damaged", "again"),
    [
        (f"cards/{CORNER}/random.json", ["score"]),
        (f"episodes/{CORNER}.json", ["episode"]),
        (f"agents/{CORNER}-ppo-s0/policy.json", ["episode", "score", "train"]),
        (f"agents/{CORNER}-ppo-s0/weights.safetensors", ["episode", "score", "train"]),
    ],
)
def test_damaged_results_are_set_aside_and_made_anew(results, damaged, again):
    notes = []
    results.note = notes.append
    path = results.folder / damaged
    half = path.read_bytes()[: path.stat().st_size // 2]
    whole = path if path.suffix == ".json" and "agents" not in damaged else path.parent
    for number in (1, 2):
        whole.parent.mkdir(exist_ok=True)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(half)
        kinds = [name.split()[0] for name in names(left_to_do(PLAN, results))]
        assert kinds == again
        aside = whole.with_name(f"{whole.name}.damaged-{number}")
        assert not whole.exists()
        kept = aside if aside.is_file() else aside / path.name
        assert kept.read_bytes() == half
        assert str(aside) in notes[-1]


def test_render_says_what_to_do(results, tmp_path, capsys):
    assert leaderboard.main(["render", "--out", str(tmp_path / "nothing")]) != 0
    assert "benchmarks.leaderboard run --out" in capsys.readouterr().err
    damaged = results.folder / "cards" / CORNER / "stay.json"
    damaged.write_text("{")
    assert leaderboard.main(["render", "--out", str(results.folder)]) != 0
    told = capsys.readouterr().err
    assert str(damaged) in told
    assert "sets the damaged file aside" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "--levels", "0"], "'0' is no whole number of at least 1"),
        (["run", "--seeds", "two"], "'two' is no whole number of at least 1"),
        (["run", "--steps", "-5"], "'-5' is no whole number of at least 1"),
        (["run", "--out", __file__], "is a file; expected a folder"),
        (["rum"], "invalid choice: 'rum'"),
        ([], "required: command"),
    ],
)
def test_bad_usage(arguments, told, capsys):
    with pytest.raises(SystemExit) as exit:
        leaderboard.main(arguments)
    assert exit.value.code == 2
    assert told in capsys.readouterr().err


def test_interrupting_leaves_no_half_files(tmp_path):
    """Ctrl-C reaches the workers of the terminal as well; only the parent answers."""
    out = tmp_path / "run"
    command = [sys.executable, "-m", "benchmarks.leaderboard", "run", "--levels", "2"]
    process = subprocess.Popen(
        [*command, "--steps", "50000000", "--out", str(out)],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(list(out.glob(".work-*/*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)  # the workers are importing by now
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told == (
        f"leaderboard: interrupted; what was done is kept in {out}, and the same command goes on"
        " from there\n"
    )
    assert list(out.iterdir()) == []
    while True:  # until no process of the group is left
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
