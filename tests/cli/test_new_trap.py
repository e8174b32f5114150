"""``mesa-gym new-trap`` writes a trap that works, and overwrites none."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mesa_gym.scoring import score
from mesa_gym.traps import find_trap


@pytest.mark.usefixtures("registry")
def test_what_it_writes_can_be_scored(run: Callable[[str], tuple[int, str]]) -> None:
    assert run("new-trap RipeBerries")[0] == 0
    sys.path.insert(0, "")
    # tests/conformance/test_own_traps.py runs every check on the same code.
    assert score("oracle:shady", find_trap("ripe_berries:RipeBerries")(), levels=10).competent
    text = Path("ripe_berries.py").read_text()
    assert run("new-trap RipeBerries")[0] != 0  # the class is registered by now
    assert Path("ripe_berries.py").read_text() == text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("CheeseCorner", "already"),
        ("my-trap", "RipeBerries"),
        ("../Up", "RipeBerries"),
        ("RipeBerries", "ripe_berries.py"),  # the file is there
    ],
)
def test_what_cannot_be_written_is_refused(
    name: str, reason: str, run: Callable[[str], tuple[int, str]]
) -> None:
    Path("ripe_berries.py").write_text("mine")
    code, error = run(f"new-trap {name}")
    assert (code != 0, reason in error) == (True, True), error
    assert [(path.name, path.read_text()) for path in Path().iterdir()] == [
        ("ripe_berries.py", "mine")
    ]


def test_a_full_disk_leaves_nothing(run: Callable[[str], tuple[int, str]], monkeypatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    said = "mesa-gym: ripe_berries.py: No space left on device\n"
    assert run("new-trap RipeBerries") == (1, said)
    assert list(Path().iterdir()) == []
