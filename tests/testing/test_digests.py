"""Digests: recorded once, never overwritten, the same everywhere."""

import json

import numpy as np
import pytest
from parameters import FINISHED
from small_traps import Healthy

from mesa_gym.testing import ConformanceError, check_digest, digest, record_digest
from mesa_gym.testing.__main__ import main
from mesa_gym.testing.digests import _hash_arrays as hashed
from mesa_gym.traps import Share, Whole, base, package_traps


def cheese(self, move):
    """1 for entering the cheese."""
    return move.into("cheese")


@pytest.mark.parametrize("name", FINISHED)
def test_a_finished_trap_can_take_a_new_option(name):
    """Its levels, cards and agents would be lost otherwise."""
    trap = package_traps()[name]
    options = {**trap.options, "new": Share(0.5), "newer": Whole(1, 1, 3)}
    salience = {**trap.salience, "wall_planes": ("wall",)}
    other = type(trap.__name__, (trap,), {"options": options, "salience": salience})
    assert set(other().parameters) > set(trap().parameters)
    check_digest(other)
    check_digest(other(new=1.0, newer=3, wall_planes=2))


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"ends": lambda self, move: move.into("corner")}, ["rollout"]),
        ({"cheese": base(discount=0.9)(cheese)}, ["rollout"]),
        ({"horizon": lambda self, split: 63}, ["rollout"]),
        ({"shown_as": {}}, ["levels", "rollout"]),
    ],
)
def test_a_changed_trap_needs_a_new_version(change, changed, tmp_path):
    record_digest(Healthy, tmp_path)
    before = (tmp_path / "Healthy-v0.json").read_bytes()
    other = type("Healthy", (Healthy,), change)
    with pytest.raises(ConformanceError, match=r"'digest'.*make a new version") as caught:
        record_digest(other, tmp_path)
    assert all(f"shift {what}" in caught.value.what for what in changed)
    assert ("shift levels" in caught.value.what) == ("levels" in changed)
    assert (tmp_path / "Healthy-v0.json").read_bytes() == before


def test_the_command_never_overwrites_a_digest(tmp_path, capsys):
    with pytest.raises(ConformanceError, match=r"CheeseCorner-v0\.json is missing; `make digests`"):
        check_digest("CheeseCorner", tmp_path)
    command = ["digests", "CheeseCorner", "--folder", str(tmp_path)]
    assert main(command) == 0
    assert main(command) == 0
    check_digest("CheeseCorner", tmp_path)
    assert capsys.readouterr().out.count("CheeseCorner-v0(size=9x9): unchanged") == 1
    path = tmp_path / "CheeseCorner-v0.json"
    kept = json.loads(path.read_text())
    kept["digests"]["test levels"] = "0" * 32
    path.write_text(json.dumps(kept))
    assert main(command) == 1
    assert json.loads(path.read_text()) == kept
    error = capsys.readouterr().err
    assert "test levels changed" in error
    assert "`version = 1`" in error
    path.write_text("{")
    assert main(command) == 1
    assert "is damaged" in capsys.readouterr().err
    assert path.read_text() == "{"


def test_digests_are_those_of_little_endian_bytes():
    values = np.array([1, 2, 3 << 40])
    big, little = (hashed([values.astype(order + "i8")]) for order in "><")
    assert big == little == hashed([values])
    assert hashed([values[:2], values[2:]]) != hashed([values])


def test_what_no_one_sees_from_outside_is_in_no_digest():
    other = type("Healthy", (Healthy,), {"things": {"corner": 1, "cheese": 3}})
    assert digest(other) == digest(Healthy)
