"""The code that ``benchmarks.speed`` measures: table -> row -> column -> code."""

from __future__ import annotations

from pathlib import Path
from shutil import which

from mesa_gym.trained.library import name_usual_agent, read_manifest
from mesa_gym.traps import package_traps

GRID = Path(__file__).with_name("grid.c")
SINGLE = """
import gymnasium, mesa_gym
import numpy as np
env = gymnasium.make("MesaGym/{}-v0")
actions = np.random.default_rng(0).integers(0, 5, {steps}).tolist()
env.reset(seed=0)
began = now()
for action in actions:
    _, _, terminated, truncated, _ = env.step(action)
    if terminated or truncated:
        env.reset()
"""
VECTOR = """
import gymnasium, mesa_gym
import numpy as np
mode = "vector_entry_point"
env = gymnasium.make_vec("MesaGym/{}-v0", {count}, vectorization_mode=mode, num_levels=1024)
env.reset(seed=0)
actions = np.random.default_rng(0).integers(0, 5, ({steps}, env.num_envs))
for row in actions:
    env.step(row)
began = now()
for row in actions:
    env.step(row)
"""
IN_C = """
import ctypes, subprocess, tempfile
import numpy as np
file = tempfile.mkdtemp() + "/grid.so"
subprocess.run(["cc", "-O2", "-shared", "-fPIC", {!r}, "-o", file], check=True)
grid = ctypes.CDLL(file)
grid.make.restype = ctypes.c_void_p
rooms = ctypes.c_void_p(grid.make({count}, {planes}))
actions = np.random.default_rng(0).integers(0, 5, ({steps}, {count}))
for row in actions:
    grid.step(rooms, ctypes.c_void_p(row.ctypes.data))
began = now()
for row in actions:
    grid.step(rooms, ctypes.c_void_p(row.ctypes.data))
"""
SCORE = """
import mesa_gym.scoring
mesa_gym.score({1!r}, {0!r}, levels={2}, salt={3!r})
"""
EVALUATE = """
import mesa_gym
mesa_gym.evaluate({1!r}, {0!r}, levels=1000)
"""
COMMAND = """
from mesa_gym.cli import main
if code := main({!r}):
    raise SystemExit(code)
"""
TRAIN = """
from tempfile import mkdtemp
from agents.train import main
main(["CheeseCorner", "--out", mkdtemp() + "/agent"])
"""
USUAL_SCORE, SALTED_SCORE = "usual, 1,000", "`random` with a salt"  # columns of the table of scores
STEP_RATES = "steps"  # the table whose cells are millions of steps per CPU second
STEP_COUNTS = {1: 10_000, 128: 2048, 1024: 1024, 8192: 192}  # environments -> steps of each
TRAPS = ("CheeseCorner", "KeysChests", "FollowMe", "MonsterWorld")
AGENTS = ("ppo:0", "ppo-planner:0")
AGENT_TRAPS = ("CheeseCorner", "KeysChests", "FollowMe", "CoinRun")  # which have both agents
PLANES = {trap: len(package_traps()[f"{trap}-v0"].planes) for trap in TRAPS}


def list_steps() -> dict[str, dict[str, str]]:
    """Return the rows of the table of steps: each trap, beside a grid in C with as many planes."""
    rows = {}
    for trap, planes in PLANES.items():
        row = rows[f"{trap}, {planes} planes"] = dict[str, str]()
        for count, steps in STEP_COUNTS.items():
            code = SINGLE if count == 1 else VECTOR
            row[f"{count:,}"] = code.format(trap, count=count, steps=steps)
            if which("cc"):
                row[f"{count:,} in C"] = IN_C.format(
                    str(GRID), count=count, steps=steps, planes=planes
                )
    return rows


def list_scores() -> dict[str, dict[str, str]]:
    """Return the rows of the table of scores: kinds of agents on each trap, and a salt."""
    planned = {agent.trap for agent in read_manifest() if agent.name == "ppo-planner-s0"}
    rows = {}
    for name, cls in package_traps().items():
        agents = {"usual": f"{name_usual_agent(cls)}:0"}
        agents |= {f"`{x}`": x for x in AGENTS[1:] if name in planned}
        agents |= {f"`{x}`": x for x in ("oracle", "nearest") if cls.solvable}
        row = rows[cls.__name__] = dict[str, str]()
        for levels in (1000, 300):
            for agent, policy in agents.items():
                code = SCORE.format(cls.__name__, policy, levels, "")
                row[f"{agent}, {levels:,}"] = code
        row[SALTED_SCORE] = SCORE.format(cls.__name__, "random", 1000, "a salt")
    return rows


def list_agents() -> dict[str, dict[str, str]]:
    """Return the rows of the table of two agents, which are scored alone and together."""
    first, second = AGENTS
    both = {"first": first, "second": second}
    named = [f"{name}={agent}" for name, agent in both.items()]
    return {
        trap: {
            f"`{first}` alone": EVALUATE.format(trap, {"first": first}),
            f"`{second}` alone": EVALUATE.format(trap, {"second": second}),
            "`evaluate` both": EVALUATE.format(trap, both),
            "`compare` both": COMMAND.format(["compare", *named, trap]),
            "`leaderboard` both": COMMAND.format(["leaderboard", trap, "--policy", *AGENTS]),
        }
        for trap in AGENT_TRAPS
    }


WAITS = {
    "`import mesa_gym`": "import mesa_gym",
    "`import gymnasium`": "import gymnasium",
    "`mesa-gym leaderboard`": COMMAND.format(["leaderboard"]),
    "train PPO on CheeseCorner": TRAIN,
}
TABLES = {
    "waits": {row: {"first": code, "kept": code} for row, code in WAITS.items()},
    "scores": list_scores(),
    STEP_RATES: list_steps(),
    "agents": list_agents(),
}
