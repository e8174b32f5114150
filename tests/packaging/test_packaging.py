"""The wheel and the source distribution: contents, metadata, installed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from email.parser import BytesParser
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from PIL import Image
from trove_classifiers import classifiers

import mesa_gym
from mesa_gym.traps import package_traps
from tests.support.package_index import is_index_reached, require_index

ROOT = Path(__file__).parents[2]
PINNED = "-c", str(ROOT / "constraints.txt")


class Built(NamedTuple):
    """The two files."""

    wheel: Path
    sdist: Path

    def metadata(self):
        with ZipFile(self.wheel) as wheel:
            (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            return BytesParser().parsebytes(wheel.read(name))


def checkout():
    """Every file of the checkout that is not ignored, committed or not."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {name for name in names.split("\0") if (ROOT / name).is_file()}


def build(folder):
    """Build both from a copy: the wheel from the source distribution, in seconds and offline."""
    source, dist = folder / "source", folder / "dist"
    for name in checkout():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", dist, source)
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    return Built(wheel, sdist)


def run(*command, cwd=None, code=0):
    """Return what a command prints, outside of the checkout; its exit code must be ``code``.

    A command that runs in a folder keeps its solver's cache there.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if cwd is not None:
        environment["MESA_GYM_CACHE"] = str(cwd / "cache")
    words, streams = [*map(str, command)], {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(words, cwd=cwd, env=environment, text=True, **streams)
    assert done.returncode == code, f"{command} exited {done.returncode}:\n{done.stdout}"
    return done.stdout


# -- installed -------------------------------------------------------------------------------------
class Installed:
    """An environment, deleted afterwards: some take gigabytes. Commands run in ``home``."""

    def __init__(self, folder, *requirements, python=sys.executable):
        require_index()
        self.bin, self.home = folder / "venv" / "bin", folder / "home"
        self.home.mkdir(parents=True)
        run(python, "-m", "venv", folder / "venv")
        self.run("python", "-m", "pip", "install", "--quiet", *requirements)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.bin.parent)

    def run(self, command, *arguments, code=0):
        """Return what one of its commands prints; its exit code must be ``code``."""
        return run(self.bin / command, *arguments, cwd=self.home, code=code)

    def python(self, code):
        return self.run("python", "-W", "error", "-c", code)


def interpreter(version):
    """A Python of this version, such as 3.12; where there is none the test is skipped."""
    program = shutil.which(f"python{version}")
    # A name on the path may be a launcher that has no such version to launch.
    if program is None or subprocess.run([program, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"no python{version} on this machine")
    return program


@pytest.mark.thorough
def test_installing_test_without_index_is_skipped(tmp_path, monkeypatch):
    unreached = {"INDEX_URL": "http://127.0.0.1:9", "FIND_LINKS": "", "CONFIG_FILE": os.devnull}
    for name, value in (unreached | {"EXTRA_INDEX_URL": "", "NO_CACHE_DIR": "1"}).items():
        monkeypatch.setenv(f"PIP_{name}", value)
    is_index_reached.cache_clear()
    with pytest.raises(pytest.skip.Exception, match="pip reaches no package index"):
        Installed(tmp_path)
    is_index_reached.cache_clear()


# -- packaging -------------------------------------------------------------------------------------
REPOSITORY = "https://github.com/mesa-gym/mesa-gym"
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
HEAD = re.compile(r"^## \[(?P<version>\d+\.\d+\.\d+)\] - (?P<when>\S+)$", re.MULTILINE)
WEIGHTS = "mesa_gym/trained/weights/"
SHIPPED = re.compile("/ppo(-planner-.*|-gru-s0|-s0).safetensors$|/ColourShape-v0/ppo-s[1-2]")


def find_networks():
    """Networks of the library that only a checkout has: each is as large as all planners."""
    weights = {name for name in checkout() if name.startswith(WEIGHTS)}
    return {n for n in weights if n.endswith(".safetensors") and not SHIPPED.search(n)}


def measure_data(*folders):
    """Return the bytes of packed data: cards, which grow with each algorithm, and values."""
    parts = folders or ("report/cards", "solver/standard")
    paths = [path for part in parts for path in (ROOT / "mesa_gym" / part).iterdir()]
    return sum(path.stat().st_size for path in paths)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    if not (ROOT / ".git").exists():
        pytest.skip("only git knows what belongs to the checkout")
    return build(tmp_path_factory.mktemp("built"))


@pytest.mark.thorough
def test_wheel_holds_exactly_the_package(built):
    with ZipFile(built.wheel) as wheel:
        names = set(wheel.namelist())
    about = f"mesa_gym-{mesa_gym.__version__}.dist-info/"
    of_package = {name for name in names if not name.startswith(about)}
    checked_out = {name for name in checkout() if name.startswith("mesa_gym/")}
    assert of_package == checked_out - find_networks()
    for trap, agent in (("CheeseDish", "ppo-planner-s4"), ("KeysChests", "ppo-s0")):
        assert f"{WEIGHTS}{trap}-v0/{agent}.safetensors" in of_package
    assert built.wheel.stat().st_size < 12.8e6
    assert built.wheel.stat().st_size - measure_data() < 8e6
    assert measure_data("report/cards") < 4e6
    assert measure_data("solver/standard") < 3e6
    assert {"mesa_gym/py.typed", "mesa_gym/report/templates/page.css"} <= of_package
    assert any(x.startswith("mesa_gym/solver/standard/KeysChests-v0-shift") for x in of_package)
    assert f"{about}licenses/LICENSE" in names


@pytest.mark.thorough
def test_sdist_holds_the_checkout_without_run_outputs(built):
    folder = f"mesa_gym-{mesa_gym.__version__}/"
    with tarfile.open(built.sdist) as sdist:
        names = {m.name.removeprefix(folder) for m in sdist.getmembers() if m.isfile()}
    written = {name for name in names if name.startswith("mesa_gym.egg-info/")} | {"PKG-INFO"}
    networks = find_networks()
    assert names - written == checkout() - networks
    assert len(networks) > 20
    # A network a trap, the planners and those of the lesson; then what grows: code, tests, pages.
    shipped = {n for n in names if n.startswith(WEIGHTS) and n.endswith(".safetensors")}
    of_networks = sum((ROOT / n).stat().st_size for n in shipped)
    assert of_networks < 0.32e6 * len(package_traps())
    assert built.sdist.stat().st_size - measure_data() - of_networks < 2e6
    assert sum((ROOT / n).stat().st_size for n in networks) > 3e6


@pytest.mark.thorough
def test_make_dist_twice_gives_the_same_bytes(built, tmp_path):
    """The second one a second later, in another folder, with another umask."""
    builds = []
    for name, umask in (("one", 0o022), ("another", 0o027)):
        run("git", "clone", "--quiet", ROOT, folder := tmp_path / name)
        (folder / ".venv").mkdir()
        usual = os.umask(umask)
        bin, stamp = Path(sys.executable).parent, ".venv/.installed"
        run("make", "-C", folder, "-o", stamp, "dist", f"BIN={bin}", "BUILD=--no-isolation")
        os.umask(usual)
        builds.append(sorted((folder / "dist").iterdir()))
    for one, other in zip(*builds, strict=True):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes()
    when = int(run("git", "-C", ROOT, "log", "-1", "--format=%ct"))
    with tarfile.open(builds[0][1]) as sdist:
        facts = {(m.mtime, m.uid, m.gid, m.mode) for m in sdist.getmembers()}
    assert facts == {(when, 0, 0, 0o644), (when, 0, 0, 0o755)}


@pytest.mark.slow
def test_wheel_of_used_clone_equals_clean_one(tmp_path):
    """Users build with pip, in a clone in which they installed, played and built before."""
    wheels, no_deps = [], ("--no-deps", "--no-build-isolation", "--quiet")
    for name in ("clean", "used"):
        run("git", "clone", "--quiet", ROOT, clone := tmp_path / name)
        pip = (sys.executable, "-m", "pip", "wheel", *no_deps, "--wheel-dir", tmp_path / name)
        if name == "used":
            (gone := clone / "mesa_gym/gone.py").write_text("")
            run(*pip, clone, cwd=tmp_path)
            gone.unlink()
            for command in ("demo", "export CheeseDish", "score CheeseDish --policy ppo:0"):
                run(sys.executable, "-m", "mesa_gym", *command.split(), cwd=clone)
        run(*pip, clone, cwd=tmp_path)
        (wheel,) = (tmp_path / name).glob("*.whl")
        with ZipFile(wheel) as packed:
            wheels.append({x.filename: x.CRC for x in packed.infolist()})
    assert wheels[0] == wheels[1]


@pytest.mark.thorough
def test_extras_bring_what_they_need_beyond_core(built):
    """Films have an extra of their own: ffmpeg has 165 MB, more than the viewer's other needs."""
    needed = [Requirement(line) for line in built.metadata().get_all("Requires-Dist", [])]
    core = {need.name for need in needed if need.marker is None}
    assert core == {"array-api-compat", "gymnasium", "msgspec", "numpy"}

    def brought(extra):
        needs = {n for n in needed if n.marker and n.marker.evaluate({"extra": extra})}
        inner = {name for need in needs if need.name == "mesa-gym" for name in need.extras}
        return {need.name for need in needs}.union(*map(brought, inner))

    assert brought("viewer") == {"pillow", "pygame-ce"}
    assert brought("films") == {"mesa-gym", "pillow", "pygame-ce", "imageio-ffmpeg"}
    # A hundred packages come with openenv, and its mcp 1 fights others' mcp 2; who has a cluster
    # runs a checkout.
    excepted = {"all", "cluster", "dev", "docs", "openenv"}
    extras = set(built.metadata().get_all("Provides-Extra", [])) - excepted
    assert brought("all") >= set.union(*map(brought, extras))
    assert brought("start") == {"mesa-gym"}.union(
        *map(brought, ("report", "sb3", "train", "viewer"))
    )


@pytest.mark.thorough
def test_extras_that_messages_name_exist(built):
    sources = "".join(path.read_text() for path in (ROOT / "mesa_gym").rglob("*.py"))
    named = set(re.findall(r'require_extra\("(\w+)"', sources))
    assert {"films", "sb3", "viewer"} <= named
    assert named <= set(built.metadata().get_all("Provides-Extra", []))


@pytest.mark.thorough
def test_metadata_can_be_shown_by_an_index(built):
    metadata = built.metadata()
    assert metadata["Name"] == "mesa-gym"
    assert metadata["Version"] == mesa_gym.__version__
    assert (metadata["License-Expression"], metadata["License-File"]) == ("MIT", "LICENSE")
    assert metadata["Description-Content-Type"] == "text/markdown"
    description = metadata.get_payload(decode=True).decode()
    targets = re.findall(r"\]\(([^)]+)\)", description)
    assert len(targets) > 3
    assert [target for target in targets if not target.startswith("https://")] == []
    named = re.findall(rf"{REPOSITORY}/(?:blob|raw|tree)/main/([^)#]+)", description)
    assert [name for name in named if not (ROOT / name).exists()] == []
    named = metadata.get_all("Classifier", [])
    assert set(named) <= classifiers


def test_pythons_are_those_of_the_classifiers():
    """CI and the documents name the same versions."""
    listed = re.findall(r"Python :: 3\.(\d+)$", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
    for name in ("ci", "release"):
        workflow = (ROOT / f".github/workflows/{name}.yml").read_text()
        (matrix,) = re.findall(r"python: \[(.*)\]", workflow)
        assert re.findall(r'"3\.(\d+)"', matrix) == listed
    for page, places in (("README.md", 2), ("docs/start.md", 1)):
        text = (ROOT / page).read_text()
        ranges = re.findall(r"Python:? 3\.(\d+) to 3\.(\d+)|3\.(\d+)%20to%203\.(\d+)", text)
        spans = [tuple(filter(None, span)) for span in ranges]
        assert spans == [(listed[0], listed[-1])] * places


def test_version_and_date_agree():
    top = HEAD.search(CHANGELOG)
    citation = (ROOT / "CITATION.cff").read_text()
    cited = dict(re.findall(r"^(version|date-released): (.*)$", citation, re.MULTILINE))
    assert top["version"] == cited["version"] == mesa_gym.__version__
    # A date where it is out, and none where it is not.
    assert cited.get("date-released", "unreleased") == top["when"]


# -- installed -------------------------------------------------------------------------------------
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
from mesa_gym.scoring.plays import LEAST_QUESTIONS
named = {"CheeseDish": "ppo-planner", "KeysChests": "ppo", "FlashOrPay": "ppo-gru"}
for trap, policy in named.items():
    print(score(policy, trap, levels=LEAST_QUESTIONS).verdict)
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
assert [main([*begin, f"watched.{kind}"]) for kind in ("png", "gif")] == [0, 0]
""",
    "films": """
from mesa_gym.cli import main
begin = "watch CheeseCorner --size 640x420 --headless --record".split()
assert main([*begin, "watched.mp4"]) == 0
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
import jinja2, matplotlib, pygame, scipy, stable_baselines3
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


def take_the_first_steps(installed):
    """Step an environment and keep a frame of it; score an oracle and trained agents."""
    installed.python(FRAME)
    installed.python(AGENTS)
    with Image.open(installed.home / "doors.png") as frame:
        assert (frame.mode, frame.size) == ("RGB", (288, 288))
    command = "score RedBlueDoors --policy oracle:base --levels 100"
    assert "RedBlueDoors-v0: base" in installed.run("mesa-gym", *command.split())


@pytest.mark.slow
@pytest.mark.parametrize("version", PYTHONS)
def test_wheel_core_runs_on_each_python(version, built, tmp_path):
    with Installed(tmp_path, str(built.wheel), python=interpreter(version)) as installed:
        take_the_first_steps(installed)


@pytest.mark.slow
def test_newest_versions_run_the_readme(built, tmp_path):
    """Without constraints, as a user installs it, except torch: a later build may be for a GPU."""
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    torch = re.search(r"^torch==.+$", (ROOT / "constraints.txt").read_text(), re.M)[0]
    wheel = f"mesa-gym[sb3,report,train] @ {built.wheel.as_uri()}"
    with Installed(tmp_path, torch, wheel) as installed:
        printed = installed.python(program).strip()
        assert printed.startswith("ppo on CheeseCorner-v0: proxy (corner), confidence ")
        for extra in ("report", "train", "jax"):
            installed.run("python", "-c", USES[extra])


@pytest.mark.slow
def test_wheel_core_brings_three_packages_alone(built, tmp_path):
    with Installed(tmp_path, str(built.wheel), *PINNED) as installed:
        listed = json.loads(installed.run("pip", "list", "--format", "json"))
        assert {row["name"] for row in listed} - {"pip", "setuptools"} == CORE
        installed.python("from mesa_gym import *")
        for command in ("list", "describe CoinRun", "certify CoinRun --levels 20"):
            installed.run("mesa-gym", *command.split())
        pages = {"demo": "lesson.html", "export CheeseDish": "page.html"}
        for command, page in pages.items():
            installed.run("mesa-gym", *command.split())
            assert "</html>" in (installed.home / page).read_text()
        for command in ("watch CoinRun", "play CoinRun", "watch --episodes x.jsonl"):
            stderr = installed.run("mesa-gym", *command.split(), code=2)
            assert 'pip install -e ".[viewer]"' in stderr
        refused = "import mesa_gym; mesa_gym.make_sb3('MesaGym/CheeseCorner-v0', 2)"
        assert 'pip install -e ".[sb3]"' in installed.run("python", "-c", refused, code=1)


@pytest.mark.slow
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
        if need.marker is None or any(need.marker.evaluate({"extra": x}) for x in extras)
        if need.name != "mesa-gym"  # an extra that holds another one
    ]
    with Installed(tmp_path, str(built.wheel), *lowest) as installed:
        take_the_first_steps(installed)
        for extra in extras:
            installed.run("python", "-c", USES[extra])


@pytest.mark.slow
@pytest.mark.parametrize("extras", [*([extra] for extra in EXTRAS), EXTRAS], ids=",".join)
def test_extras_install_and_do_their_work(extras, built, tmp_path):
    assert {*EXTRAS, "openenv"} == set(built.metadata().get_all("Provides-Extra", []))
    wheel = f"mesa-gym[{','.join(extras)}] @ {built.wheel.as_uri()}"
    with Installed(tmp_path, wheel, *PINNED) as installed:
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


@pytest.mark.slow
@pytest.mark.parametrize("editable", [False, True])
def test_type_checker_reads_hints_of_package(editable, tmp_path):
    wheel = build(tmp_path / "built").wheel
    # What was built from is a copy of the checkout.
    target = ["-e", str(tmp_path / "built" / "source")] if editable else [str(wheel)]
    with Installed(tmp_path, *target, *PINNED) as installed:
        assert "no issues found" in checked(RIGHT, installed, 0)
        report = checked(IMPORTS + "\n".join(WRONG), installed, 1)
    first = IMPORTS.count("\n") + 1
    for line, (mistake, kind) in enumerate(WRONG.items(), first):
        (row,) = [row for row in report.splitlines() if f"users.py:{line}: error" in row]
        assert f"[{kind}]" in row, mistake


def test_actions_of_workflows_are_pinned_by_commit():
    """A tag can be moved to other code, which would run with the rights of a release."""
    workflows = [*(ROOT / ".github/workflows").glob("*.yml")]
    lines = [
        line for path in workflows for line in path.read_text().splitlines() if "uses:" in line
    ]
    assert len(lines) > 10
    for line in lines:
        assert re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$", line), line
