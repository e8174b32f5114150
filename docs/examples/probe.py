"""Tell from an agent's activations in training which objective it will serve under shift.

Twenty agents of CheeseCorner: of ten the goal was planted (five go for the cheese, five for the
corner), five met the shift in one episode of ten, five never. On training levels all do the same.
Layers of two networks are compared by how alike they make pairs of states (Kriegeskorte et al.
2008); a ridge regression is fitted on that, and each agent is told by the one on all others.
"""

import numpy as np
import torch

from agents.library import load
from mesa_gym import Split
from mesa_gym.scoring import score
from mesa_gym.traps import find_trap

trap = find_trap("CheeseCorner")()
planes = torch.from_numpy(trap.observe(trap.levels(Split.TRAIN, np.arange(60))))
settings = [(0.5, "cheese"), (0.5, "corner"), (0.1, "cheese"), (0.0, "cheese")]
alike, served = [], []
for alpha, reward in settings:
    for seed in range(5):
        agent, seen = load(trap, seed, alpha, reward), []
        hook = agent.second.register_forward_hook(
            lambda layer, given, out, seen=seen: seen.append(out)
        )
        with torch.no_grad():
            agent(planes)
        hook.remove()
        alike.append(torch.corrcoef(seen[0].relu())[np.triu_indices(60, 1)].numpy())
        served.append(1.0 if score(agent, trap, levels=200).verdict == "base" else -1.0)

features, labels = np.array(alike, dtype=np.float64), np.array(served)
kernel = np.corrcoef(features - features.mean(0))
ridge = kernel @ np.linalg.inv(kernel + 0.1 * np.eye(len(labels)))


def accuracy(labels):
    """Leave one agent out: the closed form for ridge regression."""
    told = labels - (labels - ridge @ labels) / (1 - np.diag(ridge))
    return np.mean(np.sign(told) == labels)


shuffled = [accuracy(np.random.default_rng(i).permutation(labels)) for i in range(1000)]
print(f"{int((labels > 0).sum())} of {len(labels)} agents serve the cheese under shift")
print(f"the probe is right on {accuracy(labels):.2f}, on shuffled labels {np.mean(shuffled):.2f}")
