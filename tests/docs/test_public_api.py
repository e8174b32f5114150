"""The public API changes only together with the changelog."""

from __future__ import annotations

import inspect
import pkgutil
import re
import shutil
from importlib import import_module
from pathlib import Path

import pytest

import mesa_gym
from docs import public_api
from docs.public_api import MODULES, changed, public, recorded, unnamed

ROOT = Path(__file__).parents[2]
NEW = '''class Sum:
    """A new class."""

    def of(self, levels: int) -> int:
        """A new method."""
'''
SECTION = "# Changelog\n\n## [0.2.0] - unreleased\n\n{}\n\n## [0.1.0] - 2026-12-01\n\n- `a.gone`\n"


def _all_but_source(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not Path(folder, name).is_dir() and not name.endswith(".py")]


def test_the_listing_is_up_to_date() -> None:
    assert changed(recorded(), public()) == [], "name it in CHANGELOG.md, then `make api`"


def test_every_public_module_says_what_is_public() -> None:
    """The packages within mesa_gym are public, apart from the command line."""
    packages = {f"mesa_gym.{m.name}" for m in pkgutil.iter_modules(mesa_gym.__path__) if m.ispkg}
    assert set(MODULES) == packages - {"mesa_gym.cli"} | {
        "mesa_gym",
        "mesa_gym.errors",
        "mesa_gym.sb3",
    }
    for name in MODULES:
        module = import_module(name)
        assert len(set(module.__all__)) == len(module.__all__)
        for member in module.__all__:
            value = getattr(module, member)
            if inspect.isclass(value) or inspect.isroutine(value):
                assert inspect.getdoc(value), f"{name}.{member} has no docstring"


def test_the_page_lists_the_public_modules() -> None:
    page = (ROOT / "docs" / "api_stability.md").read_text()
    assert set(re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE)) == set(MODULES)


def test_what_is_added_removed_or_changed_is_seen(tmp_path: Path) -> None:
    """In a copy of the package, whose source is changed."""
    shutil.copytree(ROOT / "mesa_gym", tmp_path / "mesa_gym", ignore=_all_but_source)
    before = public(tmp_path)
    assert before == public()

    def change(file: str, old: str, new: str) -> None:
        path = tmp_path / "mesa_gym" / file
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    change("scoring/__init__.py", '"record",', '"Sum",')
    change("scoring/__init__.py", "__all__ = [", NEW + "\n\n__all__ = [")
    change("scoring/score.py", "def score(\n    policy: Any,", "def score(\n    agent: Any,")
    change("envs/single.py", "def close(self)", "def close(self, all: bool = False)")
    change("engine/paths.py", "FAR = 1 << 30", "FAR = 1 << 31")
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


def test_it_is_written_only_with_its_changelog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listing, changelog = tmp_path / "public_api.txt", tmp_path / "CHANGELOG.md"
    monkeypatch.setattr(public_api, "LISTING", listing)
    monkeypatch.setattr(public_api, "CHANGELOG", changelog)
    kept = public()
    del kept["mesa_gym.scoring.score"]
    listing.write_text("".join(f"{name} | {what}\n" for name, what in kept.items()))

    def made(line: str) -> int:
        changelog.write_text(line)
        return public_api.main()

    assert made(SECTION.format("- nothing")) == 1
    assert "mesa_gym.scoring.score" in capsys.readouterr().err
    named = SECTION.format("- `mesa_gym.scoring.score`")
    assert made(named.replace("unreleased", "2027-01-01")) == 1
    assert "begin a section for the next version" in capsys.readouterr().err
    assert recorded() == kept
    assert made(named) == 0
    assert recorded() == public()
