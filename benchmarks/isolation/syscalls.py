"""The system calls that a child may make once it is locked: to compute, to read, and to answer.

Everything else is refused, so that what a newer kernel adds is refused as well. In particular
there is no call here that makes a process or a thread, opens a socket, looks into or signals
another process, changes a limit, changes a file, or makes memory that RLIMIT_AS does not count.
That a path exists, its size and times, and where a link leads are not hidden: ``stat`` and
``readlink`` are open to all paths, as Landlock does not know them.
"""

from __future__ import annotations

import os
import platform

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
WRITING: dict[str, tuple[int | None, int | None]] = {
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
LANDLOCK = {"create_ruleset": 444, "add_rule": 445, "restrict_self": 446}
SECCOMP = (317, 277)

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


def machine() -> tuple[int, int] | None:
    """This machine's number in filters and its place in the tables; None for one unknown here."""
    if os.name != "posix" or platform.system() != "Linux":
        return None
    return MACHINES.get(platform.machine())
