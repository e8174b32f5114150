"""Files are complete before they are renamed; errors offer the nearest name and stay short."""

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from mesa_gym import files, report
from mesa_gym.engine import Look
from mesa_gym.engine.maps import from_map, to_map
from mesa_gym.envs import TrapEnv, TrapVectorEnv
from mesa_gym.errors import MOST_SHOWN, shorten, unknown
from mesa_gym.json_data import decode_json, parse_json
from mesa_gym.policies import as_policy
from mesa_gym.scoring import salt_digest, score
from mesa_gym.scoring.plays import find_play
from mesa_gym.testing import CHECKS, check_trap
from mesa_gym.traps import Split, find_trap
from mesa_gym.viewer.overlays import overlays_of, parse_overlays
from tests.support.cards import DISH, made
from tests.support.small_traps import Corridor, Healthy, skip_checks
from tests.support.worlds import Shelf, cell


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


def test_write_bytes_removes_what_killed_writers_left(tmp_path):
    """A partial file of a killed process is removed after a day; other files are kept."""
    path, part = tmp_path / "[x].json", "0123456789abcdef"
    names = [f".[x].json.{part}", f".x.json.{part}", ".[x].json.bak", f".[x].json.{part}0"]
    for name in (*names, f".[x].json.{part[::-1]}"):
        (tmp_path / name).write_bytes(b"par")
    for name in names:
        os.utime(tmp_path / name, (0, 0))
    files.write_bytes(path, b"whole")
    kept = {path.name, *names[1:], f".[x].json.{part[::-1]}"}
    assert {x.name for x in tmp_path.iterdir()} == kept


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0, 0o644)])
def test_write_bytes_keeps_permissions(umask, mode, tmp_path):
    """A new file is as private as the umask says, and a replaced file as it was."""
    path, before = tmp_path / "x", os.umask(umask)
    try:
        files.write_bytes(path, b"new")
        assert path.stat().st_mode & 0o777 == mode
        for kept in (0o600, 0o664, 0o444):
            path.chmod(kept)
            files.write_bytes(path, b"again")
            assert path.stat().st_mode & 0o777 == kept
    finally:
        os.umask(before)


@contextmanager
def full_after(path, room):
    """Let a file grow by so many bytes; more is refused as on a full disk, after a part."""
    resource = pytest.importorskip("resource", reason="Windows has none")
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


@pytest.mark.parametrize("half", [b"{", b"{}"])
def test_append_line_to_half_line_begins_anew(half, tmp_path):
    """A writer was killed after the first bytes of a file."""
    (tmp_path / "x").write_bytes(half)
    files.append_line(tmp_path / "x", b"one\n")
    assert (tmp_path / "x").read_bytes() == half + b"\none\n"


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


# -- errors ----------------------------------------------------------------------------------------
LONG, HUGE = "x" * 1_000_000, -(10**5000)
TRAP, CORNER = find_trap("ColourShape")(), find_trap("CheeseCorner")
CARDS = [made(policy=f"{agent}-s{seed}", **DISH) for agent in ("mine", "ppo") for seed in (0, 1)]


def reset(options, make=gym.make):
    return make(CORNER.id()).reset(options=options)


def step(action):
    env = TrapEnv(CORNER)
    env.reset(seed=0)
    return env.step(action)


def policy(spec, **keywords):
    return as_policy(spec, CORNER(), 64, **keywords)


def read_map(old, new):
    text = to_map(TRAP, TRAP.levels(Split.TEST, [0]))
    assert old in text
    return from_map(TRAP, text.replace(old, new, 1))


def draw_sprite(name):
    looks = {"cheese": Look("c", (250, 200, 60), name)}
    return cell("", 8, type("Drawn", (Shelf,), {"looks": looks})((4, 5)))


# What takes a word -> how it is called with one, and a word that it knows.
WORDS = {
    "find_trap": (find_trap, "CheeseCorner"),
    "trap": (TrapEnv, "CheeseCorner"),
    "trap of many": (lambda word: TrapVectorEnv(word, 2), "CheeseCorner"),
    "trap to score": (lambda word: score("random", word, levels=2), "CheeseCorner"),
    "trap to check": (CHECKS["start"], "CheeseCorner"),
    "split": (lambda word: TrapEnv(CORNER, split=word), "shift"),
    "split of many": (lambda word: TrapVectorEnv(CORNER, 2, split=word), "shift"),
    "split of labels": (lambda word: mesa_gym.labels(CORNER(), word, [0]), "shift"),
    "observation": (lambda word: TrapEnv(CORNER, observation=word), "planes"),
    "reward": (lambda word: TrapEnv(CORNER, reward=word), "cheese"),
    "reward of parts": (lambda word: gym.make(TRAP.id(), reward=f"line and {word}"), "yellow"),
    "render mode": (lambda word: TrapEnv(CORNER, render_mode=word), "ansi"),
    "autoreset mode": (lambda word: gym.make_vec(CORNER.id(), 2, autoreset_mode=word), "NextStep"),
    "keyword": (lambda word: TrapEnv(CORNER, **{word: 1}), "num_levels"),
    "keyword of many": (lambda word: TrapVectorEnv(CORNER, 2, **{word: 1}), "num_levels"),
    "parameter": (lambda word: find_trap("Attributes")(**{word: 1}), "rho"),
    "value of a parameter": (lambda word: find_trap("Attributes")(home=word), "quarter"),
    "option of reset": (lambda word: reset({word: 1}), "level"),
    "option of many": (lambda word: reset({word: 1}, gym.make_vec), "level"),
    "thing of a map": (lambda word: read_map("thing red", f"{word} red"), "thing"),
    "trait of a map": (lambda word: read_map("thing red", f"thing {word}"), "red"),
    "sprite": (draw_sprite, "cheese"),
    "kind of a proxy": (lambda word: type("Odd", (Corridor,), {"proxy_is": (word,)}), "place"),
    "target left alone": (lambda word: TRAP.isolate(TRAP.levels("test", [0]), word), "yellow"),
    "play": (lambda word: find_play(CORNER(), word), "again"),
    "policy": (policy, "random"),
    "trained agent": (policy, "ppo-planner"),
    "policy of a module": (policy, "oracle:base"),
    "policy to score": (lambda word: score(word, CORNER, levels=2), "random"),
    "oracle": (lambda word: policy(f"oracle:{word}"), "cheese"),
    "observation of a policy": (lambda word: policy(len, observation=word), "planes"),
    "check": (lambda word: check_trap(skip_checks(Healthy, word)), "directions"),
    "overlay": (lambda word: parse_overlays(TRAP, word, overlays_of(TRAP)), "taken"),
    "row of the leaderboard": (report.read_committed, "ppo"),
    "agent to compare": (lambda word: report.compare(CARDS, word, "ppo"), "mine"),
}


@pytest.mark.parametrize("name", WORDS)
def test_misspelt_name_is_answered_with_nearest(name):
    call, right = WORDS[name]
    wrong = right[0] + right[2] + right[1] + right[3:]
    with pytest.raises((ValueError, TypeError)) as caught:
        call(wrong)
    assert wrong in str(caught.value)
    assert f"Did you mean '{right}'" in str(caught.value)


@pytest.mark.parametrize("name", WORDS)
def test_error_shortens_a_long_value(name):
    with pytest.raises((ValueError, TypeError)) as caught:
        WORDS[name][0](LONG)
    message = str(caught.value)
    assert 20 < len(message) < 1500, message[:200]
    assert "4300" not in message  # Python's own words for a number that it does not print


def test_short_values_are_shown_as_they_are():
    for value in ("red", "it's", 9, (9, 9), [1.5, None], {"a": 1, "b": [2]}, Split.TEST, b"x"):
        assert shorten(value) == repr(value)
    assert shorten("a" * 50 + LONG + "b" * 50).startswith("'aaaa")
    assert shorten("a" * 50 + LONG + "b" * 50).endswith("bbbb'")
    assert "..." in shorten(LONG)


def test_shorten_bounds_what_is_shown():
    for value in (LONG, HUGE, [LONG] * 9, {LONG: {LONG: LONG}}, {*range(999)}, np.zeros((99, 99))):
        assert len(shorten(value)) <= MOST_SHOWN
        assert len(str(unknown("name", value, ["red"]))) <= MOST_SHOWN + 50


def test_unknown_offers_the_nearest_name():
    assert "Did you mean 'red'?" in str(unknown("name", "rde", ["red", "square"]))
    with pytest.raises(ValueError, match="Did you mean 'rgb'"):
        TrapEnv(CORNER, observation="pixels")
    assert "expected red." in str(unknown("name", None, ["red"]))
    assert "Did you mean 'PPO'?" in str(unknown("name", "pp0", ["A2C", "PPO"]))
    for far in ("mesa", "load"):
        assert "mean" not in str(unknown("name", far, ["aimless", "toadstool"]))


def test_salts_may_be_long():
    assert len(salt_digest(LONG)) == 32
