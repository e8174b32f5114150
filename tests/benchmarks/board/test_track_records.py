"""Records of methods that others made: each forgery is left out with a line, and breaks nothing."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from boards import CORNER, card, method, write
from msgspec.structs import asdict, replace

from benchmarks.board.board import read
from benchmarks.board.render import render
from benchmarks.jobs.store import Results
from benchmarks.tracks.record import SHARES, Origin, TrackRecord, Verified, record_path
from benchmarks.tracks.tasks import RANKING, SEEDS

ORIGIN = Origin(authors=["A. Person"], code="", commit="", date="2026-11-23")
AGREED = {"origin": ORIGIN, "verified": Verified("B. Person", "2026-12-01", "")}
HONEST = [
    method(task, name, seed, value, (value,) * 6, (value,) * 4, **AGREED)
    for task in RANKING
    for seed in range(SEEDS)
    for name, value in (("mine", 0.5), ("other", 0.2))
]
RUNS = len(RANKING) * SEEDS
DISH, DOORS = "CheeseDish", "RedBlueDoors"
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
    ("m of half a level", forge(ask__0__m__0=[0.525, 0.5]), "not a share of 20 levels"),
    ("m a hair too large", forge(ask__0__m__0=[0.5 + 1e-7, 0.5]), "not a share of 20 levels"),
    ("m beyond 1", forge(ask__0__m__0=[1.5, 0.5]), "<= 1"),
    ("m a truth", forge(ask__0__m__0=[True, 0.5]), "got `bool`"),
    ("m a text", forge(ask__0__m__0=["1", 0.5]), "got `str`"),
    ("m NaN", forge(ask__0__m__0=[math.nan, 0.5]), "NaN|malformed|invalid"),
    ("m infinite", forge(ask__0__m__0=[math.inf, 0.5]), "malformed|invalid|Infinity"),
    ("three m", forge(ask__0__m__0=[1, 1, 1]), "length 2"),
    ("the best of the draws", forge(ask__0__m=[[1, 1]]), "ask: 1 draws; expected 3"),
    ("a draw more", lambda data: data["labels"]["returns"][0]["m"].append([1, 1]) or data,
     "labels: returns: 11 draws; expected 10"),
    ("solved beyond 1", forge(ask__0__solved=2), "<= 1"),
    ("other budgets", forge(ask__0__budget=3), "expected (1, 4, 16, 64)"),
    ("a budget less", lambda data: data["ask"].pop() and data, "expected (1, 4, 16, 64)"),
    ("labels of no rule", forge(labels__returns__0__budget=64), "expected (0, 1, 2, 4, 8, 16)"),
    ("labels of no kind", forge(labels__hints=[]), "hints"),
    ("a kind of labels less", lambda data: data["labels"].pop("returns") and data, "expected"),
    ("more labels than k", forge(labels__returns__0__used=[2, 0]), "2 of 0 were used"),
    ("more questions than q", forge(ask__0__used=[6, 0]), "6 of 3 were used"),
    ("a check that steers", forge(kind="check"), "a check, which gets 0 by definition"),
    ("nine members", forge(coverage__members=[MEMBER] * 9, coverage__before=[0] * 9), "at most 8"),
    ("five in the closed division", forge(coverage__members=[MEMBER] * 5, coverage__before=[0] * 5),
     "5 members; expected 4 at most"),
    ("a choice that is none", forge(coverage__before=[0.5]), "a choice for each"),
    ("a choice of half a level", forge(coverage__before=[0.5005, -0.5]), "share of 300 levels"),
    ("a share of no rule", forge(rare=[{"share": 0.5, "met": 1, "n": 1.0}] * 2), "shares are not"),
    ("more than the optimum", forge(rare=[{"share": x, "met": 1, "n": 1.1} for x in SHARES]),
     "<= 1"),
    ("too much training", forge(steps=10_000_000), "10,000,000 steps; at most 3,300,000"),
    ("more levels", forge(levels=10**17), "<= 1000000000"),
    ("finer levels", forge(levels=3000), "3000 levels were scored; expected 300"),
    ("no levels", forge(levels=0), ">= 1"),
    ("a task that there is not", forge(task="Nowhere"), "not a task of version"),
    ("a task that does not rank", forge(task="Dev-Corner"), "not a task of version"),
    ("a seed that does not rank", forge(seed=5), "has seeds 0 to 4"),
    ("no track", forge(coverage=None, labels=None, ask=None), "it is of no track"),
    ("no origin", forge(origin=None), "it has no origin"),
    ("a coin of its own", forge(kind="chance"), "which only random, stay"),
    ("a trap in place of a task", forge(task=CORNER), "not a task of version"),
    ("the other encoding", forge(encoding="mixed"), "seed 0 of CheeseDish has 'planes'"),
    ("an encoding of its own", forge(encoding="plain"), "plain"),
    ("roles of its own", forge(wanted=["cheese", "cheese"]), "has ('cheese', 'dish')"),
    ("roles exchanged", forge(wanted=["dish", "cheese"]), "has ('cheese', 'dish')"),
    ("a division of its own", forge(division="ours"), "ours"),
    ("the other division", forge(division="open"), "their division differ"),
    ("another's place", forge(task=DOORS, wanted=["door", "red"]),
     f"it is of {{}}/tracks/{DOORS}/mine-s0.json"),
    ("another's name", forge(method="other"), "it is of {}/tracks/CheeseDish/other-s0.json"),
    ("another's seed", forge(seed=2), "mine-s2.json"),
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
    ("another schema", forge(schema=2), ">= 3"),
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
    assert len(read(Results(folder, pytest.fail)).methods["mine"]) == RUNS
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
    assert len(board.methods["mine"]) == RUNS - 1
    closed, _ = board.divisions
    assert [(each.method, each.place) for each in closed.standings] == [
        ("other", 1),
        ("mine", None),
    ]
    for table in ("coverage", "labels: returns", "ask"):
        (other,), (mine,) = closed.list_table(table)
        assert (other.method, other.find_place(table), mine.find_place(table)) == ("other", 1, None)
    assert {file: file.read_bytes() for file in folder.rglob("*.json")} == before


def test_a_board_is_rendered_beside_forged_records(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / PLACE).write_text("{")
    stray = folder / "tracks" / DISH / "loop.json"
    stray.symlink_to(stray)
    (folder / "tracks" / DISH / "folder.json").mkdir()
    index = render(Results(folder, pytest.fail))
    text = index.with_name("methods.html").read_text()
    assert capsys.readouterr().err.count("left out: ") == 3
    assert "partial: lacks 1 run" in text
    assert stray.is_symlink()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"method": "cues"}, "cues is a method of the project"),
        ({"method": "CUES"}, "cues is a method of the project"),
        ({"method": "cues."}, "cues is a method of the project"),
        ({"method": "d_bat"}, "d-bat is a method of the project"),
        ({"method": "d1vdis"}, "divdis is a method of the project"),
        ({"method": "Random", "origin": None}, "random is a method of the project"),
        ({"method": "coin"}, "coin is a method of the project"),
        ({"method": "plr-exact"}, "plr-exact is a method of the project"),
        ({"method": "random", "origin": None}, "its kind is ranked; random is of kind check"),
        ({"method": "cues", "origin": None, "salt": "0"}, "its salt is not that of the project"),
        (
            {"method": "coin", "origin": None, "kind": "chance"},
            "coin is evaluated on labels and ask, and it lacks one of them",
        ),
        ({"method": "Mine"}, "another method has this name: their name differ"),
        ({"priors": "nothing at all"}, "their priors differ"),
        ({"kind": "privileged"}, "their kind differ"),
        ({"origin": replace(ORIGIN, authors=["B. Person"])}, "their authors differ"),
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
    (folder / record_path(DOORS, "mine", 4)).unlink()
    before = read(Results(folder, pytest.fail)).divisions
    forged = method(DOORS, "mine", 4, 1.0, **AGREED)
    forged = TrackRecord(**(asdict(forged) | changes))
    forged.save(folder / record_path(DOORS, forged.method, 4))
    assert read(Results(folder, pytest.fail)).divisions == before
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line


def test_verified_records_outvote_forged_ones(tmp_path: Path, capsys) -> None:
    honest = [record for record in HONEST if record.method == "mine"][:5]
    forged = [method(DOORS, "mine", seed, 0.0, origin=ORIGIN, about="x") for seed in range(4)]
    forged += [method("CoinRun", "mine", seed, 0.0, origin=ORIGIN, about="x") for seed in range(4)]
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)], (), [*forged, *honest])
    assert len(read(Results(tmp_path, pytest.fail)).methods["mine"]) == 5
    assert capsys.readouterr().err.count("their about differ") == 8


def test_records_on_another_day_are_of_the_same_method(folder: Path, capsys) -> None:
    path = folder / record_path("CoinRun", "mine", 3)
    later = method("CoinRun", "mine", 3, 0.5, origin=replace(ORIGIN, date="2027-01-01"))
    later.save(path)
    assert len(read(Results(folder, pytest.fail)).methods["mine"]) == RUNS
    assert capsys.readouterr().err == ""
