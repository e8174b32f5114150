"""The place of a stranger's code, which is found here and never imported."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks.rooms.locks import ROOT
from mesa_gym.errors import shorten


class Code(NamedTuple):
    """The place of a class.

    Attributes:
        module, name: of the class.
        file: from which the module's first part is loaded; "" where it is one of ours.
        readable: files and folders that a room may read besides the libraries.
    """

    module: str
    name: str
    file: str = ""
    readable: tuple[str, ...] = ()


def find_code(place: str) -> Code:
    """Find ``FILE.py:Class``, or ``FOLDER:Class`` of a package.

    Raises:
        ValueError: there is no such file, or it lies where this process imports from.
    """
    where, _, name = place.rpartition(":")
    path = Path(where).resolve()
    file = path / "__init__.py" if path.is_dir() else path
    if not (where and file.suffix == ".py" and name.isidentifier()):
        raise ValueError(
            f"{shorten(place)} is not the place of a class: expected FILE.py:Class, or FOLDER:Class"
            " with its __init__.py"
        )
    if not file.is_file():
        raise ValueError(f"{shorten(place)}: the file {file} does not exist")
    require_apart(path)
    return Code(path.stem, name, str(file), (str(path),))


def require_apart(path: Path) -> None:
    """Raise ValueError where a stranger's file or folder lies where this process imports from.

    What lies beside it could then be run here. Folders of this checkout are ours, so that a file
    may lie beneath its root; but not in a folder that is itself on the path.
    """
    place = path.resolve()
    for folder in {Path(each).resolve() for each in sys.path} & {place, *place.parents}:
        if folder in (place, place.parent) or not folder.is_relative_to(ROOT):
            raise ValueError(
                f"{folder} is on Python's path, so that the evaluator would import what lies"
                f" beside {path.name}; put it into a folder of its own, and run from another"
            )
