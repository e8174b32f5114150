"""Columns: declared once, and then in every form of the board."""

import csv
import io
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from boards import CORNER, card, write

from benchmarks.board import columns
from benchmarks.board.card_numbers import numbers_of
from benchmarks.board.column import Column
from mesa_gym.errors import UnknownNameError
from mesa_gym.scoring import MEASURES
from mesa_gym.traps import find_trap

BASE = find_trap(CORNER).base
ROOT = Path(__file__).parents[3]
TOY = 'show_measure("test", "solved", key="toy", head="toy <head>", meaning="of <b>toys</b>"),'


@pytest.mark.thorough
def test_a_new_column_is_one_entry_and_reaches_every_form(tmp_path: Path) -> None:
    """The program is copied, and one line put at the end of the list."""
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks", ignore=lambda *_: {"results"})
    source = tmp_path / "benchmarks" / "board" / "columns.py"
    text = source.read_text()
    assert text.count("\n)\nFIGURES") == 1
    source.write_text(text.replace("\n)\nFIGURES", f"\n    {TOY}\n)\nFIGURES"))
    out = write(tmp_path / "results", [card(CORNER, "ppo-s0", 0.5, 0.5)])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "board", "render", "--out", str(out)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0].endswith("toy <head>")
    index = out / "board" / "index.html"
    agent = (index.parent / "agents" / "ppo.html").read_text()
    for page in ((index.parent / "traps" / f"{CORNER}.html").read_text(), agent):
        assert '<th scope="col" data-key="toy">toy &lt;head&gt;</th>' in page
        assert 'data-key="toy" data-head="toy &lt;head&gt;" data-value="1.0">1.00</td>' in page
        assert 'data-value="0.0">0.00</td>' in page  # of nulls
        assert "<dt>toy &lt;head&gt;</dt><dd>of &lt;b&gt;toys&lt;/b&gt;.</dd>" in page
    assert agent.count('<td data-key="toy"') == 4  # the agent, three nulls
    text = index.with_name("board.md").read_text()
    assert "| toy &#60;head&#62; |" in text
    assert "- *toy &#60;head&#62;*: of &#60;b&#62;toys&#60;/b&#62;." in text
    lines = [*csv.DictReader(io.StringIO(index.with_name("board.csv").read_text()))]
    (line,) = (line for line in lines if line["measure"] == "toy <head>")
    assert (line["split"], line["value"], line["sweeper"]) == ("board", "1.0", "0.0")


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_of_the_card_can_be_shown_by_its_name(name: str) -> None:
    split = MEASURES[name].splits[0]
    column = columns.show_measure(split, name)
    assert (column.key, column.meaning) == (name, MEASURES[name].meaning)
    one = card(CORNER, "ppo-s0", 0.5, 0.3)
    value, kept = column.value(numbers_of(one)), one.splits[split][name]
    if isinstance(kept, dict):  # that of the base objective, or the first part
        kept = next(iter(kept.values())) if {*kept}.isdisjoint(one.objectives) else kept.get(BASE)
    assert math.isnan(value) if kept is None else value == kept
    assert (column.text(numbers_of(one)) == "") <= math.isnan(value)


@pytest.mark.parametrize(
    ("split", "name", "told"),
    [
        ("test", "solvd", "Did you mean 'solved'"),
        ("train", "arrival", "unknown split of the measure 'arrival'"),
    ],
)
def test_a_column_of_no_measure_is_refused(split: str, name: str, told: str) -> None:
    """It would stand empty on every page, and look as if nothing had been measured."""
    with pytest.raises(UnknownNameError, match=told):
        columns.show_measure(split, name)
    with pytest.raises(UnknownNameError, match="Did you mean 'verdict'"):
        columns.select("verdit")


def test_texts_follow_from_values() -> None:
    column = Column[object]("a", "a", lambda of: of)
    values = (1, 0.126, -0.001, math.nan, None, "word")
    assert [column.text(x) for x in values] == ["1", "0.13", "0.00", "–", "", "word"]


def test_keys_and_heads_of_columns_differ() -> None:
    for kind in (columns.COLUMNS, columns.SEEDS + columns.FIGURES):
        for name in ("key", "head"):
            names = [getattr(column, name) for column in kind]
            assert len({*names}) == len(names)
