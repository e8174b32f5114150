"""What a type checker makes of a user's file, against the installed wheel."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from installing import Installed, pinned
from packaged import build, run

pytestmark = pytest.mark.slow

RIGHT = """
import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

import mesa_gym
from mesa_gym.envs import TrapEnv, TrapVectorEnv
from mesa_gym.engine import Array, Ints, LevelBuilder, Look, Move
from mesa_gym.rendering import Canvas, sprite, write_png
from mesa_gym.scoring import ScoreCard, score
from mesa_gym.traps import Split, Trap, base, proxy


@sprite
def morsel(canvas: Canvas, colour: tuple[int, int, int]) -> None:
    canvas.paint(canvas.circle(0.5, 0.5, 0.3), colour)


@mesa_gym.register_trap
class Mine(Trap):
    source = "a user"
    category = ("proxy",)
    things = {"cheese": 2, "goal": 1}
    vars = {"steps": 9}
    looks = {"goal": Look("g", (0, 0, 0), "morsel")}

    def draw(self, level: LevelBuilder, split: Split) -> None:
        level.maze()
        cells: Ints = level.scatter("cheese", 2 if split.shifted else 1)
        level.agent(among=level.equidistant(cells[0], level.cell(1, 1)))

    def rules(self, move: Move) -> None:
        move.clear("cheese")
        move.found = move.into("goal")

    def ends(self, move: Move) -> Array:
        return move.into("cheese") | move.none("goal")

    @base
    def meals(self, move: Move) -> dict[float, Array]:
        return {1: move.into("cheese"), -0.5: move.found}

    @proxy
    def steps(self, move: Move) -> Array:
        return move.moved & ~move.on("goal")


again: type[Mine] = mesa_gym.register_trap(Mine)


def left(observations: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.zeros(len(observations), dtype=np.int64)


env = gym.make(Mine.id(), split="shift").unwrapped
assert isinstance(env, TrapEnv)
observation, info = env.reset(seed=0)
reward: float = env.step(2)[1]
pixels: int = observation.shape[0]

envs = TrapVectorEnv(Mine, 4)
infos = envs.step(np.zeros(4, dtype=np.int64))[-1]
paid = mesa_gym.objectives(infos)["meals"]
tensors = mesa_gym.make_torch(Mine.id(), 4).reset()[0]
start = Mine().levels("shift", range(5))
numbers: int = start.n + Mine().step(start, np.zeros(5, dtype=np.int64)).state.n
card: ScoreCard = score(left, "RedBlueDoors", levels=5)
verdict: str = card.verdict
write_png("frame.png", np.zeros((9, 9, 3), dtype=np.uint8))
"""

# Each line is one mistake, and what mypy calls it.
WRONG = {
    "mesa_gym.register_trp(Trap)": "attr-defined",
    "mesa_gym.register_trap(Trap())": "type-var",
    "score('random', 7)": "arg-type",
    "score('random', 'RedBlueDoors').verdct": "attr-defined",
    "number: int = score('random', 'RedBlueDoors').verdict": "assignment",
    "TrapVectorEnv(Trap, 'four')": "arg-type",
    "TrapEnv('RedBlueDoors').step('left')": "arg-type",
    "write_png('frame.png', 'pixels')": "arg-type",
    "Split.of('shift').shift_()": "attr-defined",
    "Trap().levels(3, [1])": "arg-type",
    "mesa_gym.make_torch('MesaGym/CoinRun-v0', 'four')": "arg-type",
}
IMPORTS = """
import mesa_gym
from mesa_gym.envs import TrapEnv, TrapVectorEnv
from mesa_gym.rendering import write_png
from mesa_gym.scoring import score
from mesa_gym.traps import Split, Trap
"""


def checked(text: str, installed: Installed, code: int) -> str:
    """What mypy, which is not installed there, says of a file; it exits with ``code``."""
    (installed.home / "users.py").write_text(text)
    python = ("--python-executable", installed.bin / "python")
    mypy = (sys.executable, "-m", "mypy", "--strict", *python, "users.py")
    return run(*mypy, cwd=installed.home, code=code)


def test_users_files_are_checked(tmp_path: Path) -> None:
    wheel = build(tmp_path / "built").wheel
    with Installed(tmp_path, str(wheel), *pinned()) as installed:
        assert "no issues found" in checked(RIGHT, installed, 0)
        found = checked(IMPORTS + "\n".join(WRONG), installed, 1)
    first = IMPORTS.count("\n") + 1
    for line, (mistake, kind) in enumerate(WRONG.items(), first):
        (said,) = [said for said in found.splitlines() if f"users.py:{line}: error" in said]
        assert f"[{kind}]" in said, mistake
