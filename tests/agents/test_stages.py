"""Stages of a training, and agents that use a part of their units."""

import numpy as np
import pytest
import torch
from training import CORNER, lesson

from agents import ppo
from agents.ppo_settings import PPOSettings
from agents.run import Run
from agents.stages import read_stages
from agents.train import main, train_many
from mesa_gym.trained.loading import load, make, restore
from mesa_gym.traps import find_trap
from mesa_gym.traps.attributes import Attributes

USUAL = {"steps": 7, "reward": "base", "alpha": 0.0, "num_levels": 50}


def test_a_stage_is_what_its_words_say_and_else_as_usual():
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
def test_a_stage_that_makes_no_sense_is_refused(words, message):
    with pytest.raises(ValueError, match=message):
        read_stages("Attributes", words, USUAL)


@pytest.mark.thorough
def test_the_next_stage_goes_on_from_what_was_learnt(monkeypatch):
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
def test_checkpoints_are_of_all_stages_by_steps_in_all(tmp_path):
    words = ["--stage", "steps=8192", "--stage", "steps=8192 reward=corner", "--checkpoints", "2"]
    asked = ["--trap", "CheeseCorner", "--out", str(tmp_path / "agent"), *words]
    assert main(asked) == 0
    kept = tmp_path / "agent" / "checkpoints"
    assert {path.name for path in kept.iterdir()} == {"4096", "8192", "12288"}
    folders = [*kept.iterdir(), tmp_path / "agent"]
    weights = [load(path, CORNER).second.weight.detach() for path in folders]
    assert len({float(each.abs().sum()) for each in weights}) == 4


def test_an_agent_acts_on_every_trap_of_its_planes(tmp_path):
    asked = ["--trap", "Attributes", "--steps", "1", "--stage", "rho=0.5 home=cell"]
    assert main([*asked, "--out", str(tmp_path / "agent")]) == 0
    load(tmp_path / "agent", Attributes(rho=0.0, objects=5))
    with pytest.raises(ValueError, match="was trained with planes"):
        load(tmp_path / "agent", Attributes(colour_planes=2))


def test_only_the_first_units_learn():
    (agent,) = ppo.train(lesson(steps=8192, settings=PPOSettings(units=4)))
    (whole,) = ppo.train(lesson(steps=8192))
    for layer in ("first", "second"):
        used = [bool(row.any()) for row in getattr(agent, layer).weight[:6]]
        assert used == [True] * 4 + [False] * 2
    assert not agent.policy.weight[:, 4:].any()
    assert whole.policy.weight[:, 4:].any()


def test_agents_on_many_planes_act_alone_as_in_a_batch():
    """Rows that fill up a block are observations too: inputs of an empty grid lie beyond all."""
    trap = find_trap("Attributes")(shape_planes=2)
    (trained,) = train_many(Run("Attributes", steps=1, stages=("shape_planes=2",)), (0,))
    agent = restore(make(trained.record.kind, trap), trained.weights)
    planes = trap.observe(trap.levels("train", np.arange(3)))
    planes = planes.take([trap.channel[name] for name in trap.channels], axis=-1)
    np.testing.assert_array_equal(agent.act(planes)[:1], agent.act(planes[:1]))
