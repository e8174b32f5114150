"""The public API changes only together with the changelog."""

from __future__ import annotations

import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest

import mesa_gym
from docs import public_api
from docs.public_api import MODULES, changed, public, recorded, unnamed
from mesa_gym import scoring
from mesa_gym.envs import TrapEnv

ROOT = Path(__file__).parents[2]
SECTION = "# Changelog\n\n## [0.2.0] - unreleased\n\n{}\n\n## [0.1.0] - 2026-12-01\n\n- `a.gone`\n"


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


def test_what_is_added_removed_or_changed_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    before = public()

    class Sum:
        """A new class."""

        def of(self, levels: int) -> int:
            """A new method."""

    Sum.__module__ = "mesa_gym.scoring"
    kept = [name for name in scoring.__all__ if name != "record"]
    monkeypatch.setattr(scoring, "Sum", Sum, raising=False)
    monkeypatch.setattr(scoring, "__all__", [*kept, "Sum"])
    monkeypatch.setattr(scoring, "score", lambda policy, level=3: None)
    monkeypatch.setattr(TrapEnv, "close", TrapEnv.render)
    monkeypatch.setattr(mesa_gym, "__all__", [*mesa_gym.__all__, "__version__"])
    after = public()
    assert changed(before, after) == [
        "mesa_gym.__version__",
        "mesa_gym.envs.TrapEnv.close",
        "mesa_gym.scoring.Sum",
        "mesa_gym.scoring.record",
        "mesa_gym.scoring.score",
    ]
    assert after["mesa_gym.scoring.Sum.of"] == "def (self, levels: int) -> int"


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
