"""Environments of JAX and torch."""

from functools import partial

import jax
import numpy as np
import pytest
import torch

import mesa_gym
from mesa_gym.envs import jax_env
from mesa_gym.envs.levels_in_memory import split_alpha
from mesa_gym.envs.network_inputs import CentredInputs
from mesa_gym.envs.observations import planes_of
from mesa_gym.traps import LEVELS, Split, find_trap
from tests.envs.kernels import OneDevice
from tests.support.parameters import TRAPS, each_trap, few_traps, thorough
from tests.support.reference import wandered
from tests.support.refusals import refusals

CORNER = "MesaGym/CheeseCorner-v0"


@pytest.fixture(scope="module")
def jit():
    """Compile without optimising, which would take longer than the few runs."""
    return partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


def play(env, steps):
    """Return a function of a key that gives first observations and results of random steps."""
    actions = np.random.default_rng(0).integers(0, 5, (steps, env.num_envs), dtype=np.int32)

    def take(state, inputs):
        key, action = inputs
        obs, state, *rest = env.step(key, state, action)
        return state, (action, obs, *rest)

    def run(key):
        obs, state = env.reset(key)
        return obs, jax.lax.scan(take, state, (jax.random.split(key, steps), actions))[1]

    return run


@pytest.mark.thorough
def test_make_jax_gives_32_bits_under_x64(jit):
    env = mesa_gym.make_jax("MesaGym/MonsterWorld-v0", 4, num_levels=8)
    run, keys = play(env, 40), jax.random.split(jax.random.key(3), 2)
    narrow = jax.tree.leaves(jit(run)(keys[1]))
    with jax.enable_x64(True):
        wide = jax.tree.leaves(jit(jax.vmap(run))(keys))
    for one, both in zip(narrow, wide, strict=True):
        assert one.dtype == both.dtype
        np.testing.assert_array_equal(one, both[1])
    assert {one.dtype.name for one in narrow} == {"uint8", "int32", "float32", "bool"}


@pytest.mark.thorough
def test_keys_pick_levels_of_both_splits_alike(jit):
    env = mesa_gym.make_jax(CORNER, 4000, num_levels=5, alpha=0.3)
    obs, state = jit(env.reset)(jax.random.PRNGKey(7))
    action = np.full(4000, 4)
    obs, _, _, _, infos = jax.tree.map(np.asarray, jit(env.step)(jax.random.key(1), state, action))
    level, split = infos["level"], infos["split"]
    codes = [code.code for code in (Split.TRAIN, Split.SHIFT)]
    counts = np.array([np.bincount(level[split == code], minlength=5) for code in codes])
    expected = 4000 * np.array([[0.14], [0.06]])
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all()
    for code, first in ((Split.TRAIN, 0), (Split.SHIFT, LEVELS)):
        starts = env.trap.observe(env.trap.levels(code, np.arange(5) + first))
        rows = split == code.code
        np.testing.assert_array_equal(infos["final_obs"][rows], starts[level[rows]])
    again = jit(env.reset)(jax.random.PRNGKey(8))[0]
    assert (np.asarray(again) != obs).any()


def test_given_alpha_picks_splits_of_levels(jit):
    env, key = mesa_gym.make_jax(CORNER, 8, num_levels=4, alpha=0.5, max_steps=1), jax.random.key(0)

    def begin_twice(words):
        state = env.reset(key, words)[1]
        return state.level.row, env.step(key, state, np.zeros(8, np.int32), words)[1].level.row

    for share in (0, 1):
        for rows in jit(begin_twice)(split_alpha(share)):
            assert (rows // 4 == share).all()


@pytest.mark.thorough
def test_levels_out_of_range_become_the_nearest(jit):
    env = mesa_gym.make_jax(CORNER, 4, num_levels=3, max_steps=1)
    levels, nearest = np.array([-1, 1, 3, 99]), [0, 1, 2, 2]
    step = jit(lambda state: env.step_to_level(levels, state, np.full(4, 4)))
    first_obs, state = jit(env.reset_to_level)(levels)
    for _ in range(2):
        obs, state, _, done, infos = step(state)
        assert done.all()
        assert (infos["level"].tolist(), infos["split"].tolist()) == (nearest, [0] * 4)
        np.testing.assert_array_equal(obs, first_obs)
    np.testing.assert_array_equal(obs, env.trap.observe(env.trap.levels("train", nearest)))


@pytest.mark.thorough
def test_step_env_is_step_before_its_reset(jit):
    env = mesa_gym.make_jax(CORNER, 16, num_levels=5, max_steps=3, alpha=0.5)
    plain = mesa_gym.make_jax(CORNER, 16, num_levels=5, max_steps=3, alpha=0.5, final_obs=False)
    rows = np.arange(16) % 10
    first_obs, state = jit(env.reset_to_level)(rows)
    starts = [env.trap.observe(env.trap.levels(split, np.arange(5) + first))
              for split, first in ((Split.TRAIN, 0), (Split.SHIFT, LEVELS))]  # fmt: skip
    np.testing.assert_array_equal(first_obs, np.concatenate(starts)[rows])
    key, action = jax.random.key(0), np.arange(16) % 5
    step, step_env = jit(env.step), jit(env.step_env)
    for _ in range(3):
        last_obs, after, pay, done, infos = step_env(state, action)
        following, state, reward, over, step_infos = step(key, state, action)
        np.testing.assert_array_equal(last_obs, step_infos.pop("final_obs"))
        both = (pay, done, *infos.values()), (reward, over, *step_infos.values())
        for one, two in zip(*both, strict=True):
            np.testing.assert_array_equal(one, two)
        assert infos.keys() == step_infos.keys()
        np.testing.assert_array_equal(last_obs[~done], following[~done])
    assert done.all()
    assert after.clock.tolist() == [3] * 16
    assert set(plain.step(key, plain.reset(key)[1], action)[4]) == set(infos)
    with pytest.raises(ValueError, match="levels must be 16 integers, one for each env"):
        env.reset_to_level(rows[1:])


@pytest.mark.thorough
@few_traps
@pytest.mark.parametrize("observation", ["planes", "centred", "listed"])
def test_jax_states_are_rows_of_environments(jit, trap, observation):
    """Every array has its batch first, and ``vmap`` over one environment is the batch."""
    keywords = {"num_levels": 8, "max_steps": 2, "observation": observation}
    env, one = (mesa_gym.make_jax(trap, *n, **keywords) for n in ([5], []))
    levels, action, rows = np.arange(5), np.array([0, 1, 2, 3, 4]), np.array([2, 2, 4, 0, 1])
    obs, state = env.reset_to_level(levels)
    assert {array.shape[0] for array in jax.tree.leaves(state)} == {5}
    assert one.observation_space.contains(np.asarray(one.reset(jax.random.key(0))[0]))

    def require_equal(row, batch):
        jax.tree.map(np.testing.assert_array_equal, row, batch)

    require_equal(jax.vmap(one.reset_to_level)(levels), (obs, state))
    take, take_one = jit(env.step_to_level), jit(jax.vmap(one.step_to_level))
    for _ in range(3):
        stepped = take(levels, state, action)
        require_equal(take_one(levels, state, action), stepped)
        picked = jax.tree.map(lambda array: array[rows], state)
        moved = take(levels[rows], picked, action[rows])
        require_equal(moved, jax.tree.map(lambda array: array[rows], stepped))
        state = stepped[1]
    with pytest.raises(ValueError, match=r"actions must be one integer; got int32 of the shape"):
        one.step(jax.random.key(0), one.reset(jax.random.key(0))[1], action)


@pytest.mark.thorough
@pytest.mark.parametrize("observation", ["planes", "centred", "listed"])
def test_jax_env_works_under_strict_rules(jit, observation):
    expected = mesa_gym.make_jax(CORNER, 4, num_levels=16, observation=observation)
    key, actions = jax.random.key(0), jax.numpy.zeros(4, jax.numpy.int32)
    expected = jit(expected.step)(key, expected.reset(key)[1], actions)[0]
    with jax.numpy_rank_promotion("raise"), jax.transfer_guard("disallow"):
        env = mesa_gym.make_jax(CORNER, 4, num_levels=16, observation=observation)
        obs = jit(env.step)(key, env.reset(key)[1], actions)[0]
    np.testing.assert_array_equal(obs, expected)


# -- listed ----------------------------------------------------------------------------------------
REACH = 3
DISH = find_trap("CheeseDish")
MADE = [cls() for cls in TRAPS] + [DISH((9, 13)), DISH(dish_planes=2)]  # the last shows one twice
COMPILED = {"CheeseCorner", "FollowMe"}  # to compile takes seconds; of these one has marks
QUICK = {*COMPILED, "CheeseDish"}


def require_same_inputs(listed, expected, count):
    """Fail unless lists are equal up to order, without an input twice."""
    assert listed.dtype == np.int32
    counted = partial(np.apply_along_axis, np.bincount, 1, minlength=count + 1)
    both = [counted(lists)[:, :-1] for lists in (listed, expected)]
    np.testing.assert_array_equal(*both)
    assert both[0].max() == 1


def list_from_states(trap, state, **keywords):
    """Return the lists of inputs of NumPy states, whose grounds are drawn."""
    from mesa_gym.envs.listed import InputLists

    ground = trap.draw_ground(state.level, state.n).reshape(state.n, trap.cells, -1)
    ground = ground[..., [trap.channel[plane] for plane in trap.channels]].reshape(state.n, -1)
    lists = InputLists(trap, **keywords)
    rows = state._replace(level=state.level._replace(row=np.arange(state.n)))
    return lists, np.asarray(lists.list_inputs(rows, trap.dots(state), lists.list_ground(ground)))


@pytest.mark.thorough
@pytest.mark.parametrize(
    "trap", [x if type(x).__name__ in QUICK else thorough(x) for x in MADE], ids=repr
)
def test_indices_from_states_equal_indices_from_planes(trap):
    state = wandered(trap)
    planes = planes_of(trap, state)
    lengths = set()
    for reach in (None, REACH):
        lists, inputs = list_from_states(trap, state, reach=reach)
        expected = CentredInputs(trap, reach=reach).list_inputs(planes)
        require_same_inputs(inputs, expected, lists.count)
        lengths.add(inputs.shape[1])
    assert len(lengths) == 1


@pytest.mark.thorough
@pytest.mark.parametrize(
    "trap",
    [cls if cls.__name__ in COMPILED else thorough(cls) for cls in TRAPS],
    ids=lambda trap: trap.name(),
)
def test_listed_environment_equals_planes_environment(trap):
    import jax

    keywords = {"num_levels": 16, "max_steps": 6, "alpha": 0.5}
    listed = mesa_gym.make_jax(trap, 24, observation="listed", **keywords)
    drawn = mesa_gym.make_jax(trap, 24, **keywords)
    actions = np.random.default_rng(0).integers(0, 5, (14, 24), dtype=np.int32)

    @partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
    def play(key):
        def take(states, inputs):
            stepped = [
                env.step(*inputs[:1], state, inputs[1])
                for env, state in zip((listed, drawn), states, strict=True)
            ]
            return [result[1] for result in stepped], [(result[0], result[4]) for result in stepped]

        resets = [env.reset(key) for env in (listed, drawn)]
        keys = jax.random.split(key, len(actions))
        _, transitions = jax.lax.scan(take, [state for _, state in resets], (keys, actions))
        return [obs for obs, _ in resets], transitions

    first, ((lists, infos), (planes, plane_infos)) = play(jax.random.key(0))
    count, view = listed.inputs.count, CentredInputs(listed.trap)
    pairs = [first, *zip(lists, planes, strict=True)]
    pairs += zip(infos.pop("final_obs"), plane_infos.pop("final_obs"), strict=True)
    for indices, drawing in pairs:
        require_same_inputs(np.asarray(indices), view.list_inputs(np.asarray(drawing)), count)
    for name, array in plane_infos.items():
        np.testing.assert_array_equal(infos[name], array)
    assert listed.observation_space.contains(np.asarray(first[0]))
    assert listed.observation_space.high.max() == count


# -- tensors ---------------------------------------------------------------------------------------
@pytest.mark.thorough
@few_traps
@pytest.mark.parametrize("observation", ["planes", "centred"])
def test_torch_step_compiles_to_one_graph(trap, observation):
    env = mesa_gym.make_torch(trap.id(), 4, num_levels=3, device="meta", observation=observation)
    env.reset(seed=0)
    torch._dynamo.reset()
    env._advance = torch.compile(env.advance, backend="eager", fullgraph=True, dynamic=False)
    # Tensors without values: what asks for one fails.
    assert env.step(torch.zeros(4, dtype=int, device="meta"))[0].device.type == "meta"


@each_trap
@pytest.mark.parametrize("observation", ["planes", *map(thorough, ("centred", "flat", "chw"))])
def test_torch_step_copies_nothing_from_cpu(trap, observation):
    """A copy would keep CUDA graphs from capturing the step."""
    env = mesa_gym.make_torch(trap.id(), 4, num_levels=3, device="meta", observation=observation)
    env.reset(seed=0)
    actions = torch.zeros(4, dtype=int, device="meta")
    with OneDevice():
        env.advance(env.state, env.episode, actions)
        env.step(actions)


def test_device_guard_catches_copies_from_cpu():
    canvas, where = (torch.zeros(shape, dtype=int, device="meta") for shape in ((3, 3), 3))
    with OneDevice():
        with pytest.raises(AssertionError, match="sets a number"):
            canvas[where, where] = 1  # from torch 2.15 on, one index copies nothing
        with pytest.raises(AssertionError, match="a tensor on cpu"):
            canvas + torch.tensor(1)
        assert torch.where(canvas > 0, canvas + 1, 0)[where].device.type == "meta"


@pytest.mark.slow
def test_torch_step_compiled_equals_plain_step():
    make = partial(mesa_gym.make_torch, "MesaGym/FollowMe-v0", 64, seed=1, num_levels=9)
    plain, compiled = (make(compile=flag) for flag in (False, True))
    for env in (plain, compiled):
        env.reset()
    for _ in range(70):
        actions = torch.randint(0, 5, (64,))
        for ours, result in zip(plain.step(actions)[:4], compiled.step(actions)[:4], strict=True):
            assert torch.equal(ours, result)


@pytest.mark.parametrize("form", [list, tuple, np.asarray, np.uint8, torch.tensor])
def test_torch_takes_actions_as_others_do(form):
    """make_vec and make_jax take the same forms."""
    actions = [1, 0, 3]
    env, twin = (make_torch(seed=5) for _ in range(2))
    expected = twin.step(torch.tensor(actions))
    for one, other in zip(env.step(form(actions))[:4], expected[:4], strict=True):
        assert torch.equal(one, other)


def make_jax():
    return mesa_gym.make_jax(find_trap("CheeseCorner")(7), 3, num_levels=2)


def make_torch(**reset):
    env = mesa_gym.make_torch(CORNER, 3, num_levels=2)
    if reset:
        env.reset(**reset)
    return env


test_jax_and_torch_refuse_bad_input = refusals(
    "envs", "array libraries", globals(), jax_env=jax_env
)
