"""Policies that are made of others: who acts when."""

import numpy as np
import pytest
from reference import wandered

from mesa_gym.engine import STAY
from mesa_gym.policies import constant
from mesa_gym.traps import Split, find_trap
from tests.validity import scripted
from tests.validity.scripted import Coin, Noisy, StartChoice

KEYS, DOORS = (find_trap(name)() for name in ("KeysChests", "RedBlueDoors"))
PLANES = np.zeros((2, 9, 9, 3), "u1")
ZERO, ONE = constant(0), constant(1)


def acts(policy, state):
    """Return the action that is likeliest."""
    return np.asarray(policy.act(np.zeros((state.n, 9, 9, 3), "u1"), state)).argmax(axis=1)


def at_time(t, n=2):
    """Return levels at a time."""
    state = DOORS.levels(Split.SHIFT, np.arange(n))
    return state._replace(clock=np.full(n, t))


def begin(policy, n, seed=0):
    """Begin episodes."""
    policy.reset(np.ones(n, dtype=np.bool_), np.random.default_rng(seed))


def test_noise_and_waiting_mix_probabilities():
    expected = [[0.01, 0.01, 0.96, 0.01, 0.01]] * 2
    np.testing.assert_allclose(Noisy(constant(2), 0.05).act(PLANES, at_time(0)), expected)
    waiting = Noisy(constant(2), 0.4, scripted.STAYING)
    np.testing.assert_allclose(waiting.act(PLANES, at_time(0)), [[0, 0, 0.6, 0, 0.4]] * 2)
    other = scripted.distract(constant(2), constant(3), 0.25)
    np.testing.assert_allclose(other.act(PLANES, at_time(0)), [[0, 0, 0.75, 0.25, 0]] * 2)
    tiring = Noisy(constant(2), lambda t: t / 10, scripted.STAYING)
    np.testing.assert_allclose(tiring.act(PLANES, at_time(3)), [[0, 0, 0.7, 0, 0.3]] * 2)
    with pytest.raises(ValueError, match="from 0 to 1"):
        Noisy(constant(2), 5)


def test_the_clock_says_who_acts():
    policies = {
        "late": scripted.switch_policies(ZERO, ONE, 3),
        "pausing": scripted.interrupt(ONE, ZERO, start=2, steps=3),
        "alternating": scripted.alternate(ZERO, ONE),
    }
    seen = {
        name: "".join(str(acts(policy, at_time(t))[0]) for t in range(8))
        for name, policy in policies.items()
    }
    assert seen == {"late": "00011111", "pausing": "11000111", "alternating": "01010101"}


def test_two_minds_decide_by_level_and_alike_on_twins():
    state, later = KEYS.levels(Split.TEST, np.arange(4000)), wandered(KEYS, 1000)
    policy = scripted.mix_by_level(ZERO, ONE)
    np.testing.assert_array_equal(acts(policy, later), acts(policy, state)[:1000])
    starts = DOORS.levels(Split.SHIFT, np.arange(100))
    twins, alone = DOORS.twins(starts)[0], DOORS.isolate(starts, "red")
    for changed in (twins, alone):
        np.testing.assert_array_equal(policy.heads(starts), policy.heads(changed))
    for share in (0.0, 0.3, 0.5, 1.0):
        heads = scripted.mix_by_level(ZERO, ONE, share).heads(state)
        assert abs(heads.mean() - share) <= 4 * (share * (1 - share) / 4000) ** 0.5
    with pytest.raises(ValueError, match="share must be from 0 to 1, got 30"):
        scripted.mix_by_level(ZERO, ONE, 30)


def test_walls_decide_as_counted_by_hand():
    state = KEYS.levels(Split.TEST, np.arange(200))
    walls = KEYS.layer(state, "wall").reshape(200, 9, 9)
    left = [int(w[:, :4].sum()) > int(w[:, 5:].sum()) for w in walls]
    assert scripted.choose_by_walls(ZERO, ONE, KEYS).heads(state).tolist() == left
    assert 40 < sum(left) < 160


def test_levels_of_the_shift_are_told_by_their_keys_whatever_is_changed_on_them():
    policy = scripted.switch_under_shift(ZERO, ONE, DOORS)
    starts = DOORS.levels(Split.SHIFT, np.arange(9))
    for changed in (starts, DOORS.twins(starts)[0], DOORS.isolate(starts, "red")):
        assert not acts(policy, changed).any()
    for split in set(Split) - {Split.SHIFT}:
        assert acts(policy, DOORS.levels(split, np.arange(9))).all()


def test_a_coin_is_kept_for_the_episode_unless_it_is_thrown_again():
    state, kept, moody = at_time(0, 2000), Coin(ZERO, ONE, 0.3), Coin(ZERO, ONE, 0.3, again=0.5)
    for coin in (kept, moody):
        begin(coin, 2000)
    first, second = acts(kept, state), acts(kept, state)
    np.testing.assert_array_equal(first, second)
    assert (first == 0).mean() == pytest.approx(0.3, abs=0.04)
    first, second = acts(moody, state), acts(moody, state)
    # Half are thrown again, of which .42 fall otherwise.
    assert (first != second).mean() == pytest.approx(0.21, abs=0.04)
    begin(kept, 2000, seed=1)
    assert (acts(kept, state) != first).any()


def test_a_choice_is_made_in_the_start_state_and_kept():
    three = StartChoice(
        ZERO, ONE, constant(STAY), choose=lambda state, luck: state.level.number % 3
    )
    begin(three, 6)
    start = at_time(0, 6)
    assert acts(three, start).tolist() == [0, 1, STAY] * 2
    later = at_time(1, 6)
    later = later._replace(level=later.level._replace(number=later.level.number + 1))
    assert acts(three, later).tolist() == [0, 1, STAY] * 2
    lucky = StartChoice(ZERO, ONE, choose=lambda state, luck: np.where(luck < 0.5, 0, 1))
    begin(lucky, 2000)
    assert acts(lucky, at_time(0, 2000)).mean() == pytest.approx(0.5, abs=0.05)
    with pytest.raises(ValueError, match="needs the state"):
        lucky.act(PLANES)
