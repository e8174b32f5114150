"""Submissions for tests: directories, what their child says; locked code."""

import atexit
import json
import os
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import numpy as np
from graphs import CELLS, CORNER, SHAPE, linear

from benchmarks.rooms.code import Code
from benchmarks.rooms.policy import RoomPolicy
from benchmarks.rooms.room import Rooms
from benchmarks.submissions.format import Onnx, Weights
from benchmarks.submissions.scoring import BOUNDS, make_rooms, open_policy

# What an agent's entry needs beside its kind and file.
NEEDED = {"weights": {"architecture": "network"}, "onnx": {}, "trace": {}}


def entry(kind, file, seed=0, trap=CORNER, **more):
    return {"trap": trap, "seed": seed, "kind": kind, "file": file, **NEEDED[kind], **more}


def submission(folder, *agents, **changes):
    """A directory with ``agent.json``; files are for the caller to write."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"schema": 1, "name": "demo", "description": "A test", "authors": ["A. Person"]}
    whole = about | {"alpha": 0.0, "agents": list(agents)} | changes
    (folder / "agent.json").write_text(json.dumps(whole))
    return folder


def submit(folder, out, salt="", levels=4):
    """The exit code of the command, on so many levels of each split, public ones without a salt."""
    from benchmarks.submissions.commands import main

    verb = ["rerun", "--salt", salt] if salt else ["run"]
    return main([*verb, str(folder), "--out", str(out), "--levels", str(levels)])


def written(folder, *seeds, weights=0, **changes):
    """A submission of graphs with random weights."""
    seeds = seeds or (0,)
    submission(folder, *(entry("onnx", f"s{seed}.onnx", seed) for seed in seeds), **changes)
    for seed in seeds:
        rng = np.random.default_rng([seed, weights])
        (folder / f"s{seed}.onnx").write_bytes(linear(rng.normal(size=(CELLS, 5))))
    return folder


# -- code ------------------------------------------------------------------------------------------


class Bomb:
    """A pickle that makes a folder where it goes off."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


# No submission holds code. To try the locks, a room runs a file; the file and its folder can be
# read as the libraries can.


@cache
def make_code_rooms(module="code_room"):
    """Return the source of rooms that run files, which takes seconds to start."""
    made = Rooms(f"tests.support.{module}")
    atexit.register(made.close)
    return made


@contextmanager
def code_child(file, bounds=BOUNDS, module="code_room"):
    """Yield the policy of ``make(trap)`` in a file, in a room."""
    place, terms = Code("", "", "", (str(file.resolve().parent),)), {"file": str(file.resolve())}
    with make_code_rooms(module).open("", place, terms, bounds=bounds) as room:
        yield RoomPolicy(room, observation=room.call("load", str))


def code(folder, acts, loads="", **bounds):
    """A room with a policy whose ``act(observation)`` is made of lines of code."""
    folder.mkdir(parents=True, exist_ok=True)
    text = f"import os, sys, time\nimport numpy as np\n{loads}\ndef make(trap):\n    return act\n"
    body = "".join(f"    {line}\n" for line in acts.splitlines())
    (folder / "agent.py").write_text(f"{text}def act(observation):\n{body}")
    limits = {"seconds": 20, "memory": 1 << 28} | bounds
    return code_child(folder / "agent.py", replace(BOUNDS, **limits))


@contextmanager
def opened(data, bounds=BOUNDS, architecture=""):
    """Yield the policy of a submitted file: weights of an architecture, or a graph."""
    agent = Weights(CORNER, 0, "x", architecture) if architecture else Onnx(CORNER, 0, "x")
    policy = open_policy(make_file_rooms(), agent, data, bounds)
    with policy.room:
        yield policy


@cache
def make_file_rooms():
    """Return the source of rooms of submitted files."""
    made = make_rooms()
    atexit.register(made.close)
    return made


def ask(policy, n=3):
    policy.reset(np.ones(n, np.bool_), np.random.default_rng(0))
    return policy.act(np.zeros((n, *SHAPE), np.uint8))
