"""Neighbouring seeds share no stream of levels, however many environments there are."""

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from mesa_gym.envs.levels_in_memory import environment_seeds, open_streams

ID = "MesaGym/CheeseCorner-v0"
N = 64


def seeds_of_vector(seed):
    env = gym.make_vec(ID, N)
    env.reset(seed=seed)
    return env.np_random_seed


def seeds_of_sb3(seed):
    pytest.importorskip("stable_baselines3")
    env = mesa_gym.make_sb3(ID, N, seed=seed)
    env.reset()
    return env.get_attr("np_random_seed")


MAKERS = pytest.mark.parametrize("read_seeds", [seeds_of_vector, seeds_of_sb3])


@MAKERS
def test_neighbouring_seeds_share_no_stream(read_seeds):
    opened = [*map(open_streams, map(read_seeds, range(5)))]
    assert len(np.unique(opened)) == 5 * N


@MAKERS
def test_seed_list_gives_one_seed_per_environment(read_seeds):
    given = [*range(3, 3 + N)]
    assert [*read_seeds(given)] == given


@MAKERS
def test_more_environments_keep_the_first_streams(read_seeds):
    assert [*read_seeds(7)] == environment_seeds(7, 2 * N)[:N]


def test_torch_draws_levels_of_vector_environments():
    pytest.importorskip("torch")
    ours = mesa_gym.make_torch(ID, N, num_levels=900, seed=3)
    theirs = gym.make_vec(ID, N, num_levels=900)
    for seed in (3, None, 4, [*range(N)], None):
        wanted = theirs.reset(seed=3 if ours.state is None else seed)[1]["level"]
        found = ours.reset(seed=None if ours.state is None else seed)[1]["level"]
        np.testing.assert_array_equal(found.numpy(), wanted)


def test_neighbouring_keys_of_jax_pick_different_levels():
    jax = pytest.importorskip("jax")
    env = mesa_gym.make_jax(ID, N, num_levels=4)
    env.settings.num_levels = env.num_levels = 1 << 30
    picked = [np.asarray(env.pick_levels(jax.random.key(seed))) for seed in range(4)]
    assert len(np.unique(picked)) == 4 * N


@pytest.mark.parametrize("seed", [0, 1, 2**63, 2**70 + 1])
def test_environment_seeds_have_63_bits(seed):
    found = environment_seeds(seed, 1000)
    assert all(type(each) is int and 0 <= each < 2**63 for each in found)
    assert len(set(found)) == 1000
