"""Steps a second, a row as soon as it is measured: ``python -m benchmarks.speed``.

Actions are random and drawn ahead; observations are included; 1,024 levels come again. A rate is
the median of several short measurements, by the clock and by the CPU time of this process, which is
more reliable on a busy machine. Without options the command ends within a minute.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from statistics import median
from time import perf_counter, process_time
from typing import Any, NamedTuple

import gymnasium
import numpy as np

import mesa_gym
from mesa_gym.command import DONE, Parser, run_command
from mesa_gym.errors import missing_extra
from mesa_gym.traps import find_trap

MINIGRID = "MiniGrid-Empty-8x8-v0"
TRAPS = ("CheeseCorner", "KeysChests", "MonsterWorld")
ENVIRONMENT_COUNTS = (128, 8192)  # environments
BANK = 1024  # levels that come again
DRAWN_AHEAD = 256  # drawn ahead, used over and over
REPEATS = 5
LEAST_TIME = 0.25
JAX_STEPS = 32  # of a program of JAX
ROW_FORMAT = "{:<24} {:<10} {:>12} {:>12} {:>12}"
HEAD = ("steps a second of", "in", "environments", "by clock", "by CPU")


class Work(NamedTuple):
    """Something that can be done over and over.

    Attributes:
        take: takes so many steps, and returns how many things that makes.
        least: the number that the steps of a measurement are a multiple of.
    """

    take: Callable[[int], int]
    least: int = 1


class Rates(NamedTuple):
    """Things a second, by the clock and by the CPU time."""

    clock: float
    cpu: float


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 2 bad usage, 130 interrupted."""
    parser = Parser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--traps", nargs="+", default=TRAPS, help=f"({' '.join(TRAPS)})")
    parser.add_argument("--torch", action="store_true", help="also measure mesa_gym.make_torch")
    parser.add_argument("--jax", action="store_true", help="also measure mesa_gym.make_jax")
    parser.add_argument("--quick", action="store_true", help="measure briefly: rough numbers")
    options = parser.parse_args(arguments)

    def work() -> int:
        names = [find_trap(name).name() for name in options.traps]
        fronts = ["numpy", *(front for front in ("torch", "jax") if vars(options)[front])]
        print(ROW_FORMAT.format(*HEAD), flush=True)
        for name, front, n in list_measured(names, fronts):
            made = MAKERS[front](name, n)
            rates = measure_rates(made, *((1, 0.005) if options.quick else (REPEATS, LEAST_TIME)))
            print(ROW_FORMAT.format(name, front, f"{n:,}", *map(_shorten, rates)), flush=True)
        return DONE

    return run_command("speed", work)


def list_measured(traps: Sequence[str], fronts: Sequence[str]) -> list[tuple[str, str, int]]:
    """Return environment, interface and number of environments of each row."""
    rows = [(MINIGRID, "minigrid", 1)]
    for trap in traps:
        rows.append((trap, "gym.make", 1))
        rows += [(trap, front, n) for front in fronts for n in ENVIRONMENT_COUNTS]
    return rows


def make_minigrid(name: str, n: int) -> Work:
    """Return steps of one Minigrid environment; ImportError, which names the extra, without it."""
    try:
        import minigrid  # noqa: F401 (registers its environments)
    except ImportError:
        raise missing_extra("minigrid", "leaderboard") from None
    return _step_single(gymnasium.make(name))


def make_single(trap: str, n: int) -> Work:
    """Return steps of one environment from ``gymnasium.make``."""
    return _step_single(gymnasium.make(find_trap(trap).id(), num_levels=BANK))


def _step_single(env: Any) -> Work:
    actions = np.random.default_rng(0).integers(0, 5, DRAWN_AHEAD).tolist()
    env.reset(seed=0)

    def take(steps: int) -> int:
        for i in range(steps):
            _, _, terminated, truncated, _ = env.step(actions[i % DRAWN_AHEAD])
            if terminated or truncated:
                env.reset()
        return steps

    return Work(take, DRAWN_AHEAD)


def make_numpy(trap: str, n: int) -> Work:
    """Return steps of ``gymnasium.make_vec``."""
    mode = "vector_entry_point"
    env = gymnasium.make_vec(find_trap(trap).id(), n, vectorization_mode=mode, num_levels=BANK)
    env.reset(seed=0)
    return _step_over(env, np.random.default_rng(0).integers(0, 5, (DRAWN_AHEAD, n)))


def time_torch(trap: str, n: int) -> Work:
    """Return steps in torch on the CPU, on one thread; ImportError names its extra."""
    env = mesa_gym.make_torch(trap, n, num_levels=BANK, seed=0)
    torch = import_module("torch")
    torch.set_num_threads(1)
    env.reset()
    return _step_over(env, torch.randint(5, (DRAWN_AHEAD, n)))


def _step_over(env: Any, actions: Any) -> Work:
    def take(steps: int) -> int:
        for i in range(steps):
            env.step(actions[i % DRAWN_AHEAD])
        return steps * actions.shape[1]

    return Work(take)


def time_jax(trap: str, n: int) -> Work:
    """Return steps in JAX, many in one program; ImportError names its extra."""
    env = mesa_gym.make_jax(trap, n, num_levels=BANK, final_obs=False)
    jax = import_module("jax")

    def step(state: Any, key: Any) -> Any:
        first, second = jax.random.split(key)
        action = jax.random.randint(first, (n,), 0, 5)
        seen, state, reward, *_ = env.step(second, state, action)
        return state, (seen.sum(), reward.sum())  # sums, so that all is computed

    play = jax.jit(lambda state, key: jax.lax.scan(step, state, jax.random.split(key, JAX_STEPS)))
    now = [env.reset(jax.random.key(0))[1]]

    def take(steps: int) -> int:
        for i in range(steps // JAX_STEPS):
            now[0], _ = jax.block_until_ready(play(now[0], jax.random.key(i)))
        return steps * n

    return Work(take, JAX_STEPS)


MAKERS = {"minigrid": make_minigrid, "gym.make": make_single}
MAKERS |= {"numpy": make_numpy, "torch": time_torch, "jax": time_jax}


def measure_rates(work: Work, repeats: int, seconds: float) -> Rates:
    """Return the median rate of a work, in items a second.

    Args:
        work: what to do.
        repeats: measurements.
        seconds: about how long one takes.
    """
    work.take(work.least)
    began = perf_counter()
    work.take(work.least)
    steps = work.least * max(1, round(seconds / (perf_counter() - began)))
    found = list[tuple[float, float]]()
    for _ in range(repeats):
        clock, cpu = perf_counter(), process_time()
        made = work.take(steps)
        found.append((made / (perf_counter() - clock), made / (process_time() - cpu)))
    return Rates(*map(median, zip(*found, strict=True)))


def _shorten(rate: float) -> str:
    return f"{rate / 1e6:.2f} M" if rate >= 1e6 else f"{rate / 1e3:.1f} k"


if __name__ == "__main__":
    sys.exit(main())
