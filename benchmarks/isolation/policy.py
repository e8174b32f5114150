"""A foreign policy, as scoring knows policies; what it does, it does in a locked child."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.isolation import landlock, syscalls
from benchmarks.isolation.frames import NAME_BYTES, SEED_BYTES, Kind, pack
from benchmarks.isolation.loading import ChildSettings
from benchmarks.isolation.pictures import LastPictures
from benchmarks.isolation.process import ChildError, Process
from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.envs.observations import OBSERVATIONS
from mesa_gym.errors import PolicyError

# Importing torch takes 3 s of a core that nothing else uses.
START_SECONDS, START_CPU_SECONDS = 120.0, 60.0
ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Bounds:
    """Bounds of what a policy may use while it is scored on one trap.

    Attributes:
        seconds: of real time for all answers; a single one may take 30.
        memory: bytes of address space, beyond what libraries have taken before it is loaded.
    """

    seconds: float = 600.0
    memory: int = 1 << 30


def require_locks() -> None:
    """OSError where this system cannot lock a process up; nothing foreign is then run."""
    if syscalls.machine() is None:
        reason = f"needs Linux on {' or '.join(syscalls.MACHINES)}"
    elif not landlock.version():
        reason = "needs a kernel with Landlock (Linux 5.13 or newer, and not switched off)"
    else:
        return
    raise OSError(
        f"running a foreign policy {reason}, where it can do no harm; what can be scored here are"
        " action traces (mesa_gym.scoring.record, then python -m benchmarks submit export"
        " --traces)"
    )


class Isolated:
    """A policy in a locked child of its own; close it, or use it in a ``with``.

    It gets observations, and when episodes begin; the state that ``act`` is given stays here. Of
    an episode that has ended it gets the last observation again, until ``reset``.

    Args:
        settings: what to load, and how.
        data: the submitted file.
        bounds: what it may use.

    Raises:
        PolicyError: it cannot be loaded.
        OSError: no child can be locked here.
    """

    def __init__(self, settings: ChildSettings, data: bytes, bounds: Bounds | None = None) -> None:
        require_locks()
        bounds = bounds or Bounds()
        self._left, self._pictures = bounds.seconds, LastPictures()
        told: dict[str, Any] = asdict(settings) | {
            "bounds": {
                "parent": os.getpid(),
                # Real time bounds it sooner; this ends one that computes while it is not asked.
                "cpu_seconds": int(START_CPU_SECONDS + bounds.seconds) + 1,
                "memory": bounds.memory,
            },
        }
        self._process = Process()
        try:
            question = pack(Kind.SETTINGS, json.dumps(told).encode())
            self._process.exchange(question, Kind.LOCKED, 0, START_SECONDS)
        except ChildError as error:
            raise OSError(f"no process could be locked up for a foreign policy: {error}") from None
        name = self._ask(pack(Kind.FILE, data), Kind.READY, NAME_BYTES)
        self.observation = name.decode(errors="replace").strip()
        if self.observation not in OBSERVATIONS:
            self.close()
            raise PolicyError(f"it wants the observation {self.observation!r}, which there is not")

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Tell it that episodes begin; its generator starts where this one is."""
        seed = rng.bytes(SEED_BYTES)
        self._ask(pack(Kind.BEGIN, mask.tobytes() + seed), Kind.DONE, 0)
        self._pictures.begin(mask)

    def act(
        self, observation: NDArray[np.uint8], state: State | None = None
    ) -> NDArray[np.float64]:
        """Return its answer, float64 (n, 5), unchecked: it can be whatever a process can write."""
        n = len(observation)
        if state is not None:
            observation, _ = self._pictures.show(observation, state)
        question = pack(Kind.ASK, np.ascontiguousarray(observation, dtype=np.uint8).tobytes())
        answer = self._ask(question, Kind.ANSWER, n * len(ACTIONS) * 8)
        return np.frombuffer(answer, dtype="<f8").reshape(n, len(ACTIONS))

    def close(self) -> None:
        """End the child."""
        self._process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _ask(self, question: bytes, expected: Kind, length: int) -> bytes:
        if self._left <= 0:
            self.close()
            raise PolicyError("its answers took longer than they may in all (see --seconds)")
        began = time.monotonic()
        try:
            seconds = min(ANSWER_SECONDS, self._left)
            return self._process.exchange(question, expected, length, seconds)
        except ChildError as error:
            raise PolicyError(str(error)) from None
        finally:
            self._left -= time.monotonic() - began
