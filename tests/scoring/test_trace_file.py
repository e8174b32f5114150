"""The file of an action trace: small, the same bytes each time, and refused when it is damaged."""

from __future__ import annotations

import io
import json
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mesa_gym.scoring import SplitTrace, Trace, record
from mesa_gym.scoring.rollout import ENDED
from mesa_gym.traps import Split, find_trap

TRAP = find_trap("CheeseCorner")()
MAGIC = b"mesa-gym trace 1\n"


@pytest.fixture(scope="module")
def trace() -> Trace:
    return record("random", TRAP, levels=6, seed=3)


@pytest.fixture(scope="module")
def saved(trace: Trace, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("trace") / "a.trace"
    trace.save(path)
    return path.read_bytes()


def test_the_same_trace_is_the_same_bytes(trace: Trace, saved: bytes, tmp_path: Path) -> None:
    again = record("random", TRAP, levels=6, seed=3)
    again.save(tmp_path / "b.trace")
    assert (tmp_path / "b.trace").read_bytes() == saved
    backwards = replace(again, splits=dict(reversed(again.splits.items())))
    backwards.save(str(tmp_path / "b.trace"))
    assert (tmp_path / "b.trace").read_bytes() == saved
    record("random", TRAP, levels=6, seed=4).save(tmp_path / "b.trace")
    assert (tmp_path / "b.trace").read_bytes() != saved
    Trace.load(tmp_path / "b.trace").save(tmp_path / "c.trace")
    assert (tmp_path / "c.trace").read_bytes() == (tmp_path / "b.trace").read_bytes()


def test_a_thousand_levels_are_small(tmp_path: Path) -> None:
    """At random, five actions are 2.32 bits each: nothing can store them in much less."""
    path = tmp_path / "a.trace"
    trace = record("random", TRAP)
    trace.save(path)
    steps = sum((done.actions != ENDED).sum() for done in trace.splits.values())
    assert np.log2(5) * steps / 8 < path.stat().st_size < 90_000


def test_levels_of_any_number_survive(trace: Trace, tmp_path: Path) -> None:
    levels = np.array([2**48 - 1, 0, 17, 2**40, 3, 5])
    done = SplitTrace(levels, trace.splits[Split.TEST].actions)
    replace(trace, splits={**trace.splits, Split.TEST: done}).save(tmp_path / "a.trace")
    loaded = Trace.load(tmp_path / "a.trace").splits[Split.TEST]
    np.testing.assert_array_equal(loaded.levels, levels)
    assert (loaded.levels.dtype, loaded.actions.dtype) == (np.int64, np.int8)


def refused(path: Path, data: bytes, message: str) -> None:
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message) as caught:
        Trace.load(path)
    assert str(path) in str(caught.value)


def test_truncated_anywhere(saved: bytes, tmp_path: Path) -> None:
    for length in range(len(saved)):
        refused(tmp_path / "a", saved[:length], "cut short|has schema ''")
    refused(tmp_path / "a", saved + b"\0", "damaged or was cut short: .*; copy it again, or")


def test_any_flipped_byte(saved: bytes, tmp_path: Path) -> None:
    for at in range(len(saved)):
        flipped = bytearray(saved)
        flipped[at] ^= 0x41
        refused(tmp_path / "a", bytes(flipped), "no action trace|has schema|damaged or was cut")


def npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, actions=np.zeros(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [b"", npz(), b"level,action\n0,1\n", b"\x89PNG\r\n\x1a\n", b"\0" * 1000, b'{"schema": 1}'],
)
def test_foreign_files(data: bytes, tmp_path: Path) -> None:
    refused(tmp_path / "a", data, "is no action trace, or was cut short: it does not begin with")


@pytest.mark.parametrize("schema", [b"2", b"0", b"", b"1 ", b"\xff", b"9" * 10_000])
def test_other_schemas(schema: bytes, saved: bytes, tmp_path: Path) -> None:
    data = saved.replace(MAGIC, b"mesa-gym trace " + schema + b"\n", 1)
    refused(tmp_path / "a", data, "has schema '.{0,20}'; this version of mesa_gym reads 1: install")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.trace"):
        Trace.load(tmp_path / "nowhere.trace")


def forged(saved: bytes, change: Callable[[dict[str, Any]], object], arrays: bytes = b"") -> bytes:
    """The file with another header (and arrays), its checksum right again."""
    _, _, body = saved.removeprefix(MAGIC).partition(b"\n")
    text, _, packed = body.partition(b"\n")
    header = json.loads(text)
    change(header)
    body = json.dumps(header).encode() + b"\n" + (arrays or packed)
    return MAGIC + blake2b(body, digest_size=16).hexdigest().encode() + b"\n" + body


def test_forging_is_done_right(saved: bytes, trace: Trace, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(forged(saved, lambda header: header.update(policy="other")))
    assert Trace.load(tmp_path / "a").policy == "other"


def every(*shape: float) -> dict[str, list[float]]:
    return {split: list(shape) for split in Split}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"splits": {"train": [6, 64]}}, "its arrays are not of the sizes"),
        ({"splits": {}}, "it has no split"),
        ({"splits": {"trian": [6, 64]}}, "unknown split 'trian'"),
        ({"splits": None}, "header cannot be read"),
        ({"splits": every(6)}, "header cannot be read"),
        ({"splits": every(6, -64)}, "cannot have the shape"),
        ({"splits": every(6.0, 64)}, "cannot have the shape"),
        ({"splits": dict.fromkeys(Split, "ab")}, "cannot have the shape"),
        ({"splits": every(6, 63)}, "not of the sizes that its header says"),
        ({"splits": every(7, 64)}, "not of the sizes that its header says"),
        ({"splits": every(10**12, 64)}, "holds more than 100 MB; record fewer"),
        ({"splits": every(1, 10**30)}, "holds more than 100 MB; record fewer"),
        ({"policy": 5}, "holds no possible trace: policy is 5"),
        ({"policy": "\x1b[2J"}, "holds no possible trace: policy is"),
        ({"size": 9}, "holds no possible trace"),
        ({"size": [9, 9, 9]}, "holds no possible trace"),
        ({"parameters": [1]}, "holds no possible trace"),
        ({"seed": None}, "holds no possible trace: seed is None"),
        ({"salt": 0}, "holds no possible trace: salt is 0"),
        ({"colour": "red"}, "holds no possible trace.*colour"),
    ],
)
def test_forged_headers(
    entries: dict[str, Any], message: str, saved: bytes, tmp_path: Path
) -> None:
    refused(tmp_path / "a", forged(saved, lambda header: header.update(entries)), message)


@pytest.mark.parametrize("name", ["trap", "size", "policy", "salt"])
def test_lacking_headers(name: str, saved: bytes, tmp_path: Path) -> None:
    refused(tmp_path / "a", forged(saved, lambda header: header.pop(name)), f"trace: .*'{name}'")


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"nonsense", b"[" * 9_000, b'{"a":' * 2_000, b'"' + b"x" * 20_000 + b'"']
)
def test_headers_that_are_none(text: bytes, tmp_path: Path) -> None:
    body = text + b"\n"
    data = MAGIC + blake2b(body, digest_size=16).hexdigest().encode() + b"\n" + body
    refused(tmp_path / "a", data, "its header cannot be read")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (b"PK\x03\x04", "its arrays cannot be read"),
        (zlib.compress(bytes(100)), "not of the sizes"),
        (zlib.compress(bytes(4 * 6 * 72)) + b"more", "not of the sizes"),
        (zlib.compress(bytes(4 * 6 * 72))[:-2], "not of the sizes"),
        (zlib.compress(bytes([1]) * (4 * 6 * 72)), "holds no possible trace: split 'train': level"),
        (zlib.compress(bytes(4 * 6 * 72)), "split 'train': level 0 is there twice"),
    ],
)
def test_forged_arrays(arrays: bytes, message: str, saved: bytes, tmp_path: Path) -> None:
    refused(tmp_path / "a", forged(saved, lambda header: None, arrays), message)


def test_a_bomb_does_not_go_off(saved: bytes, tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(200_000_000))
    data = forged(saved, lambda header: None, bomb)
    assert len(data) < 300_000
    tracemalloc.start()
    refused(tmp_path / "a", data, "not of the sizes that its header says")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_what_is_too_large_is_not_read(
    saved: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mesa_gym.scoring.trace_file.MOST_BYTES", len(saved) - 1)
    refused(tmp_path / "a", saved, "MB; record fewer levels")
