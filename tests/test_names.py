"""The linter finds each kind of bad name; all outputs have the words of verdicts and no others."""

import re
import runpy
from pathlib import Path

import pytest

from mesa_gym.report import read_committed
from mesa_gym.report.board_record import read_board_text
from mesa_gym.report.committed import FOLDER
from mesa_gym.words import DETAILS, HEADLINES, NOTES, find_meaning, write_word

LINTER = runpy.run_path(str(Path(__file__).parents[1] / ".ci" / "names.py"))


ONE, OTHER = "agents/one.py", "agents/other.py"
FILES = ("mesa_gym/a.py", "agents/jobs/a.py", "benchmarks/a.py", "agents/b.py")
INITS = ("mesa_gym/__init__.py", "agents/__init__.py", "agents/a.py", "tests/a.py")


@pytest.mark.parametrize(
    ("faults", "files"),
    [
        # Names of tests
        (3, {"tests/a.py": "def test_the_cheese(): ...\ndef test_an_end(): ...\ntest_who_won = 1"}),
        (2, {"tests/a.py": "def test_it_ends(): ...\nasync def test_how_far(): ..."}),
        (1, {"tests/a.py": "def test_a_b_c_d_e_f_g_h(): ..."}),
        (1, {"tests/a.py": "class A:\n def test_b_b_c_d_e_f_g_h(): ..."}),
        (0, {"tests/a.py": "def test_item_b_c_d_e_f_g(): ...\ntest_another, test_ring = 1, 2"}),
        # Names of functions, classes and constants
        (2, {ONE: "def _scored(): ...\ndef growing(): ...\nclass A:\n def held(self): ..."}),
        (1, {ONE: "class A: ...\ndef make():\n class A: ...\nclass B: ..."}),
        (2, {ONE: "TOP, LEFT = 1, 2\n_A, _B = 0.5, 'b'"}),
        (0, {ONE: "EAST, WEST = range(2)\nONE, TWO = 'one', 'two'\nAB = 1, 2"}),
        (0, {"tests/a.py": "TOP, LEFT = 1, 2"}),
        (0, {"mesa_gym/scoring/measures.py": "def reached(): ...\ndef find_reached(): ..."}),
        # Names of two meanings
        (1, {ONE: "LEVELS = 1", OTHER: "LEVELS: int = 2"}),
        (1, {ONE: "ON, OFF = 'on', 'off'", OTHER: "OFF = 'no'"}),
        (1, {ONE: "def read(): ...", OTHER: "def read(): ..."}),
        (0, {ONE: "LEVELS = 1", OTHER: "from agents.one import LEVELS"}),
        (0, {ONE: "TINY = 1e-9", OTHER: "TINY = 1e-9"}),
        (0, {ONE: "_LEVELS = 1\ndef main(): ...", OTHER: "_LEVELS = 2\ndef main(): ..."}),
        (0, {ONE: "@overload\ndef base(): ...\ndef base(): ...", OTHER: "def find_base(): ..."}),
        # Files of one name
        (1, dict.fromkeys(FILES, "")),
        (0, dict.fromkeys(INITS, "")),
    ],
)
def test_linter_finds_bad_names_alone(faults, files, tmp_path):
    for file, text in files.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    assert len([*LINTER["find_faults"](tmp_path, [*files])]) == faults


@pytest.mark.parametrize(
    ("planted", "faults"),
    [
        ("found = 1", ["agents/a.py:101: found"]),
        (
            "def read(told, *, found_rows): ...",
            ["agents/a.py:101: told", "agents/a.py:101: found_rows"],
        ),
        (
            "[_each for _each in ()]\nfor own in (): ...",
            ["agents/a.py:102: own", "agents/a.py:101: _each"],
        ),
        (
            "item, value, data = (), (), ()",
            ["3 of 103 names are vague, 2 may be: {'item': 1, 'value': 1, 'data': 1}"],
        ),
        ("class A:\n paid: int\n def each(self): self.said = state.found", []),
        ("well_found = item = value = 1\ndef __init__(self, every=1): ...", []),
    ],
)
def test_linter_finds_names_without_meaning(planted, faults, tmp_path):
    for folder in ("agents", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "agents" / "a.py").write_text("\n".join(["rows = 1"] * 100 + [planted]))
    (tmp_path / "tests" / "a.py").write_text("rows = 1\n" * 260 + "found = told = each = item = 1")
    lines = [*LINTER["find_fillers"](tmp_path, ["agents/a.py", "tests/a.py"])]
    assert sorted(line.partition(": name")[0] for line in lines) == sorted(faults)


@pytest.mark.parametrize("fillers", [12, 13])
def test_linter_limits_names_without_meaning(fillers, tmp_path):
    """Of a thousand names in tests, twelve may have none."""
    lines = ["rows = 1"] * (1000 - fillers) + ["found = 1"] * fillers
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.py").write_text("\n".join(lines))
    faults = [*LINTER["find_fillers"](tmp_path, ["tests/a.py"])]
    assert len(faults) == (fillers > 12)


# -- words of verdicts -----------------------------------------------------------------------------
TEXTS = Path(__file__).parent / "golden" / "texts"
PICTURE = Path(__file__).parents[1] / "docs" / "images" / "leaderboard.svg"
# Patterns of the words for the same facts before.
FORMER = (
    *(
        "incapable",
        "aimless",
        "either",
        "(?<!only )(?<!targets are )together",
        "(?<!reward )lost(?! against)",
    ),
    *("mixed", "brittle", "undecided", "varies", "differs by seed", "drift"),
    *("seeds disagree", "fails on test levels", "seeds able", "not able", r"\d able", "arrival"),
    *(r"\(want\)", r"\(lead\)"),
)


def list_outputs():
    """Golden texts of cards, tables, comparisons and boards, the picture and the board."""
    return [*(path.read_text() for path in sorted(TEXTS.iterdir())), PICTURE.read_text()]


def test_outputs_have_ten_words_and_twelve_details():
    assert len(HEADLINES) + len(NOTES) == 10
    assert len(DETAILS) == 12
    assert {detail.headline for detail in DETAILS.values()} < HEADLINES.keys()
    text = "\n".join([*list_outputs(), read_board_text(FOLDER)])
    words = [write_word(word) for word in (*HEADLINES, *NOTES)]
    assert [word for word in words if word not in text] == []
    assert [word for word in FORMER if re.search(rf"(?<!\w){word}(?!\w)", text)] == []


def test_details_stand_behind_their_headlines():
    texts = "\n".join(list_outputs())
    for name, detail in DETAILS.items():
        headline, words = write_word(detail.headline), write_word(name)
        numbered = re.findall(rf"([\w ]+), confidence [.\d]+ \({words} [.\d]+", texts)
        assert numbered
        assert all(text.endswith(headline) for text in numbered)
        assert find_meaning(detail.headline, name) == detail.meaning


@pytest.mark.thorough
def test_committed_cards_have_known_words():
    for card in read_committed():
        assert card.verdict.partition(":")[0] in HEADLINES
        assert card.detail in ("", *DETAILS)
        assert (card.detail_confidence or 0) <= card.confidence
