"""Files that other tools wrote again: logs and cards keep their verdict, or are refused."""

import gzip
import io
import json
import math
import subprocess
import sys
import tarfile

import gymnasium as gym
import pytest
from msgspec.structs import replace

import mesa_gym
from mesa_gym import files
from mesa_gym.engine import ACTIONS
from mesa_gym.language.session import TextSession
from mesa_gym.logs import read_log, record_plays, save_episodes, score_logs
from mesa_gym.logs.episodes import encode_episode
from mesa_gym.logs.readers import has_no_episode
from mesa_gym.logs.texts import compare_texts
from mesa_gym.report import read_committed
from mesa_gym.scoring import Cards
from mesa_gym.traps import find_trap
from tests.support.parameters import few
from tests.support.playing import play_all

DISH, CORNER = find_trap("CheeseDish")(dish_planes=2), find_trap("CheeseCorner")()
ID, LEVELS = "MesaGym/CheeseDish-v0", 3


def join_keys(rows):
    """Return rows with null for the keys of other rows, as a table has them."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in names} for row in rows]


def concatenate(rows):
    """Return rows as pandas and polars join tables: nulls also in objects, floats beside nulls."""
    joined = join_keys(rows)
    parameters = join_keys([row["parameters"] or {} for row in joined])
    numbers = [{x: row[x] for x in ("unread", "examples")} for row in joined]
    as_float = [{x: y if y is None else float(y) for x, y in row.items()} for row in numbers]
    return [
        row | {"parameters": inner} | number
        for row, inner, number in zip(joined, parameters, as_float, strict=True)
    ]


def dump_lines(rows, **options):
    return "\n".join(json.dumps(row, **options) for row in rows).encode()


def pack_tar(data):
    """Return a .tar.gz of one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("folder/log.jsonl")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


WRITERS = {
    "sorted keys": lambda rows: dump_lines(rows, sort_keys=True),
    "indented": lambda rows: dump_lines(rows, indent=2),
    "list": lambda rows: json.dumps(rows).encode(),
    "indented list": lambda rows: json.dumps(rows, indent=4).encode(),
    "null-filled": lambda rows: dump_lines(join_keys(rows)),
    "utf-16": lambda rows: dump_lines(rows, ensure_ascii=False).decode().encode("utf-16"),
    "gzip": lambda rows: gzip.compress(dump_lines(rows)),
    "tar.gz": lambda rows: pack_tar(dump_lines(rows)),
    "text sequence": lambda rows: b"".join(b"\x1e%b\n" % dump_lines([row]) for row in rows),
    "a line an entry": lambda rows: b"[\n%b\n]\n" % dump_lines(rows).replace(b"}\n{", b"},\n{"),
    "windows": lambda rows: b"\xef\xbb\xbf" + dump_lines(rows).replace(b"\n", b"\r\n"),
}
LOG_WRITERS = WRITERS | {
    "concatenated": lambda rows: dump_lines(concatenate(rows)),
    "short names": lambda rows: dump_lines(
        row | {"trap": row["trap"].removesuffix("-v0")} for row in rows
    ),
    "ids": lambda rows: dump_lines(row | {"trap": f"MesaGym/{row['trap']}"} for row in rows),
}


@pytest.fixture(scope="module")
def episodes():
    """Return episodes on two traps; some have texts, a number of examples and unread answers."""
    dish = record_plays(DISH, "mine", play_all("oracle:dish", DISH, LEVELS))
    corner = record_plays(CORNER, "yours", play_all("oracle:cheese", CORNER, LEVELS), examples=3)
    texts = {"said": ["Grün?\n{up]", "up"], "unread": 1}
    return [*dish, *(replace(x, **texts) for x in corner)]


@pytest.fixture
def rows(episodes, tmp_path):
    """Return the lines of a log as plain data."""
    save_episodes(tmp_path / "log.jsonl", episodes)
    return [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("writer", LOG_WRITERS)
def test_rewritten_log_has_equal_episodes(writer, rows, episodes, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "CHUNK", 1000)  # values are split between chunks
    (tmp_path / "x").write_bytes(LOG_WRITERS[writer](rows))
    assert read_log(tmp_path / "x") == (episodes, [])


LINE = ("trap", "split", "level", "play", "actions")


def test_keys_and_types_of_tables_are_read(rows, episodes, tmp_path):
    """One note names added keys; NaN is an absent key, and a column of names may be numbers."""
    table = [row | {"run_id": "a7", "index": k, "examples": math.nan, "policy": 7}
             for k, row in enumerate(rows)]  # fmt: skip
    (tmp_path / "x").write_bytes(dump_lines(table))
    kept, (note,) = read_log(tmp_path / "x")
    assert kept == [replace(episode, policy="7", examples=None) for episode in episodes]
    assert note.endswith("x: keys left out that this version does not know: 'run_id', 'index'")


@pytest.mark.parametrize(
    ("form", "advice"),
    [
        (
            lambda rows: {x: {str(k): row[x] for k, row in enumerate(rows)} for x in LINE},
            "a table by columns; write it by frame.to_json",
        ),
        (
            lambda rows: [row | {"actions": str(row["actions"])} for row in rows],
            "actions are text, as a CSV file has them",
        ),
    ],
)
def test_common_tables_get_their_right_form(form, advice, rows, tmp_path):
    (tmp_path / "x").write_text(json.dumps(form(rows)))
    with pytest.raises(ValueError, match=advice):
        read_log(tmp_path / "x")


def test_long_texts_keep_actions_and_answers(rows, episodes, tmp_path):
    """The episodes in which a model writes most count, and their texts still name the actions."""
    rows, episodes = rows[:2], episodes[:2]
    long, words = "I think. " * 20_000, [*ACTIONS]
    texts = [[f"{long}\n{words[action]}" for action in row["actions"]] for row in rows]
    table = [row | {"said": line, "unread": 0} for row, line in zip(rows, texts, strict=True)]
    (tmp_path / "x").write_bytes(dump_lines(table))
    kept, notes = read_log(tmp_path / "x")
    assert [episode.actions for episode in kept] == [episode.actions for episode in episodes]
    assert (compare_texts(kept), notes) == ([], [])
    assert max(len(text) for episode in kept for text in episode.said) < 2000


@pytest.mark.slow
def test_log_of_700_mb_needs_little_memory(tmp_path):
    row = {"trap": "CheeseDish-v0", "split": "test", "play": "test", "actions": [2] * 10}
    with (tmp_path / "x").open("w") as file:
        for level in range(9_000):
            texts = [f"{level} I think. " + "so. " * 1_950 + "\nright"] * 10
            file.write(json.dumps(row | {"level": level, "said": texts}) + "\n")
    assert (tmp_path / "x").stat().st_size > 7e8
    program = (
        "import resource, sys; from mesa_gym.logs import read_log; print(len(read_log(sys.argv[1])"
        "[0]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    # A process that a large one starts inherits its peak, but not one that a shell starts: without
    # the second command the shell would become the program.
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", program, tmp_path / "x"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, megabytes = map(int, done.stdout.split())
    assert count == 9_000
    assert megabytes < 300


def test_read_log_is_written_equal(rows, tmp_path):
    data = (tmp_path / "log.jsonl").read_bytes()
    save_episodes(tmp_path / "again.jsonl", read_log(tmp_path / "log.jsonl")[0])
    assert (tmp_path / "again.jsonl").read_bytes() == data


@pytest.mark.parametrize("writer", WRITERS)
def test_half_log_keeps_whole_episodes(writer, rows, episodes, tmp_path):
    """A disk may be full within an episode, whatever the form of the file."""
    data = WRITERS[writer](rows[:4])
    length, step = len(data), max(1, len(data) // 40)
    for cut in range(step, length, step):
        (tmp_path / "x").write_bytes(data[:cut])
        try:
            kept, notes = read_log(tmp_path / "x")
        except ValueError:
            kept, notes = [], []
        assert kept == episodes[: len(kept)]
        assert len(notes) <= 1
        if writer not in ("gzip", "tar.gz"):  # a damaged archive is refused as a whole
            assert len(kept) >= 4 * cut // length - 1


@pytest.mark.parametrize("damage", ['"policy": Infinity', '"policy": "mine", "policy": "mine"'])
@pytest.mark.parametrize("indent", [None, 1])
def test_bad_value_keeps_episodes_behind_it(damage, indent, rows, episodes, tmp_path):
    """An array may be one line."""
    text = json.dumps(rows, indent=indent).replace('"policy": "mine"', damage, 1)
    (tmp_path / "x").write_text(text)
    kept, notes = read_log(tmp_path / "x")
    assert kept == episodes[1:]
    assert len(notes) == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_joined_logs_keep_marked_beginnings(encoding, rows, episodes, tmp_path):
    """Each of two joined files of Windows programs begins with a byte order mark."""
    parts = (dump_lines(part).decode() + "\n" for part in (rows[:4], rows[4:]))
    (tmp_path / "x").write_bytes(b"".join(part.encode(encoding) for part in parts))
    assert read_log(tmp_path / "x") == (episodes, [])


@pytest.mark.parametrize("data", [b"", b"\n", b'{"trap":"CheeseDish-v0","split":"te'])
def test_empty_or_half_log_begins_anew(data, tmp_path):
    """After a failure in the first episode, and after two such failures."""
    log = tmp_path / "log.jsonl"
    env = mesa_gym.LogEpisodes(gym.make(ID), log, policy="mine")
    plan = [*env.plan(2)]
    for content in (data, data + b"\n" + data, gzip.compress(data)):
        log.write_bytes(content)
        assert has_no_episode(log)
        assert [*env.plan(2, after=log)] == plan
        with pytest.raises(ValueError, match="has no recorded episode"):
            read_log(log)
    log.write_bytes(data)
    env.reset(options=plan[0])
    over = False
    while not over:
        over = any(env.step(4)[2:4])
    assert [*env.plan(2, after=log)] == plan[1:]


@pytest.mark.parametrize("data", [b"a,b\n1,2\n", b"{}", b'{"a": 1}\n', b"PAR1", b"[1]", b'"a'])
def test_another_file_is_no_log(data, tmp_path):
    """No plan goes on after it, and no episode is added to it."""
    env, path = mesa_gym.LogEpisodes(gym.make(ID), None), tmp_path / "x"
    path.write_bytes(data)
    for use in (
        lambda: [*env.plan(1, after=path)],
        lambda: mesa_gym.LogEpisodes(gym.make(ID), path),
        lambda: env.reopen(path),
        lambda: TextSession(path),
    ):
        with pytest.raises(ValueError, match=r"x has no recorded episode: it is .*; expected a lo"):
            use()
    assert path.read_bytes() == data


def test_log_with_readable_episode_is_continued(tmp_path, episodes):
    path, line = tmp_path / "x", encode_episode(episodes[0])
    for data in (b"", b"\n", line[:20], line, line[:20] + b"\n" + line, b"[" + line + b"]"):
        path.write_bytes(data)
        TextSession(path)
    (tmp_path / "y").write_bytes(line[:20])
    assert not has_no_episode(tmp_path)  # an unfinished file hides no other


def test_spellings_of_a_trap_join_one_log(episodes):
    """With a name or id, and with or without keywords that have their defaults."""
    first, second, third = (x for x in episodes if x.trap == "CheeseCorner-v0" and x.play == "test")
    written = [
        first,
        replace(second, trap="MesaGym/CheeseCorner-Shift-v0", parameters={"corner": 1}),
        replace(third, trap="cheesecorner", size=CORNER.size),
    ]
    (score,), notes = score_logs(written)
    levels = sum(score.log.outcomes["test"].values())
    assert (score.trap, levels, notes) == ("CheeseCorner-v0", 3, [])


# -- cards -----------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def cards():
    """Return two cards with other keys."""
    traps = ("CheeseDish-v0", "CheeseCorner-v0")
    return [card for card in read_committed("random") if card.trap in traps]


@pytest.mark.parametrize("writer", few(WRITERS, "gzip", "windows", thorough=WRITERS))
def test_rewritten_cards_are_equal(writer, cards, tmp_path):
    cards = cards[:1] if writer == "indented" else cards
    rows = [json.loads(card.to_json()) for card in cards]
    (tmp_path / "x").write_bytes(WRITERS[writer](rows))
    read = Cards.load(tmp_path / "x")
    assert [json.loads(card.to_json()) for card in read] == [
        json.loads(card.to_json()) for card in cards
    ]
