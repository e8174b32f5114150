"""Units in worker processes: their order, and what becomes of those that fail."""

import os
import sys
from functools import partial
from pathlib import Path

from benchmarks import pool
from benchmarks.progress import Report


def make(name, folder, progress):
    progress(0.5)
    (folder / "made").mkdir()
    (folder / "made" / name).write_text("done")


def make_half(name, error, folder, progress):
    make(name, folder, progress)
    raise error


def make_a_part(name, folder, progress):
    make(name, folder, progress)
    raise pool.Incomplete("one of two") from ExceptionGroup("lost", [KeyError("the other")])


def promise(folder, progress):
    """Makes nothing."""


def leave(folder, progress):
    sys.exit(0)


def die(folder, progress):
    os._exit(7)


class Notes(Report):
    def __init__(self):
        self.lines, self.shares = [], []

    def show(self, share, running):
        self.shares.append(share)

    def note(self, line):
        self.lines.append(line)


def unit(name, work, *after):
    return pool.Unit(name, work, (Path("made", name),), 1.0, frozenset(after))


def test_units_run_in_order_and_failures_stop_only_what_needs_them(tmp_path):
    notes = Notes()
    units = [
        unit("late", partial(make, "late"), "early"),
        unit("early", partial(make, "early")),
        unit("bad", partial(make_half, "bad", ValueError("no such thing"))),
        unit("bug", partial(make_half, "bug", KeyError("x"))),
        unit("dead", die),
        unit("left", leave),
        unit("empty", promise),
        unit("hopeless at second hand", partial(make, "no"), "hopeless"),
        unit("hopeless", partial(make, "hopeless"), "bad"),
    ]
    failed = pool.run(units, 2, tmp_path, notes)
    assert failed["bad"] == "ValueError: no such thing"
    assert failed["bug"] == "KeyError: 'x'"
    assert failed["dead"].endswith("exit code 7")
    assert failed["left"] == "SystemExit: 0"
    assert "made/empty" in failed["empty"]
    assert failed["hopeless"] == "not tried, because this failed: bad"
    assert failed["hopeless at second hand"] == "not tried, because this failed: hopeless"
    assert len(failed) == 7
    (told,) = (line for line in notes.lines if line.startswith("failed: bug: KeyError: 'x'\n"))
    assert "Traceback (most recent call last):" in told
    assert "in make_half\n    raise error\n" in told
    assert "skipped: hopeless: not tried, because this failed: bad" in notes.lines
    assert notes.lines.index("done: early") < notes.lines.index("done: late")
    assert notes.shares == sorted(notes.shares)
    # Nothing of what failed is left, nor a scratch folder.
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert left == ["made", "made/early", "made/late"]


def test_what_a_unit_could_do_of_its_work_is_kept(tmp_path):
    notes = Notes()
    both = pool.Unit("both", partial(make_a_part, "one"), (Path("made/one"), Path("made/two")), 1.0)
    failed = pool.run([both, unit("after", die, "both")], 1, tmp_path, notes)
    assert failed["both"] == "Incomplete: one of two"
    assert failed["after"].startswith("not tried")
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["one"]
    assert "KeyError: 'the other'" in notes.lines[0]
