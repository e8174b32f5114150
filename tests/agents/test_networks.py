"""The training of networks on grids, of planners and on pictures."""

import numpy as np
import pytest
import torch
from training import CORNER, acts, lesson, trained

from agents import pixels, planner
from agents.lesson import Lesson
from agents.ppo_settings import PPOSettings
from agents.run import Run
from agents.saving import encode_weights
from agents.stacks import Optimiser
from agents.train import train_many
from mesa_gym.envs.observations import TILE, make_observation
from mesa_gym.trained.pixels import FEATURES, PIXELS, PixelNetwork, Tiles, draw_pixel_stack
from mesa_gym.trained.stacks import draw_stack
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.attributes import Attributes


@pytest.mark.thorough
@pytest.mark.parametrize("algo", ["ppo-vin", "ppo-drc"])
def test_training_changes_every_weight_and_repeats_itself(algo):
    few = PPOSettings(environments=8)
    size = {"steps": 2 * few.rollout_steps, "num_levels": 50, "settings": few}
    agent, other = trained(algo, lesson(1, 2, **size))
    (again,) = trained(algo, lesson(1, **size))
    assert encode_weights(agent) == encode_weights(again) != encode_weights(other)
    start = type(agent)(CORNER, 1).state_dict()
    for name, weights in agent.state_dict().items():
        # Nothing is held in this trap.
        assert torch.equal(weights, start[name].half().float()) == name.endswith("held.weight")
    (further,) = trained(algo, lesson(1, start=[agent], **size))
    assert encode_weights(further) != encode_weights(agent)


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


DISH = find_trap("CheeseDish")()


def test_planner_trains_alike_beside_others():
    alone = planner.train(lesson(2, trap=DISH, steps=8192))[0]
    beside = planner.train(lesson(1, 2, 3, trap=DISH, steps=8192))[1]
    for one, other in zip(alone.stack, beside.stack, strict=True):
        assert torch.equal(one, other)
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


def on_pixels(trap, stack, picture, cell):
    """Scores of the actions from a picture, by loops over its tiles; inputs are floor beyond it."""
    height, width = trap.size
    tiles = picture.reshape(height, TILE, width, TILE, 3).swapaxes(1, 2).reshape(height, width, -1)
    first, bias, second, second_bias, out, out_bias, shared, shared_bias = (
        each[0] for each in stack
    )

    def features(tile):
        return (torch.from_numpy(tile / 255 / PIXELS**0.5).float() @ shared + shared_bias[0]).relu()

    floor = features(np.full((TILE, TILE, 3), tiles_of_floor(trap)).reshape(-1))
    y0, x0 = divmod(cell, width)
    hidden, columns = bias[0].clone(), 2 * width - 5
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            if (y, x) != (y0, x0):
                place = (y - y0 + height - 3) * columns + x - x0 + width - 3
                rows = first[place * FEATURES : (place + 1) * FEATURES]
                hidden += (features(tiles[y, x]) - floor) @ rows
    stands = len(first) - 1 - (height - 2) * (width - 2) + (y0 - 1) * (width - 2) + x0 - 1
    hidden = (hidden + first[stands]).relu()
    hidden = (hidden @ second + second_bias[0]).relu()
    return (hidden @ out + out_bias[0])[:5].numpy()


def tiles_of_floor(trap):
    """The tile that most cells show, (8, 8, 3)."""
    starts = trap.levels(Split.TRAIN, np.arange(1))
    picture = make_observation(trap, "rgb").encode(starts)[0]
    height, width = trap.size
    tiles = picture.reshape(height, TILE, width, TILE, 3).swapaxes(1, 2)[1:-1, 1:-1]
    found, counts = np.unique(tiles.reshape(-1, PIXELS), axis=0, return_counts=True)
    return found[counts.argmax()].reshape(TILE, TILE, 3)


@torch.no_grad()
@pytest.mark.parametrize("contrast", [1.0, 0.3])
def test_pixel_network_equals_loop_over_rgb_pixels(contrast):
    trap = Attributes(contrast=contrast)
    view = Tiles(trap)
    drawn = draw_pixel_stack(view, (3,))
    drawn = drawn._replace(outputs=drawn.outputs * 100, tiles_bias=drawn.tiles_bias + 0.05)
    agent = PixelNetwork(trap, drawn)
    for split in (Split.TRAIN, Split.SHIFT):
        starts = trap.levels(split, np.arange(12))
        scores = agent(torch.from_numpy(trap.observe(starts)))
        pictures = make_observation(trap, "rgb").encode(starts)
        for row in range(12):
            expected = on_pixels(trap, agent.stack, pictures[row], int(starts.agent[row]))
            np.testing.assert_allclose(scores[row], expected, atol=2e-4)
    assert float(scores.std(dim=0).max()) > 0.01


def test_without_contrast_colours_cannot_be_told_apart():
    """Levels that differ in colours alone look alike, as the planes of course do not."""
    grey = Attributes(contrast=0.0)
    starts = grey.levels(Split.TRAIN, np.arange(40))
    planes = grey.observe(starts)
    turned = planes[..., [0, 1, 2, 3, 4, 6, 7, 5]]  # red is green, green blue, blue red
    assert (planes != turned).any()
    drawn = draw_pixel_stack(Tiles(grey), (0,))
    agent = PixelNetwork(grey, drawn._replace(outputs=drawn.outputs * 1000))
    known = [
        np.isin(agent.view._encode_cells(each[None]), agent.view._known).all() for each in turned
    ]
    assert any(known)
    np.testing.assert_array_equal(acts(agent, planes[known]), acts(agent, turned[known]))


@pytest.mark.thorough
def test_pixel_training_repeats_and_continues():
    asked = Lesson(TRAP, (0, 1), 8192, num_levels=500)
    both, alone = pixels.train(asked), pixels.train(Lesson(TRAP, (1,), 8192, num_levels=500))
    for one, other in zip(both[1].parameters(), alone[0].parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=0)
    first = draw_pixel_stack(Tiles(TRAP), (0,))
    for name in ("first", "second", "outputs", "tiles"):
        assert not torch.equal(getattr(both[0], name), getattr(first, name)), name
    again = pixels.train(Lesson(TRAP, (0, 1), 1, num_levels=500, start=both))
    change = (again[0].second - both[0].second).abs().mean()
    assert 0 < change < (both[0].second - first.second).abs().mean()


def test_on_a_device_it_is_refused():
    with pytest.raises(ValueError, match="leave out the device"):
        pixels.train(Lesson(TRAP, (0,), 1, num_levels=9, device="cpu"))


def test_pixel_view_of_unknown_looks_is_refused():
    trap = find_trap("KeysChests")()
    view, starts = Tiles(trap), trap.levels(Split.TRAIN, np.arange(3))
    planes = trap.observe(starts)
    planes[0, 3, 3, :] = 1
    with pytest.raises(ValueError, match="train with ppo"):
        view.list_inputs(planes)
