"""Every trap of the package passes the battery; so do users' traps, from a file or by a call."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import pytest

import mesa_gym
from docs.writers import traps
from mesa_gym import cli
from mesa_gym.testing import CERTIFICATES, CHECKS
from mesa_gym.testing.digests import check_digest
from mesa_gym.traps import all_traps, find_trap, package_traps
from mesa_gym.traps.cheese_corner import CheeseCorner
from tests.support.parameters import DAY, DIGESTS, FINISHED, few, is_today, thorough
from tests.support.refusals import refusals
from tests.support.small_traps import LONG

# Made once, so that checks share the states that they look at.
TRAPS = {name: trap() for name, trap in all_traps().items()}


# Levels of a split for certificates and oracles: of a release, and on each day.
RELEASED, DAILY, DAYS = 1000, 200, 5


def level_counts():
    """Yield each check with a few levels, and with many as a slow test."""
    for name in CHECKS:
        certifies = name in CERTIFICATES
        if name not in LONG | {"oracle", "references"}:
            yield pytest.param(name, 32 if certifies else 4, id=name)
        count = RELEASED if certifies else 12
        yield pytest.param(name, count, id=f"{name}-many", marks=pytest.mark.slow)


# Lives take longest: the digest of one, PaidBefore, is a fast test.
LIVES = {"CueOrPay-v0", "FlashOrPay-v0", "NeverPaid-v0", "Probation-v0"}
# A place, things that exchange, and chance; all traps go through the doors of tests/doors.
BATTERY = {"CheeseCorner-v0", "RedBlueDoors-v0", "MonsterWorld-v0"}


@pytest.mark.parametrize(("check", "levels"), [*level_counts()])
@pytest.mark.parametrize("name", few(TRAPS, *BATTERY, thorough=TRAPS))
def test_trap_passes_each_check(name, check, levels):
    """A trap is certified on a release's levels once in five days, and before each release."""
    if levels == RELEASED and not is_today(name, DAYS):
        levels = DAILY
    print(f"{levels} levels; DAY={DAY} takes as many again")
    if check not in TRAPS[name].skipped_checks:
        CHECKS[check](TRAPS[name], levels)


@pytest.mark.parametrize("name", [thorough(x) if x in LIVES else x for x in FINISHED])
def test_trap_equals_its_recorded_digest(name):
    check_digest(TRAPS[name], DIGESTS)


ROOT = Path(mesa_gym.__file__).parent
EXAMPLE = ROOT / "cli" / "example_trap.py"
CODE = EXAMPLE.read_text()

USE = """
import gymnasium, mesa_gym
from mesa_gym.cli import main
from mesa_gym.rendering.drawing import SPRITES
from mesa_gym.testing import check_trap
name = "Mushrooms"
for id in ("MesaGym/Mushrooms-v0", "MesaGym/Mushrooms-Shift-v0"):
    env = gymnasium.make(id, render_mode="rgb_array")
    env.reset(seed=0)
    assert env.render().shape == (288, 288, 3)
    assert (env.render() == (235, 230, 215)).all(axis=-1).any()  # a toadstool's stalk
assert SPRITES["toadstool"].__module__ == "mesa_gym.traps.mushrooms"
envs = gymnasium.make_vec("MesaGym/Mushrooms-v0", 3)
assert envs.reset(seed=0)[0].shape[:3] == (3, 9, 9)
check_trap(name, 20)
assert main(["list"]) == 0 and main(["describe", name]) == 0
assert main(["certify", name, "--levels", "100"]) == 0
assert main(["score", name, "--policy", "oracle:shady", "--levels", "50",
             "--json", "card.json"]) == 0
"""

PAGES = """
from docs.writers import headline
from docs.writers.parts import BOARD, README, package_traps, read_board
from docs.writers.tables import put_part
from docs.writers.traps import write_page
board, text = read_board(), README.read_text()
assert headline.describe_learning(board, "docs/") in text
for describe in (headline.describe_learning, headline.describe_nearest_script,
                 headline.describe_controls, headline.describe_agreement):
    assert describe(board) in BOARD.read_text()
readme = put_part(text, "traps", str(len(package_traps())))
print(*write_page().splitlines()[3:10], readme, sep="\\n")
"""


@pytest.fixture
def run_extended(tmp_path):
    """Put the example into a copy of the package; return a function that runs code in the copy."""
    for name in ("agents", "benchmarks", "docs", "mesa_gym"):
        ignored = shutil.ignore_patterns("__pycache__", "build")
        shutil.copytree(ROOT.parent / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT.parent / "README.md", tmp_path)
    shutil.copy(EXAMPLE, tmp_path / "mesa_gym" / "traps" / "mushrooms.py")
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "MESA_GYM_CACHE": str(tmp_path / "cache")}

    def run(code):
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, check=True)
        return done.stdout.decode()

    return run


@pytest.mark.thorough
def test_contributed_trap_works_everywhere(run_extended, tmp_path):
    """In a process of its own; of a trap by file, ``test_every_command_takes_a_trap_file``."""
    run_extended(USE)
    card = json.loads((tmp_path / "card.json").read_text())
    assert (card["trap"], card["verdict"]) == ("Mushrooms-v0", "proxy:shady")


@pytest.mark.thorough
def test_contributed_trap_leaves_pages_right(run_extended):
    pytest.importorskip("optax")
    before, count = traps.write_page(), len(package_traps())
    assert f" of the {count} traps " in before
    page = before.replace(f" of the {count} traps ", f" of the {count + 1} traps ")
    expected = page.splitlines()[3:10]
    kept, _, without = expected[-1].partition(" Traps without committed agents: ")
    expected[-1] = f"{kept} Traps without committed agents: {int(without[:-1] or 0) + 1}."
    *page, readme = run_extended(PAGES).split("\n", 7)
    assert page == expected
    mark = "<!-- traps, by make pages -->"
    assert f"{mark}{count + 1}<!-- until here -->" in readme


@pytest.mark.usefixtures("registry")
def test_register_trap_again_replaces_the_class():
    for _ in range(2):

        @mesa_gym.register_trap
        class OwnCorner(CheeseCorner):
            pass

        assert find_trap("OwnCorner") is all_traps()["OwnCorner-v0"] is OwnCorner
        assert isinstance(gym.make("MesaGym/OwnCorner-Shift-v0").unwrapped.trap, OwnCorner)


test_register_trap_with_taken_name_is_refused = refusals(
    "conformance", "registering", globals(), "registry"
)


@pytest.mark.usefixtures("registry")
def test_refused_trap_leaves_the_package_ids():
    with pytest.raises(ValueError, match="is a trap of mesa_gym itself"):
        mesa_gym.register_trap(type("CheeseCorner", (CheeseCorner,), {}))
    assert '"CheeseCorner-v0"' in gym.spec("MesaGym/CheeseCorner-v0").to_json()


@pytest.fixture
def elsewhere(tmp_path, registry, monkeypatch):
    """Write files into a folder that is not the current one."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    folder = tmp_path / "my traps"
    folder.mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def write(name, code):
        path = folder / name
        path.write_text(code)
        return path

    return write


def test_find_trap_by_file_loads_its_neighbours(elsewhere):
    elsewhere("basket.py", "SIZE = 2\n")
    code = CODE.replace("SHADE_PLANES = 8", "from basket import SIZE as SHADE_PLANES")
    path = elsewhere("undergrowth.py", code)
    for name in (f"{path}:Mushrooms", "../my traps/undergrowth.py:mushrooms-v0"):
        assert find_trap(name).name() == "Mushrooms-v0"
    assert find_trap("Mushrooms") is find_trap("undergrowth:MesaGym/Mushrooms-v0")
    assert "SHADE_PLANES" in vars(sys.modules["undergrowth"])


COMMANDS = """
list {} CheeseCorner --json
describe {}
certify {} --levels 4
watch {} --headless --record end.png
play {} --headless --record first.png
score {} --policy oracle:shady --levels 4 --save-episodes done.jsonl
watch {} --episodes done.jsonl --headless --record last.png
export {} --policy oracle:base --out page.html
"""


@pytest.mark.thorough
def test_every_command_takes_a_trap_file(elsewhere, monkeypatch):
    pytest.importorskip("pygame")
    path = elsewhere("grove.py", CODE)
    for line in COMMANDS.strip().splitlines():
        # As in a process of its own.
        monkeypatch.setattr(mesa_gym.traps, "_registered", {})
        sys.modules.pop("grove", None)
        words = [word.format(f"{path}:Mushrooms") for word in line.split()]
        assert cli.main(words) == 0, line
    for name in ("end.png", "first.png", "done.jsonl", "last.png", "page.html"):
        assert Path(name).stat().st_size > 0


@pytest.fixture
def files(elsewhere):
    """A folder with traps in files, and with files without one."""
    empty_class = "\n\nclass Bare(Mushrooms):\n    pass\n"
    contents = {"thicket": CODE + empty_class, "json": CODE, "bare": ""}
    contents["broken"] = "import no_such_package"
    paths = [elsewhere(f"{stem}.py", code) for stem, code in contents.items()]
    return paths[0].parent


test_find_trap_in_wrong_file_is_refused = refusals("conformance", "files", globals(), "files")
