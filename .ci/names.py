"""Lint names: `make lint` runs it, and it lists each offender with its place.

    python .ci/names.py [FOLDER]

A class name stands once. A function of a module is called by a verb, not by a participle. The name
of a test is `test_<unit>_<condition>_<result>`, of few words, and begins with its subject.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

MOST_WORDS = 7  # after `test_`
FIRST = "(?!(an?|how|it|the|there|what(ever)?|where|who(ever)?)(_|$))"  # none of these
TEST = re.compile(rf"test_{FIRST}[^_]+(_[^_]+){{0,{MOST_WORDS - 1}}}")
PARTICIPLE = re.compile("_*[a-z]+(ed|ing)")
MEASURES = "mesa_gym/scoring/measures.py"  # a measure is called as on the card


def list_names(node: ast.AST) -> list[str]:
    """Return the names that a statement gives to a function, or to what it assigns."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [
        each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)
    ]


def find_faults(folder: Path, files: list[str]) -> Iterator[str]:
    """Yield what is wrong with the names in some Python files of a folder."""
    classes = defaultdict[str, list[str]](list)
    for file in files:
        tree = ast.parse((folder / file).read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                classes[node.name].append(f"{file}:{node.lineno}")
            for name in list_names(node) if file.startswith("tests/") else ():
                if name.startswith("test_") and not TEST.fullmatch(name):
                    yield f"{file}: {name}: begin with the subject, at most {MOST_WORDS} words"
        for node in tree.body if not file.startswith("tests/") and file != MEASURES else ():
            if isinstance(node, ast.FunctionDef) and PARTICIPLE.fullmatch(node.name):
                yield f"{file}: {node.name}: say by a verb what it does"
    for name, places in classes.items():
        if len(places) > 1:
            yield f"class {name} stands in {', '.join(places)}: give each a name of its own"


def main(folder: Path) -> int:
    """Print the faults in a checkout; return 1 where there is one."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    files = subprocess.run(listed, cwd=folder, check=True, capture_output=True, text=True).stdout
    faults = [*find_faults(folder, [x for x in files.split("\n") if (folder / x).is_file()])]
    print(*faults, sep="\n", file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:2])))
