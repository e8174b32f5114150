"""Commands of other packages, and those of this package's own checkout: ``train``, ``sweep``.

A checkout has ``agents`` beside ``mesa_gym``. Another package may have this name too, such as a
folder of the user's, so the commands of the checkout are imported from there, before all others.
"""

from __future__ import annotations

import ast
import sys
from functools import partial
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path

import mesa_gym
from mesa_gym.command import FAILED
from mesa_gym.other_packages import is_ours, use_entry_point


def run_other(entry_point: EntryPoint, words: list[str]) -> int:
    """Run a command of another package or of the checkout, and return its exit code.

    Args:
        entry_point: a function of the words after the command's name.
        words: the words after the command's name.

    Raises:
        ImportError: the package is not installed, or another package has its name.
    """
    if is_ours(entry_point):
        _put_checkout_first(entry_point)
    elif find_spec(_name_package(entry_point)) is None:
        raise ImportError(
            f"{entry_point.name} is a command of the package {_name_package(entry_point)}, which is"
            " not installed"
        )
    run = use_entry_point(entry_point, entry_point.load)
    return FAILED if run is None else run(words)


def describe_other(entry_point: EntryPoint) -> str | None:
    """Return what a command does, or None if its package is missing or broken."""
    return use_entry_point(entry_point, partial(_read_docstring, entry_point))


def _read_docstring(entry_point: EntryPoint) -> str | None:
    """Return the first sentence of the docstring of a command's module, which is not imported."""
    package, *parts = entry_point.module.split(".")
    if is_ours(entry_point):
        checkout = find_checkout(package)
        folders = [checkout / package] if checkout else []
    else:
        spec = find_spec(package)
        folders = [*map(Path, (spec and spec.submodule_search_locations) or ())]
    for file in (folder.joinpath(*parts).with_suffix(".py") for folder in folders):
        if file.is_file():
            return (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").partition("\n")[0]
    return None


def find_checkout(package: str) -> Path | None:
    """Return the folder that has a package beside ``mesa_gym``; None without a checkout.

    The checkout from which ``mesa_gym`` was imported comes first, then the folders of Python's path
    in their order, of which the current folder is one.
    """
    folders = [Path(mesa_gym.__file__).resolve().parents[1], *map(Path, sys.path)]
    packages = (package, "mesa_gym")
    return next((x for x in folders if all((x / name).is_dir() for name in packages)), None)


def _put_checkout_first(entry_point: EntryPoint) -> None:
    """Let the packages of the checkout be found before others of their names.

    Raises:
        ImportError: there is no checkout, or another package of the name was imported before.
    """
    package = _name_package(entry_point)
    checkout = find_checkout(package)
    if checkout is None:
        locations = getattr(find_spec(package), "submodule_search_locations", None)
        other = f" ({next(iter(locations))} is another package)" if locations else ""
        raise ImportError(
            f"{entry_point.name} is a command of the package {package}, which is not installed"
            f"{other}; run it in a checkout or an unpacked source distribution"
        )
    sys.path[:] = [str(checkout), *(x for x in sys.path if x != str(checkout))]
    loaded = [*getattr(sys.modules.get(package), "__path__", ())]
    if loaded and loaded[0] != str(checkout / package):
        raise ImportError(
            f"{entry_point.name} needs the package {package} of {checkout}, and Python has imported"
            f" {loaded[0]}, which hides it; rename that folder"
        )


def _name_package(entry_point: EntryPoint) -> str:
    return entry_point.module.partition(".")[0]
