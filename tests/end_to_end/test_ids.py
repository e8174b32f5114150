"""Gymnasium's ids, names from outside, and copies of states."""

import copy
import importlib
import inspect
import io
import json
import os
import pickle
import pkgutil
import socket
import subprocess
import sys
import threading
from contextlib import redirect_stderr
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import mesa_gym
from mesa_gym.cli import main
from mesa_gym.envs import single
from mesa_gym.language.session import TextSession, TrapTools
from mesa_gym.logs import LogEpisodes, RecordedEpisode, score_logs
from mesa_gym.logs.episodes import require_played
from mesa_gym.logs.recorder import LogFile
from mesa_gym.rendering.window import Window
from mesa_gym.report import join_committed
from tests.support.cards import made
from tests.support.parameters import thorough

IDS = [id for id in gym.registry if id.startswith("MesaGym/")]


def test_registry_has_ids_of_traps_and_splits():
    assert len(IDS) == len(mesa_gym.traps.package_traps()) * 4 * 2


@pytest.mark.thorough
def test_spec_describes_the_environment_of_its_id():
    for id in IDS:
        spec = gym.spec(id)
        env = gym.make(id).unwrapped
        assert spec.kwargs["trap"] == env.trap.name()
        assert spec.kwargs["split"] == env.settings.split
        assert spec.kwargs.get("observation", "planes") == env.settings.observation.name
        assert spec.reward_threshold == env.trap.reward_threshold
        infos = env.reset(seed=0)[1], env.step(4)[4]
        first, later = ({name: type(x) for name, x in info.items()} for info in infos)
        assert first == later


@pytest.mark.slow
@pytest.mark.parametrize("id", IDS)
def test_environment_passes_the_gymnasium_checker_headless(id, monkeypatch):
    """`human` included; a warning is an error, as in all tests."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    check_env(gym.make(id).unwrapped)


PLAY = """
from random import Random

rng = Random(0)
levels = envs.reset(seed=[3, 4])[1]["level"].tolist()
paid = [envs.step(rng.choices(range(5), k=2))[4]["reward_keys"].sum() for _ in range(300)]
print(levels, paid)
"""
# A program given by -c is not imported again by the processes it starts, as a notebook is not.
PROGRAM = f"""
import gymnasium as gym
from gymnasium.vector import AsyncVectorEnv
import mesa_gym

make = lambda: gym.make("mesa_gym:MesaGym/KeysChests-v0")
envs = AsyncVectorEnv([make] * 2, context="spawn")
{PLAY}
envs.close()
"""


@pytest.mark.slow
def test_module_prefix_registers_ids_in_spawned_processes(capsys):
    """They play what environments of this process play."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True)
    exec(PLAY, {"envs": gym.make_vec("MesaGym/KeysChests-v0", 2, vectorization_mode="sync")})
    assert done.stdout == capsys.readouterr().out, done.stderr
    assert "1.0" in done.stdout


# -- outside names ---------------------------------------------------------------------------------
NAMES = ("./evil_file.py:X", "./evil_file.py", "evil_module:X", "evil_module.X")
POLICY = {"schema": 1, "observation": "planes", "loader": "agents", "weights": "w.safetensors"}


def record(name):
    return RecordedEpisode(trap=name, split="test", level=0, play="test", actions=[4])


def score_log(name):
    _, (note,) = score_logs([record(name)])
    raise ValueError(note)


def read_policy(*command):
    """Return the door of a command that is given a folder whose policy.json names the trap."""

    def enter(name):
        Path("agent").mkdir(exist_ok=True)
        Path("agent/policy.json").write_text(json.dumps({**POLICY, "trap": name}))
        with redirect_stderr(io.StringIO()) as stderr:
            assert main([*command]) == 2
        raise ValueError(stderr.getvalue().strip())

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
    for text in ("Nonesuch", name):  # the first imports what the door itself needs
        before = {*sys.modules}
        with pytest.raises(ValueError, match=r"\S") as refused:
            DOORS[door](text)
    assert {*sys.modules} == before
    assert str(refused.value).count("\n") == 0
    assert text.rpartition("/")[2] in str(refused.value)


# -- copies ----------------------------------------------------------------------------------------
ID = "MesaGym/CheeseCorner-v0"
# Parameters of classes whose objects may reach out of the process.
REACHING = {"path", "log", "file", "folder", "render_mode", "title", "host", "port"}
HANDLES = (io.IOBase, socket.socket, subprocess.Popen, threading.Thread)
WAYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
}
# A cache has the same content from each writer; environments of a server have a session, and logged
# ones a recorder; copies of an environment leave out its window. Only a function, which is never
# copied, has a file of answers; the rest is of the terminal.
OTHERS = {"LevelActions", "TrapEnvironment", "Recorder", "Window", "_AnswersFile"}
OTHERS |= {"Progress", "Notice"}


def play_logged(env):
    """Play an episode of an environment, whether or not it is wrapped."""
    env.reset(options={"level": 0})
    env.step(2)
    env.close()


def play_session(session):
    session.begin(seed=0, policy="mine")
    session.answer("left")
    session.close()


def show(env):
    env.reset()
    env.render()


# What makes an object, and what lets it reach out.
OBJECTS = {
    "LogEpisodes": (lambda folder: LogEpisodes(gym.make(ID), folder / "log.jsonl"), play_logged),
    "LogFile": (
        lambda folder: LogFile(folder / "log.jsonl"),
        lambda file: file.append(record("CheeseDish-v0")),
    ),
    "TextSession": (lambda folder: TextSession(folder / "log.jsonl"), play_session),
    "TrapEnv": (lambda folder: gym.make(ID, render_mode="human").unwrapped, show),
    "TrapVectorEnv": (lambda folder: gym.make_vec(ID, 2, render_mode="rgb_array"), show),
}


def find_handles(value):
    """Yield the files, windows and processes that an object reaches through its attributes."""
    pygame = pytest.importorskip("pygame")
    waiting, visited = [value], dict[int, object]()
    while waiting:
        value = waiting.pop()
        if id(value) in visited or inspect.ismodule(value) or inspect.isclass(value):
            continue
        visited[id(value)] = value
        if isinstance(value, (*HANDLES, pygame.Window, pygame.Surface)):
            yield value
        waiting += value.values() if isinstance(value, dict) else []
        waiting += value if isinstance(value, list | tuple | set) else []
        waiting += getattr(value, "__dict__", {}).values()


def list_reaching():
    """Return the names of the package's classes that have a parameter of ``REACHING``."""
    names = set()
    for info in pkgutil.walk_packages(mesa_gym.__path__, "mesa_gym."):
        if info.name.startswith("mesa_gym.cli") or info.name.endswith("__main__"):
            continue
        try:
            module = importlib.import_module(info.name)
        except ImportError:  # of an extra
            continue
        for name, kind in vars(module).items():
            is_local = inspect.isclass(kind) and kind.__module__ == info.name
            if is_local and REACHING & inspect.signature(kind.__init__).parameters.keys():
                names.add(name)
    return names


@pytest.fixture
def _shown(monkeypatch):
    pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(single, "RENDER_FPS", 10_000)


def test_copies_cover_all_that_reaches_out():
    assert list_reaching() - OTHERS == OBJECTS.keys()


@pytest.mark.usefixtures("_shown")
@pytest.mark.filterwarnings("ignore:this is a copy")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OBJECTS)
def test_copy_reaches_nothing_of_the_first(name, way, tmp_path):
    make, use = OBJECTS[name]
    first, path = make(tmp_path), tmp_path / "log.jsonl"
    use(first)
    written = path.exists() and path.read_bytes()
    assert written or name in ("TrapEnv", "TrapVectorEnv")
    assert [*find_handles(first)] or name != "TrapEnv"
    twin = WAYS[way](first)
    assert not [*find_handles(twin)]
    use(twin)
    assert (path.exists() and path.read_bytes()) == written
    for x in (first, twin):
        getattr(x, "close", list)()


@pytest.mark.usefixtures("_shown")
def test_forked_window_is_left_alone(monkeypatch):
    """A forked process shares the connection to the display: it neither draws nor closes."""
    window, process = Window("x", 10_000), os.getpid()
    window.show(np.zeros((9, 9, 3), dtype=np.uint8))
    open_window = window._window
    with monkeypatch.context() as patch:
        patch.setattr("os.getpid", lambda: process + 1)
        window.show(None)
        window.close()
    assert (window._window, open_window.get_surface() is not None) == (open_window, True)
    window._closed = False
    window.close()
    assert window._window is None
