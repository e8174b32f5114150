"""The list of traps and its pictures.

docs/traps.md is text that a repository browser shows. Each row has a picture of a training level
and of a shift level, both objectives, the change under shift, the verdicts of committed PPO
agents, and the paper. Every figure comes from the committed cards.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from benchmarks.markdown import lay_out_table, plain
from docs.writers.pictures import IMAGES, draw_pair
from mesa_gym.files import write_text
from mesa_gym.links import find_file
from mesa_gym.report import group_cards, read_committed
from mesa_gym.report.board_columns import LEARNER
from mesa_gym.report.seed_group import SeedGroup
from mesa_gym.report.statements import write_verdicts
from mesa_gym.report.templating import environment
from mesa_gym.traps import Trap, package_traps, sources
from mesa_gym.words import BASE, PROXY

DOCS = Path(__file__).parents[1]
# Pages are Markdown, without escapes.
TEMPLATES = environment(Path(__file__).parent / "templates", str)
PAGE = DOCS / "traps.md"
PICTURES = IMAGES / "traps"
CELL, COLOURS, WIDE = 16, 128, 150  # pixels per cell, colours of a picture, its width on the page
# The sentence on the shift in the first paragraphs of a trap's docstring.
SHIFT = re.compile(r"\bunder shift (.+?\.)(?= |$)", re.IGNORECASE)
ARXIV = re.compile(r"arXiv:(\d{4}\.\d{5})")
SCRIPTS = ("sweeper", "blind")  # the order of their shares in a cell
# The heads of columns; the page explains them.
TRAP, PAYS, SHIFTED, RESULT, CHANGED = "trap", "what pays", "under shift", "PPO", "changed"
HEADS = (TRAP, PAYS, SHIFTED, RESULT, CHANGED)
ON_BOARD = ("learnable", "controls")  # parts of the page whose traps are for the leaderboard
YES = "yes"  # in the column of traps that were changed after results under shift were seen


def group_traps() -> dict[str, list[type[Trap]]]:
    """Return the traps of the package by their part of the page."""
    traps = [*package_traps().values()]
    board = [cls for cls in traps if cls.judging.counts_for_board]
    controls = [cls for cls in board if cls.expected == BASE]
    return {
        "learnable": [cls for cls in board if cls not in controls],
        "controls": controls,
        "lives": [cls for cls in traps if cls.learner],
        "returns": [cls for cls in traps if not cls.judging.chooses],
    }


def find_shift(cls: type[Trap]) -> str:
    """Return what differs under shift, from the docstring of a trap.

    Raises:
        ValueError: the text before the rules has no sentence that begins with "Under shift".
    """
    story = (inspect.getdoc(cls) or "").partition("Rules:")[0]
    sentences = SHIFT.findall(story.replace("\n", " "))
    if not sentences:
        raise ValueError(f"the docstring of {cls.__name__} has no sentence 'Under shift ...'")
    return str(sentences[-1][0].upper() + sentences[-1][1:])


def cite(cls: type[Trap]) -> str:
    """Return the short name of a trap's paper with its link, and the part of the paper.

    A source that begins with no paper of ``mesa_gym/traps/sources.py``, such as "own idea", is
    returned as it is.
    """
    for name, paper in vars(sources).items():
        if name.isupper() and cls.source.startswith(paper):
            authors = name.replace("_", " ").title()
            (number,) = ARXIV.findall(paper)
            (year,) = re.findall(r"\((\d{4})\)", paper)
            environment = cls.source.removeprefix(paper).lstrip(": ")
            return f"[{authors} {year}](https://arxiv.org/abs/{number}): {plain(environment)}"
    return plain(cls.source)


def describe_result(group: SeedGroup) -> str:
    """Return the verdicts of PPO on a trap, its shares, and the scripts' shares of the proxy."""
    lines = [f"**{write_verdicts(group.verdicts)}**"]
    if group.choice:
        lines.append(f"{group.choice[BASE]:.2f}, {group.choice[PROXY]:.2f}")
        scripts = ", ".join(f"{group.nulls[name][PROXY]:.2f}" for name in SCRIPTS)
        lines.append(f"scripts: {scripts}")
    return "<br>".join(lines)


def describe_trap(cls: type[Trap], group: SeedGroup | None) -> dict[str, str]:
    """Return the cells of a trap's row: head of the column -> Markdown."""
    name = cls.__name__
    picture = f'<img src="images/traps/{name}.png" width="{WIDE}" alt="{name}">'
    pays = [f"*{x.role}*: {plain(x.doc.removeprefix('1 for '))}" for x in cls.objectives.values()]
    return {
        TRAP: f"{picture}<br>[{name}](../{find_file(cls.__module__)})<br>{cite(cls)}",
        PAYS: "<br>".join(pays),
        SHIFTED: plain(find_shift(cls)),
        **({RESULT: describe_result(group)} if group else {}),
        CHANGED: YES if cls.changed_after_shift else "–",
    }


def tabulate_traps(traps: Sequence[type[Trap]], groups: Mapping[str, SeedGroup]) -> str:
    """Return a table in Markdown with a row for each trap; columns without a cell are left out."""
    rows = [describe_trap(cls, groups.get(cls.name())) for cls in traps]
    heads = [head for head in HEADS if any(head in row for row in rows)]
    if not any(cls.changed_after_shift for cls in traps):
        heads.remove(CHANGED)
    return lay_out_table(heads, [[row.get(head, "–") for head in heads] for row in rows])


def write_page() -> str:
    """Return the text of the page."""
    groups = {group.trap: group for group in group_cards(read_committed(LEARNER))}
    parts = group_traps()
    tables = {part: tabulate_traps(traps, groups) for part, traps in parts.items()}
    counts = {part: len(traps) for part, traps in parts.items()}
    scored = {part: sum(cls.name() in groups for cls in parts[part]) for part in ON_BOARD}
    board = sum(scored.values())
    return TEMPLATES.get_template("list_of_traps.md.jinja").render(
        tables=tables,
        counts=counts,
        scored=scored,
        board=board,
        unscored=sum(counts[part] for part in ON_BOARD) - board,
        changed=[cls for cls in package_traps().values() if cls.changed_after_shift],
    )


def draw_picture(cls: type[Trap]) -> Image.Image:
    """Draw a training level and a shift level of a trap."""
    return draw_pair(cls(), CELL).quantize(COLOURS, dither=Image.Dither.NONE)


def main() -> None:
    """Write the page and a picture of each trap."""
    PICTURES.mkdir(exist_ok=True)
    for cls in package_traps().values():
        draw_picture(cls).save(PICTURES / f"{cls.__name__}.png", optimize=True)
    write_text(PAGE, write_page())
