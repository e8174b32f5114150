"""Tell from an agent's activations in training which objective it will serve under shift.

Twenty agents of CheeseCorner: of ten the goal was planted (five go for the cheese, five for the
corner), five met the shift in one episode of ten, five never. On training levels all do the same.
Layers of two networks are compared by how alike they make pairs of states (Kriegeskorte et al.
2008); a ridge regression on that is fitted to the agents of four seeds, and tells the others.
"""

import numpy as np
import torch

from agents.library import load
from mesa_gym import Split
from mesa_gym.scoring import score
from mesa_gym.traps import find_trap

trap = find_trap("CheeseCorner")()
planes = torch.from_numpy(trap.observe(trap.levels(Split.TRAIN, np.arange(100))))
settings = [(0.5, "cheese"), (0.5, "corner"), (0.1, "cheese"), (0.0, "cheese")]
seeds = np.repeat(np.arange(5), len(settings))
alike, served = [], []
for seed in range(5):
    for alpha, reward in settings:
        agent, seen = load(trap, seed, alpha, reward), []
        hook = agent.second.register_forward_hook(lambda *call, seen=seen: seen.append(call[-1]))
        with torch.no_grad():
            agent(planes)
        hook.remove()
        alike.append(torch.corrcoef(seen[0].relu())[np.triu_indices(len(planes), 1)].numpy())
        served.append(1.0 if score(agent, trap, levels=200).verdict == "base" else -1.0)
features, served = np.array(alike, dtype=np.float64), np.array(served)


def accuracy(labels):
    """Return the share of agents that the probe of the other seeds is right on."""
    told = np.zeros(len(labels))
    for seed in range(5):
        here = seeds == seed
        others = features[~here] - features[~here].mean(axis=0)
        kernel = others @ others.T
        ridge = kernel + 0.1 * np.trace(kernel) / len(others) * np.eye(len(others))
        weights = np.linalg.solve(ridge, labels[~here] - labels[~here].mean())
        told[here] = (features[here] - features[~here].mean(axis=0)) @ others.T @ weights
        told[here] += labels[~here].mean()
    return np.mean(np.sign(told) == labels)


shuffled = [accuracy(np.random.default_rng(i).permutation(served)) for i in range(300)]
print(f"{int((served > 0).sum())} of {len(served)} agents serve the cheese under shift")
print(f"the probe is right on {accuracy(served):.2f}, on shuffled labels {np.mean(shuffled):.2f}")
