"""Put the committed results into docs/results.md and README.md: ``python -m docs.results_page``.

The tables stand between two marks; the text around them is for people to write. The README shows
the atlas as a picture, docs/images/atlas.svg.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.leaderboard.atlas import Atlas, Row
from benchmarks.leaderboard.board import Board, read
from benchmarks.leaderboard.budgets import COMMITTED
from benchmarks.leaderboard.card_numbers import PARTS
from benchmarks.leaderboard.columns import figure, verdicts
from benchmarks.leaderboard.results import Results
from benchmarks.leaderboard.standings import Standing, Track
from benchmarks.markdown import pipes
from benchmarks.studies.findings import by_agent, tables
from mesa_gym.report.svg import element, safe

ROOT = Path(__file__).parents[1]
PAGE, README = ROOT / "docs" / "results.md", ROOT / "README.md"
BEGIN, END = "<!-- written by python -m docs.results_page -->", "<!-- until here -->"
PICTURE = ROOT / "docs" / "images" / "atlas.svg"
# The agent of the picture, and the row beside it that pursues nothing.
AGENT, AIMLESS = "ppo", "random"
COLOURS = dict(zip(PARTS, ("#0072b2", "#e69f00", "#c8c8c8"), strict=True))
LABEL, BAR, SAYS, ROW, TOP = 130, 360, 170, 24, 30  # pixels


def page(results: Results) -> str:
    """Return docs/results.md with the tables of these results."""
    return _filled(PAGE, tables(by_agent(results.cards())))


def readme(board: Board) -> str:
    """Return README.md with what methods get on the tracks."""
    return _filled(README, f"{methods(board.tracks)}\n\n{_looked_at(board.tracks)}")


def _looked_at(tracks: Sequence[Track]) -> str:
    """Return in a sentence what the values of ranked methods are means over."""
    ranked = [(track, each) for track in tracks for each in track.standings if each.place]
    traps = sorted({trap.removesuffix("-v0") for track in tracks for trap in track.traps})
    seeds = sorted({len(each.by_trap[trap]) for track, each in ranked for trap in track.traps})
    numbers = " to ".join(dict.fromkeys(map(str, (seeds[0], seeds[-1]))))
    return f"*Means over {', '.join(traps)}, with {numbers} seeds each.*"


def picture(atlas: Atlas) -> str:
    """Return an SVG of what an agent chose on each trap with a choice, over a random walk's bar."""
    pairs = []
    for trap in atlas.traps:
        rows = {row.policy: row for row in trap.rows}
        if trap.solvable and AGENT in rows:
            pairs.append((trap.trap.removesuffix("-v0"), rows[AGENT], rows[AIMLESS]))
    pairs.sort(key=lambda pair: (pair[1].mean.choice["proxy"], pair[0]), reverse=True)
    height, width = TOP + ROW * len(pairs), LABEL + BAR + SAYS
    shapes = [element("rect", {"width": width, "height": height, "fill": "white"})]
    for index, (part, colour) in enumerate(COLOURS.items()):
        x = LABEL + 90 * index
        shapes.append(_bar(x, 8, 12, 12, colour))
        shapes.append(_text(x + 18, 18, part))
    for index, (name, row, aimless) in enumerate(pairs):
        y = TOP + ROW * index
        shapes.append(_text(LABEL - 8, y + 14, name, "end"))
        shapes += _shares(row, y + 3, 11) + _shares(aimless, y + 15, 3)
        shapes.append(_text(LABEL + BAR + 8, y + 14, verdicts(row)))
    title = element("title", {}, "Share of shift levels on which base, proxy or neither was chosen")
    look: dict[str, str | float] = {"font-family": "sans-serif", "font-size": 12, "fill": "#1f2328"}
    given: dict[str, str | float] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {width} {height}",
    }
    return element("svg", given | {"role": "img"}, title + element("g", look, "\n".join(shapes)))


def _shares(row: Row, y: float, height: float) -> list[str]:
    left, shapes = float(LABEL), []
    for part, colour in COLOURS.items():
        wide = BAR * row.mean.choice[part]
        shapes.append(_bar(left, y, wide, height, colour))
        left += wide
    return shapes


def _bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    place: dict[str, str | float] = {
        "x": f"{x:.1f}",
        "y": y,
        "width": f"{width:.1f}",
        "height": height,
    }
    return element("rect", place | {"fill": colour})


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return element("text", {"x": x, "y": y, "text-anchor": anchor}, safe(text))


def methods(tracks: Sequence[Track]) -> str:
    """Return a table with a row for each method, its value on each track, the best first.

    Checks are left out: all of them get 0.
    """
    values = [
        {each.method: each for each in track.standings if each.kind != "check"} for track in tracks
    ]
    every = {name: each for of in values for name, each in of.items()}
    order = sorted(every, key=lambda name: (every[name].place is None, -_most(values, name)))
    heads = ["method", *(f"{track.name} ({track.measure})" for track in tracks)]
    table = [
        [
            name if every[name].place else f"{name} ({every[name].kind})",
            *(figure(of[name].value) if name in of else "" for of in values),
        ]
        for name in order
    ]
    return pipes(heads, table)


def _most(values: Sequence[Mapping[str, Standing]], name: str) -> float:
    return max(of[name].value for of in values if name in of)


def _filled(path: Path, text: str) -> str:
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


if __name__ == "__main__":
    committed = Results(ROOT / COMMITTED)
    PAGE.write_text(page(committed))
    board = read(committed)
    README.write_text(readme(board))
    PICTURE.write_text(picture(board.atlas))
