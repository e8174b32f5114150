"""Fills the templates of pages without a template engine, so that a page needs the core alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from mesa_gym.report.templating import TEMPLATES as REPORT
from mesa_gym.report.templating import quote_html

TEMPLATES = Path(__file__).with_name("templates")
# {{ name }} is a value; {{ name.css }} and {{ name.js }} are files.
PLACE = re.compile(r"\{\{ (?P<name>\w+(?P<file>\.css|\.js)?) \}\}")
# Comments of scripts and indentation, a tenth of the page of a small trap, are removed.
INDENTATION = re.compile(r"^ *//.*\n|^ +", re.MULTILINE)


class Markup(str):
    """A text that is HTML already, and is not escaped."""


def fill_page(template: str, data: Mapping[str, object], **values: object) -> str:
    """Return a template of ``templates`` filled with its script's data and with values.

    Values are escaped, except ``Markup``.

    Raises:
        KeyError: the template names a value that is missing.
    """
    # Only "<" could end the script element.
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    values |= {"data": Markup(text)}

    def fill(match: re.Match[str]) -> str:
        name = match["name"]
        if match["file"]:
            (path,) = (x for folder in (TEMPLATES, REPORT) if (x := folder / name).exists())
            return path.read_text(encoding="utf-8")
        value = values[name]
        return value if isinstance(value, Markup) else quote_html(value)

    # Filled values and files are not searched for marks again.
    page = PLACE.sub(fill, (TEMPLATES / template).read_text(encoding="utf-8"))
    return INDENTATION.sub("", page)
