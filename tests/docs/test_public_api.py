"""The public API changes only with its listing, and the reference shows all of it."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from docs.public_api import MODULES, find_changes, list_public, read_listing

pytest.importorskip("stable_baselines3")


ROOT = Path(__file__).parents[2]


def test_public_listing_is_up_to_date():
    assert find_changes(read_listing(), list_public()) == [], "run `make api`"


def test_public_listing_names_options_of_commands():
    old = {"mesa-gym score": "[--json FILE]", "mesa-gym score --json": "option"}
    new = {"mesa-gym score": "", "mesa-gym list": "[trap]"}
    assert find_changes(old, new) == ["mesa-gym list", "mesa-gym score --json"]
    assert {"mesa-gym score --json", "mesa-gym score --policy"} <= list_public().keys()


REFERENCE = ROOT / "docs" / "reference"
PUBLIC = [
    (f"{m}.{name}", getattr(import_module(m), name))
    for m in MODULES
    for name in import_module(m).__all__
]


def test_reference_shows_every_public_name():
    text = "".join(page.read_text() for page in REFERENCE.glob("*.md"))
    shown = re.findall(r"^\.\. (?:auto|py:)\w+:: (\S+)", text, flags=re.MULTILINE)
    # What a module hands on is shown where it comes from.
    last = {name.rpartition(".")[2] for name in shown}
    whole = {module for module in MODULES if module in shown}
    lacking = [
        name
        for name, _ in PUBLIC
        if name.rpartition(".")[0] not in whole and name.rpartition(".")[2] not in last
    ]
    assert not lacking
