"""Every public name says what it takes, gives and raises."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.public_api import MODULES
from mesa_gym.policies import Policy

pytest.importorskip("stable_baselines3")

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
# A directive of the reference, what it shows, and whether with methods.
SHOWN = re.compile(r"^\.\. (?:auto|py:)(\w+):: (\S+)(\n +:members:)?", flags=re.MULTILINE)
ARRAY = re.compile(r"NDArray|\b(Array|Bools|Bytes|Floats|Ints|Masks|Tensor)\b")
# "float64 (n,)", "uint8 (height, width, 3)", "(n, 5)": whoever reads it can allocate it.
SHAPE = re.compile(r"\([^()]*(,|\bn\b|levels)[^()]*\)|\((n|m|levels)\b")

ERROR = re.compile(r"\b[A-Z]\w*(Error|Needed)\b")


def documented() -> Iterator[tuple[str, Any, bool]]:
    """What the reference shows: its full name, itself, and whether its methods are shown."""
    for page in sorted(REFERENCE.glob("*.md")):
        for kind, name, members in SHOWN.findall(page.read_text()):
            if kind == "module":
                module = importlib.import_module(name)
                for each in module.__all__:
                    yield f"{name}.{each}", getattr(module, each), True
            elif kind in ("function", "class", "exception"):
                yield name, found(name), bool(members)


def found(name: str) -> Any:
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)


def functions() -> Iterator[tuple[str, Any]]:
    for name, each, members in documented():
        if inspect.isclass(each) and members:
            for method, value in vars(each).items():
                function = getattr(value, "__func__", value)
                if inspect.isfunction(function) and not method.startswith("_"):
                    yield f"{name}.{method}", function
        elif inspect.isfunction(each):
            yield name, each


FUNCTIONS = dict(functions())


def kept_elsewhere(name: str) -> bool:
    """Whether a method only does what Gymnasium, SB3 or a protocol of ours says of it."""
    owner, _, method = name.rpartition(".")
    if not owner.rpartition(".")[2][:1].isupper():
        return False
    cls = found(owner)
    return any(hasattr(base, method) for base in (*cls.__mro__[1:], Policy) if base is not cls)


def parameters(function: Any) -> list[str]:
    names = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]
    return [name for name in names if not name.startswith("_")]


def test_the_reference_shows_every_public_name() -> None:
    shown = {
        name for page in REFERENCE.glob("*.md") for _, name, _ in SHOWN.findall(page.read_text())
    }
    whole = {name for name in shown if name in MODULES}
    lacking = [
        f"{module}.{name}"
        for module in MODULES
        if module not in whole
        for name in importlib.import_module(module).__all__
        # What a module hands on is shown where it comes from.
        if not any(each.endswith(f".{name}") for each in shown)
    ]
    assert not lacking


def test_functions_say_what_they_take() -> None:
    """A single parameter may go without a name; those of a check are every check's."""
    silent = []
    for name, function in FUNCTIONS.items():
        doc, names = inspect.getdoc(function) or "", parameters(function)
        if not doc:
            silent.append(f"{name} has no docstring")
        if len(names) > 1 and names != ["trap", "levels"] and not kept_elsewhere(name):
            silent += [f"{name}: {x}" for x in names if not re.search(rf"\b{x}\b", doc)]
    assert not silent


def test_functions_say_the_shape_of_arrays_that_they_return() -> None:
    silent = []
    for name, function in FUNCTIONS.items():
        returned = str(inspect.signature(function).return_annotation)
        if ARRAY.search(returned) and not SHAPE.search(inspect.getdoc(function) or ""):
            silent.append(f"{name} -> {returned}")
    assert not silent


def test_functions_say_what_they_raise() -> None:
    """What a check raises is said of all checks; a method that is for subclasses to write does."""
    silent = []
    for name, function in FUNCTIONS.items():
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
        raised = {ast.unparse(n.exc) for n in ast.walk(tree) if isinstance(n, ast.Raise) and n.exc}
        raised = {each for each in raised if not each.startswith("NotImplementedError")}
        said = ERROR.search(inspect.getdoc(function) or "")
        if raised and not said and not name.startswith("mesa_gym.testing.check_"):
            silent.append(f"{name}: {raised}")
    assert not silent
