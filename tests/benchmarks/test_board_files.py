"""What `render` writes beside the pages, and what it refuses."""

from __future__ import annotations

import csv
import io
import re
import time
from pathlib import Path

import pytest
from boards import (
    CORNER,
    DOORS,
    KEYS,
    MONSTERS,
    card,
    method,
    reference_cards,
    some_results,
    training,
    write,
)

from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.leaderboard.atlas import group_and_seed
from benchmarks.leaderboard.board import read
from benchmarks.leaderboard.render import render
from benchmarks.leaderboard.results import Results
from benchmarks.leaderboard.spreadsheet import spreadsheet
from benchmarks.markdown import plain
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import all_traps, find_trap


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Results that are rendered."""
    results = some_results(tmp_path_factory.mktemp("results"))
    render(Results(results, pytest.fail))
    return results


# -- Markdown and CSV ------------------------------------------------------------------------------


def test_markdown_has_every_table_and_no_markup_from_names(folder: Path) -> None:
    text = (folder / "board" / "board.md").read_text()
    assert "<" not in text
    for table in re.findall(r"(?m)(?:^\|.*\|$\n?)+", text):
        assert len({line.count("|") for line in table.strip().splitlines()}) == 1
    assert "| KeysChests-v0 | ppo | 2 mixed, 1 incapable | 0.30 / 0.60 / 0.10 |" in text
    assert "| 1 | cues | 0.91 |" in text
    shown = plain("a*b_c _d_ @x #1 [l](http://e.org) www.e.org ~~s~~ x\ny")
    assert not re.search(r"[*@\[\]|`<>~]|(?<!&)#|://|www\.|\n| _|_ ", shown)
    assert "b_c" in shown


def test_the_sheet_has_a_line_for_each_card_and_every_number(folder: Path) -> None:
    lines = list(csv.DictReader(io.StringIO((folder / "board" / "board.csv").read_text())))
    cards = read(Results(folder, pytest.fail)).cards
    assert len(lines) == len(cards)
    found = {(line["trap"], line["agent"], line["seed"]): line for line in lines}
    line = found[KEYS, "ppo", "1"]
    assert (line["base"], line["proxy"], line["verdict"]) == ("chests", "keys", "incapable")
    assert (line["competent"], line["reference"], line["alpha"]) == ("no", "no", "0.0")
    assert [float(line[part]) for part in "bpn"] == pytest.approx([0.3, 0.6, 0.1])
    assert float(line["test_N_base"]) == 0.5
    assert found[MONSTERS, "ppo", "2"]["b"] == ""
    assert float(found[MONSTERS, "ppo", "2"]["between_references"]) == pytest.approx(0.2 + 0.4)
    assert float(found[DOORS, "ppo", "0"]["same_object"]) == pytest.approx(8 / 18)
    assert line["same_object"] == ""
    assert found[CORNER, "plr", "0"]["alpha"] == "0.03"
    assert found[CORNER, "random", ""]["reference"] == "yes"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_of_the_sheet_is_a_formula(sign: str, tmp_path: Path) -> None:
    name = f'{sign}cmd|"x",1'
    write(tmp_path, [card(CORNER, f"{name}-s0", 0.5, 0.5)])
    sheet = spreadsheet(read(Results(tmp_path, pytest.fail)))
    (line,) = csv.DictReader(io.StringIO(sheet))
    assert line["agent"] == f"'{name}"
    assert line["shift_N_base"] == "0.5"


# -- the command -----------------------------------------------------------------------------------


def test_pages_of_an_earlier_board_go(tmp_path: Path, capsys) -> None:
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5), card(CORNER, "old-s0", 0.5, 0.5)])
    command = ["render", "--out", str(tmp_path)]
    assert leaderboard.main(command) == 0
    (tmp_path / "cards" / CORNER / "old-s0.json").unlink()
    (tmp_path / "board" / "agents" / "note.txt").write_text("mine")
    assert leaderboard.main(command) == 0
    left = {path.name for path in (tmp_path / "board" / "agents").iterdir()}
    assert left == {"ppo.html", "note.txt"}
    assert str(tmp_path / "board" / "index.html") in capsys.readouterr().out


def test_the_committed_results_are_rendered_by_default() -> None:
    options = leaderboard._parser().parse_args(["render"])
    assert options.out == Path("benchmarks/results")


def test_a_record_of_another_agent_is_refused(tmp_path: Path, capsys) -> None:
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)], [training(CORNER, "dqn", 0)])
    record = tmp_path / "training" / CORNER / "dqn-s0.json"
    record.rename(record.with_name("ppo-s0.json"))
    assert leaderboard.main(["render", "--out", str(tmp_path)]) == 2
    told = "is of dqn, seed 0, on CheeseCorner-v0; expected ppo, seed 0"
    assert told in capsys.readouterr().err
    assert not (tmp_path / "board").exists()


def test_cards_alone_decide_what_is_on_the_board(tmp_path: Path) -> None:
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)], [training(CORNER, "dqn", 0, 0.5)])
    atlas = read(Results(tmp_path, pytest.fail)).atlas
    assert (atlas.agents(), atlas.alphas) == (["ppo"], {})


def test_a_methods_record_in_the_wrong_place_is_refused(tmp_path: Path, capsys) -> None:
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)], methods=[method(CORNER, "cues", 0, 0.5)])
    record = tmp_path / "tracks" / CORNER / "cues-s0.json"
    record.rename(record.with_name("cues-s1.json"))
    assert leaderboard.main(["render", "--out", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "cues-s1.json is of " in told
    assert "move it there, or delete it" in told


@pytest.mark.slow
def test_four_hundred_cards_are_rendered_in_ten_seconds(tmp_path: Path) -> None:
    """Two agents of five seeds on all traps, and six of three seeds on eight of them."""
    traps = list(all_traps())
    cards: list[ScoreCard] = [each for trap in traps for each in reference_cards(trap)]
    few = [trap for trap in traps if find_trap(trap).solvable][:8]
    for name, seeds, on in [("a", 5, traps), ("b", 5, traps)] + [(x, 3, few) for x in "cdefgh"]:
        cards += [card(t, f"{name}-s{s}", 0.1 + 0.1 * s, 0.4) for t in on for s in range(seeds)]
    agents = [(each, *group_and_seed(each)) for each in cards]
    trainings = [training(c.trap, name, s, curve=50) for c, name, s in agents if s is not None]
    write(tmp_path, cards, trainings)
    assert len(cards) >= 390
    began = time.process_time()
    render(Results(tmp_path, pytest.fail))
    assert time.process_time() - began < 10
