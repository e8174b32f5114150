"""What the README shows runs as it stands there."""

from __future__ import annotations

import re
import shlex
from functools import partial
from pathlib import Path

import pytest

from agents import train
from mesa_gym import cli, scoring

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("levels", [8, pytest.param(1000, marks=pytest.mark.slow)])
def test_python_snippets_run_one_after_the_other(
    levels: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "score", partial(scoring.score, levels=levels))
    snippets = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert snippets
    names: dict[str, object] = {}
    for snippet in snippets:
        exec(snippet, names)
    shown = capsys.readouterr().out
    assert "'door': " in shown
    assert "incapable" in shown


def test_commands_are_understood() -> None:
    """Each command of the README parses; what it does is tested elsewhere."""
    commands = [line.split("#")[0] for line in README.splitlines() if line.startswith("mesa-gym ")]
    assert len(commands) >= 4
    for command in commands:
        cli._parser().parse_args(shlex.split(command)[1:])
    (training,) = re.findall(r"^python -m agents\.train (.*)$", README, flags=re.MULTILINE)
    train._parser().parse_args(shlex.split(training))


def test_linked_files_exist() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
