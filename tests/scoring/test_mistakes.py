"""Everyday mistakes: each is answered before any work by a sentence that names the remedy."""

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Sweeper
from mesa_gym.scoring import evaluate, record, score
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.cheese_dish import CheeseDish

ENV = gym.make("MesaGym/CheeseCorner-v0")


def logits(observations):
    return np.full((len(observations), 5), 3.0)


@pytest.mark.parametrize(
    ("policy", "trap", "given", "message"),
    [
        ("CheeseCorner", "random", {}, "'CheeseCorner' is a trap; the policy comes first: score"),
        (CheeseCorner, "random", {}, "is a trap; the policy comes first"),
        ("MesaGym/CheeseCorner-v0", "random", {}, "the policy comes first"),
        ("random", logits, {}, "that looks like a policy: the policy comes first"),
        ("random", ENV, {}, "an environment: hand over its trap, env.unwrapped.trap"),
        (ENV, "CheeseCorner", {}, "is an environment; hand over what acts in it"),
        ("random", ["CheeseCorner", "CheeseDish"], {}, "for several traps call mesa_gym.evaluate"),
        ("random", str(CheeseDish()), {}, "hand over the trap itself, or its name 'CheeseDish-v0'"),
        ("random", "ChesseCorner", {}, "Did you mean 'CheeseCorner'"),
        (Sweeper, "CheeseCorner", {}, "Sweeper is a class; hand over an instance of it"),
        (["random", "stay"], "CheeseCorner", {}, r"are several; call mesa_gym.evaluate\("),
        ("random", "CheeseCorner", {"name": ""}, "the policy's name is ''"),
        (logits, "CheeseCorner", {}, "Of logits return the softmax"),
        (
            "random",
            "CheeseCorner",
            {"levels": 0},
            "levels .* at least 1 and at most 1000000, got 0",
        ),
        ("random", "CheeseCorner", {"levels": True}, "levels must be an integer .*, got True"),
        ("random", "CheeseCorner", {"levels": 1.5}, "levels must be an integer .*, got 1.5"),
        ("random", "CheeseCorner", {"levels": 10**9}, "levels must be an integer .*, got 10000"),
        (
            "random",
            "CheeseCorner",
            {"seed": -1},
            "seed .* at least 0 and at most 18446744073709551",
        ),
        ("random", "CheeseCorner", {"seed": 1.5}, "seed must be an integer .*, got 1.5"),
    ],
)
def test_a_mistake_is_answered_before_any_work(policy, trap, given, message, capsys):
    for use in (score, record) if given.keys() & {"levels", "seed"} else (score,):
        with pytest.raises((ValueError, PolicyError), match=message):
            use(policy, trap, **given)
    assert capsys.readouterr() == ("", "")


def test_a_class_and_names_in_any_case_are_taken():
    named = score("stay", "CheeseCorner", levels=2)
    assert score("stay", CheeseCorner, levels=2) == score("stay", "cheesecorner", levels=2) == named
    by_trap = {"mine": {CheeseCorner: "stay"}}
    (card,) = evaluate(by_trap, [CheeseCorner, "CheeseDish"], levels=2)
    assert (card.policy, card.splits) == ("mine", named.splits)
    assert mesa_gym.score is score
    assert {"score", "evaluate", "labels"} <= {*dir(mesa_gym)}


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("cheesecorner-shift", "MesaGym/CheeseCorner-Shift-v0"),
        ("CheeseCorner-Shift-Flat-v0", "MesaGym/CheeseCorner-Shift-Flat-v0"),
    ],
)
def test_environments_are_made_by_the_names_that_score_takes(name, id):
    pytest.importorskip("stable_baselines3")
    pytest.importorskip("torch")
    venv = mesa_gym.make_sb3(name, 2)
    assert venv.venv.spec.id == id
    options = {"observation": "planes"} if "flat" in id.lower() else {}
    tensors = mesa_gym.make_torch(name, 2, **options)
    assert tensors.settings.split == gym.spec(id).kwargs["split"]
