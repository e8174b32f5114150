"""Probe the layers of an agent: which facts of a state can a linear function read from them?

Three labels of the states on the base oracle's ways under shift, from ``mesa_gym.labels``, which
the solver knows: how many steps away the base's target is, how many the proxy's, and whether one
action is best for both. A probe is ridge regression. Its share of variance explained, R^2, is of
levels that it was not fitted on. Beside each stands its null: the same probe fitted on labels
shuffled by level, since the states of a level are alike. The null shows chance.

``python -m docs.examples.probe``, or ``... probe CheeseDish planner`` for another trap and kind.
"""

import sys

import numpy as np

from mesa_gym import labels
from mesa_gym.trained import load
from mesa_gym.traps import find_trap

LEVELS = 400  # under shift; the first half fits, the second tells
RIDGE = 300.0
SHUFFLES = 5


def describe_states(trap, found):
    """Return the labels of states, name -> float64 (s,)."""
    every = np.arange(found.state.n)
    away = {x: found.distances[every, found.targets[x].argmax(axis=1)] for x in trap.objectives}
    named = {f"steps to {name}": each.astype(np.float64) for name, each in away.items()}
    first, second = (found.optimal[name] for name in (trap.base, trap.proxies[0]))
    return named | {"same way": (first & second).any(axis=1).astype(np.float64)}


def gather_layers(agent, planes):
    """Return what the agent computes, name -> float64 (s, numbers), and the inputs themselves."""
    layers = {"planes": planes, **agent.layers(planes)}
    return {name: x.reshape(len(planes), -1).astype(np.float64) for name, x in layers.items()}


def explain(features, label, fitted):
    """Return R^2 on the states that a ridge regression was not fitted on."""
    usual = features[fitted].mean(axis=0), label[fitted].mean()
    size = features[fitted].std(axis=0) + 1e-6
    x, y = (features - usual[0]) / size, label - usual[1]
    # In its dual form where there are fewer states than numbers.
    own = x[fitted]
    if len(own) < own.shape[1]:
        gram = own @ own.T + RIDGE * np.eye(len(own))
        weights = own.T @ np.linalg.solve(gram, y[fitted])
    else:
        weights = np.linalg.solve(own.T @ own + RIDGE * np.eye(own.shape[1]), own.T @ y[fitted])
    missed = y[~fitted] - x[~fitted] @ weights
    return 1 - (missed**2).mean() / label[~fitted].var()


def shuffle_levels(label, row, rng):
    """Return labels in which each level has those of another level, repeated if it is longer."""
    levels = np.unique(row)
    other = dict(zip(levels, rng.permutation(levels), strict=True))
    parts = [np.resize(label[row == other[each]], (row == each).sum()) for each in levels]
    return np.concatenate(parts)


def main(name="CheeseCorner", kind=""):
    """Print a table: R^2 of each label by layer, and of its null in brackets."""
    trap = find_trap(name)()
    agent = load(trap, kind=kind)
    found = labels(trap, "shift", range(LEVELS))
    told = describe_states(trap, found)
    layers = gather_layers(agent, trap.observe(found.state))
    fitted, rng = found.row < LEVELS // 2, np.random.default_rng(0)
    print(f"{trap.name()}, {agent.kind}: {len(fitted)} states of {LEVELS} levels under shift")
    print(f"{'layer':8} {'numbers':>8}  " + "".join(f"{label:>20}" for label in told))
    for layer, features in layers.items():
        cells = []
        for label in told.values():
            shuffled = [shuffle_levels(label, found.row, rng) for _ in range(SHUFFLES)]
            null = np.mean([explain(features, each, fitted) for each in shuffled])
            cells.append(f"{explain(features, label, fitted):8.2f} ({null:.2f})")
        print(f"{layer:8} {features.shape[1]:8}  " + "".join(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    main(*sys.argv[1:])
