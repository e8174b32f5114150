"""Locked processes are forked from one clean interpreter, asked with a deadline, and ended.

To start an interpreter and import torch takes seconds; to fork one that has done so, a few
milliseconds. A fork of the evaluator would have the evaluator's memory. The interpreter here is
started clean, imports what is ours, and never anything foreign; each child is a fork of that,
locks itself, and serves one conversation. Children share nothing that one of them could change.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module
from io import FileIO

from benchmarks.rooms import inside, locks
from benchmarks.rooms.inside import HEAD

with suppress(ImportError):  # Windows lacks it; ``require_locks`` says so
    import fcntl

_MAIN = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    " from benchmarks.rooms.start import serve; serve(sys.argv[2])"
)
# One thread each: more threads bring nothing here, and a locked child cannot start any. Memory
# that is freed is kept for the next step, where else each step would ask the kernel for it.
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 25),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 27),
    "ORT_DISABLE_TELEMETRY": "1",
    # Torch makes this folder when its optimizers are imported, unless it is there.
    "TORCHINDUCTOR_CACHE_DIR": "/",
}
# A child's number, or 0 for a new one, and how long it may take to end.
_REQUEST = struct.Struct("<qd")
# The child's number; its exit status, or -1 where it had to be ended; its processor time.
_REPLY = struct.Struct("<qqd")
_ENDED_HERE = -1
_SET_PIPE_SIZE, _PIPE_SIZE = 1031, 1 << 20
_CHUNK, _KEPT_OF_STDERR = 1 << 20, 8192


class ChildError(RuntimeError):
    """An answer that did not come, or that is none."""


class ForkServer:
    """The clean interpreter; close it. Its children end with it.

    Args:
        module: what it imports, and whose ``enter`` serves in a child.
    """

    def __init__(self, module: str) -> None:
        self._control, theirs = socket.socketpair()
        told = str(locks.ROOT), module
        with theirs:
            self._process = subprocess.Popen(
                # -I: no PYTHON* variables, no user's site, no folder of ours to import from first.
                [sys.executable, "-I", "-B", "-X", "no_debug_ranges", "-c", _MAIN, *told],
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )

    def fork(self) -> Child:
        """Fork a child; OSError where the interpreter has ended."""
        ours, theirs = [], []
        for mine, its in ((1, 0), (0, 1), (0, 1)):
            ends = os.pipe()
            with suppress(OSError):  # smaller pipes serve as well
                fcntl.fcntl(ends[0], _SET_PIPE_SIZE, _PIPE_SIZE)
            ours.append(FileIO(ends[mine], "rw"[mine]))
            theirs.append(ends[its])
        try:
            number, _, _ = self.request(0, 0, theirs)
        finally:
            for end in theirs:
                os.close(end)
        return Child(self, number, *ours)

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
            said = self._process.stderr.read().decode(errors="replace")
            raise OSError(
                f"the interpreter that rooms are forked from ended:\n{tell_plainly(said)}"
            )
        number, status, seconds = _REPLY.unpack(reply)
        return number, status, seconds

    def close(self) -> None:
        """End the interpreter, and with it all children."""
        self._control.close()
        self._process.kill()
        self._process.wait()
        assert self._process.stderr
        self._process.stderr.close()


class Child:
    """A fork, and the pipes to it; the end of what it says on standard error is kept.

    Attributes:
        number: of the process.
        seconds: of processor time that it took; 0 until it has ended.
    """

    def __init__(
        self, server: ForkServer, number: int, into: FileIO, out: FileIO, err: FileIO
    ) -> None:
        self._server, self.number = server, number
        self._in, self._out, self._err = into, out, err
        for pipe in (into, out, err):
            os.set_blocking(pipe.fileno(), False)
        self._said = b""
        self._status: int | None = None
        self.seconds = 0.0

    def exchange(self, message: bytes, most: int, seconds: float) -> bytes:
        """Send a message, and return the next one from the child.

        Args:
            message: one or more, each with its length before it.
            most: how many bytes the answer may have.
            seconds: how long it may take, of real time.

        Raises:
            ChildError: none came, in time, or it is too long.
        """
        question, answer, size = memoryview(message), bytearray(), HEAD.size
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            selector.register(self._err, selectors.EVENT_READ)
            selector.register(self._in, selectors.EVENT_WRITE)
            while question or len(answer) < size:
                left = deadline - time.monotonic()
                ready = [key.fileobj for key, _ in selector.select(left)] if left > 0 else []
                if not ready:
                    raise ChildError(f"it gave no answer within {seconds:.3g} s")
                if self._err in ready and not self._listen():
                    selector.unregister(self._err)
                if self._in in ready:
                    question = self._write(question)
                    if not question:
                        selector.unregister(self._in)
                if self._out in ready:
                    answer += self._read(size - len(answer))
                    if len(answer) == HEAD.size == size:
                        (length,) = HEAD.unpack(answer)
                        if not 0 < length <= most:
                            raise ChildError(
                                f"it sent something that is not an answer: of {length:,} bytes,"
                                f" where at most {most:,} may come"
                            )
                        size += length
        return bytes(answer[HEAD.size :])

    def close(self) -> str:
        """End it, and return the end of what it said on standard error."""
        self._end(0)
        if not self._err.closed:
            while self._listen():  # to the end, as no process is left to write more
                pass
        for pipe in (self._in, self._out, self._err):
            pipe.close()
        return self._said.decode(errors="replace")

    def _write(self, question: memoryview) -> memoryview:
        """Write what the pipe takes; what is left."""
        try:
            return question[self._in.write(question[:_CHUNK]) or 0 :]
        except BrokenPipeError:
            raise ChildError(self._tell_death()) from None

    def _read(self, most: int) -> bytes:
        data = self._out.read(min(most, _CHUNK))
        if data == b"":
            raise ChildError(self._tell_death())
        return data or b""

    def _listen(self) -> bool:
        """Keep the end of what it says on standard error; whether it may say more."""
        heard = self._err.read(_CHUNK)
        self._said = (self._said + (heard or b""))[-_KEPT_OF_STDERR:]
        return heard != b""

    def _end(self, patience: float) -> int | None:
        """End the child, which may end by itself for so many seconds: its exit code, or None."""
        if self._status is None:
            _, self._status, self.seconds = self._server.request(self.number, patience, [])
        if self._status == _ENDED_HERE:
            return None
        return os.waitstatus_to_exitcode(self._status)

    def _tell_death(self) -> str:
        code = self._end(1)
        if code is None:
            return "it closed the pipe that it should answer through"
        if code >= 0:
            return f"it ended, with exit code {code}"
        if -code == signal.SIGXCPU:
            return "it was ended, for it computed longer than it may"
        return f"it was ended by the signal {signal.Signals(-code).name}"


def tell_plainly(text: str, lines: int = 12) -> str:
    """Return the end of a foreign text: a few lines, without control characters."""
    kept = [line[:400] for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join("".join(c if c.isprintable() else "�" for c in line) for line in kept)


# -- in the clean interpreter ----------------------------------------------------------------------


def serve(module: str) -> None:
    """Import, then fork children as the evaluator at the other end of standard input asks."""
    enter = import_module(module).enter
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
            status, seconds = _end_child(child, patience)
        else:
            child = os.fork()
            if child == 0:
                for place, file in enumerate(files):
                    os.dup2(file, place)
                # All others: the way to the interpreter too.
                os.closerange(3, os.sysconf("SC_OPEN_MAX"))
                inside.work(parent, enter)
            for file in files:
                os.close(file)
        control.send(_REPLY.pack(child, status, seconds))


def _end_child(child: int, patience: float) -> tuple[int, float]:
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
