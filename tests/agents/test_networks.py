"""The training of planners and on pictures, and agents beside what was trained."""

from functools import partial

import numpy as np
import pytest
import torch
from reference import wandered
from training import CORNER, lesson

from agents import pixels, planner
from agents.inputs import WholePlanes
from agents.lesson import Lesson
from agents.local import LocalLearner
from agents.pixels import PixelLearner
from agents.planner import PlannerLearner
from agents.playing import HostEnvs, Variation
from agents.ppo import Learner
from agents.run import Run
from agents.stacks import Optimiser, draw_stack
from agents.train import train_many
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.local import REACH
from mesa_gym.trained.pixels import Tiles
from mesa_gym.trained.planner_maps import PlannerNetwork, WidePlannerNetwork
from mesa_gym.traps import find_trap
from mesa_gym.traps.attributes import Attributes


@pytest.mark.thorough
def test_optimiser_uses_muon_for_squares_else_adam():
    stack, generator = draw_stack(40, (1, 2)), torch.Generator().manual_seed(0)
    before = [each.detach().clone() for each in stack]
    found = [[torch.randn(x.shape, generator=generator) for x in stack] for _ in range(4)]
    optimiser = Optimiser(stack, stack.second)
    for gradient in found:
        optimiser.step(gradient, 0.01)
    for index, name in enumerate(stack._fields):
        for agent in range(2):
            weights = before[index][agent].clone()
            if name == "second":  # torch computes it in bfloat16
                other = torch.optim.Muon([weights], lr=0.08, weight_decay=0, momentum=0.95)
            else:
                other = torch.optim.Adam([weights], lr=0.01, eps=1e-5)
            for gradient in found:
                weights.grad = gradient[index][agent]
                other.step()
            expected = weights - before[index][agent]
            missed = (stack[index][agent].detach() - weights).norm() / expected.norm()
            assert missed < (0.02 if name == "second" else 1e-5)


def learner(kind, make_view, asked):
    """A learner that has learnt nothing yet."""
    view = make_view(asked.trap)
    return kind(HostEnvs(asked, view, Variation()), asked, view.count)


@torch.no_grad()
@pytest.mark.parametrize(
    ("kind", "make_view"),
    [
        (Learner, CentredInputs),
        (LocalLearner, partial(CentredInputs, reach=REACH)),
        (PixelLearner, Tiles),
        (partial(PlannerLearner, PlannerNetwork), WholePlanes),
        (partial(PlannerLearner, WidePlannerNetwork), WholePlanes),
    ],
)
def test_agent_computes_what_was_trained(kind, make_view):
    """The function in training, in torch, and the agent's, in NumPy, of the same weights."""
    made = learner(kind, make_view, Lesson(CORNER, (1, 2), 1, num_levels=9))
    for parameter in made.stack:
        parameter.copy_(parameter.half().float())
    made.stack[-1 if len(made.stack) == 7 else 4].mul_(2)  # some opinion
    planes = CORNER.observe(wandered(CORNER, 100))
    seen = torch.from_numpy(make_view(CORNER).list_inputs(planes)).expand(2, 100, -1)
    scores, values = made.compute(made.build_acting_stack(), seen)
    for agent, score, value in zip(made.agents(), scores, values, strict=True):
        found = agent.layers(planes)
        largest = max(1, float(score.abs().max()))
        np.testing.assert_allclose(found["scores"], score, atol=1e-5 * largest)
        np.testing.assert_allclose(found["value"], value, atol=1e-5)
        chances = score.double().softmax(dim=1)
        np.testing.assert_allclose(agent.act(planes), chances, atol=1e-5)
        one = made.take_over(agent)
        for own, whole in zip(one, made.stack, strict=True):
            assert any(torch.equal(own[0], each) for each in whole)


DISH = find_trap("CheeseDish")()


def test_planner_trains_alike_beside_others():
    alone = planner.train(lesson(2, trap=DISH, steps=8192))[0]
    beside = planner.train(lesson(1, 2, 3, trap=DISH, steps=8192))[1]
    for name, each in alone.weights.items():
        np.testing.assert_array_equal(each, beside.weights[name])
    planes = DISH.observe(DISH.levels("shift", np.arange(200)))
    np.testing.assert_array_equal(alone.act(planes)[:70], alone.act(planes[:70]))


def test_train_in_stages_keeps_what_was_learnt():
    run = Run("CheeseDish", "ppo-planner", stages=("size=7 steps=4096", "size=9 steps=4096"))
    (agent,) = train_many(run, (0,))
    assert agent.record.kind == "planner"


@pytest.mark.thorough
def test_planner_learns_the_way_by_reward():
    agent = planner.train(lesson(0, trap=DISH, steps=60_000))[0]
    planes = DISH.observe(DISH.levels("test", np.arange(200)))
    ends, cheese = agent.plan(planes)[:, -1], planes[..., DISH.channels.index("cheese")]
    assert cheese.reshape(200, -1)[np.arange(200), ends].mean() >= 0.95


TRAP = Attributes()


@pytest.mark.thorough
def test_pixel_training_repeats_and_continues():
    asked = Lesson(TRAP, (0, 1), 8192, num_levels=500)
    both, alone = pixels.train(asked), pixels.train(Lesson(TRAP, (1,), 8192, num_levels=500))
    for name, each in alone[0].weights.items():
        np.testing.assert_allclose(both[1].weights[name], each, atol=1e-3)
    first = learner(PixelLearner, Tiles, Lesson(TRAP, (0,), 1, num_levels=9)).agents()[0].weights
    for name in ("first", "second", "outputs", "tiles"):
        assert not np.array_equal(both[0].weights[name], first[name]), name
    again = pixels.train(Lesson(TRAP, (0, 1), 1, num_levels=500, start=both))
    seconds = [each["second"] for each in (first, both[0].weights, again[0].weights)]
    change, before = np.abs(seconds[2] - seconds[1]).mean(), np.abs(seconds[1] - seconds[0]).mean()
    assert 0 < change < before


def test_pixels_on_a_device_are_refused():
    with pytest.raises(ValueError, match="leave out the device"):
        pixels.train(Lesson(TRAP, (0,), 1, num_levels=9, device="cpu"))
