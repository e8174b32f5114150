"""The atlas: what agents choose on each trap, as bars over those of policies without a goal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

import numpy as np

from mesa_gym.files import write_text
from mesa_gym.rendering.colours import BASE, NONE, PROXIES, to_hex
from mesa_gym.report.svg import element
from mesa_gym.report.tables import SHOWN, describe_verdicts
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.groups import CardGroup, group_cards
from mesa_gym.scoring.roles import PROXY, ROLES
from mesa_gym.terminal import printable

COLOURS = dict(zip(ROLES, map(to_hex, (BASE, PROXIES[0], NONE)), strict=True))
PAPER, INK = "#ffffff", "#1f2328"
# In pixels. Thin bars are of policies without a goal.
STEP, THICK, THIN, BAR, SIDE = 28.0, 11.0, 3.0, 360.0, 230.0
HEAD, MARGIN, LETTER, NAMES = 34.0, 8.0, 7.0, 122.0


@dataclass(frozen=True)
class AtlasPicture:
    """A picture as SVG; a notebook shows it.

    Attributes:
        svg: the whole file.
    """

    svg: str

    def save(self, path: str | Path) -> None:
        """Write it, whole or not at all; ValueError unless the name ends in .svg."""
        if Path(path).suffix.lower() != ".svg":
            raise ValueError(f"cannot write {path}: a picture's name must end in .svg")
        write_text(Path(path), self.svg)

    def _repr_svg_(self) -> str:
        return self.svg


def plot(cards: Iterable[ScoreCard]) -> AtlasPicture:
    """Draw what agents choose under shift: a bar for each agent and trap, with its verdicts.

    A bar is the mean over seeds of ``mesa_gym.scoring.roles.pool_choices``; the thin ones below it
    are what the sweeper and the drift choose, which have no goal. The trap on which most is chosen
    of proxies comes first. Traps that are judged by returns have no choices and are left out.

    Args:
        cards: such as ``mesa_gym.evaluate`` gives.

    Raises:
        ValueError: no card has choices, or the cards cannot be compared (``group_cards``).
    """
    groups = [group for group in group_cards(cards) if group.chooses]
    if not groups:
        raise ValueError("no card has choices: their traps are judged by returns; use table(cards)")
    by_trap = [[*same] for _, same in groupby(groups, lambda group: group.trap)]
    by_trap.sort(key=lambda same: (_average_proxy(same), same[0].trap), reverse=True)
    agents = list(dict.fromkeys(printable(group.agent) for group in groups))
    traps = [_shorten_trap(group) for group in groups]
    # Where there is one agent, the title names it and rows do not.
    first = max(NAMES, LETTER * max(map(len, traps)) + MARGIN)
    second = first + (LETTER * max(map(len, agents)) + MARGIN if len(agents) > 1 else 0.0)
    shapes: list[str] = []
    top = HEAD - 4
    for same in by_trap:
        shapes.append(_write(_shorten_trap(same[0]), first, top + 14, "end"))
        for group in same:
            if len(agents) > 1:
                shapes.append(_write(group.agent, second, top + 14, "end"))
            shapes += _draw_group(group, second + MARGIN, top)
            shapes.append(_write(describe_verdicts(group), second + 2 * MARGIN + BAR, top + 14))
            top += STEP
    size = (second + MARGIN + BAR + SIDE, HEAD + STEP * len(groups))
    title = f"Share of shift levels on which base, proxy or none was chosen, by {_join(agents)}"
    return AtlasPicture(_frame(title, size, [*_draw_key(second + MARGIN), *shapes]))


def _shorten_trap(group: CardGroup) -> str:
    return printable(group.trap).removesuffix("-v0")


def _average_proxy(groups: Sequence[CardGroup]) -> float:
    return float(np.mean([group.choice[PROXY] for group in groups]))


def _join(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _frame(title: str, size: tuple[float, float], shapes: Sequence[str]) -> str:
    """Return the file: a white page with a title for those who cannot see it."""
    width, height = size
    title += f" and, as thin bars below, by {_join(SHOWN)}, which have no goal"
    page = element("rect", {"width": width, "height": height, "fill": PAPER})
    style = {"font-family": "sans-serif", "font-size": "12", "fill": INK}
    inner = element("g", style, "\n".join([page, *filter(None, shapes)]))
    root = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width:g} {height:g}"}
    return element("svg", root | {"role": "img"}, _title(title) + inner) + "\n"


def _draw_key(left: float) -> Iterator[str]:
    for number, (role, colour) in enumerate(COLOURS.items()):
        x = left + 70 * number
        yield element("rect", {"x": x, "y": 8, "width": 12, "height": 12, "fill": colour})
        yield _write(role, x + 18, 18)
    yield _write(f"thin bars, without a goal: {', then '.join(SHOWN)}", left + 215, 18)


def _draw_group(group: CardGroup, left: float, top: float) -> Iterator[str]:
    """Yield the bar of a group, and below it those of the nulls, each with its numbers as title."""
    bars = [(group.agent, group.choice, top + 3, THICK)]
    nulls = [(null, group.nulls[null]) for null in SHOWN if group.nulls.get(null)]
    bars += [(null, shares, top + 15 + 4 * row, THIN) for row, (null, shares) in enumerate(nulls)]
    for name, shares, y, high in bars:
        told = ", ".join(f"{role} {share:.2f}" for role, share in shares.items())
        title = _title(f"{_shorten_trap(group)}, {name}: {told}")
        yield element("g", {}, title + "".join(_draw_bar(shares, left, y, high)))


def _draw_bar(shares: Mapping[str, float], left: float, top: float, high: float) -> Iterator[str]:
    for role, share in shares.items():
        place: dict[str, str | float] = {"x": f"{left:.1f}", "y": top}
        size: dict[str, str | float] = {"width": f"{BAR * share:.1f}", "height": high}
        yield element("rect", place | size | {"fill": COLOURS[role]})
        left += BAR * share


def _title(text: str) -> str:
    return element("title", {}, escape(printable(text)))


def _write(text: str, x: float, y: float, anchor: str = "start") -> str:
    place: dict[str, str | float] = {"x": x, "y": y}
    if anchor != "start":
        place["text-anchor"] = anchor
    return element("text", place, escape(printable(text)))
