"""Limits of a child on itself: time, memory, files, and no way to more rights."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from typing import TextIO

_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVS = 1, 4, 38
_CAPABILITIES_VERSION = 0x20080522
# Python, torch and onnxruntime have fewer than 20 files open at a time.
_OPEN_FILES = 64


def begin(parent: int, cpu_seconds: int, file_bytes: int = 0) -> None:
    """Set what holds from the start; imports come after it.

    Args:
        parent: the process that started this one; with it, this one dies.
        cpu_seconds: of computing, after which the kernel kills this process.
        file_bytes: how large a file may become that it writes.

    Raises:
        OSError: the kernel refused something, or the parent is gone.
    """
    _prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise OSError("the process that started this one is gone")
    _prctl(_NO_NEW_PRIVS, 1)
    # No core file, not even through a pipe, and no process of the same user looks in.
    _prctl(_DUMPABLE, 0)
    _drop_capabilities()
    _limit(resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1)  # first a signal with a name
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, file_bytes)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)


def bound_memory(statm: TextIO, more: int) -> None:
    """Let the address space grow by so many bytes from what it is now: libraries do not count.

    Args:
        statm: /proc/self/statm, opened before Landlock closed it.
        more: bytes.
    """
    pages = int(statm.read().split()[0])
    _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + more)


def no_more_processes() -> None:
    """Refuse new processes to users other than root; seccomp does it for root too."""
    _limit(resource.RLIMIT_NPROC, 0)


def _limit(what: int, soft: int, hard: int | None = None) -> None:
    """Both limits, the same by default; a hard limit that is lower already stays."""
    hard, before = soft if hard is None else hard, resource.getrlimit(what)[1]
    hard = hard if before == resource.RLIM_INFINITY else min(hard, before)
    resource.setrlimit(what, (min(soft, hard), hard))


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def _drop_capabilities() -> None:
    """Drop what makes a child of root more powerful than others."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(header, nothing):
        raise OSError(ctypes.get_errno(), f"capset: {os.strerror(ctypes.get_errno())}")
