"""A Sphinx extension: links as in repository browsers, plain signatures, and the gallery."""

from __future__ import annotations

import inspect
import os
import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.inspect import stringify_signature
from sphinx.util.nodes import make_refnode

from mesa_gym.links import find_file
from mesa_gym.traps import package_traps

DOCS = Path(__file__).parent
ROOT = DOCS.parent
# Files outside docs/ that are pages here; all others are offered for download.
PAGES = {
    ROOT / "README.md": DOCS / "index.md",
    ROOT / "CONTRIBUTING.md": DOCS / "contributing.md",
    ROOT / "CHANGELOG.md": DOCS / "changelog.md",
    ROOT / "agents" / "README.md": DOCS / "agents.md",
} | {
    # The build writes these pages; a repository browser shows the code that they describe.
    ROOT / "mesa_gym" / "traps": DOCS / "traps" / "index.md",
    ROOT / "mesa_gym" / "scoring" / "card.py": DOCS / "reference" / "score_card_json.md",
    **{
        ROOT / find_file(cls.__module__): DOCS / "traps" / f"{cls.__name__}.md"
        for cls in package_traps().values()
    },
}
TARGET = re.compile(r"""(\]\(|(?:src|srcset|href)=")([^)"\s#:]+)""")
# Files that stand in the site where they stand in docs/.
GALLERY = Path("traps", "gallery")
# Comment of a page -> what only a site can show there.
SITE_ONLY = {
    "<!-- the lesson, in a built page -->": '<iframe class="lesson" src="lesson.html"'
    ' title="A lesson of five screens" loading="lazy"></iframe>',
    "<!-- the grid of traps, in a built page -->": "```{include} traps/_grid.md\n```",
}


def setup(app: Any) -> None:
    """Connect the changes to Sphinx."""
    app.connect("source-read", read)
    app.connect("include-read", include)
    app.connect("autodoc-process-signature", write_signature)
    app.connect("missing-reference", link_name)
    app.connect("build-finished", copy_gallery)


def read(app: Any, docname: str, content: list[str]) -> None:
    """Change the links of a page."""
    page = Path(app.env.doc2path(docname))
    content[0] = relink(content[0], page.parent, page.parent)
    for comment, text in SITE_ONLY.items():
        content[0] = content[0].replace(comment, text)


def include(app: Any, path: Path, parent: str, content: list[str]) -> None:
    """Change the links of a file that a page of docs/ includes, as if they stood on that page."""
    here = Path(app.env.doc2path(parent)).parent
    content[0] = relink(content[0], Path(app.srcdir, path).resolve().parent, here)


def relink(text: str, folder: Path, here: Path) -> str:
    """Return a text whose links are relative to another folder."""

    def lead(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        leads = os.path.relpath(PAGES.get(target, target), here)
        return f"{link[1]}{leads}" if target in PAGES or target.is_file() else link[0]

    return TARGET.sub(lead, text)


def write_signature(
    app: Any, kind: str, name: str, documented: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Return the signature with its type hints as written: `NDArray[np.uint8]`, unevaluated."""
    if kind not in ("function", "method", "class") or not signature:
        return None
    try:
        # Annotations are text until their values are asked for.
        written = inspect.signature(documented)
    except (TypeError, ValueError):
        return None
    parameters = [
        parameter
        for parameter in written.parameters.values()
        if parameter.name not in ("self", "cls")
    ]
    written = written.replace(parameters=parameters)
    result = written.return_annotation
    arguments = stringify_signature(written, show_return_annotation=False)
    # Where a function in memory is says nothing.
    arguments = re.sub(r"<function .+? at 0x\w+>", "...", arguments)
    return arguments, "" if kind == "class" or result is inspect.Signature.empty else str(result)


def link_name(app: Any, env: Any, node: Any, content: nodes.Element) -> nodes.Element | None:
    """Link a name in a hint to the class or function that alone has it; leave others as they are.

    A name with its module, ``mesa_gym.scoring.score``, must be found.
    """
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or target.startswith("mesa_gym."):
        return None
    places = {
        (entry.docname, entry.node_id)
        for name, entry in env.get_domain("py").objects.items()
        if name.rpartition(".")[2] == target.rpartition(".")[2]
        and entry.objtype in ("class", "function", "data", "exception")
    }
    # Constants share their names with others, such as SCHEMA.
    if len(places) != 1 or target.isupper():
        return content
    ((document, anchor),) = places
    return make_refnode(app.builder, node["refdoc"], document, anchor, content, target)


def copy_gallery(app: Any, error: Exception | None) -> None:
    """Copy the pages and films of the gallery beside the pages of a site."""
    if error is None and app.builder.format == "html":
        shutil.copytree(DOCS / GALLERY, Path(app.outdir) / GALLERY, dirs_exist_ok=True)
