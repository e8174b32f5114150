"""Files are complete on the disk before they are renamed; locks; JSON of users."""

import errno
import json
import os
import resource
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from mesa_gym import files
from mesa_gym.json_data import decode_json, parse_json


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


@contextmanager
def full_after(path, room):
    """Let a file grow by so many bytes; more is refused as on a full disk, after a part."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("half", [b"", b"a half line"])
def test_append_line_is_whole_or_nothing(half, tmp_path):
    path = tmp_path / "new" / "x"
    for line in (b"one\n", b"two\n"):
        files.append_line(path, line)
    path.write_bytes(path.read_bytes() + half)
    for room in (0, 1, 500):
        with full_after(path, room), pytest.raises(OSError, match="too large") as caught:
            files.append_line(path, b"3" * 1000 + b"\n")
        assert caught.value.filename == str(path)
        assert path.read_bytes() == b"one\ntwo\n" + half
    files.append_line(path, b"three\n")
    assert path.read_bytes().splitlines() == [b"one", b"two", *([half] if half else []), b"three"]


def test_append_line_of_many_keeps_lines(tmp_path):
    lines = [str(number).encode() * 20_000 + b"\n" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(files.append_line, tmp_path / "x"), lines * 4))
    assert sorted((tmp_path / "x").read_bytes().splitlines(True)) == sorted(lines * 4)


def test_append_line_without_locks_still_writes(tmp_path, monkeypatch):
    def lockless(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", lockless)
    files.append_line(tmp_path / "x", b"one\n")
    assert (tmp_path / "x").read_bytes() == b"one\n"


def test_read_bytes_refuses_more_than_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 2)
    (tmp_path / "x").write_bytes(b"12")
    assert files.read_bytes(tmp_path / "x") == b"12"
    (tmp_path / "x").write_bytes(b"123")
    with pytest.raises(ValueError, match="x has 3 bytes; a file may have 2"):
        files.read_bytes(tmp_path / "x")


def test_lock_file_holds_until_closed(tmp_path):
    path = tmp_path / "lock"
    with path.open("a") as first, path.open("a") as second:
        assert files.lock_file(path, first.fileno(), wait=True)
        assert not files.lock_file(path, second.fileno(), wait=False)
        first.close()
        assert files.lock_file(path, second.fileno(), wait=False)


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
def test_damaged_json_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        parse_json(data)
    with pytest.raises(ValueError, match=r"."):
        decode_json(data, dict[str, Any])


def test_read_bytes_refuses_a_pipe(tmp_path):
    """Reading a pipe would wait for a writer for ever."""
    os.mkfifo(tmp_path / "x")
    with pytest.raises(ValueError, match=r"x is a pipe or a device; put a plain file"):
        files.read_bytes(tmp_path / "x")
