"""Submissions for tests: directories, what their child says; locked code."""

import json
import os
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from graphs import CELLS, CORNER, SHAPE, linear

from benchmarks.isolation import process
from benchmarks.isolation.loading import ChildSettings
from benchmarks.isolation.policy import Bounds, Isolated

# What an agent's entry needs beside its kind and file.
NEEDED = {"weights": {"architecture": "network"}, "onnx": {"observation": "planes"}}
NEEDED |= {"trace": {}}


def entry(kind: str, file: str, seed: int = 0, trap: str = CORNER, **more: str) -> dict[str, Any]:
    return {"trap": trap, "seed": seed, "kind": kind, "file": file, **NEEDED[kind], **more}


def submission(folder: Path, *agents: dict[str, Any], **changes: Any) -> Path:
    """A directory with ``agent.json``; files are for the caller to write."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"schema": 1, "name": "demo", "description": "A test", "authors": ["A. Person"]}
    whole = about | {"alpha": 0.0, "agents": list(agents)} | changes
    (folder / "agent.json").write_text(json.dumps(whole))
    return folder


def submit(folder: Path, out: Path, *options: str) -> int:
    """The exit code of the command, on four levels of each split."""
    from benchmarks.submissions.commands import main

    return main(["score", str(folder), "--out", str(out), "--levels", "4", *options])


def written(folder: Path, *seeds: int, weights: int = 0, **changes: Any) -> Path:
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

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


# No submission holds code. To try the locks, the child of the product is started with another
# loader, which runs a file; the file and its folder can be read as the libraries can.
CODE_CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from benchmarks.isolation import child, landlock
from mesa_gym.policies.adapting import adapt
file, readable = Path({file!r}), landlock.libraries()
def load(trap, data):
    names = {{"__name__": file.stem, "__file__": str(file)}}
    exec(compile(file.read_text(), file, "exec"), names)
    return adapt(names["make"](trap), trap)
landlock.libraries = lambda: [*readable, file.parent]
child.make_loader = lambda settings, trap: lambda data: load(trap, data)
{first}
child.main()
"""


def code_child(file: Path, bounds: Bounds | None = None, first: str = "") -> Isolated:
    """A locked child with the policy of ``make(trap)`` in a file; ``first`` runs unlocked."""
    main = CODE_CHILD.format(file=str(file.resolve()), first=first)
    with mock.patch.object(process, "_MAIN", main):
        return Isolated(ChildSettings(CORNER, "weights"), b"", bounds)


def code(folder: Path, acts: str, loads: str = "", seconds: float = 20) -> Isolated:
    """A child with a policy whose ``act(observation)`` is made of lines of code."""
    folder.mkdir(parents=True, exist_ok=True)
    text = f"import os, sys, time\nimport numpy as np\n{loads}\ndef make(trap):\n    return act\n"
    body = "".join(f"    {line}\n" for line in acts.splitlines())
    (folder / "agent.py").write_text(f"{text}def act(observation):\n{body}")
    return code_child(folder / "agent.py", Bounds(seconds, memory=1 << 28))


def ask(policy: Isolated, n: int = 3) -> np.ndarray:
    policy.reset(np.ones(n, np.bool_), np.random.default_rng(0))
    return policy.act(np.zeros((n, *SHAPE), np.uint8))
