"""The evaluator's side of the wall: locked children in which methods' code runs, and their source.

The evaluator holds role, salt, levels, budgets and the solver, and never imports a method. A child
(``benchmarks.tracks.child``) is forked for one call, and is gone after it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
from gymnasium.error import Error

from agents.run import NUM_LEVELS
from benchmarks.isolation import landlock, syscalls
from benchmarks.isolation.frames import Kind, pack
from benchmarks.isolation.nursery import Nursery
from benchmarks.isolation.process import ChildError
from benchmarks.rooms.code import Code, find_code
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.served import NUMBER, UNSEEDED
from benchmarks.tracks.tasks import SLACK_STEPS
from mesa_gym.engine import Ints
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.errors import PolicyError, unknown
from mesa_gym.traps import LEVELS as SHIFT_LEVELS
from mesa_gym.traps import Trap

START_SECONDS = 120.0
# Of one call of a method, in real time and in processor time.
CALL_SECONDS = 24 * 3600
MEMORY, FILE_BYTES = 8 << 30, 1 << 30
# Of what a call returns, pickled; and of environments, their number and rows.
MOST_BYTES, MOST_ENVS, MOST_ROWS = 1 << 28, 64, 4096
_ENVIRONMENT_FRAMES = {
    Kind.MAKE: range(8, 9),
    Kind.RESET: range(8, 8 * MOST_ROWS + 9, 8),
    Kind.STEP: range(8, 8 * MOST_ROWS + 9, 8),
}


def find_source(method: str) -> Code:
    """Find a method's code, none of which is imported here.

    Args:
        method: one of ``METHODS``, or ``FILE.py:Class``, or ``FOLDER:Class`` of a package.

    Raises:
        UnknownNameError: there is no such method.
        ValueError: there is no such file, or it lies where this process imports from.
    """
    own = str(Path(__file__).parent)
    if method in METHODS:
        module, _, name = METHODS[method].partition(":")
        return Code(module, name, "", (own,))
    if ":" not in method:
        raise unknown("method", method, METHODS)
    found = find_code(method)
    return found._replace(readable=(own, *found.readable))


def name_method(method: str) -> str:
    """Return what records call a method: its name, or ``file.Class``."""
    source = find_source(method)
    return method if method in METHODS else f"{source.module}.{source.name}"


class TrainingEnvs:
    """The environments of one child: no option of theirs reaches another level.

    Where episodes are drawn from the shift, a method could pick them: by seeds, whose levels
    anyone can compute, and by resets, which cost no step. There seeds are the evaluator's own, and
    each environment is reset once.

    Args:
        trap: whose training levels are played; None for none.
        most_steps: that all environments together may take.
        alpha: the share of episodes that are drawn from the shift.
        chance: draws the seeds where there is such a share.

    Attributes:
        steps: that were taken.
        met: levels of the shift on which an episode began.
    """

    def __init__(
        self,
        trap: Trap | None,
        most_steps: int = 0,
        alpha: float = 0.0,
        chance: np.random.Generator | None = None,
    ) -> None:
        self._trap, self._most_steps = trap, most_steps
        self._alpha, self._chance = alpha, chance
        self._venvs: list[TrapVectorEnv] = []
        self._begun = set[int]()
        self.steps = 0
        self.met = set[int]()

    def serve(self, kind: Kind, content: bytes) -> bytes:
        """Return the frame that answers a child's request."""
        try:
            return pack(Kind.GIVEN, self._do(kind, content))
        except (ValueError, Error) as error:
            return pack(Kind.REFUSED, str(error).encode())

    def _do(self, kind: Kind, content: bytes) -> bytes:
        (number,) = NUMBER.unpack_from(content)
        if kind is Kind.MAKE:
            return NUMBER.pack(self._make(number))
        if not 0 <= number < len(self._venvs):
            raise ValueError(f"there is no environment {number}")
        venv, given = self._venvs[number], np.frombuffer(content, "<i8", offset=8)
        if len(given) != venv.num_envs:
            raise ValueError(f"got {len(given)} numbers for {venv.num_envs} environments")
        if kind is Kind.RESET:
            seeds = self._draw_seeds(number, given)
            return np.packbits(venv.reset(seed=seeds)[0]).tobytes()
        if self.steps + venv.num_envs > self._most_steps:
            raise ValueError(f"{self.steps} steps were taken; a method has {self._most_steps} here")
        self.steps += venv.num_envs
        seen, rewards, ended, late, infos = venv.step(given)
        if self._alpha:
            self.met.update(infos["level"][infos["level"] >= SHIFT_LEVELS].tolist())
        if "final_obs" in infos:
            seen = np.concatenate([seen, np.stack(infos["final_obs"][infos["_final_obs"]])])
        arrays: tuple[Any, ...] = (rewards.astype("<f8"), ended, late, np.packbits(seen))
        return b"".join(array.tobytes() for array in arrays)

    def _draw_seeds(self, number: int, given: Ints) -> list[int | None]:
        """Return the seeds with which an environment is reset."""
        if not self._alpha:
            return [None if seed == UNSEEDED else seed for seed in given.tolist()]
        if number in self._begun:
            raise ValueError(
                "an environment is reset once where training has levels of the shift; episodes"
                " that end begin again by themselves"
            )
        self._begun.add(number)
        assert self._chance is not None
        seeds: list[int | None] = self._chance.integers(2**32, size=len(given)).tolist()
        return seeds

    def _make(self, n: int) -> int:
        if self._trap is None:
            raise ValueError("there are environments in train() alone, whose steps are counted")
        if len(self._venvs) == MOST_ENVS or not 1 <= n <= MOST_ROWS:
            raise ValueError(
                f"{n} environments cannot be made: 1 to {MOST_ROWS} at a time, {MOST_ENVS} times"
            )
        terms: dict[str, Any] = {"num_levels": NUM_LEVELS, "alpha": self._alpha}
        self._venvs.append(TrapVectorEnv(self._trap, n, autoreset_mode="SameStep", **terms))
        return len(self._venvs) - 1


class MethodCall:
    """One child and the call that it makes; close it, or use it in a ``with``.

    Args:
        wall: of which it is a child.
        about: begins the message of an error.
        assignment: what it is told, besides the bounds.
        trap: whose training levels it may play; None for none.
        starts, data: what it gets before it works: observations, and what a child pickled.
        alpha: the share of its training episodes that are drawn from the shift.
        chance: draws the seeds of these environments.

    Attributes:
        envs: what it trains in.

    Raises:
        PolicyError: of ``ask``: the method failed.
        OSError: no process could be locked up.
    """

    def __init__(
        self,
        wall: Wall,
        about: str,
        assignment: dict[str, Any],
        trap: Trap | None = None,
        starts: bytes = b"",
        data: bytes = b"",
        alpha: float = 0.0,
        chance: np.random.Generator | None = None,
    ) -> None:
        self._wall, self._about = wall, about
        most_steps = assignment.get("most_steps", 0) + SLACK_STEPS
        self.envs = TrainingEnvs(trap, most_steps, alpha, chance)
        self._scratch = ""
        if assignment["work"] == "train":
            # Kept from children that play a role: inode numbers would tell of each other's files.
            self._scratch = str(Path(tempfile.mkdtemp(prefix="mesa-gym-")).resolve())
        bounds = {"seconds": CALL_SECONDS, "memory": MEMORY, "file_bytes": FILE_BYTES}
        told = assignment | bounds | {"scratch": self._scratch}
        self._child = wall.nursery.begin()
        self._deadline = time.monotonic() + CALL_SECONDS
        try:
            question = pack(Kind.SETTINGS, msgspec.json.encode(told))
            self._child.exchange(question, Kind.LOCKED, 0, START_SECONDS)
        except ChildError as error:
            self.close()
            raise OSError(f"no process could be locked up for a method: {error}") from None
        self._waiting = pack(Kind.FILE, starts) + pack(Kind.FILE, data)

    def ask(self, question: bytes, answers: Mapping[Kind, range]) -> tuple[Kind, bytes]:
        """Send frames, serve environments meanwhile, and return the answer: kind and bytes.

        Args:
            question: frames.
            answers: kinds that are expected, and how many bytes each may have.
        """
        question, self._waiting = self._waiting + question, b""
        try:
            while True:
                left = self._deadline - time.monotonic()
                kind, content = self._child.converse(
                    question, {**_ENVIRONMENT_FRAMES, **answers}, left
                )
                if kind not in _ENVIRONMENT_FRAMES:
                    return kind, content
                question = self.envs.serve(kind, content)
        except ChildError as error:
            raise PolicyError(f"{self._about}: {error}") from None

    def wait(self, most: int = MOST_BYTES) -> bytes:
        """Return what the call gives in the end, at most so many bytes."""
        return self.ask(b"", {Kind.RESULT: range(most + 1)})[1]

    def close(self) -> None:
        """End the child, and remove what it wrote."""
        self._child.close()
        self._wall.seconds += self._child.seconds
        if self._scratch:  # as deep as it may be
            subprocess.run(["rm", "-rf", "--", self._scratch], check=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Wall:
    """The source of locked children; close it, or use it in a ``with``.

    Attributes:
        nursery: the clean interpreter.
        seconds: of processor time of all children that have ended.

    Raises:
        OSError: this system cannot lock a process up.
    """

    def __init__(self) -> None:
        require_locks()
        self.nursery = Nursery("benchmarks.tracks.child")
        self.seconds = 0.0

    def close(self) -> None:
        """End all children."""
        self.nursery.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def require_locks() -> None:
    """Raise OSError where this system cannot lock a method up; none is then run."""
    if syscalls.machine() is None or landlock.version() < landlock.WRITING:
        raise OSError(
            "a method runs in a locked process, which needs Linux 6.2 or newer with Landlock, on"
            f" {' or '.join(syscalls.MACHINES)}; here is {sys.platform}, and version"
            f" {landlock.version()} of Landlock (0: none)"
        )
