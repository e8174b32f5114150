"""The scorer's side of a child: started clean, asked with a deadline, and ended."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any, cast

from benchmarks.isolation.frames import HEAD, LONGEST_TEXT, Kind, plain

_ROOT = Path(__file__).parents[2]
_MAIN = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    " from benchmarks.isolation.child import main; main()"
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
    # Torch makes this folder when its optimizers are imported, unless it is there.
    "TORCHINDUCTOR_CACHE_DIR": "/",
}
_CHUNK = 1 << 20
_KEPT_OF_STDERR = 8192


class ChildError(RuntimeError):
    """An answer that did not come: why, then the end of what the child wrote to standard error."""


def start_interpreter(code: str, *arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
    """Start a clean interpreter: it is given no file, variable or memory of ours but the streams.

    Args:
        code: what it runs.
        arguments: ``sys.argv`` from 2 on; the first is the folder of this project.
        streams: keywords of ``subprocess.Popen``.
    """
    return subprocess.Popen(
        # -I: no PYTHON* variables, no user's site, no folder of ours as the first to import from.
        [sys.executable, "-I", "-B", "-X", "no_debug_ranges", "-c", code, str(_ROOT), *arguments],
        env=_ENVIRONMENT,
        cwd="/",
        bufsize=0,
        start_new_session=True,
        **streams,
    )


class Conversation(ABC):
    """Questions to a child, and its answers; what it writes to standard error is kept at its end.

    Args:
        into, out, err: its standard input, and its standard output and error.
    """

    def __init__(self, into: FileIO, out: FileIO, err: FileIO) -> None:
        self._in, self._out, self._err = into, out, err
        for pipe in (into, out, err):
            os.set_blocking(pipe.fileno(), False)
        self._said = b""

    @abstractmethod
    def end(self, patience: float) -> int | None:
        """End the child; it may end by itself for so many seconds.

        Returns:
            Its exit code, or a signal's number with a minus; None where it had to be ended.
        """

    def exchange(self, question: bytes, expected: Kind, length: int, seconds: float) -> bytes:
        """Ask, and wait for the answer.

        Args:
            question: frames.
            expected: the answer's kind.
            length: how many bytes it must have.
            seconds: how long it may take, of real time.

        Raises:
            ChildError: it said that it failed, died, took too long, or answered something else.
                It is dead then.
        """
        return self.converse(question, {expected: range(length, length + 1)}, seconds)[1]

    def converse(
        self, question: bytes, answers: Mapping[Kind, range], seconds: float
    ) -> tuple[Kind, bytes]:
        """Ask, and wait for one of several answers: its kind, and its bytes.

        Args:
            question: frames.
            answers: kinds, and how many bytes each may have.
            seconds: how long it may take, of real time.

        Raises:
            ChildError: as ``exchange``.
        """
        deadline = time.monotonic() + seconds
        try:
            kind, answer = self._exchange(memoryview(question), answers, deadline)
            if kind in answers:
                return kind, answer
            reason = plain(answer.decode(errors="replace")).replace("\n", " ")
        except TimeoutError:
            reason = f"it gave no answer within {seconds:.3g} s"
        except EOFError:
            reason = self._death()
        except ChildError as error:
            reason = str(error)
        self.close()
        said = plain(self._said.decode(errors="replace"))
        raise ChildError("\n  | ".join([reason, *said.splitlines()]))

    def close(self) -> None:
        """End it; it can be asked no more."""
        self.end(0)
        if not self._err.closed:
            while self._listen():  # to the end, as no process is left to write more
                pass
        for pipe in (self._in, self._out, self._err):
            pipe.close()

    def _exchange(
        self, question: memoryview, answers: Mapping[Kind, range], deadline: float
    ) -> tuple[Kind, bytes]:
        answer, size = bytearray(), HEAD.size
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            selector.register(self._err, selectors.EVENT_READ)
            selector.register(self._in, selectors.EVENT_WRITE)
            while question or len(answer) < size:
                left = deadline - time.monotonic()
                ready = [key.fileobj for key, _ in selector.select(left)] if left > 0 else []
                if not ready:
                    raise TimeoutError
                if self._err in ready and not self._listen():
                    selector.unregister(self._err)
                if self._in in ready:
                    question = self._write(question)
                    if not question:
                        selector.unregister(self._in)
                if self._out in ready:
                    answer += self._read_answer(size - len(answer))
                    if len(answer) == HEAD.size == size:
                        size += _find_length(answer, answers)
        return Kind(answer[0]), bytes(answer[HEAD.size :])

    def _write(self, question: memoryview) -> memoryview:
        """Write what the pipe takes; what is left."""
        try:
            return question[self._in.write(question[:_CHUNK]) or 0 :]
        except BrokenPipeError:
            raise EOFError from None

    def _read_answer(self, most: int) -> bytes:
        data = self._out.read(most)
        if data == b"":
            raise EOFError
        return data or b""

    def _listen(self) -> bool:
        """Keep the end of what it says on standard error; whether it may say more."""
        heard = self._err.read(_CHUNK)
        self._said = (self._said + (heard or b""))[-_KEPT_OF_STDERR:]
        return heard != b""

    def _death(self) -> str:
        code = self.end(1)
        if code is None:
            return "it closed the pipe that it should answer through"
        if code >= 0:
            return f"it ended, with exit code {code}"
        if -code == signal.SIGXCPU:
            return "it was ended, for it computed longer than it may"
        return f"it was ended by the signal {signal.Signals(-code).name}"


class Process(Conversation):
    """A child that waits for its settings. It is given no file, variable or memory of ours."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self._child = start_interpreter(_MAIN, stdin=pipe, stdout=pipe, stderr=pipe)
        streams = (self._child.stdin, self._child.stdout, self._child.stderr)
        super().__init__(*(cast(FileIO, stream) for stream in streams))

    def end(self, patience: float) -> int | None:
        """End the child; it may end by itself for so many seconds."""
        try:
            return self._child.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            return None


def _find_length(head: bytearray, answers: Mapping[Kind, range]) -> int:
    """Return how many bytes follow the head of an answer."""
    kind, claimed = HEAD.unpack(head)
    if claimed in answers.get(kind, ()):
        return int(claimed)
    if kind == Kind.FAILED and claimed <= LONGEST_TEXT:
        return int(claimed)
    raise ChildError("it sent something that is not an answer")
