"""CPU seconds of two checkouts: medians of processes that take turns."""

import pytest

from benchmarks import speed


@pytest.fixture
def measured(monkeypatch):
    """The runs of a measurement, whose seconds are given: the first of each tree is slow."""
    found = []

    def measure(code, tree, cache):
        found.append((code, tree.name, cache.name))
        turn = sum(other[1] == tree.name for other in found)
        return 100.0 if turn == 1 else turn * (2 if tree.name == "old" else 1)

    monkeypatch.setattr(speed, "measure_once", measure)
    monkeypatch.setattr(speed, "WORKS", {"one work": "1", "another": "2"})
    return found


def test_speed_rows_are_medians_of_turns(measured, tmp_path, capsys):
    assert speed.main(["--against", str(tmp_path / "old"), "--runs", "3", "--only", "one"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["CPU", "seconds", "old", "new", "ratio"]
    assert row.split() == ["one", "work", "6.000", "3.000", "0.50"]
    assert [tree == "old" for _, tree, _ in measured] == [True, False] * 4
    assert {(tree == "old", cache) for _, tree, cache in measured} == {(True, "0"), (False, "1")}


def test_speed_measures_from_where_code_begins(tmp_path, capsys):
    """The work of a process before is left out; one that fails is named, and is nan."""
    waste = "x = [i * i for i in range(3_000_000)]\n"
    whole, part = (
        speed.measure_once(waste + code, tmp_path, tmp_path) for code in ("", "began = now()")
    )
    assert 0 <= part < whole
    assert speed.measure_once("import not_there", tmp_path, tmp_path) != 0
    assert "No module named 'not_there'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["CheeseCorner, 10,000 steps", "import mesa_gym"])
def test_speed_work_runs_in_this_checkout(name, tmp_path):
    row = speed.measure_row(name, speed.WORKS[name], [speed.HERE], tmp_path, 1)
    assert row.startswith(name)
    assert float(row.split()[-1]) > 0
