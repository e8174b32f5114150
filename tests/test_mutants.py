"""The lists of planted faults, by hand and by the week, fit the files that they are planted in."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = runpy.run_path(str(ROOT / ".ci" / "mutants.py"))


def test_mutants_fit_files_and_tests():
    """A row whose text left its file, or whose tests moved, could show nothing."""
    assert len(PROGRAM["read_mutants"](ROOT / ".ci" / "mutants.csv", ROOT)) >= 160


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a = any(b)", ["a = all(b)"]),
        ("if é < b:", ["if é <= b:"]),
        ("while a >= b:", ["while a > b:"]),
        ("f(a, b)", ["f(b, a)"]),
        ("a = b.copy()", ["a = b"]),
        ("a = deepcopy(b)", ["a = b"]),
        ("a = b[c & ~d]", ["a = b[c]"]),
        ("f(*a, b) == f(0, c)", []),
    ],
)
def test_line_gets_mechanical_faults(line, expected):
    source = f"{line}\n    pass\n" if line.endswith(":") else f"{line}\n"
    changes = [*PROGRAM["list_changes"](source)]
    assert [(old, new) for _, old, new in changes] == [(line, new) for new in expected]


def test_sample_follows_week():
    weeks = ["2026-W48", "2026-W48", "2026-W49"]
    one, same, other = (
        PROGRAM["draw_mutants"](ROOT, 1, week, ["engine", "traps"]) for week in weeks
    )
    assert one == same != other
    assert [x.room for x in one] == ["engine", "traps"]
    for mutant in (*one, *other):
        source = (ROOT / mutant.file).read_text()
        assert source.count(mutant.old) == 1
        compile(source.replace(mutant.old, mutant.new), mutant.file, "exec")
