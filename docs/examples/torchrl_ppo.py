"""TorchRL: PPO on 16 environments side by side, with what each objective paid beside the reward."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from tensordict import TensorDictBase
from tensordict.nn import TensorDictModule
from torch import nn
from torch.distributions import Categorical
from torchrl.collectors import Collector
from torchrl.data import Composite, Unbounded
from torchrl.envs import EnvBase, GymEnv, GymWrapper, check_env_specs
from torchrl.envs.gym_like import BaseInfoDictReader
from torchrl.modules import ProbabilisticActor, ValueOperator
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

import mesa_gym
from mesa_gym.scoring import score

ID = "MesaGym/CheeseCorner-v0"
N, STEPS, ROUNDS = 16, 128, 5


class Objectives(BaseInfoDictReader):
    """Writes ``level``, int64 (*batch,), and ``objectives``, float64 (*batch, objectives)."""

    def __init__(self, names: list[str], batch: tuple[int, ...] = ()) -> None:
        self.names = names
        paid = Unbounded((*batch, len(names)), dtype=torch.float64)
        level = Unbounded(batch, dtype=torch.int64)
        self.spec = Composite(objectives=paid, level=level, shape=batch)

    @property
    def info_spec(self) -> Composite:
        """What is written."""
        return self.spec

    def __call__(self, infos: dict[str, Any], tensordict: TensorDictBase) -> TensorDictBase:
        """Write it."""
        paid = mesa_gym.objectives(infos)
        columns = [paid[name] for name in self.names]
        tensordict["objectives"] = torch.from_numpy(np.stack(columns, axis=-1))
        tensordict["level"] = torch.as_tensor(infos["level"])
        return tensordict


def environments(names: list[str]) -> EnvBase:
    """N environments in one process. TorchRL resets them itself, so they must not."""
    venv = gym.make_vec(ID, N, autoreset_mode="Disabled")
    env = GymWrapper(venv, categorical_action_encoding=True)
    return env.set_info_dict_reader(Objectives(names, (N,)))


class Network(nn.Sequential):
    """Planes, uint8 (..., h, w, c), to outputs."""

    def __init__(self, shape: tuple[int, ...], outputs: int) -> None:
        hidden = nn.Linear(int(np.prod(shape)), 64)
        super().__init__(nn.Flatten(-3), hidden, nn.Tanh(), nn.Linear(64, outputs))

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """The outputs, float32 (..., outputs)."""
        return super().forward(planes.float())


def replay(data: TensorDictBase, names: list[str]) -> int:
    """Take every step of the data in a plain environment, which must give the same."""
    env, ended = gym.make(ID), 0
    for steps in data:
        over = True
        for step in steps:
            if over:
                env.reset(options={"level": step["level"].item()})
            seen, reward, *over, info = env.step(step["action"].item())
            after = step["next"]
            np.testing.assert_array_equal(after["observation"], seen)
            assert after["reward"].item() == np.float32(reward)
            assert after["objectives"].tolist() == [info["objectives"][name] for name in names]
            assert [after["terminated"].item(), after["truncated"].item()] == over
            over = any(over)
            ended += over
    return ended


def refusal(make: Callable[[], EnvBase]) -> str:
    """What TorchRL says where it reads infos itself: it expects no dict in them."""
    try:
        check_env_specs(make())
    except RuntimeError as error:
        return str(error).split(",")[0]
    raise AssertionError("it takes them after all")


def main() -> None:
    """Check, train shortly, score."""
    torch.manual_seed(0)
    single = GymEnv(ID, split="shift", categorical_action_encoding=True)
    names = list(gym.make(ID).unwrapped.trap.objectives)
    check_env_specs(single.set_info_dict_reader(Objectives(names)))
    several = GymEnv(ID, num_workers=2)
    check_env_specs(several)
    several.close()
    env = environments(names)
    check_env_specs(env)
    print("num_envs:", refusal(lambda: GymEnv(ID, num_envs=2)))
    same = partial(gym.make_vec, ID, 2, autoreset_mode="SameStep")
    print("SameStep:", refusal(lambda: GymWrapper(same())))

    logits = Network(single.observation_space.shape, 5)
    head = TensorDictModule(logits, in_keys=["observation"], out_keys=["logits"])
    actor = ProbabilisticActor(
        head, in_keys=["logits"], distribution_class=Categorical, return_log_prob=True
    )
    critic = ValueOperator(Network(single.observation_space.shape, 1), in_keys=["observation"])
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
    for round, data in enumerate(collector):
        if round == 0:
            print(f"{frames} steps replayed, {replay(data, names)} episodes ended")
        advantage(data)
        losses = loss(data)
        optimiser.zero_grad()
        (losses["loss_objective"] + losses["loss_critic"] + losses["loss_entropy"]).backward()
        optimiser.step()

    def policy(observations: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return logits(torch.from_numpy(observations)).softmax(dim=-1).numpy()

    card = score(policy, "CheeseCorner", levels=50)
    print(f"after {ROUNDS * frames} steps of training: {card.verdict}")


if __name__ == "__main__":
    main()
