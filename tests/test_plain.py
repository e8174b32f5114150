"""JSON and back: files that are none, data that is not what a dataclass needs."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from mesa_gym.files import read_json, without_nan
from mesa_gym.plain import typed
from mesa_gym.policies import uniform
from mesa_gym.scoring import ScoreCard, score
from mesa_gym.traps import find_trap


@dataclass(frozen=True)
class Part:
    point: tuple[float, float]
    name: str | None


@dataclass(frozen=True)
class Whole:
    count: int
    good: bool
    share: float
    steps: list[int]
    parts: dict[str, Part | None]


WHOLE = Whole(3, True, 0.5, [1, 2], {"a": Part((0.1, 2.0), None), "b": None})


def plain() -> dict:
    return json.loads(json.dumps(without_nan(asdict(WHOLE))))


def test_what_was_written_is_read() -> None:
    assert typed(Whole, plain()) == WHOLE
    assert math.isnan(typed(Whole, plain() | {"share": None}).share)
    # JSON does not tell 1 from 1.0 in every language.
    share = typed(Whole, plain() | {"share": 1}).share
    assert (share, type(share)) == (1.0, float)


@pytest.mark.parametrize("name", ["CheeseCorner", "TreeFarm"])
def test_score_cards_are_read(name: str) -> None:
    card = score({"random": lambda horizon: uniform()}, find_trap(name)(), levels=3)["random"]
    data = json.loads(json.dumps(card.to_json(), allow_nan=False))
    assert repr(typed(ScoreCard, data)) == repr(card)  # NaN equals NaN in text only


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": 3.0}, "the data.count is 3.0; expected int"),
        ({"count": True}, "the data.count is True; expected int"),
        ({"count": None}, "the data.count is None; expected int"),
        ({"count": "3"}, "the data.count is '3'; expected int"),
        ({"good": 1}, "the data.good is 1; expected bool"),
        ({"share": True}, "the data.share is True; expected float"),
        ({"share": "0.5"}, "the data.share is '0.5'; expected float"),
        ({"share": float("inf")}, "the data.share is inf; expected float"),
        ({"share": 10**400}, r"the data.share is 10+\.\.\.; expected float"),
        ({"steps": [1, "2"]}, r"the data.steps\[1\] is '2'; expected int"),
        ({"steps": {"0": 1}}, r"the data.steps is \{'0': 1\}; expected list"),
        ({"parts": []}, r"the data.parts is \[\]; expected dict"),
        ({"parts": {"a": 1}}, "the data.parts.a is 1; expected a Part"),
        ({"parts": {"a": {"point": [1.0, 2.0]}}}, "the data.parts.a lacks name; a Part has point"),
        ({"parts": {"a": {"point": [1.0], "name": "x"}}}, r"point is \[1.0\]; expected tuple"),
        ({"parts": {"a": {"point": [1, 2], "name": 5}}}, "a.name is 5; expected str"),
        ({"foreign": 1}, "the data has foreign; a Whole has count, good"),
    ],
)
def test_anything_else_is_refused_and_the_place_named(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        typed(Whole, plain() | changes)


@pytest.mark.parametrize("name", list(asdict(WHOLE)))
def test_nothing_may_be_lacking(name: str) -> None:
    data = plain()
    del data[name]
    with pytest.raises(ValueError, match=f"the data lacks {name}"):
        typed(Whole, data)


@pytest.mark.parametrize("data", [None, 5, "x", [], [[1]]])
def test_what_is_no_object_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="expected a Whole"):
        typed(Whole, data)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"a": 1', b"nul", b"\xff\xfe", b'{"a": NaN}', b"[Infinity]", b"[" * 100_000],
)
def test_a_file_that_is_no_json_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"file\.json is damaged: no JSON"):
        read_json(path)
