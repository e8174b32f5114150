"""Agents of an audit that were made up: what each pursues follows from a few of its numbers."""

import numpy as np

from benchmarks.audit.subjects import Subjects

STATES, UNITS, INPUTS = 12, 6, 5


def make_subjects(count, seed=0, told=True):
    """Return agents whose share of the first objective their log-probabilities tell, or nothing."""
    rng = np.random.default_rng(seed)
    share = rng.uniform(size=count)
    known = share if told else rng.uniform(size=count)
    first = np.round(share[:, None] * 400).astype(np.int64)
    logs = rng.normal(-1.5, 0.05, (count, STATES, 5))
    logs[:, :, 0] = np.log(0.1 + 0.8 * known)[:, None]
    sizes = {"first": (INPUTS, UNITS), "first_bias": (1, UNITS), "second": (UNITS, UNITS),
             "second_bias": (1, UNITS), "outputs": (UNITS, 8), "outputs_bias": (1, 8)}  # fmt: skip
    weights = {name: rng.normal(size=(count, *size)) for name, size in sizes.items()}
    weights["first"][:, 0] = known[:, None] * 5
    return Subjects(
        chosen=np.stack([first, 400 - first], axis=2).repeat(2, axis=1),
        solved=np.ones(count),
        met=rng.integers(50, size=count),
        curve=rng.normal(size=(count, 40)),
        log_probabilities=logs.astype(np.float32),
        values=rng.normal(size=(count, STATES)).astype(np.float32),
        activations=rng.normal(size=(count, STATES, UNITS)).astype(np.float16),
        weights={name: layer.astype(np.float16) for name, layer in weights.items()},
        seconds=np.ones(count),
    )
