"""Tianshou: DQN on environments in this process, tested on some in processes of their own."""

from __future__ import annotations

from functools import partial

import gymnasium as gym
import numpy as np
import torch
from tianshou.algorithm import DQN
from tianshou.algorithm.modelfree.dqn import DiscreteQLearningPolicy
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv, SubprocVectorEnv
from tianshou.trainer import OffPolicyTrainerParams
from tianshou.utils.net.common import Net

import mesa_gym  # noqa: F401  (registers the ids)
from mesa_gym.scoring import score

ID = "MesaGym/CheeseCorner-v0"
N, STEPS = 8, 4096


def replay(buffer: VectorReplayBuffer) -> int:
    """Take every step of the buffer in a plain environment, which must give the same."""
    env, ended = gym.make(ID), 0
    for row in buffer.buffers:
        over = True
        for step in map(row.__getitem__, range(len(row))):
            if over:
                begun = env.reset(options={"level": int(step.info.level)})
                np.testing.assert_array_equal(step.obs, begun[0])
            seen, reward, *over, info = env.step(int(step.act))
            np.testing.assert_array_equal(step.obs_next, seen)
            assert step.rew == reward
            assert all(step.info[key] == value for key, value in info.items())
            assert [step.terminated, step.truncated] == over
            over = any(over)
            ended += over
    return ended


def main() -> None:
    """Train shortly, replay what was collected, score."""
    torch.manual_seed(0)
    env = gym.make(ID)
    network = Net(state_shape=env.observation_space.shape, action_shape=5, hidden_sizes=[64])
    policy = DiscreteQLearningPolicy(
        model=network, action_space=env.action_space, eps_training=0.3, eps_inference=0.05
    )
    algorithm = DQN(policy=policy, optim=AdamOptimizerFactory(lr=1e-3), target_update_freq=200)
    train_envs = DummyVectorEnv([partial(gym.make, ID)] * N)
    train_envs.seed(0)
    test_envs = SubprocVectorEnv([partial(gym.make, ID, split="test")] * 2)
    buffer = VectorReplayBuffer(STEPS, N)
    algorithm.run_training(
        OffPolicyTrainerParams(
            training_collector=Collector(algorithm, train_envs, buffer, exploration_noise=True),
            test_collector=Collector(algorithm, test_envs),
            max_epochs=1,
            epoch_num_steps=STEPS,
            collection_step_num_env_steps=64,
            update_step_num_gradient_steps_per_sample=0.1,
            test_step_num_episodes=10,
            show_progress=False,
            verbose=False,
        )
    )
    test_envs.close()
    print(f"{len(buffer)} steps replayed, {replay(buffer)} episodes ended")

    def greedy(observations: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            values, _ = network(observations)
        return values.argmax(dim=1).numpy()

    card = score(greedy, "CheeseCorner", levels=50)
    print(f"after {STEPS} steps of training: {card.verdict}")


if __name__ == "__main__":
    main()
