"""The locks of a child that was forked from a nursery, and the class that it then loads."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from benchmarks.isolation import landlock, limits, seccomp


def lock_process(
    parent: int,
    readable: Iterable[Path],
    scratch: str,
    seconds: int,
    memory: int,
    file_bytes: int = 0,
) -> None:
    """Give up everything else for good.

    Args:
        parent: the process that forked this one.
        readable: files and folders that may be read.
        scratch: the one folder that may be written; "" for none.
        seconds: of processor time.
        memory: bytes that may be taken besides those of the interpreter.
        file_bytes: how large a file may become in the scratch folder.
    """
    limits.begin(parent, seconds, file_bytes if scratch else 0)
    home = scratch or "/"
    os.environ.update(HOME=home, TMPDIR=home)
    os.chdir(home)
    with open("/proc/self/statm") as statm:
        landlock.lock(readable, Path(scratch) if scratch else None)
        limits.bound_memory(statm, memory)
    limits.no_more_processes()
    seccomp.lock(writing=bool(scratch))


def import_class(module: str, name: str, file: str = "") -> Any:
    """Return what a module calls by a name, None for nothing.

    Args:
        module: its name.
        name: of the class.
        file: from which the module's first part is loaded; "" where it is installed, or ours.
    """
    if file:
        top, path = module.partition(".")[0], Path(file)
        inside = [str(path.parent)] if path.name == "__init__.py" else None
        spec = spec_from_file_location(top, path, submodule_search_locations=inside)
        assert spec
        assert spec.loader
        sys.modules[top] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[top])
    return getattr(import_module(module), name, None)
