"""Rules that hold at each door for other people's code; docs/studies/libraries has the table."""

import copy
import pickle
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import FlattenObservation, TimeLimit, vector

import mesa_gym
from mesa_gym.envs import single
from mesa_gym.envs.base import RENDER_FPS
from tests.support.parameters import thorough

torch, jax = map(pytest.importorskip, ("torch", "jax"))
CORNER = "MesaGym/CheeseCorner-v0"
SMALL = "Mine/SmallCorner-v0"
LIMIT = 32 * 49 // 81  # of its 7x7 cells


@pytest.fixture
def small(registry):
    """An id of a user's own: smaller, paid by the proxy, observed flat."""
    mesa_gym.register_id(SMALL, "CheeseCorner-Flat-v0", size=7, reward="corner")
    return gym.spec(SMALL)


def test_own_id_has_one_limit_everywhere(small):
    env, envs = gym.make(SMALL), gym.make_vec(SMALL, 2)
    assert isinstance(env, TimeLimit)
    limits = {small.max_episode_steps, env.spec.max_episode_steps, env._max_episode_steps}
    limits |= {x.unwrapped.settings.max_steps for x in (env, envs)}
    assert limits == {envs.spec.max_episode_steps} == {LIMIT}
    assert env.observation_space.shape == envs.single_observation_space.shape == (147,)
    assert small.reward_threshold is env.spec.reward_threshold is None
    env.reset(seed=0)
    ends = [env.step(4)[2:4] for _ in range(LIMIT)]
    assert ends == [(False, False)] * (LIMIT - 1) + [(False, True)]


def test_own_id_works_in_every_maker(small):
    pytest.importorskip("stable_baselines3")
    makers = [mesa_gym.make_sb3(SMALL, 2).unwrapped.venv, mesa_gym.make_torch(SMALL, 2)]
    for env in (*makers, mesa_gym.make_jax(SMALL, 2)):
        assert (env.settings.max_steps, env.settings.reward) == (LIMIT, "corner")
        assert env.single_observation_space.shape == (147,)


def test_own_id_checks_its_keywords(registry):
    with pytest.raises(TypeError, match=r"'sizes'.*Did you mean 'size'"):
        mesa_gym.register_id(SMALL, "CheeseCorner", sizes=7)
    for name in (CORNER, "CheeseCorner-v0", "cheesecorner", "CheeseCorner-Flat-v0"):
        with pytest.raises(ValueError, match=r"[Cc]orner.* the package's; give yours .* Mine/"):
            mesa_gym.register_id(name, "CheeseCorner", reward="corner")
    with pytest.raises(ValueError, match="the id 5 is not text; expected one such as 'Mine/"):
        mesa_gym.register_id(5, "CheeseCorner")
    assert SMALL not in gym.registry
    mesa_gym.register_id(SMALL, "CheeseCorner", step_reward=-0.1)
    assert gym.spec(SMALL).reward_threshold is None
    assert gym.spec(CORNER).max_episode_steps is None


def test_films_have_the_speed_of_metadata(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "moviepy", sys)  # which writes films: none is written here
    recording = pytest.importorskip("stable_baselines3.common.vec_env.vec_video_recorder")
    films = mesa_gym.make_sb3(CORNER, 1, render_mode="rgb_array")
    film = recording.VecVideoRecorder(films, str(tmp_path), lambda step: False)
    speeds = [gym.make(CORNER).metadata["render_fps"], gym.make_vec(CORNER, 1).metadata]
    assert [film.frames_per_sec, speeds[0], speeds[1]["render_fps"]] == [RENDER_FPS] * 3


@pytest.mark.thorough
@pytest.mark.parametrize("twin", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_environments_survive_copy_and_pickle(twin, monkeypatch):
    """Copies serve search; with a window open, each copy opens its own."""
    pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(single, "RENDER_FPS", 10_000)
    windowed, tensors = gym.make(CORNER, render_mode="human"), mesa_gym.make_torch(CORNER, 1)
    limits = {"max_steps": 2}  # so that there are episodes after the first
    vectors = [gym.make_vec("MesaGym/FollowMe-v0", 3, num_levels=x, **limits) for x in (None, 4)]
    for env in (windowed, gym.make(CORNER), *vectors, tensors):
        env.reset(seed=0)
        other = twin(env)
        for action in (2, 1, 4, 0, 3, 2, 1):
            act = action if isinstance(env, gym.Env) else np.full(env.num_envs, action)
            act = torch.from_numpy(act) if env is tensors else act
            one, two = ([*map(np.asarray, y.step(act)[:4])] for y in (env, other))
            np.testing.assert_equal(one, two)
        if env is windowed:
            assert other.unwrapped._window is not env.unwrapped._window
            other.close()
    windowed.close()
    pure, key = mesa_gym.make_jax(CORNER, 1, num_levels=4), jax.random.key(0)
    np.testing.assert_array_equal(twin(pure).reset(key)[0], pure.reset(key)[0])


def test_state_is_read_and_set_through_wrappers():
    env, flat = gym.make(CORNER), FlattenObservation(gym.make(CORNER))
    env.reset(seed=3)
    obs = env.step(2)[0]
    state = env.unwrapped.state
    flat_obs, info = flat.reset(seed=5, options={"state": state})
    np.testing.assert_array_equal(flat_obs, obs.ravel())
    assert info["level"] == state.level.number
    # The seed counts from the next episode on.
    assert flat.reset()[1]["level"] == gym.make(CORNER).reset(seed=5)[1]["level"]
    both = vector.FlattenObservation(gym.make_vec(CORNER, 2))
    pair = env.unwrapped.trap.joined([state.batched()] * 2)
    np.testing.assert_array_equal(both.reset(options={"state": pair})[0], [obs.ravel()] * 2)
    for wrapped, start in ((flat, state), (both, pair)):
        with pytest.raises(ValueError, match=r"options name .* beside .*level.*; give one"):
            wrapped.reset(options={"state": start, "level": 3})


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["ours", thorough("Flat")])
def test_exported_graph_answers_any_number_of_rows(kind, tmp_path):
    """In ONNX Runtime alone, on what environments show."""
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    from stable_baselines3 import PPO

    from mesa_gym.sb3 import export, ppo

    id = "MesaGym/CheeseCorner-Flat-v0" if kind == "Flat" else CORNER
    model = ppo(CORNER, 1) if kind == "ours" else PPO("MlpPolicy", mesa_gym.make_sb3(id, 1), seed=0)
    model.policy.action_net.weight.data *= 300  # or it acts by chance, whatever it sees
    export(model, "CheeseCorner", tmp_path / "x.onnx")
    session, obs = runtime.InferenceSession(tmp_path / "x.onnx"), gym.make_vec(id, 70).reset()[0]
    (name,) = (node.name for node in session.get_inputs())
    answers = [session.run(None, {name: obs[:rows]})[0] for rows in (1, 3, 64, 70)]
    for chances in answers:
        np.testing.assert_allclose(chances, answers[-1][: len(chances)], rtol=0, atol=1e-5)
    actions = model.predict(obs, deterministic=True)[0]
    np.testing.assert_array_equal(answers[-1].argmax(axis=1), actions)
    assert len({*actions.tolist()}) > 1
