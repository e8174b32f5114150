"""The common parts of commands: exit codes, errors in one line, results that can be written."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from mesa_gym.errors import MOST_TOLD, PolicyError, shorten_text
from mesa_gym.terminal import printable

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def guarded(program: str, work: Callable[[], int], interrupted: str = "nothing was written") -> int:
    """Run a command's work; what goes wrong is one line on standard error.

    Where a policy's own code raised, the line stands under its traceback.

    Args:
        program: begins the line.
        work: returns an exit code.
        interrupted: what Ctrl-C leaves behind.

    Returns:
        What ``work`` returned; 1 if a policy failed, or reading or writing did; 2 for bad usage
        (a name, number or file that does not fit, a missing extra); 130 if interrupted; 1, without
        a message, if the reader of the output has gone.
    """
    try:
        return work()
    except (ValueError, ImportError, FileExistsError) as error:
        reason, code = str(error), USAGE
    except BrokenPipeError:  # the reader, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        code = FAILED
    except PolicyError as error:
        _tell(error.trace)
        reason, code = str(error), FAILED
    except KeyboardInterrupt:
        reason, code = f"interrupted; {interrupted}", INTERRUPTED
    _tell(f"{program}: {shorten_text(reason, MOST_TOLD)}")
    return code


def _tell(text: str) -> None:
    """Print lines on standard error, without what would change the terminal."""
    for line in text.splitlines():
        print(printable(line), file=sys.stderr)


def require_writable(path: Path | None) -> None:
    """Fail before long work, not after it: ValueError where a file cannot be written."""
    if path is None:
        return
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir():
        reason = "it is a directory, or its folder does not exist"
    elif path.exists() and not path.is_file():
        reason = "it is not an ordinary file"
    elif path.exists() and not os.access(path, os.W_OK):
        reason = "it is there, and protected against writing"
    elif not os.access(folder, os.W_OK | os.X_OK):
        # Files are replaced as a whole, so what counts is whether the folder takes a new one.
        reason = f"nothing can be written to its folder {folder}"
    else:
        return
    raise ValueError(f"cannot write {path}: {reason}")
