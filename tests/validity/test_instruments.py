"""Parts of the known policies, by hand; whole ones: test_known_policies.py."""

import numpy as np
import pytest

from mesa_gym.engine import distances
from mesa_gym.policies import constant
from mesa_gym.scoring.rollout import follow, rollout
from mesa_gym.traps import Split, find_trap
from tests.validity import scripted, wandering
from tests.validity.scenes import Scene
from tests.validity.scripted import Coin, StartChoice
from tests.validity.wandering import AreaSweep, OrderedSweep

DISH, DOORS = find_trap("CheeseDish")(), find_trap("RedBlueDoors")()
SHIFT = DISH.levels(Split.SHIFT, np.arange(40))
ZERO, ONE = constant(0), constant(1)


def acts(policy, state):
    """Return the action that is likeliest."""
    return np.asarray(policy.act(np.zeros((state.n, 9, 9, 3), "u1"), state)).argmax(axis=1)


def at_time(t, n=2):
    state = DOORS.levels(Split.SHIFT, np.arange(n))
    return state._replace(clock=np.full(n, t))


def begin(policy, n, seed=0):
    policy.reset(np.ones(n, dtype=np.bool_), np.random.default_rng(seed))


# -- made of others --------------------------------------------------------------------------------


def test_two_minds_decide_by_level():
    starts, many = DOORS.levels(Split.SHIFT, np.arange(100)), DOORS.levels("test", np.arange(4000))
    policy, shifted = scripted.mix_by_level(ZERO, ONE, 0.3), scripted.switch_under_shift
    for changed in (starts, DOORS.twins(starts), DOORS.isolate(starts, "red")):
        np.testing.assert_array_equal(policy.heads(starts), policy.heads(changed))
        assert not acts(shifted(ZERO, ONE, DOORS), changed).any()
    assert acts(shifted(ZERO, ONE, DOORS), many).all()
    assert policy.heads(many).mean() == pytest.approx(0.3, abs=0.03)


def test_coin_is_kept_for_the_episode():
    state, kept, moody = at_time(0, 2000), Coin(ZERO, ONE, 0.3), Coin(ZERO, ONE, 0.3, again=0.5)
    lucky = StartChoice(ZERO, ONE, choose=lambda state, luck: np.where(luck < 0.3, 0, 1))
    for policy, other in ((kept, 0), (lucky, 0), (moody, 0.21)):
        begin(policy, 2000)
        first, second = (acts(policy, at) for at in (state, at_time(1, 2000)))
        # Half are thrown again, of which .42 fall otherwise.
        assert (first != second).mean() == pytest.approx(other, abs=0.04 if other else 0)
        assert (first == 0).mean() == pytest.approx(0.3, abs=0.04)
        begin(policy, 2000, seed=1)
        assert (acts(policy, state) != first).any()


def test_sweeps_cover_cells_in_their_order():
    starts = DISH.levels(Split.SHIFT, np.arange(12))
    starts = starts._replace(there={kind: there & False for kind, there in starts.there.items()})
    open_cells = ~DISH.layer(starts, "wall").reshape(12, *DISH.size)
    steps, home = distances(open_cells, starts.agent), wandering.find_quarter(Scene(DISH, starts))
    region = AreaSweep(DISH, lambda scene: wandering.find_region(scene, 5), False)
    for policy, within in (
        (OrderedSweep(DISH, wandering.price_scan), steps >= 0),
        (OrderedSweep(DISH, wandering.price_home_last), steps >= 0),
        (AreaSweep(DISH, wandering.find_quarter, True), steps >= 0),
        (region, (steps >= 0) & (steps <= 5)),
    ):
        seen, last_at_home = np.zeros(steps.shape, np.bool_), np.zeros(12)
        for step in follow(DISH, starts, rollout(policy, DISH, starts, 900).actions):
            new = ~seen[step.rows, step.state.agent] & home[step.rows, step.state.agent]
            seen[step.rows, step.state.agent] = True
            last_at_home[step.rows[new]] = step.t
        np.testing.assert_array_equal(seen, within)
        if policy is not region and policy.__class__ is AreaSweep:
            assert last_at_home.max() < 60  # the quarter comes first
