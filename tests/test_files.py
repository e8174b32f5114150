"""Files are whole, and on the disk, before they have their name; locks; JSON of users."""

import ast
import errno
import fcntl
import json
import os
import re
import stat
import sys
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cards import plain
from typing_extensions import TypeAliasType

from mesa_gym import files
from mesa_gym.cli import main
from mesa_gym.files import read_json
from mesa_gym.json_data import decode_json, expand_alias, parse_json
from mesa_gym.policies import read_policy_file
from mesa_gym.scoring import ScoreCard
from mesa_gym.solver import cache
from mesa_gym.viewer.mapfile import load_map


def test_write_bytes_syncs_before_and_after_renaming(tmp_path, monkeypatch):
    done, sync, rename = [], os.fsync, os.replace

    def synced(handle):
        found = os.fstat(handle)
        done.append("folder" if stat.S_ISDIR(found.st_mode) else f"file of {found.st_size}")
        sync(handle)

    def renamed(source, target):
        done.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    files.write_bytes(tmp_path / "new" / "x", b"12345")
    assert done == ["file of 5", "rename", "folder"]
    assert (tmp_path / "new" / "x").read_bytes() == b"12345"


@pytest.mark.parametrize("failing", ["fsync", "chmod", "replace"])
def test_write_bytes_that_fails_keeps_the_old(failing, tmp_path, monkeypatch):
    files.write_bytes(tmp_path / "x", b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", ".x.temporary")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(OSError, match="No space left") as caught:
        files.write_bytes(tmp_path / "x", b"new")
    assert caught.value.filename == str(tmp_path / "x")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == {tmp_path / "x": b"old"}


def special(kind, folder):
    if kind == "pipe":
        os.mkfifo(folder / "x")
    elif kind == "link to a pipe":
        os.mkfifo(folder / "pipe")
        (folder / "x").symlink_to(folder / "pipe")
    else:
        (folder / "x").symlink_to("/dev/zero")
    return folder / "x"


@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "device"])
def test_readers_refuse_pipes_and_devices(kind, tmp_path):
    path = special(kind, tmp_path)
    readers = files.read_bytes, files.read_json, ScoreCard.load, load_map
    for read in readers:
        with pytest.raises(ValueError, match=r"x is a pipe or a device; put a plain file"):
            read(path)
    assert cache.read(path, lambda arrays: arrays) is None


def test_read_bytes_refuses_more_than_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 2)
    (tmp_path / "x").write_bytes(b"12")
    assert files.read_bytes(tmp_path / "x") == b"12"
    (tmp_path / "x").write_bytes(b"123")
    with pytest.raises(ValueError, match="x has 3 bytes; a file may have 2"):
        files.read_bytes(tmp_path / "x")


@pytest.mark.parametrize("line", ["certify CheeseCorner --json x", "leaderboard --out ."])
def test_command_refuses_a_pipe_before_work(line, tmp_path, monkeypatch, capsys):
    """Nor does it wait for the pipe's other end."""
    monkeypatch.chdir(tmp_path)
    for name in ("x", "index.html"):
        os.mkfifo(name)
    assert main(line.split()) == 2
    assert re.search("is a pipe or a device|is not an ordinary file", capsys.readouterr().err)


def test_policy_file_that_is_piped_is_refused(tmp_path):
    os.mkfifo(tmp_path / "policy.json")
    with pytest.raises(ValueError, match="is a pipe or a device"):
        read_policy_file(tmp_path)


def test_read_bytes_follows_links_and_names_missing(tmp_path):
    (tmp_path / "file").write_bytes(b"1")
    (tmp_path / "link").symlink_to("file")
    assert files.read_bytes(tmp_path / "link") == b"1"
    with pytest.raises(FileNotFoundError, match="nothing"):
        files.read_bytes(tmp_path / "nothing")
    with pytest.raises(IsADirectoryError):
        files.read_bytes(tmp_path)


def test_lock_file_holds_until_closed(tmp_path):
    path = tmp_path / "lock"
    with path.open("a") as first, path.open("a") as second:
        assert files.lock_file(path, first.fileno(), wait=True)
        assert not files.lock_file(path, second.fileno(), wait=False)
        first.close()
        assert files.lock_file(path, second.fileno(), wait=False)


@pytest.mark.parametrize("reason", ["ENOLCK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"])
@pytest.mark.parametrize("wait", [False, True])
def test_lock_file_without_locks_is_explained(reason, wait, tmp_path, monkeypatch):
    def lockless(*_):
        number = getattr(errno, reason)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", lockless)
    path = tmp_path / "lock"
    with path.open("a") as file, pytest.raises(OSError, match="has no locks") as caught:
        files.lock_file(path, file.fileno(), wait)
    said = str(caught.value)
    assert said.startswith(f"{path} cannot be locked")
    assert "give each machine its own and copy them together" in said


def test_lock_file_without_fcntl_is_explained(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    path = tmp_path / "lock"
    told = f"^{re.escape(str(path))} cannot be locked.*use Linux, macOS or WSL"
    with path.open("a") as file, pytest.raises(OSError, match=told):
        files.lock_file(path, file.fileno(), wait=False)


def test_lock_file_error_names_the_file(tmp_path):
    path = tmp_path / "lock"
    with path.open("a") as file:
        number = file.fileno()
    with pytest.raises(OSError, match="Bad file descriptor") as caught:
        files.lock_file(path, number, wait=True)
    assert caught.value.filename == str(path)


PACKAGES = [Path(__file__).parents[1] / name for name in ("mesa_gym", "agents", "benchmarks")]
# These decode what they wrote themselves: into their own cache, or a line before.
OWN = {"json_data.py", "nulls.py", "job.py", "library.py"}


def opens_to_read(node):
    """Return whether a call opens a file to read it."""
    if not isinstance(node, ast.Call):
        return False
    given = ast.unparse(node)
    name = ast.unparse(node.func).rpartition(".")[2]
    # What writes says so, a buffer is not a file, and the rest opens nothing that is a file.
    harmless = r"'[wax]b?'|open\(os\.devnull|^webbrowser\.|BytesIO\("
    method = isinstance(node.func, ast.Attribute) and name in ("read_text", "read_bytes")
    opening = name in ("open", "ZipFile", "loadtxt", "fromfile") or given.startswith("np.load(")
    return (method or opening) and re.search(harmless, given) is None


def test_files_are_read_by_one_function():
    paths = [path for folder in PACKAGES for path in folder.rglob("*.py")]
    paths = [path for path in paths if path.name != "trace.py"]  # which is about to leave
    nodes = ((path.name, node) for path in paths for node in ast.walk(ast.parse(path.read_text())))
    found = {(name, ast.unparse(node)) for name, node in nodes if opens_to_read(node)}
    # A folder is opened to have its names on the disk.
    assert {call for name, call in found if name == "files.py"} == {
        "path.read_bytes()",
        "os.open(folder, os.O_RDONLY | os.O_DIRECTORY)",
    }
    assert {name for name, _ in found} == {"files.py"}


def test_json_of_users_is_decoded_centrally():
    files = [path for folder in PACKAGES for path in folder.rglob("*.py")]
    decoding = re.compile(r"json\.(loads?|decode|Decoder)\(")
    found = {path.name: decoding.findall(path.read_text()) for path in files}
    assert {name for name, calls in found.items() if calls} == OWN
    assert sum(map(len, found.values())) == len(OWN) + 1  # without and with a type


@pytest.mark.parametrize(
    ("data", "key", "read"),
    [
        (plain(), "verdict", ScoreCard.load),
        ([{"trap": "LavaLand-v0"}], "trap", read_json),
        (
            dict.fromkeys(("trap", "observation", "loader", "weights"), "x") | {"schema": 1},
            "weights",
            lambda path: read_policy_file(path.parent),
        ),
    ],
)
def test_json_key_that_stands_twice_is_refused(data, key, read, tmp_path):
    text, head = json.dumps(data), f"{json.dumps(key)}: "
    path = tmp_path / "policy.json"
    path.write_text(text)
    read(path)
    at = text.index(head)
    _, end = json.JSONDecoder().raw_decode(text, at + len(head))
    path.write_text(f"{text[:end]}, {text[at:]}")  # the same value once more
    with pytest.raises(ValueError, match=rf"policy\.json.*'{key}' stands twice"):
        read(path)


def test_json_repeated_key_is_found_at_depth():
    with pytest.raises(ValueError, match="the key 'a' stands twice in one object; keep one"):
        parse_json('[{"b": {"a": 1, "c": 2, "a": 1}}]')
    with pytest.raises(ValueError, match="stands twice") as caught:
        parse_json('{"%s": 1, "%s": 2}' % (("x" * 10**6,) * 2))
    assert len(str(caught.value)) < 400
    with pytest.raises(ValueError, match="the key 'é' stands twice"):
        decode_json('{"é": 1, "\\u00e9": 2}', dict[str, int])  # written in two ways
    same = '{"a": {"x": 1}, "b": {"x": 1}, "X": 1}'
    assert parse_json(same) == decode_json(same, dict[str, Any]) == json.loads(same)


def test_expand_alias_gives_what_it_stands_for():
    """As Python 3.12's ``type`` statement makes them, of which NumPy 2.5's ``NDArray`` is one."""
    kind = TypeVar("kind")
    alias = TypeAliasType("alias", dict[str, kind], type_params=(kind,))
    assert expand_alias(alias[int]) == expand_alias(dict[str, int]) == dict[str, int]
    assert expand_alias(int) is int


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[" * 100_000, "nests too deeply"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b"{", "Expecting"),
        (b"\xff", "utf"),
        (b"9" * 5000, "digits"),
    ],
)
def test_json_that_is_damaged_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        parse_json(data)
    with pytest.raises(ValueError, match=r"."):
        decode_json(data, dict[str, Any])
