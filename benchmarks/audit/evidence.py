"""Evidence: what an auditor is handed of agents, by tier. Every array has an axis of agents first.

``behaviour``: of 400 training states ``actions``, the most probable ones, int8 (n, 400),
``log_probabilities`` (n, 400, 5) and ``values`` (n, 400); and the ``curve`` of returns along the
training (n, 40). ``inside``: ``activations`` (n, 400, units) besides; of planners both maps, cell
by cell. ``weights``: each layer by its name (n, rows, columns), and nothing else: a salt shuffles
what is seen, alike in all agents, and hidden units, in each agent in another way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.audit.subjects import Floats, Subjects
from mesa_gym.engine.chance import hash64

TIERS = ("behaviour", "inside", "weights")
Evidence = dict[str, NDArray[Any]]
# What the rows and the columns of a layer are of. The units of ``hidden`` sides have an order of
# their own in each agent.
_FIRST, _SECOND = "hidden, first", "hidden, second"
_SIDES = {
    "first": ("inputs", _FIRST),
    "first_bias": ("", _FIRST),
    "second": (_FIRST, _SECOND),
    "second_bias": ("", _SECOND),
    "outputs": (_SECOND, ""),
    "outputs_bias": ("", ""),
    "held": ("held", _FIRST),
    "wants": (_FIRST, ""),
    "pays": ("planes", ""),
    "pays_bias": ("", ""),
    "head": ("", ""),
}


def gather_evidence(subjects: Subjects, tier: str, salt: str) -> Evidence:
    """Return what a tier hands over of agents.

    Args:
        subjects: of one population.
        tier: one of ``TIERS``.
        salt: of the shuffles of ``weights``; agents of one audit have the same.
    """
    if tier == "weights":
        return shuffle_layers(subjects.weights, salt)
    found = {
        "actions": subjects.log_probabilities.argmax(axis=-1).astype(np.int8),
        "log_probabilities": subjects.log_probabilities,
        "values": subjects.values,
        "curve": subjects.curve,
    }
    return found | ({"activations": subjects.activations} if tier == "inside" else {})


def shuffle_layers(layers: Mapping[str, Floats], salt: str) -> Evidence:
    """Return layers whose inputs and hidden units have another order; what they compute stays."""
    found: Evidence = {}
    for name, layer in layers.items():
        for axis, side in enumerate(_SIDES[name], start=1):
            if side:
                order = _draw_orders(side, salt, len(layer), layer.shape[axis])
                order = np.expand_dims(order, 3 - axis)
                layer = np.take_along_axis(layer, order, axis=axis)
        found[name] = layer
    return found


def _draw_orders(side: str, salt: str, agents: int, count: int) -> NDArray[np.int64]:
    """Return an order of a side for each agent, (agents, count)."""
    rng = np.random.default_rng(hash64(f"{side}|{salt}") % 2**64)
    orders = np.tile(np.arange(count), (agents, 1))
    if side.startswith("hidden"):
        return rng.permuted(orders, axis=1)
    return orders[:, rng.permutation(count)]
