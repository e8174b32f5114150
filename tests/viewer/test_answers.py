"""Whether a policy is a function of what it sees, tried on policies of which it is known."""

import numpy as np
import pytest
from parameters import thorough
from small_traps import SmallDish

from mesa_gym import make_sb3
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Memoryless, as_policy
from mesa_gym.solver import PlacementGraph
from mesa_gym.traps import find_trap
from mesa_gym.viewer.answers import find_answers


def ask_everywhere(policy, trap=None):
    """Ask in all states of a shift level."""
    made = trap or SmallDish()
    states = list_states(made)
    return find_answers(as_policy(policy, made, made.horizon("shift")), made, states, "mine")


def list_states(trap):
    graph = PlacementGraph(trap, trap.levels("shift", [1]))
    return graph.states.take(slice(0, graph.going))


def look_ahead(seen):
    """Return probabilities that depend on all that is seen."""
    weights = np.random.default_rng(0).normal(size=(np.prod(seen.shape[1:]), 5))
    scores = np.exp(seen.reshape(len(seen), -1) @ weights)
    return scores / scores.sum(axis=1, keepdims=True)


class Counter:
    """Goes left in its first three steps of an episode, then right."""

    observation = "planes"

    def reset(self, mask, rng):
        fresh = np.zeros(len(mask), dtype=np.int64)
        self.steps = fresh if mask.all() else np.where(mask, 0, self.steps)

    def act(self, observation, state=None):
        self.steps += 1
        return np.where(self.steps <= 1, 0, 2)


class EpisodeCoin:
    """Throws a coin once an episode, and goes left or right all along."""

    observation = "planes"

    def reset(self, mask, rng):
        self.way = rng.integers(0, 2, len(mask)) * 2

    def act(self, observation, state=None):
        return self.way


class Late(Memoryless):
    """Reads the clock, though it says that it remembers nothing."""

    def act(self, observation, state=None):
        return np.where(state.clock < 20, 0, 2)


class OneByOne(Memoryless):
    """Answers row by row, in words of its own."""

    def act(self, observation, state=None):
        return np.concatenate([look_ahead(row[None]) for row in observation])


# -- functions of what they see ------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["random", "stay", OneByOne()])
def test_policies_that_declare_that_they_remember_nothing(policy):
    found = ask_everywhere(policy)
    assert found is not None
    assert found.declared


def test_a_callable_declares_nothing_and_is_tried():
    found = ask_everywhere(look_ahead)
    assert found is not None
    assert not found.declared
    trap = SmallDish()
    np.testing.assert_allclose(found.shares, look_ahead(trap.observe(list_states(trap))))


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["CheeseCorner", "KeysChests"])
def test_networks_of_the_library(name):
    library = pytest.importorskip("mesa_gym.trained.library")
    trap = find_trap(name)()
    agent = library.load(name)
    found = ask_everywhere(agent, trap)
    assert found is not None
    assert found.declared
    # Alone as in the batch.
    states = list_states(trap)
    for row in (0, 7, states.n - 1):
        alone = np.asarray(as_policy(agent, trap, 64).act(trap.observe(states.take([row]))))
        np.testing.assert_allclose(found.shares[row], alone[0], atol=1e-6)


@pytest.mark.thorough
def test_models_of_stable_baselines3():
    sb3 = pytest.importorskip("stable_baselines3")
    made = make_sb3("MesaGym/CheeseDish-v0", 1)
    for algorithm in (sb3.PPO, sb3.DQN):
        found = ask_everywhere(algorithm("MlpPolicy", made, seed=0), find_trap("CheeseDish")())
        assert found is not None
        assert found.declared


# -- not functions of what they see --------------------------------------------------------------


@pytest.mark.parametrize(
    "policy", [Counter(), EpisodeCoin(), Late(), "sweeper", "oracle:cheese", thorough("either")]
)
def test_what_remembers_or_draws_or_reads_the_clock(policy):
    assert ask_everywhere(policy) is None


@pytest.mark.thorough
def test_recurrent_models():
    contrib = pytest.importorskip("sb3_contrib")
    model = contrib.RecurrentPPO("MlpLstmPolicy", make_sb3("MesaGym/CheeseDish-v0", 1), seed=0)
    assert ask_everywhere(model, find_trap("CheeseDish")()) is None


# -- mistakes ------------------------------------------------------------------------------------


def fail(seen):
    raise KeyError("weights")


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (fail, "'mine' on .*KeyError: 'weights'"),
        (lambda seen: np.zeros(len(seen)), r"expected actions \(\d+,\) of integers"),
        (lambda seen: np.full((len(seen), 4), 0.25), r"shape \(\d+, 4\)"),
        (lambda seen: np.full(len(seen), 5), "it chose action 5 in row 0"),
        (lambda seen: np.full((len(seen), 5), 0.3), "sum to 1"),
        (lambda seen: np.full((len(seen), 5), np.nan), "finite"),
        (lambda seen: np.zeros((1, 5)) + 0.2, r"shape \(1, 5\)"),
    ],
)
def test_answers_that_are_none_are_errors_of_the_policy(policy, said):
    with pytest.raises(PolicyError, match=said):
        ask_everywhere(policy)
