"""JSON of users: a key that stands twice is refused, wherever JSON is read."""

import json
import re
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cards import plain
from typing_extensions import TypeAliasType

from mesa_gym.files import read_json
from mesa_gym.json_data import decode_json, expand_alias, parse_json
from mesa_gym.policies import read_policy_file
from mesa_gym.scoring import ScoreCard

PACKAGES = [Path(__file__).parents[1] / name for name in ("mesa_gym", "agents", "benchmarks")]
# These decode what they wrote themselves: into their own cache, or a line before.
OWN = {"json_data.py", "nulls.py", "store.py", "format.py", "library.py"}


def test_json_of_users_is_decoded_in_one_place():
    files = [path for folder in PACKAGES for path in folder.rglob("*.py")]
    decoding = re.compile(r"json\.(loads?|decode|Decoder)\(")
    found = {path.name: decoding.findall(path.read_text()) for path in files}
    assert {name for name, calls in found.items() if calls} == OWN
    assert sum(map(len, found.values())) == len(OWN) + 1  # without and with a type


@pytest.mark.parametrize(
    ("data", "key", "read"),
    [
        (plain(), "verdict", ScoreCard.load),
        ([{"trap": "LavaLand-v0"}], "trap", read_json),
        (
            dict.fromkeys(("trap", "observation", "loader", "weights"), "x") | {"schema": 1},
            "weights",
            lambda path: read_policy_file(path.parent),
        ),
    ],
)
def test_a_key_that_stands_twice_is_refused_by_its_name(data, key, read, tmp_path):
    text, head = json.dumps(data), f"{json.dumps(key)}: "
    path = tmp_path / "policy.json"
    path.write_text(text)
    read(path)
    at = text.index(head)
    _, end = json.JSONDecoder().raw_decode(text, at + len(head))
    path.write_text(f"{text[:end]}, {text[at:]}")  # the same value once more
    with pytest.raises(ValueError, match=rf"policy\.json.*'{key}' stands twice"):
        read(path)


def test_the_key_is_named_where_it_is_deep_and_shortened_where_it_is_long():
    with pytest.raises(ValueError, match="the key 'a' stands twice in one object; keep one"):
        parse_json('[{"b": {"a": 1, "c": 2, "a": 1}}]')
    with pytest.raises(ValueError, match="stands twice") as caught:
        parse_json('{"%s": 1, "%s": 2}' % (("x" * 10**6,) * 2))
    assert len(str(caught.value)) < 400
    with pytest.raises(ValueError, match="the key 'é' stands twice"):
        decode_json('{"é": 1, "\\u00e9": 2}', dict[str, int])  # written in two ways
    same = '{"a": {"x": 1}, "b": {"x": 1}, "X": 1}'
    assert parse_json(same) == decode_json(same, dict[str, Any]) == json.loads(same)


def test_an_alias_is_what_it_stands_for():
    """As Python 3.12's ``type`` statement makes them, of which NumPy 2.5's ``NDArray`` is one."""
    kind = TypeVar("kind")
    alias = TypeAliasType("alias", dict[str, kind], type_params=(kind,))
    assert expand_alias(alias[int]) == expand_alias(dict[str, int]) == dict[str, int]
    assert expand_alias(int) is int


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[" * 100_000, "nests too deeply"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b"{", "Expecting"),
        (b"\xff", "utf"),
        (b"9" * 5000, "digits"),
    ],
)
def test_what_is_not_json(data, message):
    with pytest.raises(ValueError, match=message):
        parse_json(data)
    with pytest.raises(ValueError, match=r"."):
        decode_json(data, dict[str, Any])
