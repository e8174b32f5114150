"""Pages from jinja2 templates, in which untrusted names are escaped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Any

from mesa_gym.errors import require_extra
from mesa_gym.terminal import printable

TEMPLATES = Path(__file__).with_name("templates")


def quote_html(value: object) -> str:
    """Return a value as text, escaped for HTML and with unprintable characters replaced."""
    return escape(printable(str(value)))


def load_jinja() -> ModuleType:
    """Import ``jinja2``; ImportError, with the extra's name, if it is absent."""
    with require_extra("report"):
        import jinja2
    return jinja2


def environment(folder: Path | Sequence[Path], quote: Callable[[object], str] = quote_html) -> Any:
    """Return a jinja2 environment that applies ``quote`` to all values except markup (`safe`).

    Raises:
        ImportError: jinja2 is not installed; the message names the extra.
    """
    jinja2 = load_jinja()
    from markupsafe import Markup

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        finalize=lambda value: value if hasattr(value, "__html__") else Markup(quote(value)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
