"""Bad usage of every command: the remedy is named, the exit code is 2, nothing is written."""

import json
from pathlib import Path

import numpy as np
import pytest

from mesa_gym.solver import level_values
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner

CORNER = "score --trap CheeseCorner --policy"
EXPORT = "export --trap CheeseDish"
DEMOS = "demos --trap CheeseCorner --out mesa-gym/cheese-corner/corner-v0"
AGENT = {"schema": 1, "observation": "planes", "loader": "agents", "weights": "w", "name": "ppo-s0"}
LACKING = "from mesa_gym.errors import missing_extra\n\ndef make(trap):\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Agents of two traps, a model, a module that lacks an extra, values, a file of one's own."""
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path / "cache"))
    level_values(CheeseCorner(), Split.TEST, np.arange(3))
    for name, trap in (("a", "CheeseCorner-v0"), ("b", "CoinRun-v0"), ("c", "CheeseCorner-v0")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "policy.json").write_text(json.dumps(AGENT | {"trap": trap}))
    (tmp_path / "lone.zip").touch()
    (tmp_path / "lacking.py").write_text(f"{LACKING}    raise missing_extra('torch', 'sb3')\n")
    (tmp_path / "ripe_berries.py").write_text("mine")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("scores", "Did you mean 'score'?"),
        ("describe redbluedoor-v0", "Did you mean 'RedBlueDoors'?"),
        ("describe ..:x", "trap '..:x': '..' is neither the name of a module"),
        ("describe 'x\x1b[31m'", "unknown trap 'x\\x1b[31m'"),
        ("describe", "which trap? Name it, such as `mesa-gym describe CheeseCorner`"),
        ("describe Attributes rh=0.9", "Did you mean 'rho'?"),
        ("describe Attributes rho=1 rho=0.9", "a keyword stands twice: rho=1, rho=0.9"),
        ("describe CoinRun LavaLand", "one trap is expected, and CoinRun-v0 and LavaLand-v0 are"),
        ("certify CheeseCorner --levels 0", "levels must be an integer of at least 1"),
        ("certify size=13", "size: a keyword of which trap? Name it before"),
        ("score --trap :x --policy random", "'' is neither the name of a module"),
        ("score --policy random", "on which trap? Name it first: mesa-gym score "),
        ("score --policy random LavaLand", "mesa-gym score LavaLand --policy random"),
        ("score LavaLand", "give --policy, such as `--policy oracle:base`, or --trace"),
        ("score LavaLand size=13 --size 9 --policy stay", "size=13 and --size 9: leave one out"),
        (f"{CORNER} random --levels 1.5", "argument --levels: invalid int value: '1.5'"),
        (f"{CORNER} ./nowhere", "no such file or directory"),
        (f"{CORNER} random --algo ppo", "algo 'ppo' is for a saved model, a .zip"),
        ("score --trace a.trace --algo ppo", "--algo is for a policy"),
        (f"{CORNER} lacking:make", "this needs 'torch', which is not installed"),
        (f"{CORNER} stay --json /no/such/dir/f", "cannot write /no/such/dir/f"),
        (f"{CORNER} a c", "a and c are both called ppo-s0 on CheeseCorner-v0"),
        (f"{CORNER} stay stay", "stay and stay are both called stay on CheeseCorner-v0"),
        (
            "score --policy a stay --trap KeysChests",
            "a was trained on 'CheeseCorner-v0' and cannot",
        ),
        (f"{CORNER} stay random --html a.html", "--html goes with one policy on one"),
        ("score --policy stay --trap CoinRun KeysChests --save-trace x", "--save-trace goes with"),
        ("score --trace a.trace --trap CoinRun KeysChests", "--trace goes with one policy on one"),
        ("score --trace a.trace --size 9", "--size is for a policy; leave it out, or use --policy"),
        (
            "score --policy stay --trap CoinRun --size 10",
            "size 10 does not fit CoinRun: it needs o",
        ),
        ("leaderboard CheeseCornr", "Did you mean 'CheeseCorner'"),
        ("leaderboard --policy lone.zip", "on which trap does lone.zip act? Name it"),
        ("leaderboard CheeseDish dish_planes=3", "committed agents played CheeseDish-v0(size=9x9,"),
        ("leaderboard --name mine", "--name mine is of the agent of --policy"),
        ("leaderboard CheeseDish --policy stay --name mine-s3", "an agent's name without a seed"),
        ("leaderboard CheeseDish --policy stay --name ' '", "an agent's name without a seed"),
        ("leaderboard CheeseDish --policy stay --name oracle", "oracle stands there already"),
        ("leaderboard --out lone.zip", "lone.zip is not of a leaderboard; choose another folder"),
        ("leaderboard MonsterWorld", "no trap of the leaderboard in MonsterWorld-v0; it has Abse"),
        ("leaderboard --cards nowhere", "nowhere"),
        ("leaderboard --cards cache", "there is no score card under cache"),
        (
            f"{DEMOS} --objective cheddar",
            "unknown objective of CheeseCorner-v0 'cheddar'; there is",
        ),
        (f"{DEMOS} --split training", "unknown split 'training'"),
        (f"{DEMOS} --levels 0", "levels must be an integer of at least 1"),
        (f"{EXPORT} --beside twins --play", "--beside asks for replays: leave out --play"),
        (f"{EXPORT} --play --policy oracle:fish", "Did you mean 'dish'"),
        (f"{EXPORT} --policy random random", "names of their own, got random, random"),
        (f"{EXPORT} --play --split bear", "Did you mean 'bare'"),
        (f"{EXPORT} --play --out page.txt", "must end in .html"),
        ("export KeysChests --split alone:keys", "unknown play of KeysChests-v0 'alone:keys'; the"),
        ("cache claer", "invalid choice: 'claer'"),
        ("cache clear CheseCorner", "Did you mean 'CheeseCorner'"),
        ("cache clear CoinRun CheeseDish", "CheeseDish"),
        ("new-trap CheeseCorner", "already"),
        ("new-trap ../Up", "RipeBerries"),
        ("new-trap RipeBerries", "ripe_berries.py"),
    ],
)
def test_bad_usage_is_explained_exits_2_and_leaves_all_as_it_is(command, words, folder, run):
    before = {path: path.read_bytes() for path in _list_files(folder)}
    code, said = run(command)
    assert (code, words in said) == (2, True), said
    assert "Traceback" not in said
    assert {path: path.read_bytes() for path in _list_files(folder)} == before


def _list_files(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file()]
