"""The public API changes only together with its listing."""

import re
import shutil
from pathlib import Path

import pytest

from docs import public_api
from docs.public_api import MODULES, find_changes, list_public, read_listing

ROOT = Path(__file__).parents[2]
NEW = '''class Sum:
    """A new class."""

    def of(self, levels: int) -> int:
        """A new method."""
'''


def test_the_listing_is_up_to_date():
    assert find_changes(read_listing(), list_public()) == [], "run `make api`"


def test_the_page_lists_the_public_modules():
    page = (ROOT / "docs" / "reference" / "index.md").read_text()
    assert set(re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE)) == set(MODULES)


@pytest.mark.thorough
def test_what_is_added_removed_or_changed_is_seen(tmp_path):
    """In a copy of the package, whose source is changed."""
    shutil.copytree(
        ROOT / "mesa_gym", tmp_path / "mesa_gym", ignore=shutil.ignore_patterns("__pycache__")
    )
    before = list_public(tmp_path)
    assert before == list_public()

    for file, old, new in (
        ("scoring/__init__.py", '"record",', '"Sum",'),
        ("scoring/__init__.py", "__all__ = [", NEW + "\n\n__all__ = ["),
        ("scoring/score.py", "def score(\n    policy: Any,", "def score(\n    agent: Any,"),
        ("envs/single.py", "def close(self)", "def close(self, all: bool = False)"),
        ("engine/paths.py", "FAR = 1 << 30", "FAR = 1 << 31"),
    ):
        path = tmp_path / "mesa_gym" / file
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))
    after = list_public(tmp_path)
    assert find_changes(before, after) == [
        "mesa_gym.engine.FAR",
        "mesa_gym.envs.TrapEnv.close",
        "mesa_gym.scoring.Sum",
        "mesa_gym.scoring.record",
        "mesa_gym.scoring.score",
    ]
    assert after["mesa_gym.scoring.Sum.of"] == "def of(levels: int) -> int"


def test_a_commands_options_are_named_and_not_the_command():
    old = {"mesa-gym score": "[--html FILE]", "mesa-gym score --html": "option"}
    new = {"mesa-gym score": "", "mesa-gym list": "[trap]"}
    assert find_changes(old, new) == ["mesa-gym list", "mesa-gym score --html"]
    assert {"mesa-gym score --html", "mesa-gym score --policy"} <= list_public().keys()


def test_what_changed_is_printed_and_written(tmp_path, monkeypatch, capsys):
    listing, now = tmp_path / "public_api.txt", {"a.new": "def (x)", "a.same": ": int"}
    listing.write_text("a.gone | def (x)\na.same | : int\n")
    monkeypatch.setattr(public_api, "LISTING", listing)
    monkeypatch.setattr(public_api, "list_public", now.copy)
    public_api.main()
    assert capsys.readouterr().out.split() == ["a.gone", "a.new"]
    assert read_listing() == now
