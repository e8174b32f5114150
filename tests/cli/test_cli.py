"""The command line as a user types it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mesa_gym import __version__
from mesa_gym.cli import main
from mesa_gym.scoring import ScoreCard
from mesa_gym.solver.certificate import attainability
from mesa_gym.terminal import Progress, table
from mesa_gym.traps import Split, all_traps, find_trap


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
    assert (code, err) == (0, "certify CheeseCorner-v0: 0 of 80 levels\n")
    assert "CheeseCorner-v0  yes" in out
    assert "agreement: the least share of a proxy's optimum that base-optimal play keeps" in out
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
        (["describe", "..:x"], ["trap '..:x': '..' is not the name of a module"]),
        (["score", "--trap", ":x", "--policy", "random"], ["'' is not the name of a module"]),
        (["describe", "x\x1b[31m"], ["unknown trap 'x\\x1b[31m'"]),
        (
            ["score", "--trap", "CheeseCorner", "--policy", "random", "--seed", "-1"],
            ["seed must be an integer of at least 0, got -1"],
        ),
        (
            ["score", "--trap", "CheeseCorner", "--policy", "random", "--levels", "1000000000"],
            ["levels must be an integer of at least 1 and at most 1000000, got 1000000000"],
        ),
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


def test_a_missing_file_is_named(capsys) -> None:
    code, out, err = run(capsys, "replay", "nothing\x1b[31m")
    assert (code, out) == (1, "")
    assert err == "mesa-gym: nothing\N{REPLACEMENT CHARACTER}[31m: No such file or directory\n"


def test_a_factory_that_fails_is_named_under_its_traceback(capsys) -> None:
    code, out, err = run(capsys, "score", "--policy", "json:loads", "--trap", "CheeseCorner")
    assert (code, out) == (1, "")
    assert "json/__init__.py" in err
    assert err.splitlines()[-1].startswith("mesa-gym: policy 'json:loads': it raised TypeError")


def test_an_extra_that_a_factory_lacks_is_named(capsys, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    text = "from mesa_gym.errors import missing_extra\n\ndef make(trap):\n"
    Path("lacking.py").write_text(text + "    raise missing_extra('torch', 'sb3')\n")
    code, _, err = run(capsys, "score", "--policy", "lacking:make", "--trap", "CheeseCorner")
    assert code == 2
    assert err.startswith("mesa-gym: this needs 'torch', which is not installed")


def test_long_lists_of_names_are_cut(capsys) -> None:
    _, _, err = run(capsys, "score", "--policy", "numpy:lods", "--trap", "CheeseCorner")
    assert re.search(r", \.\.\. \(\d+ in all\)\. Did you mean 'load", err)
    assert len(err) < 1000


@pytest.mark.parametrize(
    "name",
    [
        *("cheesecorner", "CHEESECORNER-V0", "CheeseCorner-Flat", "MesaGym/CheeseCorner-v0"),
        *("mesagym/CheeseCorner-Shift-v0", "MesaGym/CheeseCorner-Test-Flat-v0"),
    ],
)
def test_a_trap_is_found_by_every_id_in_any_case(name: str) -> None:
    assert find_trap(name).name() == "CheeseCorner-v0"


def test_help_tells_defaults(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["score", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "of each split (default: 1000)" in told
    assert "of the sampling of actions (default: 0)" in told
    assert "None" not in told


def test_progress_is_told_in_a_pipe_too(capsys, monkeypatch) -> None:
    clock = iter([0.0, 1.0, 9.9, 10.1, 12.0, 20.2])
    monkeypatch.setattr("mesa_gym.terminal.monotonic", lambda: next(clock))
    with Progress("solve", 50) as advance:
        for _ in range(5):
            advance(10)
    told = capsys.readouterr().err.splitlines()
    assert told == [f"solve: {done} of 50 levels" for done in (0, 30, 50)]


def test_the_package_is_a_command() -> None:
    command = [sys.executable, "-m", "mesa_gym", "--version"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == f"{__version__}\n"


def test_interruption_is_one_line(capsys, monkeypatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mesa_gym.cli.certify.certify", interrupted)
    code, _, err = run(capsys, "certify", "CheeseCorner")
    assert code == 130
    assert err.splitlines()[1:] == ["mesa-gym: interrupted; nothing was written"]


def test_tables_align() -> None:
    text = table(["name", "n"], [["a", "10"], ["long name", "5"]])
    assert text.splitlines() == [
        "name       n",
        "---------  --",
        "a          10",
        "long name   5",
    ]
