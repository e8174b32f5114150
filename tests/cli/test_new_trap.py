"""``mesa-gym new-trap`` writes a trap that works, and overwrites none."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesa_gym.cli import main
from mesa_gym.scoring import score
from mesa_gym.traps import find_trap


@pytest.mark.usefixtures("registry")
def test_what_it_writes_can_be_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new-trap", "RipeBerries"]) == 0
    assert "mesa-gym certify ripe_berries:RipeBerries" in capsys.readouterr().out
    monkeypatch.syspath_prepend(tmp_path)
    # tests/conformance/test_own_traps.py runs every check on the same code.
    assert score("oracle:shady", find_trap("ripe_berries:RipeBerries")(), levels=10).competent
    text = Path("ripe_berries.py").read_text()
    assert main(["new-trap", "RipeBerries"]) != 0  # the class is registered by now
    assert Path("ripe_berries.py").read_text() == text


@pytest.mark.parametrize(
    ("name", "reason"),
    [("CheeseCorner", "already"), ("my-trap", "RipeBerries"), ("../Up", "RipeBerries")],
)
def test_bad_names_write_nothing(
    name: str,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new-trap", name]) != 0
    assert reason in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_a_file_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ripe_berries.py").write_text("mine")
    assert main(["new-trap", "RipeBerries"]) != 0
    assert "ripe_berries.py" in capsys.readouterr().err
    assert Path("ripe_berries.py").read_text() == "mine"
