"""Score cards as files and tables: there and back, contradictions, damage, markup, remarks."""

import json
import re

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from mesa_gym.report import read_committed
from mesa_gym.scoring import Cards, read_card, score
from mesa_gym.scoring.card_text import list_remarks, list_warnings
from mesa_gym.scoring.evidence import NULLS, LevelReturns, read_letters, write_letters
from mesa_gym.traps.played_episodes import Paces
from tests.support.cards import KINDS, changed, choose, made, plain
from tests.support.golden import require_golden

SHIFT = ("splits", "shift")


def test_low_confidence_card_names_the_runner_up():
    doubtful = made("0000000011", policy="few")
    assert repr(doubtful) == (
        "few on CheeseCorner-v0: base, confidence 0.34, low confidence (next: both 0.67)"
    )
    sure = replace(doubtful, confidence=0.8)
    assert repr(sure) == "few on CheeseCorner-v0: base, confidence 0.80"


@pytest.mark.parametrize("kind", KINDS)
def test_card_reads_back_equal(kind, tmp_path):
    KINDS[kind].save(tmp_path / "card.json")
    assert Cards.load(tmp_path / "card.json") == (KINDS[kind],)


@pytest.mark.parametrize(
    ("kind", "path", "value", "message"),
    [
        ("proxy", ("confidence",), 1.5, "Expected `float` <= 1.0 - at `\\$.confidence`"),
        ("proxy", ("verdict",), "base", "verdict is 'base', .* fields give 'proxy:corner'"),
        ("proxy", ("extra",), 1, "unknown field `extra`"),
        ("proxy", ("wants",), ["cheese"], "wants is .*, and its other fields give \\[\\]"),
        ("proxy", ("confidence",), 0.5, "confidence is 0.5, and its other fields give"),
        ("proxy", (*SHIFT, "head_start", "corner"), 0.5, "splits.shift.head_start is"),
        ("proxy", ("nulls", "blind", "shift", "choice", "none"), 0.5, "blind.shift.choice is"),
        ("proxy", (*SHIFT, "normalized_return"), {"corner": 1.0}, "base is .*'corner'"),
        ("proxy", (*SHIFT, "wnat"), 0.5, "not ours in splits.shift is \\['wnat'\\]"),
        ("proxy", ("splits", "tset"), {}, "splits is .*'tset'.* give .*'shift'"),
        ("proxy", ("choices", "shift"), "1" * 99, "levels of evidence is"),
        ("proxy", ("choices", "pace"), {}, "the card's parts do not fit together"),
        ("proxy", ("nulls", "me"), {}, "nulls is .*'me'"),
        ("proxy", ("schema",), 8, "of schema 8; .* reads 9: make the card again by "),
        ("proxy", ("schema",), 10, "schema 10, written by a newer mesa_gym; .*: upgrade mesa-gym"),
    ],
)  # fmt: skip
def test_contradictions_are_refused_with_place_and_expectation(kind, path, value, message):
    with pytest.raises(ValueError, match=message):
        read_card(json.dumps(changed(plain(KINDS[kind]), path, value)))


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[[]]", b'{"schema": 8}', '{"schema": 8}'.encode("utf-16")],
)
def test_files_that_are_not_cards_are_named(content, tmp_path):
    (tmp_path / "card.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"card\.json: not a score card, as mesa-gym score --j"):
        Cards.load(tmp_path / "card.json")


def test_file_of_brackets_is_refused(tmp_path):
    (tmp_path / "card.json").write_bytes(b"[" * 100_000)
    with pytest.raises(ValueError, match=r"card\.json: "):
        Cards.load(tmp_path / "card.json")


def test_cards_that_windows_wrote_are_read(tmp_path):
    """Programs of Windows begin a text with a byte order mark, and end its lines otherwise."""
    card = made()
    for name, data in {"one": card.to_json(), "two": b"[" + card.to_json() + b"]"}.items():
        written = b"\xef\xbb\xbf" + msgspec.json.format(data).replace(b"\n", b"\r\n")
        (tmp_path / f"{name}.json").write_bytes(written)
    assert Cards.load(tmp_path) == (card, card)
    assert Cards.load(tmp_path / "one.json") == (card,)


def test_misspelt_measure_names_the_nearest():
    card = made()
    for read in (card.read_number, card.read_each):
        with pytest.raises(ValueError, match=r"'succes_rate'.* Did you mean 'success_rate'"):
            read("test", "succes_rate")


NAMES = ("cheese", "dish")


ALONE = {"cheese": "0" * 10, "dish": "-" * 10}


ALWAYS = choose(NAMES, "0" * 10, "0" * 10, None, ALONE, ())


# To the cheese the agent always goes the straightest way.
STRAIGHT = choose(NAMES, "0" * 10, "0" * 10, None, {"cheese": "0" * 10}, ("cheese",))
SLOW = replace(STRAIGHT, pace=dict.fromkeys(STRAIGHT.pace, read_letters(Paces, "z0" * 5)), nulls={})


SAID = {
    "always base": ALWAYS,
    "as often as nulls": replace(ALWAYS, nulls=dict.fromkeys(NULLS, replace(ALWAYS, nulls={}))),
    "as often, but later": replace(STRAIGHT, nulls=STRAIGHT.nulls | {"blind": SLOW}),
    "as often and sooner": replace(SLOW, nulls=STRAIGHT.nulls | {"blind": STRAIGHT}),
    "nothing left alone": choose(NAMES, "0" * 10, "0" * 10, None, {}, NAMES),
}


def test_card_remarks_equal_golden_text():
    told = {
        name: " ".join([*list_remarks(each, "cheese"), *list_warnings("base", each)])
        for name, each in SAID.items()
    }
    assert not told["always base"]
    text = "".join(f"{name}: {said or 'nothing'}\n" for name, said in told.items())
    require_golden("remarks.txt", text)


# What a card states of its origin, from which no figure follows; the name is the author's choice.
FREE = re.compile(r"policy|examples|provenance\.(command|digest|salt|seed|trap|versions\.\w+)")


def list_leaves(data, path=()):
    """Yield the path and the value of each leaf of plain data."""
    parts = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in parts:
        if isinstance(value, dict) or (isinstance(value, list) and value):
            yield from list_leaves(value, (*path, key))
        else:
            yield (*path, key), value


def edit_leaf(path, value):
    """Return another value of the same type; returns are halved."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str) and len(path) > 2 and path[0].endswith("returns"):
        return write_letters(read_letters(LevelReturns, value) / 2 + np.float32(0.1))
    if isinstance(value, str) and value:
        middle = len(value) // 2
        other = next(x for x in "10-z" if x != value[middle])
        return value[:middle] + other + value[middle + 1 :]
    if isinstance(value, int):
        return value + 1
    return {str: "x", list: ["x"]}.get(type(value), 0.25 if value == 0.5 else 0.5)


def show(card):
    return repr(card), str(card), card.full()


def list_accepted_edits(card):
    """Return the leaves whose edit is accepted and changes the text of the card."""
    data, shown, accepted = plain(card), show(card), []
    for path, value in list_leaves(data):
        try:
            edited = read_card(json.dumps(changed(data, path, edit_leaf(path, value))))
        except ValueError:
            continue
        if show(edited) != shown:
            accepted.append(".".join(map(str, path)))
    return accepted


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("policy", "trap"),
    [
        ("oracle:corner", "CheeseCorner"),
        ("random", "DustSweep"),
        ("reference:apples", "MonsterWorld"),
        ("oracle:learner", "Probation"),
    ],
)
def test_edited_leaves_of_fresh_card_are_refused(policy, trap):
    accepted = list_accepted_edits(score(policy, trap, levels=40))
    assert [path for path in accepted if not FREE.fullmatch(path)] == []


@pytest.mark.thorough
def test_stated_figures_equal_golden_list():
    """Committed cards keep no returns: N of a proxy or on control is stated, within bounds."""
    (card, *_) = read_committed("ppo")
    require_golden("stated.txt", "\n".join(list_accepted_edits(card)) + "\n")
