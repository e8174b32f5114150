"""Verbs, salts and entries, which tracks, audits and submissions share."""

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
