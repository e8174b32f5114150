"""A score card as one HTML page that needs nothing else; names for HTML and for Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Any

from mesa_gym.engine import ACTIONS
from mesa_gym.errors import missing_extra
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.strip import episode_strip
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.card_text import number, say_sentences
from mesa_gym.scoring.verdict import FEW as FEW_LEVELS
from mesa_gym.terminal import printable

TEMPLATES = Path(__file__).with_name("templates")
STYLE = TEMPLATES / "card.css"
# Classes of the style sheet: of base and the proxies, and of all else.
TONES, REST = ("base", "proxy-a", "proxy-b", "proxy-c"), "rest"
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
    """Return the page: the verdict first, then the numbers behind it.

    Args:
        card: of any trap; one of a trap that is not known here is shown without pictures.

    Raises:
        ImportError: jinja2 is not installed; the message names the extra.
    """

    def write(value: Any) -> str:
        return safe(number(value) if isinstance(value, float | None) else str(value))

    templates = environment(TEMPLATES, write)
    from markupsafe import Markup

    try:
        moments, reason = episode_strip(card), ""
    except ValueError as error:
        moments, reason = [], str(error)
    page: str = templates.get_template("card.html").render(
        card=card,
        sentences=[Markup(each) for each in say_sentences(card, safe)],
        few=FEW_LEVELS,
        splits=list_splits(card),
        measures=dict.fromkeys(row.measure for row in card.rows() if row.value is not None),
        moments=[(data_uri(moment.picture()), moment.caption) for moment in moments],
        reason=reason,
        action_names=ACTIONS,
    )
    return page


def list_splits(card: ScoreCard) -> Iterator[tuple[str, list[str], list[tuple[str, list[Any]]]]]:
    """Yield the splits, the shift first: name, heads of columns, and rows of cells.

    Before each row stands the class of its bar, which shares have beside those of nulls, else "".
    """
    tones = dict(zip(card.objectives, TONES, strict=False))
    for split in reversed(card.splits):
        own = [row for row in card.rows() if row.split == split and row.value is not None]
        nulls = [*own[0].nulls]
        rows = [
            (
                tones.get(row.key, REST) if nulls and row.measure.unit.high == 1 else "",
                [
                    row.measure.name.replace("_", " "),
                    row.key,
                    row.value,
                    *map(row.nulls.get, nulls),
                ],
            )
            for row in own
        ]
        yield split, ["measure", "of", "policy", *nulls], rows


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


def safe(text: str) -> str:
    """Return text as markup, a replacement character for each unprintable one."""
    return escape(printable(text))


def quote_markdown(text: str) -> str:
    """Return a name for Markdown, as code where it could be markup."""
    escaped = MARKUP.sub(lambda found: f"&#{ord(found[0])};", printable(text))
    return f"`{text}`" if escaped != text and SIMPLE.fullmatch(text) else escaped
