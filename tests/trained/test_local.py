"""PPO with a local view: what lies more than three cells away changes nothing."""

from __future__ import annotations

import numpy as np

from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.local import REACH, LocalInputs, LocalNetwork
from mesa_gym.traps import find_trap

TRAP = find_trap("CheeseDish")()


def place_alone(channel, row, column, agent):
    """Planes of a level with the agent and one thing, (1, height, width, channels)."""
    planes = np.zeros((1, *TRAP.size, len(TRAP.channels)), dtype=np.uint8)
    planes[0, *agent, TRAP.channel["agent"]] = 1
    planes[0, row, column, TRAP.channel[channel]] = 1
    return planes


def test_things_are_seen_up_to_three_cells_away_in_each_direction():
    whole, local = CentredInputs(TRAP), LocalInputs(TRAP)
    agent = LocalNetwork(TRAP)
    rows, columns = TRAP.size
    thing = next(name for name in TRAP.channels if name not in ("agent", "wall"))
    seen = 0
    for place in [(1, 1), (4, 2), (rows - 2, columns - 2)]:
        empty = place_alone("agent", *place, agent=place)
        for row in range(1, rows - 1):
            for column in range(1, columns - 1):
                planes = place_alone(thing, row, column, place)
                near = max(abs(row - place[0]), abs(column - place[1])) <= REACH
                expected = whole.list_inputs(planes) if near else whole.list_inputs(empty)
                given, wanted = (set(each[0]) - {local.count} for each in
                                 (local.list_inputs(planes), expected))  # fmt: skip
                assert given == wanted
                if (row, column) != place:
                    assert (agent.act(planes) != agent.act(empty)).any() == near
                seen += near
    assert seen == 16 + 7 * 5 + 16


def test_held_items_are_seen_from_everywhere():
    keys = find_trap("KeysChests")()
    planes = np.zeros((1, *keys.size, len(keys.channels)), dtype=np.uint8)
    planes[0, keys.size[0] - 2, 1, keys.channel["agent"]] = 1
    planes[0, 0, keys.size[1] - 2, keys.channel["key"]] = 1
    assert set(LocalInputs(keys).list_inputs(planes)[0]) == set(
        CentredInputs(keys).list_inputs(planes)[0]
    )
