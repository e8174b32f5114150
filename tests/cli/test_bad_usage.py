"""Bad usage of every command: the remedy is named, the exit code is 2, nothing is written."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mesa_gym.solver import level_values
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from tests.support.playing import HEADLESS, save_plays

CORNER = "score CheeseCorner --policy"
EXPORT = "export CheeseDish"
RECORD = f"{HEADLESS} --record"
LOG = "watch --headless --episodes"
NO_PLAY = "unknown play of CheeseCorner-v0"
AGENT = {"schema": 1, "observation": "planes", "loader": "agents", "weights": "w", "name": "ppo-s0"}
LACKING = "from mesa_gym.errors import missing_extra\n\ndef make(trap):\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Agents of two traps, a model, a module that lacks an extra, values, episodes, own files."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MESA_GYM_CACHE", str(folder / "cache"))
        level_values(CheeseCorner(), Split.TEST, np.arange(3))
    for name, trap in (("a", "CheeseCorner-v0"), ("b", "CoinRun-v0"), ("c", "CheeseCorner-v0")):
        (folder / name).mkdir()
        (folder / name / "policy.json").write_text(json.dumps(AGENT | {"trap": trap}))
    (folder / "lone.zip").touch()
    (folder / "lacking.py").write_text(f"{LACKING}    raise missing_extra('torch', 'sb3')\n")
    (folder / "exits.py").write_text("import sys\nsys.exit(0)\n")
    for name in ("ripe_berries.py", "a.png", "a.gif", "a.jsonl"):
        (folder / name).write_text("mine")
    save_plays("stay", folder / "salted.jsonl", salt="s")
    save_plays("stay", path := folder / "good.jsonl")
    (folder / "damaged.jsonl").write_bytes(path.read_bytes().splitlines()[0][:-3] + b"abc")
    return folder


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """Return a copy of these files, which a command may change."""
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path / "cache"))
    return shutil.copytree(made, tmp_path, dirs_exist_ok=True)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("scores", "Did you mean 'score'?"),
        ("describe redbluedoor-v0", "Did you mean 'RedBlueDoors'?"),
        ("describe", "which trap? Name it, such as `mesa-gym describe CheeseCorner`"),
        ("describe CoinRun LavaLand", "expected one trap, got CoinRun-v0 and LavaLand-v0"),
        ("score --policy random", "on which trap? Name it first: mesa-gym score "),
        ("score --policy random LavaLand", "mesa-gym score LavaLand --policy random"),
        ("score LavaLand", "which policy? Give --policy, such as `--policy oracle:base`"),
        ("compare a b --traps CoinRun", "mesa-gym compare: no option --traps: name the trap alone"),
        ("score CheeseCorner ppo", "'ppo' is not a trap; did you mean --policy ppo?"),
        ("watch CheeseCorner a", "'a' is not a trap; did you mean --policy a?"),
        ("describe CheeseCorner ppo", "unknown trap 'ppo'; expected one of"),
        ("score MesaGym/CoinRun-Shift-v0 --policy stay", "name the trap, 'CoinRun': scoring plays"),
        ("eval CheeseCorner --policy stay", "Did you mean 'score'?"),
        (f"{CORNER} stay --level 3", "mesa-gym score: no option --level; did you mean --levels?"),
        (f"{CORNER} stay --lvls=3", "did you mean --levels?\nTry mesa-gym score --help.\n"),
        (f"{CORNER} stay --json a", "cannot write a: it is a directory; name a file"),
        (f"{CORNER} stay --json d/a", "cannot write d/a: there is no folder "),
        (f"{CORNER} ppos", "Did you mean 'ppo'?"),
        (f"{CORNER} ppos:1", "is its folder on the path? (Did you mean 'ppo:1'?)"),
        (f"{CORNER} ppo-gru", "no ppo-gru of CheeseCorner-v0 was made; expected one of ppo, "),
        (f"{CORNER} ./nowhere", "no such file or directory"),
        (f"{CORNER} .", "policy.json is missing; it holds a, b, c: give *"),
        *(
            (f"{command}exits.py:X", "exits' ended Python when it was imported (sys.exit(0)); put")
            for command in ("try ", "certify ", "score ", f"{CORNER} ")
        ),
        (f"{CORNER} lacking:make", "this needs 'torch', which is not installed"),
        (f"{CORNER} a c", "a and c are both called ppo-s0 on CheeseCorner-v0"),
        ("score KeysChests --policy a stay", "a was trained on 'CheeseCorner-v0' and"),
        ("leaderboard --policy lone.zip", "on which trap does lone.zip act? Name it"),
        ("leaderboard MonsterWorld", "MonsterWorld-v0 is judged by returns and is not on the lead"),
        ("leaderboard CheeseDish dish_planes=3", "committed agents played CheeseDish-v0(size=9x9,"),
        ("leaderboard --out lone.zip", "lone.zip is a file; name a folder"),
        (f"{EXPORT} --out page.txt", "must end in .html"),
        ("export KeysChests --split alone:keys", "unknown play of KeysChests-v0 'alone:keys'; exp"),
        ("new-trap CheeseCorner", "already"),
        ("new-trap RipeBerries", "ripe_berries.py"),
        # the viewer and its pages
        ("watch --policy stay", ["which trap? Name it, such as `mesa-gym watch CheeseCorner`"]),
        (f"{RECORD} a.png --split shft", ["Did you mean 'shift'?"]),
        (f"{RECORD} a.png --split alone:cheese", [NO_PLAY, "'alone:cheese'", "bare, "]),
        (f"{RECORD} a.png --beside bare --split shift", ["leave out --split"]),
        (f"{RECORD} a.png --policy ppo:77", ["CheeseCorner-v0 has ppo:0 to ppo:4"]),
        (f"{RECORD} a.png --beside ppos", ["'ppos' is neither a choice nor a policy"]),
        (f"{RECORD} a.png --beside twins", ["CheeseCorner-v0 has no twins", "takes splits, b"]),
        (f"{RECORD} a.png --beside rando", ["'rando' is neither a choice nor a p", "'random'"]),
        (f"{RECORD} a.png --beside splits --split train", ["leave out --split"]),
        (
            f"{RECORD} a.png --overlays heat:corner,heat:cheese",
            ["one overlay can tint the floor, got heat:cheese and heat:corner"],
        ),
        (f"{RECORD} a.png --level -1", ["level -1", "2**48 - 1"]),
        (f"{RECORD} a.png --size 10x10", ["10x10", "640x420"]),
        (HEADLESS, ["add --record FILE"]),
        (f"{LOG} damaged.jsonl --record a.png", ["damaged.jsonl has no", "(line 1: JSON is"]),
        (f"{LOG} good.jsonl --record a.png --salt s", ["with another salt"]),
        (f"{LOG} good.jsonl --record a.png --level 2", ["nothing was recorded on"]),
        (f"{LOG} good.jsonl --record good.jsonl", ["must end in .png, .gif, .mp4"]),
        (f"{LOG} salted.jsonl --record a.png", ["with another salt"]),
        (
            "watch KeysChests --beside targets --headless --record a.png",
            ["KeysChests-v0 has no bare levels, as ", "--beside takes splits, oracles or a policy"],
        ),
    ],
)
def test_bad_usage_exits_2_and_writes_nothing(command, words, folder, run):
    before = {path: path.read_bytes() for path in _list_files(folder)}
    code, said = run(command)
    assert code == 2, said
    for word in [words] if isinstance(words, str) else words:
        assert word in said
    first, *more = said.splitlines()
    assert first.startswith("mesa-gym")
    assert all(line.startswith("Try mesa-gym") for line in more)
    assert {path: path.read_bytes() for path in _list_files(folder)} == before


def _list_files(folder):
    # Python keeps the bytecode of a user's module beside it, unless PYTHONDONTWRITEBYTECODE is set.
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return [path for path in files if path.parent.name != "__pycache__"]
