"""Attacks on the evaluator: each is refused before any work, in a short line without magic.

What locked code, graphs and weights try stands in ``tests/benchmarks/rooms``; how failing
agents are named in ``test_scoring.py``.
"""

import os
import re
import zlib
from hashlib import blake2b
from pathlib import Path

import msgspec
import numpy as np
import pytest
from graphs import CORNER
from msgspec.structs import replace
from safetensors.numpy import save as tensors
from submissions import entry, submission, submit, written

from benchmarks.submissions.files import MOST_BYTES, read_inside
from mesa_gym.scoring import SplitTrace, record

ROOT = Path(__file__).parents[3]
LONG = "\x1b[2J" + "x" * 840_000
WEIGHTS, TRACE = entry("weights", "x"), entry("trace", "x")


def says(**changes):
    """A head that says something else."""
    return lambda folder: submission(folder, WEIGHTS, **changes)


def names(name):
    """A whole submission of this name."""
    return lambda folder: written(folder, name=name)


def enters(**changes):
    """An agent of which something else is said."""
    return lambda folder: submission(folder, WEIGHTS | changes)


def reads(data):
    """An ``agent.json`` of these bytes."""
    return lambda folder: (submission(folder) / "agent.json").write_bytes(data)


def holds(data, kind="weights"):
    """An agent's file of these bytes."""
    return lambda folder: (submission(folder, entry(kind, "x")) / "x").write_bytes(data)


def packs(fields):
    """A trace's file, of fields that need not be one."""
    body = zlib.compress(msgspec.msgpack.encode(fields))
    head = blake2b(body, digest_size=16).hexdigest().encode()
    return holds(b"mesa-gym trace 1\n%s\n%s" % (head, body), "trace")


def records(trap=CORNER, levels=4, steps=0, **settings):
    """A trace of who stays, with so many steps after the time limit."""

    def build(folder):
        trace = record("stay", trap, levels, **settings)
        done = trace.plays["test"]
        actions = np.pad(done.actions, [(0, 0), (0, steps)], constant_values=4)
        plays = trace.plays | {"test": SplitTrace(done.levels, actions)}
        replace(trace, plays=plays).save(submission(folder, TRACE) / "x")

    return build


def spoilt(spoil, file="x"):
    """Something in the place of a file, with a file of the evaluator's at hand: ``FOLDER.salt``."""

    def build(folder):
        submission(folder, WEIGHTS | {"file": file})
        (folder / file).parent.mkdir(exist_ok=True)
        folder.with_suffix(".salt").write_text("x")
        spoil(folder / file)

    return build


def give_both_one_file(folder):
    """A submission of two seeds of the same weights."""
    data = (written(folder, 0, 1) / "s0.onnx").read_bytes()
    (folder / "s1.onnx").write_bytes(data)


def below_a_link(path):
    secret = path.parents[1].with_name("secret")
    secret.mkdir()
    (secret / path.name).write_bytes(tensors({"x": np.zeros(3)}))
    path.parent.rmdir()
    path.parent.symlink_to(secret)


def described_by_a_link(path):
    description = path.with_name("agent.json")
    path.with_name("agent.json").symlink_to(description.rename(path.parents[1] / "other.json"))


def link_the_salt(path):
    path.hardlink_to(path.parent.with_suffix(".salt"))


def make_sparse(path):
    path.touch()
    os.truncate(path, MOST_BYTES + 1)


def second_bad(folder):
    (written(folder, 0, 1) / "s1.onnx").write_bytes(b"\x80\x04\x95")


# -- the attacks: what the submission is, the options, what is told --------------------------------

PUBLIC, SALTED = "", "mine, of the evaluator"
PATHS = ["../x", "/etc/passwd", "a/../b", "a/./b", "a//b", "", "a\0b", "~/x", "a\\b", "x" * 201, 5]
NO_NAMES = ["<script>", 'x"', "a&b", "a/b", ".hidden", "-x", "a b", "a\n", "пример", "x" * 65, LONG]
OTHERS_NAMES = ["random", "Stay", "oracle-cheese"]
DESCRIPTIONS = ["a\nb", "\x1b[2J", "a \u202e b", LONG, "x" * 201]
HEAD = r"agent\.json: .*"
REFUSED = [
    # the head
    (says(schema=2), PUBLIC, HEAD + r"<= 1 - at `\$\.schema`"),
    (says(foreign=1), PUBLIC, HEAD + "unknown field `foreign`"),
    (says(**{LONG: 1}), PUBLIC, HEAD + "unknown field `�.2Jxxx"),
    (says(alpha=1.5), PUBLIC, HEAD + r"<= 1.0 - at `\$\.alpha`"),
    *((says(description=text), PUBLIC, HEAD + "description is") for text in DESCRIPTIONS),
    (says(authors=[]), PUBLIC, HEAD + r"length >= 1 - at `\$\.authors`"),
    (says(authors=["me"] * 51), PUBLIC, HEAD + r"length <= 50 - at `\$\.authors`"),
    (says(authors=["\x07"]), PUBLIC, HEAD + "an author's name is"),
    (says(agents=[]), PUBLIC, HEAD + r"length >= 1 - at `\$\.agents`"),
    (says(agents=[{"kind": ["x"]}]), PUBLIC, HEAD + r"`str` - at `\$\.agents\[0\]\.kind`"),
    (says(agents=[WEIGHTS | {"seed": s} for s in range(1001)]), PUBLIC, r"length <= 1000 - at"),
    (says(agents=[WEIGHTS, TRACE]), PUBLIC, f"seed 0 of {CORNER} is there 2 times"),
    # the agents
    (enters(trap="CheeseCorner-v1"), PUBLIC, "unknown trap .*Did you mean 'CheeseCorner-v0'"),
    (enters(trap="CheeseCorner"), PUBLIC, "unknown trap 'CheeseCorner'"),
    (enters(trap=LONG), PUBLIC, "unknown trap"),
    (enters(seed=-1), PUBLIC, ">= 0 .*seed"),
    (enters(seed=10**9), PUBLIC, "<= 999999999 .*seed"),
    (enters(kind="code"), PUBLIC, "value 'code' .*kind.*`onnx` graph .with a state.* is not run"),
    (enters(kind=LONG), PUBLIC, "Invalid value '"),
    (enters(kind="trace"), PUBLIC, "unknown field `architecture`"),
    (enters(architecture="a/b"), PUBLIC, "matching regex .*architecture"),
    *((enters(file=path), PUBLIC, r"- at `\$\.agents\[0\]\.file`") for path in PATHS),
    *((says(name=name), PUBLIC, r"- at `\$\.name`") for name in NO_NAMES),
    *((names(name), PUBLIC, f"has an agent called '{name}' already") for name in OTHERS_NAMES),
    # agent.json as bytes
    (reads(b"[" * 200_000), PUBLIC, "got `array`"),
    (reads(b'{"a":' * 100_000), PUBLIC, "unknown field `a`"),
    (reads(b"{" + b" " * 1_000_001 + b"}"), PUBLIC, "more than 1,000,000 bytes"),
    (reads(b'{"schema": ' + b"9" * 100_000 + b"}"), PUBLIC, "out of range"),
    (reads(b"{}"), PUBLIC, "missing required field `name`"),
    (reads(b"\xff\xfe"), PUBLIC, "JSON is malformed"),
    (Path.mkdir, PUBLIC, r"agent\.json cannot be read: No such file"),
    (lambda folder: None, PUBLIC, "is not a directory"),
    # files
    (spoilt(lambda x: x.symlink_to("/etc/hostname")), PUBLIC, "x is a link"),
    (spoilt(lambda x: x.symlink_to(x)), PUBLIC, "x is a link"),
    (spoilt(below_a_link, "in/x"), PUBLIC, "in is a link"),
    (spoilt(described_by_a_link), PUBLIC, "agent.json is a link"),
    (spoilt(link_the_salt), PUBLIC, "is a hard link to some other"),
    (spoilt(os.mkfifo), PUBLIC, "is not a plain file"),  # would block who opens it without care
    (spoilt(Path.mkdir), PUBLIC, "is not a plain file"),
    (spoilt(make_sparse), PUBLIC, "more than 100,000,000 bytes"),
    # what is in them
    (holds((10**10).to_bytes(8, "little") + b'{"x": 1}'), PUBLIC, "10,000,000,000 bytes, and the"),
    (second_bad, PUBLIC, "demo-s1 on CheeseCorner-v0: s1.onnx is a pickle"),
    (give_both_one_file, PUBLIC, "demo-s1 on CheeseCorner-v0: its file is that of seed 0"),
    (holds(b"nonsense"), PUBLIC, "x is not a safetensors file"),
    (holds(b"nonsense", "onnx"), PUBLIC, "x is not an ONNX model"),
    # traces of something else, or that hold what a trace cannot
    (records(salt="theirs"), PUBLIC, "recorded with a salt"),
    (records(salt="theirs"), SALTED, "recorded with another salt"),
    (records(), SALTED, "recorded without a salt"),
    (records(seed=5), PUBLIC, "recorded with seed 5"),
    (records("CoinRun"), PUBLIC, "was recorded on CoinRun-v0"),
    (records(levels=3), PUBLIC, "no actions for level 3 of play 'train'"),
    (records(steps=1), PUBLIC, "has 65 steps for play 'test', where the time limit is 64"),
    (packs({LONG: 1}), PUBLIC, "does not hold a trace"),
]


@pytest.mark.parametrize(("build", "salt", "told"), REFUSED)
def test_attacks_are_refused_before_any_work(build, salt, told, tmp_path, capsys):
    build(tmp_path / "s")
    assert submit(tmp_path / "s", tmp_path / "R", salt) == 2
    out, err = capsys.readouterr()
    assert re.search(told, err)
    assert all(line.isprintable() for line in (out + err).splitlines())
    assert len(out + err) < 2500
    assert not (tmp_path / "R").exists()


def test_devices_are_not_read():
    with pytest.raises(ValueError, match="is not a plain file"):
        read_inside(Path("/dev"), "zero", 10)


def test_every_test_that_the_page_names_exists():
    page = (ROOT / "docs" / "studies" / "security.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)`|`(test_\w+)`", page)
    files = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert {path for path, _ in named if path and not (ROOT / path).exists()} == set()
    assert {test for _, test in named if test} <= set(re.findall(r"(?m)^def (test_\w+)", files))
    assert len(re.findall(r"(?m)^\| .*`test_", page)) >= 12
