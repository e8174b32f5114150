"""The settings of PPO: checked, told, recorded, and every one of them arrives in what is learnt."""

from dataclasses import fields, replace

import numpy as np
import pytest
from parameters import few
from training import CORNER, lesson, trained

from agents.algorithms import ALGORITHMS
from agents.playing import HostEnvs, Variation
from agents.ppo import Learner
from agents.ppo_settings import NAMES, PPOSettings
from agents.run import Run
from agents.saving import encode_weights
from mesa_gym.trained.inputs import CentredInputs

# A training of a moment, and for each setting a value that must change it.
FEW = PPOSettings(environments=16, rollout_length=16)
OTHERS = {
    "learning_rate": 1e-3, "epochs": 1, "minibatches": 3, "environments": 17, "rollout_length": 17,
    "clip": 1e-3, "entropy": 5.0, "value_loss": 2.0, "gae_lambda": 0.5, "discount": 0.5,
    "gradient_norm": 1e-3, "units": 16, "rate_left": 1.0,
}  # fmt: skip


def learner(settings):
    asked, view = lesson(1, settings=settings, num_levels=50), CentredInputs(CORNER)
    return Learner(HostEnvs(asked, view, Variation()), asked, view.count)


def train_weights(algo, settings):
    asked = lesson(1, steps=2 * FEW.rollout_steps, num_levels=50, settings=settings)
    (agent,) = trained(algo, asked)
    return encode_weights(agent)


TAKERS = [name for name, each in ALGORITHMS.items() if each.settings]


@pytest.mark.parametrize("algo", few(TAKERS, "ppo", thorough={*TAKERS} - {"ppo-gru"}))
def test_each_setting_that_an_algorithm_takes_changes_what_is_learnt(algo):
    assert [*OTHERS] == [*NAMES]
    usual = train_weights(algo, FEW)
    assert usual == train_weights(algo, FEW)
    taken = ALGORITHMS[algo].list_settings()
    assert ("units" in taken) == ALGORITHMS[algo].units
    for name in taken:
        assert train_weights(algo, replace(FEW, **{name: OTHERS[name]})) != usual, name


@pytest.mark.parametrize("parts", [1, 3, 7, 128])
def test_minibatches_are_all_steps_of_a_rollout_in_parts_as_equal_as_can_be(parts):
    made, sizes = learner(replace(FEW, minibatches=parts)), []
    made.descend = lambda loss, left: None
    made.loss = lambda batch, left: sizes.append(batch.actions.shape[1])
    made.update()
    assert len(sizes) == 2 * parts
    assert sum(sizes) == 2 * FEW.rollout_steps
    assert max(sizes) - min(sizes) <= (256 % parts > 0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), 10**400, "2", True, None])
def test_a_value_that_makes_no_sense_is_refused(name, value):
    told = f"{name} must be a (whole )?number .*, got {repr(value)[:9]}"
    with pytest.raises(ValueError, match=told):
        PPOSettings(**{name: value})


def test_values_are_kept_as_the_numbers_that_they_are():
    given = PPOSettings(discount=1, epochs=np.int64(3), clip=np.float64(0.3))
    assert [type(getattr(given, each.name)) for each in fields(given)] == [
        type(each.default) for each in fields(given)
    ]
    assert given == PPOSettings(discount=1.0, epochs=3, clip=0.3)
    with pytest.raises(ValueError, match=r"epochs must be a whole number of at least 1, got 2\.0"):
        PPOSettings(epochs=2.0)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_agents_of_other_settings_have_other_names_and_commands(algo):
    run = Run("CheeseCorner", algo)
    assert run.name == f"{algo}-s0"
    assert run.facts()["settings"] == {}
    names, commands = {run.name}, {run.command()}
    for name, value in OTHERS.items():
        if name in ALGORITHMS[algo].list_settings():
            other = run.change(**{name: value})
            assert other.facts()["settings"] == {name: value}
            names.add(other.name)
            commands.add(other.command())
        else:
            with pytest.raises(ValueError, match=f"{algo} does not take the setting {name}; .*ppo"):
                run.change(**{name: value})
    assert len(names) == len(commands) == 1 + len(ALGORITHMS[algo].list_settings())


def test_what_is_usual_of_one_algorithm_is_a_change_of_another():
    """A convolutional LSTM learns at its own rate; PPO's is a change there, and its own is none."""
    run = Run("CheeseCorner", "ppo-drc")
    assert run.settings == PPOSettings(learning_rate=3e-3)
    assert run.change(learning_rate=5e-3).name == "ppo-drc-learning-rate0.005-s0"
    assert run.change(learning_rate=3e-3) == run
    with pytest.raises(ValueError, match="Did you mean 'learning_rate'"):
        run.change(learnin_rate=1)
