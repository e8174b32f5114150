"""Signatures in the reference as they are written in the code, with links to what they name."""

from __future__ import annotations

import inspect
from typing import Any

from docutils import nodes
from sphinx.util.inspect import stringify_signature
from sphinx.util.nodes import make_refnode


class _Dots:
    """In place of a default that is a function, whose repr says nothing."""

    def __repr__(self) -> str:
        return "..."


_DOTS = _Dots()


def setup(app: Any) -> None:
    """Connect both changes to Sphinx."""
    app.connect("autodoc-process-signature", as_written)
    app.connect("missing-reference", by_name)


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
