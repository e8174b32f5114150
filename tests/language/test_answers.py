"""Answers: phrasings of a table are read as meant or unread, and kept answers are asked once.

``blind`` was written before the reader; ``seen`` by those who knew one and tried to break it. A row
is its kind, which options there were, the text, and what it means.
"""

import asyncio
import json
from collections import Counter
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from mesa_gym.engine import ACTIONS
from mesa_gym.errors import PolicyError
from mesa_gym.language import score_choices
from mesa_gym.language.kept_answers import keep_answers
from mesa_gym.policies import answers
from mesa_gym.policies.answers import read_action, read_place
from mesa_gym.scoring import score
from tests.support.loops import run_coroutine
from tests.support.refusals import refusals

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
    for part, kind, options, text, expected in ROWS:
        answer = read(options, text)
        outcome = "as meant" if answer == expected else UNREAD if answer == UNREAD else "as another"
        counts.setdefault(f"{part}: {kind}", Counter())[outcome] += 1
    return counts


def test_phrasing_is_read_as_no_other_option():
    """Most of the usual forms are read as meant: a reader that reads nothing is never wrong."""
    wrong = [row for row in ROWS if read(row[2], row[3]) not in (row[4], UNREAD)]
    assert not wrong
    assert (len(TABLE["blind"]) >= 200, len(TABLE["seen"]) >= 100) == (True, True)
    counts = count_kinds()
    forms = sum((counts[f"blind: {kind}"] for kind in ("bare", "form", "json", "tool")), Counter())
    assert forms["as meant"] >= 0.8 * forms.total()


@pytest.mark.parametrize(("options", "text", "expected"), [row[1:] for row in TABLE["calls"]])
def test_formal_tool_call_is_read(options, text, expected):
    """Rows meant as unread are calls that disagree, are withdrawn, or name a rejected action."""
    assert read(options, text) == expected


@pytest.mark.parametrize("notation", answers.NOTATIONS, ids=lambda notation: notation.example)
def test_notation_example_is_read_by_it_alone(notation, monkeypatch):
    assert read("steps", notation.example) == "up"
    rest = [other for other in answers.NOTATIONS if other is not notation]
    monkeypatch.setattr(answers, "NOTATIONS", rest)
    assert read("steps", notation.example) == UNREAD


@pytest.mark.parametrize("row", TABLE["blind"] + TABLE["seen"] + TABLE["calls"], ids=str)
def test_signs_of_notations_change_no_reading(row, monkeypatch):
    """A sign only spares the search for a notation that is not there."""
    _, options, text, _ = row
    by_signs = read(options, text)
    everywhere = [notation._replace(signs=("",)) for notation in answers.NOTATIONS]
    monkeypatch.setattr(answers, "NOTATIONS", everywhere)
    assert read(options, text) == by_signs


@pytest.mark.parametrize("rule", ["___", "_", "---", "* * *", "_ _ _"])
def test_rule_of_markdown_is_no_line(rule):
    assert read_action(rule) is None
    assert read("steps", f"I see a wall.\n{rule}\ndown") == "down"
    assert read("steps", f"down\n{rule}") == "down"


@pytest.mark.parametrize("text", ["\uff35p", "u\u200bp", "\ufeffup", "answer: \u2066up\u2069"])
def test_wide_letters_and_invisible_marks_are_read(text):
    """Pages and editors write them; a reader of answers sees an action's name."""
    assert read("steps", text) == "up"


PIECES = ("{", " ", "\n", '{"a":', "<|", "answer ", "row 1 ", "left\n", '\\"')


@pytest.mark.parametrize(
    "text",
    [None, 3, ["left"], {"action": "left"}, float("nan"), b"left"]
    + ["up is free" + piece * (200_000 // len(piece)) for piece in PIECES],
    ids=lambda text: repr(text)[:20],
)
def test_read_action_of_odd_texts_is_none(text):
    """Its work grows with a text, not with its square: a square of these would take minutes."""
    assert read_action(text) is None
    assert isinstance(text, str) or read_place(text, OPTIONS["places"]) is None


@pytest.mark.parametrize("part", ["{}", '{"a":1}', '{"action":"up"}', '{\\"a\\": 1}'])
def test_answer_of_many_objects_is_unread(part, monkeypatch):
    """A text of a megabyte may not take a server's time: each object is read once or not at all."""
    calls, read_object = [], answers._read_object

    def count(match):
        calls.append(match[0])
        return read_object(match)

    monkeypatch.setattr(answers, "_read_object", count)
    assert read_action(part * ((1 << 20) // len(part))) is None
    assert calls == []
    assert read_action('{"a":1}\n' * (answers.MOST_OBJECTS - 1) + '{"action":"up"}') == 3
    assert len(calls) <= 5 * answers.MOST_OBJECTS
    thoughts = "<think>" + part * 2 * answers.MOST_OBJECTS + "</think>\nup"
    assert read_action(thoughts) == 3


# -- kept answers ----------------------------------------------------------------------------------
class Model:
    """A model whose calls fail from one on."""

    def __init__(self, fails=None):
        self.calls, self.fails = [], fails

    def ask(self, text):
        if len(self.calls) == self.fails:
            raise ConnectionError("the network is gone")
        self.calls.append(text)
        return f"I have answered {len(self.calls)} questions.\n{'right' if len(text) % 2 else 'up'}"


@pytest.mark.thorough
def test_failed_score_goes_on_where_it_stopped(tmp_path):
    def score_with(model, path):
        return score_choices("CheeseCorner", keep_answers(model.ask, path), levels=12)

    unbroken, first, second = Model(), Model(40), Model()
    expected = score_with(unbroken, tmp_path / "whole.jsonl")
    with pytest.raises(PolicyError, match=r"network is gone; the answers so far are in .*a.jsonl"):
        score_with(first, tmp_path / "a.jsonl")
    card = score_with(second, tmp_path / "a.jsonl")
    assert first.calls + second.calls == unbroken.calls
    assert len(first.calls) == 40
    assert card.splits == expected.splits
    again = Model(0)  # every call would fail
    assert score_with(again, tmp_path / "a.jsonl").splits == expected.splits


HEAD = '{"model":"five","settings":{}}\n'


def reopen(lines, model="five", settings=None):
    """Ask a second question of a file that has lines."""
    Path("kept.jsonl").write_text(lines)
    return keep_answers(lambda text: 5, "kept.jsonl", model, settings)("two")


def ask_for(answer):
    """Score a function that gives an answer which is not a text."""
    return score(lambda text: answer, "CheeseCorner", levels=1)


test_kept_answers_refuse_other_questions = refusals(
    "language", "kept answers", globals(), partial=partial, SimpleNamespace=SimpleNamespace
)


def test_kept_answers_drop_an_unfinished_line(tmp_path):
    """Several resumes stand behind half lines, cut characters, and the zeros of a power cut."""
    path, texts = tmp_path / "a.jsonl", []
    halves = (b"{", b'{"question":"quest', b'{"question":"\xc3', b"\0" * 300, b" \n\0\0")

    def ask(text):
        texts.append(text)
        return f"ü{len(texts)}"

    questions = [f"question {number}" for number in range(9)]
    for count, half in enumerate((*halves, b'{"question":"c"\0\0', b""), 2):
        kept = keep_answers(ask, path)
        assert [kept(text) for text in questions[:count]] == [f"ü{n + 1}" for n in range(count)]
        path.write_bytes(path.read_bytes() + half)
        assert texts == questions[:count]


def first(text):
    return "up"


def second(text):
    return "down"


def test_kept_answers_belong_to_their_model(tmp_path):
    path, hot = tmp_path / "a.jsonl", {"temperature": 1, "stop": ("\n",)}
    kept = keep_answers(first, path, settings=hot)
    assert (kept("one"), kept.__name__) == ("up", "first")
    again = keep_answers(second, path, model="first", settings={"stop": ["\n"], "temperature": 1})
    assert (again("one"), again("two"), again.__name__) == ("up", "down", "first")
    assert len(path.read_bytes().splitlines()) == 3


@pytest.mark.thorough
def test_async_function_is_awaited_in_one_loop(tmp_path):
    loops = set()

    async def ask(text):
        await asyncio.sleep(0)
        loops.add(asyncio.get_running_loop())
        return "up"

    async def score_in_loop():
        return score(ask, "CheeseCorner", levels=1)

    expected = score(lambda text: "up", "CheeseCorner", levels=1).splits
    assert score(ask, "CheeseCorner", levels=1).splits == expected
    assert run_coroutine(score_in_loop()).splits == expected
    kept = keep_answers(ask, tmp_path / "a.jsonl")
    assert score(kept, "CheeseCorner", levels=1).splits == expected
    assert len(loops) == 1


if __name__ == "__main__":
    for kind, counter in count_kinds().items():
        print(
            f"{kind:22}", *(f"{counter[outcome]:4} {outcome}" for outcome in ("as meant", UNREAD))
        )
