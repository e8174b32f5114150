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
SWEEP = "--traps CheeseCorner CoinRun --seeds 2 --steps 8192 --levels 20 --backend"


def run(out: Path, options: str) -> dict[str, bytes]:
    """All that a run leaves, apart from its weights."""
    command = f"-m benchmarks.leaderboard run {SWEEP} {options} --out".split()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    done = subprocess.run(
        [sys.executable, *command, out], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "6 of 6 units done" in done.stderr
    assert {path.name for path in out.iterdir()} == {".work", "agents", "cards", "training"}
    assert not [path for path in (out / ".work").iterdir() if path.is_dir()]
    files = [path for path in out.rglob("*.json") if path.name != "policy.json"]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return run(tmp_path_factory.mktemp("runs") / "local", "local --workers 2")


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["local --workers 1", "dask --workers 2", "ray --workers 2"])
def test_every_backend_gives_identical_results(backend: str, usual, tmp_path: Path) -> None:
    """Cards and training records are the same bytes; one worker instead of two, too."""
    name = backend.split()[0]
    if name != "local" and find_spec("distributed" if name == "dask" else name) is None:
        pytest.skip(f"{name} is not installed: it comes with the extra `cluster`")
    assert run(tmp_path / "out", backend) == usual
    cards = [name for name in usual if name.startswith("cards")]
    assert (len(cards), len(usual)) == (2 * (2 + 6), 2 * (2 + 6) + 2 * 2)
