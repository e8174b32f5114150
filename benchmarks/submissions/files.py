"""Files of a submission: read without following a link, waiting for a pipe, or believing a size."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path, PurePosixPath

from mesa_gym.terminal import printable

# The largest baseline has 2 MB of weights.
MOST_BYTES = 100_000_000
_LONGEST_TOLD = 1_000

EXPORT = (
    "export the agent on your own machine: `python -m benchmarks submit export --agents DIR...` for"
    " agents of this project, `--onnx TRAP=FILE...` for graphs (mesa_gym.sb3.export writes one of a"
    " Stable-Baselines3 model), `--traces FILE...` for recorded actions"
)
# How files begin that only Python can read, by executing what they say.
_PICKLED = {
    b"PK\x03\x04": "a zip archive, as torch.save and Stable-Baselines3 write them",
    b"\x80": "a pickle",
    b"\x1f\x8b": "compressed",
}


def harmless(words: object) -> str:
    """Return what may hold a stranger's words, short and without what moves a terminal's cursor."""
    return printable(str(words)[:_LONGEST_TOLD])


def read_inside(folder: Path, file: str, most: int) -> bytes:
    """Return the bytes of a plain file in a folder.

    Args:
        folder: whose name is trusted.
        file: a relative path of ``benchmarks.submissions.format.Inside``, from a stranger.
        most: how many bytes it may have.

    Raises:
        ValueError: it is not there, too large, or no plain file of that folder alone: a link, a
            folder, a pipe, a device.
    """
    *folders, last = PurePosixPath(file).parts
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in folders:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            here, above = _open(name, flags, here, file), here
            os.close(above)
        # Opening a named pipe would wait for its other end.
        handle = _open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, here, file)
    finally:
        os.close(here)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(f"{file} is not a plain file; put the file itself there")
        if found.st_nlink > 1:
            # An archive can make a file of the evaluator's appear in the directory that way.
            raise ValueError(f"{file} is a hard link to some other file; put a copy there")
        if found.st_size > most:
            raise ValueError(f"{file} has more than {most:,} bytes, which no agent here needs")
        with open(handle, "rb", closefd=False) as opened:
            return opened.read(most)
    finally:
        os.close(handle)


def _open(name: str, flags: int, folder: int, file: str) -> int:
    try:
        return os.open(name, flags | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
            raise ValueError(
                f"{file}: {name} is a link or not a plain file; put the file there"
            ) from None
        raise ValueError(f"{file} cannot be read: {os.strerror(error.errno or 0)}") from None


def require_kind(kind: str, file: str, data: bytes) -> None:
    """Raise ValueError where a file does not begin as those of a kind do, whatever its name.

    Safetensors begin with a header's length and then JSON, an ONNX model with its form's version.
    """
    header = int.from_bytes(data[:8], "little")
    if kind == "weights" and data[8:9] == b"{" and header > len(data) - 8:
        raise ValueError(
            f"{file} is damaged: its header would have {header:,} bytes, and the file has"
            f" {len(data):,}; export it again"
        )
    expected, fits = {
        "weights": ("a safetensors file", data[8:9] == b"{"),
        "onnx": ("an ONNX model", data[:1] == b"\x08"),
        "trace": ("an action trace", data.startswith(b"mesa-gym trace")),
    }[kind]
    if fits:
        return
    found = next((words for begin, words in _PICKLED.items() if data.startswith(begin)), "")
    reason = f"{found}: reading it would run what it says, so it is not read"
    raise ValueError(f"{file} is {reason if found else f'not {expected}'}; {EXPORT}")
