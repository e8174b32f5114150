"""Runs: the registry of algorithms, a user's own, settings and keywords."""

import json
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest

from agents import ppo
from agents.algorithms import ALGORITHMS, SETTING_NAMES, PPOSettings, find_algorithm
from agents.ppo import PPO
from agents.run import Run
from agents.saving import save
from agents.taught import Taught
from agents.train import main
from benchmarks.plan import list_lives
from mesa_gym.policies import POLICY_FILE, as_policy
from mesa_gym.policies.agent_files import AgentRecord
from mesa_gym.trained.loading import NETWORKS, load
from mesa_gym.trained.weights_file import encode_weights
from mesa_gym.traps import find_trap, package_traps
from mesa_gym.traps.attributes import Attributes
from mesa_gym.traps.flash_or_pay import FlashOrPay
from tests.support.refusals import refusals
from tests.support.training import CORNER, leave_untrained, refuse, small

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


@pytest.mark.thorough
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


def refuse_algorithm(name):
    refuse("CheeseCorner --num-levels 50 --steps 600 --quiet --algo", name)


def test_own_algorithm_error_is_raised(mine, tmp_path):
    with pytest.raises(KeyError, match="mine"):
        main(command(f"{mine}:ppo_", tmp_path / "agent"))
    assert not (tmp_path / "agent").exists()


# -- settings and keywords -------------------------------------------------------------------------

# For each setting a value that must change what is learnt.
OTHERS = {
    "learning_rate": 1e-3, "epochs": 1, "minibatches": 3, "environments": 17, "rollout_length": 17,
    "clip": 1e-3, "entropy": 5.0, "value_loss": 2.0, "gae_lambda": 0.5, "discount": 0.5,
    "gradient_norm": 1e-3, "units": 64,
}  # fmt: skip


# Each changes the program, which is then compiled.
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("algo", "trainer"), [("ppo", PPO), ("taught", Taught)])
def test_settings_taken_change_the_weights(algo, trainer):
    """Those that are refused would change nothing, and here the shortest way is always best."""
    assert [*OTHERS] == [*SETTING_NAMES]
    run, found = small(algo), {}
    for name in ("", *OTHERS):
        settings = replace(run.settings, **({name: OTHERS[name]} if name else {}))
        (trained,) = ppo.train(run.repeat((1,)), trainer=trainer, settings=settings)
        found[name] = encode_weights(trained.agent.weights)
    usual = found.pop("")
    assert {name for name in found if found[name] != usual} == {
        name
        for name in OTHERS
        if ALGORITHMS[algo].takes(name) and (algo, name) != ("taught", "discount")
    }


@pytest.mark.parametrize("name", SETTING_NAMES)
def test_settings_with_a_bad_value_are_refused(name):
    for value in (-1, float("nan"), float("inf"), 10**400, "2", True, None):
        told = f"{name} must be a (whole )?number .*, got {repr(value)[:9]}"
        with pytest.raises(ValueError, match=told):
            PPOSettings(**{name: value})


def test_settings_keep_their_declared_number_types():
    given = PPOSettings(discount=1, epochs=np.int64(3), clip=np.float64(0.3))
    assert [type(getattr(given, each.name)) for each in fields(given)] == [
        type(each.default) for each in fields(given)
    ]
    assert given == PPOSettings(discount=1.0, epochs=3, clip=0.3)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_run_name_and_command_follow_settings(algo):
    run = Run("CheeseCorner", algo)
    assert run.name == f"{algo}-s0"
    assert run.facts()["settings"] == {}
    names, commands = {run.name}, {run.command()}
    taken = [name for name in OTHERS if ALGORITHMS[algo].takes(name)]
    for name, value in OTHERS.items():
        if name in taken:
            other = run.change(**{name: value})
            assert other.facts()["settings"] == {name: value}
            names.add(other.name)
            commands.add(other.command())
        else:
            with pytest.raises(ValueError, match=f"{algo} does not take the setting {name}; .*ppo"):
                run.change(**{name: value})
    assert len(names) == len(commands) == 1 + len(taken)


def test_run_name_holds_changed_settings():
    """ppo-gru has a learning rate of its own: PPO's rate is a change there, its own rate is not."""
    run = Run("CheeseCorner", "ppo-gru")
    assert run.settings == ALGORITHMS["ppo-gru"].settings != PPOSettings()
    assert run.change(learning_rate=5e-3).name == "ppo-gru-learning-rate0.005-s0"
    assert run.change(learning_rate=8e-3) == run


test_bad_algorithms_and_keywords_are_refused = refusals("agents", "algorithms", globals(), "mine")
test_loss_without_bound_is_refused = pytest.mark.thorough(
    refusals("agents", "losses", globals(), "mine")
)


def test_run_reads_keywords_of_its_trap():
    run = Run("Attributes", keywords=("rho=0.5", "home=corner", "size=11"))
    made = run.environment().trap
    assert made.size == (11, 11)
    assert {"rho": 0.5, "home": "corner"}.items() <= made.parameters.items()
    assert run.name == "ppo-rho=0.5-home=corner-size=11-s0"
    assert run.command().startswith(
        "python -m agents.train Attributes rho=0.5 home=corner size=11 --algo ppo "
    )


@pytest.mark.thorough
@pytest.mark.parametrize(("words", "share"), [((), 0.2), (("pillars=0",), 0.0)])
def test_training_follows_the_recipe_of_its_trap(words, share, tmp_path):
    """Agents are scored without it, their name does not show it, and their record does."""
    run = Run("FlashOrPay", "ppo-gru", keywords=("flash_planes=2", *words))
    assert run.environment().trap.parameters["pillars"] == share
    assert run.make_trap().parameters == FlashOrPay(flash_planes=2).parameters
    assert run.name == "-".join(["ppo-gru", "flash_planes=2", *words, "s0"])
    assert ("pillars=0.2" in run.facts()["keywords"]) == (not words)
    save(tmp_path / "agent", leave_untrained(run))
    record = AgentRecord.load(tmp_path / "agent" / POLICY_FILE)
    assert (record.parameters["pillars"], record.parameters["flash_planes"]) == (share, 2)


def test_recipes_fit_their_traps():
    recipes = {name: trap.recipe for name, trap in package_traps().items() if trap.recipe}
    assert recipes == {trap.name(): {"pillars": 0.2} for trap in list_lives()}
    for name, recipe in recipes.items():
        made = find_trap(name)(**recipe)
        assert made.channels == find_trap(name)().channels
        assert recipe.items() <= made.parameters.items()


@pytest.mark.thorough
def test_agent_loads_where_planes_are_equal(tmp_path):
    run = Run("Attributes", keywords=("rho=0.5", "home=cell"))
    save(tmp_path / "agent", leave_untrained(run))
    load(tmp_path / "agent", Attributes(rho=0.0, objects=5))
    with pytest.raises(ValueError, match="was trained with planes"):
        load(tmp_path / "agent", Attributes(colour_planes=2))
