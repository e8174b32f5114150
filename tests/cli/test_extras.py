"""Which extras a command line needs: all of them in one message, before any work."""

import sys

import pytest

from mesa_gym.cli import COMMANDS, extras


@pytest.mark.parametrize(
    ("command", "lacking", "named"),
    [
        ("watch CheeseCorner --policy x.zip --algo ppo --record x.mp4", None, "films,sb3,viewer"),
        ("watch CheeseCorner --headless --record x.png", None, "viewer"),
        ("play CheeseCorner", None, "viewer"),
        ("compare ppo random --algo ppo", None, "report,sb3,stats"),
        ("compare ppo random", ["scipy"], "stats"),
        ("leaderboard --out pages", None, "report,stats"),
        ("export CheeseCorner", None, "report"),
        ("score CheeseCorner --policy x.zip --algo ppo", None, "sb3"),
        ("serve", None, "openenv"),
    ],
)
def test_command_names_all_lacking_extras(command, lacking, named, run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for module in lacking or extras.PACKAGE_OF:
        monkeypatch.setitem(sys.modules, module, None)
    code, said = run(command)
    assert (code, said.count("\n")) == (2, 1), said
    assert f'pip install -e ".[{named}]"' in said
    assert [*tmp_path.iterdir()] == []


def test_extras_name_known_commands_and_packages():
    assert extras.ALWAYS.keys() <= COMMANDS.keys()
    assert set().union(*extras.ALWAYS.values()) <= extras.PACKAGE_OF.keys()
