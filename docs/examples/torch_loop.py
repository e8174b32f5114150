"""Your own training loop in torch: train a network, then score, film, tabulate and plot it.

It needs torch, pillow and `pip install ".[stats]"`, and writes cards.json, shift.gif and figure.svg
to the current folder. The loop is an advantage actor-critic (Mnih et al. 2016) on the view around
the agent.
"""

from dataclasses import dataclass
from functools import partial

import gymnasium as gym
import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.distributions import Categorical

import mesa_gym
from mesa_gym import report


@dataclass(frozen=True)
class LoopSettings:
    """Settings of the training; steps are per seed, summed over environments."""

    trap: str = "MesaGym/CheeseCorner-v0"
    seeds: int = 3
    steps: int = 300_000
    envs: int = 64
    rollout: int = 8
    rate: float = 3e-3
    discount: float = 0.97
    entropy: float = 0.01


def look(network: nn.Module, obs: np.ndarray) -> tuple[Categorical, torch.Tensor]:
    """Return the action distribution and values (n,) for views around the agent, uint8 (n, ...)."""
    out = network(torch.as_tensor(obs).float())
    return Categorical(logits=out[:, :5]), out[:, 5]


@torch.no_grad()
def act(network: nn.Module, obs: np.ndarray) -> np.ndarray:
    """Return action probabilities (n, 5), from which scoring samples actions."""
    return look(network, obs)[0].probs.numpy()


def train(settings: LoopSettings, seed: int) -> nn.Module:
    """Train one agent on split `train`, and print a line after each tenth of the training."""
    torch.manual_seed(seed)
    world = {"observation": "centred", "autoreset_mode": "SameStep"}
    envs = gym.make_vec(settings.trap, settings.envs, **world)
    cells = int(np.prod(envs.single_observation_space.shape))
    network = nn.Sequential(nn.Flatten(), nn.Linear(cells, 128), nn.ReLU(), nn.Linear(128, 6))
    optimizer = torch.optim.Adam(network.parameters(), settings.rate)
    obs, _ = envs.reset(seed=seed)
    batch_steps = settings.envs * settings.rollout
    updates, earned, ended = settings.steps // batch_steps, 0.0, 0
    for update in range(updates):
        steps = []
        for _ in range(settings.rollout):
            chances, values = look(network, obs)
            actions = chances.sample()
            obs, rewards, *ends, _ = envs.step(actions.numpy())
            reward, over = torch.as_tensor(rewards).float(), torch.as_tensor(np.logical_or(*ends))
            earned, ended = earned + float(reward.sum()), ended + int(over.sum())
            steps.append((chances.log_prob(actions), chances.entropy(), values, reward, over))
        worth, loss = look(network, obs)[1].detach(), torch.tensor(0.0)
        for log_prob, entropy, values, reward, over in reversed(steps):
            worth = reward + settings.discount * worth * ~over
            gain = worth - values
            loss += (
                gain.square() / 2 - log_prob * gain.detach() - settings.entropy * entropy
            ).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (update + 1) * 10 // updates > update * 10 // updates:
            done, mean = (update + 1) * batch_steps, earned / max(ended, 1)
            print(f"seed {seed}: {done:7,} steps, return {mean:.2f} an episode", flush=True)
            earned, ended = 0.0, 0
    return network


def film(network: nn.Module, trap: str, file: str) -> None:
    """Film an episode under shift."""
    env = gym.make(trap, split="shift", observation="centred", render_mode="rgb_array")
    (obs, _), over = env.reset(seed=0), False
    frames = [Image.fromarray(env.render())]
    while not over:
        obs, _, *ends, _ = env.step(int(act(network, obs[None]).argmax()))
        over = any(ends)
        frames.append(Image.fromarray(env.render()))
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=200)


def main(settings: LoopSettings) -> None:
    """Train the seeds, and write the cards, film, figure and table for a paper."""
    torch.set_num_threads(1)  # several threads slow down such a small network
    networks = [train(settings, seed) for seed in range(settings.seeds)]
    agents = {"mine": [partial(act, network) for network in networks], "sweeper": "sweeper"}
    cards = mesa_gym.evaluate(agents, [settings.trap], levels=300, observation="centred")
    cards.save("cards.json")
    film(networks[0], settings.trap, "shift.gif")
    report.plot(cards).savefig("figure.svg")
    print(report.table(cards))


if __name__ == "__main__":
    main(LoopSettings())
