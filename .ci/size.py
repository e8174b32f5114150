"""Count lines by room: `python .ci/size.py > .ci/size.csv`.

*Code* is what remains without docstrings, signatures, imports, comments and blank lines. A *guard*
raises an error: a `raise`, an `if` or `except` that only raises, and, in the packages, a function
whose name begins with `require`, `refuse`, `check_` or `list_problems`. Guards are not code.
"""

from __future__ import annotations

import ast
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

GUARDS = ("require", "refuse", "check_", "list_problems")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DOCUMENTED = (ast.Module, ast.ClassDef, *FUNCTIONS)


def name_room(path: Path) -> str:
    """Return the package of a file, such as ``mesa_gym/scoring``, or its top folder."""
    first, *inner = path.parts
    if first != "mesa_gym":
        return first
    return f"{first}/{inner[0]}" if len(inner) > 1 else f"{first}/*.py"


def is_guard(node: ast.AST, packaged: bool) -> bool:
    """Return whether a node does nothing but raise errors."""
    if isinstance(node, FUNCTIONS):
        return packaged and node.name.lstrip("_").startswith(GUARDS)
    if isinstance(node, ast.If):
        return not node.orelse and len(node.body) == 1 and isinstance(node.body[0], ast.Raise)
    if isinstance(node, ast.ExceptHandler):
        return isinstance(node.body[-1], ast.Raise)
    return isinstance(node, ast.Raise)


def count_lines(text: str, packaged: bool) -> Counter[str]:
    """Return the number of lines of each kind in a file."""
    nodes, kinds = [*ast.walk(ast.parse(text))], dict[int, str]()

    def mark(first: int, last: int | None, kind: str) -> None:
        for number in range(first, (last or first) + 1):
            kinds.setdefault(number, kind)

    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            mark(node.lineno, node.end_lineno, "imports")
    for node in nodes:
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node):
            mark(node.body[0].lineno, node.body[0].end_lineno, "docstrings")
    for node in nodes:
        if isinstance(node, ast.stmt | ast.ExceptHandler) and is_guard(node, packaged):
            mark(node.lineno, node.end_lineno, "guards")
    for node in nodes:
        if isinstance(node, FUNCTIONS):
            first = min([node.lineno, *(x.lineno for x in node.decorator_list)])
            mark(first, node.body[0].lineno - 1, "signatures")
    counts = Counter[str]()
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        plain = "comments" if stripped.startswith("#") else "code"
        counts[kinds.get(number, plain) if stripped else "blank"] += 1
    return counts


def main() -> None:
    """Print the table."""
    files = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True)
    rooms, product = defaultdict[str, Counter[str]](Counter), Counter[str]()
    for path in map(Path, files.stdout.split()):
        packaged = path.parts[0] in ("mesa_gym", "agents")
        counts = count_lines(path.read_text(encoding="utf-8"), packaged)
        rooms[name_room(path)] += counts
        product += counts if path.parts[0] == "mesa_gym" else Counter()
    print("room,lines,code,guards")
    in_order = sorted(rooms.items(), key=lambda room: -room[1].total())
    for name, counts in [("mesa_gym", product), *in_order]:
        print(name, counts.total(), counts["code"], counts["guards"], sep=",")


if __name__ == "__main__":
    main()
