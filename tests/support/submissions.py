"""Submissions for tests: directories, ONNX graphs, what their child says; locked code."""

import json
import os
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.isolation import process
from benchmarks.isolation.loading import ChildSettings
from benchmarks.isolation.policy import Bounds, Isolated

CORNER = "CheeseCorner-v0"
SHAPE = (9, 9, 3)
CELLS = 9 * 9 * 3
ONES = np.ones((CELLS, 5), np.float32)
# What an agent's entry needs beside its kind and file.
NEEDED = {"weights": {"architecture": "network"}, "onnx": {"observation": "planes"}}
NEEDED |= {"trace": {}}
node = helper.make_node


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


# -- graphs ----------------------------------------------------------------------------------------


def declare(name: str, shape, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def graph(nodes, shape=(64, *SHAPE), inputs=(), outputs=(), **constants: np.ndarray) -> bytes:
    """An ONNX model from CheeseCorner's planes, uint8, to logits."""
    inputs = [declare("seen", shape, TensorProto.UINT8), *inputs]
    outputs = [declare("logits", (64, 5)), *outputs]
    values = [numpy_helper.from_array(np.asarray(x), name) for name, x in constants.items()]
    whole = helper.make_graph(nodes, "policy", inputs, outputs, values)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return model.SerializeToString()


def product(name: str) -> list[onnx.NodeProto]:
    """Nodes for the planes times ``weights``."""
    return [
        node("Cast", ["seen"], ["float"], to=TensorProto.FLOAT),
        node("Flatten", ["float"], ["flat"]),
        node("MatMul", ["flat", "weights"], [name]),
    ]


def linear(weights: np.ndarray) -> bytes:
    """Logits that are a linear function, float32 (cells, 5), of the planes."""
    return graph(product("logits"), weights=weights.astype(np.float32))


def adding(*nodes: onnx.NodeProto, **constants: np.ndarray) -> bytes:
    """Logits that are ``linear``, and ``more`` of these nodes beside them."""
    weights = np.random.default_rng(0).normal(size=(CELLS, 5)).astype(np.float32)
    total = node("Add", ["scores", "more"], ["logits"])
    return graph([*product("scores"), *nodes, total], weights=weights, **constants)


def remembering(*nodes: onnx.NodeProto, before=("batch", 1), after=None, **constants) -> bytes:
    """Nodes from ``seen`` and a ``state`` of a shape to ``logits`` and ``next_state``."""
    state, following = declare("state", before), declare("next_state", after or before)
    return graph(nodes, inputs=[state], outputs=[following], **constants)


def counting(*nodes: onnx.NodeProto, **constants: np.ndarray) -> bytes:
    """A graph that takes each action in turn, by counting its steps; or by other nodes.

    Args:
        nodes: from ``counted``, which is a step more than ``state``, to ``next_state``.
        constants: of them.
    """
    count = node("Add", ["state", "one"], ["counted"])
    chosen = [
        node("Mod", ["state", "five"], ["turn"], fmod=1),
        node("Squeeze", ["turn", "one_axis"], ["action"]),
        node("OneHot", ["action", "five", "scores"], ["logits"]),
    ]
    nodes = nodes or (node("Identity", ["counted"], ["next_state"]),)
    axis, scores = np.array([1]), np.array([-99, 99], np.float32)
    fixed = {"one": np.float32(1), "five": np.float32(5), "one_axis": axis, "scores": scores}
    return remembering(count, *nodes, *chosen, **fixed, **constants)


def looping() -> bytes:
    """A graph that goes round 2**62 times."""
    given = [("i", (), TensorProto.INT64), ("go", (), TensorProto.BOOL), ("before", (64, 5))]
    body = helper.make_graph(
        [node("Identity", ["go"], ["go_on"]), node("Sin", ["before"], ["after"])],
        "body",
        [declare(*each) for each in given],
        [declare("go_on", (), TensorProto.BOOL), declare("after", (64, 5))],
    )
    loop = node("Loop", ["times", "yes", "scores"], ["logits"], body=body)
    return graph([*product("scores"), loop], weights=ONES, times=np.int64(2**62), yes=np.True_)


def allocating() -> bytes:
    """A graph that makes 40 GB of zeros."""
    zeros = node("ConstantOfShape", ["size"], ["zeros"])
    return adding(zeros, node("ReduceSum", ["zeros"], ["more"], keepdims=0), size=[10**10])


def failing(name: str) -> bytes:
    """A graph that fails when it is run, in a node of that name."""
    nodes = [
        node("Cast", ["seen"], ["whole"], to=TensorProto.INT64),
        node("ReduceSum", ["whole"], ["many"], keepdims=0),
        node("Add", ["many", "far"], ["place"]),
        node("Gather", ["scores", "place"], ["picked"], name, axis=1),
        node("Unsqueeze", ["picked", "last"], ["more"]),
    ]
    return adding(*nodes, far=np.array(99), last=np.array([1]))


def external(location: str) -> bytes:
    """A graph whose weights lie in another file."""
    model = onnx.load_from_string(linear(ONES))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(CELLS * 20))):
        tensor.external_data.add(key=key, value=value)
    return model.SerializeToString()


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
