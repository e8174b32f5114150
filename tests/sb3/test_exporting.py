"""Models as ONNX files: they play as the models do; models that no graph can hold are refused."""

import sys
from importlib import import_module

import numpy as np
import pytest

from tests.support.parameters import few
from tests.support.playing import play_all

pytest.importorskip("sb3_contrib")
pytest.importorskip("onnxscript")

from sb3_contrib import RecurrentPPO
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

from mesa_gym.envs.observations import make_observation
from mesa_gym.policies import as_policy
from mesa_gym.policies.asking import read_answer
from mesa_gym.sb3 import export, make_sb3
from mesa_gym.sb3.policy import SB3_CLASSES, from_model
from mesa_gym.traps import Split, find_trap

TRAP = find_trap("CheeseCorner")()
MODELS = ["PPO Mlp planes", "PPO Cnn rgb", "A2C Mlp chw", "TRPO Mlp centred", "PPO Mlp centred 5"]
MODELS += ["DQN Mlp planes", "QRDQN Mlp planes"]


def envs(observation="planes", side=None):
    return make_sb3(TRAP.id(), 2, seed=0, observation=observation, agent_view_size=side)


def require_same(model, folder):
    """Export a model, compare answers on 100 levels and episodes on 4, and return the policy."""
    export(model, "CheeseCorner", folder / "x.onnx")
    played = as_policy(folder / "x.onnx", TRAP, 64)
    levels = TRAP.levels(Split.SHIFT, np.arange(1000, 1100))
    seen, own = make_observation(TRAP, played.observation).encode(levels), from_model(model, TRAP)
    one, other = (read_answer(policy.act(seen), 100) for policy in (own, played))
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
    both = (play_all(each, TRAP, 4) for each in (model, str(folder / "x.onnx")))
    for did, expected in zip(*(plays.values() for plays in both), strict=True):
        np.testing.assert_array_equal(did.actions, expected.actions)
    return played


@pytest.mark.parametrize("kind", few(MODELS, thorough=(MODELS[0], MODELS[5])))
def test_exported_onnx_plays_as_its_model(kind, tmp_path):
    algo, network, observation, *side = kind.split()
    keywords = {"buffer_size": 100} if "DQN" in algo else {}
    packages = {name: package for package, name in SB3_CLASSES.values()}
    cls = getattr(import_module(packages[algo]), algo)
    shown = envs(observation, int(side[0]) if side else None)
    model = cls(f"{network}Policy", shown, seed=0, **keywords)
    assert require_same(model, tmp_path).observation == observation


@pytest.mark.parametrize(
    ("cls", "network", "make"),
    [(PPO, "MlpPolicy", lambda: VecNormalize(envs())), (RecurrentPPO, "MlpLstmPolicy", envs)],
)
def test_export_of_unsupported_models_is_refused(cls, network, make, tmp_path):
    model = cls(network, make(), n_steps=8, batch_size=16, seed=0)
    with pytest.raises(ValueError, match=rf"a {cls.__name__} model cannot be .* hand over"):
        export(model, TRAP, tmp_path / "x.onnx")


def test_export_with_a_bad_name_is_refused(tmp_path, monkeypatch):
    model = PPO("MlpPolicy", envs(), seed=0)
    with pytest.raises(ValueError, match=r"x.zip: the name of a graph must end in .onnx"):
        export(model, TRAP, tmp_path / "x.zip")
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ImportError, match=r"'onnxscript'.*mesa-gym\[onnx\]"):
        export(model, TRAP, tmp_path / "x.onnx")
    assert not [*tmp_path.iterdir()]
