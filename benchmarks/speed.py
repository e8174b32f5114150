"""Benchmarks: the CPU seconds of fast paths, here and in another checkout, printed row by row.

::

    python -m benchmarks.speed --against FOLDER

Each run is a process of its own, and those of both checkouts take turns, so that other work on the
machine falls on both. A row shows medians. Levels, values and programs are kept before the first.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from mesa_gym.command import DONE, Parser, run_command

HERE = Path(__file__).parents[1]
RUNS = 9
ROW_FORMAT = "{:<48} {:>8} {:>8} {:>6}"
# Code is timed from the start of its process, or from the line that sets ``began``, to its end.
WHOLE = "from time import process_time as now; began = 0.0\n{}\nprint(); print(now() - began)"
SINGLE = """
import numpy as np, gymnasium
{}
env = gymnasium.make({!r})
actions = np.random.default_rng(0).integers(0, 5, 10_000).tolist()
env.reset(seed=0)
began = now()
for action in actions:
    _, _, terminated, truncated, _ = env.step(action)
    if terminated or truncated:
        env.reset()
"""
VECTOR = """
import numpy as np, gymnasium, mesa_gym
mode = "vector_entry_point"
env = gymnasium.make_vec("MesaGym/{}-v0", {}, vectorization_mode=mode, num_levels=1024)
env.reset(seed=0)
actions = np.random.default_rng(0).integers(0, 5, ({}, env.num_envs))
for row in actions:
    env.step(row)
began = now()
for row in actions:
    env.step(row)
"""
TORCH = """
import mesa_gym, torch
torch.set_num_threads(1)
env = mesa_gym.make_torch("CheeseCorner", 128, num_levels=1024, seed=0)
env.reset()
actions = torch.randint(5, (256, 128))
began = now()
for row in actions:
    env.step(row)
"""
SCORE = """
import mesa_gym.scoring
began = now()
mesa_gym.score({!r}, {!r}, levels={})
"""
FRESH = """
import os, tempfile
os.environ["MESA_GYM_CACHE"] = tempfile.mkdtemp()
"""
COMMAND = """
from mesa_gym.cli import main
main({!r})
"""
TRAIN = """
from tempfile import mkdtemp
from agents.train import main
main(["CheeseCorner", {} "--out", mkdtemp() + "/agent"])
"""
WORKS = {
    "Minigrid's empty room, 10,000 steps": SINGLE.format(
        "import minigrid", "MiniGrid-Empty-8x8-v0"
    ),
    "CheeseCorner, 10,000 steps": SINGLE.format("import mesa_gym", "MesaGym/CheeseCorner-v0"),
    **{
        f"{trap}, {steps:,} steps of {count:,}": VECTOR.format(trap, count, steps)
        for trap in ("CheeseCorner", "KeysChests", "MonsterWorld")
        for steps, count in ((1024, 128), (1024, 1024), (128, 8192))
    },
    "CheeseCorner in torch, 256 steps of 128": TORCH,
    **{
        f"a card of {policy} on {trap}, {levels:,} levels": SCORE.format(policy, trap, levels)
        for policy, trap in (("oracle:chests", "KeysChests"), ("random", "CheeseCorner"))
        for levels in (100, 1000)
    },
    "a card of oracle:trees on TreeFarm, 100 levels": SCORE.format("oracle:trees", "TreeFarm", 100),
    **{
        f"a first card of {policy} on {trap}, 100 levels": FRESH + SCORE.format(policy, trap, 100)
        for policy, trap in (("oracle:chests", "KeysChests"), ("oracle:trees", "TreeFarm"))
    },
    **{
        f"a first card of random on {trap}, 1,000 levels": FRESH
        + SCORE.format("random", trap, 1000)
        for trap in ("FollowMe", "KeysChests", "MonsterWorld", "TreeFarm")
    },
    "import mesa_gym.scoring": "import mesa_gym.scoring",
    "mesa-gym leaderboard": COMMAND.format(["leaderboard"]),
    "import mesa_gym": "import mesa_gym",
    "a first PPO on CheeseCorner, 4,096 steps": FRESH + TRAIN.format('"--steps", "4096",'),
    "PPO on CheeseCorner, 4,096 steps": TRAIN.format('"--steps", "4096",'),
    "PPO on CheeseCorner, whole": TRAIN.format(""),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the program's arguments."""
    add = parser.add_argument
    add("--against", type=Path, metavar="FOLDER", help="another checkout")
    add("--only", default="", metavar="WORDS", help="rows that hold these words")
    add("--runs", type=int, default=RUNS, help="of each row (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    trees = [options.against.resolve(), HERE] if options.against else [HERE]
    heads = ["old", "new", "ratio"] if options.against else ["here", "", ""]
    print(ROW_FORMAT.format("CPU seconds", *heads), flush=True)
    with TemporaryDirectory() as cache:
        for name, code in WORKS.items():
            if options.only in name:
                print(measure_row(name, code, trees, Path(cache), options.runs), flush=True)
    return DONE


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 2 bad usage, 130 interrupted."""
    parser = Parser(prog="python -m benchmarks.speed", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    return run_command("speed", lambda: run(options))


def measure_row(name: str, code: str, trees: Sequence[Path], cache: Path, runs: int) -> str:
    """Return a row: the medians of each checkout, and the ratio of the last to the first."""
    times = [
        [measure_once(code, tree, cache / str(i)) for i, tree in enumerate(trees)]
        for _ in range(1 + runs)
    ]
    medians = [median(column) for column in zip(*times[1:], strict=True)]  # the first fills caches
    cells = [f"{seconds:.3f}" for seconds in medians]
    if len(cells) > 1:
        cells.append(f"{medians[-1] / medians[0]:.2f}")
    return ROW_FORMAT.format(name, *cells, *[""] * (3 - len(cells)))


def measure_once(code: str, tree: Path, cache: Path) -> float:
    """Return the CPU seconds of code in a new process; nan and an error on stderr if it fails.

    Args:
        code: the code, from ``WORKS``.
        tree: the checkout with the packages to import.
        cache: the folder of the code's cache.
    """
    variables = {"PYTHONPATH": str(tree), "MESA_GYM_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", WHOLE.format(code)],
        cwd=tree, env=os.environ | variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        print(f"{tree}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return float("nan")
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    sys.exit(main())
