"""Recorded episodes, and logs by content."""

import bz2
import gzip
import io
import json
import lzma
import re
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from mesa_gym import files
from mesa_gym.logs import (
    RecordedEpisode,
    read_log,
    record_plays,
    save_episodes,
)
from mesa_gym.logs.episodes import MOST_SAID, encode_episode, require_played, trap_of
from mesa_gym.scoring import Cards
from mesa_gym.scoring.plays import plays_of
from mesa_gym.traps import find_trap
from tests.support.cards import made
from tests.support.playing import play_all
from tests.support.refusals import refusals

TRAP = find_trap("CheeseDish")()


@pytest.fixture(scope="module")
def episodes():
    """Return episodes of random moves on two levels of each play."""
    return [*record_plays(TRAP, "mine", play_all("random", TRAP, 2, 3, "s"), "s")]


@pytest.mark.thorough
def test_episodes_read_back_equal(episodes, tmp_path):
    save_episodes(tmp_path / "a.jsonl", episodes)
    assert read_log(tmp_path / "a.jsonl") == (episodes, [])
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == len(episodes)
    assert b"salt" in (tmp_path / "a.jsonl").read_bytes()


def test_bad_lines_apart_are_named_apart(episodes, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "CHUNK", 2)  # of which some end within a line end
    lines = b"?\n?\n" + encode_episode(episodes[0]) + b"?\n"
    (tmp_path / "a.jsonl").write_bytes(lines.replace(b"\n", b"\r\n"))
    _, (note,) = read_log(tmp_path / "a.jsonl")
    assert re.search(r"3 lines left out .*: 1 to 2 \(.*\), 4 \(", note)


@pytest.mark.thorough
def test_bad_lines_are_named_and_skipped(episodes, tmp_path):
    """A killed writer leaves a half line; a stranger's line may hold anything."""
    path, (first, second, *_) = tmp_path / "a.jsonl", episodes
    line = encode_episode(first)
    odd = [
        line.replace(b'"mine"', b"[5]"),
        line.replace(b'"mine"', b'"\\u001b[31m"'),
        b"\0\n",
        b"\n",
    ]
    path.write_bytes(b"".join([line[:99] + b"\n", line, *odd, encode_episode(second), line[:-9]]))
    read, (note,) = read_log(path)
    assert read == [first, second]
    assert "a.jsonl: 4 lines left out that cannot be read: 1 (it is cut off" in note
    assert "3 (Expected `str`, got `array` - at `$.policy`)" in note
    assert "printable characters" in note
    assert note.endswith("), 8 (it is cut off before its end)")
    path.write_bytes(encode_episode(first) + b"\n" * 5)
    assert read_log(path) == ([first], [])
    path.write_bytes(b"".join(odd))
    with pytest.raises(ValueError, match=r"\(line 1: Expected `str`"):
        read_log(path)


def test_unreadable_episode_writes_no_file(episodes, tmp_path):
    with pytest.raises(ValueError, match="Expected"):
        save_episodes(tmp_path / "a.jsonl", [episodes[0], replace(episodes[0], level=-1)])
    assert [*tmp_path.iterdir()] == []


def test_episodes_are_recorded_in_every_play(episodes):
    plays = plays_of(TRAP)
    assert {x.play for x in episodes} == {*plays}
    assert all(x.split == plays[x.play].split for x in episodes)
    assert {x.level for x in episodes} == {0, 1}
    for x in episodes:
        assert repr(require_played(x, "s")) == repr(TRAP)


@pytest.fixture
def first(episodes):
    """Return the episode on level 0 of the shift."""
    return next(x for x in episodes if (x.play, x.level) == ("shift", 0))


test_impossible_episodes_are_refused = refusals(
    "logs", "episodes", globals(), "first", MOST_SAID=MOST_SAID
)


def test_trap_of_a_file_has_its_size():
    assert trap_of("CheeseDish-v0", (13, 13), {}).size == (13, 13)
    assert trap_of("CheeseDish-v0", None, {}).size == TRAP.size


# -- readers ---------------------------------------------------------------------------------------
LINE = {"trap": "CheeseDish-v0", "split": "test", "level": 0, "play": "test", "actions": [2]}
EPISODE = RecordedEpisode(**LINE, said=["Für c."])
DATA = encode_episode(EPISODE)
HEAD = {"version": 2, "status": "success", "eval": {"task": "trap_play", "model": "m/x"}}
SAMPLES = [{"id": 1, "epoch": k, "store": {"episode": LINE}} for k in (1, 2)]
SAMPLES.append({"id": 2, "epoch": 1, "store": {}})  # failed before its first step
PACKERS = {"plain": bytes, "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}
for code in ("utf-16", "utf-16-le", "utf-32", "utf-8-sig"):
    PACKERS[code] = lambda data, code=code: data.decode().encode(code)


def write_archive(path, contents):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data if isinstance(data, str | bytes) else json.dumps(data))


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_log_and_cards_are_read_by_content(pack, tmp_path):
    path = tmp_path / "x.dat"
    path.write_bytes(pack(DATA * 2))
    assert read_log(path) == ([EPISODE] * 2, [])
    card = made()
    path.write_bytes(pack(card.to_json()))
    assert Cards.load(path)[0].to_json() == card.to_json()


@pytest.mark.parametrize("killed", [False, True])
def test_both_forms_of_inspect_are_read(killed, tmp_path):
    """A run that was killed has no header yet."""
    text = json.dumps(HEAD | {"samples": SAMPLES}, indent=2)
    (tmp_path / "a.txt").write_text(text)
    journal = {"_journal/start.json": HEAD, "_journal/summaries/1.json": []}
    samples = {f"samples/{x['id']}_epoch_{x['epoch']}.json": x for x in SAMPLES}
    head = {} if killed else {"summaries.json": [], "header.json": HEAD}
    write_archive(tmp_path / "b", journal | samples | head)
    read = [read_log(tmp_path / name) for name in ["a.txt", "b"]]
    assert read[0] == read[1]
    assert [x.policy for x in read[0][0]] == ["m-x", "m-x-e2"]
    (tmp_path / "a.txt").write_text(json.dumps(HEAD | {"samples": []}))
    with pytest.raises(ValueError, match="is a log of Inspect without an episode"):
        read_log(tmp_path / "a.txt")


def test_folder_of_logs_is_read(tmp_path):
    folder = tmp_path / "logs"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.jsonl").write_bytes(DATA)
    (folder / "inner" / "b.gz").write_bytes(gzip.compress(DATA))
    (folder / ".hidden").write_bytes(DATA)
    (folder / "notes.csv").write_text("a,b\n1,2\n")
    episodes, (note,) = read_log(folder)
    assert episodes == [EPISODE] * 2
    assert "notes.csv has no recorded episode: it is a CSV file" in note
    parts = {"a.jsonl": DATA, "b/b.jsonl": DATA.decode().encode("utf-16"), "b/._b.jsonl": b"\0"}
    write_archive(tmp_path / "logs.zip", parts)
    assert read_log(tmp_path / "logs.zip") == ([EPISODE] * 2, [])
    for packing in ("", "gz", "bz2", "xz"):
        with tarfile.open(tmp_path / "logs.tar", f"w:{packing}") as archive:
            archive.add(folder / "a.jsonl", "a.jsonl")
            for name, data in parts.items():
                member = tarfile.TarInfo(f"./in/{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        assert read_log(tmp_path / "logs.tar") == ([EPISODE] * 3, [])
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(ValueError, match="is an empty folder"):
        read_log(folder)


def write(data):
    Path("x.jsonl").write_bytes(data)
    return "x.jsonl"


test_other_contents_are_named = refusals("logs", "contents", globals())


def test_unpacking_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 10_000)
    (tmp_path / "a").write_bytes(gzip.compress(bytes(20_000)))
    with zipfile.ZipFile(tmp_path / "b", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(20_000))
    with tarfile.open(tmp_path / "c", "w:gz") as archive:
        for number in range(2):
            member = tarfile.TarInfo(f"x{number}")
            member.size = 6_000
            archive.addfile(member, io.BytesIO(bytes(6_000)))
    for name in "abc":
        with pytest.raises(ValueError, match="unpacks to more than 10,000 bytes; unpack it first"):
            read_log(tmp_path / name)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_long_log_is_read_by_lines(pack, tmp_path, monkeypatch):
    """The limit is on a line, and a longer one costs no other episode."""
    monkeypatch.setattr(files, "MOST_BYTES", 2_000)
    monkeypatch.setattr(files, "CHUNK", 300)
    long = encode_episode(replace(EPISODE, said=["thought " * 300]))
    log = DATA * 40 + long + b"\n" + DATA + long.rstrip() * 2 + b"\r\n" + DATA
    (tmp_path / "log").write_bytes(pack(log))
    episodes, (note,) = read_log(tmp_path / "log")
    assert len(DATA * 40) > 2_000
    assert episodes == [EPISODE] * 42
    why = "it has more than 2,000 characters; write each episode in a line of its own"
    assert f"2 lines left out that cannot be read: 41 ({why}), 44 ({why})" in note


def test_long_file_without_episode_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 2_000)
    (tmp_path / "log").write_bytes(b"a,b\n" * 1_000)
    message = r"log has more than 2,000 bytes; only a log with an episode in each line may be"
    with pytest.raises(ValueError, match=message):
        read_log(tmp_path / "log")


@pytest.mark.parametrize("chunk", [100, 1 << 22])
def test_damaged_archive_is_refused_at_any_size(chunk, tmp_path, monkeypatch):
    """A file that was cut while it was copied lacks episodes; whole ones may come before."""
    monkeypatch.setattr(files, "CHUNK", chunk)
    (tmp_path / "a").write_bytes(gzip.compress(DATA * 9)[:-9])
    (tmp_path / "b").write_bytes(DATA)
    with pytest.raises(ValueError, match="a cannot be unpacked"):
        read_log(tmp_path)
