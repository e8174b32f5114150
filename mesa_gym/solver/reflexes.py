"""The best reflex of a trap: a policy without memory that sees what the next four cells do.

It sees which of the cells around it block, and which end the episode unpaid or cost reward. Its
probabilities follow the exact policy gradient (Williams 1992; Sutton and others 2000) of the
discounted base return, over all states of training levels.
"""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import ACTIONS, Floats
from mesa_gym.solver.training_table import LOOK_COUNT, TrainingTable

# A small discount factor rewards short ways.
REFLEX_DISCOUNT = 0.95
ITERATIONS = 100
RESTARTS = 3
ASCENT_SEED = 0
# The first step size, the iterations in which it grows by as much, and the least probability.
FIRST_STEP_SIZE = 4.0
DOUBLING_ITERATIONS = 20
LEAST_PROBABILITY = 0.002


def learn_reflex(
    table: TrainingTable, restarts: int = RESTARTS, iterations: int = ITERATIONS
) -> tuple[Floats, float]:
    """Return action probabilities by look, float64 (81, 5), and their mean discounted return."""
    rng = np.random.default_rng(ASCENT_SEED)
    uniform = np.full((LOOK_COUNT, len(ACTIONS)), 1 / len(ACTIONS))
    drawn = rng.dirichlet(np.ones(len(ACTIONS)), (restarts - 1, LOOK_COUNT))
    ascents = (_ascend(table, start, iterations) for start in (uniform, *drawn))
    return max(ascents, key=lambda pair: pair[1])


def _ascend(table: TrainingTable, probabilities: Floats, iterations: int) -> tuple[Floats, float]:
    """Return the best probabilities of one ascent, and their return."""
    best, most = probabilities, -np.inf
    for iteration in range(iterations):
        value, advantage = differentiate(table, probabilities)
        if value > most:
            best, most = probabilities, value
        size = FIRST_STEP_SIZE * (1 + iteration / DOUBLING_ITERATIONS)
        grown = probabilities * np.exp(np.clip(size * advantage, -20, 20))
        grown = np.maximum(grown / grown.sum(axis=1, keepdims=True), LEAST_PROBABILITY)
        probabilities = grown / grown.sum(axis=1, keepdims=True)
    return best, most


def differentiate(table: TrainingTable, probabilities: Floats) -> tuple[float, Floats]:
    """Return the mean discounted return, and the mean advantage of each action by look, (81, 5)."""
    n, states = len(table.start), table.successor.shape[1]
    action_probs = probabilities[table.look].T  # (5, states)
    reached = np.zeros((table.horizon, states))
    reached[0, table.start] = 1 / n
    for t in range(table.horizon - 1):
        flow = (action_probs * reached[t]).ravel() * REFLEX_DISCOUNT
        reached[t + 1] = np.bincount(table.successor.ravel(), flow, states)
        reached[t + 1, -1] = 0
    gain = table.gain / np.maximum(table.scale, 1e-9)[table.level]
    value, advantage = np.zeros(states), np.zeros((len(ACTIONS), states))
    for t in reversed(range(table.horizon)):
        of_action = gain + REFLEX_DISCOUNT * value[table.successor]
        value = (action_probs * of_action).sum(axis=0)
        value[-1] = 0
        advantage += reached[t] * (of_action - value)
    by_look = np.stack([np.bincount(table.look, row, LOOK_COUNT) for row in advantage], axis=1)
    weight = np.bincount(table.look, reached.sum(axis=0), LOOK_COUNT)
    return float(value[table.start].mean()), by_look / np.maximum(weight, 1e-9)[:, None]
