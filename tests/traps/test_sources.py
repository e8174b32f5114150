"""Every trap cites the paper that it comes from: authors, year, title and venue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mesa_gym.traps import package_traps

BIB = Path(__file__).parents[2] / "docs" / "paper" / "paper.bib"
ENTRY = re.compile(r"^@\w+\{\w+,\n(.*?)^\}", flags=re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^  (\w+) = \{(.*)\},?$", flags=re.MULTILINE)


def full(entry):
    """Return an entry of the bibliography, which was written apart from the traps, in one line."""
    names = [name.partition(", ") for name in entry["author"].split(" and ")]
    *first, last = (f"{given} {surname}" for surname, _, given in names)
    where = ", ".join([*filter(None, [entry.get("booktitle")]), f"arXiv:{entry['eprint']}"])
    title = re.sub("[{}]", "", entry["title"])
    return f"{', '.join(first)} and {last} ({entry['year']}), {title}, {where}"


@pytest.mark.parametrize("cls", package_traps().values(), ids=lambda cls: cls.__name__)
def test_a_trap_cites_one_paper_in_full_and_a_part_of_it(cls):
    entries = [dict(FIELD.findall(body)) for body in ENTRY.findall(BIB.read_text())]
    # Software and data that the paper cites have no number at arXiv.
    papers = [full(entry) for entry in entries if "eprint" in entry]
    (paper,) = (each for each in papers if cls.source.startswith(f"{each}: "))
    assert len(cls.source) > len(f"{paper}: ")
