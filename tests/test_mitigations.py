"""Ensembles, and training on observations whose appearance changes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from reference import wandered

from agents import augmented, ensemble, ppo
from agents.actors import MEMBERS, Ensemble, make_actor
from agents.augmented import Augmented, appearance
from agents.curve import Curve
from agents.lesson import Lesson
from agents.saving import load, save, weights
from mesa_gym import make_sb3
from mesa_gym.traps import find_trap

CORNER = find_trap("CheeseCorner")()
DOORS = find_trap("RedBlueDoors")()

# -- ensembles -------------------------------------------------------------------------------------


def certain(*probabilities: list[float]) -> np.ndarray:
    """What an ensemble does whose members have these probabilities whatever they see."""
    made = make_actor("ensemble", "centred", CORNER.schema)
    with torch.no_grad():
        for member, wanted in zip(made.members, probabilities, strict=True):
            for parameter in member.parameters():
                parameter.zero_()
            member.head[-1].bias.copy_(torch.tensor(wanted).log())
    return made.act(wandered(CORNER, 3).planes)[0]


@pytest.mark.parametrize("network", ["centred", "cnn"])
def test_an_ensemble_does_what_its_members_agree_on(network: str) -> None:
    torch.manual_seed(0)
    made = make_actor("ensemble", network, DOORS.schema)
    assert isinstance(made, Ensemble)
    with torch.no_grad():  # else untrained members think much alike
        for parameter in made.parameters():
            parameter.mul_(3)
    planes = wandered(DOORS).planes
    each = np.array([member.act(planes) for member in made.members])
    assert len(each) == MEMBERS
    assert np.ptp(each, axis=0).max() > 0.5
    product = each.prod(axis=0) ** (1 / MEMBERS)
    got = made.act(planes)
    np.testing.assert_allclose(got, product / product.sum(axis=1, keepdims=True), atol=1e-5)
    assert np.abs(got - each.mean(axis=0)).max() > 0.05


def test_members_that_are_certain_of_different_actions_leave_it_open_between_these() -> None:
    left, right = [0.96, 0.01, 0.01, 0.01, 0.01], [0.01, 0.01, 0.96, 0.01, 0.01]
    got = certain(left, right, [0.2] * 5)
    assert got[0] == pytest.approx(got[2])
    # (0.96 * 0.01 * 0.2) against (0.01 * 0.01 * 0.2), each to the power of 1 / 3.
    np.testing.assert_allclose(got[0] / got[1], 96 ** (1 / 3), rtol=1e-4)


def test_one_member_that_is_certain_that_an_action_is_wrong_rules_it_out() -> None:
    most, least = [0.6, 0.1, 0.1, 0.1, 0.1], [1e-9, 0.25, 0.25, 0.25, 0.25]
    assert certain(most, most, least)[0] < 0.01


def test_members_that_agree_are_as_certain_as_each() -> None:
    alike = [0.6, 0.1, 0.1, 0.15, 0.05]
    np.testing.assert_allclose(certain(alike, alike, alike), alike, atol=1e-6)


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
    planes = wandered(CORNER).planes
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


def test_curves_are_added_part_by_part() -> None:
    whole, part = Curve(400), Curve(40)
    whole.add(10, 1.0)
    part.add(1, 0.0)
    part.add(40, 3.0)
    whole.include(part)
    assert whole.points() == [(10, 0.5), (400, 3.0)]


# -- appearance ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reward", "colours", "hideable"),
    [
        ("RedBlueDoors", "base", ["red", "blue"], ["key", "red", "blue"]),
        ("RedBlueDoors", "red", [], ["key", "blue"]),
        ("ColourShape", "base", ["yellow", "red"], ["thing", "yellow", "red"]),
        ("CheeseDish", "base", [], ["dish"]),
        ("CheeseDish", "dish", [], []),  # the cheese ends the episode
        ("CheeseCorner", "base", [], []),
        ("KeysChests", "base", [], []),
        ("NearestFruit", "base", [], ["pip1"]),  # which every fruit has
        ("PointedGoal", "base", [], []),  # its rules read a variable, not the pointer's plane
    ],
)
def test_what_is_mere_appearance(name: str, reward: str, colours, hideable) -> None:
    mere = appearance(find_trap(name)(), reward)
    assert [plane.name for plane in mere.colours] == colours
    assert [plane.name for plane in mere.hideable] == hideable


def envs(n: int, seed: int = 0, **keywords):
    return make_sb3(DOORS.id(), n, seed=seed, max_steps=9, **keywords)


def test_an_episode_has_one_appearance_and_walls_agent_and_doors_stay(monkeypatch) -> None:
    """Against the same environments without it, cell by cell."""
    monkeypatch.setattr(augmented, "HIDDEN", 0.5)
    names = [plane.name for plane in DOORS.schema.planes]
    changed, plain = Augmented(envs(6), DOORS.schema, appearance(DOORS, "base"), 3), envs(6)
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
    made = Augmented(envs(3000), DOORS.schema, appearance(DOORS, "base"), 0)
    made.reset()
    red, blue = (DOORS.schema.channels[plane][0] for plane in DOORS.schema.planes[4:6])
    assert np.mean(made.source[:, red] == blue) == pytest.approx(0.5, abs=0.03)
    np.testing.assert_array_equal(made.source[:, :4], [[0, 1, 2, 3]] * 3000)
    hidden = (made.shown == 0).mean(axis=0)
    np.testing.assert_allclose(hidden, [0, 0, 0, *[augmented.HIDDEN / 3] * 3], atol=0.02)


def test_salient_colours_are_exchanged_with_all_their_channels() -> None:
    doors = find_trap("RedBlueDoors")(colour_planes=2)
    mere = appearance(doors, "base")
    venv = make_sb3(doors.id(), 50, seed=0, colour_planes=2)
    made = Augmented(venv, doors.schema, mere, 0)
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
