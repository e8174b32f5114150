"""A Sphinx extension: links as repository browsers have them, and signatures as written."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.inspect import stringify_signature
from sphinx.util.nodes import make_refnode

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
    app.connect("autodoc-process-signature", as_written)
    app.connect("missing-reference", by_name)


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


class _Dots:
    """In place of a default that is a function, whose repr says nothing."""

    def __repr__(self) -> str:
        return "..."


_DOTS = _Dots()


def as_written(
    app: Any, what: str, name: str, found: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Return the signature with its type hints as written: `NDArray[np.uint8]`, unevaluated."""
    if what not in ("function", "method", "class") or not signature:
        return None
    try:
        # Annotations are text until their values are asked for.
        written = inspect.signature(found)
    except (TypeError, ValueError):
        return None
    parameters = [
        each.replace(default=_DOTS) if inspect.isfunction(each.default) else each
        for each in written.parameters.values()
        if each.name not in ("self", "cls")
    ]
    written = written.replace(parameters=parameters)
    result = written.return_annotation
    bare = stringify_signature(written, show_return_annotation=False)
    return bare, "" if what == "class" or result is inspect.Signature.empty else str(result)


def by_name(app: Any, env: Any, node: Any, content: nodes.Element) -> nodes.Element | None:
    """Find a class or function by its name alone, where only one page has such a one."""
    target = node.get("reftarget", "")
    # Constants share their names with others, such as SCHEMA.
    if node.get("refdomain") != "py" or target.isupper():
        return None
    domain = env.get_domain("py")
    places = {
        (entry.docname, entry.node_id)
        for name, entry in domain.objects.items()
        if name.rsplit(".", 1)[-1] == target.rsplit(".", 1)[-1]
        and entry.objtype in ("class", "function", "data", "exception")
    }
    if len(places) != 1:
        return None
    ((document, anchor),) = places
    return make_refnode(app.builder, node["refdoc"], document, anchor, content, target)
