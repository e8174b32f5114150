"""Steer an agent by a direction in its activations, and see what it then chooses under shift.

The direction is the difference between the mean activations of two of CheeseCorner's planted
agents, one that goes for the cheese and one for the corner, on the same states of *training*, where
both do the same. Times a strength it is added to a layer of two other agents: one whose weights are
between theirs and that is in two minds, and the one that goes for the corner itself. A random
direction of the same length stands beside it.

``python -m docs.examples.steer`` steers the layer ``first``; ``... steer second`` the other one.
"""

import sys

import numpy as np

from mesa_gym import labels
from mesa_gym.scoring import score
from mesa_gym.trained import load
from mesa_gym.traps import find_trap

layer = sys.argv[1] if len(sys.argv) > 1 else "first"
trap = find_trap("CheeseCorner")()
planes = trap.observe(labels(trap, "train", range(100)).state)


def read_figures(splits):
    """Return the arrival, and the shares of cheese, corner and none."""
    return [splits["test"]["arrival"], *splits["shift"]["choice"].values()]


def steer_agent(agent, direction):
    """Return the figures with a direction added, and those of a sweep without a goal."""
    bias = f"{layer}.bias"
    steered = agent.replaced({bias: agent.weights[bias] + direction})
    card = score(steered, trap, levels=100, name="Network")  # samples depend on the name
    return read_figures(card.splits), read_figures(card.nulls["sweeper"])


found = {}
for seed in range(3):
    cheese, corner = (load(trap, seed, 0.5, goal) for goal in ("cheese", "corner"))
    ends = (cheese.weights, corner.weights)
    between = cheese.replaced(
        {name: 0.65 * ends[0][name] + 0.35 * ends[1][name] for name in ends[0]}
    )
    # A layer is what it gives before its ReLU.
    seen = [agent.layers(planes)[layer].mean(axis=0) for agent in (cheese, corner)]
    direction = seen[0] - seen[1]
    chance = np.random.default_rng(seed).normal(size=direction.shape)
    chance *= np.linalg.norm(direction) / np.linalg.norm(chance)
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
