"""For a list of seeds the vector environment is SyncVectorEnv over TrapEnv, exactly."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st

import mesa_gym
from mesa_gym.engine.maps import to_map
from mesa_gym.envs import TrapVectorEnv
from mesa_gym.testing.sample import difference
from mesa_gym.traps import LEVELS
from tests.support.parameters import TRAPS, few_traps

N = 5


def make_both(trap, mode=AutoresetMode.NEXT_STEP, n=N, **keywords):
    ours = gym.make_vec(trap.id(), n, autoreset_mode=mode, **keywords)
    theirs = SyncVectorEnv([lambda: gym.make(trap.id(), **keywords)] * n, autoreset_mode=mode)
    assert isinstance(ours, TrapVectorEnv)
    return ours, theirs


def play(both, steps, seed=0):
    """Step both environments with the same random actions; without autoreset, reset by a mask."""
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        actions = rng.integers(0, 5, both[0].num_envs)
        results = [env.step(actions.copy()) for env in both]
        yield results
        done = results[0][2] | results[0][3]
        if both[0].autoreset_mode is AutoresetMode.DISABLED and done.any():
            yield [env.reset(options={"reset_mask": done.copy()}) for env in both]


one_each = st.lists(st.none() | st.integers(0, 2**70), min_size=N, max_size=N)
seeds = st.none() | one_each
options = st.fixed_dictionaries(
    {},
    optional={
        "level": st.integers(0, LEVELS - 1),
        "reset_mask": st.lists(st.booleans(), min_size=N, max_size=N).filter(any).map(np.array),
    },
)


@pytest.mark.filterwarnings("ignore:.*max_episode_steps=")
@few_traps
@settings(max_examples=6)
@given(
    mode=st.sampled_from(AutoresetMode),
    keywords=st.fixed_dictionaries(
        {"max_steps": st.integers(1, 25)},
        optional={
            "alpha": st.sampled_from([0.3, 1.0]),
            "num_levels": st.integers(1, 40),
            "max_episode_steps": st.sampled_from([4, 1000]),
        },
    ),
    resets=st.lists(st.tuples(seeds, options), min_size=1, max_size=3),
)
def test_trap_vector_env_equals_sync_vector_env(trap, mode, keywords, resets):
    both = make_both(trap, mode, **keywords)
    limit = min(keywords["max_steps"], keywords.get("max_episode_steps", 1000))
    assert both[0].spec.max_episode_steps == limit
    assert both[0].observation_space == both[1].observation_space
    assert both[0].action_space == both[1].action_space
    assert both[0].metadata["autoreset_mode"] is both[1].metadata["autoreset_mode"]
    assert difference(*[env.reset(seed=[*range(5, 5 + N)]) for env in both]) is None
    for seed, asked in resets:
        assert difference(*[env.reset(seed=seed, options=dict(asked)) for env in both]) is None
        for ours, theirs in play(both, 40):
            assert difference(ours, theirs) is None
            np.testing.assert_array_equal(ours[0], both[0].trap.observe(both[0].state))
            if len(ours) == 5:  # a step, not a reset: the reward is what the base objective paid
                paid = mesa_gym.objectives(ours[-1])
                assert {(*pay.shape, str(pay.dtype)) for pay in paid.values()} == {(N, "float64")}
                assert paid.keys() == trap.objectives.keys()
                np.testing.assert_array_equal(ours[1], paid[trap.base])
    assert both[0].np_random_seed == both[1].np_random_seed
    assert [g.random() for g in both[0].np_random] == [g.random() for g in both[1].np_random]


@pytest.mark.parametrize("render_mode", ["ansi", "rgb_array"])
def test_vector_attributes_match_sync_vector_env(render_mode):
    both = make_both(TRAPS[0], n=2, render_mode=render_mode)
    for env in both:
        env.reset(seed=[1, 2])
        env.set_attr("mark", [3, 4])
    assert difference(*[env.render() for env in both]) is None
    for name in ("mark", "np_random_seed", "render_mode", "action_space", "get_action_meanings"):
        assert both[0].get_attr(name) == both[1].get_attr(name)
    assert difference(*[env.call("action_masks") for env in both]) is None
    with pytest.raises(AttributeError, match="nothing"):
        both[0].get_attr("nothing")


def test_vector_reset_takes_levels_and_maps():
    env, single = gym.make_vec(TRAPS[0].id(), 4), gym.make(TRAPS[0].id())
    levels = [3, None, LEVELS - 1, None]
    starts = env.trap.levels("shift", [8])
    maps = [None, to_map(env.trap, starts), None, None]
    given = {"level": levels, "map": maps}
    first, infos = env.reset(seed=[0, 1, 2, 3], options=given)
    assert given == {"level": levels, "map": maps}
    np.testing.assert_array_equal(first[1], env.trap.observe(starts)[0])
    assert infos["level"][[0, 2]].tolist() == [3, LEVELS - 1]
    assert infos["level"][3] == single.reset(seed=3)[1]["level"]
    # What was picked by hand keeps its walls while others begin new episodes.
    for _ in range(5):
        env.reset(options={"reset_mask": np.array([False, False, False, True])})
    np.testing.assert_array_equal(env.step([4] * 4)[0][1], env.trap.observe(starts)[0])


def test_make_vec_modes_give_their_classes():
    for mode, kind in (("sync", SyncVectorEnv), ("vector_entry_point", TrapVectorEnv)):
        env = gym.make_vec(TRAPS[0].id(), 2, vectorization_mode=mode, split="shift", size=11)
        assert isinstance(env, kind)
        assert env.reset(seed=0)[1]["split"].tolist() == [3, 3]
    assert difference(gym.make_vec(env.spec).reset(seed=0), env.reset(seed=0)) is None


def test_set_state_of_shift_level_keeps_split():
    source = TrapVectorEnv(TRAPS[0], N, alpha=0.5, max_steps=1)
    source.reset(seed=0)
    ours, theirs = make_both(TRAPS[0], AutoresetMode.SAME_STEP, max_steps=1)
    for env in (ours, theirs):
        env.reset(seed=[*range(N)])
    single = [env.unwrapped for env in theirs.envs]
    wanted = [env.set_state(source.state.single(i))[1]["split"] for i, env in enumerate(single)]
    assert set(wanted) == {0, 3}
    assert ours.set_state(source.state)[1]["split"].tolist() == wanted
    assert ours.step(np.full(N, 4))[4]["split"].tolist() == [0] * N


@few_traps
@pytest.mark.parametrize("mode", AutoresetMode)
def test_set_state_continues_as_single_environments(trap, mode):
    """One environment has no step left and is reset as after an episode's end."""
    source, limit = TrapVectorEnv(trap, N, max_steps=40), 12
    source.reset(seed=3)
    rng = np.random.default_rng(0)
    for _ in range(7):
        source.step(rng.integers(0, 5, N))
    clock = np.array([0, 3, limit - 1, limit, 1])
    states = source.state._replace(clock=clock)
    ours, theirs = make_both(trap, mode, max_steps=limit)
    for env in (ours, theirs):
        env.reset(seed=[*range(4, 4 + N)])
    singles = [env.unwrapped for env in theirs.envs]
    seen, infos = ours.set_state(states)
    for row, single in enumerate(singles):
        want, info = single.set_state(states.single(row))
        np.testing.assert_array_equal(seen[row], want)
        assert {key: infos[key][row] for key in info} == info
    over = clock >= limit
    if mode is AutoresetMode.DISABLED:
        with pytest.raises(gym.error.ResetNeeded, match="environment 3 has ended"):
            ours.step(np.zeros(N, dtype=int))
        for env in (ours, theirs):
            env.reset(options={"reset_mask": over.copy()})
    elif mode is AutoresetMode.SAME_STEP:
        ours.step(np.full(N, 4))
        assert ours.state.clock.tolist()[:2] + ours.state.clock.tolist()[3:] == [1, 4, 0, 2]
        return
    else:
        theirs._autoreset_envs = over.copy()
    for mine, wanted in play((ours, theirs), 20):
        assert difference(mine, wanted) is None


def test_make_vec_with_longer_limit_warns():
    """`gymnasium.make` gives its limit to a wrapper, so the environment does not know it."""
    id = "MesaGym/CheeseCorner-v0"
    with pytest.warns(UserWarning, match=r"max_episode_steps=1000 .* max_steps=1000"):
        envs = gym.make_vec(id, 2, max_episode_steps=1000)
    own = envs.spec.max_episode_steps
    assert own == gym.make_vec(id, 2, max_episode_steps=own).spec.max_episode_steps
    assert gym.make_vec(id, 2, max_episode_steps=5).spec.max_episode_steps == 5
    assert gym.make_vec(id, 2, max_steps=1000).spec.max_episode_steps == 1000
