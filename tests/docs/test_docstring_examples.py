"""Examples in docstrings of what users call say what their code gives."""

import doctest

import pytest

import mesa_gym
from mesa_gym.policies import as_policy
from mesa_gym.rendering import render_rgb

FUNCTIONS = [
    as_policy,
    mesa_gym.evaluate,
    mesa_gym.labels,
    mesa_gym.make_gymnax,
    mesa_gym.make_jax,
    mesa_gym.make_sb3,
    mesa_gym.make_torch,
    mesa_gym.objectives,
    mesa_gym.score,
    render_rgb,
]

NEEDED = {"make_sb3": "stable_baselines3", "make_torch": "torch"}
NEEDED |= dict.fromkeys(("make_jax", "make_gymnax"), "jax")


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_an_example_gives_what_it_says(function):
    pytest.importorskip(NEEDED.get(function.__name__, "numpy"))
    (example,) = doctest.DocTestFinder(recurse=False).find(function, globs={})
    assert doctest.DocTestRunner().run(example) == doctest.TestResults(0, len(example.examples))
    assert len(example.examples) >= 3
