"""One law for paths: seven names go through every door, to the file that a person means.

A door is a way by which a person gives a path, to write or to read. A row of ``WRITERS`` or
``READERS`` is a door; it gives the path, and then the program changes its folder.
"""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import mesa_gym
from mesa_gym.cli import main
from mesa_gym.cli.agent_arguments import read_cards, split_list, split_name
from mesa_gym.language.kept_answers import keep_answers
from mesa_gym.language.session import TextSession
from mesa_gym.logs import LogEpisodes, RecordedEpisode, read_log, save_episodes
from mesa_gym.logs.episodes import encode_episode
from mesa_gym.policies.names import name_policy
from mesa_gym.rendering.png import write_png
from mesa_gym.scoring import Cards, score
from mesa_gym.solver.cache import cache_folder
from tests.support.parameters import thorough

EPISODE = RecordedEpisode(
    trap="CheeseDish-v0", split="test", level=0, play="test", actions=[4], policy="mine"
)
# A policy that changes the folder when it is imported, before its command writes.
LEAVES = "import os\nos.chdir('..')\n\ndef act(obs):\n    return [4] * len(obs)\n"
SCORE = ["score", "CheeseDish", "--policy", "leaves.py:act", "--levels", "2"]
# The word that a person gives -> the file that they mean, below a folder that has work and home.
NAMES = {
    "equals and comma": ("a=b,c", "work/a=b,c"),
    "colon": ("a:b", "work/a:b"),
    "home": ("~/x", "home/x"),
    "link": ("link", "home/target"),
    "link to nothing": ("dangling", "home/none/target"),
    "relative": ("new/x", "work/new/x"),
    "blanks and umlaut": ("für mich", "work/für mich"),
}


def play(env):
    """Play one episode by standing still."""
    env.reset(options={"play": "test", "level": 0})
    over = False
    while not over:
        *_, terminated, truncated, _ = env.step(4)
        over = terminated or truncated
    env.close()


def log_episodes(path, leave):
    env = mesa_gym.LogEpisodes(gymnasium.make("MesaGym/CheeseDish-Test-v0"), path)
    leave()
    play(env)


def reopen_log(path, leave):
    env = mesa_gym.LogEpisodes(gymnasium.make("MesaGym/CheeseDish-Test-v0"), None)
    env.reopen(path)
    leave()
    play(env)


def log_session(path, leave):
    session = TextSession(path)
    leave()
    session.begin(trap="CheeseDish", split="test", level=0, policy="mine")
    while not session.done:
        session.answer("act")


def ask_model(path, leave):
    ask = keep_answers(lambda text: "up", path, model="one")
    leave()
    assert ask("where?") == "up"


def run(*words):
    """Return a door that runs a command, whose policy changes the folder."""
    return lambda path, leave: main([*words, path]) and pytest.fail(f"{words} {path}")


WRITERS = {
    "LogEpisodes": log_episodes,
    "LogEpisodes.reopen": reopen_log,
    "TextSession": log_session,
    "keep_answers": ask_model,
    "save_episodes": lambda path, leave: save_episodes(path, [EPISODE]),
    "write_png": lambda path, leave: write_png(path, np.zeros((2, 2, 3), np.uint8)),
    "card.save": lambda path, leave: score("stay", "CheeseDish", levels=2).save(path),
    "Cards.save": lambda path, leave: Cards([score("stay", "CheeseDish", levels=2)]).save(path),
    "score --json": run(*SCORE, "--json"),
    "score --save-episodes": run(*SCORE, "--save-episodes"),
    "compare --json": run(
        "compare", "leaves.py:act", "sweeper", "CheeseDish", "--levels", "5", "--json"
    ),
    "watch --record": run("watch", *SCORE[1:-2], "--headless", "--record"),
}
ENDINGS = {"watch --record": ".png"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with a home, and a folder in which the program begins."""
    for name in ("home", "work", "away"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    Path("leaves.py").write_text(LEAVES)
    yield tmp_path
    for module in ("leaves", "acts"):
        sys.modules.pop(module, None)


def give(name, folder, ending=""):
    """Return the word and the file of a name, after making its link."""
    word, meant = (text + ending for text in NAMES[name])
    if "link" in name:
        Path(word).symlink_to(folder / meant)
    if name == "link":
        (folder / meant).touch()
    return word, folder / meant


def list_files(folder):
    """Return the files below a folder, without links, caches and compiled code."""
    paths = (path.relative_to(folder) for path in folder.rglob("*"))
    kept = (x for x in paths if x.parts[0] != "cache" and "__pycache__" not in x.parts)
    return {str(x) for x in kept if (folder / x).is_file() and not (folder / x).is_symlink()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("door", [x if i < 6 else thorough(x) for i, x in enumerate(WRITERS)])
def test_writing_door_takes_every_name(door, name, folder, monkeypatch):
    word, meant = give(name, folder, ENDINGS.get(door, ""))
    before = list_files(folder) - {str(meant.relative_to(folder))}
    WRITERS[door](word, lambda: monkeypatch.chdir(folder / "away"))
    assert list_files(folder) == before | {str(meant.relative_to(folder))}
    assert meant.stat().st_size > 0
    assert (folder / "work" / word).is_symlink() == ("link" in name)


@cache
def make_card():
    """Return the JSON of a card."""
    return score("stay", "CheeseDish", levels=2, name="mine").to_json()


LOG = encode_episode(EPISODE)
ENV = "MesaGym/CheeseDish-Test-v0"
# Door -> the bytes of its file, and what it gives of them.
READERS = {
    "read_log": (LOG, lambda path: read_log(path)[0] == [EPISODE]),
    "LogEpisodes.plan": (
        LOG,
        lambda path: (
            ("test", 0)
            not in {
                (x["play"], x["level"])
                for x in mesa_gym.LogEpisodes(gymnasium.make(ENV), None, "mine").plan(1, after=path)
            }
        ),
    ),
    "list of agents": (LOG, lambda path: [x for _, [x] in split_list(f"{path},{path}")] != []),
    "NAME=PATH": (LOG, lambda path: split_name(f"n={path}") == ("n", path)),
    "score --episodes": (LOG, lambda path: main(["score", "--episodes", path]) == 0),
    "Cards.load": (make_card, lambda path: Cards.load(path)[0].policy == "mine"),
    "read_cards": (make_card, lambda path: read_cards([f"n={path}"])[0].policy == "n"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("door", [x if i < 4 else thorough(x) for i, x in enumerate(READERS)])
def test_reading_door_takes_every_name(door, name, folder):
    word, meant = give(name, folder)
    contents, read = READERS[door]
    meant.parent.mkdir(exist_ok=True)
    meant.write_bytes(contents() if callable(contents) else contents)
    # The log has one action of an episode, so the plan asks for all of it.
    assert read(word) is (door != "LogEpisodes.plan")
    assert (folder / "work" / word).is_symlink() == ("link" in name)


@pytest.mark.thorough
@pytest.mark.parametrize("name", NAMES)
def test_policy_is_made_again_after_leaving(name, folder):
    """A policy is made for each time limit, and its file may have changed the folder."""
    word, meant = give(name, folder)
    if name == "link":
        meant.unlink()
    meant.mkdir(parents=True)
    (meant / "acts.py").write_text(LEAVES)
    card = score(f"{word}/acts.py:act", "CheeseDish", levels=2)
    assert card.policy == name_policy(f"{word}/acts.py:act") == "acts.py:act"
    assert Path.cwd() == folder


@pytest.mark.parametrize("name", NAMES)
def test_caches_take_every_name(name, folder, monkeypatch):
    word, meant = give(name, folder)
    monkeypatch.setenv("MESA_GYM_CACHE", word)
    assert cache_folder().resolve() == meant
    monkeypatch.delenv("MESA_GYM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", word)  # its specification says to ignore a relative one
    assert cache_folder() == folder / "home" / ".cache" / "mesa_gym"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "x"))
    assert cache_folder() == folder / "x" / "mesa_gym"


def test_loop_of_links_is_named(folder):
    Path("one").symlink_to("two")
    Path("two").symlink_to("one")
    with pytest.raises(OSError, match="levels of symbolic links"):
        save_episodes("one", [EPISODE])
    assert Path("one").is_symlink()


@pytest.mark.parametrize("path", ["", 3, None, b"x"])
def test_path_of_another_type_is_refused(path):
    with pytest.raises(ValueError, match=r"the path is .*; expected the name of a file or folder"):
        save_episodes(path, [EPISODE])


# A program as Hydra starts it: paths are named, then the folder is the job's. It is killed in the
# middle, without an end of its own, and started again in the folder of another job.
JOB = """
import os, sys
import gymnasium, mesa_gym
from mesa_gym.language.kept_answers import keep_answers

def ask(text):
    with open(os.environ["ASKED"], "a") as file:
        file.write("asked\\n")
    return "stay"

os.chdir(sys.argv[1])
env = mesa_gym.LogEpisodes(gymnasium.make("MesaGym/CheeseDish-v0"), "../log.jsonl", "mine")
asked = keep_answers(ask, "../kept.jsonl", model="mine")
job = sys.argv[2]
os.makedirs(job)
os.chdir(job)
for number, options in enumerate(env.plan(2, after="../../log.jsonl")):
    if number == int(sys.argv[3]):
        os._exit(7)
    env.reset(options=options)
    asked(f"what now? {options}")
    over = False
    while not over:
        *_, terminated, truncated, _ = env.step(4)
        over = terminated or truncated
"""


@pytest.mark.thorough
def test_killed_job_asks_and_plays_once(folder):
    """Whatever its folder, a job that starts again asks and plays what is missing."""
    asked, work = folder / "asked", folder / "work"
    for number, (stops, code) in enumerate([(3, 7), (4, 7), (-1, 0)]):
        command = [sys.executable, "-c", JOB, str(work), f"job{number}", str(stops)]
        environment = os.environ | {"ASKED": str(asked)}
        assert subprocess.run(command, env=environment, cwd=folder / "away").returncode == code
    episodes, _ = read_log(folder / "log.jsonl")
    plays = [(x.play, x.level) for x in episodes]
    kept = (folder / "kept.jsonl").read_text().splitlines()[1:]
    planned = [*LogEpisodes(gymnasium.make("MesaGym/CheeseDish-v0"), None).plan(2)]
    assert sorted(plays) == sorted((x["play"], x["level"]) for x in planned)
    assert len(set(plays)) == len(plays) == len(kept) == len(asked.read_text().splitlines())
