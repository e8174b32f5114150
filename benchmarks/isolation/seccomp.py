"""A filter of system calls, which the kernel runs before each of them and nothing removes.

Its form is that of classic BPF: seccomp(2), and linux/filter.h for the instructions.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Iterator

from benchmarks.isolation.syscalls import (
    FLAGS,
    FORBIDDEN_FLAGS,
    FREELY,
    OPENING,
    SECCOMP,
    WITH_ARGUMENTS,
    WRITING,
    allowed_arguments,
    machine,
)

_LOAD_WORD, _JUMP_IF_EQUAL, _JUMP_IF_SET, _RETURN = 0x20, 0x15, 0x45, 0x06
_KILL_PROCESS, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
# Where struct seccomp_data has the call's number, the machine, and six 64-bit arguments.
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16
_SET_MODE_FILTER, _ALL_THREADS = 1, 1


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def lock(writing: bool = False) -> None:
    """Refuse every call except those of ``syscalls``, for all threads, until the process ends.

    ``no_new_privs`` must be set.

    Args:
        writing: whether files may be opened to write, made and removed; Landlock says where.

    Raises:
        OSError: the kernel has no seccomp filters, or does not let this process use them.
    """
    here = machine()
    if here is None:
        raise OSError(errno.ENOSYS, "no table of system calls for this machine")
    code = b"".join(_instructions(*here, writing))
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    number = SECCOMP[here[1]]
    failed = libc.syscall(number, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(program))
    if failed:  # with _ALL_THREADS it may also be the number of a thread
        raise OSError(ctypes.get_errno(), "the kernel took no seccomp filter")


def _instructions(architecture: int, place: int, writing: bool) -> Iterator[bytes]:
    """Yield the program: kill if the machine is another, then call by call, then refuse."""
    yield _instruction(_LOAD_WORD, _MACHINE)
    yield _instruction(_JUMP_IF_EQUAL, architecture, then=1)
    yield _instruction(_RETURN, _KILL_PROCESS)
    yield _instruction(_LOAD_WORD, _NUMBER)
    freely = FREELY | OPENING | WRITING if writing else FREELY
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
