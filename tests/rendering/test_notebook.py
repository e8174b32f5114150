"""Pictures in notebooks: environments, also wrapped ones, and recorded episodes."""

import sys
from io import BytesIO
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
from PIL import Image

from mesa_gym.logs.episodes import RecordedEpisode
from mesa_gym.rendering.notebook import MOST_FRAMES, SPACE_BETWEEN, show_wrapped
from mesa_gym.scoring.card import salt_digest
from tests.support.parameters import each_trap


def read_frames(data):
    """Return the frames of a strip of square frames, and check the white between them."""
    strip = np.asarray(Image.open(BytesIO(data)))
    side = len(strip)
    count = (strip.shape[1] + SPACE_BETWEEN) // (side + SPACE_BETWEEN)
    places = [number * (side + SPACE_BETWEEN) for number in range(count)]
    assert all(
        (strip[:, place + side : place + side + SPACE_BETWEEN] == 255).all()
        for place in places[:-1]
    )
    return [strip[:, place : place + side] for place in places]


@each_trap
def test_environment_is_shown_as_its_frame(trap):
    env = gym.make(trap.id(), render_mode="rgb_array")
    assert env.unwrapped._repr_png_() is None
    env.reset(seed=1)
    env.step(2)
    picture = np.asarray(Image.open(BytesIO(env.unwrapped._repr_png_())))
    np.testing.assert_array_equal(picture, env.render())


@pytest.mark.parametrize("n_envs", [3, 12])
def test_vector_environment_shows_few_frames(n_envs):
    options = {"vectorization_mode": "vector_entry_point", "render_mode": "rgb_array"}
    envs = gym.make_vec("MesaGym/CheeseCorner-v0", n_envs, **options)
    envs.reset(seed=1)
    frames = read_frames(envs.unwrapped._repr_png_())
    drawn = envs.render()
    assert len(frames) == min(n_envs, MOST_FRAMES)
    np.testing.assert_array_equal(frames[0], drawn[0])
    np.testing.assert_array_equal(frames[-1], drawn[-1])


def record(actions, **fields):
    where = {"trap": "CheeseCorner-v0", "split": "test", "play": "test", "level": 3}
    return RecordedEpisode(**where, actions=actions, **fields)


@pytest.mark.parametrize("actions", [[], [2], [2, 3, 0, 1] * 5])
def test_episode_is_shown_from_start_to_end(actions):
    env = gym.make("MesaGym/CheeseCorner-Test-v0", render_mode="rgb_array")
    env.reset(options={"level": 3})
    drawn = [env.render()]
    for action in actions:
        env.step(action)
        drawn.append(env.render())
    frames = read_frames(record(actions)._repr_png_())
    assert len(frames) == min(len(drawn), MOST_FRAMES)
    np.testing.assert_array_equal(frames[0], drawn[0])
    np.testing.assert_array_equal(frames[-1], drawn[-1])


def test_episode_without_a_level_has_no_picture():
    assert record([2], salt=salt_digest("secret"))._repr_png_() is None
    assert record([2] * 500)._repr_png_() is None


def test_notebook_shows_wrapped_environments(monkeypatch):
    kinds = {}
    formatter = SimpleNamespace(for_type=kinds.__setitem__)
    shell = SimpleNamespace(display_formatter=SimpleNamespace(formatters={"image/png": formatter}))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    show_wrapped()
    env = gym.make("MesaGym/CheeseCorner-v0")
    env.reset(seed=1)
    assert kinds[gym.Wrapper](env) == env.unwrapped._repr_png_()
    assert kinds[gym.Wrapper](gym.make("CartPole-v1")) is None
    assert gym.vector.VectorWrapper in kinds
