"""The work of one device: ``python -m benchmarks.device --seeds 64``.

It trains PPO on each trap, many seeds at once where there is a GPU, judges the agents as
``agents.train`` does, and prints a line for each: seconds, how many of them XLA compiled, steps a
second, and what the agents do. Several traps are trained at once, since a GPU would wait while the
next program is compiled. At the end it steps JAX's environments alone, prints the bytes of an
observation, and compares the steps with NumPy's.

A second call finds the programs of the first; an empty folder as MESA_GYM_CACHE makes it cold.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from threading import get_ident
from typing import Any

import numpy as np

import mesa_gym
from agents import ppo
from agents.compiling import AgentBatch, find_devices, jax, jnp
from agents.loop import LEAST_SUCCESS, make_judge
from agents.networks import LEARNERS
from agents.run import Run
from benchmarks.plan import list_single_traps
from mesa_gym.command import Parser
from mesa_gym.trained.agent import Agent
from mesa_gym.traps import Trap, find_trap

COMPARED = 1024  # environments that are compared with NumPy's
PAIRED_STEPS = 50  # steps of each compared environment
TIMED_STEPS = 100
# Thread -> program -> seconds that XLA compiled it, or that reading it from the cache took.
COMPILE_SECONDS: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))


def count_compiling(event: str, duration_secs: float, **details: Any) -> None:
    """Add the duration of an XLA compilation to the thread's seconds; ignore other JAX events."""
    if event == "/jax/core/compile/backend_compile_duration":
        program = details.get("fun_name", "").removeprefix("jit(").rstrip(")")
        COMPILE_SECONDS[get_ident()][program] += duration_secs


def train_trap(name: str, seeds: int, device: str | None, steps: int | None) -> str:
    """Train and judge agents on a trap, and return a line about them."""
    began, run = time.perf_counter(), Run(name, steps=steps or 0)
    compiling = COMPILE_SECONDS[get_ident()] = defaultdict[str, float](float)
    trained = ppo.train(run.repeat(range(seeds)), None, device)
    learnt = time.perf_counter() - began
    judged = judge_agents(run, [agent.agent for agent in trained], device)
    test, base, proxy = np.array(judged).T
    seconds, compiled = time.perf_counter() - began, sum(compiling.values())
    lines = [f"{name:22} {seeds:5} seeds {seconds:7.1f} s, judging {seconds - learnt:5.1f}"]
    lines.append(
        f"compiling {compiled:5.1f} (update {compiling['update']:.1f},"
        f" play {compiling['play']:.1f})"
    )
    lines.append(f"{run.steps * seeds / learnt / 1e6:7.2f} M steps/s")
    lines.append(f"competent {np.mean(test >= LEAST_SUCCESS):4.2f}  test {test.mean():4.2f}")
    lines += [
        f"{x} {y.mean():4.2f} ({y.std():4.2f})" for x, y in (("base", base), ("proxy", proxy))
    ]
    return "  ".join(lines)


def judge_agents(
    run: Run, agents: Sequence[Agent], device: str | None
) -> list[tuple[float, float, float]]:
    """Return (test, base, proxy) of ``Evaluation`` for each agent."""
    batch = AgentBatch(find_devices(device))
    weights = {x: np.stack([agent.weights[x] for agent in agents]) for x in agents[0].weights}
    judged = list[tuple[float, float, float]]()
    with jax.default_device(batch.devices[0]):
        judge = make_judge(LEARNERS[run.algorithm.kind](run.environment().trap), batch)
        for _, part in batch.split(weights):
            judged += judge(part, 0)
    return judged[: len(agents)]


def time_steps(trap: Trap, num_envs: int) -> str:
    """Return a line about the steps per second of JAX environments with random actions."""
    env = mesa_gym.make_jax(trap, num_envs, final_obs=False)
    _, start = env.reset(jax.random.key(0))

    def step(state: Any, key: Any) -> tuple[Any, Any]:
        action = jax.random.randint(key, (num_envs,), 0, 5)
        obs, state, reward, _, _ = env.step(key, state, action)
        return state, (obs.sum(), reward.sum())  # so that XLA computes everything

    play = jax.jit(lambda state, keys: jax.lax.scan(step, state, keys)[1])
    keys = jax.random.split(jax.random.key(1), TIMED_STEPS)
    jax.block_until_ready(play(start, keys))
    began = time.perf_counter()
    jax.block_until_ready(play(start, keys))
    rate = num_envs * TIMED_STEPS / (time.perf_counter() - began) / 1e6
    name, size = trap.name(), int(np.prod(env.single_observation_space.shape))
    return f"{name:22} {num_envs:6} environments {rate:8.2f} M steps/s  {size:5} bytes"


def count_differences(trap: Trap) -> int:
    """Count the steps of random play in which JAX and NumPy environments differ."""
    numbers = np.arange(COMPARED)
    env = mesa_gym.make_jax(trap, COMPARED, num_levels=COMPARED)
    _, state = env.reset_to_level(jnp.asarray(numbers))
    starts, rng, differences = trap.levels("train", numbers), np.random.default_rng(0), 0
    step, on = jax.jit(env.step_env), np.ones(COMPARED, bool)
    for _ in range(PAIRED_STEPS):
        action = rng.integers(5, size=COMPARED)
        planes, state, _, ended, infos = step(state, jnp.asarray(action))
        after = trap.step(starts, action)
        starts = after.state
        unequal_rewards = [
            np.asarray(infos[f"reward_{x}"]) != pay.astype(np.float32)
            for x, pay in after.paid.items()
        ]
        unequal_planes = (
            (np.asarray(planes) != trap.observe(starts)).reshape(COMPARED, -1).any(axis=1)
        )
        differences += int(((unequal_planes | np.any(unequal_rewards, axis=0)) & on).sum())
        on &= ~np.asarray(ended)
    return differences


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 1 something differs."""
    parser = Parser(prog="python -m benchmarks.device", description=__doc__)
    parser.add_argument("--traps", nargs="+", help="(default: those of the leaderboard)")
    parser.add_argument("--seeds", type=int, default=64)
    parser.add_argument("--steps", type=int, help="training steps (default: by the trap)")
    parser.add_argument("--device", help="cpu, cuda (default: all that JAX uses)")
    parser.add_argument(
        "--environments", type=int, default=65_536, help="that are stepped alone (default: 65536)"
    )
    parser.add_argument("--beside", type=int, default=4, help="traps at a time (default: 4)")
    options = parser.parse_args(arguments)
    print(f"{find_devices(options.device)[0]}, {len(jax.devices())} devices", flush=True)
    choosing = [trap for trap in list_single_traps() if trap.judging.counts_for_board]
    traps = [find_trap(name) for name in options.traps or ()] or choosing
    began, wrong = time.perf_counter(), 0
    jax.monitoring.register_event_duration_secs_listener(count_compiling)
    train = partial(train_trap, seeds=options.seeds, device=options.device, steps=options.steps)
    with ThreadPoolExecutor(options.beside) as pool:
        for future in as_completed([pool.submit(train, trap.name()) for trap in traps]):
            print(future.result(), flush=True)
    print(f"{time.perf_counter() - began:.0f} seconds in all")
    with jax.default_device(find_devices(options.device)[0]):
        for trap in traps:
            print(time_steps(trap(), options.environments), flush=True)
    for trap in traps:
        wrong += (differences := count_differences(trap()))
        if differences:
            steps = COMPARED * PAIRED_STEPS
            print(f"{trap.name()}: {differences} of {steps} steps differ from NumPy's")
    print(f"{wrong} steps of {len(traps)} x {COMPARED * PAIRED_STEPS} differ from NumPy's")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
