"""Addresses: texts of the wheel name pages by address, and each address leads to a file."""

import ast
import re
from pathlib import Path

from mesa_gym.links import DOCUMENTATION, FILES, link_page

ROOT = Path(__file__).parents[1]
# A page by its file, which only a checkout has.
BY_FILE = re.compile(r"\bdocs/|\w\.md\b")
ADDRESS = re.compile(rf"{re.escape(FILES)}/([\w./-]*)")


def list_nodes():
    """Yield the file and the syntax nodes of each module of the package."""
    for path in sorted((ROOT / "mesa_gym").rglob("*.py")):
        yield path, [*ast.walk(ast.parse(path.read_text()))]


def list_texts():
    """Yield the file and the texts of each module, with its docstrings, and other shipped texts."""
    for path, nodes in list_nodes():
        constants = [x.value for x in nodes if isinstance(x, ast.Constant)]
        yield path, [x for x in constants if isinstance(x, str)]
    for path in sorted((ROOT / "mesa_gym").rglob("*")):
        if path.suffix in (".html", ".css", ".js", ".json", ".txt") and path.is_file():
            yield path, [path.read_text()]


def test_texts_of_wheel_name_addresses():
    """A wheel has no docs/: its messages and docstrings name an address, or a page by its title."""
    places = {}
    for path, texts in list_texts():
        for text in texts:
            for file in ADDRESS.findall(text):
                assert (ROOT / file.rstrip(".")).exists(), (path, file)
            if match := BY_FILE.search(ADDRESS.sub("", text)):
                start = max(0, match.start() - 40)
                places[str(path.relative_to(ROOT))] = text[start : match.end() + 40]
    assert places == {}


def test_linked_pages_and_sections_exist():
    calls = [
        (path.name, *(argument.value for argument in node.args))
        for path, nodes in list_nodes()
        for node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("link_page")
    ]
    assert len(calls) > 5
    for module, page, *section in calls:
        guide = ROOT / "docs" / f"{page}.md"
        headings = re.findall(r"^#+ (.*)$", guide.read_text(), re.MULTILINE)
        anchors = [re.sub(r"[^\w -]", "", x.lower()).replace(" ", "-") for x in headings]
        assert {*section} <= {*anchors}, (module, page)
    assert link_page("verdicts", "limits") == f"{DOCUMENTATION}/verdicts.md#limits"
