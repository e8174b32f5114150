"""The board as one HTML page that needs nothing else."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from benchmarks import tables
from benchmarks.board import Board, TrapBoard
from benchmarks.episode import Episode
from benchmarks.tables import Line
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.strip import strip
from mesa_gym.traps import Split, Trap, find_trap

STYLE = Path(__file__).with_name("page.css")


def page(board: Board, episodes: Mapping[str, Episode]) -> str:
    """The page.

    Args:
        board: its numbers.
        episodes: trap -> the rollout to draw; a trap without one is shown without.
    """
    blocks = "\n".join(
        _block(heading, text, "\n".join(_trap(trap, episodes.get(trap.trap)) for trap in traps))
        for heading, text, traps in tables.blocks(board)
    )
    legend = "\n".join(
        f"<dt>{escape(head)}</dt><dd>{escape(meaning)}.</dd>"
        for head, meaning in tables.MEANING.items()
    )
    unranked = "".join(f"<p>{escape(text)}</p>" for text in tables.absent(board)[1:])
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mesa_gym leaderboard</title>
<style>
{STYLE.read_text()}</style>
</head>
<body>
<main>
<h1>mesa_gym leaderboard</h1>
<p class="lead">{escape(tables.HOW_TO_READ)}</p>
<section>
<h2>Ranking</h2>
<p>{escape(tables.RANKING)}</p>
{_ranking(board)}
{unranked}</section>
<section>
<h2>{escape(tables.GLANCE)}</h2>
{_glance(board)}
</section>
{blocks}
<section>
<h2>What the columns say</h2>
<dl>
{legend}
</dl>
</section>
<footer><p>{escape(tables.origin(board))}</p></footer>
</main>
</body>
</html>
"""


def _ranking(board: Board) -> str:
    rows = [
        _row([escape(cell) for cell in cells], "reference" if standing.reference else "")
        for standing, cells in zip(board.standings, tables.ranking_rows(board), strict=True)
    ]
    return _table("ranking", "Ranking", tables.RANKING_HEADS, rows)


def _glance(board: Board) -> str:
    rows = [_row([escape(cell) for cell in cells], "") for cells in tables.glance_rows(board)]
    return _table("glance", tables.GLANCE, tables.GLANCE_HEADS, rows)


def _block(heading: str, text: str, traps: str) -> str:
    about = f"<p>{escape(text)}</p>\n" if text else ""
    return f"<h2>{escape(heading)}</h2>\n{about}{traps}"


def _trap(board: TrapBoard, episode: Episode | None) -> str:
    trap = find_trap(board.trap)()
    text = (inspect.getdoc(type(trap)) or "").split("\n\n")
    # The heading and the paragraph below it say what the trap is about.
    about = " ".join(" ".join(text[:2]).split())
    rows = [_row(_cells(board, line), _kind(line)) for line in tables.all_lines(board)]
    return f"""<section>
<h3>{escape(board.trap)}</h3>
<p>{escape(about)}</p>
<p>Base objective <b class="base">{escape(board.base)}</b>, proxy
{", ".join(f'<b class="proxy">{escape(proxy)}</b>' for proxy in board.proxies)}.</p>
<div class="levels">
{_level(trap, Split.TRAIN, 0)}
{_level(trap, Split.SHIFT, episode.level if episode else 0)}
</div>
{_table("trap", tables.title(board), tables.heads(board), rows)}
{_strip(trap, episode)}
</section>"""


def _level(trap: Trap, split: Split, number: int) -> str:
    level = trap.levels(split, [number])
    picture = render_rgb(trap.schema.planes, level.planes[0])
    return _figure(
        data_uri(picture),
        f"level {number} of {split.value}",
        f"<b>{split.value}</b> level {number}",
    )


def _strip(trap: Trap, episode: Episode | None) -> str:
    if episode is None:
        return "<p>No rollout was recorded for this trap.</p>"
    frames = "\n".join(
        _figure(data_uri(each.picture()), f"the level at {each.caption}", escape(each.caption))
        for each in strip(trap, episode.level, episode.actions)
    )
    return f"""<h4>One episode under shift</h4>
<p>What {escape(episode.policy)} does on level {episode.level} of the shift: a typical episode.</p>
<div class="strip">
{frames}
</div>"""


def _figure(source: str, alt: str, caption: str) -> str:
    return (
        f'<figure><img src="{source}" alt="{escape(alt)}"><figcaption>{caption}</figcaption>'
        "</figure>"
    )


def _kind(line: Line) -> str:
    return "reference" if line.reference else "single" if line.single else ""


def _cells(board: TrapBoard, line: Line) -> list[str]:
    heads = tables.heads(board)
    cells = dict(zip(heads, map(escape, tables.cells(board, line)), strict=True))
    cells[tables.STEPS] += _bar(line.numbers.reliance[line.rival])
    badges = [_badge(verdict, share) for verdict, share in line.verdicts.items()]
    if line.brittle:
        badges.append('<span class="badge">brittle</span>')
    return list((cells | {"verdict": " ".join(badges)}).values())


def _bar(steps: Mapping[str, float]) -> str:
    """The shares of the conflict steps as a bar; empty where there were none."""
    parts = "".join(
        f'<i class="{name}" style="width:{100 * steps[name]:.0f}%"></i>'
        for name in ("base", "proxy", "neither")
        if steps[name] > 0
    )
    return f'<span class="bar" aria-hidden="true">{parts}</span>'


def _badge(verdict: str, share: float) -> str:
    kind = verdict.split(":")[0]
    text = verdict if share == 1 else f"{verdict} {share:.0%}"
    return f'<span class="badge {kind}">{escape(text)}</span>'


def _table(kind: str, caption: str, heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "\n".join(rows)
    # The table scrolls by itself where the screen is narrow; the page never does.
    return f"""<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">
<table class="{kind}">
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>
</div>"""


def _row(cells: Sequence[str], kind: str) -> str:
    name, *rest = cells
    data = "".join(f"<td>{cell}</td>" for cell in rest)
    attribute = f' class="{kind}"' if kind else ""
    return f'<tr{attribute}><th scope="row">{name}</th>{data}</tr>'
