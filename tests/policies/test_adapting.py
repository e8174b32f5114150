"""Agents of any code base as policies: callables, classes with memory, refusals."""

from types import SimpleNamespace

import numpy as np
import pytest

from mesa_gym.envs.observations import OBSERVATIONS, make_observation
from mesa_gym.policies import Policy, as_policy, cut_window
from mesa_gym.scoring.record import ENDED, rollout
from mesa_gym.traps import Split, find_trap
from tests.support.reference import wandered

TRAP = find_trap("RedBlueDoors")()
HORIZON = TRAP.horizon(Split.TEST)


def by_hand(observations):
    """Probabilities that depend on every byte of a row's observation, and on no other row."""
    flat = observations.reshape(len(observations), -1).astype(np.float64)
    scores = 1 + flat @ np.random.default_rng(5).random((flat.shape[1], 5))
    return scores / scores.sum(axis=1, keepdims=True)


class Countdown:
    """Acts by the number of steps of its episode and by its first observation."""

    observation = "flat"

    def reset(self, mask, rng):
        fresh = np.zeros(len(mask), dtype=np.int64)
        self.steps = fresh if mask.all() else np.where(mask, fresh, self.steps)
        if mask.all():
            self.first = fresh.copy()

    def act(self, observation):
        seen = observation.astype(np.int64) @ np.arange(observation[0].size)
        self.first = np.where(self.steps == 0, seen, self.first)
        self.steps = self.steps + 1
        return (self.first + self.steps - 1) % 5


class WithState(Countdown):
    """A ``Countdown`` that also takes the state; its other methods are never called."""

    def act(self, observation, state=None):
        return super().act(observation)

    def learn(self, solution):
        raise AssertionError("only an oracle is given solutions")

    forget = learn


@pytest.mark.parametrize("kind", [None, *OBSERVATIONS])
def test_callable_gets_the_requested_observation(kind):
    policy = as_policy(by_hand, TRAP, HORIZON, kind)
    assert policy.observation == (kind or "planes")
    seen = make_observation(TRAP, policy.observation).encode(wandered(TRAP, 40))
    np.testing.assert_array_equal(policy.act(seen), by_hand(seen))


@pytest.mark.parametrize("side", [3, 5, 11, 13])
def test_cut_window_equals_the_view_size_keyword(side):
    states = wandered(TRAP, 40)
    whole = make_observation(TRAP, "centred").encode(states)
    wanted = make_observation(TRAP, "centred", side).encode(states)
    np.testing.assert_array_equal(cut_window(whole, side), wanted)


@pytest.mark.parametrize("agent", [Countdown(), WithState()])
def test_policy_with_memory_gets_steps_in_order(agent):
    """Expected actions are computed for each level alone, from the first observation."""
    starts = TRAP.levels(Split.SHIFT, np.arange(30))
    seen = make_observation(TRAP, "flat").encode(starts)
    first = seen @ np.arange(seen[0].size) % 5
    assert len(set(first.tolist())) == 5
    policy = as_policy(agent, TRAP, HORIZON)
    assert isinstance(policy, Policy)
    for rows in (np.arange(30), np.array([7])):
        taken = rollout(policy, TRAP, starts.take(rows), HORIZON).actions
        expected = (first[rows, None] + np.arange(HORIZON)) % 5
        np.testing.assert_array_equal(taken, np.where(taken == ENDED, ENDED, expected))
        assert (taken[:, 0] != ENDED).all()


def like(**methods):
    return SimpleNamespace(**{"observation": "planes", "reset": lambda mask, rng: None, **methods})


@pytest.mark.parametrize(
    ("agent", "observation", "message"),
    [
        (None, None, r"None is not a policy; expected an object with the attribute `observation`"),
        (Countdown, None, "Countdown is a class; hand over an instance"),
        (SimpleNamespace(act=by_hand), None, "is not a policy; expected an object with the attrib"),
        (like(act=by_hand, reset=lambda: None), None, r"must have the methods reset\(mask, rng\)"),
        (like(act=lambda a, b, c: a), None, r"and act\(observation\) or act\(observation, state"),
        (like(act=by_hand, observation="planse"), None, "unknown .* 'planse'.* mean 'planes'"),
        (lambda observation, state: 0, None, "is not a policy; it must take one argument, a batch"),
        ({"1.weight": 0}, None, "if it is a state dict, load it into its network"),
        (Countdown(), "planes", "acts on the observation 'flat', not 'planes'"),
        ("random", "flat", "policy 'random': .* acts on the observation 'planes', not 'flat'"),
    ],
)
def test_as_policy_of_bad_agents_is_refused(agent, observation, message):
    with pytest.raises(ValueError, match=message):
        as_policy(agent, TRAP, HORIZON, observation)
