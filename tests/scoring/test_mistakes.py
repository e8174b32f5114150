"""Everyday mistakes: each is answered before any work by a sentence that names the remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Sweeper
from mesa_gym.report import interval, mean_over_traps
from mesa_gym.scoring import evaluate, record, score
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.cheese_dish import CheeseDish

ENV = gym.make("MesaGym/CheeseCorner-v0")


def logits(observations):
    return np.full((len(observations), 5), 3.0)


MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "policy and trap exchanged": (
        lambda: score("CheeseCorner", "random"),
        "'CheeseCorner' is a trap; the policy comes first: score",
    ),
    "and a trap that was made": (
        lambda: score(CheeseCorner(), "random"),
        "CheeseCorner-v0.* is a trap; the policy comes first",
    ),
    "a function in place of the trap": (
        lambda: score("random", logits),
        "that looks like a policy: the policy comes first",
    ),
    "an environment": (
        lambda: score("random", ENV),
        "that is an environment: hand over its trap, env.unwrapped.trap",
    ),
    "an environment as policy": (
        lambda: score(ENV, "CheeseCorner"),
        "is an environment; hand over what acts in it",
    ),
    "several traps": (
        lambda: score("random", ["CheeseCorner", "CheeseDish"]),
        "for several traps call mesa_gym.evaluate",
    ),
    "a printed trap": (
        lambda: score("random", str(CheeseDish())),
        "is how a trap is printed; hand over the trap itself, or its name 'CheeseDish-v0'",
    ),
    "a misspelt trap": (lambda: score("random", "ChesseCorner"), "Did you mean 'CheeseCorner'"),
    "and its class": (lambda: score(CheeseCorner, "random"), "is a trap; the policy comes first"),
    "and its id": (lambda: score("MesaGym/CheeseCorner-v0", "random"), "the policy comes first"),
    "a class as policy": (
        lambda: score(Sweeper, "CheeseCorner"),
        "Sweeper is a class; hand over an instance of it",
    ),
    "several policies": (
        lambda: score(["random", "stay"], "CheeseCorner"),
        r"are several; call mesa_gym.evaluate\(",
    ),
    "no name": (lambda: score("random", "CheeseCorner", name=""), "the policy's name is ''"),
    "logits": (lambda: score(logits, "CheeseCorner"), "Of logits return the softmax"),
    "a short trace": (
        lambda: score(record("stay", CheeseCorner(), levels=2), "CheeseCorner", levels=3),
        "no actions for level 2 of play 'train'; record it on that too, or score fewer levels",
    ),
    "no levels": (lambda: score("random", "CheeseCorner", levels=0), "levels .* at least 1"),
    "the interval of one seed": (
        lambda: interval(mean_over_traps, [0.4]),
        "a single seed for trap 0 of 1, whose spread is unknown; an interval needs two",
    ),
}


@pytest.mark.parametrize("which", MISTAKES)
def test_a_mistake_is_answered_before_any_work(which, capsys):
    call, message = MISTAKES[which]
    with pytest.raises((ValueError, PolicyError), match=message):
        call()
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
        ("CheeseCorner", "MesaGym/CheeseCorner-v0"),
        ("cheesecorner-shift", "MesaGym/CheeseCorner-Shift-v0"),
        ("CheeseCorner-Shift-Flat-v0", "MesaGym/CheeseCorner-Shift-Flat-v0"),
        ("MesaGym/CheeseCorner-Test-v0", "MesaGym/CheeseCorner-Test-v0"),
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
