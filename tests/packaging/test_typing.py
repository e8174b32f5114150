"""A user's file under a type checker, against the wheel and an editable install."""

import sys

import pytest
from distributions import ROOT, Installed, build, pinned, run

pytestmark = pytest.mark.slow

# A user's trap, and what else a user writes.
EXAMPLE = (ROOT / "mesa_gym/cli/example_trap.py").read_text()
RIGHT = """
import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

import mesa_gym
from mesa_gym.envs import TrapEnv, TrapVectorEnv
from mesa_gym.rendering import write_png
from mesa_gym.scoring import ScoreCard, score
from mushrooms import Mushrooms


def left(observations: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.zeros(len(observations), dtype=np.int64)


again: type[Mushrooms] = mesa_gym.register_trap(Mushrooms)
env = gym.make(again.id(), split="shift").unwrapped
assert isinstance(env, TrapEnv)
observation, info = env.reset(seed=0)
reward: float = env.step(2)[1]
pixels: int = observation.shape[0]
infos = TrapVectorEnv(again, 4).step(np.zeros(4, dtype=np.int64))[-1]
paid = mesa_gym.objectives(infos)["shady"]
tensors = mesa_gym.make_torch(again.id(), 4).reset()[0]
start = again().levels("shift", range(5))
numbers: int = start.n + again().step(start, np.zeros(5, dtype=np.int64)).state.n
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


def checked(text, installed, code):
    """Return what mypy, which is not installed there, says of a file; it exits with ``code``."""
    (installed.home / "mushrooms.py").write_text(EXAMPLE)
    (installed.home / "users.py").write_text(text)
    python = ("--python-executable", installed.bin / "python")
    mypy = (sys.executable, "-m", "mypy", "--strict", *python, "users.py")
    return run(*mypy, cwd=installed.home, code=code)


@pytest.mark.parametrize("editable", [False, True])
def test_users_files_are_checked(editable, tmp_path):
    wheel = build(tmp_path / "built").wheel
    # What was built from is a copy of the checkout.
    what = ["-e", str(tmp_path / "built" / "source")] if editable else [str(wheel)]
    with Installed(tmp_path, *what, *pinned()) as installed:
        assert "no issues found" in checked(RIGHT, installed, 0)
        found = checked(IMPORTS + "\n".join(WRONG), installed, 1)
    first = IMPORTS.count("\n") + 1
    for line, (mistake, kind) in enumerate(WRONG.items(), first):
        (said,) = [said for said in found.splitlines() if f"users.py:{line}: error" in said]
        assert f"[{kind}]" in said, mistake
