"""The public API changes only together with the changelog."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from docs import public_api
from docs.public_api import MODULES, changed, public, recorded, unnamed

ROOT = Path(__file__).parents[2]
NEW = '''class Sum:
    """A new class."""

    def of(self, levels: int) -> int:
        """A new method."""
'''
NOW = {"a.new": "def (x)", "a.same": ": int"}
SECTION = "# Changelog\n\n## [0.2.0] - unreleased\n\n{}\n\n## [0.1.0] - 2026-12-01\n\n- `a.gone`\n"


def test_the_listing_is_up_to_date() -> None:
    assert changed(recorded(), public()) == [], "name it in CHANGELOG.md, then `make api`"


def test_the_page_lists_the_public_modules() -> None:
    page = (ROOT / "docs" / "reference" / "index.md").read_text()
    assert set(re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE)) == set(MODULES)


def test_what_is_added_removed_or_changed_is_seen(tmp_path: Path) -> None:
    """In a copy of the package, whose source is changed."""
    shutil.copytree(
        ROOT / "mesa_gym", tmp_path / "mesa_gym", ignore=shutil.ignore_patterns("__pycache__")
    )
    before = public(tmp_path)
    assert before == public()

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
    after = public(tmp_path)
    assert changed(before, after) == [
        "mesa_gym.engine.FAR",
        "mesa_gym.envs.TrapEnv.close",
        "mesa_gym.scoring.Sum",
        "mesa_gym.scoring.record",
        "mesa_gym.scoring.score",
    ]
    assert after["mesa_gym.scoring.Sum.of"] == "def of(levels: int) -> int"


def test_a_commands_options_are_named_and_not_the_command() -> None:
    old = {"mesa-gym score": "[--html FILE]", "mesa-gym score --html": "option"}
    new = {"mesa-gym score": "", "mesa-gym list": "[trap]"}
    assert changed(old, new) == ["mesa-gym list", "mesa-gym score --html"]
    options = {name for name in public() if name.startswith("mesa-gym score --")}
    assert {"mesa-gym score --html", "mesa-gym score --policy"} <= options


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("- `a.gone` is no more; `a.new(x)`; `a.Class.method` takes no `y`.", []),
        ("- `a.newer`, `a.Class` and `a.gone.too`.", ["a.Class.method", "a.gone", "a.new"]),
        ("- a.gone, new, `Class.method`", ["a.Class.method", "a.gone", "a.new"]),
        ("- `a.Class.method(\n  x)`, `a.new`", ["a.gone"]),  # the section below is not the top
    ],
)
def test_the_top_section_must_name_it(line: str, left: list[str]) -> None:
    old = {"a.gone": "def (x)", "a.Class.method": "def (x, y)", "a.same": ": int"}
    new = {"a.new": "def (x)", "a.Class.method": "def (x)", "a.same": ": int"}
    names = changed(old, new)
    assert names == ["a.Class.method", "a.gone", "a.new"]
    assert unnamed(names, SECTION.format(line)) == left


def test_it_is_written_only_with_its_changelog(tmp_path, monkeypatch, capsys) -> None:
    listing, changelog = tmp_path / "public_api.txt", tmp_path / "CHANGELOG.md"
    listing.write_text("a.same | : int\n")
    for name, value in (("LISTING", listing), ("CHANGELOG", changelog), ("public", NOW.copy)):
        monkeypatch.setattr(public_api, name, value)
    named = SECTION.format("- `a.new`")
    for text, code, said in (
        (SECTION.format("- nothing"), 1, "a.new"),
        (named.replace("unreleased", "2027-01-01"), 1, "begin a section for the next version"),
        (named, 0, ""),
    ):
        changelog.write_text(text)
        assert recorded() != NOW
        assert public_api.main() == code
        assert said in capsys.readouterr().err
    assert recorded() == NOW
