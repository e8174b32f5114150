"""PPO in a single file, in CleanRL's manner: an MLP that reads vectors, on any Gymnasium id.

Training needs two things of mesa_gym: `import mesa_gym`, which registers the ids, and an id.
`-Flat` in the id makes the observation the vector that such scripts expect: the same function
trains on CartPole first. The agent trained on the trap is then scored.

It trains on Gymnasium's `SyncVectorEnv` over `gym.make` or, with `--make-vec`, on `gym.make_vec`.
Both reset in the next step: the step after an episode's end ignores its action and pays nothing, so
it is kept out of the loss. What it does start from is the last observation of the episode that
ended, whose value stands for the rest where the time limit cut an episode short.
"""

import argparse
import time
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import SyncVectorEnv, VectorEnv
from torch import Tensor, nn
from torch.distributions import Categorical

import mesa_gym  # noqa: F401  (registers the ids)
from mesa_gym.scoring import score

TRAP, BASE = "CheeseCorner", "cheese"
STEPS, ENVS, LENGTH, MINIBATCH, EPOCHS = 400_000, 128, 32, 1024, 4
GAMMA, LAMBDA, CLIP, ENTROPY, VALUE, LEARNING_RATE = 0.97, 0.95, 0.2, 0.01, 0.5, 2e-3


def make_envs(env_id: str, make_vec: bool) -> VectorEnv[Any, Any, Any]:
    """ENVS environments that report each finished episode."""
    if make_vec:
        return gym.wrappers.vector.RecordEpisodeStatistics(gym.make_vec(env_id, ENVS))
    return SyncVectorEnv(
        [lambda: gym.wrappers.RecordEpisodeStatistics(gym.make(env_id)) for _ in range(ENVS)]
    )


class Agent(nn.Module):
    """A network with two heads: action probabilities, and the value of what is seen."""

    def __init__(self, envs: VectorEnv[Any, Any, Any]) -> None:
        super().__init__()
        inputs, actions = envs.single_observation_space.shape, envs.single_action_space
        assert inputs is not None
        assert isinstance(actions, gym.spaces.Discrete)
        hidden = nn.Linear(int(np.prod(inputs)), 256)
        self.body = nn.Sequential(hidden, nn.ReLU(), nn.Linear(256, 128), nn.ReLU())
        self.policy, self.value = nn.Linear(128, int(actions.n)), nn.Linear(128, 1)
        nn.init.orthogonal_(self.policy.weight, 0.01)  # begin with nearly equal probabilities

    def forward(self, observations: Tensor) -> tuple[Categorical, Tensor]:
        """The policy and values (n,) for observations (n, inputs)."""
        features = self.body(observations.float())
        return Categorical(logits=self.policy(features)), self.value(features).squeeze(-1)


class Rollout(NamedTuple):
    """LENGTH steps of all environments: tensors (LENGTH, ENVS), values with one row more."""

    observations: Tensor
    actions: Tensor
    log_probs: Tensor
    values: Tensor
    rewards: Tensor
    terminated: Tensor
    done: Tensor
    resetting: Tensor  # the step only reset

    def advantages(self) -> Tensor:
        """Generalised advantage estimates; those of resetting steps mean nothing."""
        found, later = torch.zeros_like(self.rewards), torch.zeros_like(self.rewards[0])
        for t in reversed(range(len(found))):
            ahead = GAMMA * self.values[t + 1] * ~self.terminated[t]
            error = self.rewards[t] + ahead - self.values[t]
            found[t] = later = error + GAMMA * LAMBDA * later * ~self.done[t]
        return found


class Collector:
    """Steps the environments; keeps the returns of the episodes that ended."""

    def __init__(self, envs: VectorEnv[Any, Any, Any], seed: int) -> None:
        self.envs = envs
        self.observations = torch.from_numpy(envs.reset(seed=seed)[0])
        self.done = torch.zeros(ENVS, dtype=torch.bool)
        self.returns: list[float] = []

    @torch.no_grad()
    def collect(self, agent: Agent) -> Rollout:
        """The next LENGTH steps."""
        steps = []
        for _ in range(LENGTH):
            policy, values = agent(self.observations)
            actions = policy.sample()
            start = self.observations, actions, policy.log_prob(actions), values
            resetting = self.done
            seen, rewards, terminated, truncated, infos = self.envs.step(actions.numpy())
            if "episode" in infos:
                self.returns += infos["episode"]["r"][infos["_episode"]].tolist()
            self.observations = torch.from_numpy(seen)
            self.done = torch.from_numpy(terminated | truncated)
            paid, ended = torch.from_numpy(rewards).float(), torch.from_numpy(terminated)
            steps.append((*start, paid, ended, self.done, resetting))
        rollout = Rollout(*(torch.stack(column) for column in zip(*steps, strict=True)))
        last = agent(self.observations)[1]
        return rollout._replace(values=torch.cat([rollout.values, last[None]]))


def update(agent: Agent, optimizer: torch.optim.Optimizer, rollout: Rollout) -> None:
    """PPO's clipped updates on one rollout."""
    assert not rollout.rewards[rollout.resetting].any()
    advantages = rollout.advantages()
    targets = (advantages + rollout.values[:-1]).flatten()
    observations, gains = rollout.observations.flatten(0, 1), advantages.flatten()
    actions, log_probs = rollout.actions.flatten(), rollout.log_probs.flatten()
    live = (~rollout.resetting).flatten().nonzero().squeeze(1)
    for _ in range(EPOCHS):
        for rows in live[torch.randperm(len(live))].split(MINIBATCH):
            policy, values = agent(observations[rows])
            ratio = (policy.log_prob(actions[rows]) - log_probs[rows]).exp()
            gain = (gains[rows] - gains[rows].mean()) / (gains[rows].std(unbiased=False) + 1e-8)
            gained = torch.min(ratio * gain, ratio.clamp(1 - CLIP, 1 + CLIP) * gain).mean()
            missed = (values - targets[rows]).square().mean()
            loss = VALUE * missed - gained - ENTROPY * policy.entropy().mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            optimizer.step()


def train(env_id: str, steps: int, seed: int, make_vec: bool) -> tuple[Agent, float]:
    """Train an agent and print its learning curve; also returns the last mean return."""
    torch.manual_seed(seed)
    envs = make_envs(env_id, make_vec)
    agent = Agent(envs)
    optimizer = torch.optim.Adam(agent.parameters(), LEARNING_RATE, eps=1e-5)
    collector, start = Collector(envs, seed), time.perf_counter()
    rounds = max(10, steps // (ENVS * LENGTH))
    for done in range(1, rounds + 1):
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - (done - 1) / rounds)
        update(agent, optimizer, collector.collect(agent))
        if done * 10 // rounds > (done - 1) * 10 // rounds:
            earned, taken = float(np.mean(collector.returns)), done * ENVS * LENGTH
            rate = taken / (time.perf_counter() - start)
            print(
                f"{env_id} {taken:>9,} steps  return {earned:.3f}  {rate:,.0f} steps/s", flush=True
            )
            collector.returns.clear()
    envs.close()
    return agent, earned


def main() -> None:
    """Train on CartPole and on the trap, score, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--make-vec", action="store_true", help="environments stepped together")
    options = parser.parse_args()
    _, earned = train("CartPole-v1", options.steps // 4, options.seed, options.make_vec)
    assert earned > 50, "no better than acting at random, which earns 22"
    env_id = f"MesaGym/{TRAP}-Flat-v0"
    agent, earned = train(env_id, options.steps, options.seed, options.make_vec)
    assert options.steps < STEPS or earned >= 0.9, earned

    def policy(observations: np.ndarray) -> np.ndarray:
        """Action probabilities (n, 5) for vectors (n, inputs)."""
        with torch.no_grad():
            return agent(torch.from_numpy(observations))[0].probs.numpy()

    card = score(policy, TRAP, levels=200, observation="flat", name="cleanrl_ppo")
    for split in card.splits:
        found = card.read_each(split, "normalized_return")
        print(f"{split:>8}", {name: round(n, 2) for name, n in found.items()})
    print(f"verdict: {card.verdict}, confidence {card.confidence:.2f}")
    assert card.read_each("train", "normalized_return")[BASE] > 0, "no better than acting at random"


if __name__ == "__main__":
    main()
