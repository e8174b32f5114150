"""Import of a user's code, by the name of its module or by its file, with clear errors."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from pathlib import Path
from types import ModuleType

from mesa_gym.errors import shorten
from mesa_gym.files import locate_path


def read_first_line(code: object, kind: str, default: str) -> str:
    """Return the first line of the docstring of a user's code; "" under ``-OO``.

    Args:
        code: a function or a class.
        kind: the kind of code, for the message.
        default: the subject of the docstring, for the message.

    Raises:
        ValueError: the docstring is missing.
    """
    line = (inspect.getdoc(code) or "").partition("\n")[0]
    if not line and sys.flags.optimize < 2:
        raise ValueError(f"{kind} has no docstring; write one that says {default}")
    return line


def import_source(request: str, source: str) -> ModuleType:
    """Import the module or file before the colon of ``module:name``.

    Args:
        request: the beginning of messages, such as ``trap 'mine.py:Mine'``.
        source: the name of a module, or a file ``FILE.py``.

    Raises:
        ValueError: the file or module, or a module that it imports, does not exist or exits Python,
            or another module has the file's name.
    """
    path = Path(source)
    if path.suffix == ".py":
        path = locate_path(source)
        if not os.path.isfile(path):
            raise ValueError(f"{request}: there is no file {shorten(source)} in {Path.cwd()}")
        # Like `python FILE`: the file can import its neighbours, and subprocesses can import it.
        if (folder := str(path.resolve().parent)) not in sys.path:
            sys.path.insert(0, folder)
        source = path.stem
    elif not all(part.isidentifier() for part in source.split(".")):
        problem = "is neither a module's name nor a file FILE.py"
        raise ValueError(f"{request}: {shorten(source)} {problem}")
    try:
        module = importlib.import_module(source)
    except ModuleNotFoundError as error:
        missing = f"{source}.".startswith(f"{error.name}.")  # and not a module that it imports
        hint = "; add its folder to PYTHONPATH, or name its file: FILE.py:NAME" if missing else ""
        raise ValueError(f"{request}: {error!s:.200}{hint}") from None
    except SyntaxError as error:
        raise ValueError(f"{request}: syntax error, {error}") from None
    except SystemExit as stop:
        raise ValueError(
            f"{request}: {shorten(source)} ended Python when it was imported"
            f" (sys.exit({stop.code!r})); put such a call below if __name__ == '__main__'"
        ) from None
    loaded = getattr(module, "__file__", None) or "Python itself"
    if path.suffix == ".py" and Path(loaded).resolve() != path.resolve():
        raise ValueError(
            f"{request}: a module {shorten(source)} is already imported from {loaded}; rename your"
            " file"
        )
    return module
