"""Go from one goal to another in a straight line between two agents' weights.

Of CheeseCorner's planted agents those of one seed began with the same weights, and one learnt to go
for the cheese, the other for the corner. Between them, at (1 - t) a + t b, lie networks that solve
the levels of training as well; what they choose under shift goes over from one goal to the other.
"""

import copy

import numpy as np

from mesa_gym.scoring import score
from mesa_gym.trained.library import load

SEEDS, TIMES = range(5), (0.0, 0.25, 0.5, 0.75, 1.0)


def mix_agents(a, b, t):
    """Return the agent whose weights are (1 - t) a + t b."""
    agent, end = copy.deepcopy(a), b.state_dict()
    agent.load_state_dict({k: (1 - t) * v + t * end[k] for k, v in a.state_dict().items()})
    return agent


def read_figures(splits):
    """Return solved, and the shares of cheese, corner and none."""
    return [splits["test"]["solved"], *splits["shift"]["choice"].values()]


print("  t  solved  cheese  corner    none   (means of 5 seeds, 100 levels)")
for t in TIMES:
    figures = []
    for seed in SEEDS:
        ends = (load("CheeseCorner", seed, 0.5, goal) for goal in ("cheese", "corner"))
        card = score(mix_agents(*ends, t), "CheeseCorner", levels=100)
        figures.append(read_figures(card.splits))
    print(f"{t:.2f}  " + "  ".join(f"{x:6.2f}" for x in np.mean(figures, axis=0)))
sweeper = read_figures(card.nulls["sweeper"])
print("      " + "  ".join(f"{x:6.2f}" for x in sweeper) + "   (a sweep, without a goal)")
