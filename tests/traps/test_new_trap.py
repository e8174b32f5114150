"""The parts of a package trap beside its file."""

from pathlib import Path

import pytest

from benchmarks import trap_parts
from benchmarks.trap_parts import TRAP_PARTS, list_missing
from mesa_gym.traps import find_trap, package_traps
from mesa_gym.traps.coin_run import CoinRun
from tests.support.refusals import refusals

ROOT = Path(__file__).parents[2]
MUSHROOMS = f"{ROOT}/mesa_gym/cli/example_trap.py:Mushrooms"


@pytest.mark.thorough
def test_every_trap_has_its_parts():
    missing = [
        f"{cls.__name__} needs {part.tell(cls)}"
        for cls in package_traps().values()
        for part in list_missing(cls)
    ]
    if missing:
        pytest.fail("\n".join([*missing, "`make trap NAME=...` makes them"]), pytrace=False)


@pytest.fixture
def commands(monkeypatch):
    """The commands that would run; the one of ``commands.failing`` fails."""

    class RunCommands(list):
        failing = None

    commands = RunCommands()

    class Done:
        def __init__(self, words, cwd, check):
            assert cwd == ROOT
            commands.append(" ".join(words[2:]))
            self.returncode = int(commands.failing in words)

    monkeypatch.setattr(trap_parts.subprocess, "run", Done)
    return commands


def lack(monkeypatch, *names):
    """Let every trap have all parts but the named ones."""
    parts = [
        part._replace(is_there=lambda cls, name=part.name: name not in names)
        for part in trap_parts.TRAP_PARTS
    ]
    monkeypatch.setattr(trap_parts, "TRAP_PARTS", parts)


@pytest.mark.usefixtures("registry")
def test_new_trap_lacks_all_but_its_class():
    cls = find_trap(MUSHROOMS)
    assert [part.name for part in list_missing(cls)] == [
        "digests", "a certificate", "values of standard levels", "agents of the library",
        "scores of the leaderboard's agents", "cards of the leaderboard", "cards of tricks",
        "seconds of scores", "a test of its rules", "the pages",
    ]  # fmt: skip


def test_parts_name_their_command_or_a_person():
    assert [bool(part.command) for part in TRAP_PARTS] == [not part.advice for part in TRAP_PARTS]
    told = [part.tell(CoinRun) for part in TRAP_PARTS]
    make = "`python -m benchmarks library make --traps CoinRun --results runs/CoinRun`"
    assert f"agents of the library: {make}" in told
    assert any("benchmarks.speed --only 'scores: " in line for line in told)
    assert "a test of its rules: work out values by hand in tests/traps" in told


def test_make_trap_runs_what_is_missing(commands, monkeypatch, capsys):
    lack(monkeypatch, "digests", "agents of the library", "a test of its rules")
    assert trap_parts.main(["CoinRun"]) == 0
    assert commands == [
        "mesa_gym.testing.package_files digests CoinRun",
        "benchmarks library make --traps CoinRun --results runs/CoinRun",
        "docs.writers",
    ]
    by_hand = [x for x in capsys.readouterr().out.splitlines() if x.startswith("For you: ")]
    assert by_hand == [
        "For you: a test of its rules: work out values by hand in tests/traps",
        "For you: a line for users: CHANGELOG.md",
        "For you: tests: `python -m pytest tests -k CoinRun` lists other tables that name traps",
    ]


def test_make_trap_complete_runs_nothing(commands, monkeypatch):
    lack(monkeypatch)
    assert trap_parts.main(["CoinRun"]) == 0
    assert commands == []


def test_make_trap_stops_at_failed_part(commands, monkeypatch, capsys):
    lack(monkeypatch, "digests", "a certificate", "values of standard levels")
    commands.failing = "certify"
    assert trap_parts.main(["CoinRun"]) == 1
    assert [words.split()[0] for words in commands] == [
        "mesa_gym.testing.package_files",
        "mesa_gym",
    ]
    assert (
        "a certificate failed, with exit status 1; the rest is not made" in capsys.readouterr().out
    )


test_make_trap_refuses_unknown_traps = refusals(
    "benchmarks", "trap_parts", globals(), "registry", main=trap_parts.main
)
