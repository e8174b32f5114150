"""What a policy may answer, and how actions are drawn from it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from mesa_gym.policies import Memoryless, uniform
from mesa_gym.scoring import Asking, rollout
from mesa_gym.scoring.asking import probabilities, sampled
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner

ACT = 4


def test_sampling_follows_the_probabilities() -> None:
    words = np.random.default_rng(0).integers(-(2**63), 2**63, 50_000)
    wanted = np.array([0.1, 0.0, 0.25, 0.6, 0.05])
    chosen = sampled(np.tile(wanted, (len(words), 1)), words)
    counts = np.bincount(chosen, minlength=5)
    assert counts[1] == 0
    seen = wanted > 0
    assert scipy.stats.chisquare(counts[seen], wanted[seen] * len(words)).pvalue > 1e-3


def test_the_greatest_word_never_chooses_an_impossible_action() -> None:
    words = np.array([-1])
    shares = probabilities(np.array([[0.3, 0.3, 0.4, 0.0, 0.0]], dtype=np.float32), 1)
    assert sampled(shares, words)[0] == 2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.full((2, 5), 0.3), "sum to 1"),
        (np.array([[1.2, -0.2, 0, 0, 0]] * 2), "at least 0"),
        (np.array([1, 5]), "action 5 in row 1"),
        (np.array([0.0, 1.0]), "shape"),
        (np.ones((2, 4)) / 4, "shape"),
        (np.full((2, 5), np.nan), "row 0; nan and inf are no probabilities"),
    ],
)
def test_bad_answers_of_a_policy_are_named(answer: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        probabilities(answer, 2)


def test_the_policy_is_told_the_observation_it_asks_for() -> None:
    class Sees(Memoryless):
        observation = "symbolic"

        def act(self, observation, state=None):
            assert observation.shape[1:] == (9, 9, 3)
            return np.full(len(observation), ACT)

    trap = CheeseCorner()
    rollout(Sees(), trap, trap.levels(Split.TEST, [0, 1]), 3)


def test_samples_are_those_of_the_first_version() -> None:
    """Words of unsigned keys then, of the same bits in signed ones now."""
    keys = np.array([1, 2**63 - 1, -1, -(2**63)])
    first = {0: [[2, 3, 0, 0], [4, 2, 1, 4]], 2**64 - 1: [[0, 4, 1, 4], [0, 3, 0, 1]]}
    for seed, expected in first.items():
        asking = Asking(uniform(), CheeseCorner(), keys, seed, "it")
        assert [asking.sampled(np.full((4, 5), 0.2), t).tolist() for t in (0, 7)] == expected
