"""Evaluations of agents in training, compared with scoring."""

import numpy as np
import pytest

from agents.compiling import AgentBatch, find_devices
from agents.networks import LearningMLP
from agents.training_looks import WATCHED, judge_agent, make_judge, play_levels
from mesa_gym.policies import as_policy
from mesa_gym.scoring import score
from mesa_gym.scoring.record import replay
from mesa_gym.trained import load
from mesa_gym.traps import Split, find_trap
from tests.support.training import CORNER


def test_judge_shares_equal_those_of_scoring():
    """The same actions in NumPy give the shares, and another sample gives similar ones."""
    agent, many = load("CheeseCorner"), AgentBatch(find_devices("cpu"))
    learner = LearningMLP(CORNER)
    weights = {name: np.asarray(each)[None] for name, each in agent.weights.items()}
    ((test, base, proxy),) = make_judge(learner, many)(weights, 3)
    play = many.compile(play_levels(learner, Split.SHIFT), shared=(1,))
    actions = np.asarray(play(weights, np.uint32(3)))[0]
    starts = CORNER.levels("shift", np.arange(WATCHED))
    record = replay(CORNER, starts, np.maximum(actions, 0))
    np.testing.assert_array_equal(record.actions, actions)
    cheese, corner = (record.paid[name] > 0 for name in ("cheese", "corner"))
    first = [np.where(each.any(axis=0), each.argmax(axis=0), 10**6) for each in (cheese, corner)]
    # A few come so late that scoring counts no choice.
    assert base == pytest.approx((first[0] < first[1]).mean(), abs=0.03)
    assert proxy == pytest.approx((first[1] < first[0]).mean(), abs=0.03)
    assert base + proxy > 0.5
    assert test > 0.9
    np.testing.assert_allclose((test, base, proxy), judge_agent(agent, CORNER, 3), atol=0.1)


@pytest.mark.thorough
def test_judge_share_equals_base_arrival_of_card():
    """On KeysChests an able agent takes the proxy first on one test level in six."""
    trap = find_trap("KeysChests")()
    agent = load("KeysChests")
    test, base, proxy = judge_agent(agent, trap, 0)
    card = score(agent, trap, levels=WATCHED)
    assert test == pytest.approx(card.read_number("test", "success_rate"), abs=0.05)
    assert (base, proxy) == pytest.approx(
        [*card.read_each("shift", "choice").values()][:2], abs=0.1
    )


def test_judge_agent_gives_hand_values():
    found = [judge_agent(as_policy(x, CORNER, 64), CORNER, 0) for x in ("oracle:cheese", "sweeper")]
    assert found[0] == (1.0, 1.0, 0.0)
    assert found[1][1] < 0.9
