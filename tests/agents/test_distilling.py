"""Distillation: the states of player and teacher, and a student that does what its teacher does."""

import numpy as np
import pytest
import torch
from reference import wandered
from training import CORNER, drawn, lesson

from agents import distilling, planner
from agents.distilling import gather_states, join_states
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.networks import Network
from mesa_gym.trained.planner import Planner


def find_cheese():
    """A planner that was told what to want; its maps were not trained."""
    cheese = CORNER.channel["cheese"]
    return Planner(CORNER).edited(utility=lambda planes: 9.0 * planes[..., cheese])


def test_states_are_the_players_and_probabilities_the_teachers():
    teacher, view, asked = find_cheese(), CentredInputs(CORNER), lesson(num_levels=60)
    found = [
        gather_states(asked, player, teacher, 150, np.random.default_rng(0))
        for player in (teacher, drawn(CORNER))
    ]
    lists = []
    for states in found:
        seen, shown = join_states(asked, states)
        assert len(seen) == len(shown) == 150
        np.testing.assert_allclose(shown.sum(dim=1), np.ones(150), atol=1e-5)
        lists.append({tuple(row[row < view.count].tolist()) for row in seen})
    assert lists[0] != lists[1]
    # In one state or more both were: there the teacher does the same.
    for row in set.intersection(*lists):
        both = [
            shown[[tuple(x[x < view.count].tolist()) for x in seen].index(row)]
            for seen, shown in (join_states(asked, states) for states in found)
        ]
        assert torch.equal(*both)


@pytest.mark.thorough
def test_a_student_does_what_its_teacher_does(monkeypatch):
    teacher, taught, told = find_cheese(), [], []
    monkeypatch.setattr(planner, "train", lambda asked: [taught.append(asked.steps) or teacher])
    (student,) = distilling.train(lesson(steps=120_000, progress=told.append))
    assert isinstance(student, Network)
    assert taught == [120_000 // distilling.PLANNERS_PART]
    assert 120_000 <= sum(told) < 121_000
    planes = CORNER.observe(wandered(CORNER, 500))
    wanted = teacher.act(planes)
    # Of ways that are equally good the teacher takes each.
    good = wanted > wanted.max(axis=1, keepdims=True) / 2
    done, other = (
        good[np.arange(500), agent.act(planes).argmax(axis=1)].mean()
        for agent in (student, drawn(CORNER))
    )
    assert done > 0.85 > 0.5 > other
