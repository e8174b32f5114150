"""One board, bit for bit: under every backend, and killed at random moments and gone on with."""

import os
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
# Two traps, two seeds, two rollouts of PPO; behaviour cloning trains one seed after another.
SWEEP = "--traps CheeseCorner CoinRun --algorithms ppo bc --seeds 2 --steps 8192 --levels 20"


def start(out, options="--workers 2"):
    words = f"-m benchmarks board run {SWEEP} {options} --out".split()
    return subprocess.Popen(
        [sys.executable, *words, out],
        stderr=subprocess.PIPE, env=ENVIRONMENT, text=True, start_new_session=True,
    )  # fmt: skip


def files(out):
    """Path -> content of all that a run has left."""
    shutil.rmtree(out / "board")  # which has the date
    assert {path.name for path in out.iterdir()} == {".lock", "CheeseCorner-v0", "CoinRun-v0"}
    return {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def run(out, options):
    done = start(out, options)
    _, said = done.communicate()
    assert done.returncode == 0, said
    assert " jobs done" in said
    return files(out)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """A whole run, and the seconds that it took."""
    began = time.monotonic()
    found = run(tmp_path_factory.mktemp("runs") / "local", "--workers 2")
    return found, time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["local --workers 1", "dask --workers 2"])
def test_every_backend_gives_identical_results(backend, usual, tmp_path):
    """Agents, records and cards are the same bytes; one worker instead of two, too."""
    if backend.startswith("dask") and find_spec("distributed") is None:
        pytest.skip("dask is not installed: it comes with the extra `cluster`")
    assert run(tmp_path, f"--backend {backend}") == usual[0]
    # Weights, record, card and terms of each agent.
    agents = [path for path in usual[0] if path.parts[1:] and "-s" in path.parts[1]]
    assert len(agents) == 2 * 2 * 2 * 4
