"""Models of Stable-Baselines3 and sb3-contrib as policies, freshly made."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from reference import wandered

pytest.importorskip("stable_baselines3")
pytest.importorskip("sb3_contrib")

import torch
from gymnasium.spaces import Box
from gymnasium.wrappers import TransformObservation
from sb3_contrib import ARS, QRDQN, TRPO, RecurrentPPO
from stable_baselines3 import A2C, DQN, PPO
from stable_baselines3.common.vec_env import VecFrameStack, VecNormalize

import mesa_gym
from mesa_gym.engine import State
from mesa_gym.envs.observations import make_observation
from mesa_gym.policies import Valuing, as_policy
from mesa_gym.scoring.rollout import rollout
from mesa_gym.traps import Split, find_trap
from mesa_gym.viewer.players import ByPolicy
from mesa_gym.viewer.timeline import Timeline

TRAP = find_trap("RedBlueDoors")()
HORIZON = TRAP.horizon(Split.TEST)
SMALL = {
    PPO: {"n_steps": 8, "batch_size": 8},
    RecurrentPPO: {
        "n_steps": 8,
        "batch_size": 8,
        "policy_kwargs": {"lstm_hidden_size": 16, "n_lstm_layers": 2},
    },
    DQN: {"buffer_size": 10},
    QRDQN: {"buffer_size": 10},
}


def make(algorithm, env=None, network: str = "MlpPolicy", **keywords):
    network = "MlpLstmPolicy" if algorithm is RecurrentPPO else network
    env = mesa_gym.make_sb3(TRAP.id(), 2, **keywords) if env is None else env
    model = algorithm(network, env, seed=3, device="cpu", **SMALL.get(algorithm, {}))
    with torch.no_grad():  # fresh networks hardly look at what they see
        for parameter in model.policy.parameters():
            parameter *= 3
    return model


def seen(kind: str, levels: int = 70) -> np.ndarray:
    return make_observation(TRAP, kind).encode(wandered(TRAP, levels))


def given_by(model, observations: np.ndarray) -> np.ndarray:
    """The probabilities as SB3's own documentation takes them."""
    model.policy.set_training_mode(False)
    with torch.no_grad():
        tensor = model.policy.obs_to_tensor(observations)[0]
        return model.policy.get_distribution(tensor).distribution.probs.numpy()


def seen_by(model, kind: str) -> np.ndarray:
    """The same, with channels first where the model wants them so."""
    observations = seen(kind)
    same = observations.shape[1:] == model.observation_space.shape
    return observations if same else np.moveaxis(observations, -1, 1)


# -- what they do ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "network", "kind"),
    [
        (PPO, "MlpPolicy", "planes"),
        (PPO, "MlpPolicy", "symbolic"),
        (PPO, "MlpPolicy", "local"),
        (PPO, "CnnPolicy", "rgb"),
        (A2C, "MlpPolicy", "planes"),
        (TRPO, "MlpPolicy", "planes"),
    ],
)
def test_probabilities_are_the_models_own(algorithm, network: str, kind: str) -> None:
    model = make(algorithm, network=network, observation=kind)
    for handed in (model, model.policy):
        policy = as_policy(handed, TRAP, HORIZON)
        assert policy.observation == kind
        probabilities = policy.act(seen(kind))
        assert probabilities.shape == (70, 5)
        np.testing.assert_allclose(probabilities, given_by(model, seen(kind)), atol=1e-6)
        assert np.ptp(probabilities, axis=0).max() > 0.01


@pytest.mark.parametrize(("algorithm", "kind"), [(PPO, "planes"), (A2C, "local"), (PPO, "rgb")])
def test_what_a_critic_thinks_states_are_worth(algorithm, kind: str) -> None:
    network = "CnnPolicy" if kind == "rgb" else "MlpPolicy"
    model = make(algorithm, network=network, observation=kind)
    policy = as_policy(model, TRAP, HORIZON)
    assert isinstance(policy, Valuing)
    values = policy.values(seen(kind))
    with torch.no_grad():
        expected = model.policy.predict_values(model.policy.obs_to_tensor(seen_by(model, kind))[0])
    np.testing.assert_allclose(values, expected[:, 0].numpy(), rtol=1e-5)
    assert np.ptp(values) > 0
    assert not isinstance(as_policy(make(DQN), TRAP, HORIZON), Valuing)


def test_the_viewer_shows_what_the_critic_says() -> None:
    model = make(PPO)
    start = wandered(TRAP, 1)
    decision = ByPolicy(model).actor(TRAP, Split.SHIFT, start)
    decision.begin(Timeline(TRAP, start, HORIZON, decision))
    made = decision.decide(start, 0)
    with torch.no_grad():
        planes = make_observation(TRAP, "planes").encode(start)
        expected = model.policy.predict_values(model.policy.obs_to_tensor(planes)[0])
    assert made.value == pytest.approx(float(expected[0, 0]), abs=1e-5)


@pytest.mark.parametrize("algorithm", [DQN, QRDQN])
def test_values_give_greedy_actions(algorithm) -> None:
    model = make(algorithm)
    actions = as_policy(model, TRAP, HORIZON).act(seen("planes"))
    expected, _ = model.predict(seen("planes"), deterministic=True)
    np.testing.assert_array_equal(actions, expected)
    assert len(set(actions.tolist())) > 1


def test_pictures_are_transposed_as_sb3_does() -> None:
    model = make(PPO, network="CnnPolicy", observation="rgb")
    assert model.observation_space.shape == (3, 72, 72)
    transposed = np.moveaxis(seen("rgb"), -1, 1)
    expected = given_by(model, transposed)
    np.testing.assert_allclose(
        as_policy(model, TRAP, HORIZON).act(seen("rgb")), expected, atol=1e-6
    )


def test_channels_may_come_first_in_planes_too() -> None:
    def channels_first() -> gym.Env:
        return TransformObservation(
            gym.make(TRAP.id()),
            lambda observation: np.moveaxis(observation, -1, 0),
            Box(0, 1, (6, 9, 9), dtype=np.uint8),
        )

    model = make(PPO, channels_first())
    policy = as_policy(model, TRAP, HORIZON)
    expected = given_by(model, np.moveaxis(seen("planes"), -1, 1))
    np.testing.assert_allclose(policy.act(seen("planes")), expected, atol=1e-6)


def test_a_model_from_disk_acts_as_before(tmp_path) -> None:
    model = make(PPO)
    model.save(tmp_path / "model.zip")
    again = PPO.load(tmp_path / "model.zip", device="cpu")
    acts = [as_policy(each, TRAP, HORIZON).act(seen("planes")) for each in (model, again)]
    np.testing.assert_array_equal(*acts)


# -- memory ----------------------------------------------------------------------------------------


def episode(steps: int, levels: int = 40) -> list[State]:
    """States step after step, by random actions; nothing ends."""
    rng = np.random.default_rng(0)
    states = [TRAP.levels(Split.TEST, np.arange(levels))]
    for _ in range(steps):
        states.append(TRAP.step(states[-1], rng.integers(0, 5, levels))[0])
    return states


def given_by_lstm(model, states: list[State], starts: np.ndarray) -> np.ndarray:
    """The last step's probabilities; ``starts`` (steps, n) says where an episode begins."""
    layers, _, size = model.policy.lstm_hidden_state_shape
    memory = tuple(torch.zeros(layers, starts.shape[1], size) for _ in range(2))
    model.policy.set_training_mode(False)
    with torch.no_grad():
        for state, begins in zip(states, starts, strict=True):
            tensor = model.policy.obs_to_tensor(TRAP.observe(state))[0]
            begin = torch.from_numpy(begins.astype(np.float32))
            distribution, memory = model.policy.get_distribution(tensor, memory, begin)
    return distribution.distribution.probs.numpy()


def test_an_lstm_remembers_until_it_is_reset() -> None:
    model = make(RecurrentPPO)
    policy = as_policy(model, TRAP, HORIZON)
    states = episode(7)
    starts = np.zeros((8, 40), dtype=bool)
    starts[0] = True
    starts[3, ::3] = True
    rng = np.random.default_rng(0)
    for t, state in enumerate(states):
        if starts[t].any():
            policy.reset(starts[t], rng)
        probabilities = policy.act(TRAP.observe(state))
    expected = given_by_lstm(model, states, starts)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    forgetful = given_by_lstm(model, states[-1:], np.ones((1, 40), dtype=bool))
    assert abs(probabilities - forgetful).max() > 1e-3  # the past does matter
    never = given_by_lstm(model, states, np.zeros((8, 40), dtype=bool))
    assert abs(probabilities - never)[::3].max() > 1e-4
    # A second rollout begins from nothing, whatever its size.
    policy.reset(np.ones(5, dtype=bool), rng)
    again = policy.act(TRAP.observe(states[0])[:5])
    fresh = given_by_lstm(model, states[:1], np.ones((1, 40), dtype=bool))
    np.testing.assert_allclose(again, fresh[:5], atol=1e-6)


# -- what the result depends on --------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", [PPO, DQN, RecurrentPPO])
def test_the_batch_does_not_matter_by_a_single_bit(algorithm) -> None:
    policy = as_policy(make(algorithm), TRAP, HORIZON)
    rng = np.random.default_rng(0)
    states = episode(4, 70)

    def acts(rows: np.ndarray) -> np.ndarray:
        policy.reset(np.ones(len(rows), dtype=bool), rng)
        return np.stack([policy.act(TRAP.observe(state)[rows]) for state in states], axis=1)

    whole = acts(np.arange(70))
    for size in (1, 2, 7, 32, 33, 69):
        parts = [acts(rows) for rows in np.split(np.arange(70), range(size, 70, size))]
        np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(acts(np.arange(70)[::-1]), whole[::-1])


@pytest.mark.parametrize("algorithm", [PPO, DQN, RecurrentPPO])
def test_global_random_states_are_neither_read_nor_changed(algorithm) -> None:
    policy = as_policy(make(algorithm), TRAP, HORIZON)
    starts = TRAP.levels(Split.TEST, np.arange(20))
    played = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        played.append(rollout(policy, TRAP, starts, 20, seed=9))
        assert torch.equal(torch.get_rng_state(), before[0])
        np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    np.testing.assert_array_equal(*played)
    other = rollout(policy, TRAP, starts, 20, seed=10)
    assert (played[0] == other).all() == (algorithm is DQN)  # sampled, where it can be


# -- what is refused -------------------------------------------------------------------------------


class OtherActions(gym.Env):
    observation_space = gym.make(TRAP.id()).observation_space
    action_space = gym.spaces.Discrete(4)


def test_models_that_do_not_fit() -> None:
    def refused(model, message: str, **keywords) -> None:
        with pytest.raises(ValueError, match=message):
            as_policy(model, TRAP, HORIZON, **keywords)

    refused(
        make(PPO, size=11),
        r"the PPO model was trained on observations uint8 \(11, 11, 6\) to 1; RedBlueDoors-v0\("
        r".*\) shows, as uint8 from 0, planes \(9, 9, 6\) to 1, symbolic \(9, 9, 3\) to 4,"
        r" rgb \(72, 72, 3\) to 255, local \(6, 5, 6\) to 1, flat \(486,\) to 1,"
        r" chw \(6, 9, 9\) to 1. Was it trained on another trap or",
    )
    stacked = VecFrameStack(mesa_gym.make_sb3(TRAP.id(), 2), 4)
    refused(make(PPO, stacked), r"uint8 \(9, 9, 24\) to 1.*hand over a callable")
    normalised = VecNormalize(mesa_gym.make_sb3(TRAP.id(), 2))
    refused(make(PPO, normalised), "VecNormalize changed")
    refused(make(PPO, OtherActions()), r"the action space Discrete\(4\); RedBlueDoors-v0 has Disc")
    refused(PPO, "PPO is a class; hand over an instance")
    refused(make(PPO), "acts on the observation 'planes', not 'local'", observation="local")
    refused(make(ARS, network="LinearPolicy"), "probabilities of a ARS model cannot be found; hand")
    empty = PPO("MlpPolicy", mesa_gym.make_sb3(TRAP.id(), 2), _init_setup_model=False, device="cpu")
    refused(empty, "the PPO model has no network yet")
    with pytest.raises(ValueError, match=r"observations uint8 \(9, 9, 6\) to 1; KeysChests-v0"):
        as_policy(make(PPO), find_trap("KeysChests")(), HORIZON)


def test_rewards_may_have_been_normalised() -> None:
    env = VecNormalize(mesa_gym.make_sb3(TRAP.id(), 2), norm_obs=False)
    assert as_policy(make(PPO, env), TRAP, HORIZON).observation == "planes"
