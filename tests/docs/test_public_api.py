"""The public API changes only with its listing, and the reference shows all of it."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from docs.public_api import LISTING, MODULES, write_listing

pytest.importorskip("stable_baselines3")


ROOT = Path(__file__).parents[2]


def test_public_listing_is_up_to_date():
    assert LISTING.read_text() == write_listing(), "run `make api`"


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


def test_public_names_are_at_most_170():
    """Members of classes apart, and what `mesa_gym` hands on counts again."""
    assert len(PUBLIC) <= 170
