"""Models of SBX as policies. It is in no extra: run these where `pip install sbx-rl` was run."""

import copy

import numpy as np
import pytest

pytest.importorskip("sbx")

import sbx
from stable_baselines3.common.vec_env import VecFrameStack, VecNormalize

import mesa_gym
from mesa_gym.policies import as_policy
from mesa_gym.traps import find_trap

TRAP = find_trap("RedBlueDoors")()
ENVS = 20


def envs(observation="planes"):
    return mesa_gym.make_sb3(TRAP.id(), ENVS, seed=0, observation=observation, max_steps=9)


@pytest.mark.parametrize(
    ("algorithm", "wrapped", "kind", "network"),
    [
        ("PPO", envs, "planes", "MlpPolicy"),
        ("PPO", lambda: VecNormalize(VecFrameStack(envs("chw"), 3)), "chw", "MlpPolicy"),
        ("PPO", lambda: envs("rgb"), "rgb", "CnnPolicy"),
        ("DQN", lambda: VecFrameStack(envs(), 2), "planes", "MlpPolicy"),
    ],
)
def test_sbx_policy_answers_as_its_predict(algorithm, wrapped, kind, network):
    sizes = {"buffer_size": 400} if algorithm == "DQN" else {"n_steps": 8, "batch_size": 40}
    model = getattr(sbx, algorithm)(network, wrapped(), seed=1, **sizes).learn(400)
    policy, bare, theirs = as_policy(model, TRAP, 64), envs(kind), model.get_env()
    if normalizing := model.get_vec_normalize_env():
        normalizing.training = False
    theirs.seed(5), bare.seed(5)
    seen, shown, begins = theirs.reset(), bare.reset(), np.ones(ENVS, dtype=bool)
    rng = np.random.default_rng(0)
    for _ in range(24):
        if begins.any():
            policy.reset(begins, rng)
        again = copy.deepcopy(policy)  # as the viewer takes it
        answer = policy.act(shown)
        np.testing.assert_array_equal(again.act(shown), answer)
        best = answer.argmax(axis=1) if answer.ndim == 2 else answer
        np.testing.assert_array_equal(model.predict(seen, deterministic=True)[0], best)
        actions = rng.integers(0, 5, ENVS)
        seen, _, begins, _ = theirs.step(actions)
        shown = bare.step(actions)[0]
