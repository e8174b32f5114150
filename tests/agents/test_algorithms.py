"""The registry of algorithms, and a user's own by its file."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from agents.algorithms import ALGORITHMS, find_algorithm
from agents.run import Run
from agents.train import main
from mesa_gym.policies import as_policy
from mesa_gym.trained.loading import NETWORKS
from tests.support.training import CORNER

CODE = '''"""PPO as I like it.

More of it.
"""
from functools import partial

from agents import ppo

NUMBER = 3

def stubborn(runs, report=None, device=None):
    return ppo.train(runs, report, device)

partial_one = partial(ppo.train, loss=lambda weights, batch: 1e-3 * weights["first.weight"].sum())

unbounded = partial(ppo.train, loss=lambda weights, batch: batch.values.sum() * float("nan"))
shaped = partial(ppo.train, loss=lambda weights, batch: batch.values)
silent = partial(ppo.train, loss=lambda weights, batch: None)

def term(weights, batch):
    return 0.0

def forgetful(*given):
    return []

def strange(runs, *others):
    return [print] * len(runs)

def ppo_(*given):
    raise KeyError("mine")

taught = stubborn
'''


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A file with algorithms of a user's own."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "my_algorithms", raising=False)
    path = tmp_path / "my_algorithms.py"
    path.write_text(CODE)
    return path


def command(algo, out):
    options = ["CheeseCorner", "--num-levels", "50", "--steps", "600", "--quiet"]
    return [*options, "--algo", algo, "--out", str(out)]


def test_count_steps_follows_ppo_unless_declared():
    taken = {
        name: [ALGORITHMS[name].count_steps(f"{trap}-v0") for trap in ("CheeseDish", "KeysChests")]
        for name in ("ppo", "ppo-planner", "taught", "sb3-ppo")
    }
    assert taken == {"ppo": [600_000, 3_000_000], "ppo-planner": [100_000, 500_000],
                     "taught": [600_000, 3_000_000], "sb3-ppo": [400_000, 2_000_000]}  # fmt: skip
    assert ALGORITHMS["ppo-planner"].count_steps("FollowMe-v0") == 166_666


@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=ALGORITHMS)
def test_algorithm_entry_states_cost_and_description(algorithm):
    assert find_algorithm(algorithm.name) is algorithm
    assert algorithm.seconds > 0
    assert 20 < len(algorithm.describe()) < 110


def test_algorithms_make_every_kind_of_agent():
    assert {each.kind for each in ALGORITHMS.values()} == {*NETWORKS, "sb3"}


def test_listing_algorithms_imports_no_trainer():
    said = "import sys, benchmarks.plan; print({'jax', 'torch'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.thorough
def test_own_algorithm_is_loaded_from_its_file(mine, tmp_path):
    """Another loss gives another agent; default settings are PPO's."""
    found = []
    for name, about in (("stubborn", "PPO as I like it."), ("partial_one", "PPO as I like it.")):
        out = tmp_path / "agents" / name
        assert main(command(f"{mine}:{name}", out)) == 0
        entries = json.loads((out / "policy.json").read_text())
        wanted = {"name": f"{name}-s0", "algo": name, "about": about, "kind": "mlp"}
        assert {name: entries[name] for name in wanted} == wanted
        found.append(as_policy(str(out), CORNER, 64).weights["first.weight"])
    assert not np.array_equal(*found)
    again = entries["command"].removeprefix("python -m agents.train ").split()
    assert main([*again, "--out", str(tmp_path / "two")]) == 0
    assert (tmp_path / "two" / "weights.safetensors").read_bytes() == (
        out / "weights.safetensors"
    ).read_bytes()


def test_own_algorithm_defaults_to_ppo_step_count(mine):
    run = Run("KeysChests", f"{mine}:stubborn")
    assert (run.steps, run.settings) == (3_000_000, None)
    with pytest.raises(ValueError, match="stubborn does not take the setting epochs"):
        run.change(epochs=1)


@pytest.mark.parametrize(
    ("algo", "message"),
    [
        ("{file}:stuborn", "unknown function of .*'stuborn'.*Did you mean 'stubborn'"),
        ("{file}:NUMBER", "NUMBER is 3; expected a function that takes what .*ppo.train takes"),
        (
            "{file}:nope",
            r"'nope'.* stubborn, partial_one, .*, silent, forgetful, strange, ppo_, taught\.",
        ),
        ("{file}:term", "term is .*; expected a function that takes what .*ppo.train takes"),
        (
            "{file}:unbounded",
            r"^mesa-gym train: the loss is nan .* at step 4,096 \(.*:unbounded\)$",
        ),
        ("{file}:shaped", "^mesa-gym train: the loss term gives an array .1, .*; expected one num"),
        ("{file}:silent", "^mesa-gym train: the loss term gives None; expected one number"),
        ("{file}:", "expected FILE.py:function"),
        ("{file}:taught", "would be named as those of taught; rename the function"),
        ("{folder}/nowhere.py:mine", "there is no file '.*nowhere.py'"),
        ("no_such_module:mine", "No module named 'no_such_module'"),
        (
            "{file}:strange",
            "strange returned .*print.*; expected .* a list of 1 .*TrainedAgent, one a run",
        ),
        ("{file}:forgetful", r"forgetful returned \[\]; expected .* a list of 1 "),
    ],
)
def test_train_with_a_bad_algorithm_exits_2(algo, message, mine, tmp_path, capsys):
    assert main(command(algo.format(file=mine, folder=tmp_path), tmp_path / "agent")) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "agent").exists()


def test_own_algorithm_error_is_raised(mine, tmp_path):
    with pytest.raises(KeyError, match="mine"):
        main(command(f"{mine}:ppo_", tmp_path / "agent"))
    assert not (tmp_path / "agent").exists()
