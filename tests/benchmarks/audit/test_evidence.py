"""Evidence is what a tier says and no more, and shuffled networks compute the same."""

import numpy as np
import pytest
from subjects import make_subjects

from benchmarks.audit.evidence import TIERS, gather_evidence

SUBJECTS = make_subjects(7)
HANDED_OVER = {
    "behaviour": {"actions", "log_probabilities", "values", "curve"},
    "inside": {"actions", "log_probabilities", "values", "curve", "activations"},
    "weights": {"first", "first_bias", "second", "second_bias", "outputs", "outputs_bias"},
}


@pytest.mark.parametrize("tier", TIERS)
def test_a_tier_hands_over_what_it_says_and_no_more(tier):
    found = gather_evidence(SUBJECTS, tier, "x")
    assert {*found} == HANDED_OVER[tier]
    assert {len(array) for array in found.values()} == {7}


def compute(layers, inputs):
    """Return what networks compute of the same inputs, (n, outputs), by hand."""
    hidden = np.maximum(0, np.einsum("i,niu->nu", inputs, layers["first"])[:, None]
                        + layers["first_bias"])  # fmt: skip
    hidden = np.maximum(0, hidden @ layers["second"] + layers["second_bias"])
    return (hidden @ layers["outputs"] + layers["outputs_bias"])[:, 0]


def test_shuffled_networks_compute_the_same_of_shuffled_inputs():
    plain = {name: layer.astype(float) for name, layer in SUBJECTS.weights.items()}
    shuffled = gather_evidence(SUBJECTS, "weights", "x")
    # Where each input went: the order is the same in all agents.
    rows = [
        next(j for j in range(5) if sorted(plain["first"][0, i]) == sorted(shuffled["first"][0, j]))
        for i in range(5)
    ]
    assert sorted(rows) == list(range(5)) != rows
    inputs = np.random.default_rng(0).normal(size=5)
    moved = np.empty(5)
    moved[rows] = inputs
    mine = {name: layer.astype(float) for name, layer in shuffled.items()}
    np.testing.assert_allclose(compute(mine, moved), compute(plain, inputs), rtol=1e-9)


def test_hidden_units_have_another_order_in_each_agent_and_with_each_salt():
    same = make_subjects(1).take([0] * 6)
    one, other = (gather_evidence(same, "weights", salt)["second"] for salt in "xy")
    assert len({each.tobytes() for each in (*one, *other)}) == 12
    assert {tuple(np.sort(each.ravel())) for each in one} == {tuple(np.sort(other[0].ravel()))}
