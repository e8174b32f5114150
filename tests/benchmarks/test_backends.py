"""The same sweep under every backend, by the command."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Two traps, two seeds, two rollouts of PPO.
SWEEP = ["--traps", "CheeseCorner", "CoinRun", "--seeds", "2", "--steps", "8192", "--levels", "20"]


def run(out: Path, *options: str) -> dict[str, bytes]:
    """All that a run leaves, apart from its weights."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "benchmarks.leaderboard", "run", *SWEEP, "--out", str(out)]
    done = subprocess.run(
        [*command, *options], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "6 of 6 units done" in done.stderr
    assert {path.name for path in out.iterdir()} == {".work", "agents", "cards", "training"}
    assert not [path for path in (out / ".work").iterdir() if path.is_dir()]
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*.json")
        if path.name != "policy.json"
    }


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """Do a sweep with two workers on this machine; return the files that it leaves."""
    return run(tmp_path_factory.mktemp("runs") / "local", "--workers", "2")


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["local", "dask", "ray"])
def test_every_backend_gives_identical_results(backend, usual, tmp_path):
    """Cards and training records are the same bytes; one worker instead of two, too."""
    needed = {"local": "joblib", "dask": "distributed", "ray": "ray"}[backend]
    if find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed: it comes with the extra `cluster`")
    workers = "1" if backend == "local" else "2"
    found = run(tmp_path / "out", "--backend", backend, "--workers", workers)
    cards = [name for name in usual if name.startswith("cards")]
    assert len(cards) == 2 * (2 + 6)
    assert len(usual) == len(cards) + 2 * 2
    assert found == usual
