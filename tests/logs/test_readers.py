"""Readers know logs and cards by their content, and say what it is where they cannot read it."""

import bz2
import gzip
import json
import lzma
import shutil
import zipfile

import pytest

from mesa_gym import files
from mesa_gym.logs import RecordedEpisode, read_log
from mesa_gym.logs.episodes import encode_episode
from mesa_gym.report import read_committed
from mesa_gym.scoring import Cards

LINE = {"trap": "CheeseDish-v0", "split": "test", "level": 0, "play": "test", "actions": [2]}
EPISODE = RecordedEpisode(**LINE, said=["Für c."])
DATA = encode_episode(EPISODE)
HEAD = {"version": 2, "status": "success", "eval": {"task": "trap_play", "model": "m/x"}}
SAMPLES = [{"id": 1, "epoch": k, "store": {"episode": LINE}} for k in (1, 2)]
SAMPLES.append({"id": 2, "epoch": 1, "store": {}})  # failed before its first step
PACKERS = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "utf-16": lambda data: data.decode().encode("utf-16"),
    "utf-16-le": lambda data: data.decode().encode("utf-16-le"),
    "utf-32": lambda data: data.decode().encode("utf-32"),
    "utf-8-sig": lambda data: data.decode().encode("utf-8-sig"),
}


def write_archive(path, contents):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data if isinstance(data, str | bytes) else json.dumps(data))


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_log_and_cards_are_read_by_content(pack, tmp_path):
    path = tmp_path / "x.dat"
    path.write_bytes(pack(DATA * 2))
    assert read_log(path) == ([EPISODE] * 2, [])
    (card,) = [x for x in read_committed("random") if x.trap == "CheeseDish-v0"][:1]
    path.write_bytes(pack(card.to_json()))
    assert Cards.load(path)[0].to_json() == card.to_json()


@pytest.mark.parametrize("killed", [False, True])
def test_both_forms_of_inspect_are_read(killed, tmp_path):
    """A run that was killed has no header yet."""
    text = json.dumps(HEAD | {"samples": SAMPLES}, indent=2)
    (tmp_path / "a.txt").write_text(text)
    journal = {"_journal/start.json": HEAD, "_journal/summaries/1.json": []}
    own = {f"samples/{each['id']}_epoch_{each['epoch']}.json": each for each in SAMPLES}
    head = {} if killed else {"summaries.json": [], "header.json": HEAD}
    write_archive(tmp_path / "b", journal | own | head)
    read = [read_log(tmp_path / name) for name in ["a.txt", "b"]]
    assert read[0] == read[1]
    assert [each.policy for each in read[0][0]] == ["m-x", "m-x-e2"]
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
    assert "notes.csv holds no episode (this is a CSV file" in note
    write_archive(tmp_path / "logs.zip", {"a.jsonl": DATA, "b.jsonl": DATA})
    assert read_log(tmp_path / "logs.zip") == ([EPISODE] * 2, [])
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(ValueError, match="is an empty folder"):
        read_log(folder)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"trap,level\nCheese,1\n", "a CSV file"),
        (b"", "empty"),
        (b"PAR1....", "a Parquet file"),
        (b"\x80\x04.", "a pickle"),
        (b"<html>", "HTML"),
        (b'{"schema": 1, "splits": {}}', "a score card; mesa-gym leaderboard reads it"),
        (b'{"question": "a", "answer": "b"}', "kept answers"),
        (b'{\n "a": 1\n}', "JSON with the keys"),
        (b"\x1f\x8b\x08damaged", "cannot be unpacked"),
        (b"\x28\xb5\x2f\xfdxx", "compressed by zstd"),
    ],
)
def test_other_content_is_named(data, kind, tmp_path):
    (tmp_path / "x.jsonl").write_bytes(data)
    with pytest.raises(ValueError, match=kind):
        read_log(tmp_path / "x.jsonl")
    if "score card" not in kind:
        with pytest.raises(ValueError, match=kind):
            Cards.load(tmp_path / "x.jsonl")


def test_log_given_as_cards_is_named(tmp_path):
    (tmp_path / "x").write_bytes(DATA)
    with pytest.raises(ValueError, match="a recorded episode; mesa-gym score --episodes reads it"):
        Cards.load(tmp_path / "x")


def test_unpacking_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 10_000)
    (tmp_path / "a").write_bytes(gzip.compress(bytes(20_000)))
    with zipfile.ZipFile(tmp_path / "b", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(20_000))
    for name in "ab":
        with pytest.raises(ValueError, match="unpacks to more than 10,000 bytes"):
            read_log(tmp_path / name)
