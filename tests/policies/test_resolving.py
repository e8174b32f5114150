"""Policies from names and objects of a user: resolving and adapting."""

import importlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from mesa_gym.envs.observations import OBSERVATIONS, make_observation
from mesa_gym.policies import Oracle, Policy, as_policy, cut_window
from mesa_gym.policies.names import name_policy
from mesa_gym.scoring.record import ENDED, rollout
from mesa_gym.traps import Split, find_trap
from tests.support.reference import wandered
from tests.support.refusals import refusals

TRAP = find_trap("RedBlueDoors")()
SEEN = TRAP.observe(TRAP.levels(Split.TEST, np.arange(4)))

AGENTS = """
import numpy as np

def acting(observation, *, action=1):
    return np.full(len(observation), action)

def from_trap(trap):
    assert trap.name() == "RedBlueDoors-v0"
    return lambda seen: acting(seen, action=2)

def from_nothing(action=3):
    return lambda seen: acting(seen, action=action)

def from_perhaps(trap=None):
    return from_trap(trap)

def from_kind(trap):
    return lambda seen: np.ones(len(seen), int) * (3 if seen.ndim == 2 else 9)

from_kind.observation = "flat"

class Agent:
    observation = "planes"
    def reset(self, mask, rng): pass
    def act(self, observation, state=None): return acting(observation, action=4)

class Trained(Agent):
    def __init__(self, trap): assert trap.solvable

agent = Agent()
word = "agent"

def two(trap, seed): return None
def raising(trap): raise KeyError("weights")
def bad_value(trap): raise ValueError("weights of 9x9")
def needy(trap): import no_such_library
"""


@pytest.fixture(autouse=True)
def agents(tmp_path, monkeypatch):
    for name, text in {"some_agents": AGENTS, "in_need": "import no_such_library"}.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield tmp_path / "some_agents.py"
    sys.modules.pop("some_agents", None)


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("acting", 1),
        ("from_trap", 2),
        ("from_nothing", 3),
        ("from_perhaps", 2),
        ("agent", 4),
        ("Agent", 4),
        ("Trained", 4),
    ],
)
def test_as_policy_of_module_name_loads_policy(name, action, agents):
    assert (as_policy(f"some_agents:{name}", TRAP, 64).act(SEEN) == action).all()
    assert (as_policy(f"{agents}:{name}", TRAP, 64).act(SEEN) == action).all()
    assert name_policy(f"{agents}:{name}") == f"some_agents.py:{name}"


def test_as_policy_honours_observations_of_functions(agents):
    policy = as_policy(f"{agents}:from_kind", TRAP, 64)
    assert (policy.observation, *policy.act(SEEN.reshape(4, -1))) == ("flat", 3, 3, 3, 3)


def test_as_policy_gives_oracles_the_horizon():
    oracle = as_policy("oracle:base", TRAP, 17)
    assert isinstance(oracle, Oracle)
    assert oracle.horizon == 17
    assert as_policy(oracle, TRAP, 17) is oracle


# -- adapting --------------------------------------------------------------------------------------
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


test_as_policy_refuses_bad_policies = refusals("policies", "resolving", globals())
