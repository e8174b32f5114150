"""Settings and stages of a training: checked, told, recorded, and what they change."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from parameters import few
from training import CORNER, lesson, trained

from agents import ppo
from agents.algorithms import ALGORITHMS
from agents.playing import HostEnvs, Variation
from agents.ppo import Learner
from agents.ppo_settings import NAMES, PPOSettings
from agents.run import Run
from agents.stages import read_stages
from agents.train import main, train_many
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.loading import load
from mesa_gym.trained.tensors import encode_weights
from mesa_gym.traps.attributes import Attributes

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
    return encode_weights(agent.weights)


TAKERS = [name for name, each in ALGORITHMS.items() if each.settings]


@pytest.mark.parametrize("algo", few(TAKERS, "ppo", thorough={*TAKERS} - {"ppo-gru"}))
def test_settings_each_change_what_is_learnt(algo):
    assert [*OTHERS] == [*NAMES]
    usual = train_weights(algo, FEW)
    assert usual == train_weights(algo, FEW)
    taken = ALGORITHMS[algo].list_settings()
    assert ("units" in taken) == ALGORITHMS[algo].units
    for name in taken:
        assert train_weights(algo, replace(FEW, **{name: OTHERS[name]})) != usual, name


@pytest.mark.parametrize("parts", [1, 3, 7, 128])
def test_minibatches_split_the_rollout_evenly(parts):
    made, sizes = learner(replace(FEW, minibatches=parts)), []
    made.descend = lambda loss, left: None
    made.loss = lambda batch, left: sizes.append(batch.actions.shape[1])
    made.update()
    assert len(sizes) == 2 * parts
    assert sum(sizes) == 2 * FEW.rollout_steps
    assert max(sizes) - min(sizes) <= (256 % parts > 0)


@pytest.mark.parametrize("name", NAMES)
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


def test_run_compares_settings_with_its_own_algorithm():
    """A learner with a memory has its own rate; PPO's is a change there, and its own is none."""
    run = Run("CheeseCorner", "ppo-gru")
    assert run.settings == ALGORITHMS["ppo-gru"].settings != PPOSettings()
    assert run.change(learning_rate=5e-3).name == "ppo-gru-learning-rate0.005-s0"
    assert run.change(learning_rate=8e-3) == run
    with pytest.raises(ValueError, match="Did you mean 'learning_rate'"):
        run.change(learnin_rate=1)


USUAL = {"steps": 7, "reward": "base", "alpha": 0.0, "num_levels": 50}


def test_stage_reads_its_words_over_defaults():
    words = ["reward='square and red' rho=0 home=corner", ""]
    first, second = read_stages("Attributes", words, USUAL)
    paid = {"trap": first.settings.trap, "reward": "square and red"}
    assert first.lesson() == USUAL | paid
    kept = {"rho": 0.0, "home": "corner"}
    assert kept.items() <= first.settings.trap.parameters.items()
    assert second.settings.trap.parameters == Attributes().parameters
    (only,) = read_stages("Attributes", [], USUAL)
    assert only.lesson() | {"trap": ""} == second.lesson() | {"trap": ""}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rho"], "expected words such as rho=0.9 in a stage, got 'rho'"),
        (["rho=2"], "the stage 'rho=2': rho must be a number from 0 to 1, got 2"),
        (["rhoo=1"], "Did you mean 'rho'"),
        (["split=shift"], "the stage 'split=shift': unknown word of a stage 'split'"),
        (["steps=x"], "steps must be an integer of at least 1, got 'x'"),
        (["size=11", "rho=0"], "the stages show grids of different sizes or planes"),
        (["shape_planes=2", ""], "the stages show grids of different sizes or planes"),
    ],
)
def test_stage_with_bad_words_is_refused(words, message):
    with pytest.raises(ValueError, match=message):
        read_stages("Attributes", words, USUAL)


@pytest.mark.thorough
def test_stage_continues_from_the_one_before(monkeypatch):
    """With a second stage that never updates, the agent is that of the first alone."""
    run = Run("CheeseCorner", stages=("steps=8192", "steps=4096 alpha=0.5"), num_levels=500)
    update, alphas = ppo.Learner.update, []

    def spied(self):
        alphas.append(self.envs.venv.settings.alpha)
        if self.envs.venv.settings.alpha:
            return torch.zeros(2), torch.zeros(2)
        return update(self)

    monkeypatch.setattr(ppo.Learner, "update", spied)
    staged = train_many(run, (1, 2))
    monkeypatch.undo()
    alone = train_many(Run("CheeseCorner", steps=8192, num_levels=500), (1, 2))
    assert alphas == [0.0, 0.0, 0.5]
    for one, other in zip(staged, alone, strict=True):
        assert one.weights == other.weights == one.earlier[8192].weights


@pytest.mark.thorough
def test_checkpoints_count_steps_of_all_stages(tmp_path):
    words = ["--stage", "steps=8192", "--stage", "steps=8192 reward=corner", "--checkpoints", "2"]
    asked = ["--trap", "CheeseCorner", "--out", str(tmp_path / "agent"), *words]
    assert main(asked) == 0
    kept = tmp_path / "agent" / "checkpoints"
    assert {path.name for path in kept.iterdir()} == {"4096", "8192", "12288"}
    folders = [*kept.iterdir(), tmp_path / "agent"]
    weights = [load(path, CORNER).weights["second.weight"] for path in folders]
    assert len({float(np.abs(each).sum()) for each in weights}) == 4


def test_agent_loads_on_traps_of_its_planes(tmp_path):
    asked = ["--trap", "Attributes", "--steps", "1", "--stage", "rho=0.5 home=cell"]
    assert main([*asked, "--out", str(tmp_path / "agent")]) == 0
    load(tmp_path / "agent", Attributes(rho=0.0, objects=5))
    with pytest.raises(ValueError, match="was trained with planes"):
        load(tmp_path / "agent", Attributes(colour_planes=2))


def test_only_the_first_units_learn():
    (agent,) = ppo.train(lesson(steps=8192, settings=PPOSettings(units=4)))
    (whole,) = ppo.train(lesson(steps=8192))
    for layer in ("first", "second"):
        used = [bool(row.any()) for row in agent.weights[f"{layer}.weight"][:6]]
        assert used == [True] * 4 + [False] * 2
    assert not agent.weights["policy.weight"][:, 4:].any()
    assert whole.weights["policy.weight"][:, 4:].any()
