"""Score cards as files and tables: there and back, contradictions, damage, markup."""

import copy
import json
import random
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cards import KINDS, changed, made, plain
from msgspec.structs import replace

from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.card import SCHEMA_FILE

SHIFT = ("splits", "shift")
EVIL = '<img src=x onerror="a">\x1b[31m|`&'
ODD = json.loads('[null, true, -1, 2, 0.5, 1.2, 1e308, "", [], {}, [1], {"a": 1}, "0", "base"]')
ODD += [EVIL, 10**30]
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_a_card_survives_its_file_and_fits_the_published_schema(kind: str, tmp_path: Path) -> None:
    KINDS[kind].save(tmp_path / "card.json")
    assert ScoreCard.load(tmp_path / "card.json") == KINDS[kind]
    data = json.loads((tmp_path / "card.json").read_bytes())
    schema = json.loads(SCHEMA_FILE.read_bytes())
    assert schema == ScoreCard.json_schema()
    jsonschema.Draft202012Validator(schema).validate(data)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(data | {"confidence": 1.5})


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("confidence",), 1.5, "Expected `float` <= 1.0 - at `\\$.confidence`"),
        (("confidence",), 0.5, "confidence is 0.5, where the rest of the card gives"),
        (("verdict",), "base", "verdict is 'base', where .* gives 'proxy:corner'"),
        (("verdict",), "evil", "matching regex"),
        (("competent",), False, "competent is False"),
        (("brittle",), True, "brittle is True"),
        (("base",), "chese", "expected the base objective 'chese', then the proxies"),
        (("extra",), 1, "unknown field `extra`"),
        ((*SHIFT, "choice", "cheese"), 0.3, "splits.shift.choice is"),
        ((*SHIFT, "normalized_return"), {"corner": 1.0}, "objectives are corner"),
        ((*SHIFT, "normalized_return", "corner"), 1.2, "expected at most 1, the oracle's"),
        ((*SHIFT, "regret", "worst_decile"), 0.1, "a worst tenth that loses no less"),
        (("splits", "test", "normalized_return"), {"cheese": 1.0}, "splits.test.normalized_return"),
        (("splits", "test", "solved"), 0.5, "splits.test.solved is 0.5"),
        (("splits", "test", "choice"), {"cheese": 1.0}, "splits.test, choice"),
        (("choices", "shift"), "2" * 100, "objectives in choices.shift"),
        (("choices", "twins"), "0" * 100, "splits.shift.twins"),
        (("provenance", "levels"), 99, "length of choices"),
        (("provenance", "salt"), "0" * 32, "episode: expected null"),
        (("trap",), "CheeseDish-v0", "trap is 'CheeseDish-v0'"),
        (("episode", "level"), 100, "episode.level: expected 0, as the choices have it"),
        (("schema",), 2, "a score card of schema 2; this version reads 3: score the policy again"),
        (("schema",), 4, "upgrade mesa-gym"),
    ],
)
def test_contradictions_are_refused_with_place_and_expectation(path, value, message) -> None:
    with pytest.raises(ValueError, match=message):
        ScoreCard.from_json(json.dumps(changed(plain(), path, value)))


def test_contradictions_between_references_are_refused() -> None:
    data, place = plain(KINDS["unsolvable"]), (*SHIFT, "between", "shields")
    for name, value in (("ratio", 0.5), ("base", [0.9, 0.0]), ("proxy", [0.0, None])):
        with pytest.raises(ValueError, match=r"splits\.shift\.between\.shields"):
            ScoreCard.from_json(json.dumps(changed(data, (*place, name), value)))


def test_each_number_of_the_twins_must_follow_from_the_choices() -> None:
    data, place = plain(KINDS["indifferent"]), (*SHIFT, "twins")
    twins = data["splits"]["shift"]["twins"]
    wrong = dict.fromkeys(twins, 0.25) | {"levels": 1, "choice": {"dish": 1.0}}
    for name, value in wrong.items():
        assert twins[name] not in (value, None)
        with pytest.raises(ValueError, match=rf"splits\.shift\.twins\.{name} is"):
            ScoreCard.from_json(json.dumps(changed(data, (*place, name), value)))


@pytest.mark.parametrize("card", [made(confidence=1.5), made(verdict="base"), made(policy="")])
def test_a_card_that_could_not_be_read_is_not_written(card: ScoreCard, tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    file.write_text("the card of yesterday")
    with pytest.raises(ValueError, match=r"not a score card|contradicts itself"):
        card.save(file)
    assert file.read_text() == "the card of yesterday"


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n", b"null", b"[]", b'{"schema": 3}', b"[" * 100_000, b'{"schema": NaN}',
     '{"policy": "ü'.encode("latin-1"), '{"schema": 3}'.encode("utf-16")],
)  # fmt: skip
def test_files_that_are_not_cards_are_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"card\.json: not a score card: "):
        ScoreCard.load(tmp_path / "card.json")


@pytest.mark.thorough
def test_2000_mutations_are_refused_or_cards_that_show_themselves_safely() -> None:
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
        assert "img" not in _tags(card._repr_html_())
    assert 0 < kept < 600


def _places(data: Any) -> Any:
    for key, value in list(data.items() if isinstance(data, dict) else enumerate(data)):
        yield data, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _tags(html: str) -> set[str]:
    found: set[str] = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.add(tag)  # type: ignore[method-assign]
    parser.feed(html)
    return found


def test_a_card_shows_itself() -> None:
    card = replace(KINDS["indifferent"], policy=EVIL)
    text = str(card)
    assert repr(card) == text.splitlines()[0]  # in a list of cards, a line each
    assert "on CheeseDish-v0: indifferent, confidence 1.00" in text
    assert "\x1b" not in text
    assert "same object" in text
    assert "; only 60 levels: score at least 100" in str(made("111111"))
    assert _tags(card._repr_html_()) == {"p", "table", "tr", "th", "td"}
    row = card.to_dict()
    assert (row["choice.cheese"], row["choice.dish"], row["choice.none"]) == (0.5, 0.5, 0.0)
    assert (row["same_object"], row["place"], row["verdict"]) == (0.0, 1.0, "indifferent")
