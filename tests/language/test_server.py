"""The server's answers, as the parsers of other tools hand them over; needs the extra openenv."""

import pytest

pytest.importorskip("openenv")

from mesa_gym.engine import ACTIONS
from mesa_gym.language.answers import read_action
from mesa_gym.language.server import TrapAction

# What verifiers' parser makes of ten replies: an object as it is, all else as the action.
REPLIES = [
    ({"action": "left"}, "left"),
    ({"action": "left", "reasoning": "up is a wall"}, "left"),
    ({"action": "Answer: up", "metadata": {}}, "up"),
    ({"action": "**down**"}, "down"),
    ({"action": "I go left."}, None),
    ({"action": 2}, None),
    ({"action": ["left"]}, "left"),
    ({"action": None}, None),
    ({"act": "left"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("reply", "read"), REPLIES)
def test_server_reads_what_verifiers_parses(reply, read):
    action = read_action(TrapAction.model_validate(reply).action)
    assert (None if action is None else ACTIONS[action]) == read
