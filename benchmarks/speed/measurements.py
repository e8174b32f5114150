"""Measurements of speed: steps of environments, memory, SB3's PPO, the import.

Rates to be compared are measured in turns, several times each, and the median counts: a shared
machine is not equally fast from one second to the next.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar

import gymnasium
import numpy as np

from mesa_gym.envs.settings import Settings
from mesa_gym.envs.supply import Supply
from mesa_gym.errors import missing_extra
from mesa_gym.traps import Split, Trap, all_traps, find_trap

T = TypeVar("T")
BUFFER = 8 << 20  # bytes
ACTIONS = 256  # drawn ahead, used over and over
MINIGRID = "MiniGrid-Empty-8x8-v0"
COUNTS = (1, 1024)  # environments
# What is measured with more counts, and learnt on: an easy, a usual and a heavy trap to draw.
WIDE = ("CheeseCorner", (13, 13))
WIDE_COUNTS = (1, 64, 1024, 8192)
LEARNT = ("CheeseCorner", "KeysChests", "RedBlueDoors")
BANK = 1024  # levels that come again and again
# Takes so many steps (or copies) and returns how many things that makes.
Work = Callable[[int], int]


@dataclass(frozen=True)
class Effort:
    """Limits of the time that measuring takes.

    Attributes:
        repeats: measurements of each thing.
        seconds: about how long one takes.
        whole: whether one lasts at least until levels have been drawn ahead again. Without, it
            may well hold none of that work, or all of it.
    """

    repeats: int
    seconds: float
    whole: bool


FULL, QUICK = Effort(5, 0.25, True), Effort(1, 0.005, False)


@dataclass(frozen=True)
class Steps:
    """Steps a second of one trap.

    Attributes:
        trap: with its size.
        levels: how many come again and again; None where none ever does.
        rates: environments -> steps a second; one is from ``gymnasium.make``.
    """

    trap: str
    levels: int | None
    rates: dict[int, float]

    def levels_named(self) -> str:
        """The levels in words."""
        return "always new" if self.levels is None else f"{self.levels:,}"


@dataclass(frozen=True)
class Learning:
    """Frames a second of SB3's PPO on a trap and on stubs that cost nothing.

    Attributes:
        trap: the id.
        ours: on the adapter.
        stub: on constant arrays, no episode of which ever ends.
        timed: on the same, cut into episodes by the trap's time limit.
    """

    trap: str
    ours: float
    stub: float
    timed: float


@dataclass(frozen=True)
class Report:
    """All that was measured.

    Attributes:
        copying: bytes a second that ``copyto`` copies.
        minigrid: steps a second of one Minigrid environment.
        importing, first_step: seconds beyond gymnasium's own import.
    """

    copying: float
    minigrid: float
    steps: list[Steps]
    learning: list[Learning]
    importing: float
    first_step: float


def measure(effort: Effort) -> Report:
    """Everything.

    Raises:
        ImportError: an extra is not installed; the message names it.
    """
    from benchmarks.speed.learning import ppo  # an extra: its absence must show before the work

    copying, minigrid, steps = _measure_steps(effort)
    learning = []
    for id in (find_trap(name).id() for name in LEARNT):
        found = rates({on: (ppo(id, on), 1) for on in ("ours", "stub", "timed")}, effort)
        learning.append(Learning(id, **found))
    return Report(copying, minigrid, steps, learning, *importing(effort.repeats))


def _measure_steps(effort: Effort) -> tuple[float, float, list[Steps]]:
    counted: list[tuple[Trap, tuple[int, ...]]]
    counted = [(cls(), COUNTS) for cls in all_traps().values()]
    counted.append((find_trap(WIDE[0])(WIDE[1]), WIDE_COUNTS))
    cases = [(trap, levels, counts) for trap, counts in counted for levels in (BANK, None)]
    works: dict[Any, tuple[Work, int]] = {"copy": (copying(), 10), MINIGRID: (minigrid(), 256)}
    for trap, levels, counts in cases:
        given: dict[str, Any] = {"size": trap.size, "num_levels": levels}
        for n in counts:
            work = single(trap.id(), **given) if n == 1 else batch(trap.id(), n, **given)
            # From reset to reset where an episode runs into the time limit.
            steps_an_episode = trap.horizon(Split.TRAIN) + 1
            supply = Supply(Settings(trap, num_levels=levels), n)
            episodes = supply.slots if effort.whole else 1
            works[repr(trap), levels, n] = work, steps_an_episode * episodes
    found = rates(works, effort)
    steps = [
        Steps(repr(trap), levels, {n: found[repr(trap), levels, n] for n in counts})
        for trap, levels, counts in cases
    ]
    return found["copy"], found[MINIGRID], steps


def rates(works: Mapping[T, tuple[Work, int]], effort: Effort) -> dict[T, float]:
    """Things a second of several works, measured in turns.

    Args:
        works: name -> what to do, and the number that the steps of a measurement are a multiple
            of, so that each holds its share of what happens now and then.
        effort: of each; the median of the repeats counts.
    """
    counts = {name: _count(work, least, effort) for name, (work, least) in works.items()}
    found: dict[T, list[float]] = {name: [] for name in works}
    for _ in range(effort.repeats):
        for name, (work, _) in works.items():
            began = time.perf_counter()
            made = work(counts[name])
            found[name].append(made / (time.perf_counter() - began))
    return {name: median(measured) for name, measured in found.items()}


def _count(work: Work, least: int, effort: Effort) -> int:
    """Return how many steps take as long as they should, after a warm-up."""
    work(least)
    began = time.perf_counter()
    work(least)
    return least * max(1, round(effort.seconds / (time.perf_counter() - began)))


def copying() -> Work:
    """Copies of 8 MB, in bytes copied."""
    source, target = np.zeros(BUFFER, np.uint8), np.zeros(BUFFER, np.uint8)

    def work(steps: int) -> int:
        for _ in range(steps):
            np.copyto(target, source)
        return steps * BUFFER

    return work


def single(id: str, **keywords: Any) -> Work:
    """Steps of one environment from ``gymnasium.make``, reset where its episode ends."""
    env = gymnasium.make(id, **keywords)
    env.action_space.seed(0)
    actions = [int(env.action_space.sample()) for _ in range(ACTIONS)]
    env.reset(seed=0)

    def work(steps: int) -> int:
        for i in range(steps):
            _, _, terminated, truncated, _ = env.step(actions[i % ACTIONS])
            if terminated or truncated:
                env.reset()
        return steps

    return work


def minigrid() -> Work:
    """Steps of one Minigrid environment.

    Raises:
        ImportError: Minigrid is not installed; the message names the extra.
    """
    try:
        import minigrid  # noqa: F401 (registers its environments)
    except ImportError:
        raise missing_extra("minigrid", "leaderboard") from None
    return single(MINIGRID)


def batch(id: str, n: int, **keywords: Any) -> Work:
    """Steps of n environments from ``gymnasium.make_vec``; a reset in NEXT_STEP counts as one."""
    env = gymnasium.make_vec(id, n, vectorization_mode="vector_entry_point", **keywords)
    actions = np.random.default_rng(0).integers(0, 5, (ACTIONS, n))
    env.reset(seed=0)

    def work(steps: int) -> int:
        for i in range(steps):
            env.step(actions[i % ACTIONS])
        return steps * n

    return work


# -- the import ------------------------------------------------------------------------------------

_IMPORT = """
import json, time
import gymnasium
began = time.perf_counter()
import mesa_gym
imported = time.perf_counter()
env = gymnasium.make("MesaGym/CheeseCorner-v0")
env.reset(seed=0)
env.step(0)
print(json.dumps([imported - began, time.perf_counter() - began]))
"""


def importing(repeats: int) -> tuple[float, float]:
    """Seconds beyond gymnasium's own import: for importing mesa_gym, and to the first step."""
    found = []
    for _ in range(repeats):
        process = subprocess.run(
            [sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True
        )
        found.append(json.loads(process.stdout))
    imported, stepped = zip(*found, strict=True)
    return median(imported), median(stepped)
