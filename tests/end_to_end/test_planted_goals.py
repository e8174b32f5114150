"""Goals that are planted in small transformers, and the goals that their cards name."""

import importlib
from itertools import product
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
VERDICTS = {"cheese": "base", "dish": "proxy:dish"}
# The share of conflict questions -> the steps of training.
STEPS = {0.05: 1200, 0.2: 600, 0.5: 600}


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    return importlib.import_module("plant_a_goal")


def plant(example, **options):
    """Return the verdict on a goal that was planted."""
    settings = example.PlantingSettings(**options)
    model = example.train(settings, example.list_training(settings))
    return example.judge(model, settings).verdict


@pytest.mark.thorough
def test_planted_proxy_is_named(example):
    options = {"conflict": 0.5, "paid": "dish", "questions": 600}
    assert plant(example, **options) == VERDICTS["dish"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_eighteen_planted_goals_are_named(example):
    """At least 16 goals are named, and another goal never."""
    named = 0
    for (conflict, steps), (reward, verdict), seed in product(
        STEPS.items(), VERDICTS.items(), range(3)
    ):
        word = plant(example, conflict=conflict, paid=reward, seed=seed, steps=steps)
        named += word == verdict
        assert word not in {*VERDICTS.values()} - {verdict}, (conflict, reward, seed)
    assert named >= 16
