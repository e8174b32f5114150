"""Children that are forked from one clean interpreter, in which libraries are imported already.

To start an interpreter and import torch takes seconds; to fork one that has done so, a few
milliseconds. A fork of the scorer would have the scorer's memory. The interpreter here is started
as a ``Process`` is, imports what is ours, and never anything foreign; each child is a fork of that,
locks itself, and serves one conversation. Children share nothing that one of them could change.
"""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import socket
import struct
import subprocess
import time
from contextlib import suppress
from importlib import import_module
from io import FileIO
from typing import Self

from benchmarks.isolation.frames import plain
from benchmarks.isolation.process import Conversation, start_interpreter

_MAIN = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    " from benchmarks.isolation.nursery import serve; serve(sys.argv[2])"
)
# A child's number, or 0 for a new one, and how long it may take to end.
_REQUEST = struct.Struct("<qd")
# The child's number; its exit status, or -1 where it had to be ended; its processor time.
_REPLY = struct.Struct("<qqd")
_ENDED_HERE = -1
_SET_PIPE_SIZE, _PIPE_SIZE = 1031, 1 << 20


class Nursery:
    """The interpreter; close it, or use it in a ``with``. Its children end with it.

    Args:
        module: what it imports, and whose ``main(parent)`` serves in a child.

    Raises:
        OSError: of ``begin``: the interpreter ended.
    """

    def __init__(self, module: str) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
            self._process = start_interpreter(
                _MAIN, module, stdin=theirs, stdout=nothing, stderr=pipe
            )

    def begin(self) -> Forked:
        """Fork a child."""
        ours, theirs = [], []
        for mine, its in ((1, 0), (0, 1), (0, 1)):
            ends = os.pipe()
            with suppress(OSError):  # smaller pipes serve as well
                fcntl.fcntl(ends[0], _SET_PIPE_SIZE, _PIPE_SIZE)
            ours.append(FileIO(ends[mine], "rw"[mine]))
            theirs.append(ends[its])
        try:
            child, _, _ = self.request(0, 0, theirs)
        finally:
            for end in theirs:
                os.close(end)
        return Forked(self, child, *ours)

    def request(self, child: int, patience: float, files: list[int]) -> tuple[int, int, float]:
        """Ask for a child, or for a child's end.

        Returns:
            its number, its exit status, and the seconds of processor time that it took.
        """
        reply = b""
        with suppress(ConnectionError):
            socket.send_fds(self._control, [_REQUEST.pack(child, patience)], files)
            reply = self._control.recv(_REPLY.size)
        if len(reply) < _REPLY.size:
            assert self._process.stderr
            said = plain(self._process.stderr.read().decode(errors="replace"))
            raise OSError(f"the interpreter that locked processes are forked from ended:\n{said}")
        number, status, seconds = _REPLY.unpack(reply)
        return number, status, seconds

    def close(self) -> None:
        """End the interpreter, and with it all children."""
        self._control.close()
        self._process.kill()
        self._process.wait()
        assert self._process.stderr
        self._process.stderr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Forked(Conversation):
    """A child of a nursery.

    Attributes:
        seconds: of processor time that it took; 0 until it has ended.
    """

    def __init__(
        self, nursery: Nursery, child: int, into: FileIO, out: FileIO, err: FileIO
    ) -> None:
        super().__init__(into, out, err)
        self._nursery, self._child = nursery, child
        self._status: int | None = None
        self.seconds = 0.0

    def end(self, patience: float) -> int | None:
        """End the child; it may end by itself for so many seconds."""
        if self._status is None:
            _, self._status, self.seconds = self._nursery.request(self._child, patience, [])
        if self._status == _ENDED_HERE:
            return None
        return os.waitstatus_to_exitcode(self._status)


def serve(module: str) -> None:
    """Import, then fork children as the scorer at the other end of standard input asks for them."""
    main = import_module(module).main
    control = socket.socket(fileno=os.dup(0))
    parent = os.getpid()
    gc.freeze()  # what is never looked at by the collector stays shared with the children
    while True:
        data, files, _, _ = socket.recv_fds(control, _REQUEST.size, 3)
        if not data:
            os._exit(0)
        child, patience = _REQUEST.unpack(data)
        status, seconds = 0, 0.0
        if child:
            status, seconds = _end(child, patience)
        else:
            child = os.fork()
            if child == 0:
                for place, file in enumerate(files):
                    os.dup2(file, place)
                # All others: the way to the interpreter too.
                os.closerange(3, os.sysconf("SC_OPEN_MAX"))
                main(parent)
                os._exit(0)
            for file in files:
                os.close(file)
        control.send(_REPLY.pack(child, status, seconds))


def _end(child: int, patience: float) -> tuple[int, float]:
    """Wait for a child, and end it where it does not end: its status, its processor time."""
    deadline = time.monotonic() + patience
    found, status, used = os.wait4(child, os.WNOHANG)
    while not found and time.monotonic() < deadline:
        time.sleep(0.005)
        found, status, used = os.wait4(child, os.WNOHANG)
    if not found:
        os.kill(child, signal.SIGKILL)
        _, _, used = os.wait4(child, 0)
        status = _ENDED_HERE
    return status, used.ru_utime + used.ru_stime
