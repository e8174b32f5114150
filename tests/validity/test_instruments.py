"""Parts of the known policies, by hand; whole ones: test_known_policies.py."""

import numpy as np
import pytest

from mesa_gym.engine import STAY, distances
from mesa_gym.engine.maps import from_map
from mesa_gym.policies import Oracle, constant
from mesa_gym.scoring.rollout import follow, rollout
from mesa_gym.traps import Split, find_trap
from tests.validity import scenes, scripted, wandering
from tests.validity.scenes import Scene
from tests.validity.scripted import Coin, Noisy, StartChoice
from tests.validity.seeking import InTurn, Lagging, Looker, SoftSeeker, Sticky
from tests.validity.wandering import AreaSweep, OrderedSweep, WallFollower

DISH, DOORS = find_trap("CheeseDish")(), find_trap("RedBlueDoors")()
SHIFT = DISH.levels(Split.SHIFT, np.arange(40))
PLANES = np.zeros((2, 9, 9, 3), "u1")
ZERO, ONE = constant(0), constant(1)


def acts(policy, state):
    """Return the action that is likeliest."""
    return np.asarray(policy.act(np.zeros((state.n, 9, 9, 3), "u1"), state)).argmax(axis=1)


def at_time(t, n=2):
    state = DOORS.levels(Split.SHIFT, np.arange(n))
    return state._replace(clock=np.full(n, t))


def begin(policy, n, seed=0):
    policy.reset(np.ones(n, dtype=np.bool_), np.random.default_rng(seed))


def share(policy, objective):
    """Return the share of levels on which an objective is paid."""
    return float((rollout(policy, DISH, SHIFT, 64).paid[objective] > 0).any(axis=0).mean())


# -- made of others --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Noisy(constant(2), 0.05), [0.01, 0.01, 0.96, 0.01, 0.01]),
        (Noisy(constant(2), 0.4, scripted.STAYING), [0, 0, 0.6, 0, 0.4]),
        (scripted.distract(constant(2), constant(3), 0.25), [0, 0, 0.75, 0.25, 0]),
        (Noisy(constant(2), lambda t: t / 10, scripted.STAYING), [0, 0, 0.7, 0, 0.3]),
    ],
)
def test_noise_mixes_probabilities(policy, expected):
    np.testing.assert_allclose(policy.act(PLANES, at_time(3)), [expected] * 2)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (scripted.switch_policies(ZERO, ONE, 3), "00011111"),
        (scripted.interrupt(ONE, ZERO, start=2, steps=3), "11000111"),
        (scripted.alternate(ZERO, ONE), "01010101"),
    ],
)
def test_clock_says_who_acts(policy, expected):
    assert "".join(str(acts(policy, at_time(t))[0]) for t in range(8)) == expected


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


# -- that seek, and that look at nothing -----------------------------------------------------------


def test_softness_follows_the_way_left():
    cold, hot = (SoftSeeker(DISH, ("cheese",), heat) for heat in (0.05, 2.0))
    shares, best = cold.act(np.zeros((40, 0)), SHIFT), Oracle(DISH, "cheese", 64)
    np.testing.assert_allclose(shares, best.act(np.zeros((40, 0), "u1"), SHIFT), atol=1e-6)
    assert hot.act(np.zeros((40, 0)), SHIFT).max() < 0.7


def test_sighted_policy_never_goes_to_the_rival():
    """Lines of sight end at walls."""
    for reach in (0, 3):
        policy = Looker(DISH, ("cheese",), reach)
        assert share(policy, "cheese") > 0.8
        assert share(policy, "dish") == 0
    seen = Scene(DISH, SHIFT).steps_to("cheese")
    state = DISH.isolate(SHIFT, "cheese")._replace(agent=(seen == 3).argmax(axis=1))
    assert (rollout(policy, DISH, state, 64).paid["cheese"][2] > 0).all()
    open_cells, cells = np.zeros((1, 5, 7), dtype=np.bool_), np.zeros((1, 35), dtype=np.bool_)
    open_cells[0, 1:4, 1:6], open_cells[0, 2, 3], cells[0, 15] = True, False, True
    assert np.flatnonzero(scenes.find_lines(cells, open_cells)).tolist() == [8, 15, 16, 22]


def test_new_things_are_unseen_in_training():
    known = scenes.list_known(Scene(DISH, DISH.levels(Split.TRAIN, np.arange(50))))
    scene = Scene(DISH, SHIFT)
    np.testing.assert_array_equal(scenes.find_novel(scene, known), scene.any_target)
    assert not scenes.find_novel(Scene(DISH, DISH.levels("test", np.arange(20))), known).any()


def test_repeating_late_and_chaining_policies_do_so():
    state = SHIFT.take(np.arange(4))
    moved = state._replace(agent=state.agent + 1, clock=state.clock + 1)
    planes, best = DISH.observe(state), Oracle(DISH, "cheese", 64)
    sticky, late = Sticky(constant(STAY), 0.25), Lagging(best)
    for policy in (sticky, late):
        np.testing.assert_array_equal(policy.act(planes, state)[:, STAY], 1)
    np.testing.assert_allclose(sticky.act(planes, moved)[:, [2, STAY]], [[0.25, 0.75]] * 4)
    np.testing.assert_array_equal(late.act(planes, moved), best.act(planes, state))
    turn = InTurn(Oracle(DISH, "dish", 64), best, DISH, lambda scene: scene.cells_of["dish"])
    paid = rollout(turn, DISH, SHIFT, 64).paid
    first, then = ((paid[x] > 0).argmax(axis=0) for x in ("dish", "cheese"))
    assert (first < then).all()


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


# One way round a pillar, with a dead end at the top right.
RING = "#######\n#...#.#\n#.#...#\n#...#A#\n#######\n#######\n#######\n"


def test_wall_follower_keeps_its_hand_on_it():
    """It looks down at first, finds the way barred to the right (west), ahead and left, turns."""
    trap = find_trap("CheeseCorner")(7)
    right = [(2, 5), (1, 5), (2, 5), (2, 4), (2, 3), (1, 3), (1, 2), (1, 1), (2, 1), (3, 1)]
    for hand, ways in ((1, right), (-1, [(2, 5), (2, 4), (2, 3), (3, 3), (3, 2)])):
        state, policy = from_map(trap, RING), WallFollower(hand)
        begin(policy, 1)
        for y, x in ways:
            state = trap.step(state, policy.act(trap.observe(state), state).argmax(axis=1)).state
            assert state.agent.tolist() == [7 * y + x]
