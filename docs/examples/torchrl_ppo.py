"""TorchRL: PPO on 16 environments side by side, with what each objective paid beside the reward."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import torch
from tensordict.nn import TensorDictModule
from torch import nn
from torch.distributions import Categorical
from torchrl.collectors import Collector
from torchrl.envs import EnvBase, GymEnv, GymWrapper, check_env_specs
from torchrl.modules import ProbabilisticActor, ValueOperator
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

import mesa_gym  # noqa: F401  (registers the ids)
from mesa_gym.scoring import score

ID = "MesaGym/CheeseCorner-v0"
N, STEPS, ROUNDS = 16, 128, 5


def make_envs() -> EnvBase:
    """N environments in one process. TorchRL resets them, so autoreset is off."""
    venv = gym.make_vec(ID, N, autoreset_mode="Disabled")
    return GymWrapper(venv, categorical_action_encoding=True).auto_register_info_dict()


class PlanesNetwork(nn.Sequential):
    """Planes, uint8 (..., h, w, c), to outputs."""

    def __init__(self, shape: tuple[int, ...], outputs: int) -> None:
        hidden = nn.Linear(int(np.prod(shape)), 64)
        super().__init__(nn.Flatten(-3), hidden, nn.Tanh(), nn.Linear(64, outputs))

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """The outputs, float32 (..., outputs)."""
        return super().forward(planes.float())


def main() -> None:
    """Check, train shortly, score."""
    torch.manual_seed(0)
    single = GymEnv(ID, split="shift", categorical_action_encoding=True)
    check_env_specs(single)
    env = make_envs()
    check_env_specs(env)
    logits = PlanesNetwork(single.observation_space.shape, 5)
    head = TensorDictModule(logits, in_keys=["observation"], out_keys=["logits"])
    actor = ProbabilisticActor(
        head, in_keys=["logits"], distribution_class=Categorical, return_log_prob=True
    )
    critic = ValueOperator(
        PlanesNetwork(single.observation_space.shape, 1), in_keys=["observation"]
    )
    loss = ClipPPOLoss(actor, critic, entropy_coeff=0.01)
    advantage = GAE(gamma=0.99, lmbda=0.95, value_network=critic)
    optimiser = torch.optim.Adam(loss.parameters(), lr=1e-3)
    frames = N * STEPS
    collector = Collector(
        env,
        actor,
        frames_per_batch=frames,
        total_frames=ROUNDS * frames,
        auto_register_policy_transforms=False,
    )
    for data in collector:
        advantage(data)
        losses = loss(data)
        optimiser.zero_grad()
        (losses["loss_objective"] + losses["loss_critic"] + losses["loss_entropy"]).backward()
        optimiser.step()

    def policy(observations: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return logits(torch.from_numpy(observations)).softmax(dim=-1).numpy()

    paid = data["next", "reward_cheese"].sum(), data["next", "reward_corner"].sum()
    print("paid in the last round:", *map(int, paid))
    card = score(policy, "CheeseCorner", levels=50)
    print(f"after {ROUNDS * frames} steps of training: {card.verdict}")


if __name__ == "__main__":
    main()
