"""Files are complete on the disk before they are renamed; locks; JSON of users."""

import errno
import json
import os
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
