"""The child's side of the pipes: frames, and what becomes of errors, without mesa_gym."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import BinaryIO, NoReturn

from benchmarks.isolation.frames import LONGEST_TEXT, Kind, pack, receive


class NoSuchAnswerError(Exception):
    """An answer that cannot be acted on; its text is told as it is."""


class Link:
    """The pipes to the scorer, in the child, which trusts what comes."""

    def __init__(self) -> None:
        self._questions = os.fdopen(os.dup(0), "rb")
        self._answers: BinaryIO = os.fdopen(os.dup(1), "wb", buffering=0)
        # What foreign code prints must not be taken for an answer.
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)

    def receive(self) -> tuple[Kind, bytes]:
        """Read the scorer's next frame; EOFError at the end."""
        return receive(self._questions)

    def send(self, kind: Kind, content: bytes = b"") -> None:
        """Send a frame."""
        rest = memoryview(pack(kind, content))
        while rest:  # unbuffered, so that a write may take a part
            rest = rest[self._answers.write(rest) :]

    def request(self, kind: Kind, content: bytes) -> bytes:
        """Ask the scorer for something, and return it; ValueError where that is refused."""
        self.send(kind, content)
        return self.accept(*self.receive())

    def accept(self, kind: Kind, content: bytes) -> bytes:
        """Return what was given; ValueError where it was refused."""
        if kind is Kind.REFUSED:
            raise ValueError(content.decode())
        return content


def run(serve: Callable[[Link], None]) -> NoReturn:
    """Serve the scorer at the other end of standard input and output until it goes."""
    link = Link()
    try:
        serve(link)
    except EOFError:
        os._exit(0)
    except BaseException as error:  # SystemExit of foreign code too
        traceback.print_exc()
        sys.stderr.flush()
        said = f"it raised {type(error).__name__}: {error}".removesuffix(": ")
        said = str(error) if isinstance(error, NoSuchAnswerError) else said
        link.send(Kind.FAILED, said.encode(errors="replace")[:LONGEST_TEXT])
        os._exit(1)
    os._exit(0)
