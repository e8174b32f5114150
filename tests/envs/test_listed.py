"""Lists of inputs from states equal those that ``CentredInputs`` finds in planes."""

from functools import partial

import numpy as np
import pytest

import mesa_gym
from mesa_gym.envs.network_inputs import CentredInputs
from mesa_gym.envs.observations import planes_of
from mesa_gym.traps import find_trap
from tests.support.parameters import TRAPS, thorough
from tests.support.reference import wandered

REACH = 3
DISH = find_trap("CheeseDish")
MADE = [cls() for cls in TRAPS] + [DISH((9, 13)), DISH(dish_planes=2)]  # the last shows one twice
COMPILED = {"CheeseCorner", "FollowMe"}  # to compile takes seconds; of these one has marks
QUICK = {*COMPILED, "CheeseDish"}

pytest.importorskip("jax")


def require_same_inputs(listed, expected, count):
    """Fail unless lists are equal up to order, without an input twice."""
    assert listed.dtype == np.int32
    both = [
        np.apply_along_axis(np.bincount, 1, lists, minlength=count + 1)[:, :-1]
        for lists in (listed, expected)
    ]
    np.testing.assert_array_equal(*both)
    assert both[0].max() == 1


def list_from_states(trap, state, **keywords):
    """Return the lists of inputs of NumPy states, whose grounds are drawn."""
    from mesa_gym.envs.listed import InputLists

    ground = trap.draw_ground(state.level, state.n).reshape(state.n, trap.cells, -1)
    ground = ground[..., [trap.channel[plane] for plane in trap.channels]].reshape(state.n, -1)
    lists = InputLists(trap, ground, **keywords)
    rows = state._replace(level=state.level._replace(row=np.arange(state.n)))
    return lists, np.asarray(lists.list_inputs(rows, trap.dots(state)))


@pytest.mark.parametrize(
    "trap", [x if type(x).__name__ in QUICK else thorough(x) for x in MADE], ids=repr
)
def test_indices_from_states_equal_indices_from_planes(trap):
    state = wandered(trap)
    planes = planes_of(trap, state)
    lengths = set()
    for reach in (None, REACH):
        lists, found = list_from_states(trap, state, reach=reach)
        expected = CentredInputs(trap, reach=reach).list_inputs(planes)
        require_same_inputs(found, expected, lists.count)
        lengths.add(found.shape[1])
    assert len(lengths) == 1


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
        def take(states, given):
            stepped = [
                env.step(*given[:1], state, given[1])
                for env, state in zip((listed, drawn), states, strict=True)
            ]
            return [each[1] for each in stepped], [(each[0], each[4]) for each in stepped]

        begun = [env.reset(key) for env in (listed, drawn)]
        keys = jax.random.split(key, len(actions))
        _, shown = jax.lax.scan(take, [state for _, state in begun], (keys, actions))
        return [seen for seen, _ in begun], shown

    first, ((lists, infos), (planes, others)) = play(jax.random.key(0))
    count, view = listed.inputs.count, CentredInputs(listed.trap)
    pairs = [first, *zip(lists, planes, strict=True)]
    pairs += zip(infos.pop("final_obs"), others.pop("final_obs"), strict=True)
    for mine, theirs in pairs:
        require_same_inputs(np.asarray(mine), view.list_inputs(np.asarray(theirs)), count)
    for name, array in others.items():
        np.testing.assert_array_equal(infos[name], array)
    assert listed.observation_space.contains(np.asarray(first[0]))
    assert listed.observation_space.high.max() == count
