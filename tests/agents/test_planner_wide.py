"""Wide planners: far sight, any size, and training."""

import numpy as np
from reference import wandered
from training import CORNER, lesson, trained

from agents.ppo_settings import PPOSettings
from agents.saving import encode_weights
from mesa_gym.trained.planner import Planner, WidePlanner


def test_its_utility_depends_on_what_lies_three_cells_away():
    reach = {}
    for kind in (Planner, WidePlanner):
        planes = CORNER.observe(wandered(CORNER, 1))
        planes[..., 1:-1, 1:-1, :] = 0
        planes[0, 1, 1, CORNER.channels.index("agent")] = 1
        changed = planes.copy()
        changed[0, 4, 4, CORNER.channels.index("cheese")] = 1
        rows, columns = np.nonzero(
            (kind(CORNER).objective(changed) - kind(CORNER).objective(planes))[0]
        )
        reach[kind] = (rows.min(), rows.max(), columns.min(), columns.max())
    assert reach == {Planner: (3, 5, 3, 5), WidePlanner: (1, 7, 1, 7)}


def test_training_makes_wide_planners():
    few = PPOSettings(environments=8)
    size = {"steps": 2 * few.rollout_steps, "num_levels": 50, "settings": few}
    agent, other = trained("ppo-planner-wide", lesson(1, 2, **size))
    (again,) = trained("ppo-planner-wide", lesson(1, **size))
    assert isinstance(agent, WidePlanner)
    assert encode_weights(agent) == encode_weights(again) != encode_weights(other)
