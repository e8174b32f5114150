"""skrl: PPO on environments that are stepped together, then scored.

Its wrapper takes `gym.make_vec` as it is, and makes rows of floats of the planes. With
`time_limit_bootstrap` what was truncated is worth what its last observation is, which a step in
"NextStep", the default, returns. The step after that only resets; skrl learns from it as well.
"""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import torch
from skrl.agents.torch.ppo import PPO, PPO_CFG
from skrl.envs.wrappers.torch import wrap_env
from skrl.memories.torch import RandomMemory
from skrl.models.torch import CategoricalMixin, DeterministicMixin, Model
from skrl.trainers.torch import SequentialTrainer
from torch import Tensor, nn

import mesa_gym  # noqa: F401  (registers the ids)
from mesa_gym.scoring import score

ID, ENVS, STEPS = "MesaGym/CheeseCorner-v0", 64, 1536


def network(inputs: int, outputs: int) -> nn.Module:
    """An MLP."""
    return nn.Sequential(
        nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, outputs)
    )


class PolicyModel(CategoricalMixin, Model):
    """Scores of the actions."""

    def __init__(self, **spaces: object) -> None:
        Model.__init__(self, **spaces)
        CategoricalMixin.__init__(self)
        self.net = network(self.num_observations, self.num_actions)

    def compute(self, inputs: dict[str, Tensor], role: str) -> tuple[Tensor, dict[str, Tensor]]:
        """Scores (n, 5) of observations."""
        return self.net(inputs["observations"]), {}


class ValueModel(DeterministicMixin, Model):
    """The value: what is still to be earned."""

    def __init__(self, **spaces: object) -> None:
        Model.__init__(self, **spaces)
        DeterministicMixin.__init__(self)
        self.net = network(self.num_observations, 1)

    def compute(self, inputs: dict[str, Tensor], role: str) -> tuple[Tensor, dict[str, Tensor]]:
        """Values (n, 1) of observations."""
        return self.net(inputs["observations"]), {}


def main() -> None:
    """Train shortly and score."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    env = wrap_env(gym.make_vec(ID, ENVS, observation="centred"), verbose=False)
    spaces = {
        "observation_space": env.observation_space,
        "action_space": env.action_space,
        "device": "cpu",
    }
    models = {"policy": PolicyModel(**spaces), "value": ValueModel(**spaces)}
    config = PPO_CFG(
        rollouts=32,
        learning_epochs=4,
        mini_batches=4,
        learning_rate=1e-3,
        discount_factor=0.97,
        entropy_loss_scale=0.01,
        time_limit_bootstrap=True,
    )
    config.experiment.write_interval = config.experiment.checkpoint_interval = 0
    agent = PPO(
        models=models,
        memory=RandomMemory(memory_size=32, num_envs=ENVS, device="cpu"),
        cfg=config,
        **spaces,
    )
    trainer = SequentialTrainer(
        env=env,
        agents=agent,
        cfg={"timesteps": STEPS, "disable_progressbar": True, "close_environment_at_exit": True},
    )
    trainer.train()

    def policy(observations: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            rows = torch.from_numpy(observations).flatten(1).float()
            return models["policy"].net(rows).softmax(-1).numpy()

    card = score(policy, "CheeseCorner", levels=100, observation="centred", name="skrl")
    solved = card.read_number("test", "solved")
    print(f"after {STEPS * ENVS} steps: solved {solved:.2f}, {card.verdict}")


if __name__ == "__main__":
    main()
