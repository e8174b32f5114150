"""Streams of levels: episodes, seeds and stored levels of environments."""

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mesa_gym
from mesa_gym.engine.chance import hash64
from mesa_gym.envs.levels_in_memory import LevelQueue, environment_seeds, open_streams
from mesa_gym.envs.settings import Settings
from mesa_gym.traps import LEVELS
from tests.support.parameters import TRAPS
from tests.support.reference import MASK, splitmix64

ID = "MesaGym/CheeseCorner-v0"
SEEDED = 64


def make(n, seed=0, alpha=0.0, num_levels=None):
    queue = LevelQueue(Settings(TRAPS[1], alpha=alpha, num_levels=num_levels), n)
    queue.reseed(np.arange(n), [seed + i for i in range(n)])
    return queue


def numbers(queue, row, count):
    """The level numbers of one environment's next episodes."""
    where = [int(queue.next_starts(np.array([row]))[0]) for _ in range(count)]
    return [int(queue.starts.state.level.number[i]) for i in where] if queue.banked else where


def expected(seed, episode, alpha, num_levels):
    """Compute the level number of an episode in Python integers."""
    begin = seed * 0x9E3779B97F4A7C15 + hash64(f"{0:016x}/episodes/0")
    stream = splitmix64(begin & MASK, -1)
    shifted = (splitmix64(stream, 2 * episode + 1) >> 11) / 2**53 < alpha
    return (splitmix64(stream, 2 * episode) >> 16) % (num_levels or LEVELS) + LEVELS * shifted


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**63),
    alpha=st.sampled_from([0.0, 0.1, 0.4, 1.0]),
    num_levels=st.sampled_from([None, 3, 100, 10**6]),
    slots=st.sampled_from([(2, 2), (4, 64), (64, 7)]),
    rows=st.lists(st.integers(0, 2), min_size=1, max_size=40),
)
def test_queue_depends_on_the_stream_alone(seed, alpha, num_levels, slots, rows):
    """The number of levels drawn ahead and the order of requests do not matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LevelQueue, "least", slots)
        patch.setattr("mesa_gym.envs.levels_in_memory.AHEAD", 1)
        queue = make(3, seed, alpha, num_levels)
    played = {0: 0, 1: 0, 2: 0}
    present = {}
    for row in rows:
        first = int(queue.next_starts(np.array([row]))[0])
        present[row] = (first, expected(seed + row, played[row], alpha, num_levels))
        played[row] += 1
        for where, number in present.values():  # present levels are never overwritten
            assert queue.starts.state.level.number[where] == number


def test_reseed_restarts_one_stream_alone():
    queue, twin = (make(3, seed=7, num_levels=50) for _ in range(2))
    start = {row: numbers(queue, row, 5) for row in range(3)}
    queue.reseed(np.array([1]), [8])
    assert numbers(queue, 1, 5) == start[1]
    for row in (0, 2):
        numbers(twin, row, 5)
        assert numbers(queue, row, 5) == numbers(twin, row, 5)


def test_queue_takes_huge_seeds_and_both_splits():
    huge, small = make(1, seed=1 << 100, num_levels=50), make(1, num_levels=50)
    assert numbers(huge, 0, 9) != numbers(small, 0, 9)
    levels = numbers(make(1, num_levels=8, alpha=0.5), 0, 400)
    assert set(levels) == {*range(8), *range(LEVELS, LEVELS + 8)}


def seeds_of_vector(seed):
    env = gym.make_vec(ID, SEEDED)
    env.reset(seed=seed)
    return env.np_random_seed


def seeds_of_sb3(seed):
    pytest.importorskip("stable_baselines3")
    env = mesa_gym.make_sb3(ID, SEEDED, seed=seed)
    env.reset()
    return env.get_attr("np_random_seed")


MAKERS = pytest.mark.parametrize("read_seeds", [seeds_of_vector, seeds_of_sb3])


@MAKERS
def test_neighbouring_seeds_share_no_stream(read_seeds):
    opened = [*map(open_streams, map(read_seeds, range(5)))]
    assert len(np.unique(opened)) == 5 * SEEDED


@MAKERS
def test_seed_list_gives_one_seed_per_environment(read_seeds):
    seeds = [*range(3, 3 + SEEDED)]
    assert [*read_seeds(seeds)] == seeds


@MAKERS
def test_more_environments_keep_the_first_streams(read_seeds):
    assert [*read_seeds(7)] == environment_seeds(7, 2 * SEEDED)[:SEEDED]


def test_torch_draws_levels_of_vector_environments():
    pytest.importorskip("torch")
    ours = mesa_gym.make_torch(ID, SEEDED, num_levels=900, seed=3)
    vector_env = gym.make_vec(ID, SEEDED, num_levels=900)
    for seed in (3, None, 4, [*range(SEEDED)], None):
        vector_levels = vector_env.reset(seed=3 if ours.state is None else seed)[1]["level"]
        levels = ours.reset(seed=None if ours.state is None else seed)[1]["level"]
        np.testing.assert_array_equal(levels.numpy(), vector_levels)


def test_neighbouring_keys_of_jax_pick_different_levels():
    jax = pytest.importorskip("jax")
    env = mesa_gym.make_jax(ID, SEEDED, num_levels=4)
    vars(env.settings).update(num_levels=1 << 30)  # so many levels would not fit into memory
    picked = [np.asarray(env.pick_levels(jax.random.key(seed))) for seed in range(4)]
    assert len(np.unique(picked)) == 4 * SEEDED


@pytest.mark.parametrize("seed", [0, 1, 2**63, 2**70 + 1])
def test_environment_seeds_have_63_bits(seed):
    seeds = environment_seeds(seed, 1000)
    assert all(type(number) is int and 0 <= number < 2**63 for number in seeds)
    assert len(set(seeds)) == 1000
