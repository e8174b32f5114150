"""RLlib: PPO on its new API stack, on the vector environment; a module restored and scored."""

from __future__ import annotations

import tempfile
from pathlib import Path

import gymnasium as gym
import numpy as np
import ray
import torch
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module import RLModule
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.env.single_agent_episode import SingleAgentEpisode

from mesa_gym.scoring import score

# A worker process imports what stands before the colon, and so registers the ids.
ID = "mesa_gym:MesaGym/CheeseCorner-Flat-v0"
ROUNDS, STEPS = 3, 1024


def make_config() -> PPOConfig:
    """Two processes that step 16 environments each."""
    return (
        PPOConfig()
        .environment(ID, env_config={"num_levels": 1000})
        .env_runners(
            num_env_runners=2,
            num_envs_per_env_runner=16,
            gym_env_vectorize_mode="vector_entry_point",
        )
        .rl_module(model_config=DefaultModelConfig(fcnet_hiddens=[64]))
        .training(train_batch_size_per_learner=STEPS, minibatch_size=256, num_epochs=4, lr=1e-3)
        .debugging(seed=0)
    )


def replay(episode: SingleAgentEpisode) -> int:
    """Take an episode's steps in a plain environment, which must give the same."""
    env, infos, over = gym.make(ID), episode.get_infos(), [False, False]
    seen = [env.reset(options={"level": int(infos[0]["level"])})[0]]
    for action, reward, noted in zip(
        episode.get_actions(), episode.get_rewards(), infos[1:], strict=True
    ):
        assert over == [False, False]
        observation, paid, *over, info = env.step(action)
        seen.append(observation)
        assert reward == paid
        assert all(noted[key] == value for key, value in info.items())
    np.testing.assert_array_equal(np.reshape(episode.get_observations(), np.shape(seen)), seen)
    assert [episode.is_terminated, episode.is_truncated] == over
    return len(episode)


def restore_module(folder: Path) -> RLModule:
    """The module of a saved algorithm, without the algorithm."""
    return RLModule.from_checkpoint(folder / "learner_group/learner/rl_module/default_policy")


def main() -> None:
    """Train shortly, replay, restore, score."""
    ray.init(num_cpus=3, include_dashboard=False, logging_level="ERROR")
    algorithm = make_config().build_algo()
    for _ in range(ROUNDS):
        steps = int(algorithm.train()["num_env_steps_sampled_lifetime"])
    episodes = algorithm.env_runner_group.foreach_env_runner(
        lambda runner: runner.sample(num_episodes=10), local_env_runner=False
    )
    complete = [episode for some in episodes for episode in some if episode.is_done]
    print(f"{sum(map(replay, complete))} steps replayed, {len(complete)} episodes ended")
    with tempfile.TemporaryDirectory() as folder:
        algorithm.save_to_path(folder)
        module = restore_module(Path(folder))
    algorithm.stop()
    ray.shutdown()

    def policy(observations: np.ndarray) -> np.ndarray:
        seen = {"obs": torch.from_numpy(observations)}
        with torch.inference_mode():
            return module.forward_inference(seen)["action_dist_inputs"].softmax(1).numpy()

    card = score(policy, "CheeseCorner", levels=50, observation="flat")
    print(f"after {steps} steps of training: {card.verdict}")


if __name__ == "__main__":
    main()
