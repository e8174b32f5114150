"""Links that work in a repository browser, made to work on the built pages as well."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
# Files outside docs/ that are pages here; all others are offered for download.
PAGES = {
    ROOT / "README.md": DOCS / "index.md",
    ROOT / "CONTRIBUTING.md": DOCS / "contributing.md",
    ROOT / "CHANGELOG.md": DOCS / "changelog.md",
    ROOT / "agents" / "README.md": DOCS / "agents.md",
    ROOT / "benchmarks" / "results" / "board" / "board.md": DOCS / "board.md",
}
TARGET = re.compile(r"\]\(([^)\s#:]+)")


def setup(app: Any) -> None:
    """Connect the changes to Sphinx."""
    app.connect("source-read", read)
    app.connect("include-read", include)


def read(app: Any, docname: str, content: list[str]) -> None:
    """Change the links of a page."""
    page = Path(app.env.doc2path(docname))
    content[0] = relinked(content[0], page.parent, page)


def include(app: Any, path: Path, parent: str, content: list[str]) -> None:
    """Change the links of a file that a page of docs/ includes, as if they stood on that page."""
    included = Path(app.srcdir, path).resolve()
    content[0] = relinked(content[0], included.parent, DOCS / parent)


def relinked(text: str, folder: Path, page: Path) -> str:
    """Return a text whose links lead from a page to where they led from a folder."""

    def lead(link: re.Match[str]) -> str:
        target = (folder / link[1]).resolve()
        if not target.is_file():
            return link[0]
        return f"]({os.path.relpath(PAGES.get(target, target), page.parent)}"

    return TARGET.sub(lead, text)
