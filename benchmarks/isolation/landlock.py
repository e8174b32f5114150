"""Files: what may be read, and where, if anywhere, something may be written (landlock(7))."""

from __future__ import annotations

import ctypes
import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from benchmarks.isolation.syscalls import LANDLOCK

_VERSION_FLAG = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# Write, remove folders and files, make folders and files, move between folders, truncate: no links.
_WRITE = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 13 | 1 << 14
# The first version that knows a right to truncate: without it, all that can be read can be emptied.
WRITING = 3
# How many rights over files each version of Landlock knows; the first of them are the older ones.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
# Shared libraries, and what libraries ask of the processor.
_SYSTEM = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/dev/urandom",
    "/etc/ld.so.cache",
    "/proc/cpuinfo",
    "/sys/devices/system/cpu",
)
_ROOT, _HERE = Path(__file__).parents[2], Path(__file__).parent
_OWN = ("mesa_gym", "agents", "benchmarks")


class _Rule(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("rights", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def version() -> int:
    """Return the version of the kernel's Landlock; 0 where there is none."""
    found = _call("create_ruleset", None, ctypes.c_size_t(0), _VERSION_FLAG)
    return max(found, 0)


def libraries() -> list[Path]:
    """Return what an interpreter and this project need: their files, wherever they are installed.

    Of ``benchmarks`` this package alone: score cards of others lie beside it.
    """
    return [*_folders(), *map(Path, _SYSTEM), *(_ROOT / name for name in _OWN[:2]), _HERE]


def foreign_libraries() -> list[Path]:
    """Return what an interpreter needs without this project, which may be installed among them."""
    # Where a folder is a link to another, what is hidden in one must not be shown in the other.
    folders = [path.resolve() for path in (*_folders(), *map(Path, _SYSTEM))]
    own = [each for folder in folders for name in _OWN if (each := folder / name).exists()]
    return [path for folder in folders for path in _spare(folder, own)]


def _spare(folder: Path, hidden: list[Path]) -> list[Path]:
    """Return a folder, or what of it has none of the hidden folders beneath."""
    if folder in hidden:
        return []
    if not any(each.is_relative_to(folder) for each in hidden):
        return [folder]
    return [path for child in folder.iterdir() for path in _spare(child, hidden)]


def _folders() -> list[Path]:
    """Return where libraries are installed."""
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    at_home = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    found = [sysconfig.get_path(kind) for kind in kinds]
    found += [sysconfig.get_path(kind, vars=at_home) for kind in kinds]
    return [*map(Path, dict.fromkeys(found))]


def lock(readable: Iterable[Path], scratch: Path | None = None) -> None:
    """Let this thread, and those that it starts, read these and nothing else, and write nothing.

    ``no_new_privs`` must be set.

    Args:
        readable: files and folders with all that lies beneath; those that are not there are
            passed over.
        scratch: the one folder in which files and folders may also be written, made and removed.

    Raises:
        OSError: the kernel has no Landlock, or does not let this process use it, or there is a
            scratch folder and its version is below ``WRITING``.
    """
    known = version()
    if scratch is not None and known < WRITING:
        raise OSError(f"a scratch folder needs version {WRITING} of Landlock, Linux 6.2 or newer")
    rights = (1 << _RIGHTS[min(max(known, 1), max(_RIGHTS))]) - 1
    attributes = ctypes.c_uint64(rights)
    ruleset = _call_or_raise("create_ruleset", ctypes.byref(attributes), ctypes.c_size_t(8), 0)
    writable = [scratch] if scratch is not None else []
    for path in (*readable, *writable):
        if path.exists():
            folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
            reading = _READ_FILE | (_READ_DIR if path.is_dir() else 0)
            rule = _Rule(reading | (_WRITE if path == scratch else 0), folder)
            _call_or_raise("add_rule", ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
            os.close(folder)
    _call_or_raise("restrict_self", ruleset, 0)
    os.close(ruleset)


def _call_or_raise(name: str, *arguments: object) -> int:
    answer = _call(name, *arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"landlock_{name}: {os.strerror(ctypes.get_errno())}")
    return answer


def _call(name: str, *arguments: object) -> int:
    if sys.platform != "linux":
        return -1
    answer: int = ctypes.CDLL(None, use_errno=True).syscall(LANDLOCK[name], *arguments)
    return answer
