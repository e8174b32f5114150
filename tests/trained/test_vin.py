"""Value iteration networks: sweeps against a recursion in plain Python, and where it begins."""

import numpy as np
import torch
from reference import wandered
from training import CORNER

from mesa_gym.trained.vin import CHANNELS, SCALE, SWEEPS, WALL, ValueIterationNetwork
from mesa_gym.traps import find_trap

SMALL = find_trap("CheeseCorner")(7)


def sweep_plainly(agent, rewards):
    """Return the channels (height, width, CHANNELS) after all sweeps; the border is a wall."""
    height, width = rewards.shape
    pays, goes_on = (
        each.detach().double().numpy().reshape(CHANNELS, 3, 3)
        for each in (agent.pays, agent.goes_on)
    )
    framed = np.full_like(rewards, WALL)
    framed[1:-1, 1:-1] = rewards[1:-1, 1:-1]
    values, channels = None, np.zeros((height, width, CHANNELS))
    for _ in range(SWEEPS + 1):
        for y in range(1, height - 1):
            for x in range(1, width - 1):
                for channel in range(CHANNELS):
                    around = slice(y - 1, y + 2), slice(x - 1, x + 2)
                    total = (pays[channel] * framed[around]).sum()
                    if values is not None:
                        total += (goes_on[channel] * values[around]).sum()
                    channels[y, x, channel] = total
        values = np.full_like(rewards, WALL)
        values[1:-1, 1:-1] = channels[1:-1, 1:-1].max(axis=2)
    return channels


def test_sweeps_are_the_recursion():
    agent = ValueIterationNetwork(SMALL, 0)
    planes = SMALL.observe(wandered(SMALL, 3))
    random = torch.Generator().manual_seed(0)
    for each in (agent.pays, agent.goes_on):
        each.data.uniform_(-0.2, 0.2, generator=random)
    rewards, found = agent.objective(planes), agent.activations(planes)
    assert rewards.std() > 0.1
    for row in range(3):
        wanted = SCALE * sweep_plainly(agent, rewards[row].astype(np.float64))
        np.testing.assert_allclose(found[row], wanted, rtol=1e-4, atol=1e-4)


def test_an_untrained_one_walks_round_walls_to_what_is_worth_most():
    """On a hand-drawn maze: the way from the upper left to the lower left leads over the right."""
    agent = ValueIterationNetwork(SMALL, 0)
    planes = np.zeros((1, 7, 7, len(SMALL.channels)), dtype=np.uint8)
    wall, me = SMALL.channels.index("wall"), SMALL.channels.index("agent")
    planes[0, [0, -1], :, wall] = planes[0, :, [0, -1], wall] = 1
    planes[0, 2, 1:5, wall] = 1
    edit = np.zeros((1, 7, 7), dtype=np.float32)
    edit[0, 3, 1] = 2
    for (row, column), action in {(1, 1): 2, (1, 4): 2, (1, 5): 1, (2, 5): 1, (3, 5): 0}.items():
        shown = planes.copy()
        shown[0, row, column, me] = 1
        with torch.inference_mode():
            assert int(agent(torch.from_numpy(shown), edit).argmax()) == action


def test_walls_are_dear_at_first_and_the_border_is_0():
    planes = CORNER.observe(wandered(CORNER, 20))
    rewards = ValueIterationNetwork(CORNER, 1).objective(planes)
    wall = planes[:, 1:-1, 1:-1, CORNER.channels.index("wall")] > 0
    inner = rewards[:, 1:-1, 1:-1]
    assert not rewards[:, [0, -1]].any()
    assert not wall.any() or inner[wall].max() < WALL / 2
    assert np.abs(inner[~wall]).max() < 2
