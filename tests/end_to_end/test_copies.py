"""A copy of an object shares no file, window or process with it: copies serve search."""

import copy
import importlib
import inspect
import io
import os
import pickle
import pkgutil
import socket
import subprocess
import threading

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from mesa_gym.envs import single
from mesa_gym.language.session import TextSession
from mesa_gym.logs import LogEpisodes
from mesa_gym.logs.recorder import LogFile
from mesa_gym.rendering.window import Window

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
# ones a recorder; copies of an environment leave out its window; the rest is of the terminal.
OTHERS = {"KeptActions", "TrapEnvironment", "Recorder", "Window", "Progress", "Notice"}


def play_logged(env):
    """Play an episode of an environment, whether or not it is wrapped."""
    env.reset(options={"level": 0})
    env.step(2)
    env.close()


def play_session(session):
    """Play an episode of a session."""
    session.begin(seed=0, policy="mine")
    session.answer("left")
    session.close()


def add_episode(file):
    """Add an episode to a file."""
    file.append(b"{}\n")


def show(env):
    """Begin episodes and show them."""
    env.reset()
    env.render()


def make_window(folder):
    """Return an open window."""
    window = Window("x", 10_000)
    window.show(np.zeros((9, 9, 3), dtype=np.uint8))
    return window


# What makes an object, and what lets it reach out.
OBJECTS = {
    "LogEpisodes": (lambda folder: LogEpisodes(gym.make(ID), folder / "log.jsonl"), play_logged),
    "LogFile": (lambda folder: LogFile(folder / "log.jsonl"), add_episode),
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
    for found in pkgutil.walk_packages(mesa_gym.__path__, "mesa_gym."):
        if found.name.startswith("mesa_gym.cli") or found.name.endswith("__main__"):
            continue
        try:
            module = importlib.import_module(found.name)
        except ImportError:  # of an extra
            continue
        for name, kind in vars(module).items():
            own = inspect.isclass(kind) and kind.__module__ == found.name
            if own and REACHING & inspect.signature(kind.__init__).parameters.keys():
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
    for each in (first, twin):
        getattr(each, "close", list)()


@pytest.mark.usefixtures("_shown")
def test_forked_window_is_left_alone(monkeypatch, tmp_path):
    """A forked process shares the connection to the display: it neither draws nor closes."""
    window, process = make_window(tmp_path), os.getpid()
    shown = window._window
    with monkeypatch.context() as patch:
        patch.setattr("os.getpid", lambda: process + 1)
        window.show(None)
        window.close()
    assert (window._window, shown.get_surface() is not None) == (shown, True)
    window._closed = False
    window.close()
    assert window._window is None
