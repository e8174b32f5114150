"""The command line as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mesa_gym.cli import main
from mesa_gym.scoring import ScoreCard
from mesa_gym.solver.certificate import attainability
from mesa_gym.terminal import table
from mesa_gym.traps import Split, all_traps


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def test_list_names_every_trap(capsys) -> None:
    code, out, _ = run(capsys, "list", "--json")
    assert code == 0
    facts = json.loads(out)
    assert [f["name"] for f in facts] == list(all_traps())
    assert set(facts[0]) == {"name", "id", "type", "source", "base", "proxies", "solvable"}
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert all(cls.id() in out for cls in all_traps().values())


@pytest.mark.parametrize("name", all_traps())
def test_describe_shows_docs_and_a_level_of_each_split(name: str, capsys) -> None:
    code, out, _ = run(capsys, "describe", name.rsplit("-", 1)[0])
    assert code == 0
    for split in ("train", "test", "control", "shift"):
        assert f"Level 0 of {split}:\n#" in out
    for objective in all_traps()[name].objectives:
        assert objective in out


def test_certify_prints_a_table_and_writes_json(capsys, tmp_path: Path) -> None:
    file = tmp_path / "certificate.json"
    code, out, err = run(capsys, "certify", "CheeseCorner", "--levels", "20", "--json", str(file))
    assert (code, err) == (0, "")
    assert "CheeseCorner-v0  yes" in out
    (certificate,) = json.loads(file.read_text())
    assert certificate["holds"]
    assert certificate["levels"] == 20
    for split in ("test", "control", "shift"):
        assert f"CheeseCorner-v0 {split}: 0.0% of 20 levels are among 600 levels of train" in out


def test_of_a_trap_without_solver_what_the_splits_share_is_certified(capsys, tmp_path) -> None:
    file = tmp_path / "certificate.json"
    code, out, err = run(capsys, "certify", "TreeFarm", "--levels", "20", "--json", str(file))
    assert (code, err) == (0, "")
    assert [line.split(":")[0] for line in out.splitlines()] == [
        f"TreeFarm-v0 {split}" for split in ("test", "control", "shift")
    ]
    (certificate,) = json.loads(file.read_text())
    assert certificate["holds"]
    assert [each["split"] for each in certificate["overlap"]] == ["test", "control", "shift"]


@pytest.mark.parametrize("name", ["CheeseCorner", "TreeFarm"])
def test_a_shared_level_fails_the_certificate(name: str, capsys, monkeypatch) -> None:
    """Here training is compared with itself."""
    monkeypatch.setattr("mesa_gym.solver.overlap.HELD_OUT", (Split.TRAIN,))
    code, _, err = run(capsys, "certify", name, "--levels", "5")
    assert code == 1
    assert f"{name}-v0 FAILS: train: 100.0% of 5 levels are among 150 levels of train" in err


def test_a_trap_that_fails_its_certificate_exits_1(capsys, monkeypatch) -> None:
    monkeypatch.setattr("mesa_gym.solver.certificate.SEPARATED_SHARE", 1.01)
    code, _, err = run(capsys, "certify", "CheeseCorner", "--levels", "5")
    assert code == 1
    assert "CheeseCorner-v0 FAILS: the base objective and 'corner' conflict on 100.0% of" in err
    assert "needed are 101%" in err


def test_an_unattainable_level_is_named() -> None:
    """Level 2 of three has its optimum at the floor."""
    values = SimpleNamespace(
        numbers=np.array([0, 1, 2]),
        optimum={"cheese": np.array([0.9, 0.8, 0.1])},
        floor={"cheese": np.array([0.1, 0.1, 0.1])},
    )
    said = str(attainability(values, Split.TRAIN, "cheese"))
    assert "on 1 of 3 levels of train, of which 2 is the first, 'cheese' can pay no more" in said


def test_a_reader_who_has_enough_is_no_error() -> None:
    """As `mesa-gym list | head -1` has it."""
    command = [Path(sys.executable).with_name("mesa-gym"), "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_score_prints_and_saves_a_card(capsys, tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    code, out, _ = run(
        capsys, "score", "--policy", "oracle:red", "--trap", "RedBlueDoors", "--levels", "20",
        "--json", str(file),
    )  # fmt: skip
    assert code == 0
    assert "verdict: proxy:red" in out
    assert ScoreCard.load(file).verdict == "proxy:red"


def test_score_takes_a_factory(capsys) -> None:
    code, out, _ = run(
        capsys, "score", "--policy", "agents.scripted:noisy_oracle", "--trap", "CheeseCorner",
        "--levels", "30",
    )  # fmt: skip
    assert code == 0
    assert "verdict: base" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scores"], ["'scores'", "Did you mean 'score'?"]),
        (["describe", "RedBlueDoor"], ["'RedBlueDoor'", "Did you mean 'RedBlueDoors'?"]),
        (["describe", "cheesecorner"], ["Did you mean 'CheeseCorner'?"]),
        (["certify", "CheeseCorner", "--levels", "0"], ["levels must be at least 1, got 0"]),
        (["certify", "KeysChest"], ["Did you mean 'KeysChests'?"]),
        (["score", "--trap", "KeysChests"], ["--policy"]),
        (["score", "--trap", "KeysChests", "--policy", "randm"], ["Did you mean 'random'?"]),
        (["score", "--trap", "KeysChests", "--policy", "oracle:key"], ["Did you mean 'keys'?"]),
        (["score", "--trap", "KeysChests", "--policy", "./nowhere"], ["no such directory"]),
        (
            ["score", "--trap", "KeysChests", "--policy", __file__],
            ["is a file", "score(PPO.load(", "module:factory", "--trace"],
        ),
        (["score", "--trap", "KeysChests", "--policy", "no_such:thing"], ["cannot be imported"]),
        (["score", "--trap", "KeysChests", "--policy", "json:lods"], ["Did you mean 'loads'?"]),
        (
            ["score", "--trap", "KeysChests", "--policy", "builtins:repr"],
            ["gave a str", "act(observation, state=None)"],
        ),
        (
            ["score", "--trap", "CheeseCorner", "--policy", "stay", "--json", "/no/such/dir/f"],
            ["cannot write /no/such/dir/f"],
        ),
    ],
)
def test_bad_usage_is_explained_and_exits_2(arguments, words, capsys) -> None:
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    for word in words:
        assert word in err


def test_interruption_is_one_line(capsys, monkeypatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mesa_gym.cli.certify.certify", interrupted)
    code, _, err = run(capsys, "certify", "CheeseCorner")
    assert code == 130
    assert err == "mesa-gym: interrupted; nothing was written\n"


def test_tables_align() -> None:
    text = table(["name", "n"], [["a", "10"], ["long name", "5"]])
    assert text.splitlines() == [
        "name       n",
        "---------  --",
        "a          10",
        "long name   5",
    ]
