"""Bad input of both environments: each is named and explained."""

import copy

import gymnasium as gym
import numpy as np
import pytest

from mesa_gym.envs import TrapEnv, TrapVectorEnv
from mesa_gym.traps import LEVELS, find_trap

ID = "MesaGym/CheeseCorner-v0"


def refused(call, keywords, message, error=ValueError):
    with pytest.raises(error, match=message):
        call(**keywords)


@pytest.mark.parametrize("kind", [TrapEnv, TrapVectorEnv])
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("trap", None, "None is not a trap; expected a name"),
        ("reward", [], r"unknown objective of CheeseCorner \[\]; expected one of base, cheese"),
        *(("alpha", x, "a number from 0 to 1, got") for x in (1.5, -0.1, np.nan, "much", True)),
        *(("size", x, f"size {x} does not fit CheeseCorner") for x in (5, 10, 9.0)),
        *(("num_levels", x, f"an integer of at least 1.*, got {x}") for x in (0, 1.5, True)),
        ("num_levels", LEVELS + 1, f"num_levels must be .* at most {LEVELS}, got {LEVELS + 1}"),
        ("max_steps", 0, "max_steps must be an integer of at least 1, got 0"),
        *(("salt", x, f"salt must be text, got {x}") for x in (None, 0)),
    ],
)
def test_make_with_a_bad_keyword_is_refused(kind, name, value, message):
    refused(kind, {"trap": "CheeseCorner", name: value}, message)
    bad = {"trap": "CheeseCorner", "alpha": 0.1, "split": "test"}
    refused(kind, bad, "alpha.*on split 'test' it must be 0, got 0.1")
    refused(kind, {"trap": kind("CheeseCorner").trap, "size": 11}, "is an instance")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("render_mode", "human", r"render mode.*'human'; expected one of rgb_array, ansi"),
        ("num_envs", 0, "num_envs must be an integer of at least 1, got 0"),
        ("max_episode_steps", 0, "max_episode_steps must be an integer of at least 1, got 0"),
    ],
)
def test_make_vec_with_bad_keyword_is_refused(name, value, message):
    refused(gym.make_vec, {"id": ID, "num_envs": 3, name: value}, message)


@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_unknown_keyword_is_refused_as_python_does(make):
    """TorchRL offers keywords and recognises a refusal by Python's own words."""
    with pytest.raises(TypeError) as ours:
        make(ID, num_level=3)
    with pytest.raises(TypeError) as pythons:
        (lambda: None)(num_level=3)
    said = "got an unexpected keyword argument 'num_level'"
    assert said in str(pythons.value)
    for fact in (said, "expected one of split, size", "Did you mean 'num_levels'?"):
        assert fact in str(ours.value)


@pytest.fixture(params=[gym.make, lambda *a, **k: gym.make_vec(*a, 3, **k)], ids=["one", "many"])
def env(request):
    env = request.param(ID, max_steps=2)
    env.reset(seed=np.int64(0))  # NumPy's integers are seeds too
    return env


@pytest.mark.parametrize(
    "action", [-1, 5, 1.0, "left", None, True, np.True_, np.array([1]), np.float64(1)]
)
def test_step_with_a_bad_action_is_refused(env, action):
    message = r"is none of the five; expected an integer: 0 \(left\)"
    if hasattr(env, "num_envs"):
        action = [0, 0, action] if action in (-1, 5) else [action] * 3
        message = r"of environment [02]\b.*expected an integer: 0|have the shape"
    with pytest.raises(ValueError, match=message):
        env.step(action)


@pytest.mark.parametrize("dtype", [int, np.int8, np.uint8, np.int32, np.uint64])
def test_any_integer_is_an_action(env, dtype):
    twin, many = copy.deepcopy(env), hasattr(env, "num_envs")
    other = np.array([1, 2, 4], dtype=dtype) if many else dtype(1)
    np.testing.assert_equal(env.step([1, 2, 4] if many else 1), twin.step(other))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"minari_autosed": 1}, "unknown option of reset .* Did you mean 'minari_autoseed'"),
        *(({"level": x}, f"level must be an integer.*, got {x}") for x in (-1, LEVELS, 2.0, True)),
        ({"level": -1}, f"at least 0 and at most {LEVELS - 1}, got -1"),
        ({"level": 1, "map": "###"}, "both a level and a map"),
        ({"map": 3}, "map must be text .*, got 3"),
        ("level", "options must be a dict"),
    ],
)
def test_reset_with_bad_options_is_refused(env, options, message):
    refused(env.reset, {"options": options}, message)


def test_minari_option_of_reset_changes_nothing(env):
    """Minari's DataCollector reads the option and passes it on to the environment."""
    twin = copy.deepcopy(env)
    for asked in ({}, {"level": 3}):
        options = {"minari_autoseed": False, **asked}
        result = env.reset(options=options)
        np.testing.assert_equal(result, twin.reset(options=asked))
        assert options == {"minari_autoseed": False, **asked}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"level": [1, 2]}, ValueError, "2 levels were given for 3 environments"),
        ({"reset_mask": np.ones(2, bool)}, ValueError, r"must have the shape \(3,\)"),
        ({"reset_mask": np.zeros(3, bool)}, ValueError, "at least one True"),
        ({"reset_mask": [True, True, False]}, TypeError, "NumPy array of bool"),
    ],
)
def test_vector_reset_with_bad_options_is_refused(options, error, message):
    env, some = gym.make_vec(ID, 3), {"reset_mask": np.array([True, False, True])}
    refused(env.reset, {"options": some}, "reset all environments once", gym.error.ResetNeeded)
    refused(env.reset, {"options": options}, message, error)


OTHERS = {
    "another trap": ("CheeseDish", {}),
    "another size": (ID, {"size": 11}),
    "another form": (ID, {"size": (9, 11)}),
}


@pytest.mark.parametrize("other", OTHERS)
def test_set_state_of_another_trap_is_refused(env, other):
    many = hasattr(env, "num_envs")
    id, keywords = OTHERS[other]
    made = find_trap(id)(**keywords)
    for count in (1, made.cells, env.unwrapped.trap.cells):  # tables of levels that might fit
        state = made.levels("train", range(count)).take(np.zeros(3 if many else 1, dtype=int))
        given = {"state": state if many else state.single(0)}
        refused(env.unwrapped.set_state, given, r"does not fit CheeseCorner-v0\(size=9x9\)")


def test_set_state_of_impossible_states_is_refused(env):
    many, state = hasattr(env, "num_envs"), env.unwrapped.state

    def changed(**parts):
        one = state.map(np.copy)._replace(**parts)
        return one if many else one.map(lambda array: array[()])

    def leveled(**parts):
        return state._replace(level=state.level._replace(**parts))

    full, cells = np.ones_like(np.asarray(state.agent)), {**state.at}
    kind, tables = next(iter(cells)), state.level.tables
    wall = tables["wall"]
    for bad in (
        None,
        "state",
        env,
        changed(agent=full * 81),
        changed(agent=full * 0),  # in a wall
        changed(agent=-full),
        changed(agent=full * 40.0),
        changed(at={kind: cells[kind] * 0 + 81}),
        changed(at={kind: cells[kind][:0]}),
        changed(clock=-full),
        state._replace(clock=None),
        state._replace(at=None),
        leveled(number=full * -5),
        leveled(number=full * 2 * LEVELS),
        leveled(tables={}),
        *(leveled(tables=tables | {"wall": wall.astype(x)}) for x in (int, float, np.uint8)),
        leveled(traits=None),
        state.batched() if not many else state.take(np.array([0, 1])),
    ):
        refused(env.unwrapped.set_state, {"state": bad}, "the given state does not fit")
    env.unwrapped.set_state(changed())
    env.unwrapped.set_state(leveled(number=full * (2 * LEVELS - 1)))  # as `alpha` draws


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True])
def test_reset_with_a_bad_seed_is_refused(env, seed):
    said = "seed of environment {} must be an integer of at least 0, got"
    refused(env.reset, {"seed": seed}, said.format(0), gym.error.Error)
    if hasattr(env, "num_envs"):
        refused(env.reset, {"seed": [1, 2]}, "2 seeds were given for 3")
        refused(env.reset, {"seed": [None, seed, 2]}, said.format(1), gym.error.Error)


def test_step_outside_an_episode_is_refused():
    env = TrapEnv("CheeseCorner", max_steps=1, render_mode="ansi")
    many = gym.make_vec(ID, 3, autoreset_mode="Disabled", max_steps=1)
    for call in (env.render, env.action_masks, lambda: env.step(0), lambda: many.step([4] * 3)):
        refused(call, {}, r"call reset\(\) first", gym.error.ResetNeeded)
    env.reset()
    env.step(4)
    refused(env.step, {"action": 4}, "environment 0 has ended; reset it", gym.error.ResetNeeded)
    many.reset()
    many.step([4, 4, 4])
    many.reset(options={"reset_mask": np.array([True, False, False])})
    refused(many.step, {"actions": [4] * 3}, "environment 1, 2 has ended", gym.error.ResetNeeded)
