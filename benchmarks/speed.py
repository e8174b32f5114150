"""Steps a second of all traps, beside Minigrid's: ``python -m benchmarks.speed``.

Random actions drawn ahead, observations included, one thread. The last column is torch's on this
CPU (``mesa_gym.make_torch``), in shares of NumPy's. A shared machine is not equally fast from one
second to the next, so that all rates are measured in turns, several times each, and medians count.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import gymnasium
import numpy as np

import mesa_gym
from mesa_gym.command import DONE, run_command
from mesa_gym.envs.settings import Settings
from mesa_gym.envs.supply import Supply
from mesa_gym.errors import missing_extra
from mesa_gym.terminal import table
from mesa_gym.traps import Split, Trap, all_traps, find_trap

MINIGRID = "MiniGrid-Empty-8x8-v0"
ACTIONS = 256  # drawn ahead, used over and over
BANK = 1024  # levels that come again and again
COUNTS = (1, 64, 1024)  # environments
# Beside every trap as it is: the size for which others publish their speed.
LARGE = ("CheeseCorner", 13)
REPEATS, SECONDS = 5, 0.25


class Work(NamedTuple):
    """Something that can be done over and over.

    Attributes:
        take: takes so many steps, and returns how many things that makes.
        least: the number that the steps of a measurement are a multiple of, so that each holds
            its share of what happens now and then.
    """

    take: Callable[[int], int]
    least: int = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--traps", nargs="+", help="(all)")
    parser.add_argument("--quick", action="store_true", help="see that it runs; rough numbers")
    options = parser.parse_args(arguments)

    def work() -> int:
        traps = [find_trap(name)() for name in options.traps or all_traps()]
        if not options.traps:
            traps.append(find_trap(LARGE[0])(LARGE[1]))
        print(steps_table(traps, options.quick))
        return DONE

    return run_command("speed", work)


def steps_table(traps: Sequence[Trap], quick: bool) -> str:
    """Return the steps a second of each trap, all measured in turns.

    Raises:
        ImportError: Minigrid is not installed; the message names the extra.
    """
    cases = [(trap, levels, n) for trap in traps for levels in (BANK, None) for n in COUNTS]
    works: dict[Any, Work] = {MINIGRID: minigrid()}
    works |= {(repr(t), levels, n): environments(t, n, levels, quick) for t, levels, n in cases}
    works |= {(repr(trap), "torch"): tensors(trap, COUNTS[-1]) for trap in traps}
    found = measure_rates(works, *((1, 0.005) if quick else (REPEATS, SECONDS)))
    rows = [[MINIGRID, "", _short(found[MINIGRID]), "", "", "1", ""]]
    for trap in traps:
        for levels in (BANK, None):
            speeds = [found[repr(trap), levels, n] for n in COUNTS]
            cells = [repr(trap), f"{levels:,}" if levels else "always new", *map(_short, speeds)]
            in_torch = f"{found[repr(trap), 'torch'] / speeds[-1]:.2f}" if levels else ""
            rows.append([*cells, f"{speeds[0] / found[MINIGRID]:.1f}", in_torch])
    counts = (f"{n:,}" for n in COUNTS)
    return table(["steps/s of so many", "levels", *counts, "one, times Minigrid", "torch"], rows)


def environments(trap: Trap, n: int, levels: int | None, quick: bool = False) -> Work:
    """Return steps of n environments, one from ``gymnasium.make``.

    Args:
        trap: with its size.
        n: how many.
        levels: that come again and again; None where none ever does.
        quick: whether a measurement may end before levels have been drawn ahead again: it may then
            hold none of that work, or all of it.
    """
    given: dict[str, Any] = {"size": trap.size, "num_levels": levels}
    # From reset to reset where an episode runs into the time limit.
    episodes = 1 if quick else Supply(Settings(trap, num_levels=levels), n).slots
    least = episodes * (trap.horizon(Split.TRAIN) + 1)
    if n == 1:
        return single(trap.id(), least, **given)
    env = gymnasium.make_vec(trap.id(), n, vectorization_mode="vector_entry_point", **given)
    actions = np.random.default_rng(0).integers(0, 5, (ACTIONS, n))
    env.reset(seed=0)

    def take(steps: int) -> int:
        for i in range(steps):
            env.step(actions[i % ACTIONS])
        return steps * n

    return Work(take, least)


def tensors(trap: Trap, n: int) -> Work:
    """Return steps of n environments in torch on the CPU; ImportError names its extra."""
    env = mesa_gym.make_torch(trap.id(), n, size=trap.size, num_levels=BANK, seed=0)
    torch = import_module("torch")
    torch.set_num_threads(1)
    actions = torch.randint(5, (ACTIONS, n))
    env.reset()

    def take(steps: int) -> int:
        for i in range(steps):
            env.step(actions[i % ACTIONS])
        return steps * n

    return Work(take)


def single(id: str, least: int, **keywords: Any) -> Work:
    """Return steps of one environment from ``gymnasium.make``, reset where its episode ends."""
    env = gymnasium.make(id, **keywords)
    env.action_space.seed(0)
    actions = [int(env.action_space.sample()) for _ in range(ACTIONS)]
    env.reset(seed=0)

    def take(steps: int) -> int:
        for i in range(steps):
            _, _, terminated, truncated, _ = env.step(actions[i % ACTIONS])
            if terminated or truncated:
                env.reset()
        return steps

    return Work(take, least)


def minigrid() -> Work:
    """Return steps of one Minigrid environment; ImportError, which names the extra, without it."""
    try:
        import minigrid  # noqa: F401 (registers its environments)
    except ImportError:
        raise missing_extra("minigrid", "leaderboard") from None
    return single(MINIGRID, 256)


def measure_rates(works: Mapping[Any, Work], repeats: int, seconds: float) -> dict[Any, float]:
    """Return how many things a second each work makes.

    Args:
        works: name -> what to do.
        repeats: measurements of each.
        seconds: about how long one takes.
    """
    counts = {name: _count_steps(work, seconds) for name, work in works.items()}
    found: dict[Any, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            began = perf_counter()
            made = work.take(counts[name])
            found[name].append(made / (perf_counter() - began))
    return {name: median(measured) for name, measured in found.items()}


def _count_steps(work: Work, seconds: float) -> int:
    """Return the steps of a measurement, after some to warm up."""
    work.take(work.least)
    began = perf_counter()
    work.take(work.least)
    return work.least * max(1, round(seconds / (perf_counter() - began)))


def _short(rate: float) -> str:
    return f"{rate / 1e6:.2f} M" if rate >= 1e6 else f"{rate / 1e3:.1f} k"


if __name__ == "__main__":
    sys.exit(main())
