"""Every trap cites the paper that it comes from: authors, year, title and venue."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from mesa_gym.traps import package_traps
from mesa_gym.traps.sources import Paper

BIB = Path(__file__).parents[2] / "docs" / "paper" / "paper.bib"
ENTRY = re.compile(r"^@\w+\{\w+,\n(.*?)^\}", flags=re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^  (\w+) = \{(.*)\},?$", flags=re.MULTILINE)
# The papers that each trap's file names.
PAPERS = {
    cls: [each for each in vars(sys.modules[cls.__module__]).values() if isinstance(each, Paper)]
    for cls in package_traps().values()
}


def bibliography() -> dict[str, dict[str, str]]:
    """The fields of each entry of the bibliography, by title."""
    entries = [dict(FIELD.findall(body)) for body in ENTRY.findall(BIB.read_text())]
    return {re.sub("[{}]", "", each["title"]): each for each in entries}


@pytest.mark.parametrize("cls", PAPERS, ids=lambda cls: cls.__name__)
def test_a_trap_cites_one_paper_in_full_and_a_part_of_it(cls) -> None:
    (paper,) = PAPERS[cls]
    whole = f"{paper.authors} ({paper.year}), {paper.title}, {paper.venue}: "
    assert cls.source.startswith(whole)
    assert len(cls.source) > len(whole)


@pytest.mark.parametrize("cls", PAPERS, ids=lambda cls: cls.__name__)
def test_its_paper_is_that_of_the_bibliography(cls) -> None:
    """The bibliography was written apart from the traps: nothing is lacking, nothing differs."""
    (paper,) = PAPERS[cls]
    entry = bibliography()[paper.title]
    names = [name.partition(", ") for name in entry["author"].split(" and ")]
    *first, last = (f"{given} {surname}" for surname, _, given in names)
    assert first
    assert paper.authors == f"{', '.join(first)} and {last}"
    assert paper.year == int(entry["year"])
    where = [entry["booktitle"]] if "booktitle" in entry else []
    assert paper.venue == ", ".join([*where, f"arXiv:{entry['eprint']}"])
