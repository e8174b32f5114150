"""Rules are asked of no state after an episode's end, which may be one that they do not allow."""

from __future__ import annotations

import numpy as np
import pytest
from healthy import Healthy

from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.grid import CHEESE, Ints, Move, State
from mesa_gym.policies import Oracle
from mesa_gym.scoring import record, score
from mesa_gym.scoring.rollout import ENDED, going, rollout
from mesa_gym.solver import Solution
from mesa_gym.traps import Split
from mesa_gym.viewer.parting import _references_differ


class Strict(Healthy):
    """It ends once the cheese is gone, and its rules raise where there is none."""

    def rules(self, move: Move) -> None:
        if move.none_left(CHEESE).any():
            raise ValueError("no cheese is left")
        move.clear(CHEESE, where=move.into(CHEESE))

    def reference(self, objective: str, state: State) -> Ints:
        return np.zeros(len(state), dtype=np.int64)


@pytest.fixture(scope="module")
def played() -> tuple[State, np.ndarray]:
    """Start states of the shift, and what the oracle of the cheese did there."""
    trap = Strict()
    starts, horizon = trap.levels(Split.SHIFT, np.arange(20)), trap.horizon(Split.SHIFT)
    oracle = Oracle(trap, "cheese", horizon)
    oracle.learn(Solution(trap, starts, horizon))
    return starts, rollout(oracle, trap, starts, horizon)


def test_its_rules_do_raise(played: tuple[State, np.ndarray]) -> None:
    state = played[0].copy()
    state.layer(CHEESE)[:] = False
    state.recount()
    with pytest.raises(ValueError, match="no cheese is left"):
        Strict().advance(state, np.zeros(len(state), dtype=np.int64))


def test_the_rows_that_go_on_are_those_with_an_action(played: tuple[State, np.ndarray]) -> None:
    starts, actions = played
    followed = np.full_like(actions, ENDED)
    for t, rows, state, chosen in going(starts, actions):
        np.testing.assert_array_equal(state.level, starts.level[rows])
        followed[rows, t] = chosen
        Strict().advance(state, chosen)
    np.testing.assert_array_equal(followed, actions)


@pytest.mark.parametrize("policy", ["random", "oracle:cheese", "oracle:corner"])
def test_it_is_scored_and_replayed(policy: str) -> None:
    card = score(policy, Strict(), 20)
    again = score(record(policy, Strict(), 20), Strict(), 20)
    assert again.splits["shift"].normalized_return == card.splits["shift"].normalized_return


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_it_steps_in_a_vector_environment(mode: str) -> None:
    env = TrapVectorEnv(Strict, 8, autoreset_mode=mode)
    env.reset(seed=0)
    env.action_space.seed(0)
    assert any(env.step(env.action_space.sample())[2].any() for _ in range(200))


def test_the_viewer_compares_its_references(played: tuple[State, np.ndarray]) -> None:
    assert _references_differ(Strict(), *played).any()


def test_its_demonstrations_are_learnt_from(played: tuple[State, np.ndarray]) -> None:
    demonstrations = pytest.importorskip("agents.demonstrations")
    _, taken = demonstrations.transitions(Strict(), *played)
    assert len(taken) == (played[1] != ENDED).sum()
