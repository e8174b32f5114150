"""The reader of answers, on phrasings of a table: read as meant or unread, never as another option.

``blind`` was written before the reader; ``seen`` by those who knew one and tried to break it. A row
is its kind, which options there were, the text, and what it means.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from mesa_gym.engine import ACTIONS
from mesa_gym.language import answers
from mesa_gym.language.answers import read_action, read_place

TABLE = json.loads(Path(__file__).with_name("phrasings.json").read_text())
OPTIONS, UNREAD = TABLE["options"], "unread"
ROWS = [(part, *row) for part in ("blind", "seen") for row in TABLE[part]]


def read(options, text):
    """Return what is read: an action's name, a place's number, or "unread"."""
    if options == "steps":
        action = read_action(text)
        return UNREAD if action is None else ACTIONS[action]
    return str(read_place(text, OPTIONS[options]) or UNREAD)


def count_kinds():
    """Return kind -> how many phrasings of it are read as meant, unread, and as another option."""
    counts = {}
    for part, kind, options, text, meant in ROWS:
        found = read(options, text)
        told = "as meant" if found == meant else UNREAD if found == UNREAD else "as another"
        counts.setdefault(f"{part}: {kind}", Counter())[told] += 1
    return counts


@pytest.mark.parametrize("part", ["blind", "seen"])
def test_phrasing_is_read_as_no_other_option(part):
    rows = [row for row in ROWS if row[0] == part]
    wrong = [row for row in rows if read(row[2], row[3]) not in (row[4], UNREAD)]
    assert not wrong
    assert len(rows) >= {"blind": 200, "seen": 100}[part]


def test_forms_are_read_mostly_as_meant():
    """A reader that reads nothing is never wrong."""
    counts = count_kinds()
    forms = sum((counts[f"blind: {kind}"] for kind in ("bare", "form", "json", "tool")), Counter())
    assert forms["as meant"] >= 0.8 * forms.total()


@pytest.mark.parametrize(("options", "text", "meant"), [row[1:] for row in TABLE["calls"]])
def test_formal_tool_call_is_read(options, text, meant):
    """Rows meant as unread are calls that disagree, are withdrawn, or name a rejected action."""
    assert read(options, text) == meant


@pytest.mark.parametrize("notation", answers.NOTATIONS, ids=lambda notation: notation.example)
def test_notation_example_is_read_by_it_alone(notation, monkeypatch):
    assert read("steps", notation.example) == "up"
    others = [other for other in answers.NOTATIONS if other is not notation]
    monkeypatch.setattr(answers, "NOTATIONS", others)
    assert read("steps", notation.example) == UNREAD


@pytest.mark.parametrize("text", [None, 3, ["left"], {"action": "left"}, float("nan"), b"left"])
def test_read_action_of_no_text_is_none(text):
    assert read_action(text) is None
    assert read_place(text, OPTIONS["places"]) is None


@pytest.mark.parametrize(
    "piece", ["{", " ", "\n", '{"a":', "<|", "answer ", "row 1 ", "left\n", '\\"']
)
def test_read_action_takes_long_texts(piece):
    """Its work grows with a text, not with its square: a square of these would take minutes."""
    assert read_action("up is free" + piece * (200_000 // len(piece))) is None


if __name__ == "__main__":
    for kind, found in count_kinds().items():
        print(f"{kind:22}", *(f"{found[each]:4} {each}" for each in ("as meant", UNREAD)))
