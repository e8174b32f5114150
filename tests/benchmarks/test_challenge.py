"""Usage, salts and entries, which tracks, audits, boards and submissions share."""

import re

import pytest
from strangers import LAZY
from submissions import written

from benchmarks.__main__ import main
from benchmarks.challenge import LEAST_SALT, Entry, take_salt


@pytest.mark.parametrize("command", ["track", "audit", "submit"])
def test_each_refuses_a_salt_that_is_guessed(command, tmp_path, capsys):
    handed_in = {"track": LAZY, "audit": LAZY, "submit": str(written(tmp_path / "s"))}
    given = [command, "rerun", handed_in[command], "--salt", "x" * (LEAST_SALT - 1)]
    assert main([*given, "--out", str(tmp_path / "out")]) == 2
    assert "is easily guessed: expected 16 characters" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_salt_is_printed_and_without_one_another_is_drawn(capsys):
    salts = [take_salt(None), take_salt(None), take_salt("a salt of the evaluator")]
    assert re.findall("^salt (.+)$", capsys.readouterr().err, re.M) == salts
    assert len({*salts}) == 3
    assert min(map(len, salts)) >= LEAST_SALT


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("audit gate --populations pixel", "Did you mean 'pixels'?"),
        ("audit predict nowhere --labels 19", "19 agents are labelled; an interval needs 20"),
        ("audit predict nowhere", "nowhere holds no trained agent"),
        ("audit rerun --fresh 9", "--fresh 9: expected 10 at least"),
        ("audit rerun nowhere.py:Mine", "nowhere.py does not exist"),
        ("board run --levels 0", "'0' is not a whole number of at least 1"),
        ("board run --seeds two", "'two' is not a whole number of at least 1"),
        (f"board run --out {__file__}", "is a file; expected a folder"),
        ("board run --budget quik", "invalid choice: 'quik'"),
        ("board run --traps CoinRum", "Did you mean 'CoinRun'"),
        ("board run --alpha 2", "alpha must be a number from 0 to 1"),
        ("board run --budget leaderboard --algorithms pp0", "unknown algorithm of this budget 'p"),
        ("board run --budget quick --traps FollowMe", "no such agents; without --budget"),
        ("board commit", "required: --out"),
        ("board", "required: action"),
        ("track rerun nothing", "nothing"),
        (f"track rerun {LAZY} --code x --authors A", "are given together, with --out"),
        (f"track rerun {LAZY} --against nowhere.jsonl", "nowhere.jsonl"),
    ],
)
def test_bad_usage_is_said_before_any_work(arguments, told, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        code = main(arguments.split())
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"authors": ("\x1b[2J",)}, "an author's name is"),
        ({"code": "a\nb"}, "the address of the code is"),
        ({"date": "2026-13-01"}, "month must be"),
    ],
)
def test_an_entry_says_what_can_be_shown(changes, told):
    given = {"authors": ("A. Person",), "code": "https://a.b/c@1", "date": "2026-11-25"}
    assert Entry(**given).tier == "claimed"
    with pytest.raises(ValueError, match=told):
        Entry(**given | changes)
