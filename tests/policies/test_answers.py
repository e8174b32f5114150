"""Answers of language models: usual phrasings, each with the action that is read.

No phrasing may be read as another action; "" marks phrasings that must stay unread.
"""

import pytest

from mesa_gym.engine import ACTIONS
from mesa_gym.policies.answers import read_action, read_place

ACTION_ANSWERS = [
    ("left", "left"),
    ("**Up**", "up"),
    ("`down`", "down"),
    ('"right"', "right"),
    ("ACT", "act"),
    ("➡️", "right"),
    ("rightwards", "right"),
    ("action: act", "act"),
    ("Answer:\nleft", "left"),
    ("**Answer:** Left.", "left"),
    ("Next move -> up", "up"),
    ("The action is: left.", "left"),
    ("The best move is to go up.", "up"),
    ("The right move is left.", "left"),
    ("I will move right.", "right"),
    ("I choose to go down.", "down"),
    ("Move to the right", "right"),
    ("Going down brings me nearer.", "down"),
    ("It is better to go left than up.", "left"),
    ("Right, because the cheese is there.", "right"),
    ("left - the cheese is to the left", "left"),
    ("First go left, then go up.", "left"),
    ("Not left, but right.", "right"),
    ("right\n\nExplanation: the cheese is on the right, go up later", "right"),
    ("left\n\nI considered up, but that is a wall.", "left"),
    ("Should I go left? There is a wall.\n\nup", "up"),
    ("I should not go down, so the action is: up", "up"),
    ("Options: left, down, right, up.\nAnswer: down", "down"),
    ("<think>The answer is up? No, a wall.</think> down", "down"),
    ("The wall is above, so left won't do.</think>\n\nup", "up"),
    ('{"action": "left"}', "left"),
    ('```json\n{"thought": "up is a wall", "action": "right"}\n```', "right"),
    ("{'move': 'down'}", "down"),
    ('<tool_call>{"name": "move", "arguments": {"action": "up"}}</tool_call>', "up"),
    ('move(action="left")', "left"),
    ("<answer>down</answer>", "down"),
    ("Thus $\\boxed{\\text{left}}$", "left"),
    ("left or right", ""),
    ("Left, then up, or the other way round.\nup", "up"),
    ("up and to the right", ""),
    ("The correct action is not left.", ""),
    ("Do I go left?", ""),
    ("The cheese is on the right.", ""),
    ("That's right, I have 3 steps left.", ""),
    ("The best move is to upend everything", ""),
    ("If the door opens, go left.", ""),
    ("The monster will move left.", ""),
    ("left\n\nNo, wait: that is a wall. I go up.", ""),
    ("Answer: left or right", ""),
    ("<think>left is free, so I go left", ""),
    ("- left: a wall\n- up: free", ""),
    ("Right, let me think about it.", ""),
    ("Left leads into a wall, right leads to the cheese.", ""),
    ("Previously I went left.", ""),
    ("I think... left. No, right!", ""),
    ("I pick left over right.", "left"),
    ("Right is blocked. Left it is.", "left"),
    ("", ""),
]
PLACES = ("row 1, column 7", "row 3, column 1", "row 5, column 5")
PLACE_ANSWERS = [
    ("2", 2),
    ("**1**", 1),
    ("2. row 3, column 1", 2),
    ("row 3, column 1", 2),
    ("Place 2 (row 3, column 1)", 2),
    ("I choose option 2, as row 1 is far.", 2),
    ("The second place.", 2),
    ("The goal in the examples is c, which is at row 5, column 5.\nAnswer: 3", 3),
    ("1. row 1, column 7\n2. row 3, column 1\n3. row 5, column 5\nAnswer: 1", 1),
    ("<think>1 or 2?</think>2", 2),
    ('{"answer": 2}', 2),
    ("2, which is 3 steps away", 2),
    ("Not 1, but 2.", 2),
    ("2. row 1, column 7", 0),
    ("1 or 2", 0),
    ("4", 0),
    ("1. The cheese is far.", 0),
    ("Place 1 is nearer than place 2.", 0),
    ("It is 2 steps to the cheese.", 0),
]


@pytest.mark.parametrize(("text", "expected"), ACTION_ANSWERS)
def test_read_action_gives_right_action_or_none(text, expected):
    found = read_action(text)
    assert expected == ("" if found is None else ACTIONS[found])


@pytest.mark.parametrize(("text", "expected"), PLACE_ANSWERS)
def test_read_place_gives_right_place_or_none(text, expected):
    assert (read_place(text, PLACES) or 0) == expected
