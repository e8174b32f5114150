"""The digest of all that the values of levels depend on: what was asked, and the sources."""

from __future__ import annotations

import ast
import inspect
import secrets
import sys
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import mesa_gym.grid
import mesa_gym.solver
from mesa_gym.grid import Ints
from mesa_gym.traps import Split, Trap


def values_digest(trap: Trap, split: Split, numbers: Ints, horizon: int, salt: str) -> str:
    """32 hexadecimal digits; other sources of the trap, of grid/ or of solver/ give others."""
    digest = blake2b(digest_size=16)
    discounts = {name: o.discount for name, o in trap.objectives.items()}
    digest.update(repr((trap, split.value, salt, horizon, discounts)).encode())
    digest.update(numbers.tobytes())
    for source in _sources(type(trap)):
        digest.update(source)
    for package in (mesa_gym.grid, mesa_gym.solver):
        for path in sorted(Path(package.__path__[0]).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(trap: type[Trap]) -> Iterator[bytes]:
    """The files of a trap's class and its parents, and of what they import of their package."""
    waiting = [cls.__module__ for cls in trap.__mro__ if issubclass(cls, Trap)]
    done: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in done:
            continue
        done.add(name)
        package = name.split(".")[0]
        try:
            source = Path(inspect.getfile(sys.modules[name])).read_bytes()
            named = sorted(m for m in _imported(source) if m.split(".")[0] == package)
        except (OSError, KeyError, TypeError, SyntaxError):
            yield secrets.token_bytes(16)  # typed into a notebook: values are never read back
            continue
        yield source
        waiting += [module for module in named if module in sys.modules]


@lru_cache(maxsize=256)
def _imported(source: bytes) -> frozenset[str]:
    """The modules that a file names in its imports; names imported from packages may be more."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)
