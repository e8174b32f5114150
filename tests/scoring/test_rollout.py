"""Rollouts: batches do not matter, and rules are not asked about states after an episode's end."""

import msgspec
import numpy as np
import pytest
from playing import walled
from small_traps import SmallDish

from mesa_gym.engine.maps import from_map
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.policies import Oracle, Sweeper, constant, uniform
from mesa_gym.scoring import record, rollout, score
from mesa_gym.scoring.plays import find_play, plays_of
from mesa_gym.scoring.record import ENDED
from mesa_gym.scoring.rollout import follow, play_levels, replay
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.red_blue_doors import RedBlueDoors

RIGHT = 2


@pytest.mark.parametrize("name", plays_of(SmallDish()))
def test_a_record_does_not_depend_on_the_levels_beside_it(name):
    """Nor on how long they last, for a policy that remembers as for one that does not."""
    trap, some = SmallDish(), np.array([31, 4])
    play = find_play(trap, name)
    starts = trap.levels(play.split, np.arange(40))
    for policy in (uniform(), Sweeper(trap)):
        both = [play_levels(play, policy, each, 3) for each in (starts, starts.take(some))]
        together, alone = ([r.actions, r.moved.T, *(p.T for p in r.paid.values())] for r in both)
        for one, other in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one, other[some])
        assert (play_levels(play, policy, starts, 4).actions != together[0]).any()


@pytest.mark.parametrize("name", ["shift", "alone:cheese"])
def test_no_step_is_made_that_is_not_recorded(name, monkeypatch):
    """Each is made twice if ghosts pay."""
    trap, made, step = SmallDish(), [], SmallDish.step
    monkeypatch.setattr(SmallDish, "step", lambda *given: made.append(given[1].n) or step(*given))
    play, starts = find_play(trap, name), trap.levels(Split.SHIFT, np.arange(40))
    actions = play_levels(play, Sweeper(trap), starts).actions
    taken = (actions != ENDED).sum(axis=1)
    assert len(np.unique(taken)) > 3
    assert sum(made) == taken.sum() * (1 + play.takes_away)


def test_an_ended_episode_is_not_played_on():
    trap = RedBlueDoors(7)
    rows = ["#" * 7, "#1.A.2#", *["#" * 7] * 5, "1 = key red", "2 = door blue"]
    record = rollout(constant(RIGHT), trap, from_map(trap, "\n".join(rows)), 8)
    assert record.actions.tolist() == [[RIGHT, RIGHT, *[ENDED] * 6]]
    assert record.moved[:, 0].tolist() == [True, True, *[False] * 6]
    assert record.paid["door"][:, 0].tolist() == [0, 1, *[0] * 6]


# -- ghosts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", ["", "cheese", "dish"])
def test_a_ghost_pays_where_the_target_would(left):
    """A corridor of five cells is walked in Python integers, with a target at either end.

    The cheese that is there is eaten, and ends the episode; ghosts pay whenever they are entered,
    and end nothing.
    """
    trap, n = SmallDish(), 60
    whole = from_map(trap, walled(trap, "c.A.d")).take(np.zeros(n, dtype=np.int64))
    starts = trap.isolate(whole, left or None)
    actions = np.random.default_rng(0).choice([0, 0, 1, 2, 2, 4], (n, 16)).astype(np.int8)
    found = replay(trap, starts, actions, whole)
    ghosts = 0
    for row in range(n):
        cell, over = 2, False
        for t, action in enumerate(actions[row].tolist()):
            after = min(max(cell + {0: -1, 2: 1}.get(action, 0), 0), 4)
            pays = {"cheese": after == 0 < cell, "dish": after == 4 > cell}
            for x, entered in pays.items():
                first = x == left and found.paid[x][:t, row].any()  # the dish pays once
                assert found.paid[x][t, row] == (entered and not over and not first), (row, t, x)
                ghosts += entered and not over and x != left
            assert found.moved[t, row] == (after != cell and not over)
            assert (found.actions[row, t] == ENDED) == over
            cell, over = after, over or (left == "cheese" and pays["cheese"])
    assert ghosts > 20


# -- rules that allow no state after the end -------------------------------------------------------


class Strict(CheeseCorner):
    """It ends once the cheese is gone, and its rules raise where there is none."""

    default_size = (7, 7)
    alone = {}

    def rules(self, move):
        if move.none("cheese").any():
            raise ValueError("no cheese is left")
        super().rules(move)
        move.clear("cheese")

    def reference(self, objective, state):
        return np.zeros(state.n, dtype=np.int64)


@pytest.mark.parametrize("policy", ["random", "oracle:cheese", "oracle:corner"])
def test_it_is_scored_and_replayed(policy):
    card = score(policy, Strict(), 20)
    again = score(record(policy, Strict(), 20), Strict(), 20)
    assert again == msgspec.structs.replace(card, provenance=again.provenance)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_it_steps_in_a_vector_environment(mode):
    env = TrapVectorEnv(Strict, 8, autoreset_mode=mode)
    env.reset(seed=0)
    env.action_space.seed(0)
    assert any(env.step(env.action_space.sample())[2].any() for _ in range(200))


def test_the_rows_that_go_on_are_those_with_an_action():
    trap = Strict()
    starts, horizon = trap.levels(Split.SHIFT, np.arange(20)), trap.horizon(Split.SHIFT)
    actions = rollout(Oracle(trap, "cheese", horizon), trap, starts, horizon).actions
    followed = np.full_like(actions, ENDED)
    for now in follow(trap, starts, actions):
        np.testing.assert_array_equal(now.state.level.number, starts.level.number[now.rows])
        followed[now.rows, now.t] = now.chosen
    np.testing.assert_array_equal(followed, actions)
