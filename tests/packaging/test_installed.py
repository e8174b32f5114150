"""The wheel, installed into environments of its own: the core, each extra, all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from installing import Installed, interpreter, pinned
from packaged import ROOT, Built, build
from packaging.requirements import Requirement
from PIL import Image

pytestmark = pytest.mark.slow

PYTHONS = re.findall(r"Python :: (3\.\d+)$", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
EXTRAS = ["sb3", "viewer", "leaderboard", "docs", "dev", "cluster"]

FRAME = """
import gymnasium as gym, mesa_gym
from mesa_gym.rendering import write_png
env = gym.make("MesaGym/RedBlueDoors-v0", render_mode="rgb_array")
env.reset(seed=0)
env.step(2)
write_png("doors.png", env.render())
"""

# What each extra is for, done once.
USES = {
    "sb3": """
import mesa_gym, safetensors, sb3_contrib, tqdm
from mesa_gym.scoring import score
from stable_baselines3 import PPO
venv = mesa_gym.make_sb3("MesaGym/CheeseCorner-v0", 2)
model = PPO("MlpPolicy", venv, n_steps=8, batch_size=16, n_epochs=1, device="cpu").learn(16)
print(score(model, "CheeseCorner", levels=5).verdict)
""",
    "viewer": """
from mesa_gym.cli import main
begin = "watch --trap CheeseCorner --size 640x420 --headless --record".split()
assert [main([*begin, f"watched.{kind}"]) for kind in ("png", "gif", "mp4")] == [0, 0, 0]
assert main(["list", "--sheet", "traps.png"]) == 0
""",
    "leaderboard": "import minigrid, mesa_gym, onnx, onnxruntime, onnxscript, torch",
    "docs": "import furo, myst_parser, sphinx",
    "dev": """
import build, hypothesis, jsonschema, mypy, PIL, playwright, pytest, pytest_timeout, scipy
import setuptools
import trove_classifiers, xdist
""",
    "cluster": "import dask, distributed, ray",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("built"))


def take_the_first_steps(installed: Installed) -> None:
    """Step an environment and keep a frame of it; score an oracle."""
    installed.python(FRAME)
    with Image.open(installed.home / "doors.png") as frame:
        assert (frame.mode, frame.size) == ("RGB", (288, 288))
    scored = installed.run("mesa-gym", "score", "--policy", "oracle:base", "--trap", "RedBlueDoors")
    assert "verdict: base" in scored


@pytest.mark.parametrize("version", PYTHONS)
def test_the_core_on_each_python(version: str, built: Built, tmp_path: Path) -> None:
    with Installed(tmp_path, str(built.wheel), python=interpreter(version)) as installed:
        take_the_first_steps(installed)


def test_the_core_brings_three_packages_alone(built: Built, tmp_path: Path) -> None:
    with Installed(tmp_path, str(built.wheel), *pinned()) as installed:
        assert installed.needed("gymnasium") >= {"gymnasium", "numpy"}
        ours = {"mesa-gym", "array-api-compat"}
        assert installed.names() == ours | installed.needed("gymnasium")
        installed.python("import mesa_gym")
        installed.python("from mesa_gym import *")
        for command in ("list", "cache", "describe CoinRun", "certify CoinRun --levels 20"):
            installed.run("mesa-gym", *command.split())
        needing = ("watch", "play --trap CoinRun", "replay x.trace", "list --sheet traps.png")
        for command in needing:
            said = installed.run("mesa-gym", *command.split(), code=2)
            assert 'pip install "mesa-gym[viewer]"' in said
        refused = "import mesa_gym; mesa_gym.make_sb3('MesaGym/CheeseCorner-v0', 2)"
        assert 'pip install "mesa-gym[sb3]"' in installed.run("python", "-c", refused, code=1)


def test_the_core_with_the_lowest_versions(built: Built, tmp_path: Path) -> None:
    needs = [Requirement(line) for line in built.metadata().get_all("Requires-Dist", [])]
    lowest = [str(need).replace(">=", "==") for need in needs if need.marker is None]
    with Installed(tmp_path, str(built.wheel), *lowest) as installed:
        take_the_first_steps(installed)


@pytest.mark.parametrize("extras", [*([extra] for extra in EXTRAS), EXTRAS], ids=",".join)
def test_extras_install_and_do_what_they_are_for(
    extras: list[str], built: Built, tmp_path: Path
) -> None:
    assert set(EXTRAS) == set(built.metadata().get_all("Provides-Extra", []))
    wheel = f"mesa-gym[{','.join(extras)}] @ {built.wheel.as_uri()}"
    with Installed(tmp_path, wheel, *pinned()) as installed:
        installed.run("python", "-m", "pip", "check")
        for extra in extras:
            installed.run("python", "-c", USES[extra])


def test_an_index_takes_both_and_shows_the_readme(built: Built, tmp_path: Path) -> None:
    with Installed(tmp_path, "twine", "readme_renderer[md]") as checker:
        said = checker.run("twine", "check", "--strict", built.wheel, built.sdist)
        page = checker.run("python", "-m", "readme_renderer", ROOT / "README.md")
    assert said.count("PASSED") == 2
    tables = re.findall(r"^\| ?---", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    assert page.count("<table>") == len(tables) > 0
