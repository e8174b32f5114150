"""Pages as a repository browser renders them: GitHub's Markdown, its links, anchors and faults."""

import itertools
import re
from functools import cache
from pathlib import Path

import pytest

markdown_it = pytest.importorskip("markdown_it")
footnotes = pytest.importorskip("mdit_py_plugins.footnote")

RENDERER = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
RENDERER.use(footnotes.footnote_plugin)
ALERTS = {"NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"}
OF_HTML = re.compile(r"""(?:src|href|srcset)=["']([^"'\s]*)""")
ROLE = re.compile(r"\{[\w:-]+\}$")  # before a code span: a role of Sphinx


def list_tokens(text):
    """The tokens of a text, with the children of each in its place."""
    for token in RENDERER.parse(text):
        yield token
        yield from token.children or ()


def list_links(text):
    """The targets of a text's links and pictures."""
    for token in list_tokens(text):
        if token.type in ("html_inline", "html_block"):
            yield from OF_HTML.findall(token.content)
        elif token.type in ("link_open", "image"):
            yield token.attrGet("href" if token.type == "link_open" else "src")


@cache
def list_anchors(page: Path):
    """The anchors of a page's headings; an equal heading gets a number."""
    tokens, anchors = RENDERER.parse(page.read_text()), []
    for heading, content in itertools.pairwise(tokens):
        if heading.type == "heading_open":
            words = "".join(
                x.content for x in content.children if x.type in ("text", "code_inline")
            )
            anchor = re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-")
            again = anchors.count(anchor)
            anchors.append(f"{anchor}-{again}" if again else anchor)
    return anchors


def find_faults(text):
    """Return what a text shows of its source: directives, empty tables, dead links."""
    tokens, faults = [*list_tokens(text)], []
    for at, token in enumerate(tokens):
        if token.type == "fence" and token.info.startswith("{"):
            faults.append(f"directive {token.info}")
        if token.type == "thead_close" and tokens[at + 1].type != "tbody_open":
            faults.append("a table without rows")
        if token.type == "inline" and re.search(r"^\|.*\|$|^:::", token.content, re.MULTILINE):
            faults.append(f"no table: {token.content[:60]}")
        if token.type == "text" and ROLE.search(token.content):
            faults.append(f"role {token.content[-20:]}")
        if token.type == "text" and re.search(r"\]\(|\]\[|\[\^", token.content):
            faults.append(f"no link: {token.content[:60]}")
        if token.type == "text" and (alert := re.match(r"\[!(\w+)\]", token.content)):
            faults += [] if alert[1] in ALERTS else [f"no alert: {alert[1]}"]
    return faults + [
        "a link without target" for link in list_links(text) if link in ("", "#", None)
    ]
