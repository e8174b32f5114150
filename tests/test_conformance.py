"""Every trap of the package passes the battery and gives the digests of its version."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mesa_gym.testing import CERTIFICATES, MECHANICS, check_digest, check_name
from mesa_gym.testing.check import Check
from mesa_gym.traps import Trap, all_traps

# Made once, so that checks share the states that they look at.
TRAPS = {name: trap() for name, trap in all_traps().items()}
DIGESTS = Path(__file__).parent / "digests"
LEVELS = 12

each_trap = pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)


@pytest.mark.parametrize("check", [*MECHANICS, *CERTIFICATES], ids=check_name)
@each_trap
def test_conforms(trap: Trap, check: Check) -> None:
    check(trap, LEVELS)


@pytest.mark.slow
@pytest.mark.parametrize("check", CERTIFICATES, ids=check_name)
@each_trap
def test_is_certified_on_all_evaluation_levels(trap: Trap, check: Check) -> None:
    check(trap, 1000)


@each_trap
def test_has_not_changed(trap: Trap) -> None:
    check_digest(trap, DIGESTS)


def test_no_finished_trap_has_gone() -> None:
    assert {path.stem for path in DIGESTS.glob("*.json")} <= TRAPS.keys()


def test_another_process_gives_the_same_digests(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "mesa_gym.testing", "digests", "--folder", str(tmp_path)],
        env={**os.environ, "PYTHONHASHSEED": "11"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    for name in TRAPS:
        kept = (DIGESTS / f"{name}.json").read_text()
        assert (tmp_path / f"{name}.json").read_text() == kept
