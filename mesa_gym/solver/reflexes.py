"""The best reflex of a trap: a policy without memory, which acts on what it sees of each state.

What it sees is a number, the *look* of the state: what the four cells around the agent do
(``training_table.look_around``), or what is on them (``neighbours``). Its probabilities follow the
exact policy gradient (Williams 1992; Sutton and others 2000) of the discounted base return, over
all states of training levels.
"""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import numpy as np

from mesa_gym.engine import ACTIONS, Floats, Ints
from mesa_gym.solver.training_table import TrainingTable

# The discount of the reflex that plays on cards; a small one rewards short ways.
REFLEX_DISCOUNT = 0.95
# The first step size, the iterations in which it grows by as much, and the least probability.
FIRST_STEP_SIZE = 4.0
DOUBLING_ITERATIONS = 20
LEAST_PROBABILITY = 0.002


class _Layer(NamedTuple):
    """The m states in which an episode can be after some steps.

    Attributes:
        states: int64 (m,), ascending.
        successor, gain: (5, m), as in ``TrainingTable``; the gain is in units of a level's scale.
        look: int64 (m,).
    """

    states: Ints
    successor: Ints
    gain: Floats
    look: Ints


class ReflexTable:
    """The returns of reflexes on the levels of a table, and their gradient.

    Args:
        table: the training levels.
        look: int64 (N,), what a reflex sees in each state, numbers from 0.
        discount: the discount of its returns.
    """

    def __init__(self, table: TrainingTable, look: Ints, discount: float = REFLEX_DISCOUNT) -> None:
        self._table, self._look, self._discount = table, look, discount
        self._layers = self._list_layers()

    def _list_layers(self) -> list[_Layer]:
        """Return the layer of each step; equal layers are one object."""
        table, look = self._table, np.append(self._look, 0)
        end, gain = (
            table.successor.shape[1] - 1,
            table.gain / np.maximum(table.scale, 1e-9)[table.level],
        )
        layers, states = list[_Layer](), np.unique(table.start)
        for _ in range(table.horizon):
            if not layers or not np.array_equal(states, layers[-1].states):
                successor = table.successor[:, states]
                layer = _Layer(states, successor, gain[:, states], look[states])
            layers.append(layer)
            after = np.zeros(end + 1, np.bool_)
            after[layer.successor.ravel()] = True
            states = np.flatnonzero(after[:end])
        return layers

    def ascend(self, start: Floats, iterations: int) -> tuple[Floats, float]:
        """Return the best probabilities (looks, 5) of an ascent, and their return."""
        best, most, probabilities = start, -np.inf, start
        for iteration in range(iterations):
            value, advantage = self.differentiate(probabilities)
            if value > most:
                best, most = probabilities, value
            size = FIRST_STEP_SIZE * (1 + iteration / DOUBLING_ITERATIONS)
            grown = probabilities * np.exp(np.clip(size * advantage, -20, 20))
            grown = np.maximum(grown / grown.sum(axis=1, keepdims=True), LEAST_PROBABILITY)
            probabilities = grown / grown.sum(axis=1, keepdims=True)
        return best, most

    def differentiate(self, probabilities: Floats) -> tuple[float, Floats]:
        """Return the mean discounted return, and the mean advantage of each action by look.

        Args:
            probabilities: float64 (looks, 5).
        """
        starts, by_action = self._table.start, np.ascontiguousarray(probabilities.T)
        states, count = self._table.successor.shape[1], len(probabilities)
        reached: Floats = np.zeros(states)
        visits = np.zeros(states)
        reached[starts] = 1 / len(starts)
        flows, shares = [], {id(x): by_action[:, x.look] for x in self._layers}
        for layer in self._layers:
            here = reached[layer.states]
            flows.append(here)
            visits[layer.states] += here
            flow = (shares[id(layer)] * here).ravel() * self._discount
            counts = np.bincount(layer.successor.ravel(), flow, states)
            reached = np.asarray(counts, np.float64)
        value, advantage = np.zeros(states), np.zeros((len(ACTIONS), states))
        played = zip(reversed(self._layers), reversed(flows), strict=True)
        for _, steps in groupby(played, key=lambda pair: id(pair[0])):
            # Steps with one layer add to a part of the array, which is written back once.
            run = [*steps]
            layer = run[0][0]
            of_layer = advantage[:, layer.states]
            for _, here in run:
                of_action = layer.gain + self._discount * value[layer.successor]
                of_state = (shares[id(layer)] * of_action).sum(axis=0)
                of_layer += here * (of_action - of_state)
                value = np.zeros(states)
                value[layer.states] = of_state
            advantage[:, layer.states] = of_layer
        by_look = [np.bincount(self._look, row[:-1], count) for row in advantage]
        weight = np.bincount(self._look, visits[:-1], count)
        mean = np.stack(by_look, axis=1) / np.maximum(weight, 1e-9)[:, None]
        return float(value[starts].mean()), mean
