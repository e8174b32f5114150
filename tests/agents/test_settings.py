"""Settings and keywords of a training: checked, told, recorded, and what they change."""

from dataclasses import fields, replace

import numpy as np
import pytest

from agents import ppo
from agents.algorithms import ALGORITHMS, SETTING_NAMES, PPOSettings
from agents.ppo import PPO
from agents.run import Run
from agents.saving import save
from agents.taught import Taught
from benchmarks.plan import list_lives
from mesa_gym.policies import POLICY_FILE
from mesa_gym.policies.agent_files import AgentRecord
from mesa_gym.trained.loading import load
from mesa_gym.trained.weights_file import encode_weights
from mesa_gym.traps import find_trap, package_traps
from mesa_gym.traps.attributes import Attributes
from mesa_gym.traps.flash_or_pay import FlashOrPay
from tests.support.training import leave_untrained, small

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
    with pytest.raises(ValueError, match=r"epochs must be a whole number of at least 1, got 2\.0"):
        PPOSettings(epochs=2.0)


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
    with pytest.raises(ValueError, match="Did you mean 'learning_rate'"):
        run.change(learnin_rate=1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rho"], "expected a trap's keywords after its name, .*, got 'rho'"),
        (["rho=1", "rho=0.5"], "each once, such as rho=0.9, got 'rho=0.5'"),
        (["rho=2"], "rho must be a number from 0 to 1, got 2"),
        (["rhoo=1"], "Did you mean 'rho'"),
        (["split=shift"], "unknown parameter of Attributes 'split'"),
    ],
)
def test_run_with_bad_keywords_is_refused(words, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Run("Attributes", keywords=tuple(words))


def test_run_reads_keywords_of_its_trap():
    run = Run("Attributes", keywords=("rho=0.5", "home=corner", "size=11"))
    made = run.environment().trap
    assert made.size == (11, 11)
    assert {"rho": 0.5, "home": "corner"}.items() <= made.parameters.items()
    assert run.name == "ppo-rho=0.5-home=corner-size=11-s0"
    assert run.command().startswith(
        "python -m agents.train Attributes rho=0.5 home=corner size=11 --algo ppo "
    )


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


def test_agent_loads_where_planes_are_equal(tmp_path):
    run = Run("Attributes", keywords=("rho=0.5", "home=cell"))
    save(tmp_path / "agent", leave_untrained(run))
    load(tmp_path / "agent", Attributes(rho=0.0, objects=5))
    with pytest.raises(ValueError, match="was trained with planes"):
        load(tmp_path / "agent", Attributes(colour_planes=2))
