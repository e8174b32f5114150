"""Notebooks: the pictures are those that environments draw, and the names are text."""

import re

import gymnasium as gym
import numpy as np
import pytest
from parameters import few_traps
from playgrounds import read_picture

from mesa_gym.envs import TrapEnv
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.notebook import _page
from mesa_gym.traps import Split


def pictures(page):
    """The pictures of a page by their captions, decoded by another library."""
    found = re.findall(r'<img src="(data:image/png;base64,[^"]+)" alt="([^"]*)">', page)
    return {name: read_picture(uri) for uri, name in found}


@few_traps
def test_trap_repr_html_shows_train_beside_shift(trap):
    made = trap()
    page = made._repr_html_()
    shown = pictures(page)
    assert [*shown] == ["train, level 0", "shift, level 0"]
    for split, picture in zip((Split.TRAIN, Split.SHIFT), shown.values(), strict=True):
        np.testing.assert_array_equal(picture, render_rgb(made, made.levels(split, [0]), 32)[0])
    for name in (repr(made), made.base, *made.proxies):
        assert name in page


def test_environment_repr_html_shows_its_state():
    env = TrapEnv("CheeseCorner", render_mode="rgb_array")
    assert env._repr_html_() == env.trap._repr_html_()  # before the first reset
    env.reset(options={"level": 17})
    for step in range(3):
        ((name, picture),) = pictures(env._repr_html_()).items()
        assert name == f"0: level 17, step {step}"
        np.testing.assert_array_equal(picture, env.render())
        env.step(step)


@pytest.mark.parametrize("n", [3, 8, 20])
def test_vector_repr_html_shows_eight_at_most(n):
    envs = gym.make_vec("MesaGym/CheeseCorner-v0", n, render_mode="rgb_array").unwrapped
    envs.reset(options={"level": 4})
    page, frames = envs._repr_html_(), envs.render()
    assert len(pictures(page)) == min(n, 8)
    assert (f"8 of {n}" in page) == (n > 8)
    for picture, frame in zip(pictures(page).values(), frames[:8], strict=n <= 8):
        np.testing.assert_array_equal(picture, frame)


def test_names_are_text_and_no_markup():
    page = _page("<b>&", {'"><script>': np.zeros((1, 1, 3), np.uint8)})
    assert "<b>" not in page
    assert "<script>" not in page
