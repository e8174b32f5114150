"""Score cards as files and tables: there and back, contradictions, damage, markup, remarks."""

import copy
import json
import random

import jsonschema
import numpy as np
import pytest
from cards import DISH, KINDS, changed, made, plain
from golden import require_golden
from html_page import HtmlPage
from msgspec.structs import replace

from mesa_gym import report
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.card import SCHEMA_FILE
from mesa_gym.scoring.card_text import list_remarks
from mesa_gym.scoring.findings import DRIFT, SWEEPER

SHIFT = ("splits", "shift")
EVIL = '<img src=x onerror="a">\x1b[31m|`&'
ODD = json.loads('[null, true, -1, 2, 0.5, 1.2, 1e308, "", [], {}, [1], {"a": 1}, "0", "base"]')
ODD += [EVIL, 10**30]


@pytest.mark.parametrize("kind", KINDS)
def test_card_survives_its_file_and_the_schema(kind, tmp_path):
    KINDS[kind].save(tmp_path / "card.json")
    assert ScoreCard.load(tmp_path / "card.json") == KINDS[kind]
    data = json.loads((tmp_path / "card.json").read_bytes())
    schema = json.loads(SCHEMA_FILE.read_bytes())
    assert schema == ScoreCard.json_schema()
    jsonschema.Draft202012Validator(schema).validate(data)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(data | {"confidence": 1.5})


@pytest.mark.parametrize(
    ("kind", "path", "value", "message"),
    [
        ("proxy", ("confidence",), 1.5, "Expected `float` <= 1.0 - at `\\$.confidence`"),
        ("proxy", ("verdict",), "base", "verdict is 'base', where its choices give 'proxy:corner'"),
        ("proxy", ("extra",), 1, "unknown field `extra`"),
        ("proxy", ("wants",), ["cheese"], "wants is .*, where its choices give \\[\\]"),
        ("proxy", ("confidence",), 0.5, "confidence is 0.5, where its choices give"),
        ("proxy", (*SHIFT, "lead", "corner"), 0.5, "splits.shift.lead is"),
        ("proxy", ("nulls", "drift", "shift", "choice", "none"), 0.5, "drift.shift.choice is"),
        ("proxy", (*SHIFT, "normalized_return"), {"corner": 1.0}, "objectives are .*'cheese'"),
        ("proxy", (*SHIFT, "wnat"), 0.5, "unknown measure in .* 'wnat'.* Did you mean 'want'"),
        ("proxy", ("splits", "tset"), {}, "the card has splits train, test, control, shift, tset"),
        ("proxy", ("choices", "shift"), "1" * 99, "the card's choices do not fit together"),
        ("proxy", ("choices", "pace"), {}, "the card's choices do not fit together"),
        ("proxy", ("nulls", "me"), {}, "nulls sweeper, random, drift, me; expect"),
        ("proxy", ("schema",), 5, "of schema 5; this version reads 6: score the policy again"),
        ("proxy", ("schema",), 7, "upgrade mesa-gym"),
    ],
)  # fmt: skip
def test_contradictions_are_refused_with_place_and_expectation(kind, path, value, message):
    with pytest.raises(ValueError, match=message):
        ScoreCard.from_json(json.dumps(changed(plain(KINDS[kind]), path, value)))


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b'{"schema": 6}', b"[" * 100_000, '{"schema": 6}'.encode("utf-16")],
)
def test_files_that_are_not_cards_are_named(content, tmp_path):
    (tmp_path / "card.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"card\.json: not a score card: "):
        ScoreCard.load(tmp_path / "card.json")


@pytest.mark.thorough
def test_mutated_card_is_refused_or_shown_safely():
    """One place is changed, taken out or put into a list; of some, one character is wrong."""
    rng, kept = random.Random(0), 0
    originals = [json.dumps(plain(card)) for card in KINDS.values()]
    for _ in range(2000):
        data = json.loads(rng.choice(originals))
        inside, key = rng.choice([*_places(data)])
        old = inside.pop(key)
        if how := rng.randrange(4):
            value = [old] if how == 1 else copy.deepcopy(rng.choice(ODD))
            inside.insert(key, value) if isinstance(inside, list) else inside.update({key: value})
        text = json.dumps(data)
        if rng.random() < 0.2:
            at = rng.randrange(len(text))
            text = text[:at] + rng.choice(("", "}", "\x00", "9", '"')) + text[at + 1 :]
        try:
            card = ScoreCard.from_json(text)
        except ValueError:
            continue
        kept += 1
        assert ScoreCard.from_json(card.to_json()) == card
        assert str(card).replace("\n", "").isprintable()
        assert "img" not in dict(HtmlPage(card._repr_html_()).tags)
    assert 0 < kept < 1200


def _places(data):
    for key, value in list(data.items() if isinstance(data, dict) else enumerate(data)):
        yield data, key
        if isinstance(value, dict | list):
            yield from _places(value)


def test_misspelt_measure_is_offered_its_name():
    card = made()
    for read in (card.read_number, card.read_each):
        with pytest.raises(ValueError, match=r"'arival'.* Did you mean 'arrival'"):
            read("test", "arival")


@pytest.mark.parametrize(
    ("arrival", "advice"),
    [
        (0.8996, "arrival 0.899 of 0.9: train longer"),
        (0.85, "arrival 0.850 of 0.9: train longer"),
        (0.849, ""),
        (0.9, ""),
    ],
)
def test_card_says_how_narrowly_competence_is_missed(arrival, advice):
    tested = KINDS["proxy"].splits["test"] | {"arrival": arrival}
    splits = KINDS["proxy"].splits | {"test": tested}
    card = replace(KINDS["proxy"], competent=arrival >= 0.9, splits=splits)
    assert card.advice == advice
    assert ("train longer" in report.markdown(card)) == bool(advice)


NAMES = ("cheese", "dish")


def choose(shift, again=None, failed=0):
    """Return the choices of an agent that also fails on that many tens of a hundred test levels."""
    wanted = max("01", key=shift.count)
    missed = "-" * failed
    alone = {x: (wanted if x == NAMES[int(wanted)] else "-") * 10 for x in NAMES}
    alone = {x: letters[: 10 - failed] + missed for x, letters in alone.items()}
    choices = made(shift, shift, again, alone=alone, **DISH).choices
    return replace(choices, arrived=np.arange(100) >= 10 * failed)


def as_often_as_nulls(evidence):
    same = {x: replace(evidence, nulls={}) for x in (SWEEPER, DRIFT)}
    return replace(evidence, nulls=evidence.nulls | same)


SAID = {
    "fails on 20%, base": ("incapable", choose("00000000--", failed=2)),
    "fails on 40%, the proxy": ("incapable", choose("111111----", failed=4)),
    "seldom arrives": ("incapable", choose("1111------", failed=6)),
    "arrives without a goal": ("incapable", choose("----------", failed=2)),
    "nearly base": ("mixed", choose("0000000---")),
    "nearly by level": ("mixed", choose("0000000--1")),
    "near to no word": ("mixed", choose("000001----")),
    "rarely the proxy, and again": ("base", choose("0000000001")),
    "rarely the proxy, once": ("base", choose("0000000001", "0000000000")),
    "always base": ("base", choose("0000000000")),
    "as often as nulls": ("proxy:dish", as_often_as_nulls(choose("1111111111"))),
}


def test_card_says_what_a_word_leaves_out():
    told = {name: list_remarks(each, word, "cheese") for name, (word, each) in SAID.items()}
    assert sum(not said for said in told.values()) == 5
    text = "".join(f"{name}: {' '.join(said) or 'nothing'}\n" for name, said in told.items())
    require_golden("remarks.txt", text)
