"""Ensembles: members of their own, which act on their agreement."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from reference import wandered

from agents import ensemble, ppo
from agents.actors import MEMBERS, Ensemble, make_actor
from agents.lesson import Lesson
from agents.saving import load, save, weights
from mesa_gym.traps import find_trap

CORNER = find_trap("CheeseCorner")()
DOORS = find_trap("RedBlueDoors")()


@pytest.mark.parametrize("network", ["centred", "cnn"])
def test_an_ensemble_does_what_its_members_agree_on(network: str) -> None:
    torch.manual_seed(0)
    made = make_actor("ensemble", network, DOORS)
    assert isinstance(made, Ensemble)
    with torch.no_grad():  # else untrained members think much alike
        for parameter in made.parameters():
            parameter.mul_(3)
    planes = DOORS.observe(wandered(DOORS))
    each = np.array([member.act(planes) for member in made.members])
    assert len(each) == MEMBERS
    assert np.ptp(each, axis=0).max() > 0.5
    product = each.prod(axis=0) ** (1 / MEMBERS)
    got = made.act(planes)
    np.testing.assert_allclose(got, product / product.sum(axis=1, keepdims=True), atol=1e-5)
    assert np.abs(got - each.mean(axis=0)).max() > 0.05


def test_members_have_weights_and_levels_of_their_own(monkeypatch, tmp_path) -> None:
    """Trained for as long as one agent; all of them are saved."""
    seeds, steps = [], []
    taught = ensemble.taught

    def spied(model, lesson):
        steps.append(lesson.steps)
        actor = taught(model, lesson)
        seeds.append(model.get_env().unwrapped.venv.np_random_seed)
        return actor

    monkeypatch.setattr(ensemble, "taught", spied)
    kept, total = [], []
    lesson = Lesson(
        CORNER,
        "centred",
        5,
        3 * 12288,
        progress=total.append,
        parts=3,
        keep=lambda steps, actor: kept.append((steps, actor.kind, weights(actor))),
    )
    made = ensemble.train(lesson)
    assert len({seed for member in seeds for seed in member}) == MEMBERS * ppo.ENVS
    assert (steps, sum(total)) == ([12288] * 3, 3 * 12288)
    planes = CORNER.observe(wandered(CORNER))
    acts = [member.act(planes) for member in made.members]
    assert all(np.abs(acts[i] - acts[i - 1]).max() > 0.01 for i in range(MEMBERS))
    assert [(when, kind) for when, kind, _ in kept] == [(n, "ensemble") for n in (12288, 24576)]
    assert len(kept[0][2]) == len(weights(made))
    assert kept[0][2] != weights(made)
    assert sum(lesson.curve.counts) > 100
    save(tmp_path / "agent", weights(made), made.kind, "centred", CORNER, {})
    assert json.loads((tmp_path / "agent" / "policy.json").read_text())["actor"] == "ensemble"
    np.testing.assert_array_equal(load(tmp_path / "agent", CORNER).act(planes), made.act(planes))


def test_ensembles_of_neighbouring_seeds_share_no_member() -> None:
    def seeds(seed: int) -> set[int]:
        lesson = Lesson(CORNER, "centred", seed, 1)
        return {ensemble.member_lesson(lesson, member, []).seed for member in range(MEMBERS)}

    assert len(seeds(0) | seeds(1) | seeds(2)) == 3 * MEMBERS
    assert max(seeds(2**32 - 1)) < 2**32
