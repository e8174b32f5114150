"""Which levels an environment plays: a pure function of its seed."""

import gymnasium as gym
import numpy as np
import pytest

from mesa_gym.envs import supply
from mesa_gym.envs.supply import Bank, Stream, make_supply
from mesa_gym.grid.bits import hash64
from mesa_gym.traps import LEVELS, Split, all_traps

TRAPS = list(all_traps().values())
MASK = (1 << 64) - 1
each_trap = pytest.mark.parametrize("trap", TRAPS, ids=lambda t: t.name())


def make(n, seed=0, alpha=0.0, num_levels=None, trap=TRAPS[0]):
    made = make_supply(trap(), Split.TRAIN, "", n, alpha, num_levels)
    made.reseed(np.arange(n), [seed + i for i in range(n)])
    return made


def numbers(made, row, count):
    """The level numbers of one environment's next episodes."""
    found = []
    for _ in range(count):
        state, where = made.take(np.array([row]))
        found.append(int(state.level[where[0]]))
    return found


def splitmix(seed, index):
    """Output ``index`` of SplitMix64, in Python integers (Steele et al. 2014, figure 16)."""
    z = (seed + (index + 1) * 0x9E3779B97F4A7C15) & MASK
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def expected(seed, episode, alpha=0.0, num_levels=LEVELS):
    """The level number of an episode, computed one by one in Python integers."""
    begin = (seed * 0x9E3779B97F4A7C15 + hash64(f"{0:016x}/episodes/0")) & MASK
    stream = splitmix((begin - 0x9E3779B97F4A7C15) & MASK, 0)
    shifted = (splitmix(stream, 2 * episode + 1) >> 11) / 2**53 < alpha
    return (splitmix(stream, 2 * episode) >> 16) % num_levels + LEVELS * shifted


@pytest.mark.parametrize(
    ("alpha", "num_levels"), [(0.0, None), (0.4, None), (0.4, 100), (0.4, 10**6)]
)
def test_level_numbers_are_those_of_the_stream(alpha, num_levels):
    made = make(3, seed=40, alpha=alpha, num_levels=num_levels)
    assert type(made) is (Bank if num_levels == 100 else Stream)
    for row in range(3):
        want = [expected(40 + row, j, alpha, num_levels or LEVELS) for j in range(20)]
        assert numbers(made, row, 20) == want


@pytest.mark.parametrize("num_levels", [None, 50])
@pytest.mark.parametrize("ahead", [1, 2, 64])
def test_how_far_ahead_changes_nothing(monkeypatch, num_levels, ahead):
    usual = make(2, seed=3, alpha=0.5, num_levels=num_levels)
    monkeypatch.setattr(supply, "AHEAD", 1)
    for kind in (Bank, Stream):
        monkeypatch.setattr(kind, "least", ahead)
    other = make(2, seed=3, alpha=0.5, num_levels=num_levels)
    for row in (0, 1):
        assert numbers(usual, row, 40) == numbers(other, row, 40)


def test_the_order_in_which_environments_ask_changes_nothing():
    first, second = make(4, alpha=0.5), make(4, alpha=0.5)
    order = np.random.default_rng(0).permutation(np.repeat(np.arange(4), 30))
    mixed = {row: [] for row in range(4)}
    for row in order:
        mixed[row] += numbers(first, row, 1)
    for row in range(4):
        assert numbers(second, row, 30) == mixed[row]


@each_trap
@pytest.mark.parametrize("num_levels", [None, 20])
def test_start_states_are_the_levels_they_say(trap, num_levels):
    made = make(3, alpha=0.5, num_levels=num_levels, trap=trap)
    for _ in range(6):
        state, where = made.take(np.arange(3))
        for row in where:
            number = int(state.level[row])
            split = Split.SHIFT if number >= LEVELS else Split.TRAIN
            alone = made.trap.levels(split, [number])
            np.testing.assert_array_equal(state.planes[row], alone.planes[0])
            np.testing.assert_array_equal(state.hidden[row], alone.hidden[0])
            assert state.key[row] == alone.key[0]


def test_a_reseed_begins_one_stream_anew_and_leaves_the_others():
    made, twin = make(3, seed=7), make(3, seed=7)
    start = {row: numbers(made, row, 5) for row in range(3)}
    made.reseed(np.array([1]), [8])
    assert numbers(made, 1, 5) == start[1]
    for row in (0, 2):
        numbers(twin, row, 5)
        assert numbers(made, row, 5) == numbers(twin, row, 5)


def test_seeds_of_any_size():
    huge = make(1, seed=1 << 100)
    assert numbers(huge, 0, 3) != numbers(make(1, seed=0), 0, 3)


def test_num_levels_are_all_played_and_no_others():
    found = numbers(make(1, num_levels=8, alpha=0.5), 0, 400)
    assert set(found) == {*range(8), *range(LEVELS, LEVELS + 8)}


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.7, 1.0])
def test_alpha_is_the_share_of_shift_episodes(alpha):
    made = make(1000, alpha=alpha, num_levels=4)
    shifted = 0
    for _ in range(10):
        state, where = made.take(np.arange(1000))
        shifted += int((state.level[where] >= LEVELS).sum())
    # Five standard deviations of a binomial; exact at 0 and 1.
    assert abs(shifted - 10_000 * alpha) <= 5 * np.sqrt(10_000 * alpha * (1 - alpha))


@each_trap
def test_environments_of_a_vector_are_single_ones(trap):
    vector = gym.make_vec(trap.id(), 3, max_steps=2, alpha=0.5)
    played = [vector.reset(seed=90)[1]["level"]]
    for step in range(12):
        infos = vector.step([4, 4, 4])[4]
        if step % 3 == 2:
            played.append(infos["level"])
    for row in range(3):
        single = gym.make(trap.id(), alpha=0.5)
        alone = [single.reset(seed=90 + row)[1]["level"]]
        alone += [single.reset()[1]["level"] for _ in range(4)]
        assert alone == [int(levels[row]) for levels in played]


def test_a_picked_level_uses_up_no_episode():
    plain, picking = gym.make(TRAPS[0].id()), gym.make(TRAPS[0].id())
    usual = [plain.reset(seed=1)[1]["level"], plain.reset()[1]["level"]]
    assert picking.reset(seed=1, options={"level": 5})[1]["level"] == 5
    assert picking.reset()[1]["level"] == usual[0]
    assert picking.reset(options={"level": 6})[1]["level"] == 6
    assert picking.reset()[1]["level"] == usual[1]
