"""The public API changes only with its listing, and its docstrings say what it takes and gives."""

import ast
import inspect
import re
import textwrap
from importlib import import_module
from pathlib import Path

import pytest

from docs.public_api import MODULES, find_changes, list_public, read_listing
from mesa_gym.policies import Policy

pytest.importorskip("stable_baselines3")


ROOT = Path(__file__).parents[2]


def test_public_listing_is_up_to_date():
    assert find_changes(read_listing(), list_public()) == [], "run `make api`"


def test_public_page_lists_the_modules():
    page = (REFERENCE / "index.md").read_text()
    assert set(re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE)) == set(MODULES)


def test_public_listing_names_options_of_commands():
    old = {"mesa-gym score": "[--html FILE]", "mesa-gym score --html": "option"}
    new = {"mesa-gym score": "", "mesa-gym list": "[trap]"}
    assert find_changes(old, new) == ["mesa-gym list", "mesa-gym score --html"]
    assert {"mesa-gym score --html", "mesa-gym score --policy"} <= list_public().keys()


REFERENCE = ROOT / "docs" / "reference"
ARRAY = re.compile(r"NDArray|\b(Array|Bools|Bytes|Floats|Ints|Masks|Tensor)\b")
# "float64 (n,)", "uint8 (height, width, 3)", "(n, 5)": a reader can allocate it.
SHAPE = re.compile(r"\([^()]*(,|\bn\b|levels)[^()]*\)|\((n|m|levels)\b")
ERROR = re.compile(r"\b[A-Z]\w*(Error|Needed)\b")
PUBLIC = [
    (f"{m}.{name}", getattr(import_module(m), name))
    for m in MODULES
    for name in import_module(m).__all__
]


FUNCTIONS = {}
# What a base class or a protocol of ours says of a method need not be said again.
INHERITED = set()
for full, value in PUBLIC:
    if inspect.isfunction(value):
        FUNCTIONS[full] = value
    for method, held in vars(value).items() if inspect.isclass(value) else ():
        function = getattr(held, "__func__", held)
        if inspect.isfunction(function) and not method.startswith("_"):
            FUNCTIONS[f"{full}.{method}"] = function
            if any(hasattr(base, method) for base in {*value.__mro__[1:], Policy} - {value}):
                INHERITED.add(f"{full}.{method}")


def parameters(function):
    names = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]
    return [name for name in names if not name.startswith("_")]


def test_reference_shows_every_public_name():
    text = "".join(page.read_text() for page in REFERENCE.glob("*.md"))
    shown = re.findall(r"^\.\. (?:auto|py:)\w+:: (\S+)", text, flags=re.MULTILINE)
    # What a module hands on is shown where it comes from.
    last = {name.rpartition(".")[2] for name in shown}
    whole = {module for module in MODULES if module in shown}
    lacking = [
        name
        for name, _ in PUBLIC
        if name.rpartition(".")[0] not in whole and name.rpartition(".")[2] not in last
    ]
    assert not lacking


def test_functions_say_what_they_take():
    """A single parameter may go without a name; those of a check are every check's."""
    silent = []
    for name, function in FUNCTIONS.items():
        doc, names = inspect.getdoc(function) or "", parameters(function)
        if not doc:
            silent.append(f"{name} has no docstring")
        if len(names) > 1 and names != ["trap", "levels"] and name not in INHERITED:
            silent += [f"{name}: {x}" for x in names if not re.search(rf"\b{x}\b", doc)]
    assert not silent


def test_docstrings_say_shapes_of_returned_arrays():
    silent = []
    for name, function in FUNCTIONS.items():
        returned = str(inspect.signature(function).return_annotation)
        if ARRAY.search(returned) and not SHAPE.search(inspect.getdoc(function) or ""):
            silent.append(f"{name} -> {returned}")
    assert not silent


def test_functions_say_what_they_raise():
    """Leave out errors that all checks raise, and methods that subclasses write."""
    silent = []
    for name, function in FUNCTIONS.items():
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
        raised = {ast.unparse(n.exc) for n in ast.walk(tree) if isinstance(n, ast.Raise) and n.exc}
        raised = {each for each in raised if not each.startswith("NotImplementedError")}
        said = ERROR.search(inspect.getdoc(function) or "")
        if raised and not said and not name.startswith("mesa_gym.testing.check_"):
            silent.append(f"{name}: {raised}")
    assert not silent
