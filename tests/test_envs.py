"""The single environment, the ids, the keywords."""

import copy
import json
import pickle
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from offered import each_offered

import mesa_gym
from mesa_gym.envs import single
from mesa_gym.envs.single import TrapEnv
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.traps import Split, all_traps

TRAPS = list(all_traps().values())
each_trap = pytest.mark.parametrize("trap", TRAPS, ids=lambda t: t.name())
each_split = pytest.mark.parametrize("split", list(Split))


@each_offered
@each_split
def test_gymnasium_finds_nothing_to_warn_of(trap, split, observation):
    env = gym.make(trap.id(split), observation=observation, disable_env_checker=True)
    check_env(env.unwrapped, skip_render_check=True)


@each_trap
def test_gymnasium_finds_nothing_to_warn_of_when_rendering(trap, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(single, "RENDER_FPS", 10_000)  # or it waits at each picture
    check_env(gym.make(trap.id(), disable_env_checker=True).unwrapped)


@each_trap
@each_split
def test_ids(trap, split):
    number = 12
    by_id = gym.make(trap.id(split)).reset(options={"level": number})
    by_keyword = gym.make(trap.id(), split=split.value).reset(options={"level": number})
    np.testing.assert_array_equal(by_id[0], by_keyword[0])
    np.testing.assert_array_equal(by_id[0], trap().levels(split, [number]).planes[0])
    assert by_id[1] == by_keyword[1] == {"level": number, "split": split.value}


@each_trap
def test_specs_can_be_written_down(trap):
    spec = gym.spec(trap.id(Split.SHIFT))
    again = gym.envs.registration.EnvSpec.from_json(spec.to_json())
    assert gym.make(again).reset(seed=1)[1] == gym.make(spec).reset(seed=1)[1]
    assert spec.max_episode_steps is None
    json.loads(gym.make(spec, num_levels=3).spec.to_json())


@each_trap
def test_a_step_is_the_traps_step(trap):
    env = gym.make(trap.id(), reward=trap.proxies[0], max_steps=30)
    rng = np.random.default_rng(0)
    state = None
    for _ in range(200):
        if state is None:
            observation, info = env.reset(seed=int(rng.integers(1000)))
            state = trap().levels(Split.TRAIN, [info["level"]])
            np.testing.assert_array_equal(observation, state.planes[0])
        action = int(rng.integers(5))
        observation, reward, terminated, truncated, info = env.step(action)
        paid, ended = trap().advance(state, np.array([action]))
        np.testing.assert_array_equal(observation, state.planes[0])
        assert info["objectives"] == {name: pay[0] for name, pay in paid.items()}
        assert reward == paid[trap.proxies[0]][0]
        assert (terminated, truncated) == (ended[0], state.clock[0] >= 30)
        assert [type(x) for x in (reward, terminated, truncated)] == [float, bool, bool]
        assert info["level"] == state.level[0]
        if terminated or truncated:
            state = None


@each_trap
def test_time_limit(trap):
    for keywords, limit in (({}, trap().horizon(Split.TRAIN)), ({"max_steps": 3}, 3)):
        env = gym.make(trap.id(), **keywords)
        env.reset(seed=0)
        late = [env.step(4)[3] for _ in range(limit)]
        assert late == [False] * (limit - 1) + [True]


@each_trap
def test_results_are_the_users_own(trap):
    spoilt, clean = (gym.make(trap.id(), num_levels=2, max_steps=9) for _ in range(2))
    rng = np.random.default_rng(3)
    for env in (spoilt, clean):
        env.action_space.seed(0)
    for _ in range(15):
        for spoil, fair in zip(spoilt.reset(seed=5), clean.reset(seed=5), strict=True):
            np.testing.assert_equal(spoil, fair)
            spoil.fill(1) if isinstance(spoil, np.ndarray) else spoil.clear()
        done = False
        while not done:
            action = int(rng.integers(5))
            ours, theirs = spoilt.step(action), clean.step(action)
            np.testing.assert_equal(ours, theirs)
            ours[0].fill(1)
            ours[4]["objectives"].clear()
            ours[4].clear()
            done = theirs[2] or theirs[3]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
@pytest.mark.parametrize("num_levels", [None, 4])
def test_copies_go_on_alike(copied, num_levels):
    env = gym.make(TRAPS[0].id(), max_steps=5, num_levels=num_levels)
    env.reset(seed=0)
    env.step(1)
    twin = copied(env)
    for action in [0, 1, 2, 3]:
        np.testing.assert_equal(env.step(action), twin.step(action))
    np.testing.assert_equal(env.reset(), twin.reset())


def test_unseeded_environments_differ_and_say_their_seed():
    first, second = gym.make(TRAPS[0].id()), gym.make(TRAPS[0].id())
    level = first.reset()[1]["level"]
    assert level != second.reset()[1]["level"]
    seed = first.unwrapped.np_random_seed
    assert second.reset(seed=seed)[1]["level"] == level


def test_salt_changes_the_levels():
    observations = [gym.make(TRAPS[0].id(), salt=s).reset(seed=0)[0] for s in ("", "a", "b")]
    assert len({o.tobytes() for o in observations}) == 3


@each_trap
@pytest.mark.parametrize("kind", [TrapEnv, TrapVectorEnv])
def test_size_and_parameters_reach_the_trap(trap, kind):
    env = kind(trap.name(), size=(11, 13), **dict.fromkeys(trap.salience, 3))
    env.reset(seed=0)
    assert env.trap.size == (11, 13)
    assert set(env.trap.parameters.values()) <= {3}
    assert kind(trap(size=11)).trap.size == (11, 11)
    assert kind(trap, size=11).trap.size == (11, 11)


# -- frames --------------------------------------------------------------------------------------


@each_trap
def test_frames(trap):
    env = gym.make(trap.id(), render_mode="rgb_array")
    env.reset(seed=0)
    height, width = trap.default_size
    assert env.render().shape == (32 * height, 32 * width, 3)
    assert env.render().dtype == np.uint8
    assert env.metadata["render_fps"] > 0
    text = gym.make(trap.id(), render_mode="ansi")
    text.reset(seed=0)
    rows = text.render().splitlines()[:height]
    assert [len(row) for row in rows] == [width] * height
    assert sum(row.count("A") for row in rows) == 1


def test_a_closed_window_is_no_crash(monkeypatch):
    pygame = pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = gym.make(TRAPS[0].id(), render_mode="human")
    env.reset(seed=0)
    env.step(0)
    assert pygame.display.get_init()
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    env.step(1)
    assert not pygame.display.get_init()
    env.step(1)
    env.close()
    env.close()


def test_windows_show_what_arrays_hold_and_close_apart(monkeypatch):
    pygame = pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    shown, other = (gym.make(TRAPS[0].id(), render_mode="human") for _ in range(2))
    array = gym.make(TRAPS[0].id(), render_mode="rgb_array")
    for env in (shown, other, array):
        env.reset(seed=5)
    window = shown.unwrapped._window._window
    pixels = pygame.surfarray.array3d(window.get_surface()).swapaxes(0, 1)
    assert (pixels == array.render()).all()
    # Both are asked for the event, and the other one leaves it alone.
    pygame.event.post(pygame.event.Event(pygame.WINDOWCLOSE, window=window))
    for env in (other, shown, other, shown):
        env.step(4)
    assert shown.unwrapped._window._window is None
    assert other.unwrapped._window._window is not None
    other.close()
    assert not pygame.display.get_init()


def test_a_window_where_there_is_no_display_says_what_to_do(monkeypatch):
    pytest.importorskip("pygame")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    env = gym.make(TRAPS[0].id(), render_mode="human")
    with pytest.raises(OSError, match=r"no display.*--headless.*rgb_array"):
        env.reset()


def test_a_window_without_pygame_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygame", None)
    env = gym.make(TRAPS[0].id(), render_mode="human")
    with pytest.raises(ImportError, match=r"'pygame'.*mesa-gym\[viewer\]"):
        env.reset()


def test_render_without_a_mode_says_how():
    env = gym.make(TRAPS[0].id())
    env.reset()
    with pytest.warns(UserWarning, match="without a render mode"):
        assert env.render() is None


# -- import --------------------------------------------------------------------------------------

IMPORT = """
import sys, time
import gymnasium
start = time.perf_counter()
import mesa_gym
imported = time.perf_counter()
env = gymnasium.make("MesaGym/RedBlueDoors-v0")
env.reset()
env.step(0)
heavy = {"torch", "stable_baselines3", "pygame", "matplotlib", "scipy"} & {*sys.modules}
print(imported - start, time.perf_counter() - start, *heavy)
"""


def test_import_is_light():
    """The best of three processes: other work on the machine must not decide."""
    results = [
        subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    words = [result.stdout.split() for result in results]
    assert [w[2:] for w in words] == [[]] * 3
    assert min(float(w[0]) for w in words) < 0.5
    assert min(float(w[1]) for w in words) < 0.5 + 0.3


def test_public_names():
    assert mesa_gym.__version__
    for name in mesa_gym.__all__:
        assert getattr(mesa_gym, name)
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = mesa_gym.nothing_such
