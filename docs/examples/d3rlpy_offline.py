"""d3rlpy: two algorithms that learn from episodes of the exact oracle, without an environment.

Every training level pays both objectives in one place, so the data do not say which was meant. Its
algorithms take floats, which a `-Flat` id gives.
"""

from __future__ import annotations

import d3rlpy
import gymnasium as gym
import numpy as np
import torch

from mesa_gym.policies import as_policy
from mesa_gym.scoring import score

ID, EPISODES, STEPS = "MesaGym/CheeseCorner-Flat-v0", 300, 4000


def episodes() -> d3rlpy.dataset.MDPDataset:
    """Return what the oracle of the base objective saw, did and earned."""
    env, rng = gym.make(ID).unwrapped, np.random.default_rng(0)
    oracle = as_policy("oracle:base", env.trap, env.settings.max_steps)
    columns: list[list] = [[], [], [], [], []]
    for episode in range(EPISODES):
        seen, _ = env.reset(seed=0 if episode == 0 else None)
        over = False
        while not over:
            shares = oracle.act(seen[None], env.state.batched())[0]
            action = rng.choice(5, p=shares)
            after, reward, *ends, _ = env.step(action)
            for column, value in zip(columns, (seen, [action], reward, *ends), strict=True):
                column.append(value)
            seen, over = after, any(ends)
    seen, actions, rewards, *ends = map(np.array, columns)
    return d3rlpy.dataset.MDPDataset(
        seen,
        actions,
        rewards.astype(np.float32),
        *(end.astype(np.float32) for end in ends),
        action_space=d3rlpy.constants.ActionSpace.DISCRETE,
        action_size=5,
    )


def main() -> None:
    """Learn from the data, and score."""
    d3rlpy.seed(0)
    torch.set_num_threads(1)
    dataset = episodes()
    print(f"{dataset.size()} episodes of {dataset.transition_count} steps")
    for config in (d3rlpy.algos.DiscreteBCConfig, d3rlpy.algos.DiscreteCQLConfig):
        algorithm = config(batch_size=64, learning_rate=1e-3).create(device="cpu:0")
        algorithm.fit(
            dataset,
            n_steps=STEPS,
            n_steps_per_epoch=STEPS,
            show_progress=False,
            logger_adapter=d3rlpy.logging.NoopAdapterFactory(),
            evaluators={"return": d3rlpy.metrics.EnvironmentEvaluator(gym.make(ID), n_trials=5)},
        )

        def policy(observations: np.ndarray, algorithm=algorithm) -> np.ndarray:
            return algorithm.predict(observations)

        name = type(algorithm).__name__
        card = score(policy, "CheeseCorner", levels=100, observation="flat", name=name)
        print(f"{name}: solved {card.read_number('test', 'solved'):.2f}, {card.verdict}")


if __name__ == "__main__":
    main()
