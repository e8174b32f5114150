"""The training of planners: alone and beside others, in stages, wide ones, and what they learn."""

import numpy as np
import pytest
import torch
from training import lesson, trained

from agents import planner
from agents.ppo_settings import PPOSettings
from agents.run import Run
from agents.saving import encode_weights
from agents.train import train_many
from mesa_gym.trained.planner import WidePlanner
from mesa_gym.traps import find_trap

DISH = find_trap("CheeseDish")()


def test_a_planner_does_not_depend_on_those_beside_it():
    alone = planner.train(lesson(2, trap=DISH, steps=8192))[0]
    beside = planner.train(lesson(1, 2, 3, trap=DISH, steps=8192))[1]
    for one, other in zip(alone.stack, beside.stack, strict=True):
        assert torch.equal(one, other)
    planes = DISH.observe(DISH.levels("shift", np.arange(200)))
    np.testing.assert_array_equal(alone.act(planes)[:70], alone.act(planes[:70]))


def test_stages_of_several_sizes_go_on_with_what_was_learnt():
    run = Run("CheeseDish", "ppo-planner", stages=("size=7 steps=4096", "size=9 steps=4096"))
    (agent,) = train_many(run, (0,))
    assert agent.record.kind == "planner"


def test_training_makes_wide_planners():
    few = PPOSettings(environments=8)
    size = {"steps": 2 * few.rollout_steps, "num_levels": 50, "settings": few}
    agent, other = trained("ppo-planner-wide", lesson(1, 2, **size))
    (again,) = trained("ppo-planner-wide", lesson(1, **size))
    assert isinstance(agent, WidePlanner)
    assert encode_weights(agent) == encode_weights(again) != encode_weights(other)


@pytest.mark.thorough
def test_a_planner_learns_the_way_by_reward_alone():
    agent = planner.train(lesson(0, trap=DISH, steps=60_000))[0]
    planes = DISH.observe(DISH.levels("test", np.arange(200)))
    ends, cheese = agent.plan(planes)[:, -1], planes[..., DISH.channels.index("cheese")]
    assert cheese.reshape(200, -1)[np.arange(200), ends].mean() >= 0.95
