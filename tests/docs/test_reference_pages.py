"""The reference says what every field of a score card is, and what every command takes."""

from __future__ import annotations

import re

from docs.reference_pages import commands, schema
from mesa_gym.cli import COMMANDS
from mesa_gym.scoring import ScoreCard


def test_every_field_of_a_card_has_a_type_and_a_meaning() -> None:
    page = schema()
    rows = dict(re.findall(r"^\| `(\w+)` +\| (.+) \|$", page, flags=re.MULTILINE))
    for name, described in ScoreCard.json_schema()["$defs"].items():
        assert f"## {name}\n" in page
        for field in described["properties"]:
            kind, meaning = map(str.strip, rows[field].split(" | "))
            assert kind
            assert meaning or name == "Splits", field
    assert rows["confidence"].startswith("number, 0 to 1 ")
    assert rows["schema"].startswith("always 3 ")


def test_every_command_is_there() -> None:
    page = commands()
    for name in COMMANDS:
        assert f"## mesa-gym {name}\n" in page
