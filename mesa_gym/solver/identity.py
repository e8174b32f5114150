"""Identity of the code that computes values, so that values of edited code are never read.

It covers the statements of all functions that solving a level can enter. Comments, docstrings and
formatting do not count, and all versions of Python give one identity.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path
from types import FunctionType
from typing import Any

from mesa_gym.files import read_bytes

_ROOT = Path(__file__).parents[1]
# The packages whose modules compute values. Their ``__init__`` modules only import names.
_PACKAGES = ("engine", "solver", "traps")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)
_SOLVING = Path(__file__).with_name("values.py")


def identify_code(*classes: type) -> str | None:
    """Return a text that identifies the solver, and the code of some classes and their bases.

    It covers the files of the classes, the modules beside them that they import, and the modules of
    the engine, the solver and the traps. After a change of another module, remove the cache folder.

    Returns:
        The identity; None if it is unknown: for a class of a notebook or a function, whose
        arguments are unknown, or with a method that was replaced after its class was made.
    """
    parts = dict.fromkeys(part for cls in classes for part in cls.__mro__[:-1])
    files = [_SOLVING, *map(_find_file, parts)]
    digests = None if None in files else find_sources(*filter(None, files))
    if digests is None:
        return None
    return blake2b(repr(sorted(digests.values())).encode(), digest_size=16).hexdigest()


def _find_file(cls: type) -> Path | None:
    """Return the file whose statements made a class; None if other statements may have."""
    module, name = sys.modules.get(cls.__module__), cls.__qualname__
    try:
        if attrgetter(name)(module) is not cls or not (path := getattr(module, "__file__", None)):
            return None
    except AttributeError:
        return None
    functions = [value for value in vars(cls).values() if isinstance(value, FunctionType)]
    if any(
        function.__module__ != cls.__module__ or function.__qualname__.rpartition(".")[0] != name
        for function in functions
    ):
        return None
    return Path(path)


def find_sources(*roots: Path) -> dict[Path, str] | None:
    """Return the statements of files and of the modules they import, without formatting.

    Returns:
        Path -> a digest; None if a file was removed, is in an archive, or is not Python.
    """
    waiting, files = [*roots], dict[Path, str]()
    while waiting:
        if (path := waiting.pop()) not in files:
            try:
                files[path], imports = read_statements(path)
            except (OSError, SyntaxError, ValueError):
                return None
            waiting += imports
    return files


@cache
def read_statements(path: Path) -> tuple[str, list[Path]]:
    """Return a digest of a file's statements, and the files that it imports.

    The digest is computed once, because a process keeps the code that it has loaded.
    """
    tree, parts = ast.parse(read_bytes(path)), list[str]()
    if path.name != "__init__.py" or _ROOT not in path.parents:
        _write_tree(tree, parts)
    return blake2b(" ".join(parts).encode()).hexdigest(), [*_find_imports(path, tree)]


def _write_tree(node: Any, parts: list[str]) -> None:
    """Append the text of a syntax tree, without docstrings and the prefix of strings."""
    if isinstance(node, list):
        for child in node:
            _write_tree(child, parts)
        parts.append("]")
    elif isinstance(node, ast.AST):
        parts.append(type(node).__name__)
        for name in node._fields:
            value = getattr(node, name, None)
            if name == "body" and isinstance(node, _DOCUMENTED) and ast.get_docstring(node):
                value = node.body[1:]
            if value is not None and value != [] and name != "kind":  # not in all versions
                parts.append(name)
                _write_tree(value, parts)
    else:
        parts.append(repr(node))


def _find_imports(path: Path, tree: ast.AST) -> Iterator[Path]:
    """Yield the files that a file's imports name, in the three packages or beside the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for package, *inner in (name.split(".") for name in names):
            places = []
            if package == _ROOT.name and inner and inner[0] in _PACKAGES:
                place = _ROOT.joinpath(*inner)
                places = [place.with_suffix(".py"), place / "__init__.py"]
            elif _ROOT not in path.parents and (last := [package, *inner][-1]):
                places = [path.with_name(f"{last}.py")]
            yield from (place for place in places if place.is_file())
