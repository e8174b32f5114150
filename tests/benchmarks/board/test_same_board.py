"""One board, bit for bit: under every backend, and killed at random moments and gone on with."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from strangers import LAZY

from benchmarks.board.budgets import AgentGrid, Budget
from benchmarks.board.commands import list_jobs
from benchmarks.jobs import runner
from benchmarks.tracks.running import Evaluation
from benchmarks.tracks.tasks import find_task

KILLS, STEPS, LEVELS, SEEDS = 30, 20_000, 30, 2
TRAPS = ("CheeseCorner", "CheeseDish")
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


def jobs(out):
    """The jobs of a small board of agents, reference policies and methods."""
    budget = Budget((AgentGrid(("ppo", "bc"), TRAPS, SEEDS),), out)
    found = list_jobs([replace(run, steps=STEPS) for run in budget.runs()], LEVELS)
    found += [
        Evaluation(LAZY, find_task(name, seed), LEVELS).describe()
        for name in TRAPS
        for seed in range(SEEDS)
    ]
    return found


def start(out):
    return subprocess.Popen(
        [sys.executable, __file__, str(out)],
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        start_new_session=True,
    )


def files(out):
    """Path -> content of all results, without the seconds that something took."""
    found = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        name = str(path.relative_to(out))
        if name.startswith(".work"):
            assert path.suffix == ".lock"
        elif name.startswith("methods") and path.suffix == ".json":
            record = json.loads(path.read_bytes())
            del record["record"]["seconds"]
            found[name] = json.dumps(record).encode()
        elif not name.startswith("methods"):  # a label has the digest of the seconds too
            found[name] = path.read_bytes()
    return found


@pytest.mark.slow
def test_thirty_kills_change_no_byte(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    began = time.monotonic()
    assert start(whole).wait() == 0
    seconds, rng = time.monotonic() - began, np.random.default_rng()
    print(f"a run takes {seconds:.0f} s")
    for number in range(KILLS):
        run = start(killed)
        # The first half second is Python's start, in which there is nothing to kill.
        time.sleep(0.5 + rng.uniform(0, seconds / 8))
        unfinished = run.poll() is None
        # Every other time the process alone, whose units must end with it.
        (os.killpg if number % 2 else os.kill)(run.pid, signal.SIGKILL)
        run.wait()
        kept = [path for path in killed.rglob("*.json") if ".work" not in path.parts]
        print(f"kill {number}: {'at work' if unfinished else 'over'}, {len(kept)} records")
    assert start(killed).wait() == 0
    assert files(killed) == files(whole)


# -- backends --------------------------------------------------------------------------------------

# Two traps, two seeds, two rollouts of PPO.
SWEEP = "--traps CheeseCorner CoinRun --seeds 2 --steps 8192 --levels 20 --backend"


def run(out, options):
    """All that a run leaves."""
    command = [sys.executable, *f"-m benchmarks board run {SWEEP} {options} --out".split()]
    done = subprocess.run([*command, out], env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "4 of 4 jobs done" in done.stderr
    assert {path.name for path in out.iterdir()} == {".work", "agents", "cards", "training"}
    assert not [path for path in (out / ".work").iterdir() if path.is_dir()]
    return files(out)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return run(tmp_path_factory.mktemp("runs") / "local", "local --workers 2")


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["local --workers 1", "dask --workers 2"])
def test_every_backend_gives_identical_results(backend, usual, tmp_path):
    """Agents, records and cards are the same bytes; one worker instead of two, too."""
    name = backend.split()[0]
    if name == "dask" and find_spec("distributed") is None:
        pytest.skip("dask is not installed: it comes with the extra `cluster`")
    assert run(tmp_path / "out", backend) == usual
    # Cards of agents and references, and records, with labels; agents of two files and a label.
    assert len(usual) == 2 * (2 * (2 + 7) + 2 * 2) + 3 * 2 * 2


if __name__ == "__main__":
    sys.exit(bool(runner.run(jobs(Path(sys.argv[1])), Path(sys.argv[1]), workers=2)))
