"""Records of methods that others made: each forgery is left out with a line, and breaks nothing."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from boards import CORNER, DISH, DOORS, SHAPE, card, method, write
from msgspec.structs import asdict, replace

from benchmarks.board.board import read
from benchmarks.board.render import render
from benchmarks.runs.results import Results
from benchmarks.tracks.record import Origin, TrackRecord, record_path
from benchmarks.tracks.trap_sets import RANKING

ORIGIN = Origin(authors=["A. Person"], code="", commit="", date="2026-11-23")
HONEST = [
    replace(
        method(trap, name, seed, value, (value,) * 4, (value,) * 4, (value,) * 3), origin=ORIGIN
    )
    for trap in RANKING
    for seed in range(3)
    for name, value in (("mine", 0.5), ("other", 0.2))
]
PLACE = Path("tracks", DISH, "mine-s0.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Results of an agent and two honest methods."""
    return write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)], (), HONEST)


def forge(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    """Return a change of a record's fields; ``a__b`` is field b of a, and numbers are indices."""

    def change(data: dict[str, Any]) -> dict[str, Any]:
        for name, value in changes.items():
            *way, last = (int(x) if x.isdecimal() else x for x in name.split("__"))
            at: Any = data
            for step in way:
                at = at[step]
            at[last] = value
        return data

    return change


MEMBER = {"solved": 1.0, "m": 0.5}
FORGERIES = [
    ("an edited S", forge(labels__returns__0__steering=1.0), "unknown field `steering`"),
    ("an edited C", forge(coverage__value=1.0), "unknown field `value`"),
    ("m of half a level", forge(ask__0__m=[0.505, 0.5]), "not a share of 300 levels"),
    ("m a hair too large", forge(ask__0__m=[0.5 + 1e-7, 0.5]), "not a share of 300 levels"),
    ("m beyond 1", forge(ask__0__m=[1.5, 0.5]), "<= 1"),
    ("m a truth", forge(ask__0__m=[True, 0.5]), "got `bool`"),
    ("m a text", forge(ask__0__m=["1", 0.5]), "got `str`"),
    ("m NaN", forge(ask__0__m=[math.nan, 0.5]), "NaN|malformed|invalid"),
    ("m infinite", forge(ask__0__m=[math.inf, 0.5]), "malformed|invalid|Infinity"),
    ("three m", forge(ask__0__m=[1, 1, 1]), "length 2"),
    ("solved beyond 1", forge(ask__0__solved=2), "<= 1"),
    ("other budgets", forge(ask__0__budget=3), "expected (1, 2, 4)"),
    ("a budget less", lambda data: data["ask"].pop() and data, "expected (1, 2, 4)"),
    ("labels of no rule", forge(labels__returns__0__budget=64), "expected (1, 4, 16, 64)"),
    ("more labels than k", forge(labels__returns__0__used=[2, 0]), "2 of 1 were used"),
    ("more questions than q", forge(ask__0__used=[301, 0]), "301 of 300 were used"),
    ("more on test", forge(ask__0__asked_on_test=1.5), "1.5 questions of 1 were asked"),
    ("a check that steers", forge(kind="check"), "a check, which gets 0 by definition"),
    ("five members", forge(coverage__members=[MEMBER] * 5), "at most 4"),
    ("a member not there", forge(coverage__chosen=[0, 7]), "competent are"),
    ("an incompetent member", forge(coverage__members__0__solved=0.5), "competent are [1]"),
    ("more levels", forge(levels=10**17), "<= 1000000000"),
    ("finer levels", forge(levels=3000), "3000 levels were scored; expected 300"),
    ("no levels", forge(levels=0), ">= 1"),
    ("a trap that there is not", forge(trap="Nowhere-v0"), "not a trap of the tracks"),
    ("a trap of no set", forge(trap="KeysChests-v0"), "not a trap of the tracks"),
    ("another's place", forge(trap=SHAPE), f"it is of {{}}/tracks/{SHAPE}/mine-s0.json"),
    ("another's name", forge(method="other"), "it is of {}/tracks/CheeseDish-v0/other-s0.json"),
    ("another's seed", forge(seed=1), "mine-s1.json"),
    ("a huge seed", forge(seed=10**400), "<= 1000000000|out of range"),
    ("a truth as seed", forge(seed=False), "got `bool`"),
    ("a way out", forge(method="../../mine"), "the method is called"),
    (
        "endless time",
        lambda data: json.dumps(data).replace('"seconds": 1.0', '"seconds": 1e999'),
        "out of range",
    ),
    ("time back", forge(seconds=-1), ">= 0"),
    ("a day that was not", forge(origin__date="2026-02-30"), "day"),
    ("an author's novel", forge(origin__authors=["x" * 301]), "<= 300"),
    ("another schema", forge(schema=1), ">= 2"),
    ("another kind", forge(kind="winner"), "winner"),
    ("a key twice", lambda data: json.dumps(data)[:-1] + ', "seed": 0}', "stands twice"),
    ("half a file", lambda data: json.dumps(data)[:200], "truncated"),
    ("a list", lambda data: [data], "got `array`"),
    ("nothing", lambda data: "", "truncated"),
    ("deep nests", lambda data: "[" * 100_000, "deep|recursion|array"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"), [f[1:] for f in FORGERIES], ids=[f[0] for f in FORGERIES]
)
def test_a_forged_record_is_left_out_with_a_line(
    change: Callable[[Any], Any], told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(read(Results(folder, pytest.fail)).methods["mine"]) == 9
    assert capsys.readouterr().err == ""
    path = folder / PLACE
    made = change(json.loads(path.read_text()))
    path.write_text(made if isinstance(made, str) else json.dumps(made))
    before = {file: file.read_bytes() for file in folder.rglob("*.json")}
    board = read(Results(folder, pytest.fail))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"left out: {path}: ")
    expected = told.format(folder)
    assert any(each in line for each in expected.split("|")), line
    # It is shown nowhere, the others as before, and its file is as its owner left it.
    assert len(board.methods["mine"]) == 8
    for track in board.tracks:
        places = {each.method: (each.place, round(each.value, 6)) for each in track.standings}
        assert places["other"] == (1, pytest.approx(places["other"][1]))
        assert places["mine"][0] is None
    assert {file: file.read_bytes() for file in folder.rglob("*.json")} == before


def test_a_board_is_rendered_beside_forged_records(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / PLACE).write_text("{")
    stray = folder / "tracks" / DISH / "loop.json"
    stray.symlink_to(stray)
    (folder / "tracks" / DISH / "folder.json").mkdir()
    text = render(Results(folder, pytest.fail)).read_text()
    assert capsys.readouterr().err.count("left out: ") == 3
    assert "partial: seeds 1, 2 on CheeseDish-v0" in text
    assert stray.is_symlink()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"method": "cues"}, "cues is a method of the project"),
        ({"method": "CUES"}, "cues is a method of the project"),
        ({"method": "Alpha-PPO", "origin": None}, "alpha-ppo is a method of the project"),
        ({"method": "Mine"}, "another method has this name: their name differ"),
        ({"priors": "nothing at all"}, "their priors differ"),
        ({"kind": "privileged"}, "their kind differ"),
        ({"origin": replace(ORIGIN, authors=["B. Person"])}, "their authors differ"),
        ({"origin": None}, "their authors, code, commit, paper differ"),
        ({"method": "сues"}, "the method is called"),  # a Cyrillic letter
        ({"method": "mine\n"}, "the method is called"),
        ({"method": "x" * 61}, "the method is called"),
        ({"method": ""}, "the method is called"),
    ],
)
def test_a_record_under_anothers_name_is_left_out(
    changes: dict[str, Any], told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as one that a good method's mean would rise by, or a rival's kind change."""
    before = read(Results(folder, pytest.fail)).tracks
    forged = replace(method(DOORS, "mine", 7, 1.0), origin=ORIGIN)
    forged = TrackRecord(**(asdict(forged) | changes))
    forged.save(folder / record_path(DOORS, forged.method, 7))
    assert read(Results(folder, pytest.fail)).tracks == before
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line


def test_records_on_another_day_are_of_the_same_method(folder: Path, capsys) -> None:
    later = replace(method(DOORS, "mine", 3, 0.5), origin=replace(ORIGIN, date="2027-01-01"))
    later.save(folder / record_path(DOORS, "mine", 3))
    assert len(read(Results(folder, pytest.fail)).methods["mine"]) == 10
    assert capsys.readouterr().err == ""
