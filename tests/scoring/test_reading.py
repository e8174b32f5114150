"""What is read and what the published JSON Schema takes are the same."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import jsonschema
import pytest
from cards import KINDS, SHIFT, Place, at, changed, places, plain

from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.card import SCHEMA_FILE
from mesa_gym.scoring.forms import form
from mesa_gym.scoring.reading import read

VALIDATOR = jsonschema.Draft202012Validator(ScoreCard.json_schema())
# Objects that have an entry for each objective, proxy or package: which, a schema cannot know.
NAMED = {"normalized_return", "first_contact", "shares", "evidence", "conflict_reliance"} | {
    "corners", "versions",
}  # fmt: skip


def valid(data: Any) -> bool:
    """By the schema, read by another library."""
    return VALIDATOR.is_valid(data)


def dotted(path: Place) -> str:
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


@pytest.mark.parametrize("kind", KINDS)
def test_cards_of_every_kind_are_valid(kind: str) -> None:
    assert valid(KINDS[kind].to_json())


def refusal(data: Any) -> str | None:
    """What the reader says against the data's form; None, as the schema, where it takes it."""
    try:
        read(ScoreCard, data)
    except ValueError as error:
        assert not valid(data)
        return str(error)
    assert valid(data)
    return None


def test_each_entry_is_needed() -> None:
    for path, _ in places(plain()):
        *rest, last = path
        data = plain()
        del at(data, rest)[last]
        message = refusal(data)
        if isinstance(last, int):  # of a list: a pair is none any more, the actions are one less
            assert (message is None) == (rest[-1] == "actions"), path
        elif rest and rest[-1] in NAMED:
            assert message is None, path
        else:
            assert f"'{last}'" in str(message), path


def test_no_other_entry_is_allowed() -> None:
    for path, there in [((), {}), *places(plain())]:
        if isinstance(there, dict):
            message = refusal(changed(plain(), (*path, "surprise"), []))
            assert "surprise" in str(message), path


def test_each_entry_has_its_type() -> None:
    for path, there in places(plain()):
        for other in (True, 7, 0.5, "0.5", [], {}, None):
            message = refusal(changed(plain(), path, other))
            if message is not None:
                assert dotted(path) in message, (path, other)
            else:  # null where it may be or is, or a whole number for another
                numbers = {type(other), type(there)} == {int, float}
                same = type(other) is type(there)
                assert same or numbers or None in (other, there), (path, other)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("confidence",), 1.001, "confidence is 1.001 .*expected a number from 0 to 1"),
        (("confidence",), -0.001, "from 0 to 1"),
        (("confidence",), True, "confidence is true .*expected a number from 0 to 1"),
        (("confidence",), "0.5", 'confidence is "0.5" .text.; expected a number'),
        (("confidence",), None, "confidence is null .nothing.; expected a number from 0 to 1"),
        (("verdict",), "proxy", "verdict: incapable, neither, base, mixed or proxy:<name>"),
        (("verdict",), "Base", "expected a verdict"),
        (("competent",), 1, "competent is 1 .a number.; expected true or false"),
        (("agrees",), "yes", "agrees is .*expected true or false"),
        ((*SHIFT, "capability"), None, "splits.shift.capability is null"),
        ((*SHIFT, "conflict_reliance", "corner", "coverage"), None, "coverage is null"),
        ((*SHIFT, "conflict_reliance", "corner", "base"), -0.1, "corner.base .*or null for NaN"),
        ((*SHIFT, "recovered", "steps"), -1, "of at least 0"),
        ((*SHIFT, "recovered", "steps"), 2.5, "steps is 2.5 .*expected a whole number of at least"),
        ((*SHIFT, "corners", "corner", "base"), [1.0], r"corner.base is \[1.0\] .*a list of 2"),
        ((*SHIFT, "corners", "corner", "base"), [1, 0, 1], "a list of 2"),
        ((*SHIFT, "corners", "corner", "base", 1), "x", r"corner.base\[1\] is"),
        (("episode", "actions", 2), 5, r"actions\[2\] is 5 .*from 0 to 4"),
        (("episode", "level"), 2**48, "whole number from 0 to"),
        (("episode", "conflict"), -1, "at least 0"),
        (("provenance", "levels"), 0, "at least 1"),
        (("splits", "shift"), None, "splits.shift is null"),
        (("splits", "extra"), {}, "'extra'; there is train, test, control, shift"),
        (("splits",), {}, "'train' of splits is missing"),
        (("capabilty",), 1, "unknown field 'capabilty'"),
        ((*SHIFT, "capabilty"), 1, "splits.shift 'capabilty'.*Did you mean 'capability'"),
        (("schema",), 3, "written by a newer version; this one reads schema 2: upgrade mesa-gym"),
        (("schema",), 1, "written by an older version.* score the policy again"),
        (("schema",), "2", "schema is .*expected 2"),
        (("schema",), 0, "schema is 0 .*expected 2"),
        (("schema",), True, "schema is true .*expected 2"),
    ],
)  # fmt: skip
def test_what_does_not_fit_its_field_is_refused(path: Place, value: Any, message: str) -> None:
    data = changed(plain(), path, value)
    with pytest.raises(ValueError, match=message):
        ScoreCard.from_json(data)
    assert not valid(data)


@pytest.mark.parametrize("data", [None, [], "card", 2, {}, {"schema": 99}])
def test_what_is_no_card_at_all_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match=r"expected an object|missing|newer"):
        ScoreCard.from_json(data)
    assert not valid(data)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, 10**400])
def test_numbers_must_be_numbers(number: float) -> None:
    path = (*SHIFT, "normalized_return", "cheese")
    with pytest.raises(ValueError, match=r"normalized_return\.cheese"):
        ScoreCard.from_json(changed(plain(), path, number))


# -- the schema ------------------------------------------------------------------------------------


def test_the_published_schema_is_that_of_the_code() -> None:
    published = json.loads(SCHEMA_FILE.read_text())
    assert published == ScoreCard.json_schema(), "write it anew: make schema"
    jsonschema.Draft202012Validator.check_schema(published)


def test_the_schema_says_what_each_field_means() -> None:
    definitions = ScoreCard.json_schema()["$defs"]
    assert set(definitions) >= {"ScoreCard", "SplitScore", "Reliance", "Recovered"}
    for name, definition in definitions.items():
        assert definition["description"], name
        for field, described in definition["properties"].items():
            assert len(described["description"]) > 5, f"{name}.{field}"
    reliance = definitions["Reliance"]["properties"]
    assert reliance["base"]["description"].startswith("shares of steps with a base-optimal")
    assert reliance["base"]["type"] == ["number", "null"]
    assert definitions["ScoreCard"]["properties"]["schema"]["const"] == 2


@dataclasses.dataclass(frozen=True)
class Odd:
    """Something whose type hint has no form."""

    parts: set[int]


def test_type_hints_without_a_form_are_named() -> None:
    with pytest.raises(TypeError, match=r"set\[int\]"):
        form(set[int])
    with pytest.raises(TypeError, match=r"set\[int\]"):
        read(Odd, {"parts": []})
