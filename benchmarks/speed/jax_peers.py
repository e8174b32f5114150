"""Steps a second in compiled JAX beside jaxgmg's: ``python -m benchmarks.speed.jax_peers``.

jaxgmg (Abdel Sadek et al. 2025) is in no package index: clone
https://github.com/matomatical/jaxgmg (tried at ea3ac87), put the clone on ``PYTHONPATH``, and
``pip install flax jaxtyping einops imageio tqdm`` beside the extra ``jax``.

Grids of 9x9 cells, everything else as each package has it; planes as observations; 256 levels and
all actions drawn ahead; one compiled scan, of 16,384 steps over all environments, keeps every
observation, reward and end. An episode of jaxgmg begins on its own level again, one of ours on
another; in the column "renewed" jaxgmg's do so too, by a wrapper here. Rates are steps a CPU
second, medians of repeats in turns. NumPy's vector environment stands beside them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

import mesa_gym
from benchmarks.speed.timing import Work, measure_rates
from mesa_gym.command import DONE, run_command
from mesa_gym.envs import TrapVectorEnv
from mesa_gym.errors import missing_extra
from mesa_gym.terminal import table

try:
    import jax
    import jax.numpy as jnp
except ImportError:
    raise missing_extra("jax", "jax") from None

PEERS = {
    "CheeseCorner": "cheese_in_the_corner",
    "KeysChests": "keys_and_chests",
    "FollowMe": "follow_me",
    "MonsterWorld": "monster_world",
}
COUNTS = (1, 16, 64, 1024)  # environments
SIZE, LEVELS, STEPS, WALKS = 9, 256, 16_384, 4
HEADER = ["trap", "n", "ours", "jaxgmg", "renewed", "NumPy", "ours/jaxgmg", "ours/renewed"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 1 jaxgmg is not there, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.jax_peers", description=__doc__
    )
    parser.add_argument("--repeats", type=int, default=7, metavar="K")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a measurement")
    options = parser.parse_args(arguments)

    def work() -> int:
        rows = []
        for name in PEERS:
            for n in COUNTS:
                works = {
                    "ours": _ours(name, n),
                    "jaxgmg": _peer(name, n, renewed=False),
                    "renewed": _peer(name, n, renewed=True),
                    "NumPy": _vectors(name, n),
                }
                rates = measure_rates(works, options.repeats, options.seconds, time.process_time)
                ratios = [rates["ours"] / rates[peer] for peer in ("jaxgmg", "renewed")]
                rows.append([name, str(n), *(f"{rates[key]:,.0f}" for key in works)])
                rows[-1] += [f"{ratio:.2f}" for ratio in ratios]
        print(table(HEADER, rows))
        return DONE

    return run_command("jax_peers", work)


def _scan(step: Callable[..., Any], state: Any, n: int) -> Work:
    """Return the scan that steps n environments from a state and keeps what a learner would."""
    keys = jax.random.split(jax.random.key(1), STEPS // n)
    actions = jax.random.randint(jax.random.key(2), (STEPS // n, n), 0, WALKS)

    def take(state: Any, given: tuple[Any, Any]) -> Any:
        seen, state, reward, done, infos = step(given[0], state, given[1])
        paid = {name: pay for name, pay in infos.items() if "reward" in name}
        return state, (seen, reward, done, paid)

    run = jax.jit(lambda state: jax.lax.scan(take, state, (keys, actions)))

    def repeat(times: int) -> int:
        for _ in range(times):
            jax.block_until_ready(run(state))
        return times * STEPS

    return Work(repeat)


def _ours(name: str, n: int) -> Work:
    env = mesa_gym.make_jax(f"MesaGym/{name}-v0", n, num_levels=LEVELS, size=SIZE)
    return _scan(env.step, env.reset(jax.random.key(0))[1], n)


def _peer(name: str, n: int, renewed: bool) -> Work:
    try:
        module = import_module(f"jaxgmg.environments.{PEERS[name]}")
    except ImportError as error:
        raise ImportError(f"{error}; how to get jaxgmg: {__doc__}") from None
    env = module.Env(automatically_reset=not renewed)
    levels = module.LevelGenerator(height=SIZE, width=SIZE).vsample(jax.random.key(0), LEVELS)

    def begin(rows: Any) -> Any:
        return env.vreset_to_level(jax.tree.map(lambda array: array[rows], levels))

    def step(key: Any, state: Any, action: Any) -> Any:
        _, after, reward, done, infos = env.vstep(key, state, action)
        begun = begin(jax.random.randint(key, (n,), 0, LEVELS))[1]

        def choose(old: Any, new: Any) -> Any:
            return jnp.where(done.reshape(n, *[1] * (old.ndim - 1)), new, old)

        after = jax.tree.map(choose, after, begun)
        return jax.vmap(env.get_obs)(after), after, reward, done, infos

    return _scan(step if renewed else env.vstep, begin(jnp.arange(n) % LEVELS)[1], n)


def _vectors(name: str, n: int) -> Work:
    envs = TrapVectorEnv(name, n, num_levels=LEVELS, size=SIZE, autoreset_mode="SameStep")
    actions = np.random.default_rng(0).integers(0, WALKS, (256, n))
    envs.reset(seed=0)

    def take(steps: int) -> int:
        for step in range(steps):
            envs.step(actions[step % len(actions)])
        return steps * n

    return Work(take, least=len(actions))


if __name__ == "__main__":
    sys.exit(main())
