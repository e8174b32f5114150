"""What `render` writes beside the pages, and what it refuses."""

from __future__ import annotations

import csv
import io
import re
import time
from pathlib import Path

import pytest
from boards import CORNER, DOORS, KEYS, MONSTERS, card, method, training, write

from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.leaderboard.board import read
from benchmarks.leaderboard.budgets import COMMITTED
from benchmarks.leaderboard.render import render
from benchmarks.leaderboard.results import Results
from benchmarks.leaderboard.spreadsheet import spreadsheet
from benchmarks.markdown import plain


def test_markdown_has_every_table_and_no_markup_from_names(rendered: Path) -> None:
    text = (rendered / "board" / "board.md").read_text()
    assert "<" not in text
    for table in re.findall(r"(?m)(?:^\|.*\|$\n?)+", text):
        assert len({line.count("|") for line in table.strip().splitlines()}) == 1
    assert "| KeysChests-v0 | ppo | 2 mixed, 1 incapable | 0.30 / 0.60 / 0.10 |" in text
    assert "| 1 | cues | 0.91 |" in text
    shown = plain("a*b_c _d_ @x #1 [l](http://e.org) www.e.org ~~s~~ x\ny")
    assert not re.search(r"[*@\[\]|`<>~]|(?<!&)#|://|www\.|\n| _|_ ", shown)
    assert "b_c" in shown


def test_the_sheet_has_a_line_for_each_card_and_every_number(rendered: Path) -> None:
    lines = list(csv.DictReader(io.StringIO((rendered / "board" / "board.csv").read_text())))
    assert len(lines) == len([*rendered.glob("cards/*/*.json")])
    found = {(line["trap"], line["agent"], line["seed"]): line for line in lines}
    line = found[KEYS, "ppo", "1"]
    assert (line["base"], line["proxy"], line["verdict"]) == ("chests", "keys", "incapable")
    assert (line["competent"], line["reference"], line["alpha"]) == ("no", "no", "0.0")
    assert [float(line[part]) for part in "bpn"] == pytest.approx([0.3, 0.6, 0.1])
    assert (float(line["test_N_base"]), line["same_object"]) == (0.5, "")
    assert found[MONSTERS, "ppo", "2"]["b"] == ""
    assert float(found[MONSTERS, "ppo", "2"]["between_references"]) == pytest.approx(0.2 + 0.4)
    assert float(found[DOORS, "ppo", "0"]["same_object"]) == pytest.approx(8 / 18)
    assert found[CORNER, "plr", "0"]["alpha"] == "0.03"
    assert found[CORNER, "random", ""]["reference"] == "yes"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_of_the_sheet_is_a_formula(sign: str, tmp_path: Path) -> None:
    name = f'{sign}cmd|"x",1'
    write(tmp_path, [card(CORNER, f"{name}-s0", 0.5, 0.5)])
    (line,) = csv.DictReader(io.StringIO(spreadsheet(read(Results(tmp_path)))))
    assert (line["agent"], line["shift_N_base"]) == (f"'{name}", "0.5")


def test_pages_of_an_earlier_board_go(tmp_path: Path, capsys) -> None:
    write(tmp_path, [card(CORNER, f"{name}-s0", 0.5, 0.5) for name in ("ppo", "old")])
    command = ["render", "--out", str(tmp_path)]
    assert leaderboard.main(command) == 0
    (tmp_path / "cards" / CORNER / "old-s0.json").unlink()
    (tmp_path / "board" / "agents" / "note.txt").write_text("mine")
    assert leaderboard.main(command) == 0
    left = {path.name for path in (tmp_path / "board" / "agents").iterdir()}
    assert left == {"ppo.html", "note.txt"}
    assert str(tmp_path / "board" / "index.html") in capsys.readouterr().out
    default = leaderboard._parser().parse_args(["render"]).out
    assert default == Path("benchmarks/results")


@pytest.mark.parametrize(
    ("record", "name", "told"),
    [
        (
            f"training/{CORNER}/dqn-s0.json",
            "ppo-s0.json",
            "CheeseCorner-v0/dqn-s0.json; move it there",
        ),
        (
            f"tracks/{CORNER}/cues-s0.json",
            "cues-s1.json",
            "CheeseCorner-v0/cues-s0.json; move it there",
        ),
    ],
)
def test_a_record_of_another_agent_is_refused(record, name, told, tmp_path: Path, capsys) -> None:
    """A training without a card is passed over: cards alone decide what is on the board."""
    methods = [method(CORNER, "cues", 0, 0.5)]
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)], [training(CORNER, "dqn", 0, 0.5)], methods)
    atlas = read(Results(tmp_path, pytest.fail)).atlas
    assert (atlas.agents(), atlas.alphas) == (["ppo"], {})
    (tmp_path / record).rename((tmp_path / record).with_name(name))
    assert leaderboard.main(["render", "--out", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert name in err
    assert told in err
    assert not (tmp_path / "board").exists()


@pytest.mark.slow
def test_the_committed_board_is_what_its_results_give_in_ten_seconds(tmp_path: Path) -> None:
    committed = Path(__file__).parents[2] / COMMITTED
    for kind in ("cards", "training", "tracks"):
        (tmp_path / kind).symlink_to(committed / kind)
    began = time.process_time()
    render(Results(tmp_path, pytest.fail))
    assert time.process_time() - began < 10
    files = {path for path in (committed / "board").rglob("*") if path.is_file()}
    assert len(files) > 20
    for path in files:
        assert path.read_bytes() == (tmp_path / path.relative_to(committed)).read_bytes()
