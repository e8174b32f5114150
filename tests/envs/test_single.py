"""Single environments: steps, refusals, frames, inputs of networks."""

import copy
import inspect
import json
from functools import partial

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv

import mesa_gym
from mesa_gym.engine.maps import to_map
from mesa_gym.envs import TrapEnv, TrapVectorEnv, single
from mesa_gym.envs.network_inputs import CentredInputs
from mesa_gym.envs.observations import make_observation, planes_of
from mesa_gym.trained.mlp import LocalMLP
from mesa_gym.traps import LEVELS, Split, all_traps, find_trap
from tests.support.parameters import QUICK, TRAPS, each_trap, few_traps, thorough
from tests.support.reference import wandered
from tests.support.refusals import refusals
from tests.support.small_traps import Slippery, SmallDish
from tests.support.worlds import same


def play_to_the_end(env, rules, state, rng, limit, reward):
    """Act at random; an environment's results must equal the trap's own steps."""
    over = False
    while not over:
        assert env.unwrapped.action_masks()[4]
        action = int(rng.integers(5))
        observation, *outcome, info = env.step(action)
        state, payments, ended = rules.step(state, np.array([action]))
        np.testing.assert_array_equal(observation, rules.observe(state)[0])
        assert same(rules, env.unwrapped.state.batched(), state)
        assert mesa_gym.objectives(info) == {name: pay[0] for name, pay in payments.items()}
        assert (info["level"], info["split"]) == (state.level.number[0], 0)
        assert outcome == [payments[reward][0], ended[0], state.clock[0] >= limit]
        assert [type(x) for x in outcome] == [float, bool, bool]
        over = any(outcome[1:])


@each_trap
def test_set_state_continues_as_the_trap_steps(trap):
    """Another environment goes on with the remaining steps, several times from one state."""
    rules, rng, kept, over, reward = trap(), np.random.default_rng(0), [], True, trap.proxies[0]
    env, other = (TrapEnv(trap, max_steps=25, reward=reward) for _ in range(2))
    for _ in range(40):
        if over:
            _, info = env.reset(seed=int(rng.integers(1000)))
        kept.append((env.state, info))
        _, _, *ends, info = env.step(int(rng.integers(5)))
        over = any(ends)
    other.reset(seed=1)
    for state, info in kept[::5]:
        text = to_map(rules, state.batched(), hidden=True)
        for _ in range(2):
            observation, start_info = other.set_state(state)
            np.testing.assert_array_equal(observation, rules.observe(state.batched())[0])
            level_info = {key: info[key] for key in ("level", "split")}
            assert start_info == level_info | {f"reward_{name}": 0.0 for name in trap.objectives}
            play_to_the_end(other, rules, state.batched(), rng, 25, reward)
        assert to_map(rules, state.batched(), hidden=True) == text


@pytest.mark.parametrize("kind", [TrapEnv, partial(TrapVectorEnv, num_envs=1)])
def test_environment_passes_salt_size_and_parameters(kind):
    """Interfaces are compared with their settings elsewhere, and with the trap here."""
    keywords = {"size": (7, 9), "dish_planes": 3}
    env = kind("CheeseDish", salt="secret", **keywords)
    trap = find_trap("CheeseDish")(**keywords)
    obs, info = env.reset(seed=0)
    start = trap.levels(Split.TRAIN, np.ravel(info["level"]), "secret")
    planes = make_observation(trap, "planes").encode(start)
    np.testing.assert_array_equal(obs.reshape(planes.shape), planes)


def test_set_state_without_steps_left_cannot_step():
    env = TrapEnv("CheeseCorner", max_steps=3)
    env.reset(seed=0)
    for _ in range(3):
        env.step(4)
    last, other = env.state, TrapEnv("CheeseCorner", max_steps=3)
    other.set_state(last)  # before any reset
    with pytest.raises(gym.error.ResetNeeded, match="has ended"):
        other.step(4)
    other.set_state(last._replace(clock=np.int64(1)))
    assert [other.step(4)[3] for _ in range(2)] == [False, True]
    seeded = [TrapEnv("CheeseCorner") for _ in range(2)]
    for copy_of_env in seeded:
        copy_of_env.reset(seed=5)
    seeded[0].set_state(last)  # which uses up no episode of the stream
    assert seeded[0].reset()[1] == seeded[1].reset()[1]


def test_changing_returned_states_changes_no_environment(monkeypatch):
    """Returned states stay the same in later episodes, and may be changed."""
    monkeypatch.setattr("mesa_gym.envs.levels_in_memory.AHEAD", 4)
    for env in (TrapEnv("MonsterWorld"), gym.make_vec("MesaGym/MonsterWorld-v0", 2).unwrapped):
        env.reset(seed=0)
        kept = env.state
        maps = [to_map(env.trap, kept if kept.agent.ndim else kept.batched(), hidden=True)]
        for _ in range(12):
            env.reset()
            env.step([0, 0] if kept.agent.ndim else 0)
        maps.append(to_map(env.trap, kept if kept.agent.ndim else kept.batched(), hidden=True))
        assert maps[0] == maps[1]
        env.state.level.tables["wall"][:] = True
        assert not env.state.level.tables["wall"].all()


def open_around(env):
    """Return which actions lead to no wall on the rendered map; the last one stays."""
    grid = env.render().splitlines()
    y, x = next((y, row.index("A")) for y, row in enumerate(grid) if "A" in row)
    around = [grid[y][x - 1], grid[y + 1][x], grid[y][x + 1], grid[y - 1][x]]
    return [*(cell != "#" for cell in around), True]


def test_action_masks_block_actions_that_rules_block():
    """A chest cannot be entered without a key."""
    env = gym.make("MesaGym/KeysChests-v0", render_mode="ansi").unwrapped
    rng, barred = np.random.default_rng(0), 0
    for level in range(3):
        env.reset(options={"level": level})
        for _ in range(30):
            start, masks = env.state, env.action_masks()
            barred += masks.tolist() != open_around(env)
            for action in range(4):
                env.set_state(start)
                env.step(action)
                assert masks[action] == bool(env.state.agent != start.agent)
            env.set_state(start)
            if env.step(rng.choice(masks.nonzero()[0]))[2]:
                break
    assert barred
    assert env.get_action_meanings() == ["left", "down", "right", "up", "act"]


class Gusty(SmallDish):
    """Every other time a gust holds the agent back."""

    outcomes = {"gust": 2}

    def blocked(self, move):
        return move.outcome("gust", 1, 1) == 1


@pytest.mark.parametrize("trap", [Gusty, Slippery])
def test_action_masks_reveal_no_chance(trap):
    """Only walls mask actions; of the other actions some move the agent and some do not."""
    env, happened = TrapEnv(trap, render_mode="ansi"), set()
    for level in range(30):
        env.reset(options={"level": level})
        start, masks = env.state, env.action_masks()
        assert masks.tolist() == open_around(env)
        for action in masks[:4].nonzero()[0]:
            env.set_state(start)
            env.step(action)
            happened.add(bool(env.state.agent != start.agent))
    assert happened == {False, True}


@each_trap
def test_reset_with_a_map_plays_its_level(trap):
    rules = trap()
    state = rules.levels("shift", [5])
    env = gym.make(trap.id())
    usual = [env.reset(seed=1)[1]["level"], env.reset()[1]["level"]]
    env.reset(seed=1)
    obs = env.reset(options={"map": to_map(rules, state, hidden=True)})[0]
    for action in (0, 1, 2, 3, 4):
        np.testing.assert_array_equal(obs, rules.observe(state)[0])
        state, _, ended = rules.step(state, np.array([action]))
        obs, _, terminated, _, _ = env.step(action)
        if terminated:
            break
    np.testing.assert_array_equal(obs, rules.observe(state)[0])
    assert env.reset(options={"level": 5})[1]["level"] == 5
    assert env.reset()[1]["level"] == usual[1]  # what was picked used up no episode


@pytest.mark.thorough
def test_specs_round_trip_through_json():
    for trap in TRAPS:
        spec = gym.spec(trap.id(Split.SHIFT))
        again = gym.envs.registration.EnvSpec.from_json(spec.to_json())
        assert gym.make(again).reset(seed=1)[1] == gym.make(spec).reset(seed=1)[1]
        env = gym.make(trap.id(), num_levels=3)
        assert env.spec.max_episode_steps == trap().horizon(Split.TRAIN)
        assert env.spec.reward_threshold == trap.reward_threshold > 0
        json.loads(env.spec.to_json())
        assert "TimeLimit" not in str(env)
        for other in ({"reward": trap.proxies[0]}, {"step_reward": -0.1}):
            assert gym.make(trap.id(), **other).spec.reward_threshold is None


def test_unseeded_environments_differ_and_say_their_seed():
    first, second = (gym.make(TRAPS[1].id()) for _ in range(2))
    level = first.reset()[1]["level"]
    assert second.reset()[1]["level"] != level
    assert second.reset(seed=first.unwrapped.np_random_seed)[1]["level"] == level


# -- frames ----------------------------------------------------------------------------------------
@few_traps
def test_frames_have_the_shape_of_their_mode(trap):
    env, text = (gym.make(trap.id(), render_mode=mode) for mode in ("rgb_array", "ansi"))
    env.reset(seed=0)
    text.reset(seed=0)
    height, width = trap.default_size
    assert (env.render().shape, env.render().dtype) == ((32 * height, 32 * width, 3), np.uint8)
    assert env.metadata["render_fps"] > 0
    assert text.render() == to_map(trap(), text.unwrapped.state.batched())
    without_mode = gym.make(trap.id())
    without_mode.reset()
    with pytest.warns(UserWarning, match="without a render mode"):
        assert without_mode.render() is None


def test_windows_show_rgb_array_and_close_separately(monkeypatch):
    pygame = pytest.importorskip("pygame")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(single, "RENDER_FPS", 10_000)  # or it waits at each picture
    first, other = (gym.make(TRAPS[1].id(), render_mode="human") for _ in range(2))
    array = gym.make(TRAPS[1].id(), render_mode="rgb_array")
    for env in (first, other, array):
        env.reset(seed=5)
    window = first.unwrapped._window._window
    pixels = pygame.surfarray.array3d(window.get_surface()).swapaxes(0, 1)
    assert (pixels == array.render()).all()
    # Both are asked for the event, and the other one leaves it alone.
    pygame.event.post(pygame.event.Event(pygame.WINDOWCLOSE, window=window))
    for env in (other, first, other, first):
        env.step(4)
    assert first.unwrapped._window._window is None
    assert other.unwrapped._window._window is not None
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    other.step(4)
    assert not pygame.display.get_init()
    other.step(4)
    other.close()


# -- checks ----------------------------------------------------------------------------------------
ID = "MesaGym/CheeseCorner-v0"


def one(**settings):
    """An environment in its first episode."""
    env = TrapEnv("CheeseCorner", **{"max_steps": 2} | settings)
    env.reset(seed=np.int64(0))  # NumPy's integers are seeds too
    return env


def three(**settings):
    env = gym.make_vec(ID, 3, **{"max_steps": 2} | settings)
    env.reset(seed=np.int64(0))
    return env


def ended():
    env = one(max_steps=1)
    env.step(4)
    return env


def partly_reset():
    """Three environments; the episodes of the last two have ended."""
    env = three(autoreset_mode="Disabled", max_steps=1)
    env.step([4, 4, 4])
    env.reset(options={"reset_mask": np.array([True, False, False])})
    return env


test_environments_refuse_bad_input = refusals("envs", "environments", globals())


@pytest.fixture(params=[one, three])
def env(request):
    return request.param()


UNSET = {
    "single": lambda: gym.make(ID),
    "vector": lambda: gym.make_vec(ID, 2),
    "row": lambda: gym.make_vec(ID, 2).envs[0],
    "sync": lambda: SyncVectorEnv([lambda: gym.make(ID)] * 2),
    "log": lambda: mesa_gym.LogEpisodes(gym.make(ID), None),
}


@pytest.mark.parametrize("make", UNSET.values(), ids=UNSET)
def test_environment_before_reset_lacks_a_state(make):
    """Tools that look through all attributes meet no other error."""
    env = make()
    for unstarted in (env, env.unwrapped):
        inspect.getmembers(unstarted)
        assert not hasattr(unstarted, "state")
    if isinstance(env, gym.Env):
        assert not env.has_wrapper_attr("state")
        env.reset()
        assert env.has_wrapper_attr("state")


@pytest.mark.parametrize("dtype", [int, np.int8, np.uint8, np.int32, np.uint64])
def test_any_integer_is_an_action(env, dtype):
    twin, is_vector = copy.deepcopy(env), hasattr(env, "num_envs")
    other = np.array([1, 2, 4], dtype=dtype) if is_vector else dtype(1)
    np.testing.assert_equal(env.step([1, 2, 4] if is_vector else 1), twin.step(other))


def test_minari_option_of_reset_changes_nothing(env):
    """Minari's DataCollector reads the option and passes it on to the environment."""
    twin = copy.deepcopy(env)
    for level_option in ({}, {"level": 3}):
        options = {"minari_autoseed": False, **level_option}
        result = env.reset(options=options)
        np.testing.assert_equal(result, twin.reset(options=level_option))
        assert options == {"minari_autoseed": False, **level_option}


def test_set_state_of_impossible_states_is_refused(env):
    is_vector, state = hasattr(env, "num_envs"), env.unwrapped.state

    def changed(**parts):
        one = state.map(np.copy)._replace(**parts)
        return one if is_vector else one.map(lambda array: array[()])

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
        state.batched() if not is_vector else state.take(np.array([0, 1])),
    ):
        with pytest.raises(ValueError, match="the given state does not fit"):
            env.unwrapped.set_state(bad)
    env.unwrapped.set_state(changed())
    env.unwrapped.set_state(leveled(number=full * (2 * LEVELS - 1)))  # as `alpha` draws


# -- network inputs --------------------------------------------------------------------------------
SIZED = [cls(size) for cls in all_traps().values() for size in (11, (9, 13))]
SIZED.append(find_trap("RedBlueDoors")(colour_planes=2))  # planes that are shown twice


def seen_by_loop(trap, planes, reach):
    """All inputs of one grid, cell by cell; things further away than ``reach`` are not seen."""
    height, width = trap.size
    channels = [c for c, plane in enumerate(trap.channels) if plane != "agent"]
    wall = trap.channels.index("wall")
    ((y0, x0),) = np.argwhere(planes[:, :, trap.channels.index("agent")]).tolist()
    inside = [(y, x) for y in range(1, height - 1) for x in range(1, width - 1)]
    inputs = []
    for y in range(y0 - height + 3, y0 + height - 2):
        for x in range(x0 - width + 3, x0 + width - 2):
            near = (y, x) in inside and max(abs(y - y0), abs(x - x0)) <= reach
            inputs += [int(near and planes[y, x, channel]) for channel in channels]
    for x in range(1, width - 1):
        inputs += [int(channel != wall and planes[0, x, channel]) for channel in channels]
    return inputs + [int(cell == (y0, x0)) for cell in inside]


@pytest.mark.parametrize("reach", [None, LocalMLP.reach])
@pytest.mark.parametrize(
    "trap",
    [x if x.name() in QUICK and x.size != (11, 11) else thorough(x) for x in SIZED],
    ids=repr,
)
def test_inputs_equal_a_loop_over_cells(trap, reach):
    planes, view = planes_of(trap, wandered(trap)), CentredInputs(trap, reach)
    kept, listed = planes.copy(), view.list_inputs(planes)
    # An input that is listed twice would be 2; the last fills lists up.
    counts = np.array([np.bincount(row, minlength=view.count + 1) for row in listed])
    counts[:, -1] = 0
    assert counts[:10, :-1].tolist() == [seen_by_loop(trap, x, reach or 99) for x in planes[:10]]
    assert reach or len(np.unique(counts, axis=0)) == len(np.unique(planes, axis=0)) > 200
    np.testing.assert_array_equal(planes, kept)
