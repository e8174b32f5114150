"""Submissions for tests: directories, ONNX graphs, pieces of code, what a child of them says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.isolation.loading import Settings
from benchmarks.isolation.policy import Bounds, Isolated

CORNER = "CheeseCorner-v0"
SHAPE = (9, 9, 3)
CELLS = 9 * 9 * 3


def entry(kind: str, file: str, seed: int = 0, trap: str = CORNER, **more: str) -> dict[str, Any]:
    return {"trap": trap, "seed": seed, "kind": kind, "file": file, **more}


def submission(folder: Path, *agents: dict[str, Any], **changes: Any) -> Path:
    """A directory with ``agent.json``; files are for the caller to write."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"schema": 1, "name": "demo", "description": "A test", "authors": ["A. Person"]}
    whole = about | {"alpha": 0.0, "agents": list(agents)} | changes
    (folder / "agent.json").write_text(json.dumps(whole))
    return folder


def weights(file: str = "w.safetensors", **more) -> dict:
    return entry("weights", file, architecture="network", **more)


def submit(folder: Path, out: Path, *options: str) -> int:
    """The exit code of the command, on four levels of each split."""
    from benchmarks.leaderboard.__main__ import main

    return main(["submit", str(folder), "--out", str(out), "--levels", "4", *options])


def written(folder: Path, *seeds: int, weights: int = 0, **changes: Any) -> Path:
    """A submission of graphs with random weights."""
    seeds = seeds or (0,)
    agents = [entry("onnx", f"s{seed}.onnx", seed, observation="planes") for seed in seeds]
    submission(folder, *agents, **changes)
    for seed in seeds:
        rng = np.random.default_rng([seed, weights])
        (folder / f"s{seed}.onnx").write_bytes(linear(rng.normal(size=(CELLS, 5))))
    return folder


def graph(nodes, output=("logits", TensorProto.FLOAT, (64, 5)), constants=(), **inputs) -> bytes:
    """An ONNX model of CheeseCorner's planes, uint8."""
    seen = helper.make_tensor_value_info(
        "seen", TensorProto.UINT8, inputs.get("shape", (64, *SHAPE))
    )
    name, kind, shape = output
    given = helper.make_tensor_value_info(name, kind, shape)
    values = [numpy_helper.from_array(value, key) for key, value in constants]
    whole = helper.make_graph(nodes, "policy", [seen], [given], values)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return model.SerializeToString()


def product(name: str) -> list[onnx.NodeProto]:
    """Nodes for the planes times ``weights``."""
    return [
        helper.make_node("Cast", ["seen"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["float"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], [name]),
    ]


def linear(weights: np.ndarray) -> bytes:
    """Logits that are a linear function, float32 (cells, 5), of the planes."""
    return graph(product("logits"), constants=[("weights", weights.astype(np.float32))])


def adding(*nodes: onnx.NodeProto, **constants: np.ndarray) -> bytes:
    """Logits that are ``linear``, and ``more`` of these nodes beside them."""
    weights = np.random.default_rng(0).normal(size=(CELLS, 5)).astype(np.float32)
    total = helper.make_node("Add", ["scores", "more"], ["logits"])
    values = [("weights", weights), *constants.items()]
    return graph([*product("scores"), *nodes, total], constants=values)


def drawing(operator: str = "RandomUniform", **more: Any) -> onnx.NodeProto:
    """A node whose state tells how often it was run."""
    return helper.make_node(operator, [], ["more"], shape=(64, 5), seed=1.0, **more)


def branching(node: onnx.NodeProto) -> onnx.NodeProto:
    """A node that runs another in a branch of a branch."""
    for depth in range(2):
        given = helper.make_tensor_value_info("more", TensorProto.FLOAT, (64, 5))
        body = helper.make_graph([node], f"branch{depth}", [], [given])
        node = helper.make_node("If", ["yes"], ["more"], then_branch=body, else_branch=body)
    return node


def looping() -> bytes:
    """A graph that goes round 2**62 times."""
    value, scores, shape = helper.make_tensor_value_info, TensorProto.FLOAT, (64, 5)
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Sin", ["before"], ["after"]),
        ],
        "body",
        [
            value("i", TensorProto.INT64, ()),
            value("go", TensorProto.BOOL, ()),
            value("before", scores, shape),
        ],
        [value("go_on", TensorProto.BOOL, ()), value("after", scores, shape)],
    )
    nodes = [
        *product("scores"),
        helper.make_node("Loop", ["times", "yes", "scores"], ["logits"], body=body),
    ]
    weights = np.ones((CELLS, 5), np.float32)
    constants = [("weights", weights), ("times", np.int64(2**62)), ("yes", np.bool_(True))]
    return graph(nodes, constants=[(key, np.asarray(value)) for key, value in constants])


def allocating() -> bytes:
    """A graph that makes 40 GB of zeros."""
    nodes = [
        helper.make_node("ConstantOfShape", ["size"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
        *product("scores"),
        helper.make_node("Add", ["scores", "sum"], ["logits"]),
    ]
    weights = np.ones((CELLS, 5), np.float32)
    return graph(nodes, constants=[("weights", weights), ("size", np.array([10**10]))])


def external(location: str) -> bytes:
    """A graph whose weights lie in another file."""
    model = onnx.load_from_string(linear(np.ones((CELLS, 5))))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(CELLS * 20))):
        tensor.external_data.add(key=key, value=value)
    return model.SerializeToString()


def code(folder: Path, acts: str, loads: str = "", seconds: float = 20) -> Isolated:
    """A child with a policy whose ``act(observation)`` is made of lines of code."""
    folder.mkdir(parents=True, exist_ok=True)
    text = f"import os, sys, time\nimport numpy as np\n{loads}\ndef make(trap):\n    return act\n"
    body = "".join(f"    {line}\n" for line in acts.splitlines())
    (folder / "agent.py").write_text(f"{text}def act(observation):\n{body}")
    settings = Settings(CORNER, "code", file=str(folder / "agent.py"), factory="make")
    return Isolated(settings, readable=[folder], bounds=Bounds(seconds, memory=1 << 28))


def ask(policy: Isolated, n: int = 3) -> np.ndarray:
    policy.reset(np.ones(n, np.bool_), np.random.default_rng(0))
    return policy.act(np.zeros((n, *SHAPE), np.uint8))
