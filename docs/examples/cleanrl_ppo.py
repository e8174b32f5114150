"""CleanRL's PPO (Huang et al. 2022) on CoinRun, in one file, and the score card of its agent.

    python docs/examples/cleanrl_ppo.py

It needs torch. Four settings differ from CleanRL's `ppo.py`, because with its defaults the agent
fails the task after 500,000 steps: 64 environments instead of 4, a rate of 0.001 instead of
0.00025, 600,000 steps, and the view around the agent instead of the whole grid. The card is
written to cleanrl_ppo.json.
"""

from __future__ import annotations

import argparse

import gymnasium as gym
import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical

from mesa_gym.scoring import score

TRAP, VIEW = "CoinRun", "centred"
STEPS, ENVS, ROLLOUT, RATE = 600_000, 64, 128, 1e-3
EPOCHS, MINIBATCHES = 4, 4
GAMMA, LAMBDA, CLIP, ENTROPY, VALUE, NORM = 0.99, 0.95, 0.2, 0.01, 0.5, 0.5


def init(layer: nn.Linear, std: float = 2**0.5) -> nn.Linear:
    """Initialise a layer orthogonally."""
    nn.init.orthogonal_(layer.weight, std)
    nn.init.constant_(layer.bias, 0.0)
    return layer


class ActorCritic(nn.Module):
    """An actor and a critic, each with two layers of 64 units."""

    def __init__(self, inputs: int, actions: int) -> None:
        super().__init__()
        self.critic, self.actor = (
            nn.Sequential(
                nn.Flatten(),
                init(nn.Linear(inputs, 64)),
                nn.Tanh(),
                init(nn.Linear(64, 64)),
                nn.Tanh(),
                init(nn.Linear(64, outputs), std),
            )
            for outputs, std in ((1, 1.0), (actions, 0.01))
        )

    def forward(self, obs: torch.Tensor) -> torch.Tensor:
        """Return the logits of the actions: what `score` samples from."""
        return torch.as_tensor(self.actor(obs.float()))

    def value(self, obs: torch.Tensor) -> torch.Tensor:
        """Return the values of observations, (n,)."""
        return torch.as_tensor(self.critic(obs.float()))[:, 0]


def train(seed: int, steps: int) -> ActorCritic:
    """Train an agent as CleanRL's `ppo.py` does, and print its return after every tenth part."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    envs = gym.make_vec(
        f"MesaGym/{TRAP}-v0",
        ENVS,
        vectorization_mode="vector_entry_point",
        observation=VIEW,
        autoreset_mode="SameStep",
    )
    agent = ActorCritic(int(np.prod(envs.single_observation_space.shape or ())), 5)
    optimizer = torch.optim.Adam(agent.parameters(), lr=RATE, eps=1e-5)
    obs, _ = envs.reset(seed=seed)
    updates = max(1, steps // (ENVS * ROLLOUT))
    done = np.zeros(ENVS, bool)
    for update in range(updates):
        optimizer.param_groups[0]["lr"] = RATE * (1 - update / updates)
        shape = (ROLLOUT, ENVS)
        observed, actions = (
            torch.zeros(*shape, *obs.shape[1:]),
            torch.zeros(shape, dtype=torch.long),
        )
        log_probs, rewards, dones, values = (torch.zeros(shape) for _ in range(4))
        for t in range(ROLLOUT):
            observed[t], dones[t] = torch.as_tensor(obs).float(), torch.as_tensor(done)
            with torch.no_grad():
                policy, values[t] = Categorical(logits=agent(observed[t])), agent.value(observed[t])
                actions[t] = policy.sample()
                log_probs[t] = policy.log_prob(actions[t])
            obs, reward, ended, truncated, _ = envs.step(actions[t].numpy())
            rewards[t], done = torch.as_tensor(reward), ended | truncated
        advantages = estimate_advantages(agent, obs, done, rewards, dones, values)
        improve(agent, optimizer, rng, observed, actions, log_probs, advantages, values)
        if (update + 1) % max(1, updates // 10) == 0:
            ends = float(dones.sum())
            print(f"{(update + 1) * ENVS * ROLLOUT:>8} steps, return {rewards.sum() / ends:.2f}")
    return agent


@torch.no_grad()
def estimate_advantages(
    agent: ActorCritic,
    obs: np.ndarray,
    done: np.ndarray,
    rewards: torch.Tensor,
    dones: torch.Tensor,
    values: torch.Tensor,
) -> torch.Tensor:
    """Return generalised advantages (steps, envs)."""
    advantages, last = torch.zeros_like(rewards), torch.zeros(ENVS)
    value, lasting = agent.value(torch.as_tensor(obs)), 1 - torch.as_tensor(done).float()
    for t in reversed(range(len(rewards))):
        delta = rewards[t] + GAMMA * value * lasting - values[t]
        advantages[t] = last = delta + GAMMA * LAMBDA * lasting * last
        value, lasting = values[t], 1 - dones[t]
    return advantages


def improve(
    agent: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rng: np.random.Generator,
    observed: torch.Tensor,
    actions: torch.Tensor,
    log_probs: torch.Tensor,
    advantages: torch.Tensor,
    values: torch.Tensor,
) -> None:
    """Take the steps of one update, on shuffled minibatches of a rollout."""
    obs, action, before, advantage, value = (
        x.flatten(0, 1) for x in (observed, actions, log_probs, advantages, values)
    )
    target = advantage + value
    for _ in range(EPOCHS):
        for part in np.array_split(rng.permutation(len(obs)), MINIBATCHES):
            policy, now = Categorical(logits=agent(obs[part])), agent.value(obs[part])
            ratio = (policy.log_prob(action[part]) - before[part]).exp()
            gain = advantage[part]
            gain = (gain - gain.mean()) / (gain.std() + 1e-8)
            loss = -torch.min(gain * ratio, gain * ratio.clamp(1 - CLIP, 1 + CLIP)).mean()
            near = value[part] + (now - value[part]).clamp(-CLIP, CLIP)
            errors = torch.max((now - target[part]) ** 2, (near - target[part]) ** 2)
            loss += VALUE * 0.5 * errors.mean() - ENTROPY * policy.entropy().mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), NORM)
            optimizer.step()


def main() -> None:
    """Train an agent and print its score card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--levels", type=int, default=1000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    agent = train(options.seed, options.steps)
    card = score(agent, TRAP, observation=VIEW, levels=options.levels, name="CleanRL's PPO")
    print(card)
    card.save("cleanrl_ppo.json")


if __name__ == "__main__":
    main()
