"""Agents of any code base as policies: callables, recurrent classes, what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest
from reference import wandered

from mesa_gym.envs.observations import OBSERVATIONS, make_observation
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Memoryless, Oracle, Policy, as_policy, load_policy
from mesa_gym.scoring.rollout import ENDED, rollout
from mesa_gym.traps import Split, find_trap

TRAP = find_trap("RedBlueDoors")()
HORIZON = TRAP.horizon(Split.TEST)


def by_hand(observations: np.ndarray) -> np.ndarray:
    """Probabilities that depend on every byte of the observation, each row alone."""
    flat = observations.reshape(len(observations), -1).astype(np.float64)
    scores = flat @ np.random.default_rng(5).random((flat.shape[1], 5))
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return scores / scores.sum(axis=1, keepdims=True)


class Countdown:
    """It acts by how many steps its episode has had, and by what it saw at the first."""

    observation = "planes"

    def reset(self, mask, rng):
        fresh = np.zeros(len(mask), dtype=np.int64)
        self.steps = fresh if mask.all() else np.where(mask, fresh, self.steps)
        if mask.all():
            self.first = fresh.copy()

    def act(self, observation, state=None):
        seen = observation.reshape(len(observation), -1) @ np.arange(observation[0].size)
        self.first = np.where(self.steps == 0, seen, self.first)
        self.steps = self.steps + 1
        return (self.first + self.steps - 1) % 5


# -- callables and objects -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, *OBSERVATIONS])
def test_a_callable_sees_the_observation_that_it_asks_for(kind) -> None:
    policy = as_policy(by_hand, TRAP, HORIZON, kind)
    assert policy.observation == (kind or "planes")
    seen = make_observation(TRAP, policy.observation).encode(wandered(TRAP, 40))
    np.testing.assert_array_equal(policy.act(seen), by_hand(seen))


def test_a_callable_may_answer_in_any_form_of_array() -> None:
    torch = pytest.importorskip("torch")
    starts = TRAP.levels(Split.TEST, np.arange(12))
    expected = rollout(as_policy("stay", TRAP, HORIZON), TRAP, starts, HORIZON)
    assert (expected == 4).all()
    for answer in (
        lambda seen: [4] * len(seen),
        lambda seen: np.full(len(seen), 4, dtype=np.uint8),
        lambda seen: torch.full((len(seen),), 4),
        lambda seen: torch.eye(5)[torch.full((len(seen),), 4)],
    ):
        policy = as_policy(answer, TRAP, HORIZON)
        np.testing.assert_array_equal(rollout(policy, TRAP, starts, HORIZON), expected)


def test_a_class_with_memory_is_fed_in_order() -> None:
    """Its actions are those worked out for each level alone, from the first observation."""
    starts = TRAP.levels(Split.SHIFT, np.arange(30))
    seen = TRAP.observe(starts).reshape(30, -1)
    first = seen @ np.arange(seen[0].size) % 5
    assert len(set(first.tolist())) == 5
    agent = Countdown()
    assert as_policy(agent, TRAP, HORIZON) is agent
    for rows in (slice(None), slice(7, 8), slice(20, 30)):
        taken = rollout(agent, TRAP, starts.take(np.arange(30)[rows]), HORIZON)
        expected = (first[rows, None] + np.arange(HORIZON)) % 5
        np.testing.assert_array_equal(taken, np.where(taken == ENDED, ENDED, expected))
        assert (taken[:, 0] != ENDED).all()


def test_act_need_not_take_the_state() -> None:
    class Agent(Countdown):
        observation = "local"

        def act(self, observation):
            return super().act(observation)

    adapted = as_policy(Agent(), TRAP, HORIZON)
    assert isinstance(adapted, Policy)
    assert adapted.observation == "local"
    starts = TRAP.levels(Split.TEST, np.arange(9))
    both = Countdown()
    both.observation = "local"
    np.testing.assert_array_equal(
        rollout(adapted, TRAP, starts, HORIZON), rollout(both, TRAP, starts, HORIZON)
    )


def test_names_and_policies_are_what_they_were() -> None:
    oracle = as_policy("oracle:base", TRAP, 17)
    assert isinstance(oracle, Oracle)
    assert oracle.horizon == 17
    assert as_policy(oracle, TRAP, 17) is oracle  # it goes on sharing what scoring solves
    assert as_policy("random", TRAP, 17, "planes").observation == "planes"


# -- what is refused -------------------------------------------------------------------------------


class Incomplete:
    observation = "planes"

    def act(self, observation, state=None):
        return np.zeros(len(observation), dtype=int)


class Forgetful(Incomplete):
    def reset(self):
        pass


class Demanding(Memoryless):
    def act(self, observation, state, reward):
        return observation


class Odd(Memoryless):
    observation = "planse"

    def act(self, observation, state=None):
        return observation


@pytest.mark.parametrize(
    ("agent", "message"),
    [
        (None, r"None is not a policy; expected an object with the attribute `observation` and"),
        (7, "7 is not a policy"),
        ({"policy": 1}, "a dict is not a policy"),
        (np.zeros(5), "a ndarray is not a policy"),
        (Countdown, "Countdown is a class; hand over an instance"),
        (Incomplete(), "a Incomplete, which lacks reset, is not a policy"),
        (Forgetful(), r"Forgetful.reset must take two arguments: reset\(mask, rng\)"),
        (Demanding(), r"Demanding.act must take one or two arguments: act\(observation, state"),
        (Odd(), "unknown observation 'planse'.*Did you mean 'planes'"),
        (lambda: 0, "which cannot be called with one argument, is not a policy"),
        (lambda observation, state: 0, "which cannot be called with one argument"),
        ("oracel:base", "Did you mean 'oracle:base'"),
    ],
)
def test_what_is_no_policy(agent, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_policy(agent, TRAP, HORIZON)


def test_the_observation_is_for_callables() -> None:
    with pytest.raises(ValueError, match=r"unknown observation 'plane'.*Did you mean 'planes'"):
        as_policy(by_hand, TRAP, HORIZON, "plane")
    with pytest.raises(ValueError, match="does not offer the observation 'symbolic'"):
        as_policy(by_hand, find_trap("FollowMe")(), HORIZON, "symbolic")
    for agent in (Countdown(), "random"):
        with pytest.raises(ValueError, match="acts on the observation 'planes', not 'local'"):
            as_policy(agent, TRAP, HORIZON, "local")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda seen: (np.zeros(len(seen), dtype=int), None), "gave a tuple of 2; .* take the fir"),
        (lambda seen: None, r"gave an array of shape \(\)"),
        (lambda seen: np.zeros((len(seen), 4)), r"gave an array of shape \(6, 4\)"),
        (lambda seen: np.zeros(len(seen)), "dtype float64; expected"),
        (lambda seen: np.full(len(seen), 5), "action 5 in row 0; there is 0 to 4"),
        (
            lambda seen: np.full((len(seen), 5), np.nan),
            "in row 0; nan and inf are no probabilities",
        ),
        (lambda seen: np.full((len(seen), 5), 0.3), "sum to 1"),
    ],
)
def test_what_is_no_answer(answer, message: str) -> None:
    policy = as_policy(answer, TRAP, HORIZON)
    with pytest.raises(PolicyError, match=message):
        rollout(policy, TRAP, TRAP.levels(Split.TEST, np.arange(6)), HORIZON)


# -- by name ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "meant"),
    [
        ("oracel:base", "oracle:base"),
        ("Oracle:door", "oracle:door"),
        ("oracles:red", "oracle:red"),
        ("refrence:red", "reference:red"),
        ("Reference:base", "reference:base"),
    ],
)
def test_misspelt_prefixes(spec: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"{spec}.*cannot be imported.*Did you mean '{meant}'"):
        load_policy(spec, TRAP, HORIZON)


def test_other_modules_are_not_taken_for_prefixes() -> None:
    with pytest.raises(ValueError, match="cannot be imported") as caught:
        load_policy("my_agents:best", TRAP, HORIZON)
    assert "Did you mean" not in str(caught.value)


AGENTS = """
import json
import numpy as np

def as_callable(trap):
    return lambda observations: np.full(len(observations), 3)

def as_class(trap):
    return dict

def nothing(trap):
    return None

def too_much(trap, seed):
    return None
"""


def test_factories_may_give_whatever_can_be_a_policy(tmp_path, monkeypatch) -> None:
    (tmp_path / "some_agents.py").write_text(AGENTS)
    monkeypatch.syspath_prepend(tmp_path)
    policy = load_policy("some_agents:as_callable", TRAP, HORIZON)
    actions = rollout(policy, TRAP, TRAP.levels(Split.TEST, np.arange(3)), HORIZON)
    assert (actions == 3).all()
    for name, message in [
        ("as_class", "policy 'some_agents:as_class' gave a type; dict is a class"),
        ("nothing", "gave a NoneType; None is not a policy"),
        ("too_much", "is not a factory: it cannot be called with the trap"),
        ("json", "is not a factory"),
        ("as_clas", "Did you mean 'as_class'"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            load_policy(f"some_agents:{name}", TRAP, HORIZON)
