"""A Sphinx extension: links as in repository browsers, plain signatures, and the gallery."""

from __future__ import annotations

import inspect
import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.inspect import stringify_signature
from sphinx.util.nodes import make_refnode

from docs._sphinx.site_links import SITE_ONLY, relink

HERE = Path(__file__).parent
# Tables of contents, which a repository browser does not show, at the paths of their pages.
TABLES_OF_CONTENTS = HERE / "toctrees"
# A folder with equal paths in docs/ and in the site.
GALLERY = Path("_sphinx", "traps", "gallery")


def setup(app: Any) -> None:
    """Connect the functions of this module to Sphinx's events."""
    app.connect("source-read", read)
    app.connect("autodoc-process-signature", write_signature)
    app.connect("missing-reference", link_name)
    app.connect("build-finished", copy_gallery)


def read(app: Any, docname: str, content: list[str]) -> None:
    """Change the links of a page, and add its table of contents."""
    page = Path(app.env.doc2path(docname))
    content[0] = relink(content[0], page.parent, page.parent)
    contents = TABLES_OF_CONTENTS / f"{docname}.md"
    if contents.exists():
        content[0] += f"\n{contents.read_text()}"
    for text, replacement in SITE_ONLY.items():
        content[0] = content[0].replace(text, replacement)


def write_signature(
    app: Any, kind: str, name: str, documented: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Return the signature with its type hints as written: `NDArray[np.uint8]`, unevaluated."""
    if kind not in ("function", "method", "class") or not signature:
        return None
    try:
        # Annotations are strings, which are not evaluated here.
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
    # Remove memory addresses of functions.
    arguments = re.sub(r"<function .+? at 0x\w+>", "...", arguments)
    return arguments, "" if kind == "class" or result is inspect.Signature.empty else str(result)


def link_name(app: Any, env: Any, node: Any, content: nodes.Element) -> nodes.Element | None:
    """Link a name in a type hint to the only object with that name; other names get no link.

    A name with its module, such as ``mesa_gym.scoring.score``, must be found.
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
    # Constants in different modules have equal names, such as SCHEMA.
    if len(places) != 1 or target.isupper():
        return content
    ((document, anchor),) = places
    return make_refnode(app.builder, node["refdoc"], document, anchor, content, target)


def copy_gallery(app: Any, error: Exception | None) -> None:
    """Copy the pages and films of the gallery to the site."""
    if error is None and app.builder.format == "html":
        shutil.copytree(HERE.parent / GALLERY, Path(app.outdir) / GALLERY, dirs_exist_ok=True)
