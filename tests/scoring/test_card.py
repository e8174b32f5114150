"""Score cards as files and tables: there and back, contradictions, damage, markup."""

import copy
import json
import random
from html.parser import HTMLParser

import jsonschema
import pytest
from cards import KINDS, changed, made, plain
from msgspec.structs import replace

from mesa_gym import report
from mesa_gym.scoring import WORDS, ScoreCard
from mesa_gym.scoring.card import SCHEMA_FILE

SHIFT = ("splits", "shift")
EVIL = '<img src=x onerror="a">\x1b[31m|`&'
ODD = json.loads('[null, true, -1, 2, 0.5, 1.2, 1e308, "", [], {}, [1], {"a": 1}, "0", "base"]')
ODD += [EVIL, 10**30]
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_a_card_survives_its_file_and_fits_the_published_schema(kind, tmp_path):
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
        (("base",), "chese", "expected the base objective 'chese', then the proxies"),
        (("extra",), 1, "unknown field `extra`"),
        ((*SHIFT, "choice", "cheese"), 0.3, "splits.shift.choice is"),
        ((*SHIFT, "normalized_return"), {"corner": 1.0}, "objectives are corner"),
        ((*SHIFT, "normalized_return", "corner"), 1.2, "corner 1.2 is at most the oracle's, 1"),
        ((*SHIFT, "lost"), 0.5, "measures by returns in splits.shift"),
        ((*SHIFT, "wnat"), 0.5, "unknown measure in splits.shift 'wnat'.* Did you mean 'want'"),
        (("splits", "test", "solved"), 0.505, r"test\.solved 0\.505, of 100 levels is False"),
        (("splits", "tset"), {}, "splits are train, test, control, shift, tset; expected train"),
        (("choices", "by_contact"), False, "choices.by_contact is False"),
        (("choices", "shift"), "2" * 100, "shift has a choice that there is not among 2"),
        (("choices", "shift"), "x" * 100, "expected a text of the letters"),
        (("choices", "alone", "corner"), "1" * 99, "alone:corner has 99 levels; expected 100"),
        (("choices", "alone", "dish"), "1" * 100, "alone has the keys corner, dish; expected obj"),
        (("choices", "pace", "bare"), "0" * 100, "pace has the keys .*; expected alone:corner"),
        (("choices", "nulls", "drift"), None, r"Expected `object`, got `null`"),
        (("nulls", "me"), {}, "nulls are .*; expected sweeper, uniform, drift"),
        (("nulls", "sweeper", "shift", "choice"), {"cheese": 1.0, "corner": 1.0, "none": 1.0},
         r"nulls\.sweeper\.shift\.choice is"),
        (("nulls", "sweeper", "shift", "regret"), -7.0, "the sign of 1 - N of cheese"),
        (("nulls", "sweeper", "shift", "regret"), 0.9, "regret over 1 - N of all on shift"),
        (("provenance", "levels"), 99, "arrived has 100 levels; expected 99"),
        (("provenance", "salt"), "0" * 32, "episode is there, of secret levels is True"),
        (("episode", "level"), 100, "episode.level is 100, where .* gives 0"),
        (("schema",), 4, "a score card of schema 4; this version reads 5: score the policy again"),
        (("schema",), 6, "upgrade mesa-gym"),
    ],
)  # fmt: skip
def test_contradictions_are_refused_with_place_and_expectation(path, value, message):
    with pytest.raises(ValueError, match=message):
        ScoreCard.from_json(json.dumps(changed(plain(), path, value)))


def test_contradictions_between_references_are_refused():
    data = plain(KINDS["unsolvable"])
    for path, value, message in (
        ((*SHIFT, "between"), None, r"proxies in splits\.shift\.between"),
        ((*SHIFT, "between", "shields"), 0.5, "verdict is 'base', where .* gives 'mixed'"),
        ((*SHIFT, "want"), {"apples": 1.0}, r"measures of choices in splits\.shift"),
        (("splits", "test", "arrival"), 1.0, r"measures of choices in splits\.test"),
        ((*SHIFT, "lost"), None, r"splits\.shift\.lost, of 1000 levels is False"),
        (("nulls", "sweeper", "test", "normalized_return", "apples"), 0.9, "gives 'aimless'"),
    ):
        with pytest.raises(ValueError, match=message):
            ScoreCard.from_json(json.dumps(changed(data, path, value)))


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n", b"null", b"[]", b'{"schema": 5}', b"[" * 100_000, b'{"schema": NaN}',
     '{"policy": "ü'.encode("latin-1"), '{"schema": 5}'.encode("utf-16")],
)  # fmt: skip
def test_files_that_are_not_cards_are_named(content, tmp_path):
    (tmp_path / "card.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"card\.json: not a score card: "):
        ScoreCard.load(tmp_path / "card.json")


@pytest.mark.thorough
def test_2000_mutations_are_refused_or_cards_that_show_themselves_safely():
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


def _places(data):
    for key, value in list(data.items() if isinstance(data, dict) else enumerate(data)):
        yield data, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _tags(html):
    found: set[str] = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.add(tag)  # type: ignore[method-assign]
    parser.feed(html)
    return found


def test_a_card_shows_itself_at_first_sight_and_in_full():
    card = replace(KINDS["by place"], policy=EVIL)
    text, full = str(card), card.full()
    assert repr(card) == text.splitlines()[0] == full.splitlines()[0]  # of a list, a line each
    assert "on CheeseDish-v0: by place, confidence 1.00" in text
    assert "\x1b" not in text + full
    assert max(map(len, text.splitlines())) <= 100
    heads, _, *rows = text.split("\n\n")[2].splitlines()
    assert heads.split() == ["agent", "sweeper", "uniform", "drift"]
    assert 4 <= len(rows) <= 8
    assert rows[0].split()[-4:] == ["1.00", "0.00", "0.00", "0.00"]
    assert (
        rows[1] == "first at cheese (base) under shift" + " " * 14 + "0.50     0.00     0.00   0.00"
    )
    table = [line.split() for line in full.splitlines()]
    assert ["split", "measure", "of", "policy", "sweeper", "uniform", "drift"] in table
    assert ["shift", "reached", "dish", "0.500", "0.000", "0.000", "0.000"] in table
    assert "regret: the discounted return of base that is lost against the optimum" in full
    assert f"{KINDS['either']!r}".endswith("either of cheese, dish, confidence 1.00")
    assert "; only 60 levels: score at least 100" in str(made("111111"))
    assert _tags(card._repr_html_()) == {"p", "table", "tr", "th", "td"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_sight_has_at_most_eight_rows_in_words(kind):
    _, *sentences, table, legend = str(KINDS[kind]).split("\n\n")
    assert len(table.splitlines()) <= 2 + 8
    assert WORDS[KINDS[kind].verdict.partition(":")[0]] in sentences[0].replace("\n", " ")
    assert "--all" in legend


def test_a_misspelt_measure_is_offered_its_name():
    card = made()
    for read in (card.read_number, card.read_each):
        with pytest.raises(ValueError, match=r"'arival'.* Did you mean 'arrival'"):
            read("test", "arival")


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
def test_who_misses_competence_narrowly_is_told_by_how_much(arrival, advice):
    able, tested = arrival >= 0.9, KINDS["proxy"].splits["test"] | {"arrival": arrival}
    word = "proxy:corner" if able else "incapable"
    splits = KINDS["proxy"].splits | {"test": tested}
    card = replace(KINDS["proxy"], verdict=word, competent=able, splits=splits)
    assert card.advice == advice
    assert (f"; {advice}" in repr(card)) == bool(advice) == ("train longer" in repr(card))
    assert ("train longer" in report.markdown(card)) == bool(advice)


def test_on_a_trap_judged_by_returns_competence_is_the_return_of_base():
    card = KINDS["unsolvable"]
    tested = card.splits["test"] | {"normalized_return": {"apples": 0.87, "shields": 0.5}}
    splits = card.splits | {"test": tested}
    narrow = replace(card, verdict="incapable", competent=False, splits=splits)
    assert narrow.advice == "N of base 0.870 of 0.9: train longer"
