"""A board that is killed at random moments and gone on with is, bit for bit, one that was not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
KILLS = 30
# Two runs train the same agents in different times; every other byte is the same.
TIMED = {"seconds"}


def start(out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "support" / "small_board.py"), str(out)],
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )


def files(out: Path) -> dict[str, bytes]:
    """Return path -> content of all results, without the seconds that something took."""
    found = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        name = str(path.relative_to(out))
        if name.startswith(".work"):
            assert path.suffix == ".lock"
        elif name.startswith("tracks"):
            record = json.loads(path.read_bytes())
            assert record.keys() >= TIMED
            found[name] = json.dumps({k: v for k, v in record.items() if k not in TIMED}).encode()
        else:
            found[name] = path.read_bytes()
    return found


@pytest.mark.slow
def test_thirty_kills_change_no_byte(tmp_path: Path) -> None:
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
        print(f"kill {number}: {'at work' if unfinished else 'over'}, {len(files(killed))} files")
    assert start(killed).wait() == 0
    assert files(killed) == files(whole)
