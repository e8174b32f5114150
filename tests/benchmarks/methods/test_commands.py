"""The commands: a run is kept, continued, and printed beside the committed methods."""

import re
import sys
from pathlib import Path

import pytest

from benchmarks.methods.commands import main
from benchmarks.methods.record import read_records

SHORT = ["--tasks", "CheeseDish", "--levels", "30"]


@pytest.fixture
def lazy(tmp_path, monkeypatch):
    """A user's file of a method; its module is forgotten afterwards."""
    source = Path(__file__).parents[2] / "support" / "methods" / "lazy_methods.py"
    path = tmp_path / "lazy_mine.py"
    path.write_text(source.read_text())
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "lazy_mine", raising=False)
    return path


def test_methods_run_adds_seeds_and_prints_rivals(lazy, tmp_path, capsys, jobs_run_here):
    given = ["run", f"{lazy}:Lazy", *SHORT, "--out", str(tmp_path / "out")]
    assert main([*given, "--seeds", "1"]) == 0
    printed = capsys.readouterr()
    assert re.search(r"table .*\n(.*\n)+lazy_mine.Lazy +0\.00", printed.out)
    assert printed.err.count("done: ") == 1
    assert main([*given, "--seeds", "2"]) == 0
    assert capsys.readouterr().err.count("done: ") == 1
    records = read_records(tmp_path / "out" / "lazy_mine.Lazy.jsonl")
    assert [(x.task, x.seed, x.levels) for x in records] == [
        ("CheeseDish", 0, 30),
        ("CheeseDish", 1, 30),
    ]


def test_methods_run_with_other_settings_is_refused(lazy, tmp_path, capsys, jobs_run_here):
    given = ["run", f"{lazy}:Lazy", *SHORT, "--out", str(tmp_path / "out")]
    assert main(given) == 0
    for more, told in {
        ("--levels", "60"): "levels 30, and this run wants 60",
        ("--salt", "a secret"): "salt '.*', and this run wants",
        ("--steps", "7"): "agent steps .*, and this run wants 7",
    }.items():
        assert main([*given, *more]) == 2
        assert re.search(told, capsys.readouterr().err)
    lazy.write_text(lazy.read_text() + "\n# changed\n")
    assert main(given) == 2
    assert "made with code" in capsys.readouterr().err
