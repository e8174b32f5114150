"""Every command in an environment without each extra: it says at once what is missing.

The modules of extras are hidden by an importer, in processes of their own.
"""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points

import gymnasium as gym
import pytest

import mesa_gym
from mesa_gym.cli import COMMANDS, OTHER_COMMANDS
from mesa_gym.errors import MissingExtraError, require_extra, require_imports
from mesa_gym.policies import as_policy
from mesa_gym.traps.cheese_corner import CheeseCorner

# Extra -> the modules that it brings, apart from the modules of extras that it contains.
MODULES = {
    "cluster": ["distributed", "submitit"],
    "films": ["imageio_ffmpeg"],
    "onnx": ["onnx", "onnxruntime", "onnxscript"],
    "openenv": ["openenv", "fastapi", "uvicorn"],
    "report": ["jinja2", "matplotlib"],
    "sb3": ["sb3_contrib", "stable_baselines3", "torch", "tqdm"],
    "stats": ["scipy"],
    "train": ["jax", "optax"],
    "viewer": ["pygame"],  # and Pillow, which matplotlib needs too
}
DISH = "CheeseDish --levels 2 --policy"
SEEDS = "submit seeds --name mine --by me --link https://x"
# Command line -> the extras that it needs.
NEEDS = {
    "certify CheeseDish --levels 2": "",
    "compare ppo random CheeseDish": "stats",
    "compare ppo random CheeseDish --figure a.svg": "report,stats",
    "compare ppo random --algo ppo": "sb3,stats",
    "compare ppo x.onnx CheeseDish": "onnx,stats",
    "demo": "",
    "describe CheeseDish": "",
    "export CheeseDish": "",
    "export CheeseDish --policy x.onnx": "onnx",
    "leaderboard": "",
    "leaderboard CheeseDish": "stats",
    "leaderboard --out pages": "report,stats",
    "leaderboard --policy CheeseDish=x.onnx --name mine": "onnx,stats",
    "list": "",
    "new-trap Mushrooms": "",
    "play CheeseDish": "viewer",
    f"score {DISH} ppo": "",
    f"score {DISH} ppo random": "",
    f"score {DISH} ppo-planner:0 ppo-planner:1": "stats",
    f"score {DISH} x.onnx": "onnx",
    f"score {DISH} x.zip --algo ppo": "sb3",
    "serve": "openenv",
    SEEDS: "onnx,stats",
    "sweep CheeseDish --out swept": "report,stats,train",
    "sweep CheeseDish --on slurm --out swept": "cluster,report,stats,train",
    "train CheeseDish --steps 4096 --out trained": "train",
    "train CheeseDish --algo sb3-ppo --steps 4096 --out trained": "sb3",
    "try CheeseDish --steps 4096 --levels 2": "train",
    "predict CheeseDish --steps 4096": "train",
    "watch CheeseDish --headless --record a.png": "viewer",
    "watch CheeseDish --headless --record a.gif": "viewer",
    "watch CheeseDish --headless --record a.mp4": "films,viewer",
    "watch CheeseDish --policy x.zip --algo ppo": "sb3,viewer",
    "watch CheeseDish --headless --record a.png --beside x.onnx": "onnx,viewer",
}
# Runs command lines after each other without some modules, and prints what each did.
RUN = """
import io, json, os, sys
from contextlib import redirect_stderr, redirect_stdout
hidden, commands = json.load(sys.stdin)

class Hider:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hider())
from mesa_gym.cli import main
results = {}
for command in commands:
    before, out, err = set(os.listdir()), io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(command.split())
        except SystemExit as stop:  # of --help
            code = stop.code
    files = sorted(set(os.listdir()) - before)
    results[command] = code, out.getvalue(), err.getvalue(), files
json.dump(results, sys.stdout)
"""


def run_without(extras, commands, folder):
    """Return command -> exit code, standard output, standard error, and new files."""
    for seed in range(5):
        (folder / "seeds" / "CheeseDish").mkdir(parents=True, exist_ok=True)
        (folder / "seeds" / "CheeseDish" / f"{seed}.onnx").write_bytes(b"")
    hidden = [module for extra in extras for module in MODULES[extra]]
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps([hidden, list(commands)]),
        env=os.environ | {"PYTHONPATH": paths, "BROWSER": "true"},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.thorough
def test_commands_without_extras_name_all_of_them(tmp_path):
    for command, (code, out, err, files) in run_without(MODULES, NEEDS, tmp_path).items():
        if needs := NEEDS[command]:
            assert f'pip install -e ".[{needs}]"' in err, command
            assert (code, out, err.count("\n"), files) == (2, "", 1, []), command
        else:
            assert code == 0, f"{command}: {err}"


@pytest.mark.thorough
@pytest.mark.parametrize("extra", MODULES)
def test_command_without_extra_refuses_first(extra, tmp_path):
    commands = [command for command, needs in NEEDS.items() if extra in needs.split(",")]
    assert commands
    for command, (code, out, err, files) in run_without([extra], commands, tmp_path).items():
        assert f'pip install -e ".[{extra}]"' in err, command
        assert (code, out, err.count("\n"), files) == (2, "", 1, []), command


def test_every_command_has_a_row_of_extras():
    names = {*COMMANDS, *(entry.name for entry in entry_points(group=OTHER_COMMANDS))}
    assert {command.split()[0] for command in NEEDS} == names
    assert {extra for needs in NEEDS.values() for extra in needs.split(",") if extra} == {*MODULES}


def test_missing_imports_are_named_in_one_error():
    def load(package, extra):
        with require_extra(extra, package):
            raise ModuleNotFoundError

    require_imports(dict, list)
    lacking = (lambda: load("b", "y"), dict, lambda: load("a", "x"), lambda: load("c", "y"))
    with pytest.raises(MissingExtraError, match=r"'b, a, c', .* extra mesa-gym\[x,y\]: in a"):
        require_imports(*lacking)


ID = "MesaGym/CheeseCorner-v0"
SB3 = "stable-baselines3", "sb3"
# Module, library, its package and extra -> what needs them.
CALLS = {
    ("envs.jax_env", "jax", "jax", "jax"): lambda: mesa_gym.make_jax(ID, 2),
    ("envs.tensors", "torch", "torch", "sb3"): lambda: mesa_gym.make_torch(ID, 2),
    ("policies.onnx", "onnxruntime", "onnxruntime", "onnx"): lambda: as_policy(
        "x.onnx", CheeseCorner(), 64
    ),
    ("rendering.window", "pygame", "pygame-ce", "viewer"): lambda: gym.make(
        ID, render_mode="human"
    ).reset(),
    ("sb3.callback", "stable_baselines3.common.callbacks", *SB3): lambda: (
        mesa_gym.sb3.ScoreCallback
    ),
    ("sb3.env", "stable_baselines3.common.vec_env", *SB3): lambda: mesa_gym.make_sb3(ID, 2),
}


@pytest.mark.parametrize("names", CALLS, ids=str)
def test_function_without_library_names_the_extra(names, tmp_path, monkeypatch):
    module, library, package, extra = names
    (tmp_path / "x.onnx").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, f"mesa_gym.{module}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    refused = (ImportError, gym.error.DependencyNotInstalled)
    with pytest.raises(refused, match=rf"'{package}'.*mesa-gym\[{extra}\]"):
        CALLS[names]()
