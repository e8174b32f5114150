"""Files are whole, and on the disk, before they have their name; no pipe is waited for; locks."""

import errno
import fcntl
import os
import re
import stat
import sys

import pytest

from mesa_gym import files
from mesa_gym.policies import read_policy_file
from mesa_gym.policies.finding import trained_policies
from mesa_gym.scoring import ScoreCard
from mesa_gym.solver import cache
from mesa_gym.traps import find_trap


def test_a_file_is_on_the_disk_before_its_name_and_the_name_before_the_return(
    tmp_path, monkeypatch
):
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
def test_what_fails_names_the_file_and_leaves_the_old_one_and_nothing_else(
    failing, tmp_path, monkeypatch
):
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


@pytest.mark.timeout(10)
@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "device"])
def test_what_is_not_a_plain_file_is_not_waited_for(kind, tmp_path):
    path = special(kind, tmp_path)
    readers = files.read_bytes, files.read_json, ScoreCard.load
    for read in readers:
        with pytest.raises(ValueError, match=r"x is a pipe or a device; put a plain file"):
            read(path)
    assert cache.read(path, lambda arrays: arrays) is None


@pytest.mark.timeout(10)
def test_a_pipe_is_no_trained_agent(tmp_path):
    os.mkfifo(tmp_path / "policy.json")
    with pytest.raises(ValueError, match="is a pipe or a device"):
        read_policy_file(tmp_path)
    assert trained_policies(find_trap("CheeseCorner"), tmp_path) == {}


def test_plain_files_are_read_through_links_and_what_is_missing_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"1")
    (tmp_path / "link").symlink_to("file")
    assert files.read_bytes(tmp_path / "link") == b"1"
    with pytest.raises(FileNotFoundError, match="nothing"):
        files.read_bytes(tmp_path / "nothing")
    with pytest.raises(IsADirectoryError):
        files.read_bytes(tmp_path)


def test_a_lock_is_held_until_the_file_is_closed(tmp_path):
    path = tmp_path / "lock"
    with path.open("a") as first, path.open("a") as second:
        assert files.lock_file(path, first.fileno(), wait=True)
        assert not files.lock_file(path, second.fileno(), wait=False)
        first.close()
        assert files.lock_file(path, second.fileno(), wait=False)


@pytest.mark.parametrize("reason", ["ENOLCK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"])
@pytest.mark.parametrize("wait", [False, True])
def test_without_locks_the_message_says_what_to_do(reason, wait, tmp_path, monkeypatch):
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


def test_a_system_without_locks_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    path = tmp_path / "lock"
    told = f"^{re.escape(str(path))} cannot be locked.*use Linux, macOS or WSL"
    with path.open("a") as file, pytest.raises(OSError, match=told):
        files.lock_file(path, file.fileno(), wait=False)


def test_a_lock_that_fails_otherwise_names_the_file(tmp_path):
    path = tmp_path / "lock"
    with path.open("a") as file:
        number = file.fileno()
    with pytest.raises(OSError, match="Bad file descriptor") as caught:
        files.lock_file(path, number, wait=True)
    assert caught.value.filename == str(path)
