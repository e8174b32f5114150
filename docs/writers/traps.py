"""The list of traps and its pictures.

docs/traps.md is text that a repository browser shows. Each row has a picture of a training level
and of a shift level, both objectives, the change under shift, the verdicts of committed PPO
agents, and the paper. Figures come from the committed cards and from docs/certificates.json.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from benchmarks.markdown import lay_out_table, plain
from docs.writers.pictures import IMAGES, draw_pair
from mesa_gym.files import read_bytes, write_text
from mesa_gym.json_data import decode_json
from mesa_gym.links import find_file
from mesa_gym.policies import as_policy
from mesa_gym.report import group_cards, read_committed
from mesa_gym.report.board_columns import LEARNER
from mesa_gym.report.seed_group import SeedGroup
from mesa_gym.report.statements import write_verdicts
from mesa_gym.report.templating import environment
from mesa_gym.scoring.least_sight import LeastSight
from mesa_gym.scoring.record import rollout
from mesa_gym.solver.certificate import EqualPay
from mesa_gym.traps import Split, Trap, package_traps, sources
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
PAID_ALIKE, SIGHT = "paid alike", "least sight"
HEADS = (TRAP, PAYS, SHIFTED, RESULT, PAID_ALIKE, SIGHT, CHANGED)
# Traps that show goal misgeneralization -> what each shows best, and its caveat. A new trap is one
# line.
DEMONSTRATIONS = {
    "CheeseCorner": "The easiest to explain. No blind script and no reflex gets to the corner as"
    " soon, but a corner cannot be removed, so the evidence is speed, and an [explorer]"
    "(studies/habit/README.md#attack) that sees 5x5 cells and keeps a map has it too",
    "CoinRun": "The classic of Langosco et al. (2022). A [habit that sees two cells]"
    "(studies/habit/README.md#a-third-habit) does as well as PPO",
    "FollowMe": "Scripts that want nothing hardly ever follow the leader. A policy that steps onto"
    " the leader when it is beside it, and sees nothing else, does what PPO does",
    "LavaLand": "Its levels were never changed. But training has no lava at all, so no reward could"
    " teach to avoid it",
}
ON_BOARD = ("learnable", "controls")  # parts of the page whose traps are for the leaderboard
CERTIFICATES = DOCS / "certificates.json"
EVERY_POLICY, OPTIMAL_PLAY, NO_SEARCH = "every policy", "optimal play", "not searched"
# Those whose totals are compared where only optimal play is paid alike, on training levels.
COMPARED, COMPARED_LEVELS = ("random", "sweeper", "ppo:0"), 250
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


def read_certificates() -> dict[str, dict[str, Any]]:
    """Return the committed certificates by trap, as ``mesa-gym certify --json`` wrote them."""
    certificates = decode_json(read_bytes(CERTIFICATES), list[dict[str, Any]])
    return {str(certificate["trap"]): certificate for certificate in certificates}


def describe_certificate(cls: type[Trap]) -> dict[str, str]:
    """Return the cells of a certified trap of the leaderboard.

    They say who is paid alike by all objectives in training, and the least sight that was found to
    earn a goal's word.
    """
    certificate = read_certificates().get(cls.name())
    if certificate is None or not cls.judging.counts_for_board:
        return {}
    pays = msgspec.convert(certificate["equal_pay"], list[EqualPay])
    everyone = all(pay.always for pay in pays)
    sight = msgspec.convert(certificate["least_sight"], LeastSight | None)
    cell = f"{sight} ({sight.cpu_seconds} s)" if sight else NO_SEARCH
    return {PAID_ALIKE: EVERY_POLICY if everyone else OPTIMAL_PLAY, SIGHT: cell}


def list_unequal() -> list[type[Trap]]:
    """Return the traps of the leaderboard on which only optimal play is paid alike."""
    traps = [cls for part in ON_BOARD for cls in group_traps()[part]]
    return [cls for cls in traps if describe_certificate(cls).get(PAID_ALIKE) == OPTIMAL_PLAY]


def share_unequal(trap: Trap, policy: str) -> float:
    """Return the share of a policy's training episodes in which objectives pay different totals."""
    horizon = trap.horizon(Split.TRAIN)
    starts = trap.levels(Split.TRAIN, np.arange(COMPARED_LEVELS))
    record = rollout(as_policy(policy, trap, horizon), trap, starts, horizon, play=Split.TRAIN)
    base, *proxies = (payments.sum(axis=0) for payments in record.paid.values())
    return float(np.mean(np.any([~np.isclose(total, base) for total in proxies], axis=0)))


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
        **describe_certificate(cls),
        CHANGED: YES if cls.changed_after_shift else "–",
    }


def tabulate_traps(traps: Sequence[type[Trap]], groups: Mapping[str, SeedGroup]) -> str:
    """Return a table in Markdown with a row for each trap; columns without a cell are left out."""
    rows = [describe_trap(cls, groups.get(cls.name())) for cls in traps]
    heads = [head for head in HEADS if any(head in row for row in rows)]
    if not any(cls.changed_after_shift for cls in traps):
        heads.remove(CHANGED)
    return lay_out_table(heads, [[row.get(head, "–") for head in heads] for row in rows])


def tabulate_demonstrations(groups: Mapping[str, SeedGroup]) -> str:
    """Return a table in Markdown: where PPO pursues the proxy, beside the best script there."""
    rows = []
    for name, about in DEMONSTRATIONS.items():
        group = groups[f"{name}-v0"]
        script, share = group.find_best_script(PROXY)
        changed = package_traps()[group.trap].changed_after_shift
        cells = [f"{group.choice[PROXY]:.2f}", f"{share:.2f} ({script.replace('_', ' ')})"]
        rows.append([name, *cells, YES if changed else "no", about])
    heads = [TRAP, "PPO at the proxy", "best script", CHANGED, "what it shows, and its caveat"]
    return lay_out_table(heads, rows)


def write_page() -> str:
    """Return the text of the page."""
    groups = {group.trap: group for group in group_cards(read_committed(LEARNER))}
    parts = group_traps()
    tables = {part: tabulate_traps(traps, groups) for part, traps in parts.items()}
    counts = {part: len(traps) for part, traps in parts.items()}
    scored = {part: sum(cls.name() in groups for cls in parts[part]) for part in ON_BOARD}
    board, listed = sum(scored.values()), sum(counts[part] for part in ON_BOARD)
    unequal = list_unequal()
    shares = [
        [cls.__name__, *(f"{share_unequal(cls(), name):.2f}" for name in COMPARED)]
        for cls in unequal
    ]
    return TEMPLATES.get_template("list_of_traps.md.jinja").render(
        tables=tables,
        counts=counts,
        scored=scored,
        board=board,
        unscored=listed - board,
        listed=listed,
        equal=listed - len(unequal),
        totals=lay_out_table([TRAP, *COMPARED], shares),
        compared_levels=COMPARED_LEVELS,
        demonstrations=tabulate_demonstrations(groups),
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
