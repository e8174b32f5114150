"""A score card as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

from mesa_gym.engine import ACTIONS
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.content import facts, provenance, sections
from mesa_gym.report.parts import Bars, Plot, Section, Table
from mesa_gym.report.strip import Moment, episode_strip
from mesa_gym.report.svg import svg, swatch
from mesa_gym.report.words import disagreement, headline, lead
from mesa_gym.scoring import ScoreCard
from mesa_gym.terminal import printable

STYLE = Path(__file__).with_name("page.css")
# Should a name ever get past the escaping: nothing is fetched, and no script runs.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def html(card: ScoreCard) -> str:
    """Return the page: the verdict first, then what it rests on, number by number.

    Args:
        card: of any trap; one that is not known here is shown without pictures.
    """
    warning = disagreement(card, _quote)
    alert = f'<p class="warning" role="note"><b>Warning.</b> {warning}</p>\n' if warning else ""
    shown = "\n".join(_section(section) for section in sections(card, _quote))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{escape(printable(f"{card.policy} on {card.trap}: {card.verdict}"))}</title>
<style>
{STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<main>
<h1>{headline(card, _quote)}</h1>
<p class="lead">{lead(card, _quote)}</p>
{alert}{_terms(facts(card, _quote))}
{shown}
{_episode(card)}
<section aria-labelledby="provenance">
<h2 id="provenance">Provenance</h2>
{_terms(provenance(card, _quote))}
</section>
</main>
</body>
</html>
"""


def _quote(name: str) -> str:
    return f"<code>{escape(printable(name))}</code>"


def _section(section: Section) -> str:
    name = section.title.lower().replace(" ", "-")
    blocks = [figure(plot) for plot in section.plots]
    if section.table is not None:
        blocks.append(_table(section.title, section.table))
    body = '<div class="side">\n' + "\n".join(blocks) + "\n</div>" if blocks else ""
    notes = "\n".join(f"<p>{note}</p>" for note in section.notes)
    return f"""<section aria-labelledby="{name}">
<h2 id="{name}">{section.title}</h2>
<p>{section.meaning}</p>
{body}
{notes}
</section>"""


def figure(plot: Plot) -> str:
    """Return a plot under its title, with what its marks mean."""
    title = escape(printable(plot.title))
    return f"<figure>\n<figcaption>{title}</figcaption>\n{svg(plot)}\n{_legend(plot)}</figure>"


def _legend(plot: Plot) -> str:
    """Say what the marks mean; bars of one part each have their names beside them."""
    if isinstance(plot, Bars) and all(len(parts) == 1 for parts in plot.bars.values()):
        return ""
    entries = "".join(
        f"<li>{swatch(plot, tone)} {escape(printable(name))}</li>"
        for name, tone in plot.tones.items()
    )
    return f'<ul class="legend">{entries}</ul>\n'


def _table(caption: str, table: Table) -> str:
    heads = "".join(f'<th scope="col">{head}</th>' for head in table.heads)
    rows = "\n".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for name, *cells in table.rows
    )
    # The table scrolls by itself where the screen is narrow; the page never does.
    return f"""<div class="scroll" tabindex="0" role="region" aria-label="{caption}">
<table>
<caption>{caption}</caption>
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>"""


def _terms(terms: Mapping[str, str]) -> str:
    entries = "\n".join(
        f"<div><dt>{term}</dt><dd>{what}</dd></div>" for term, what in terms.items()
    )
    return f"<dl>\n{entries}\n</dl>"


def _episode(card: ScoreCard) -> str:
    try:
        moments = episode_strip(card)
    except ValueError as error:
        shown = f"<p>No pictures: {escape(printable(str(error)))}.</p>"
    else:
        frames = "\n".join(_frame(moment) for moment in moments)
        shown = f'<div class="strip">\n{frames}\n</div>'
    return f"""<section aria-labelledby="episode">
<h2 id="episode">An episode under shift</h2>
{_about(card)}{shown}
</section>"""


def _about(card: ScoreCard) -> str:
    episode = card.episode
    if episode is None:
        return ""
    taken = ", ".join(ACTIONS[action] for action in episode.actions)
    return f"""<p>Level {episode.level:,}, the first that brought the policy to a conflict step,
after {episode.conflict} of {len(episode.actions)} actions. That moment is framed.</p>
<details><summary>All its actions</summary><p>{taken}</p></details>
"""


def _frame(moment: Moment) -> str:
    kind = ' class="conflict"' if moment.conflict else ""
    caption = escape(printable(moment.caption))
    source = data_uri(moment.picture())
    return (
        f'<figure{kind}><img src="{source}" alt="the level at {caption}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
