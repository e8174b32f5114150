"""Gymnasium's checker on every id, and what clients read of an environment: its spec and infos."""

import re
from pathlib import Path

import gymnasium as gym
import pytest
from gymnasium.utils.env_checker import check_env

import mesa_gym

IDS = [id for id in gym.registry if id.startswith("MesaGym/")]


def kinds(info):
    """The type of a number; of a dict the types of all that it holds."""
    if isinstance(info, dict):
        return {name: kinds(value) for name, value in info.items()}
    assert isinstance(info, int | float)
    return type(info)


def test_there_are_ids_of_all_traps_splits_and_vectors_as_the_documentation_counts_them():
    assert len(IDS) == 23 * 4 * 2
    root = Path(__file__).parents[2]
    pages = [root / "README.md", *(root / "docs").glob("*.md")]
    pages += (root / "docs" / "studies").glob("*.md")
    counts = [n for page in pages for n in re.findall(r"\b(\d+) ids\b", page.read_text())]
    assert len(counts) >= 2
    assert set(counts) == {str(len(IDS))}


def test_a_spec_says_what_an_id_makes():
    for id in IDS:
        spec = gym.spec(id)
        env = gym.make(id).unwrapped
        assert spec.kwargs["trap"] == env.trap.name()
        assert spec.kwargs["split"] == env.settings.split
        assert spec.kwargs.get("observation", "planes") == env.settings.observation.name
        assert spec.reward_threshold == env.trap.reward_threshold


@pytest.mark.slow
@pytest.mark.parametrize("id", IDS)
def test_it_passes_gymnasiums_checker_in_each_render_mode_without_a_display(id, monkeypatch):
    """`human` included; a warning is an error, as in all tests."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    check_env(gym.make(id).unwrapped)


@pytest.mark.slow
@pytest.mark.parametrize("id", IDS)
def test_the_spec_has_the_limit_and_a_threshold_and_makes_the_same_again(id):
    for make in (gym.make, gym.make_vec):
        env = make(id)
        trap = env.unwrapped.trap
        assert env.spec.max_episode_steps == trap.horizon(mesa_gym.Split(env.spec.kwargs["split"]))
        assert env.spec.reward_threshold > 0
        assert make(id, max_steps=7).spec.max_episode_steps == 7
    again = gym.make(gym.make(id, max_steps=7).spec)
    assert kinds(again.reset(seed=0)[1]) == kinds(again.step(4)[4])
    ends = [again.step(4)[2:4] for _ in range(6)]
    assert ends == [(False, False)] * 5 + [(False, True)]
