"""Lint names: `make lint` runs it, and it lists each offender with its place.

    python .ci/names.py [FOLDER]

A class name stands once, and so does the name of a file of the packages, but for `__init__` and
`__main__`. A public constant or function of the packages has one meaning: where its name stands in
two modules, its definition is the same. A line defines one constant, or an enumeration: texts, a
range, one call. A function of a module is called by a verb, not by a participle. The name of a test
is `test_<unit>_<condition>_<result>`, of few words, and begins with its subject. A variable or
parameter, outside of tests, has no name without meaning: a participle or pronoun such as `found` or
`each`, also in `found_rows`. In tests, their share may not rise. Few are vague, such as `item`.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

MOST_WORDS = 7  # after `test_`
FIRST = "(?!(an?|how|it|the|there|what(ever)?|where|who(ever)?)(_|$))"  # none of these
TEST = re.compile(rf"test_{FIRST}[^_]+(_[^_]+){{0,{MOST_WORDS - 1}}}")
PARTICIPLE = re.compile("_*[a-z]+(ed|ing)")
MEASURES = "mesa_gym/scoring/measures.py"  # a measure is called as on the card
PACKAGES = ("mesa_gym/", "agents/", "benchmarks/")
# Functions that are found by their name, one a module: of a program; of a command (two); of an
# algorithm; of what `policy.json` names; and of a library of agents (two).
HOOKS = {"main", "add_arguments", "run", "train", "load", "find_agent", "list_agents"}
# Names that describe no value, alone or as the first word. Annotated fields of records are data on
# disk, as `RecordedEpisode.said`, and may have them.
FILLER = re.compile(
    "_*(told|said|each|others|found|given|made|own|mine|theirs|asked|known|wanted|seen|shown|many"
    "|few|apart|alike|beside|several|every|some|none|whole|begun|called|differ|took|taken|met|going"
    "|late|bare|what|who|how|which|that|this|those|them|they|thing|meant|paid|likely)(_.*)?"
)
VAGUE = re.compile(
    "_*((item|value|part)s?|entry|element|result|data|obj|tmp|out(put)?|info|content)"
)
MOST_FILLERS_IN_TESTS = 0.012  # of all bindings in tests
EXCEPTED = {"every", "shown_as"}  # of `ScoreCallback`, and of traps: public names
MOST_VAGUE = 0.025  # of all bindings; other codebases of the field have 0.010 to 0.035


def list_names(node: ast.AST) -> list[str]:
    """Return the names that a statement gives to a function, or to what it assigns."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [
        leaf.id for target in targets for leaf in ast.walk(target) if isinstance(leaf, ast.Name)
    ]


def list_meanings(file: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield a module's public constants and functions, each with its definition."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and file != MEASURES and node.name not in HOOKS:
            yield node.name, file
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            yield node.target.id, ast.unparse(node.value)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, ast.unparse(node.value)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            values = getattr(node.value, "elts", None)
            for i, name in enumerate(list_names(node)):
                yield name, ast.unparse(values[i]) if values else f"{ast.unparse(node.value)}[{i}]"


def packs_constants(node: ast.AST) -> bool:
    """Return whether a statement names several values that do not belong together."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Tuple):
        return False
    values = node.value.elts if isinstance(node.value, ast.Tuple) else []
    return not all(isinstance(x, ast.Constant) and isinstance(x.value, str) for x in values)


def find_faults(folder: Path, files: list[str]) -> Iterator[str]:
    """Yield what is wrong with the names in some Python files of a folder."""
    classes = defaultdict[str, list[str]](list)
    modules = defaultdict[str, list[str]](list)
    meanings = defaultdict[str, dict[str, str]](dict)
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
        if file.startswith(PACKAGES):
            modules[Path(file).stem].append(file)
            yield from (
                f"{file}:{x.lineno}: one constant a line" for x in tree.body if packs_constants(x)
            )
            for name, meaning in list_meanings(file, tree):
                if not name.startswith("_"):
                    meanings[name].setdefault(meaning, file)
    for name, places in modules.items():
        if len(places) > 1 and not name.startswith("__"):
            yield f"{', '.join(places)}: name each file by what is in it"
    for name, places in classes.items():
        if len(places) > 1:
            yield f"class {name} stands in {', '.join(places)}: give each a name of its own"
    for name, occurrences in meanings.items():
        if len(occurrences) > 1:
            files = ", ".join(occurrences.values())
            yield f"{name} has a meaning of its own in {files}: name of what"


def list_bindings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, name) for each place that binds a variable or parameter, fields left out."""
    bodies = (node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    fields = {id(x.target) for body in bodies for x in body if isinstance(x, ast.AnnAssign)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Store)
            and id(node) not in fields
        ):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


def find_fillers(folder: Path, files: list[str]) -> Iterator[str]:
    """Yield the bound names that describe no value, and whether too many names are vague."""
    names, names_in_tests = list[str](), list[str]()
    for file in files:
        for line, name in list_bindings(ast.parse((folder / file).read_text("utf-8"))):
            if file.startswith("tests/"):
                names_in_tests.append(name)
                continue
            names.append(name)
            if FILLER.fullmatch(name) and name not in EXCEPTED:
                yield f"{file}:{line}: {name}: name the value, such as verdict, rows, obs"
    fillers = Counter(filter(FILLER.fullmatch, names_in_tests))
    if fillers.total() > (most := int(MOST_FILLERS_IN_TESTS * len(names_in_tests))):
        yield (
            f"{fillers.total()} of {len(names_in_tests)} names in tests have no meaning, {most} may"
            f" be: {dict(fillers.most_common(5))}"
        )
    vague, most = Counter(filter(VAGUE.fullmatch, names)), int(MOST_VAGUE * len(names))
    if vague.total() > most:
        yield f"{vague.total()} of {len(names)} names are vague, {most} may be: {dict(vague)}"


def main(folder: Path) -> int:
    """Print the faults in a checkout; return 1 where there is one."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    files = subprocess.run(listed, cwd=folder, check=True, capture_output=True, text=True).stdout
    paths = [x for x in files.split("\n") if (folder / x).is_file()]
    faults = [*find_faults(folder, paths), *find_fillers(folder, paths)]
    print(*faults, sep="\n", file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:2])))
