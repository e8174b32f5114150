"""The locks that a process puts on itself for good, before anything foreign is loaded.

Limits of time, memory and files (setrlimit); files that may be read, and the one folder, if any,
that may be written (landlock(7)); and the system calls that may be made (seccomp(2), whose filter
has the form of classic BPF, linux/filter.h).

Every call that is not listed is refused, so that what a newer kernel adds is refused as well. In
particular there is no call here that makes a process or a thread, opens a socket, looks into or
signals another process, changes a limit, changes a file, or makes memory that RLIMIT_AS does not
count. That a path exists, its size and times, and where a link leads are not hidden: ``stat`` and
``readlink`` are open to all paths, as Landlock does not know them.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

with suppress(ImportError):  # Windows lacks it; ``require_locks`` says so
    import resource


def require_locks(version: int = 1) -> None:
    """Raise OSError where this system cannot lock a process up; nothing foreign is then run.

    Args:
        version: of Landlock that is needed at least.
    """
    found = find_landlock_version()
    if find_machine() is None or found < version:
        raise OSError(
            "what strangers hand in, except action traces (docs/leaderboard.md), runs in a locked"
            f" process: that needs Linux {_LINUX[version]} or newer with Landlock, on"
            f" {' or '.join(MACHINES)}; here is {sys.platform}, and version {found} of Landlock (0:"
            " none, or switched off)"
        )


def lock_process(
    parent: int,
    readable: Iterable[Path],
    scratch: str,
    seconds: int,
    memory: int,
) -> None:
    """Give up everything else for good.

    Args:
        parent: the process that forked this one.
        readable: files and folders that may be read.
        scratch: the one folder that may be written; "" for none.
        seconds: of processor time.
        memory: bytes that may be taken besides those of the interpreter.
    """
    limit_process(parent, seconds, FILE_BYTES if scratch else 0)
    home = scratch or "/"
    os.environ.update(HOME=home, TMPDIR=home)
    os.chdir(home)
    with open("/proc/self/statm") as statm:
        lock_files(readable, Path(scratch) if scratch else None)
        bound_memory(statm, memory)
    _limit(resource.RLIMIT_NPROC, 0)  # for users other than root; seccomp does it for root too
    lock_calls(writing=bool(scratch))


# -- limits ----------------------------------------------------------------------------------------

_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVS = 1, 4, 38
_CAPABILITIES_VERSION = 0x20080522
# Python, torch and onnxruntime have fewer than 20 files open at a time.
_OPEN_FILES = 64
# How large a file may become in a scratch folder.
FILE_BYTES = 1 << 30


def limit_process(parent: int, cpu_seconds: int, file_bytes: int) -> None:
    """Set what holds from the start; imports come after it.

    Args:
        parent: the process that started this one; with it, this one dies.
        cpu_seconds: of computing, after which the kernel kills this process.
        file_bytes: how large a file may become that it writes.

    Raises:
        OSError: the kernel refused something, or the parent is gone.
    """
    _call("prctl", _PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise OSError("the process that started this one is gone")
    _call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)
    # No core file, not even through a pipe, and no process of the same user looks in.
    _call("prctl", _DUMPABLE, 0, 0, 0, 0)
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


def _limit(what: int, soft: int, hard: int | None = None) -> None:
    """Both limits, the same by default; a hard limit that is lower already stays."""
    hard, before = soft if hard is None else hard, resource.getrlimit(what)[1]
    hard = hard if before == resource.RLIM_INFINITY else min(hard, before)
    resource.setrlimit(what, (min(soft, hard), hard))


def _drop_capabilities() -> None:
    """Drop what makes a child of root more powerful than others."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def _call(function: str, *arguments: object) -> int:
    """Return the answer of a function of libc; OSError where it failed."""
    answer: int = getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments)
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{function} {arguments[0]}: {os.strerror(code)}")
    return answer


# -- files -----------------------------------------------------------------------------------------

_VERSION_FLAG = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# Write, remove folders and files, make folders and files, move between folders, truncate: no links.
_WRITE = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 13 | 1 << 14
# The first version that knows a right to truncate: without it, all that can be read can be emptied.
WRITING = 3
_LINUX = {1: "5.13", WRITING: "6.2"}
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
# This checkout, whose folders are ours, and this folder.
ROOT, _HERE = Path(__file__).resolve().parents[2], Path(__file__).parent
_OWN = ("mesa_gym", "agents", "benchmarks")


class _Rule(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("rights", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def find_landlock_version() -> int:
    """Return the version of the kernel's Landlock; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    try:
        return _call_landlock("create_ruleset", None, ctypes.c_size_t(0), _VERSION_FLAG)
    except OSError:
        return 0


def list_libraries() -> list[Path]:
    """Return what an interpreter and this project need: their files, wherever they are installed.

    Of ``benchmarks`` this package alone: score cards of others lie beside it.
    """
    return [*_folders(), *map(Path, _SYSTEM), *(ROOT / name for name in _OWN[:2]), _HERE]


def list_foreign_libraries() -> list[Path]:
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


def lock_files(readable: Iterable[Path], scratch: Path | None) -> None:
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
    known = find_landlock_version()
    if scratch is not None and known < WRITING:
        raise OSError(f"a scratch folder needs version {WRITING} of Landlock")
    rights = (1 << _RIGHTS[min(max(known, 1), max(_RIGHTS))]) - 1
    attributes = ctypes.c_uint64(rights)
    ruleset = _call_landlock("create_ruleset", ctypes.byref(attributes), ctypes.c_size_t(8), 0)
    writable = [scratch] if scratch is not None else []
    for path in (*readable, *writable):
        if path.exists():
            folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
            reading = _READ_FILE | (_READ_DIR if path.is_dir() else 0)
            rule = _Rule(reading | (_WRITE if path == scratch else 0), folder)
            _call_landlock("add_rule", ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
            os.close(folder)
    _call_landlock("restrict_self", ruleset, 0)
    os.close(ruleset)


def _call_landlock(name: str, *arguments: object) -> int:
    return _call("syscall", LANDLOCK_CALLS[name], *arguments)


# -- system calls ----------------------------------------------------------------------------------

# What the kernel calls the machine: its number in filters, its place in the tables.
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

# name -> (x86_64, aarch64); None where the machine has no such call.
FREELY: dict[str, tuple[int | None, int | None]] = {
    # files, as far as Landlock lets them be opened
    "read": (0, 63),
    "readv": (19, 65),
    "pread64": (17, 67),
    "write": (1, 64),
    "writev": (20, 66),
    "close": (3, 57),
    "lseek": (8, 62),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "stat": (4, None),
    "lstat": (6, None),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    # memory
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    # waiting, and the time
    "futex": (202, 98),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "membarrier": (324, 283),
    "getcpu": (309, 168),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    # itself
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "times": (100, 153),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "getrlimit": (97, 163),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
# Beside those, of a child that has a scratch folder, as far as Landlock lets them.
WRITING_CALLS: dict[str, tuple[int | None, int | None]] = {
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "ftruncate": (77, 46),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
}
# These may only read where there is no scratch folder: Landlock knows a right to truncate from
# Linux 6.2 on alone.
OPENING: dict[str, tuple[int | None, int | None]] = {"open": (2, None), "openat": (257, 56)}
FLAGS = {"open": 1, "openat": 2}  # the place of the argument
FORBIDDEN_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# These are allowed with some arguments alone.
WITH_ARGUMENTS: dict[str, tuple[int, int]] = {
    "ioctl": (16, 29),
    "fcntl": (72, 25),
    "prlimit64": (302, 261),
    "prctl": (157, 167),
    "tgkill": (234, 131),
}
# Made by the locks themselves; glibc has no functions for them.
LANDLOCK_CALLS = {"create_ruleset": 444, "add_rule": 445, "restrict_self": 446}
SECCOMP_CALL = (317, 277)

TCGETS, FIOCLEX, FIONCLEX = 0x5401, 0x5451, 0x5450
F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC = 0, 1, 2, 3, 1030
PR_SET_NAME, PR_GET_NAME = 15, 16


def allowed_arguments() -> dict[str, dict[int, tuple[int, ...]]]:
    """Call -> place of an argument -> the values that it may have.

    ``fcntl`` without F_SETOWN, by which a pipe can be made to signal another process; ``prlimit64``
    that reads its own limits; ``tgkill`` of itself, as ``abort`` does.
    """
    return {
        "ioctl": {1: (TCGETS, FIOCLEX, FIONCLEX)},
        "fcntl": {1: (F_GETFD, F_SETFD, F_GETFL, F_DUPFD, F_DUPFD_CLOEXEC)},
        "prlimit64": {0: (0,), 2: (0,)},
        "prctl": {0: (PR_SET_NAME, PR_GET_NAME)},
        "tgkill": {0: (os.getpid(),)},
    }


def find_machine() -> tuple[int, int] | None:
    """This machine's number in filters and its place in the tables; None for one unknown here."""
    if os.name != "posix" or platform.system() != "Linux":
        return None
    return MACHINES.get(platform.machine())


# -- the filter of system calls --------------------------------------------------------------------

_LOAD_WORD, _JUMP_IF_EQUAL, _JUMP_IF_SET, _RETURN = 0x20, 0x15, 0x45, 0x06
_KILL_PROCESS, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
# Where struct seccomp_data has the call's number, the machine, and six 64-bit arguments.
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16
_SET_MODE_FILTER, _ALL_THREADS = 1, 1


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def lock_calls(writing: bool) -> None:
    """Refuse every call except those listed here, for all threads, until the process ends.

    ``no_new_privs`` must be set.

    Args:
        writing: whether files may be opened to write, made and removed; Landlock says where.

    Raises:
        OSError: the kernel has no seccomp filters, or does not let this process use them.
    """
    here = find_machine()
    if here is None:
        raise OSError(errno.ENOSYS, "no table of system calls for this machine")
    code = b"".join(_instructions(*here, writing))
    program = _Program(len(code) // 8, code)
    asked = SECCOMP_CALL[here[1]], _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(program)
    if _call("syscall", *asked):  # with _ALL_THREADS it may also be the number of a thread
        raise OSError("the kernel took no seccomp filter")


def _instructions(architecture: int, place: int, writing: bool) -> Iterator[bytes]:
    """Yield the program: kill if the machine is another, then call by call, then refuse."""
    yield _instruction(_LOAD_WORD, _MACHINE)
    yield _instruction(_JUMP_IF_EQUAL, architecture, then=1)
    yield _instruction(_RETURN, _KILL_PROCESS)
    yield _instruction(_LOAD_WORD, _NUMBER)
    freely = FREELY | OPENING | WRITING_CALLS if writing else FREELY
    for number in (numbers[place] for numbers in freely.values()):
        if number is not None:
            yield _instruction(_JUMP_IF_EQUAL, number, otherwise=1)
            yield _instruction(_RETURN, _ALLOW)
    for name, numbers in ({} if writing else OPENING).items():
        number = numbers[place]
        if number is not None:
            yield _instruction(_JUMP_IF_EQUAL, number, otherwise=4)
            # The kernel takes the lower half of the argument alone.
            yield _instruction(_LOAD_WORD, _ARGUMENTS + 8 * FLAGS[name])
            yield _instruction(_JUMP_IF_SET, FORBIDDEN_FLAGS, otherwise=1)
            yield _refuse()
            yield _instruction(_RETURN, _ALLOW)
    for name, arguments in allowed_arguments().items():
        check = b"".join(_checks(arguments))
        yield _instruction(_JUMP_IF_EQUAL, WITH_ARGUMENTS[name][place], otherwise=len(check) // 8)
        yield check
    yield _refuse()


def _checks(arguments: dict[int, tuple[int, ...]]) -> Iterator[bytes]:
    """Allow if each argument has one of its values, else refuse: all that is left of the program.

    Values are below 2**32, so that the upper half of each argument must be 0.
    """
    for place, values in arguments.items():
        at = _ARGUMENTS + 8 * place
        yield _instruction(_LOAD_WORD, at + 4)
        yield _instruction(_JUMP_IF_EQUAL, 0, then=1)
        yield _refuse()
        yield _instruction(_LOAD_WORD, at)
        for left, value in zip(range(len(values), 0, -1), values, strict=True):
            yield _instruction(_JUMP_IF_EQUAL, value, then=left)
        yield _refuse()
    yield _instruction(_RETURN, _ALLOW)


def _refuse() -> bytes:
    return _instruction(_RETURN, _ERRNO | errno.EPERM)


def _instruction(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """struct sock_filter: a jump skips ``then`` or ``otherwise`` instructions."""
    return struct.pack("<HBBI", code, then, otherwise, value)
