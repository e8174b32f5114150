"""How to cite the software and its leaderboard: BibTeX, and the end of CITATION.cff."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import mesa_gym
from mesa_gym.files import write_text
from mesa_gym.links import REPOSITORY
from mesa_gym.report.committed import name_source

FILE = Path(__file__).parents[2] / "CITATION.cff"
MARK = "# The lines below are written by make pages.\n"
TITLE = "mesa_gym: gridworld traps that show which objective a trained agent pursues"
AUTHOR = "the mesa_gym developers"


def write_bibtex() -> str:
    """Return an entry in BibTeX, as a block of Markdown."""
    _, year, cards = name_source().split(", ")
    return dedent(
        f"""\
        ```bibtex
        @software{{mesa_gym,
          title = {{{TITLE}}},
          author = {{{{{AUTHOR}}}}}, year = {{{year}}}, version = {{{mesa_gym.__version__}}},
          note = {{Leaderboard: {cards}}}, url = {{{REPOSITORY}}}
        }}
        ```"""
    )


def write_citation() -> str:
    """Return the text of CITATION.cff, with the year and the leaderboard's digest."""
    _, year, cards = name_source().split(", ")
    before = FILE.read_text().partition(MARK)[0]
    return (
        before
        + MARK
        + dedent(
            f"""\
        preferred-citation:
          type: software
          title: "{TITLE}"
          authors:
            - name: {AUTHOR}
          version: {mesa_gym.__version__}
          year: {year}
          notes: "Leaderboard: {cards}"
          url: {REPOSITORY}
        """
        )
    )


def main() -> None:
    """Write CITATION.cff."""
    write_text(FILE, write_citation())
