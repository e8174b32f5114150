"""Training on observations whose appearance changes."""

from __future__ import annotations

import numpy as np
import pytest

from agents import augmented, ppo
from agents.augmented import Augmented, appearance
from agents.lesson import Lesson
from agents.saving import weights
from mesa_gym import make_sb3
from mesa_gym.traps import find_trap

CORNER = find_trap("CheeseCorner")()
DOORS = find_trap("RedBlueDoors")()


@pytest.mark.parametrize(
    ("name", "reward", "colours", "hideable"),
    [
        ("RedBlueDoors", "base", ["red", "blue"], ["key", "red", "blue"]),
        ("RedBlueDoors", "red", [], ["key", "blue"]),
        ("ColourShape", "base", ["yellow", "red"], ["yellow", "red"]),
        ("CheeseDish", "base", [], ["dish"]),
        ("CheeseDish", "dish", [], []),  # the cheese ends the episode
        ("CheeseCorner", "base", [], []),
        ("KeysChests", "base", [], []),
        ("NearestFruit", "base", [], ["pip1"]),  # which every fruit has
        ("PointedGoal", "base", [], []),
    ],
)
def test_what_is_mere_appearance(name: str, reward: str, colours, hideable) -> None:
    mere = appearance(find_trap(name)(), reward)
    assert list(mere.colours) == colours
    assert list(mere.hideable) == hideable


def envs(n: int, seed: int = 0, **keywords):
    return make_sb3(DOORS.id(), n, seed=seed, max_steps=9, **keywords)


def test_an_episode_has_one_appearance_and_walls_agent_and_doors_stay(monkeypatch) -> None:
    """Against the same environments without it, cell by cell."""
    monkeypatch.setattr(augmented, "HIDDEN", 0.5)
    names = list(DOORS.channels)
    changed, plain = Augmented(envs(6), DOORS, appearance(DOORS, "base"), 3), envs(6)
    seen: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in range(6)]
    episodes = []
    observations = [venv.reset() for venv in (changed, plain)]
    rng = np.random.default_rng(0)
    for _ in range(40):
        for row in range(6):
            seen[row].append((observations[0][row], observations[1][row]))
        actions = rng.integers(0, 5, 6)
        steps = [venv.step(actions) for venv in (changed, plain)]
        observations = [step[0] for step in steps]
        for row in steps[1][2].nonzero()[0]:
            last = [step[3][row]["terminal_observation"] for step in steps]
            episodes.append([*seen[row], (last[0], last[1])])
            seen[row] = []
    found = set()
    for pairs in episodes:
        ways = []
        for picture in ({"red": "red", "blue": "blue"}, {"red": "blue", "blue": "red"}):
            for hidden in (None, "key", "red", "blue"):
                if all(looks(*pair, names, picture, hidden) for pair in pairs):
                    ways.append((picture["red"], hidden))
        assert ways, "no one appearance explains the episode"
        found |= {ways[0]} if len(ways) == 1 else set()
    assert len(found) >= 5
    assert len(episodes) > 20


def looks(shown, real, names, picture, hidden) -> bool:
    """Whether each cell of ``shown`` is that of ``real`` with colours exchanged, a plane hidden."""
    for y in range(real.shape[0]):
        for x in range(real.shape[1]):
            for channel, name in enumerate(names):
                source = names.index(picture.get(name, name))
                expected = 0 if name == hidden else real[y, x, source]
                if shown[y, x, channel] != expected:
                    return False
    return True


def test_how_often_appearance_changes() -> None:
    made = Augmented(envs(3000), DOORS, appearance(DOORS, "base"), 0)
    made.reset()
    red, blue = DOORS.channel["red"], DOORS.channel["blue"]
    assert np.mean(made.source[:, red] == blue) == pytest.approx(0.5, abs=0.03)
    np.testing.assert_array_equal(made.source[:, :4], [[0, 1, 2, 3]] * 3000)
    hidden = (made.shown == 0).mean(axis=0)
    np.testing.assert_allclose(hidden, [0, 0, 0, *[augmented.HIDDEN / 3] * 3], atol=0.02)


def test_salient_colours_are_exchanged_with_all_their_channels() -> None:
    doors = find_trap("RedBlueDoors")(colour_planes=2)
    mere = appearance(doors, "base")
    venv = make_sb3(doors.id(), 50, seed=0, colour_planes=2)
    made = Augmented(venv, doors, mere, 0)
    planes = made.reset()
    np.testing.assert_array_equal(planes[..., 4:6], planes[..., 6:8])
    assert len(np.unique(made.source, axis=0)) == 2


def test_without_mere_appearance_it_is_ppo() -> None:
    both = [method.train(Lesson(CORNER, "centred", 4, 8192)) for method in (augmented, ppo)]
    assert weights(both[0]) == weights(both[1])


def test_augmented_training_repeats_itself_and_differs_from_ppo() -> None:
    methods = (augmented, augmented, ppo)
    first, second, other = (weights(m.train(Lesson(DOORS, "centred", 4, 8192))) for m in methods)
    assert first == second != other
