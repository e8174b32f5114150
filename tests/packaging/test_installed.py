"""The wheel, installed into environments of its own: the core, each extra, all; users' types."""

import re
import sys

import pytest
from packaging.requirements import Requirement
from PIL import Image

from tests.packaging.distributions import ROOT, Installed, build, interpreter, pinned, run

pytestmark = pytest.mark.slow

PYTHONS = re.findall(r"Python :: (3\.\d+)$", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
# With the four that it needs, and what Gymnasium needs.
CORE = {"mesa-gym", "array-api-compat", "gymnasium", "msgspec", "numpy"}
CORE |= {"cloudpickle", "Farama-Notifications", "typing_extensions"}
EXTRAS = ["sb3", "viewer", "films", "report", "stats", "leaderboard", "docs", "dev"]
EXTRAS += ["onnx", "jax", "cluster", "start", "train", "all"]
RANKING = ["leaderboard", "onnx", "report", "sb3", "stats"]  # the first, and what it holds

FRAME = """
import gymnasium as gym, mesa_gym
from mesa_gym.rendering import write_png
env = gym.make("MesaGym/RedBlueDoors-v0", render_mode="rgb_array")
env.reset(seed=0)
env.step(2)
write_png("doors.png", env.render())
"""

# Trained agents of each kind that a wheel has, which need the core alone.
AGENTS = """
from mesa_gym.scoring import score
named = {"CheeseDish": "ppo-planner", "KeysChests": "ppo", "FlashOrPay": "ppo-gru"}
for trap, policy in named.items():
    print(score(policy, trap, levels=5).verdict)
"""

# What each extra is for, done once.
USES = {
    "sb3": """
import mesa_gym, sb3_contrib, tqdm
from mesa_gym.scoring import score
from stable_baselines3 import PPO
venv = mesa_gym.make_sb3("MesaGym/CheeseCorner-v0", 2)
model = PPO("MlpPolicy", venv, n_steps=8, batch_size=16, n_epochs=1, device="cpu").learn(16)
print(score(model, "CheeseCorner", levels=5).verdict)
""",
    "viewer": """
from mesa_gym.cli import main
begin = "watch CheeseCorner --size 640x420 --headless --record".split()
assert main([*begin, "watched.png"]) == 0
""",
    "films": """
from mesa_gym.cli import main
begin = "watch CheeseCorner --size 640x420 --headless --record".split()
assert [main([*begin, f"watched.{kind}"]) for kind in ("gif", "mp4")] == [0, 0]
""",
    "report": """
from mesa_gym import report
from mesa_gym.cli import main
from mesa_gym.scoring import score
card = score("random", "CheeseCorner", levels=5)
assert "CheeseCorner" in str(report.table([card]))
assert main(["export", "CheeseDish"]) == 0
""",
    "stats": """
import numpy as np
from mesa_gym.report import interval
low, high = interval([0.2, 0.4, 0.3, 0.5, 0.1])
assert 0 < low < 0.3 < high < 0.6
""",
    "leaderboard": """
import minigrid, mesa_gym.sb3
from mesa_gym.scoring import score
from stable_baselines3 import PPO
model = PPO("MlpPolicy", mesa_gym.make_sb3("MesaGym/CheeseCorner-v0", 2), device="cpu")
mesa_gym.sb3.export(model, "CheeseCorner", "agent.onnx")
print(score("agent.onnx", "CheeseCorner", levels=5).verdict)
""",
    "start": """
import sys
from mesa_gym.cli import main
from mesa_gym.cli.extras import PACKAGES
from importlib.util import find_spec
lacking = {extra for module, (_, extra) in PACKAGES.items() if find_spec(module) is None}
assert not lacking & {"report", "sb3", "stats", "viewer"}
""",
    "train": "import jax, optax",
    "onnx": "import mesa_gym.policies.onnx, onnxscript",
    "docs": "import furo, myst_parser, sphinx",
    "dev": "import build, hypothesis, mypy, PIL, playwright, pytest, scipy, xdist",
    "jax": """
import jax, mesa_gym
env = mesa_gym.make_jax("CheeseCorner", 2, num_levels=4)
seen, state = env.reset(jax.random.key(0))
assert env.step(jax.random.key(1), state, jax.numpy.zeros(2, int))[0].shape == (2, 9, 9, 3)
""",
    "cluster": "import distributed, submitit",
    "all": "import imageio_ffmpeg, jax, onnx, torch",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(tmp_path_factory.mktemp("built"))


def take_the_first_steps(installed):
    """Step an environment and keep a frame of it; score an oracle and trained agents."""
    installed.python(FRAME)
    installed.python(AGENTS)
    with Image.open(installed.home / "doors.png") as frame:
        assert (frame.mode, frame.size) == ("RGB", (288, 288))
    command = "score RedBlueDoors --policy oracle:base --levels 100"
    assert "RedBlueDoors-v0: base" in installed.run("mesa-gym", *command.split())


@pytest.mark.parametrize("version", PYTHONS)
def test_wheel_core_runs_on_each_python(version, built, tmp_path):
    with Installed(tmp_path, str(built.wheel), python=interpreter(version)) as installed:
        take_the_first_steps(installed)


def test_wheel_core_brings_three_packages_alone(built, tmp_path):
    with Installed(tmp_path, str(built.wheel), *pinned()) as installed:
        assert installed.names() - {"pip", "setuptools"} == CORE
        installed.python("from mesa_gym import *")
        for command in ("list", "describe CoinRun", "certify CoinRun --levels 20"):
            installed.run("mesa-gym", *command.split())
        for command in ("watch CoinRun", "play CoinRun", "watch --episodes x.jsonl"):
            said = installed.run("mesa-gym", *command.split(), code=2)
            assert 'pip install -e ".[viewer]"' in said
        refused = "import mesa_gym; mesa_gym.make_sb3('MesaGym/CheeseCorner-v0', 2)"
        assert 'pip install -e ".[sb3]"' in installed.run("python", "-c", refused, code=1)


@pytest.mark.parametrize(
    "extras",
    [[], ["sb3"], ["viewer"], ["viewer", "films"], ["report"], ["stats"], ["onnx"], RANKING],
    ids=",".join,
)
def test_lowest_versions_run_the_first_steps(extras, built, tmp_path):
    """Lower bounds of setup.cfg are installed, and other packages as in constraints.txt."""
    exact = dict(re.findall(r"^([\w.-]+)==(.+)$", (ROOT / "constraints.txt").read_text(), re.M))
    needs = [Requirement(line) for line in built.metadata().get_all("Requires-Dist", [])]
    lowest = [
        f"{need.name}{str(need.specifier).replace('>=', '==') or '==' + exact[need.name]}"
        for need in needs
        if need.marker is None or any(need.marker.evaluate({"extra": each}) for each in extras)
        if need.name != "mesa-gym"  # an extra that holds another one
    ]
    with Installed(tmp_path, str(built.wheel), *lowest) as installed:
        take_the_first_steps(installed)
        for extra in extras:
            installed.run("python", "-c", USES[extra])


@pytest.mark.parametrize("extras", [*([extra] for extra in EXTRAS), EXTRAS], ids=",".join)
def test_extras_install_and_do_their_work(extras, built, tmp_path):
    assert {*EXTRAS, "openenv"} == set(built.metadata().get_all("Provides-Extra", []))
    wheel = f"mesa-gym[{','.join(extras)}] @ {built.wheel.as_uri()}"
    with Installed(tmp_path, wheel, *pinned()) as installed:
        installed.run("python", "-m", "pip", "check")
        for extra in extras:
            installed.run("python", "-c", USES[extra])


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
    "Split.of('shift').shift_()": "attr-defined",
    "mesa_gym.make_torch('MesaGym/CoinRun-v0', 'four')": "arg-type",
}
IMPORTS = """
import mesa_gym
from mesa_gym.envs import TrapEnv, TrapVectorEnv
from mesa_gym.scoring import score
from mesa_gym.traps import Split, Trap
"""


def checked(text, installed, code):
    """Return mypy's output for a file; mypy, which runs from outside, must exit with ``code``."""
    (installed.home / "mushrooms.py").write_text(EXAMPLE)
    (installed.home / "users.py").write_text(text)
    python = ("--python-executable", installed.bin / "python")
    mypy = (sys.executable, "-m", "mypy", "--strict", *python, "users.py")
    return run(*mypy, cwd=installed.home, code=code)


@pytest.mark.parametrize("editable", [False, True])
def test_type_checker_reads_hints_of_package(editable, tmp_path):
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
