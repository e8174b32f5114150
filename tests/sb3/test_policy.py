"""Models of Stable-Baselines3 as policies, and as ONNX files."""

import copy
import logging
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
from sb3_contrib import ARS, QRDQN, RecurrentPPO
from stable_baselines3 import A2C, DQN, PPO
from stable_baselines3.common.vec_env import (
    DummyVecEnv,
    VecFrameStack,
    VecNormalize,
    unwrap_vec_normalize,
)

from mesa_gym.envs.observations import make_observation
from mesa_gym.policies import as_policy
from mesa_gym.policies.asking import read_answer
from mesa_gym.policies.seeds import digest_policy
from mesa_gym.sb3 import CentredExtractor, export, make_sb3
from mesa_gym.sb3.exporting import Acting
from mesa_gym.sb3.policy import SB3_CLASSES, from_model, load_model
from mesa_gym.terminal import say_once
from mesa_gym.traps import Split, find_trap
from tests.support.parameters import few, thorough
from tests.support.playing import play_all
from tests.support.reference import wandered
from tests.support.refusals import refusals

TRAP = find_trap("RedBlueDoors")()
ID, HORIZON, ENVS = TRAP.id(), TRAP.horizon(Split.TEST), 3
FEW_STEPS = {"n_steps": 8, "batch_size": 8}
LSTM = {"policy_kwargs": {"lstm_hidden_size": 16, "n_lstm_layers": 2}}
SMALL = {PPO: FEW_STEPS, RecurrentPPO: FEW_STEPS | LSTM}
SMALL |= {algorithm: {"buffer_size": 100} for algorithm in (DQN, QRDQN)}


def envs(observation="planes", wrapper=lambda env: env, **keywords):
    """Environments whose episodes end at different times."""

    def one(steps):
        return wrapper(gym.make(ID, observation=observation, max_steps=steps, **keywords))

    return DummyVecEnv([partial(one, 7 + number) for number in range(ENVS)])


def make(algorithm, env=None, network="MlpPolicy", learn=0):
    network = "MlpLstmPolicy" if algorithm is RecurrentPPO else network
    env = envs() if env is None else env
    model = algorithm(network, env, seed=5, device="cpu", **SMALL.get(algorithm, {}))
    if learn:
        model.learn(learn)
    with torch.no_grad():  # fresh networks hardly look at what they see
        for parameter in model.policy.parameters():
            parameter *= 1.5 if network == "CnnPolicy" else 3
    return model


def seen(kind="planes", levels=70):
    return make_observation(TRAP, kind).encode(wandered(TRAP, levels))


class Asked:
    """A model, asked as in SB3's documentation."""

    def __init__(self, model):
        self.model, self.memory = model, None

    @torch.no_grad()
    def __call__(self, observations, begins):
        network = self.model.policy
        network.set_training_mode(False)
        if isinstance(self.model, DQN | QRDQN):
            return self.model.predict(observations, deterministic=True)[0]
        tensor, more = network.obs_to_tensor(observations)[0], ()
        if isinstance(self.model, RecurrentPPO):
            layers, _, size = network.lstm_hidden_state_shape
            fresh = torch.zeros(layers, len(begins), size)
            more = self.memory or (fresh, fresh), torch.from_numpy(begins.astype(np.float32))
        answer = network.get_distribution(tensor, *more)
        answer, self.memory = answer if more else (answer, None)
        return answer.distribution.probs.numpy()


@pytest.mark.parametrize(
    ("algorithm", "env", "kind"),
    [
        (PPO, envs, "planes"),
        (A2C, lambda: envs("centred", agent_view_size=5), "centred"),
        (PPO, lambda: envs("flat"), "flat"),
        (QRDQN, envs, "planes"),
        thorough(RecurrentPPO, envs, "planes"),
        thorough(PPO, lambda: envs("rgb"), "rgb"),
        (DQN, lambda: VecNormalize(envs(), norm_obs=False), "planes"),
        (PPO, lambda: VecNormalize(envs("chw")), "chw"),
        thorough(RecurrentPPO, lambda: VecNormalize(envs()), "planes"),
    ],
)
def test_sb3_policy_answers_as_under_sb3(algorithm, env, kind):
    """Answers are compared step by step over ends of episodes."""
    network = "CnnPolicy" if kind == "rgb" else "MlpPolicy"
    model, raw = make(algorithm, env(), network, learn=16), envs(kind)
    policy, expect, wrapped = as_policy(model, TRAP, HORIZON), Asked(model), model.get_env()
    assert policy.observation == kind
    if normalizing := unwrap_vec_normalize(wrapped):
        normalizing.training = False
    wrapped.seed(5), raw.seed(5)
    obs, ours, begins = wrapped.reset(), raw.reset(), np.ones(ENVS, dtype=bool)
    rng, answers, ends = np.random.default_rng(0), [], 0
    for _ in range(25):
        if begins.any():
            policy.reset(begins, rng)
        answer = policy.act(ours)
        np.testing.assert_allclose(answer, expect(obs, begins), atol=1e-5)
        actions = rng.integers(0, 5, ENVS)
        obs, _, begins, _ = wrapped.step(actions)
        ours, _, same, _ = raw.step(actions)
        np.testing.assert_array_equal(begins, same)
        answers.append(answer)
        ends += begins.sum()
    assert ends > 5
    assert np.ptp(np.concatenate(answers), axis=0).max() > 0.01


@pytest.mark.thorough
@pytest.mark.parametrize("algorithm", [thorough(PPO), DQN, thorough(RecurrentPPO)])
def test_sb3_policy_ignores_batch_and_global_rng(algorithm):
    """Answers are equal to the bit, and no random state is changed."""
    policy = as_policy(make(algorithm, VecNormalize(envs()), learn=16), TRAP, HORIZON)
    rng = np.random.default_rng(0)
    batches = [seen()[rng.permutation(70)] for _ in range(4)]

    def acts(rows):
        torch.manual_seed(len(rows))
        before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        twin = copy.deepcopy(policy)  # as the viewer takes it
        twin.reset(np.ones(len(rows), dtype=bool), rng)
        answers = [twin.act(batch[rows]) for batch in batches]
        assert torch.equal(torch.get_rng_state(), before[0])
        np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
        return np.stack(answers, axis=1)

    together = acts(np.arange(70))
    for size in (1, 7, 32, 69):
        parts = [acts(rows) for rows in np.split(np.arange(70), range(size, 70, size))]
        np.testing.assert_array_equal(np.concatenate(parts), together)
    np.testing.assert_array_equal(acts(np.arange(70)[::-1]), together[::-1])


def test_sb3_memory_is_cleared_by_row():
    policy, rows = as_policy(make(RecurrentPPO), TRAP, HORIZON), np.arange(70) % 3 == 0
    policy.reset(np.ones(70, bool), np.random.default_rng(0))
    policy.act(seen())
    before = policy.memory[:, :, :70].clone()
    policy.reset(rows, np.random.default_rng(0))
    assert not policy.memory[:, :, :70][:, :, rows].any()
    assert torch.equal(policy.memory[:, :, :70][:, :, ~rows], before[:, :, ~rows])
    assert before.any()


class OtherActions(gym.Env):
    observation_space, action_space = gym.make(ID).observation_space, gym.spaces.Discrete(4)


# -- from disk -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("algorithm", "algo"),
    [(PPO, "ppo"), (A2C, "A2C"), (DQN, "Dqn"), (QRDQN, "qr-dqn"), (RecurrentPPO, "recurrent_ppo")],
)
def test_sb3_saved_model_acts_as_before(algorithm, algo, tmp_path):
    model = make(algorithm)
    # As `learn` leaves it: what was seen last is saved with the model.
    model.get_env().reset()
    model._last_obs = model.get_env().step(np.zeros(model.n_envs, dtype=np.int64))[0]
    model.save(tmp_path / "model.zip")
    answers = []
    policies = [as_policy(str(tmp_path / "model.zip"), TRAP, HORIZON, algo=algo)]
    policies.append(as_policy(model, TRAP, HORIZON))
    for policy in policies:
        policy.reset(np.ones(70, dtype=bool), np.random.default_rng(0))
        answers.append(policy.act(seen()))
    np.testing.assert_array_equal(*answers)
    (digest,) = set(map(digest_policy, policies))
    assert len(digest) == 32


@pytest.mark.parametrize(("algorithm", "kind"), [(PPO, "flat"), (A2C, "planes")])
def test_sb3_saved_model_lacks_normalizing_statistics(algorithm, kind, tmp_path):
    file, kept, env = str(tmp_path / "a.zip"), str(tmp_path / "v.pkl"), VecNormalize(envs(kind))
    model = make(algorithm, env, learn=16)
    model.save(file), env.save(kept)
    with pytest.raises(ValueError, match="no statistics of them: pass the model with its st"):
        as_policy(file, TRAP, HORIZON, algo=algorithm.__name__)
    again = algorithm.load(file, env=VecNormalize.load(kept, envs(kind)))
    answers = [as_policy(x, TRAP, HORIZON).act(seen(kind)) for x in (model, again)]
    np.testing.assert_array_equal(*answers)


def test_sb3_pickle_is_told_before_loading(tmp_path, monkeypatch, capsys):
    """Once in a process."""
    outputs = []
    monkeypatch.setattr(PPO, "load", lambda *_, **__: outputs.append(capsys.readouterr().err))
    say_once.cache_clear()
    (tmp_path / "model.zip").write_bytes(b"")
    for _ in range(2):
        load_model(str(tmp_path / "model.zip"), "ppo")
    assert [text.count("runs its pickles") for text in outputs] == [1, 0]


def reread(algo, change=lambda data: data):
    """Load a saved PPO model whose file is changed."""
    make(PPO).save("model.zip")
    Path("model.zip").write_bytes(change(Path("model.zip").read_bytes()))
    return as_policy("model.zip", TRAP, HORIZON, algo=algo)


# -- exporting -------------------------------------------------------------------------------------
CORNER = find_trap("CheeseCorner")()
MODELS = ["PPO Mlp planes", "PPO Cnn rgb", "A2C Mlp chw", "TRPO Mlp centred", "PPO Mlp centred 5"]
MODELS += ["DQN Mlp planes", "QRDQN Mlp planes"]


def two_envs(observation="planes", side=None):
    return make_sb3(CORNER.id(), 2, seed=0, observation=observation, agent_view_size=side)


def require_same(model, folder):
    """Export a model, compare answers on 100 levels and episodes on 4, and return the policy."""
    logger = logging.getLogger("torch.onnx")
    logger.setLevel(logging.INFO)
    export(model, "CheeseCorner", folder / "x.onnx")
    assert logger.level == logging.INFO  # the user's own exports keep their warnings
    played = as_policy(folder / "x.onnx", CORNER, 64)
    levels = CORNER.levels(Split.SHIFT, np.arange(1000, 1100))
    obs = make_observation(CORNER, played.observation).encode(levels)
    direct = from_model(model, CORNER)
    one, other = (read_answer(policy.act(obs), 100) for policy in (direct, played))
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
    both = (play_all(x, CORNER, 4) for x in (model, str(folder / "x.onnx")))
    for did, expected in zip(*(plays.values() for plays in both), strict=True):
        np.testing.assert_array_equal(did.actions, expected.actions)
    return played


@pytest.mark.parametrize("kind", few(MODELS, thorough=(MODELS[0], MODELS[5])))
def test_exported_onnx_plays_as_its_model(kind, tmp_path):
    algo, network, observation, *side = kind.split()
    keywords = {"buffer_size": 100} if "DQN" in algo else {}
    packages = {name: package for package, name in SB3_CLASSES.values()}
    cls = getattr(import_module(packages[algo]), algo)
    envs_of_kind = two_envs(observation, int(side[0]) if side else None)
    model = cls(f"{network}Policy", envs_of_kind, seed=0, **keywords)
    assert require_same(model, tmp_path).observation == observation


@pytest.mark.filterwarnings("ignore:Provided features_extractor will be ignored")
def test_exported_actor_reads_its_own_features():
    """An actor and a critic without shared features have extractors with weights of their own."""
    features = {"features_extractor_class": CentredExtractor, "share_features_extractor": False}
    model = PPO("MlpPolicy", two_envs(), seed=0, device="cpu", policy_kwargs=features)
    policy = from_model(model, CORNER)
    obs = make_observation(CORNER, "planes").encode(CORNER.levels(Split.SHIFT, np.arange(9)))
    with torch.no_grad():
        model.policy.action_net.weight *= 300  # or all probabilities are nearly equal
        shares = Acting(policy)(torch.from_numpy(obs)).numpy()
    np.testing.assert_allclose(shares, policy.act(obs), atol=1e-5)
    assert np.ptp(shares, axis=0).max() > 0.1


test_sb3_models_that_misfit_are_refused = refusals(
    "sb3", "models", globals(), ARS=ARS, VecFrameStack=VecFrameStack
)


def test_export_without_onnxscript_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ImportError, match=r"'onnxscript'.*mesa-gym\[onnx\]"):
        export(make(PPO, two_envs()), CORNER, tmp_path / "x.onnx")
    assert not [*tmp_path.iterdir()]
