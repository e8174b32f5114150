"""Submitted programs as policies: each plays in a process of its own, which sees observations.

The process cannot write a card, and receives neither the level nor the salt. It has the same
variables, file name and folder contents in each play, so that it cannot recognise the reviewer.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn
from weakref import finalize

import msgspec
import numpy as np
from numpy.typing import NDArray

import mesa_gym
from mesa_gym.engine import ACTIONS, Bools, Floats, State
from mesa_gym.errors import PolicyError, shorten_text
from mesa_gym.files import write_bytes
from mesa_gym.terminal import printable
from mesa_gym.threads import run_within

PROGRAM_FILE = "submitted.py"  # the program's name in its folder
MOST_REPLY = 4000  # bytes of a text from the process
ANSWER_SECONDS = 600.0  # for a batch of observations
# The first byte of a reply; its size follows, then its contents.
BAD = b"-"
GOOD = b"+"
SIZE_BYTES = 8


class Traits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes of a program's policy that scoring reads (``Policy``)."""

    observation: str
    memory: bool
    drops_rows: bool


class ProgramPolicy:
    """A policy of a Python file, which plays in another process.

    Args:
        program: the contents of the file.
        name: the name of a policy or of a factory in it, as in ``FILE.py:name``.
        trap: the trap's name.
        contained: whether the process runs in a container (bubblewrap), without network and
            without the user's files.

    Attributes:
        close: ends the process.

    Raises:
        PolicyError: the program cannot be loaded.
        ValueError: there is no bubblewrap for a container.
    """

    def __init__(self, program: bytes, name: str, trap: str, contained: bool = False) -> None:
        temporary = TemporaryDirectory(prefix="mesa_gym-")
        folder = Path(temporary.name)
        write_bytes(folder / PROGRAM_FILE, program)
        variables = {
            "HOME": "/tmp",
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": str(Path(mesa_gym.__file__).parents[1]),
        }
        worker = [sys.executable, "-m", "mesa_gym.policies.program_worker"]
        command = [*worker, f"{PROGRAM_FILE}:{name}", trap]
        self._process = subprocess.Popen(
            [*list_container_words(folder, variables), *command] if contained else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=variables,
        )
        self.close = finalize(self, _stop, self._process, temporary)
        try:
            traits = msgspec.json.decode(self._receive(MOST_REPLY), type=Traits)
        except msgspec.MsgspecError:
            self._fail("its first answer cannot be read")
        self.observation, self.memory = traits.observation, traits.memory
        if traits.drops_rows:
            self.keep_rows = lambda mask: self._ask(0, "keep_rows", mask)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Let the process clear the memory of the rows in ``mask``."""
        self._ask(0, "reset", mask, rng)

    def act(self, observation: NDArray[np.generic], state: State | None = None) -> Floats:
        """Return the program's action probabilities; ``state`` is not passed on."""
        shape = len(observation), len(ACTIONS)
        data = self._ask(8 * shape[0] * shape[1], "act", observation)
        if len(data) != 8 * shape[0] * shape[1]:
            self._fail("its answer has another size than its observations")
        return np.frombuffer(data, np.float64).reshape(shape)

    def _ask(self, most: int, *request: object) -> bytes:
        data = pickle.dumps(request)
        return self._receive(most, len(data).to_bytes(SIZE_BYTES) + data)

    def _receive(self, most: int, data: bytes = b"") -> bytes:
        """Send data, and return a reply of at most ``most`` bytes within the time limit."""
        requests, replies = self._process.stdin, self._process.stdout
        assert requests is not None
        assert replies is not None

        def exchange() -> tuple[bytes, bytes]:
            requests.write(data)
            requests.flush()
            status, size = replies.read(1), int.from_bytes(replies.read(SIZE_BYTES))
            return status, replies.read(size) if size <= max(most, MOST_REPLY) else b""

        try:
            status, reply = run_within("an answer", exchange, self._process.kill, ANSWER_SECONDS)
        except (OSError, TimeoutError) as error:
            self._fail(str(error))
        if status == BAD:
            self._fail(printable(shorten_text(reply.decode(errors="replace"), MOST_REPLY)))
        if status != GOOD or len(reply) > most:
            self._fail("its process has ended, or answers something else than probabilities")
        return reply

    def _fail(self, reason: str) -> NoReturn:
        self.close()
        raise PolicyError(f"the program: {reason}")


def _stop(process: subprocess.Popen[bytes], folder: TemporaryDirectory[str]) -> None:
    folder.cleanup()
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # data that the process did not read
                continue


def list_container_words(folder: Path, variables: dict[str, str]) -> list[str]:
    """Return the words before a command that run it in a container: it sees Python and a folder.

    Raises:
        ValueError: bubblewrap is not installed.
    """
    if (bwrap := shutil.which("bwrap")) is None:
        raise ValueError(
            "a container needs bubblewrap, which is not installed: apt install bubblewrap, or dnf"
            " install bubblewrap (Linux alone)"
        )
    words = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    for variable, value in variables.items():
        words += ["--setenv", variable, value]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib64"):
        words += ["--symlink", f"usr/{name}", f"/{name}"]
    package = Path(mesa_gym.__file__).parent
    for path in (sys.base_prefix, sys.prefix, package, folder):
        if not Path(path).is_relative_to("/usr"):
            words += ["--ro-bind", os.fspath(path), os.fspath(path)]
    return [*words, "--chdir", str(folder)]
