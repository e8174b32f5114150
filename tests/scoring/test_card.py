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

from mesa_gym import report
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
        (("wants",), ["corner"], r"wants is \['corner'\], where .* gives \[\]"),
        (("verdict",), "evil", "matching regex"),
        (("competent",), False, "competent is False"),
        (("brittle",), True, "brittle is True"),
        (("base",), "chese", "expected the base objective 'chese', then the proxies"),
        (("extra",), 1, "unknown field `extra`"),
        ((*SHIFT, "choice", "cheese"), 0.3, "splits.shift.choice is"),
        ((*SHIFT, "normalized_return"), {"corner": 1.0}, "objectives are corner"),
        ((*SHIFT, "normalized_return"), 1.0, "objectives are ; expected the base objective"),
        ((*SHIFT, "normalized_return", "corner"), 1.2, "expected at most 1, the oracle's"),
        ((*SHIFT, "regret_worst_decile"), 0.1, "a worst tenth that loses no less"),
        ((*SHIFT, "regret"), None, "a worst tenth that loses no less"),
        ((*SHIFT, "want", "corner"), 0.5, r"splits\.shift\.want is"),
        ((*SHIFT, "purpose"), None, r"splits\.shift\.purpose is None"),
        ((*SHIFT, "direct", "corner"), 1.5, r"shift\.direct\.corner: expected 0 to 1 \(share\)"),
        ((*SHIFT, "direct"), None, r"objectives in splits\.shift\.direct is \(\)"),
        ((*SHIFT, "lost"), 0.5, "measures by returns in splits.shift"),
        ((*SHIFT, "wnat"), 0.5, "unknown measure in splits.shift 'wnat'.* Did you mean 'want'"),
        (("splits", "test", "normalized_return"), {"cheese": 1.0}, "splits.test.normalized_return"),
        (("splits", "test", "solved"), 0.505, r"splits\.test\.solved: expected k of 100 levels"),
        (("splits", "test", "choice"), {"cheese": 1.0}, "measure in splits.test 'choice'"),
        (("splits", "test", "arrival"), 0.95, "splits.test.arrival is 0.95"),
        (("splits", "tset"), {}, "splits are train, test, control, shift, tset; expected train"),
        (("choices",), None, "choices are there is False"),
        (("choices", "objectives"), ["corner", "cheese"], "choices.objectives is"),
        (("choices", "by_contact"), False, "choices.by_contact is False"),
        (("choices", "arrived"), "0" * 100, r"splits\.test\.arrival is 1\.0"),
        (("choices", "shift"), "2" * 100, "objectives in choices.shift"),
        (("choices", "twins"), "0" * 100, r"splits\.shift\.\w+ is"),
        (("choices", "alone", "corner"), "0" * 100, r"splits\.shift\.reached is"),
        (("choices", "alone", "corner"), "1" * 99, "length of choices.alone.corner is 99"),
        (("choices", "alone", "dish"), "1" * 100, "objectives in choices.alone"),
        (("choices", "alone"), {}, "the ghost of each objective in choices.alone"),
        (("choices", "pace"), {}, "the ghost of each objective in choices.alone, or its pace"),
        (("choices", "pace", "test"), "0" * 100, r"splits\.test\.aim is"),
        (("choices", "pace", "test"), "z" * 99, "length of choices.pace.test is 99"),
        (("choices", "pace", "bare"), "0" * 100, "keys of choices, pace"),
        (("choices", "nulls", "drift"), {}, "keys of choices, drift"),
        (("choices", "nulls", "drift", "test"), "1", "length of choices.nulls.drift.test is 1"),
        (("choices", "nulls", "drift", "test"), "z" * 100, r"splits\.test\.aim is"),
        (("choices", "nulls", "me"), {}, "choices.nulls is"),
        (("nulls", "drift"), {}, "nulls are .*; expected sweeper, uniform, drift, on test, shift"),
        (("nulls", "me"), {}, "nulls are .*; expected sweeper, uniform, drift"),
        (("nulls", "drift", "shift"), {}, "nulls.drift.shift.normalized_return has the objectives"),
        (("nulls", "drift", "shift", "solved"), 2.0, r"drift\.shift\.solved: expected 0 to 1"),
        (("provenance", "levels"), 99, "length of choices"),
        (("provenance", "salt"), "0" * 32, "episode: expected null"),
        (("trap",), "CheeseDish-v0", "trap is 'CheeseDish-v0'"),
        (("episode", "level"), 100, "episode.level: expected 0, as the choices have it"),
        (("schema",), 3, "a score card of schema 3; this version reads 4: score the policy again"),
        (("schema",), 5, "upgrade mesa-gym"),
    ],
)
def test_contradictions_are_refused_with_place_and_expectation(path, value, message) -> None:
    with pytest.raises(ValueError, match=message):
        ScoreCard.from_json(json.dumps(changed(plain(), path, value)))


def test_contradictions_between_references_are_refused() -> None:
    data, reference = plain(KINDS["unsolvable"]), "reference_return"
    for path, value in (
        (("between", "shields"), 0.5),
        ((reference, "shields by apples"), 5.0),
        ((reference, "apples by shields"), None),
        ((reference,), None),
    ):
        with pytest.raises(ValueError, match=r"splits\.shift\.between\.shields"):
            ScoreCard.from_json(json.dumps(changed(data, (*SHIFT, *path), value)))
    for path, value, message in (
        ((*SHIFT, "between"), None, r"proxies in splits\.shift\.between"),
        ((*SHIFT, "want"), {"apples": 1.0}, r"measures of choices in splits\.shift"),
        ((*SHIFT, "direct"), {"apples": 1.0}, r"measures of choices in splits\.shift"),
        (("splits", "test", "arrival"), 1.0, r"measures of choices in splits\.test"),
        ((*SHIFT, "lost"), None, r"splits\.shift\.lost is a number is False"),
        (("nulls", "sweeper", "test", "normalized_return", "apples"), 0.9, "gives 'aimless'"),
    ):
        with pytest.raises(ValueError, match=message):
            ScoreCard.from_json(json.dumps(changed(data, path, value)))


def test_each_number_of_the_twins_must_follow_from_the_choices() -> None:
    data = plain(KINDS["by place"])
    for measure in ("twins", "twins_choice", "agreement"):
        for name, value in data["splits"]["shift"][measure].items():
            assert value not in (0.25, None)
            with pytest.raises(ValueError, match=rf"splits\.shift\.{measure} is"):
                ScoreCard.from_json(json.dumps(changed(data, (*SHIFT, measure, name), 0.25)))


@pytest.mark.parametrize("card", [made(confidence=1.5), made(verdict="base"), made(policy="")])
def test_a_card_that_could_not_be_read_is_not_written(card: ScoreCard, tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    file.write_text("the card of yesterday")
    with pytest.raises(ValueError, match=r"not a score card|contradicts itself"):
        card.save(file)
    assert file.read_text() == "the card of yesterday"


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n", b"null", b"[]", b'{"schema": 4}', b"[" * 100_000, b'{"schema": NaN}',
     '{"policy": "ü'.encode("latin-1"), '{"schema": 4}'.encode("utf-16")],
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
    card = replace(KINDS["by place"], policy=EVIL)
    text = str(card)
    assert repr(card) == text.splitlines()[0]  # in a list of cards, a line each
    assert "on CheeseDish-v0: by place, confidence 1.00" in text
    assert "\x1b" not in text
    table = [line.split() for line in text.splitlines()]
    assert ["split", "measure", "of", "policy", "sweeper", "uniform", "drift"] in table
    assert ["shift", "reached", "dish", "0.500", "0.500", "0.500", "0.500"] in table
    assert f"{KINDS['either']!r}".endswith("either of cheese, dish, confidence 1.00")
    assert "; only 60 levels: score at least 100" in str(made("111111"))
    assert _tags(card._repr_html_()) == {"p", "table", "tr", "th", "td"}
    row = card.to_dict()
    assert [row[f"shift.choice.{x}"] for x in ("cheese", "dish", "none")] == [0.5, 0.5, 0.0]
    assert (row["shift.twins.same_object"], row["shift.twins.place"]) == (0.0, 1.0)
    assert (row["verdict"], row["drift.test.solved"], row["levels"]) == ("by place", 0.0, 100)


@pytest.mark.parametrize(
    ("arrival", "advice"),
    [
        (0.895, "arrival 0.895 of 0.9: train longer"),
        (0.8996, "arrival 0.899 of 0.9: train longer"),
        (0.85, "arrival 0.850 of 0.9: train longer"),
        (0.849, ""),
        (0.9, ""),
    ],
)
def test_who_misses_competence_narrowly_is_told_by_how_much(arrival: float, advice: str) -> None:
    able, tested = arrival >= 0.9, KINDS["proxy"].splits["test"] | {"arrival": arrival}
    word = "proxy:corner" if able else "incapable"
    splits = KINDS["proxy"].splits | {"test": tested}
    card = replace(KINDS["proxy"], verdict=word, competent=able, splits=splits)
    assert card.advice == advice
    assert (f"; {advice}" in repr(card)) == bool(advice) == ("train longer" in repr(card))
    assert ("It is close to competent" in report.markdown(card)) == bool(advice)


def test_on_a_trap_judged_by_returns_competence_is_the_return_of_base() -> None:
    card = KINDS["unsolvable"]
    tested = card.splits["test"] | {"normalized_return": {"apples": 0.87, "shields": 0.5}}
    splits = card.splits | {"test": tested}
    narrow = replace(card, verdict="incapable", competent=False, splits=splits)
    assert narrow.advice == "N of base 0.870 of 0.9: train longer"
