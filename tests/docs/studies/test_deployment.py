"""The study of deployments: costs of made-up curves, and scores that are scaled."""

import numpy as np
import pytest
from training import CORNER, drawn

from agents.deployment import Standing, Update
from docs.studies.deployment import Deployed, scale_scores
from docs.studies.deployment_page import compare, cost_of, cost_until, read_curves
from mesa_gym.trained.networks import Network


def update(episodes, base, proxy, lost):
    first = {"cheese": base, "corner": proxy, "neither": 1 - base - proxy}
    return Update(4096, episodes, Standing(first, 1 - base), lost)


def test_costs_are_summed_until_base_is_first_often_enough():
    cured = [update(0, 0, 1, 0), update(100, 0.5, 0.5, 80), update(200, 1, 0, 90)]
    never = [update(0, 0, 1, 0), update(100, 0, 1, 100), update(200, 0, 1, 200)]
    curves = read_curves(Deployed([cured, never], [], []), "cheese")
    cost = cost_until(curves, 0.8)
    assert (cost.lost.tolist(), cost.proxy.tolist(), cost.missed) == ([90, 200], [100, 200], 1)
    assert curves[0].expected[-1] == pytest.approx(75 + 25)
    first = cost_of(curves, 50)
    assert (first.lost.tolist(), first.missed) == ([40, 50], 0)
    ratio, low, high = compare(np.array([2.0, 4]), np.array([1.0, 1]))
    assert (ratio, low, high) == (3, 2, 4)


def test_scaled_scores_keep_their_order():
    agent = drawn(CORNER)
    planes = CORNER.observe(CORNER.levels("shift", np.arange(20)))
    soft: Network = scale_scores(CORNER, agent, 0.1)
    before, after = agent.act(planes), soft.act(planes)
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()
    assert after.max(axis=1).mean() < before.max(axis=1).mean()
    np.testing.assert_allclose(agent.act(planes), before)
