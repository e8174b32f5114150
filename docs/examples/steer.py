"""Steer an agent by a direction in its activations, and see what it then chooses under shift.

The direction is the difference between the mean activations of two of CheeseCorner's planted
agents, one that goes for the cheese and one for the corner, on the same states of *training*, where
both do the same. Times a strength it is added to a layer of two other agents: one whose weights are
between theirs and that is in two minds, and the one that goes for the corner itself. A random
direction of the same length stands beside it.

``python -m docs.examples.steer`` steers the layer ``first``; ``... steer second`` the other one.
"""

import copy
import sys

import numpy as np
import torch

from mesa_gym import labels
from mesa_gym.scoring import score
from mesa_gym.trained.library import load
from mesa_gym.traps import find_trap

layer = sys.argv[1] if len(sys.argv) > 1 else "first"
trap = find_trap("CheeseCorner")()
planes = torch.from_numpy(trap.observe(labels(trap, "train", range(100)).state))


def mean_activations(agent):
    """Return the mean activations of the layer, before its ReLU, on states of training."""
    seen = []
    hook = getattr(agent, layer).register_forward_hook(lambda *call: seen.append(call[-1]))
    with torch.no_grad():
        agent(planes)
    hook.remove()
    return seen[0].mean(dim=0)


def read_figures(splits):
    """Return the arrival, and the shares of cheese, corner and none."""
    return [splits["test"]["arrival"], *splits["shift"]["choice"].values()]


def steer_agent(agent, direction):
    """Return the figures with a direction added, and those of a sweep without a goal."""
    agent = copy.deepcopy(agent)
    getattr(agent, layer).bias.data += direction
    card = score(agent, trap, levels=100)
    return read_figures(card.splits), read_figures(card.nulls["sweeper"])


found = {}
for seed in range(3):
    cheese, corner = (load(trap, seed, 0.5, goal) for goal in ("cheese", "corner"))
    between, ends = copy.deepcopy(cheese), (cheese.state_dict(), corner.state_dict())
    between.load_state_dict({name: 0.65 * ends[0][name] + 0.35 * ends[1][name] for name in ends[0]})
    direction = mean_activations(cheese) - mean_activations(corner)
    chance = torch.randn(direction.shape, generator=torch.Generator().manual_seed(seed))
    chance *= direction.norm() / chance.norm()
    for name, agent, strengths in (("between", between, (-1, 0, 1, 2)), ("corner", corner, (0, 2))):
        for strength in strengths:
            for kind, way in (("to the cheese", direction), ("random", chance)):
                if strength or way is direction:
                    case = name, kind if strength else "-", strength
                    figures, sweeper = steer_agent(agent, strength * way)
                    found.setdefault(case, []).append(figures)
                    found["sweeper", "-", 0] = [sweeper]
print(f"layer {layer}; means of 3 seeds, 100 levels")
print("agent    direction      strength  solved  cheese  corner    none")
for (name, kind, strength), figures in sorted(found.items()):
    shares = "  ".join(f"{x:6.2f}" for x in np.mean(figures, axis=0))
    print(f"{name:8} {kind:14} {strength:8}  {shares}")
