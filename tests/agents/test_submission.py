"""What a submission's directory may hold and say: nothing in it is executed or followed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save as tensors
from submitted import CELLS, CORNER, entry, external, linear, refused, submission, weights

from agents.submission import About, Submission
from agents.submitted_files import MOST_BYTES, read_inside
from agents.train import ALGORITHMS
from mesa_gym.scoring import record
from mesa_gym.traps import all_traps

GOOD = tensors({"x": np.zeros(3)})
GRAPH = linear(np.zeros((CELLS, 5)))


def test_a_submission_is_read_as_it_was_written(tmp_path: Path) -> None:
    agents = [weights(), entry("onnx", "a/b.onnx", 1, "CoinRun-v0", observation="rgb")]
    agents += [entry("trace", "c.trace", 2), entry("code", "d/e.py", 3, factory="make")]
    loaded = Submission.load(submission(tmp_path, *agents))
    assert loaded.about == About(1, "demo", "A test", ["A. Person"], 0.0)
    assert [agent.kind for agent in loaded.agents] == ["weights", "onnx", "trace", "code"]
    replace(loaded, folder=tmp_path / "copy").save()
    assert Submission.load(tmp_path / "copy").agents == loaded.agents


# -- agent.json ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"schema": 2}, "schema is 2"),
        ({"foreign": 1}, "unknown field 'foreign'"),
        ({"alpha": 1.5}, "alpha is 1.5"),
        ({"alpha": True}, "alpha is true"),
        ({"description": "two\nlines"}, "description is"),
        ({"description": "\x1b[2J"}, "description is"),
        ({"description": "left \u202e right"}, "description is"),
        ({"description": "x" * 201}, "description is"),
        ({"authors": []}, "authors has 0; expected 1 to 50"),
        ({"authors": ["me"] * 51}, "authors has 51"),
        ({"authors": ["\x07"]}, "an author's name is"),
        ({"authors": "me"}, "authors is"),
        ({"agents": []}, "agents has 0; expected 1 to 1,000"),
        ({"agents": {}}, "'agents' is missing, or no list"),
        ({"agents": [5]}, r"agents\[0\]: unknown kind None"),
        ({"agents": [{"kind": ["x"]}]}, r"agents\[0\]: unknown kind None"),
        ({"agents": [weights(seed=seed) for seed in range(1001)]}, "agents has 1001"),
    ],
)
def test_what_a_submission_may_not_say_of_itself(changes, told, tmp_path: Path) -> None:
    refused(submission(tmp_path, weights(), **changes), rf"agent\.json: .*{told}")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"trap": "CheeseCorner-v1"}, r"unknown trap 'CheeseCorner-v1'.*mean 'CheeseCorner-v0'"),
        ({"trap": "CheeseCorner"}, "unknown trap 'CheeseCorner'"),
        ({"trap": "os:system"}, "unknown trap 'os:system'"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**32}, "seed is 4294967296"),
        ({"seed": "0"}, "seed is"),
        ({"kind": "pickle"}, "unknown kind 'pickle'; there is weights, onnx, trace, code"),
        ({"kind": "trace"}, "unknown field 'actor'"),
        ({"actor": "a/b"}, "actor is"),
        ({"network": None}, "network is null"),
    ],
)
def test_what_an_agent_may_not_say(changes, told, tmp_path: Path) -> None:
    refused(submission(tmp_path, weights() | changes), rf"agents\[0\]: {told}")


def test_wrong_version_of_a_trap_is_refused(tmp_path: Path) -> None:
    refused(submission(tmp_path, weights(trap="CoinRun-v9")), "Did you mean 'CoinRun-v0'")


def test_duplicate_entries_are_refused(tmp_path: Path) -> None:
    agents = [weights(), entry("trace", "x.trace")]
    refused(submission(tmp_path, *agents), f"seed 0 of {CORNER} is there 2 times")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"[" * 200_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b"{" + b" " * 1_000_001 + b"}", "more than 1,000,000 bytes"),
        (b'{"schema": ' + b"9" * 100_000 + b"}", "Exceeds the limit|is 99999"),
        (b'{"alpha": NaN}', "NaN is no JSON number"),
        (b'{"name": "a", "name": "b"}', "'name' stands twice"),
        (b"\xff\xfe", "no UTF-8"),
        (b"", "not a JSON file"),
        (b"[]", "no JSON object"),
    ],
)
def test_files_that_are_no_sensible_json(text: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "agent.json").write_bytes(text)
    refused(tmp_path, told)


def test_a_missing_submission(tmp_path: Path) -> None:
    refused(tmp_path, "agent.json cannot be read: No such file")
    refused(tmp_path / "nowhere", "is no directory")


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        'x" onmouseover="alert(1)',
        "a&b",
        "../../up",
        "a/b",
        "a\\b",
        ".hidden",
        "-x",
        "a b",
        "a\n",
        "\x1b[2J",
        "пример",
        "",
        "x" * 65,
        "trailing.",
        "mine-s3",
        "MINE-S03",
        "random",
        "Stay",
        "oracle-cheese",
        "oracle",
        "reference-monsters",
        "ppo",
        "PPO",
        "ppo-cnn",
        "ppo-alpha0.03",
    ],
)
def test_names_that_are_refused(name: str, tmp_path: Path) -> None:
    refused(submission(tmp_path, weights(), name=name), "name is|the name .* cannot be taken")


def test_every_baseline_keeps_its_name(tmp_path: Path) -> None:
    for algorithm in ALGORITHMS:
        refused(submission(tmp_path, weights(), name=algorithm), "it is that of a baseline")


@pytest.mark.parametrize("name", ["a", "far-sighted", "PPO2", "ppo-mine", "v1.0_b", "x" * 64])
def test_names_that_are_taken(name: str, tmp_path: Path) -> None:
    assert Submission.load(submission(tmp_path, weights(), name=name)).about.name == name


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "a/../b",
        "a/./b",
        "a//b",
        "a/",
        "..",
        "~/.ssh/id_rsa",
        "a\\b",
        "a\0b",
        "C:x",
        "x" * 201,
        "",
        5,
        None,
    ],
)
def test_paths_out_of_the_directory_are_refused(file, tmp_path: Path) -> None:
    refused(submission(tmp_path, weights(file)), "file is")


def test_links_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    (secret / "in").mkdir(parents=True)
    (secret / "in" / "w.safetensors").write_bytes(GOOD)
    folder = submission(tmp_path / "s", weights())
    (folder / "w.safetensors").symlink_to(secret / "in" / "w.safetensors")
    refused(folder, "w.safetensors is a link")
    (folder / "in").symlink_to(secret / "in")
    refused(submission(folder, weights("in/w.safetensors")), "in is a link")
    (folder / "agent.json").rename(secret / "agent.json")
    (folder / "agent.json").symlink_to(secret / "agent.json")
    refused(folder, "agent.json is a link")


def test_hard_links_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "salt"
    secret.write_bytes(GOOD)
    folder = submission(tmp_path / "s", weights())
    os.link(secret, folder / "w.safetensors")
    refused(folder, "is a hard link to some other file")
    (folder / "w.safetensors").unlink()
    os.mkfifo(folder / "w.safetensors")  # would block who opens it without care
    refused(folder, "is no plain file")
    (folder / "w.safetensors").unlink()
    (folder / "w.safetensors").mkdir()
    refused(folder, "no plain file|is a directory|Is a directory")
    with pytest.raises(ValueError, match="is no plain file"):
        read_inside(Path("/dev"), "zero", 10)


def test_code_may_not_come_with_ways_out(tmp_path: Path) -> None:
    folder = submission(tmp_path / "s", entry("code", "agent.py", factory="make"))
    (folder / "agent.py").write_text("")
    assert Submission.load(folder).agents[0].read(folder) == b""
    (tmp_path / "salt").write_text("x")
    (folder / "data").mkdir()
    (folder / "data" / "x").symlink_to(tmp_path / "salt")
    refused(folder, "data/x is no plain file")
    (folder / "data" / "x").unlink()
    os.link(tmp_path / "salt", folder / "data" / "x")
    refused(folder, "data/x is a hard link")


def test_large_files_are_not_read(tmp_path: Path) -> None:
    folder = submission(tmp_path, weights())
    with open(folder / "w.safetensors", "wb") as file:
        file.truncate(MOST_BYTES + 1)
    refused(folder, "more than 100,000,000 bytes")


# -- what is in them -------------------------------------------------------------------------------


def test_a_header_of_ten_gigabytes_is_refused(tmp_path: Path) -> None:
    folder = submission(tmp_path, weights())
    (folder / "w.safetensors").write_bytes((10 * 10**9).to_bytes(8, "little") + b'{"x": 1}')
    refused(folder, "its header would have 10,000,000,000 bytes, and the file has 16")


def test_weights_may_begin_like_a_pickle(tmp_path: Path) -> None:
    """A header of 0x280 bytes does, which is that of an agent of this project."""
    header = b"{" + b" " * (0x280 - 2) + b"}"
    data = len(header).to_bytes(8, "little") + header
    assert data.startswith(b"\x80\x02")
    folder = submission(tmp_path, weights())
    (folder / "w.safetensors").write_bytes(data)
    assert Submission.load(folder).agents[0].read(folder) == data


def test_graphs_are_read(tmp_path: Path) -> None:
    folder = submission(tmp_path, entry("onnx", "x.onnx", observation="planes"))
    (folder / "x.onnx").write_bytes(GRAPH)
    assert Submission.load(folder).agents[0].read(folder) == GRAPH
    assert external("/etc/passwd").startswith(b"\x08")  # this one ends in the child
    (folder / "x.onnx").write_bytes(b"nonsense")
    refused(folder, "x.onnx is no ONNX model")


def test_traces_are_read(tmp_path: Path) -> None:
    folder = submission(tmp_path, entry("trace", "x.trace"))
    record("stay", all_traps()[CORNER](), 2).save(folder / "x.trace")
    assert Submission.load(folder).agents[0].trace(folder).policy == "stay"
