"""Score cards as files: there and back, contradictions, damage."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cards import KINDS, NAN, SHIFT, Place, at, changed, made, plain, with_shift

from mesa_gym.policies import uniform
from mesa_gym.scoring import Reliance, ScoreCard, score_all
from mesa_gym.traps.cheese_corner import CheeseCorner

each_kind = pytest.mark.parametrize("kind", KINDS)


# -- there and back --------------------------------------------------------------------------------


@each_kind
def test_a_card_survives_its_file(kind: str, tmp_path: Path) -> None:
    card = KINDS[kind]
    card.save(tmp_path / "card.json")
    data = json.loads((tmp_path / "card.json").read_text())
    assert data == card.to_json()
    back = ScoreCard.load(tmp_path / "card.json")
    assert back.to_json() == data
    assert back == card or kind == "nowhere"  # NaN differs from itself
    assert type(back.splits["shift"]) is type(card.splits["shift"])


def test_a_card_of_real_scores_survives(tmp_path: Path) -> None:
    card = score_all({"random": lambda horizon: uniform()}, CheeseCorner(), levels=20)["random"]
    path = str(tmp_path / "card.json")  # as people write it
    card.save(path)
    assert ScoreCard.load(path) == card
    assert sum(card.splits["shift"].first_contact.values()) == pytest.approx(1)


def test_what_others_rely_on_is_there() -> None:
    data = plain()
    assert {"schema", "trap", "policy", "base", "competent", "brittle", "verdict"} < data.keys()
    assert {"splits", "provenance"} < data.keys()
    for split in ("train", "test", "control", "shift"):
        assert set(data["splits"][split]["normalized_return"]) == {"cheese", "corner"}
    steps = data["splits"]["shift"]["conflict_reliance"]["corner"]
    assert set(steps) == {"base", "proxy", "neither", "coverage"}
    assert set(data["splits"]["shift"]["first_contact"]) == {"cheese", "corner", "none"}


def test_nan_becomes_null_and_comes_back() -> None:
    data = KINDS["nowhere"].to_json()
    assert at(data, (*SHIFT, "conflict_reliance", "corner", "base")) is None
    json.dumps(data, allow_nan=False)
    back = ScoreCard.from_json(data).splits["shift"]
    assert math.isnan(back.conflict_reliance["corner"].base)
    assert math.isnan(back.corners["corner"].base[1])
    assert back.corners["corner"].base[0] == 1
    assert math.isnan(back.recovered.shares["habit"])


def test_whole_numbers_are_numbers() -> None:
    """Another program may write 1.0 as 1, and 1000 as 1000.0."""
    data = changed(changed(plain(), ("confidence",), 1), ("provenance", "levels"), 1000.0)
    card = ScoreCard.from_json(data)
    assert type(card.confidence) is float
    assert (type(card.provenance.levels), card.provenance.levels) == (int, 1000)


@pytest.mark.parametrize(
    "card",
    [
        made(confidence=1.5),
        made(confidence=NAN),
        made(policy=None),
        with_shift(made(), conflict_reliance={"corner": Reliance(0.5, 0.1, 0.1, 1.0)}),
    ],
)
def test_a_card_that_could_not_be_read_is_not_written(card: ScoreCard, tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    file.write_text("the card of yesterday")
    with pytest.raises(ValueError, match="expected"):
        card.save(file)
    assert file.read_text() == "the card of yesterday"


# -- what is refused because it contradicts itself -------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("base",), "chese", "in the field 'base' 'chese'.*Did you mean 'cheese'"),
        (("verdict",), "proxy:cheese", "in the field 'verdict' 'cheese'; there is corner"),
        (("verdict",), "proxy:x", "there is corner"),
        (("recovered",), "cheese", "'recovered' is 'cheese'; expected 'corner', which explains"),
        (("recovered",), None, "'recovered' is None; expected 'corner'"),
        ((*SHIFT, "conflict_reliance"), {}, "splits.shift.conflict_reliance lacks 'corner'"),
        ((*SHIFT, "conflict_reliance", "cheese"), None, "splits.shift.conflict_reliance"),
        ((*SHIFT, "corners"), {"x": plain()["splits"]["shift"]["corners"]["corner"]},
         "splits.shift.corners"),
        ((*SHIFT, "normalized_return"), {"cheese": 1.0}, "has no proxy"),
        (("splits", "test", "normalized_return"), {"cheese": 1.0}, "test.*lacks 'corner'"),
        ((*SHIFT, "recovered", "evidence"), {"cheese": 1.0}, "evidence lacks 'corner'"),
        ((*SHIFT, "first_contact", "nobody"), 0.0, "splits.shift.first_contact.*'nobody'"),
        ((*SHIFT, "first_contact", "none"), 0.5, "first_contact sum to 1.45; expected 1"),
        ((*SHIFT, "recovered", "shares", "habit"), 0.5, "recovered.shares sum to 1.42"),
        ((*SHIFT, "conflict_reliance", "corner", "base"), 0.5, "conflict_reliance.corner sum to"),
        (("splits", "train", "normalized_return", "keys"), 1.0, "splits.train.normalized_return"),
        (("splits", "test", "corners"), {}, "splits.test.corners is filled; expected null"),
        (("episode", "conflict"), 3, "episode.conflict is 3; expected one of its 3 actions"),
        (("episode", "actions"), [], "one of its 0 actions"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(path: Place, value: Any, message: str) -> None:
    data = changed(plain(), path, value)
    with pytest.raises(ValueError, match=message):
        ScoreCard.from_json(data)


# -- files -----------------------------------------------------------------------------------------


def test_a_card_cut_short_is_refused_wherever(tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    made().save(file)
    text = file.read_bytes()
    assert len(text) > 2000
    for length in range(0, len(text) - 2, 50):
        file.write_bytes(text[:length])
        with pytest.raises(ValueError, match=r"card\.json: not a JSON file, or cut short"):
            ScoreCard.load(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a JSON file, or cut short"),
        (b"\x89PNG\r\n", "byte 0 is no UTF-8"),
        ('{"policy": "ü'.encode("latin-1"), "byte 12 is no UTF-8"),
        ('{"schema": 2}'.encode("utf-16"), "no UTF-8"),
        (b'{"schema": 2, "confidence": NaN}', "NaN is no JSON number"),
        (b'{"schema": 2, "confidence": -Infinity}', "-Infinity is no JSON number"),
        (b'{"schema": 2, "schema": 2}', "'schema' stands twice"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"schema": 2}', "'trap' is missing"),
    ],
)
def test_files_that_are_no_card_are_named(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=rf"card\.json: .*{message}"):
        ScoreCard.load(file)


def test_damage_never_causes_anything_but_a_refusal(tmp_path: Path) -> None:
    """A changed byte in 300 places: a ValueError, or a card that can be written again."""
    file = tmp_path / "card.json"
    made().save(file)
    text, rng, refused = file.read_bytes(), np.random.default_rng(0), 0
    for place, byte in zip(rng.integers(0, len(text), 300), rng.integers(0, 256, 300), strict=True):
        file.write_bytes(text[:place] + bytes([byte]) + text[place + 1 :])
        try:
            ScoreCard.load(file).to_json()
        except ValueError:
            refused += 1
    assert refused > 150
