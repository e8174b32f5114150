"""A trap's name from outside, through any door of data, imports nothing and gives a sentence."""

import io
import json
import sys
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from mesa_gym.cli import main
from mesa_gym.language.session import TextSession, TrapTools
from mesa_gym.logs import RecordedEpisode, score_logs
from mesa_gym.logs.episodes import require_played
from mesa_gym.report import join_committed
from tests.support.cards import made
from tests.support.parameters import thorough

NAMES = ("./evil_file.py:X", "./evil_file.py", "evil_module:X", "evil_module.X")
POLICY = {"schema": 1, "observation": "planes", "loader": "agents", "weights": "w.safetensors"}


def record(name):
    """Return an episode on a trap."""
    return RecordedEpisode(trap=name, split="test", level=0, play="test", actions=[4])


def score_log(name):
    _, (note,) = score_logs([record(name)])
    raise ValueError(note)


def read_policy(*command):
    """Return the door of a command that is given a folder whose policy.json names the trap."""

    def enter(name):
        Path("agent").mkdir(exist_ok=True)
        Path("agent/policy.json").write_text(json.dumps({**POLICY, "trap": name}))
        with redirect_stderr(io.StringIO()) as told:
            assert main([*command]) == 2
        raise ValueError(told.getvalue().strip())

    return enter


DOORS = {
    "a session of a server": lambda name: TextSession().begin(trap=name),
    "a row of TrapTools": lambda name: TrapTools().reset(trap=name, level=0),
    "a log to score": score_log,
    "a log to watch": lambda name: require_played(record(name)),
    "a card": lambda name: join_committed([made(trap=name, policy="mine-s0")]),
    "policy.json of leaderboard": read_policy("leaderboard", "--policy", "agent"),
    "policy.json of compare": read_policy("compare", "mine=agent", "ppo"),
    "policy.json of score": read_policy("score", "CheeseCorner", "--policy", "agent"),
}


@pytest.mark.parametrize("name", [NAMES[0], *map(thorough, NAMES[1:])])
@pytest.mark.parametrize("door", DOORS)
def test_outside_name_never_imports(door, name, tmp_path, monkeypatch):
    for stem in ("evil_file", "evil_module"):
        (tmp_path / f"{stem}.py").write_text("")
        monkeypatch.delitem(sys.modules, stem, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for given in ("Nonesuch", name):  # the first imports what the door itself needs
        before = {*sys.modules}
        with pytest.raises(ValueError, match=r"\S") as refused:
            DOORS[door](given)
    assert {*sys.modules} == before
    assert str(refused.value).count("\n") == 0
    assert given.rpartition("/")[2] in str(refused.value)
