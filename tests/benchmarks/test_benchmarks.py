"""The benchmarks' commands: the board, speed, and their entry."""

import argparse
import ctypes
import re
import shutil
import subprocess
from itertools import product
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from agents.jobs import agents as agent_jobs
from agents.jobs import runner
from agents.jobs.agents import read_results
from agents.jobs.job import do_job, find_missing
from agents.run import Run
from benchmarks import speed
from benchmarks.__main__ import main
from benchmarks.board import commands as leaderboard
from benchmarks.plan import list_single_traps
from benchmarks.speed_works import GRID
from mesa_gym.policies import references
from mesa_gym.policies.agent_files import WEIGHTS_FILE, AgentRecord, digest_weights
from mesa_gym.report import read_committed
from mesa_gym.report.committed import list_committed, read_origins
from mesa_gym.scoring import Cards
from mesa_gym.terminal import say
from mesa_gym.traps import find_trap
from tests.support.refusals import refusals

SHIFTS = np.array([[-1, 0], [1, 0], [0, -1], [0, 1], [0, 0]])  # of the actions, rows and columns


class GridInC(ctypes.Structure):
    """The head of the grid in C: its arrays are views of C's memory."""

    _fields_ = (
        ("n", ctypes.c_int),
        ("planes", ctypes.c_int),
        ("rooms", ctypes.c_void_p),
        ("observations", ctypes.POINTER(ctypes.c_uint8)),
        ("rewards", ctypes.POINTER(ctypes.c_float)),
        ("ended", ctypes.POINTER(ctypes.c_uint8)),
    )


def run_here(jobs, out, workers=None):
    """Do the jobs of ``runner.run`` one after another; errors are raised."""
    for job in jobs:
        if find_missing(job.results, out):
            do_job(job, out)
            say(f"done: {job.name}")
    return {}


@pytest.fixture(autouse=True)
def jobs_run_here(monkeypatch):
    """Starting a process that imports torch takes seconds."""
    monkeypatch.setattr(runner, "run", run_here)


test_bad_usage_is_named_before_work = refusals("benchmarks", "usage", globals())


# -- device ----------------------------------------------------------------------------------------
@pytest.mark.thorough
def test_device_names_compiling_and_steps(capsys):
    """Its own thread's programs are counted by name, and JAX's steps equal NumPy's."""
    from benchmarks import device

    command = "--traps CheeseCorner --seeds 1 --steps 4096 --environments 64 --device cpu"
    assert device.main(command.split()) == 0
    output = capsys.readouterr().out
    seconds = re.search(r"compiling +([\d.]+) \(update ([\d.]+), play ([\d.]+)\)", output)
    total, update, play = map(float, seconds.groups())
    assert total >= update + play > 0
    assert re.search(r"CheeseCorner-v0 +64 environments +[\d.]+ M steps/s +243 bytes", output)
    assert "0 steps of 1 x 51200 differ" in output


# -- speed -----------------------------------------------------------------------------------------
@pytest.fixture
def measured(monkeypatch, tmp_path):
    """The runs of a measurement, whose seconds are given; figures go into ``tmp_path``."""
    runs = []

    def measure(code, tree, cache):
        runs.append((code, tree.name == "old", cache))
        turn = sum(run[:2] == runs[-1][:2] for run in runs)
        return float(code) * turn * (2 if tree.name == "old" else 1)

    works = {"one row": {"first": "1", "kept": "10"}, "another": {"first": "3", "kept": "nan"}}
    monkeypatch.setattr(speed, "measure_once", measure)
    steps = {"a trap": {"1": "2", "8,192 in C": "3"}}
    monkeypatch.setattr(speed, "TABLES", {"waits": works, speed.STEP_RATES: steps})
    monkeypatch.setattr(speed, "SPEED_STUDY", tmp_path)
    return runs


def test_speed_cells_are_medians_of_turns(measured, tmp_path, capsys):
    assert speed.main(["--against", str(tmp_path / "old"), "--runs", "3", "--only", "one"]) == 0
    row = "waits: one row: first 4.000 -> 2.000, kept 40.000 -> 20.000"
    assert capsys.readouterr().out.splitlines() == [row]
    turns = [("1", True), ("1", False), ("10", True), ("10", False)]
    assert [run[:2] for run in measured] == turns * 3
    # A run has a cache for each checkout, which its columns share.
    assert len({cache for *_, cache in measured}) == 6
    assert measured[0][2] == measured[2][2]


def test_speed_keeps_figures_of_other_rows(measured):
    """A row without a work leaves the table, and works give the order."""
    file = speed.find_table("waits")
    file.write_text(",first,kept\ngone,1.00,2.00\nanother,3.00,4.00\n")
    assert speed.main(["--runs", "1", "--only", "one row"]) == 0
    assert file.read_text() == ",first,kept\none row,1.00,10.00\nanother,3.00,4.00\n"


def test_speed_failed_row_keeps_its_figures(measured):
    file = speed.find_table("waits")
    file.write_text(",first,kept\nanother,3.00,4.00\n")
    assert speed.main(["--runs", "1", "--only", "another"]) == 1
    assert file.read_text() == ",first,kept\nanother,3.00,4.00\n"


def test_speed_of_steps_is_in_millions(measured):
    """10,000 steps of one environment take 2 s, and 192 of 8,192 environments take 3 s."""
    assert speed.main(["--runs", "1", "--only", "steps"]) == 0
    assert speed.read_table("steps") == {"a trap": {"1": "0.005", "8,192 in C": "0.52"}}


def test_speed_tables_have_rows_of_works():
    for table, works in speed.TABLES.items():
        assert [*speed.read_table(table)] == [*works], f"python -m benchmarks.speed --only {table}:"


@pytest.mark.thorough
def test_speed_measures_from_where_code_begins(tmp_path, capsys):
    """The work of a process before is left out; one that fails is named, and is nan."""
    waste = "x = [i * i for i in range(3_000_000)]\n"
    begins = ("", "began = now()")
    total, part = (speed.measure_once(waste + code, tmp_path, tmp_path) for code in begins)
    assert 0 <= part < total
    assert speed.measure_once("import not_there", tmp_path, tmp_path) != 0
    assert "No module named 'not_there'" in capsys.readouterr().err


@pytest.mark.thorough
@pytest.mark.parametrize("column", speed.TABLES[speed.STEP_RATES]["CheeseCorner, 3 planes"])
def test_speed_steps_run_in_this_checkout(column, tmp_path):
    code = speed.TABLES[speed.STEP_RATES]["CheeseCorner, 3 planes"][column]
    assert speed.measure_once(code, speed.HERE, tmp_path) > 0


@pytest.mark.thorough
@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_grid_in_c_has_stated_rules(tmp_path):
    """One agent, one goal, walls; pay for the goal, which begins another episode."""
    file = tmp_path / "grid.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", str(GRID), "-o", str(file)], check=True)
    library = ctypes.CDLL(str(file))
    library.make.restype = ctypes.POINTER(GridInC)
    n, planes = 64, 4
    grid = library.make(n, planes)
    observations = np.ctypeslib.as_array(grid.contents.observations, (n, planes, 9, 9))
    rewards, ended = (
        np.ctypeslib.as_array(array, (n,)) for array in (grid.contents.rewards, grid.contents.ended)
    )
    rng, total = np.random.default_rng(0), 0
    before = observations.copy()
    for _ in range(200):
        actions = rng.integers(0, 5, n)
        library.step(grid, ctypes.c_void_p(actions.ctypes.data))
        assert (observations[:, :2].sum((2, 3)) == 1).all()
        assert not observations[:, 3].any()
        assert not (observations[:, 0] & observations[:, 2]).any()
        running = ~ended.astype(bool)
        assert (observations[running, 1:] == before[running, 1:]).all()
        for row in np.flatnonzero(running):
            y, x = np.argwhere(before[row, 0])[0] + SHIFTS[actions[row]]
            free = 0 <= y < 9 and 0 <= x < 9 and not before[row, 2, y, x]
            moved = observations[row, 0] if free else before[row, 0]
            assert (np.argwhere(observations[row, 0]) == np.argwhere(moved)).all()
            assert not free or observations[row, 0, y, x]
        assert (ended[rewards == 1] == 1).all()
        total += rewards.sum()
        before = observations.copy()
    assert total > 0


# -- commands --------------------------------------------------------------------------------------
SINGLE = list_single_traps()
CORNER = "CheeseCorner-v0"
OPTIONS = {"levels": "4", "seeds": "1", "steps": "1", "traps": "CheeseCorner"}
AGENT, REFERENCES = f"{CORNER}/ppo-s0", f"{CORNER}/references"


def run(out, **options):
    words = [word for name, value in (OPTIONS | options).items() for word in (f"--{name}", value)]
    return main(["board", "run", *words, "--out", str(out)])


@pytest.fixture(scope="module")
def run_once(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture
def out(run_once, tmp_path, monkeypatch):
    """A copy of a run with few levels and hardly trained agents, which a test may change."""
    monkeypatch.setattr(leaderboard, "write_pages", lambda board, folder: folder / "index.html")
    if not (run_once / AGENT).exists():
        assert run(run_once) == 0
    return Path(shutil.copytree(run_once, tmp_path / "run"))


def contents(folder):
    """Return the files in a folder, without the seconds that a result took."""
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {path: re.sub(rb'"seconds": [\d.]+', b"", text) for path, text in files.items()}


@pytest.mark.thorough
def test_board_run_writes_agents_with_cards(out):
    names = {name.replace(":", "-") for name in references(find_trap(CORNER))}
    assert {path.stem for path in (out / REFERENCES).iterdir()} == {*names, "done"}
    record = AgentRecord.load(out / AGENT / "policy.json")
    (card,) = Cards.load(out / AGENT / "card.json")
    named = (record.name, record.agent, record.kind, card.policy)
    assert named == ("ppo-s0", "ppo", "mlp", "ppo-s0")
    assert record.command == card.provenance.command == Run(CORNER, steps=1).command()
    assert record.weights_digest == digest_weights((out / AGENT / WEIGHTS_FILE).read_bytes())
    assert card.provenance.digest
    assert {x.policy for x in read_results(out)} == {"ppo-s0", *references(find_trap(CORNER))}


@pytest.mark.thorough
def test_board_run_prints_board_and_page(out, capsys):
    assert run(out) == 0
    printed = capsys.readouterr()
    assert "0 of" not in printed.err
    assert printed.out.startswith(
        "When the two goals conflict, which one does each agent pursue?\n"
    )
    assert re.search(r"^ppo \*? +fails task", printed.out, re.MULTILINE)
    assert printed.out.endswith(f"The page: {out / 'board' / 'index.html'}\n")
    assert max(map(len, printed.out.splitlines()[:-1])) <= 90


@pytest.mark.thorough
def test_board_commit_packs_agents_with_commands(out, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "cards"
    folder.mkdir()
    monkeypatch.setattr("mesa_gym.report.committed.FOLDER", folder)
    assert main(["board", "commit", "--out", str(out)]) == 0
    assert str(folder / "ppo.jsonl.xz") in capsys.readouterr().out
    (card,) = read_committed("ppo")
    assert card.provenance.command == Run(CORNER, steps=1).command()
    names = {x.policy for x in read_committed()}
    assert names == {"ppo-s0", "oracle:cheese", "nearest", "sweeper", "random"}
    origin = read_origins()["ppo"]
    assert (origin.by, origin.standing) == ("mesa_gym", "ours")
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", origin.made)
    assert origin.link.endswith("/tree/main/agents")
    assert origin.command.endswith("board run --algorithms ppo --traps all --seeds 1")
    (folder / "references.jsonl.xz").unlink()
    assert main(["board", "commit", "--out", str(out), "--agents", "ppo"]) == 0
    assert list_committed() == ["ppo"]


@pytest.mark.thorough
def test_board_run_with_other_settings_is_refused(out, capsys):
    before = contents(out)
    for name, value, message in (
        ("steps", "2", "was made with steps 1, and this run wants 2; choose another --out"),
        ("levels", "5", "with levels 4, and this run wants 5"),
    ):
        assert run(out, **{name: value}) == 2
        assert message in capsys.readouterr().err
        assert contents(out) == before


@pytest.mark.thorough
def test_agents_added_later_equal_agents_at_once(out, tmp_path, monkeypatch):
    """Only missing agents are trained, in one call."""
    once, train_runs = tmp_path / "once", Mock(side_effect=agent_jobs.train_runs)
    monkeypatch.setattr(agent_jobs, "train_runs", train_runs)
    assert run(out, seeds="2") == run(once, seeds="2") == 0
    trained = [[run.seed for run in call.args[0]] for call in train_runs.mock_calls]
    assert trained == [[1], [0, 1]]
    assert {once / path.relative_to(out): x for path, x in contents(out).items()} == contents(once)


def test_board_lists_no_committed_reference_jobs():
    runs = [Run(CORNER, steps=1), Run("MonsterWorld", steps=1)]
    names = {job.name for job in leaderboard.list_jobs(runs, 4, [CORNER])}
    assert REFERENCES not in names
    assert "MonsterWorld-v0/references" in names


def chosen(options=""):
    """Return the trainings that a command line asks for."""
    parser = argparse.ArgumentParser()
    leaderboard.BOARD_ACTIONS["run"].add_arguments(parser)
    return leaderboard.choose_runs(parser.parse_args(options.split()))


def test_board_steps_are_those_of_each_run():
    assert {run.steps for run in chosen("--steps 7 --seeds 1")} == {7}


@pytest.mark.thorough
def test_board_options_list_the_runs():
    assert len(chosen("--traps all --algorithms taught --alpha 0 0.03")) == len(SINGLE) * 2 * 3
    one_each = chosen("--seeds 1 --traps CheeseCorner FollowMe")
    assert [(run.name, run.steps) for run in one_each] == [("ppo-s0", 600_000), ("ppo-s0", 10**6)]
    assert {run.steps for run in chosen()} == {200_000}
    committed = chosen("--budget leaderboard")
    assert len(committed) == len({*committed})
    expected = product((trap.name() for trap in SINGLE), range(3))
    assert {(x.trap, x.seed) for x in committed if x.algo == "sb3-ppo"} == {*expected}
