"""A score card as one HTML page that needs nothing else, and as Markdown, both from templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from mesa_gym.engine import ACTIONS
from mesa_gym.engine.maps import to_map
from mesa_gym.errors import missing_extra
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.content import list_sections
from mesa_gym.report.strip import Moment, episode_strip
from mesa_gym.report.svg import safe
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.card_text import number, say_sentences
from mesa_gym.scoring.verdict import FEW as FEW_LEVELS
from mesa_gym.terminal import printable

TEMPLATES = Path(__file__).with_name("templates")
STYLE = TEMPLATES / "card.css"
# What could be markup in a line of Markdown; and what can stand between backticks, in a table too.
MARKUP = re.compile(r"[^\w ,;()/.-]|_|(?<!\d)\.")
SIMPLE = re.compile(r"[\w./:+=(),-]([\w./:+=(), -]*[\w./:+=(),-])?", re.ASCII)


def load_jinja2() -> ModuleType:
    """Import jinja2.

    Raises:
        ImportError: it is not installed; the message names the extra.
    """
    try:
        import jinja2
    except ImportError:
        raise missing_extra("jinja2", "report") from None
    return jinja2


def html(card: ScoreCard) -> str:
    """Return the page: the verdict first, then what it rests on, number by number.

    Args:
        card: of any trap; one of a trap that is not known here is shown without pictures.

    Raises:
        ImportError: jinja2 is not installed; the message names the extra.
    """
    return _render(card, "card.html", safe, safe, lambda moment: data_uri(moment.picture()))


def markdown(card: ScoreCard) -> str:
    """Return the card as a Markdown file (GitHub's), the verdict first; ``html`` says the rest."""
    return _render(card, "card.md", quote_markdown, _escape, _map)


def _map(moment: Moment) -> str:
    """Return a block of code that nothing inside it can end."""
    rows = to_map(moment.trap, moment.state).splitlines()
    return "\n".join(f"    {printable(row)}" for row in rows)


def _escape(text: str) -> str:
    """Return text for Markdown; what could be markup is written as numbers of characters."""
    return MARKUP.sub(lambda found: f"&#{ord(found[0])};", printable(text))


def quote_markdown(text: str) -> str:
    """Return a name for Markdown: as code where it could be markup and code can hold it."""
    escaped = _escape(text)
    return f"`{text}`" if escaped != text and SIMPLE.fullmatch(text) else escaped


def environment(folder: Path | Sequence[Path], quote: Callable[[Any], str]) -> Any:
    """Return jinja2 with folders' templates; all values except markup (`safe`) pass ``quote``.

    Raises:
        ImportError: jinja2 is not installed; the message names the extra.
    """
    jinja2 = load_jinja2()
    from markupsafe import Markup

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        finalize=lambda value: value if hasattr(value, "__html__") else Markup(quote(value)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(
    card: ScoreCard,
    template: str,
    quote: Callable[[str], str],
    say: Callable[[str], str],
    shown: Callable[[Moment], str],
) -> str:
    """Return a template filled in, with names quoted, sentences said and moments shown."""

    def write(value: Any) -> str:
        return quote(number(value) if isinstance(value, float | None) else str(value))

    templates = environment(TEMPLATES, write)
    from markupsafe import Markup

    try:
        moments, reason = episode_strip(card), ""
    except ValueError as error:
        moments, reason = [], str(error)
    measures = dict.fromkeys(row.measure for row in card.rows() if row.value is not None)
    page: str = templates.get_template(template).render(
        card=card,
        sentences=[Markup(each) for each in say_sentences(card, quote)],
        few=FEW_LEVELS,
        sections=list_sections(card),
        measures=[(each, Markup(say(each.meaning))) for each in measures],
        moments=[(Markup(shown(moment)), moment.caption) for moment in moments],
        reason=reason,
        action_names=ACTIONS,
    )
    return page
