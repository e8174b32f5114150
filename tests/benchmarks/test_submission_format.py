"""What a submission's directory may hold and say: nothing in it is executed or followed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from safetensors.numpy import save as tensors
from submitted import CELLS, CORNER, entry, external, linear, refused, submission, weights

from agents.train import ALGORITHMS
from benchmarks.submissions.files import MOST_BYTES, read_inside
from benchmarks.submissions.format import About, Submission
from mesa_gym.scoring import record
from mesa_gym.traps import all_traps

GOOD = tensors({"x": np.zeros(3)})
GRAPH = linear(np.zeros((CELLS, 5)))


def test_a_submission_is_read_as_it_was_written(tmp_path: Path) -> None:
    agents = [weights(), entry("onnx", "a/b.onnx", 1, "CoinRun-v0", observation="rgb")]
    agents += [entry("trace", "c.trace", 2), entry("code", "d/e.py", 3, factory="make")]
    loaded = Submission.load(submission(tmp_path, *agents))
    about = About(name="demo", description="A test", authors=["A. Person"], alpha=0.0)
    assert loaded.about == about
    assert [agent.kind for agent in loaded.agents] == ["weights", "onnx", "trace", "code"]
    replace(loaded, folder=tmp_path / "copy").save()
    assert Submission.load(tmp_path / "copy").agents == loaded.agents


# -- agent.json ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"schema": 2}, r"<= 1 - at `\$\.schema`"),
        ({"foreign": 1}, "unknown field `foreign`"),
        ({"alpha": 1.5}, r"<= 1.0 - at `\$\.alpha`"),
        ({"alpha": True}, r"got `bool` - at `\$\.alpha`"),
        ({"description": "two\nlines"}, "description is"),
        ({"description": "\x1b[2J"}, "description is"),
        ({"description": "left \u202e right"}, "description is"),
        ({"description": "x" * 201}, "description is"),
        ({"authors": []}, r"length >= 1 - at `\$\.authors`"),
        ({"authors": ["me"] * 51}, r"length <= 50 - at `\$\.authors`"),
        ({"authors": ["\x07"]}, "an author's name is"),
        ({"authors": "me"}, r"got `str` - at `\$\.authors`"),
        ({"agents": []}, r"length >= 1 - at `\$\.agents`"),
        ({"agents": {}}, r"got `object` - at `\$\.agents`"),
        ({"agents": [5]}, r"got `int` - at `\$\.agents\[0\]`"),
        ({"agents": [{"kind": ["x"]}]}, r"`str` - at `\$\.agents\[0\]\.kind`"),
        (
            {"agents": [weights(seed=seed) for seed in range(1001)]},
            r"length <= 1000 - at `\$\.agents`",
        ),
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
        ({"seed": -1}, ">= 0 .*seed"),
        ({"seed": 2**32}, "<= 4294967295 .*seed"),
        ({"seed": "0"}, "got `str` .*seed"),
        ({"kind": "pickle"}, "Invalid value 'pickle' .*kind"),
        ({"kind": "trace"}, "unknown field `architecture`"),
        ({"architecture": "a/b"}, "matching regex .*architecture"),
        ({"architecture": None}, "got `null` .*architecture"),
    ],
)
def test_what_an_agent_may_not_say(changes, told, tmp_path: Path) -> None:
    refused(submission(tmp_path, weights() | changes), rf"(?=.*\$\.agents\[0\]).*{told}")


def test_wrong_version_of_a_trap_is_refused(tmp_path: Path) -> None:
    refused(submission(tmp_path, weights(trap="CoinRun-v9")), "Did you mean 'CoinRun-v0'")


def test_duplicate_entries_are_refused(tmp_path: Path) -> None:
    agents = [weights(), entry("trace", "x.trace")]
    refused(submission(tmp_path, *agents), f"seed 0 of {CORNER} is there 2 times")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"[" * 200_000, "got `array`"),
        (b'{"a":' * 100_000, "unknown field `a`"),
        (b"{" + b" " * 1_000_001 + b"}", "more than 1,000,000 bytes"),
        (b'{"schema": ' + b"9" * 100_000 + b"}", "out of range"),
        (b'{"alpha": NaN}', "JSON is malformed"),
        (b'{"%s\\u001b": 1}' % (b"x" * 100_000), "unknown field `xxx"),
        (b"{}", "missing required field `name`"),
        (b"\xff\xfe", "JSON is malformed"),
        (b"", "truncated"),
        (b"[]", "got `array`"),
    ],
)
def test_files_that_are_no_sensible_json(text: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "agent.json").write_bytes(text)
    refused(tmp_path, told)


def test_a_missing_submission(tmp_path: Path) -> None:
    refused(tmp_path, "agent.json cannot be read: No such file")
    refused(tmp_path / "nowhere", "is not a directory")


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
        "sb3-dqn",
        "ppo-alpha0.03",
    ],
)
def test_names_that_are_refused(name: str, tmp_path: Path) -> None:
    refused(
        submission(tmp_path, weights(), name=name), r"- at `\$\.name`|the name .* cannot be taken"
    )


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
    refused(submission(tmp_path, weights(file)), r"- at `\$\.agents\[0\]\.file`")


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
    refused(folder, "is not a plain file")
    (folder / "w.safetensors").unlink()
    (folder / "w.safetensors").mkdir()
    refused(folder, "not a plain file|is a directory|Is a directory")
    with pytest.raises(ValueError, match="is not a plain file"):
        read_inside(Path("/dev"), "zero", 10)


def test_code_may_not_come_with_ways_out(tmp_path: Path) -> None:
    folder = submission(tmp_path / "s", entry("code", "agent.py", factory="make"))
    (folder / "agent.py").write_text("")
    assert Submission.load(folder).agents[0].read(folder) == b""
    (tmp_path / "salt").write_text("x")
    (folder / "data").mkdir()
    (folder / "data" / "x").symlink_to(tmp_path / "salt")
    refused(folder, "data/x is not a plain file")
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
