"""The other side of a room: it locks itself, loads a class, and serves calls of it.

Nothing of mesa_gym is imported here: where auditors work, its code must not be found.
"""

from __future__ import annotations

import os
import struct
import sys
import traceback
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from importlib.machinery import FileFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Any, NoReturn

import msgspec

from benchmarks.rooms import locks, messages

HEAD = struct.Struct("<Q")  # the length of a message, before it


class NoSuchAnswerError(Exception):
    """An answer that cannot be acted on; its text is told as it is."""


class Order(msgspec.Struct, array_like=True, frozen=True):
    """The first message to a room.

    Attributes:
        module, name, file: of the class that works there; module is "" for none.
        readable: files and folders that may be read besides the libraries.
        own: whether this project's code may be read.
        scratch: the one folder that may be written; "" for none.
        seconds, memory: of processor time, and bytes that are taken.
        terms: what ``enter`` is told.
    """

    module: str
    name: str
    file: str
    readable: list[str]
    own: bool
    scratch: str
    seconds: int
    memory: int
    terms: Any


class Host:
    """The evaluator, as a room calls it.

    Attributes:
        served: what the evaluator may call here, by name.
    """

    def __init__(self) -> None:
        self._questions, self._answers = os.fdopen(os.dup(0), "rb"), os.dup(1)
        # What foreign code prints must not be taken for an answer.
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        self.served: messages.Served = {}

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function of the evaluator; ValueError where that is refused."""
        self.send(messages.encode_call(name, arguments))
        while True:
            message = messages.decode_message(self.receive())
            if isinstance(message, messages.Value):
                return messages.decode(message.value, Any)
            if isinstance(message, messages.Refused):
                raise ValueError(message.text)
            self.answer(message)

    def serve(self) -> NoReturn:
        """Serve until the evaluator goes, which is an EOFError."""
        while True:
            message = messages.decode_message(self.receive())
            assert isinstance(message, messages.Call)
            self.answer(message)

    def answer(self, call: messages.Call) -> None:
        """Do what the evaluator calls. A failure ends this process: no foreign code catches it."""
        try:
            self.send(messages.encode_value(messages.call_served(self.served, call)))
        except EOFError:
            os._exit(0)
        except BaseException as error:  # SystemExit of foreign code too
            self.fail(error)

    def fail(self, error: BaseException) -> NoReturn:
        """Say why, and end."""
        said = str(error)
        if not isinstance(error, NoSuchAnswerError):
            traceback.print_exception(error)
            sys.stderr.flush()
            said = f"it raised {type(error).__name__}: {error}".removesuffix(": ")
        self.send(messages.encode_refusal(said))
        os._exit(1)

    def receive(self) -> bytes:
        """Read the next message; EOFError at the end."""
        (length,) = HEAD.unpack(self._read(HEAD.size))
        return self._read(length)

    def _read(self, length: int) -> bytes:
        data = self._questions.read(length)
        if len(data) != length:
            raise EOFError("the evaluator has gone")
        return data

    def send(self, message: bytes) -> None:
        """Send a message."""
        rest = memoryview(HEAD.pack(len(message)) + message)
        while rest:
            rest = rest[os.write(self._answers, rest) :]


Enter = Callable[[Any, Any, Host], messages.Served]


def work(parent: int, enter: Enter) -> NoReturn:
    """Serve one conversation.

    Args:
        parent: the process that forked this one.
        enter: gets the class (None for none), the terms and the evaluator, and returns what the
            evaluator may call.
    """
    host = Host()
    try:
        order = msgspec.msgpack.decode(host.receive(), type=Order)
        libraries = locks.list_libraries() if order.own else locks.list_foreign_libraries()
        readable = [*libraries, *map(Path, order.readable)]
        locks.lock_process(parent, readable, order.scratch, order.seconds, order.memory)
        host.send(messages.encode_value(None))
        found = import_class(order) if order.module else None
        host.served = enter(found, order.terms, host)
        host.serve()
    except EOFError:
        os._exit(0)
    except BaseException as error:  # SystemExit of foreign code too
        host.fail(error)


class _SourceLoader(SourceFileLoader):
    """Compiles what a file says: a ``__pycache__`` beside it may say something else."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def import_class(order: Order) -> Any:
    """Return the class; a stranger's package is of its sources alone."""
    if order.file:
        top, path = order.module, Path(order.file)
        inside = [str(path.parent)] if path.name == "__init__.py" else None

        def find_sources(folder: str) -> FileFinder:
            if inside is None or not Path(folder).is_relative_to(inside[0]):
                raise ImportError
            return FileFinder(folder, (_SourceLoader, [".py"]))

        sys.path_hooks.insert(0, find_sources)
        loader = _SourceLoader(top, order.file)
        spec = spec_from_file_location(top, loader=loader, submodule_search_locations=inside)
        assert spec
        sys.modules[top] = module_from_spec(spec)
        loader.exec_module(sys.modules[top])
    module = import_module(order.module)
    if hasattr(module, order.name):
        return getattr(module, order.name)
    alike = get_close_matches(order.name, vars(module), 1)
    hint = f". Did you mean {alike[0]!r}?" if alike else ""
    file = Path(order.file).name
    raise NoSuchAnswerError(f"{file} does not have the class {order.name}{hint}")
