"""The common parts of commands: exit codes, one-line errors, checks that results can be written."""

from __future__ import annotations

import argparse
import io
import math
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from threading import Thread
from time import monotonic
from types import FrameType
from typing import Any, NoReturn

from mesa_gym.contents import open_content
from mesa_gym.errors import (
    MOST_TOLD,
    PolicyError,
    WorkError,
    find_nearest,
    read_error,
    shorten_text,
)
from mesa_gym.files import follow_link, locate_path
from mesa_gym.terminal import WRITTEN_ANYWAY, discard, printable, say

DONE = 0
FAILED = 1
USAGE = 2
INTERRUPTED = 130
TERMINATED = 143
REPEATED_SECONDS = 0.5
STANDARD_OUTPUT = Path("-")  # of an option whose result goes down a pipe
# Each file of a kind contains these keys, whichever version wrote it.
CARD_MARKS = (b'"trap"', b'"verdict"')
EPISODE_MARKS = (b'"trap"', b'"play"', b'"actions"')
TABLE_MARKS = (b"trap,policy,play,split,level",)
CERTIFICATE_MARKS = (b'"trap"', b'"overlap"')


class ParserExit(SystemExit):
    """The end of a command by its parser, as for ``--help``."""


class Store(argparse.Action):
    """Stores an option's values: all of a repeated option with ``nargs``, else the only one."""

    _options: argparse.Namespace | None = None  # of the command line that is being read

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store the values; raise ArgumentError for a second value of a single-valued option."""
        if option_string is not None and self._options is namespace:
            first = getattr(namespace, self.dest)
            if self.nargs is None:
                message = f"takes one value and got two, {first} and {values}; leave one out"
                raise argparse.ArgumentError(self, message)
            values = [*first, *values]
        self._options = namespace
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """A parser with two-line errors and without abbreviated options."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords, allow_abbrev=False)
        for name in (None, "store"):
            self.register("action", name, Store)

    def error(self, message: str) -> NoReturn:
        """Print the error and how to get help; exit."""
        message = re.sub(r"invalid int value: (.*)", r"\1 is not a whole number", message)
        message = re.sub(r"invalid locate_path value: (.*)", r"\1 names no file", message)
        message = re.sub(r"invalid float value: (.*)", r"\1 is not a number", message)
        say(f"{self.prog}: {shorten_text(message, MOST_TOLD)}\nTry {self.prog} --help.")
        raise ParserExit(USAGE)

    def exit(self, status: int = DONE, message: str | None = None) -> NoReturn:
        """Exit, after ``--help`` or ``--version``."""
        if message:
            say(message, end="")
        raise ParserExit(status)

    def parse_known_args(self, *args: object, **keywords: object) -> Any:
        """Return the options; for an unknown option, exit with an error that suggests the nearest.

        Positional words such as traps may precede and follow options; argparse reads only the first
        group of them.
        """
        options, left = super().parse_known_args(*args, **keywords)
        for word in (option.partition("=")[0] for option in left if option.startswith("-")):
            if word in ("--trap", "--traps"):
                self.error(f"no option {word}; write the trap's name without {word}")
            names = [name.strip("-") for name in self._option_string_actions]
            near = find_nearest(word.strip("-"), names, 0.7)
            self.error(f"no option {word}" + (f"; did you mean --{near}?" if near else ""))
        lists = [x.dest for x in self._positionals._group_actions if x.nargs in ("*", "+")]
        if left and lists:
            setattr(options, lists[-1], [*getattr(options, lists[-1]), *left])
            left = []
        return options, left


def run_command(
    program: str, work: Callable[[], int], interrupted: str = "nothing was written"
) -> int:
    """Run a command's work; print an error as one line on standard error.

    If a policy's own code raised the error, its traceback is printed above the line.

    Args:
        program: the beginning of the line.
        work: returns an exit code.
        interrupted: the state after Ctrl-C or SIGTERM, for the message.

    Returns:
        The result of ``work``; 1 if a policy, reading or writing failed; 2 for wrong usage (a name,
        number or file that does not fit, a missing extra); 130 if interrupted, 143 if terminated;
        1, without a message, if the reader of the output has exited.
    """
    for stream in ("stdout", "stderr"):
        if getattr(sys, stream) is None:  # the stream was closed, as by 2>&-
            setattr(sys, stream, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=WRITTEN_ANYWAY)  # a locale such as C has ASCII only
    try:
        with _interrupt_on_sigterm(), _end_on_second_signal():
            return _do_and_print(work)
    except (ValueError, ImportError, FileExistsError) as error:
        reason, code = read_error(error), USAGE
    except BrokenPipeError:  # the reader, such as `head`, has exited
        return FAILED
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else read_error(error)
        code = FAILED
    except WorkError as error:
        reason, code = str(error), FAILED
    except PolicyError as error:
        _tell(error.trace)
        reason, code = str(error), FAILED
    except SystemExit as stop:
        if isinstance(stop, ParserExit):
            raise
        reason = f"code that was imported or called ended Python (sys.exit({stop.code!r}))"
        reason, code = f"{reason}; put such a call below if __name__ == '__main__'", FAILED
    except KeyboardInterrupt as stop:
        code = TERMINATED if stop.args == (signal.SIGTERM,) else INTERRUPTED
        reason = f"{'terminated' if code == TERMINATED else 'interrupted'}; {interrupted}"
    _tell(f"{program}: {shorten_text(reason, MOST_TOLD)}")
    return code


def _do_and_print(work: Callable[[], int]) -> int:
    """Run ``work`` and flush standard output, so that a failed write is still reported."""
    try:
        return work()
    finally:
        try:
            sys.stdout.flush()
        except OSError as error:
            discard(sys.stdout)
            raise OSError(error.errno, error.strerror, "standard output") from None


@contextmanager
def _interrupt_on_sigterm() -> Iterator[None]:
    """Handle SIGTERM like Ctrl-C, so that half-written files are removed.

    A window's library then does not handle the signal; it would only close the window.
    """
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt(signal.SIGTERM)

    try:
        signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def _end_on_second_signal() -> Iterator[None]:
    """End the process at a second Ctrl-C or SIGTERM, even if code in C delays the first.

    Signals within ``REPEATED_SECONDS`` are one, because a terminal and a parent may both send it.
    """
    try:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    except ValueError:  # not the main thread
        os.close(reader)
        os.close(writer)
        yield
        return
    Thread(target=_count_signals, args=(reader,), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writer)


def _count_signals(reader: int) -> None:
    """Read the numbers of signals until the pipe is closed; exit at the second one."""
    first = math.inf
    while data := os.read(reader, 1):
        if data[0] in (signal.SIGINT, signal.SIGTERM):
            first = min(first, now := monotonic())
            if now - first > REPEATED_SECONDS:
                os.write(2, b"ended at once by a second signal\n")
                os._exit(TERMINATED if data[0] == signal.SIGTERM else INTERRUPTED)
    os.close(reader)


def _tell(text: str) -> None:
    """Print the lines of a text on standard error, without control characters."""
    for line in text.splitlines():
        say(printable(line))


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add the option that replaces the files of others."""
    help_text = "replace a file that mesa-gym did not write"
    parser.add_argument("--force", action="store_true", help=help_text)


def locate_output(word: str) -> Path:
    """Return the path of a result, or ``STANDARD_OUTPUT`` for ``-``."""
    return STANDARD_OUTPUT if word == str(STANDARD_OUTPUT) else locate_path(word)


@contextmanager
def give_results(options: argparse.Namespace) -> Iterator[None]:
    """Write a result to standard output, and everything else to standard error, for ``-``.

    Raises:
        ValueError: two options name standard output.
    """
    names = [name for name, value in vars(options).items() if value == STANDARD_OUTPUT]
    if len(names) > 1:
        raise ValueError(f"--{' and --'.join(names)} both name standard output; name a file in one")
    if not names:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="mesa-gym-") as folder:
        file = Path(folder) / "result"
        setattr(options, names[0], file)
        with redirect_stdout(sys.stderr):
            yield
        if file.exists():
            sys.stdout.write(file.read_text())


def require_writable(
    path: Path | None, marks: Collection[bytes] = (), *, force: bool = False
) -> None:
    """Raise ValueError, before long work, if a file cannot be written or is another program's.

    Args:
        path: the file; None for no file.
        marks: texts that each file of this kind contains if this package wrote it; without marks,
            any file may be replaced.
        force: whether any file may be replaced.
    """
    if path is None:
        return
    # Missing folders will be made in the nearest that exists.
    folders = follow_link(path).parents
    folder = next(folder for folder in folders if folder.exists() or folder.is_symlink())
    if path.is_dir():
        reason = "it is a directory; name a file"
    elif not folder.exists():
        reason = f"the link {folder} leads to nothing"
    elif not folder.is_dir():
        reason = f"{folder} is a file, and no folder"
    elif path.exists() and not path.is_file():
        reason = "it is not an ordinary file"
    elif path.exists() and not os.access(path, os.W_OK):
        reason = "it is there, and protected against writing"
    elif not os.access(folder, os.W_OK | os.X_OK):
        # A file is replaced as a whole, so its folder must allow a new file.
        reason = f"nothing can be written to its folder {folder}"
    elif marks and not force and path.exists() and not has_marks(path, marks):
        reason = "mesa-gym did not write the file that is there; name another file, or add --force"
    else:
        return
    raise ValueError(f"cannot write {path}: {reason}")


def require_different(*paths: Path | None) -> None:
    """Raise ValueError if two files of a command, None for no file, are one."""
    files = [path.resolve() for path in paths if path is not None]
    if twice := [file for file in files if files.count(file) > 1]:
        raise ValueError(f"two options name one file, {twice[0]}; name two")


def has_marks(path: Path, marks: Collection[bytes]) -> bool:
    """Return whether a file is empty, or contains all marks after unpacking.

    Args:
        path: the file, of any size.
        marks: such as ``CARD_MARKS``, which each file of a kind contains.
    """
    missing, text, is_empty = {*marks}, b"", True
    longest = max(map(len, marks))
    try:
        for chunk in (chunk for content in open_content(path) for chunk in content.read()):
            text = text[-longest:] + chunk  # a mark may lie in two chunks
            missing -= {mark for mark in missing if mark in text}
            is_empty = is_empty and text.strip() in (b"", b"[]")
            if not missing:
                return True
    except ValueError:  # a damaged archive
        return False
    return is_empty
