"""The log contains the episode that was played: wrappers, copies and jumps do not change it."""

import copy
import json
import os
import pickle
from functools import partial

import cloudpickle
import gymnasium as gym
import numpy as np
import pytest
from gymnasium import wrappers
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv

import mesa_gym
from mesa_gym.logs import read_log
from mesa_gym.logs.recorder import _warn_of_copy
from mesa_gym.scoring.card import salt_digest
from tests.support.parameters import thorough

ID = "MesaGym/CheeseCorner-Test-v0"
LEFT, RIGHT = 0, 2


class Spy(gym.Wrapper):
    """Around the trap: keeps the actions that it gets."""

    def reset(self, **options):
        self.actions = []
        return super().reset(**options)

    def step(self, action):
        self.actions.append(int(action))
        return super().step(action)


class Hurry(gym.Wrapper):
    """Takes each action twice, and a step right before the first; ends after three."""

    def reset(self, **options):
        self.left = 3
        super().reset(**options)
        return self.env.step(RIGHT)[0], {}

    def step(self, action):
        self.env.step(action)
        obs, reward, ended, cut, info = self.env.step(action)
        self.left -= 1
        return obs, reward, ended, cut or not self.left, info


class Forgetful(gym.Wrapper):
    """Does not hand the options of reset on; later it does not reset at all."""

    first = None

    def reset(self, seed=None, options=None):
        self.first = self.first or super().reset(seed=seed)
        return self.first


class Collector(gym.Wrapper):
    """Stores the options of each reset, which must be JSON, as Minari's DataCollector does."""

    def reset(self, seed=None, options=None):
        json.dumps(options)
        return super().reset(seed=seed, options=options)


def log_env(folder, wrap=lambda env: env, **keywords):
    """Return a logged environment of the split test, whose file is log.jsonl."""
    return mesa_gym.LogEpisodes(wrap(gym.make(ID, **keywords)), folder / "log.jsonl", "mine")


def read_actions(folder):
    path = folder / "log.jsonl"
    return [episode.actions for episode in read_log(path)[0]] if path.exists() else []


WRAPPERS = {
    "changed": lambda env: wrappers.TransformAction(env, lambda a: (a + 2) % 4, env.action_space),
    "sticky": lambda env: wrappers.StickyAction(env, 0.5),
    "hurried": Hurry,
    "limited": lambda env: wrappers.TimeLimit(env, 2),
    "flat": wrappers.FlattenObservation,
    "stacked": lambda env: wrappers.FrameStackObservation(env, 2),
}


@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("play", ["alone:corner", None])
@pytest.mark.parametrize("name", WRAPPERS)
def test_log_has_what_the_trap_got(name, play, outside, tmp_path):
    """Inside or outside of the log, whatever a wrapper does to actions and ends."""
    spy = Spy(gym.make(ID.replace("Test", "Shift") if play else ID))
    env = spy if outside else WRAPPERS[name](spy)
    env = mesa_gym.LogEpisodes(env, tmp_path / "log.jsonl")
    env = WRAPPERS[name](env) if outside else env
    obs, _ = env.reset(seed=5, options={"level": 1} | ({"play": play} if play else {}))
    assert obs.shape == env.observation_space.shape
    for action in (RIGHT, LEFT, 1):
        _, _, ended, cut, _ = env.step(action)
        if ended or cut:
            break
    if not outside and (ended or cut):
        assert read_actions(tmp_path) == [spy.actions]
    env.close()
    assert read_actions(tmp_path) == [spy.actions]
    assert read_log(tmp_path / "log.jsonl")[0][0].play == (play or "test")


def test_play_begins_through_wrapper_without_options(tmp_path):
    """A wrapper that does not reset the trap keeps the play from its beginning."""
    env, plain = (log_env(tmp_path, wrap) for wrap in (Forgetful, lambda env: env))
    play = {"play": "again", "level": 3}
    pair = [log.reset(options=play)[0] for log in (env, plain)]
    np.testing.assert_array_equal(*pair)
    env.step(LEFT)
    with pytest.raises(ValueError, match="does not reset the trap's environment"):
        env.reset(options={"play": "test", "level": 4})
    env.close()
    (episode,) = read_log(tmp_path / "log.jsonl")[0]
    assert (episode.play, episode.level, episode.actions) == ("again", 3, [LEFT])


def test_logged_environment_is_rebuilt_without_log(tmp_path):
    """By its spec, inside and outside of wrappers that are recorded or store options."""
    env = log_env(tmp_path, lambda env: Collector(wrappers.FlattenObservation(env)))
    inner = log_env(tmp_path, max_steps=3)
    for logged in (inner, wrappers.FlattenObservation(inner)):
        again = gym.make(EnvSpec.from_json(logged.spec.to_json()))
        pair = [x.reset(seed=3)[0] for x in (again, logged)]
        np.testing.assert_array_equal(*pair)
        for _ in range(3):
            again.step(LEFT)
    assert read_actions(tmp_path) == []
    env.reset(options={"play": "test", "level": 2})
    env.step(LEFT)
    env.close()
    assert read_actions(tmp_path) == [[LEFT]]


def test_autoreset_begins_the_next_episode(tmp_path):
    env = log_env(tmp_path, wrappers.Autoreset, max_steps=2)
    env.reset(options={"level": 0})
    for _ in range(5):  # two steps, a reset, two steps
        env.step(4)
    assert read_actions(tmp_path) == [[4, 4], [4, 4]]


def update_dict(env):
    """Return a copy whose attributes are those of the environment itself."""
    twin = object.__new__(type(env))
    vars(twin).update(vars(env))
    return twin


def load_again(env, module=pickle):
    """Return what is left of an environment after a pickle."""
    return module.loads(module.dumps(env))


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": load_again,
    "cloudpickle": partial(load_again, module=cloudpickle),
    "deepcopy of the trap": lambda env: copy.deepcopy(env.unwrapped),
    "copy of the trap": lambda env: copy.copy(env.unwrapped),
    "attributes of the trap": lambda env: update_dict(env.unwrapped),
    "copy of a copy": lambda env: copy.deepcopy(load_again(env)),
    "copy by a wrapper around": lambda env: copy.deepcopy(wrappers.FlattenObservation(env)),
}


@pytest.mark.parametrize("way", COPIES)
def test_copy_of_log_writes_nothing(way, tmp_path):
    """Whether it is copied within an episode or between two; it says so once."""
    env = log_env(tmp_path, max_steps=3)
    env.reset(options={"level": 0})
    env.step(LEFT)
    twin = COPIES[way](env)
    assert not (tmp_path / "log.jsonl").exists()
    with pytest.warns(UserWarning, match=r"log.jsonl.* not written.*reopen"):
        twin.step(RIGHT)
    twin.step(RIGHT)  # a second warning would be an error
    twin.reset(options={"level": 7})
    twin.step(RIGHT)
    twin.close()
    assert not (tmp_path / "log.jsonl").exists()
    if way == "attributes of the trap":
        return  # it shares arrays with the trap, so that the episode itself is broken
    env.step(LEFT)
    env.step(LEFT)
    assert read_actions(tmp_path) == [[LEFT] * 3]
    assert twin.unwrapped.state.clock == 1


def test_full_disk_delays_episodes(tmp_path, monkeypatch):
    """Each is written once the disk has room, in the order of play."""
    env = log_env(tmp_path, max_steps=1, salt="s")
    with monkeypatch.context() as patch:
        patch.setattr("mesa_gym.logs.recorder.append_line", lambda *_: tmp_path.read_bytes())
        for action in (LEFT, RIGHT):
            env.reset(options={"level": 0})
            with pytest.raises(IsADirectoryError):
                env.step(action)
    env.reset(options={"level": 0})
    env.step(4)
    assert read_actions(tmp_path) == [[LEFT], [RIGHT], [4]]
    assert {x.salt for x in read_log(tmp_path / "log.jsonl")[0]} == {salt_digest("s")}


def test_copy_writes_after_reopen(tmp_path):
    """With what was played before it was copied; the first goes on writing its own."""
    env = log_env(tmp_path, max_steps=3)
    env.reset(options={"level": 0})
    env.step(LEFT)
    twin = copy.deepcopy(env)
    twin.reopen(tmp_path / "log.jsonl")
    for log, action in ((twin, RIGHT), (env, LEFT)):
        log.step(action)
        log.step(action)
    assert read_actions(tmp_path) == [[LEFT, RIGHT, RIGHT], [LEFT] * 3]


def test_forked_process_writes_nothing(tmp_path, monkeypatch):
    env = log_env(tmp_path, max_steps=2)
    env.reset(seed=0)  # LEFT does not end this episode
    process = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: process + 1)
    with pytest.warns(UserWarning, match="runs in another process"):
        env.step(LEFT)
    env.step(LEFT)
    assert read_actions(tmp_path) == []
    env.reopen(tmp_path / "log.jsonl")
    env.reset()
    env.close()
    assert read_actions(tmp_path) == []
    env.reset()
    env.step(RIGHT)
    env.close()
    assert read_actions(tmp_path) == [[RIGHT]]


# JAX warns of every fork once another test of the process has imported it.
@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:this is a copy", "ignore:os.fork")
@pytest.mark.parametrize("context", ["fork", thorough("spawn")])
def test_workers_with_a_copy_write_nothing(context, tmp_path):
    """A worker that is handed an environment has a copy; one that makes it has the first."""
    env = log_env(tmp_path, max_steps=2)
    for make, count in ((lambda: env, 0), (partial(log_env, tmp_path, max_steps=2), 2)):
        workers = AsyncVectorEnv([make, make], context=context)
        workers.reset(seed=[3, 4])
        workers.step([RIGHT, LEFT])
        workers.step([RIGHT, LEFT])
        assert len(read_actions(tmp_path)) == count
        if not count:
            workers.call("reopen", tmp_path / "again.jsonl")
            for _ in range(3):  # the first resets
                workers.step([LEFT, LEFT])
            assert len(read_log(tmp_path / "again.jsonl")[0]) == 2
        workers.close()
    assert sorted(read_actions(tmp_path)) == [[LEFT] * 2, [RIGHT] * 2]


def test_vector_environments_are_logged_one_by_one(tmp_path):
    wrap = partial(mesa_gym.LogEpisodes, path=tmp_path / "log.jsonl")
    with pytest.raises(ValueError, match=r"is a vector environment; .* wrappers="):
        wrap(gym.make_vec(ID, 2))
    envs = gym.make_vec(ID, 2, "sync", wrappers=[wrap], max_steps=2)
    assert isinstance(envs, SyncVectorEnv)
    envs.reset(seed=0)
    for _ in range(2):
        envs.step([LEFT, RIGHT])
    assert read_actions(tmp_path) == [[LEFT] * 2, [RIGHT] * 2]


def test_environment_has_one_log(tmp_path):
    """The one whose reset began the episode, with its own policy."""
    inner = gym.make(ID)
    first = mesa_gym.LogEpisodes(inner, tmp_path / "log.jsonl", "first")
    with pytest.raises(ValueError, match="is logged already"):
        mesa_gym.LogEpisodes(wrappers.TimeLimit(first, 3), tmp_path / "log.jsonl")
    second = mesa_gym.LogEpisodes(inner, tmp_path / "log.jsonl", "second")
    for env in (first, second, first):
        env.reset(options={"level": 0})
        env.step(LEFT)
    first.close()
    logged = read_log(tmp_path / "log.jsonl")[0]
    assert [x.policy for x in logged] == ["first", "second", "first"]


def test_jump_within_an_episode_is_unlogged(tmp_path):
    """A state that is set back is a plan; no episode begins with it."""
    env = log_env(tmp_path)
    env.reset(options={"level": 0})
    env.step(LEFT)
    with pytest.warns(UserWarning, match="set_state was called within an episode"):
        env.unwrapped.set_state(env.unwrapped.state)
    env.step(RIGHT)
    env.reset(options={"state": env.unwrapped.state})
    env.step(RIGHT)
    env.reset(options={"level": 0})
    env.step(LEFT)
    with pytest.warns(UserWarning, match=r"^reset\(.*state.* steps of this episode are not"):
        env.reset(options={"state": env.unwrapped.state})
    env.step(RIGHT)
    other = gym.make(ID, render_mode="ansi")
    other.reset(seed=0)
    env.reset(options={"map": other.render()})
    env.step(RIGHT)
    env.close()
    assert read_actions(tmp_path) == []


def test_refused_reset_keeps_the_episode(tmp_path):
    env = log_env(tmp_path)
    env.reset(options={"level": 0})
    env.step(LEFT)
    for options in ({"play": "twinned"}, {"play": "test"}, {"play": "test", "level": -1}):
        with pytest.raises(ValueError, match=r"twinned|without a level|level"):
            env.reset(options=options)
    env.step(RIGHT)
    env.close()
    assert read_actions(tmp_path) == [[LEFT, RIGHT]]


@pytest.mark.parametrize("options", [None, {"level": 5}])
def test_reset_after_play_takes_usual_level(tmp_path, options):
    env, plain = log_env(tmp_path), gym.make(ID)
    for x in (env, plain):
        x.reset(seed=3)
    env.reset(options={"play": "test", "level": 9})
    for _ in range(2):
        assert env.reset(options=options)[1] == plain.reset(options=options)[1]


@pytest.fixture(autouse=True)
def _forget_warnings():
    """Let each test see the warning that a process gives once."""
    _warn_of_copy.cache_clear()
