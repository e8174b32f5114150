"""JSON of users: a key that stands twice is refused, wherever JSON is read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cards import plain
from typing_extensions import TypeAliasType

from benchmarks.submissions.format import Submission
from mesa_gym.files import read_json
from mesa_gym.json_data import decode_json, expand_alias, parse_json
from mesa_gym.policies import read_policy_file
from mesa_gym.scoring import ScoreCard
from mesa_gym.testing import check_digest
from mesa_gym.trained import library
from mesa_gym.trained.record import AgentRecord

# What reads the file of that name, and a key in what it reads.
READERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "card.json": ("verdict", ScoreCard.load),
    "policy.json": ("weights", lambda path: read_policy_file(path.parent)),
    "training.json": ("seed", AgentRecord.load),
    "manifest.json": ("weights", lambda path: library.read_manifest(path.parent)),
    "agent.json": ("name", lambda path: Submission.load(path.parent)),
    "CheeseCorner-v0.json": ("test levels", lambda path: check_digest("CheeseCorner", path.parent)),
    "certificates.json": ("trap", read_json),
}


@pytest.mark.parametrize("file", READERS)
def test_a_key_that_stands_twice_is_refused_by_its_name(file, tmp_path):
    key, read = READERS[file]
    text, head = json.dumps(_contents(file)), f"{json.dumps(key)}: "
    (tmp_path / file).write_text(text)
    if file != "CheeseCorner-v0.json":
        read(tmp_path / file)  # what is made up here is read as it is
    at = text.index(head)
    _, end = json.JSONDecoder().raw_decode(text, at + len(head))
    (tmp_path / file).write_text(f"{text[:end]}, {text[at:]}")  # the same value once more
    with pytest.raises((ValueError, AssertionError), match=f"'{key}' stands twice") as caught:
        read(tmp_path / file)
    assert file in str(caught.value)


def _contents(file):
    if file == "card.json":
        return plain()
    if file == "policy.json":
        texts = dict.fromkeys(("trap", "observation", "loader"), "x")
        return {"schema": 1, **texts, "weights": "weights.safetensors"}
    if file == "training.json":
        record = AgentRecord(trap="LavaLand-v0", name="ppo-s0", seed=0)
        return json.loads(record.encode())
    if file == "manifest.json":
        entry = json.loads(AgentRecord(trap="x", name="x", seed=0).encode())
        measures = {name: {} for name in ("test", "shift", "choice", "want", "purpose")}
        measures |= {"verdict": "x", "wants": [], "solved": None, "arrival": None}
        return {"schema": 3, "agents": [entry | measures | {"weights": "a/b"}]}
    if file == "agent.json":
        agent = {
            "kind": "weights",
            "trap": "LavaLand-v0",
            "seed": 0,
            "file": "a",
            "architecture": "x",
        }
        about = {"name": "mine", "description": "mine", "authors": ["me"], "alpha": 0.0}
        return {"schema": 1, **about, "agents": [agent]}
    if file == "CheeseCorner-v0.json":
        return json.loads((Path(__file__).parent / "golden" / file).read_bytes())
    return [{"trap": "LavaLand-v0"}]


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
