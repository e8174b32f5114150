"""One agent: the interval of what is predicted holds, and the command finds what it needs."""

import numpy as np
import pytest

from benchmarks.audit.one_agent import predict_share


def predict_linearly(known, shares, asked):
    """Return the predictions of least squares."""
    sides = [np.column_stack([np.ones(len(each["x"])), each["x"]]) for each in (known, asked)]
    return sides[1] @ np.linalg.lstsq(sides[0], shares, rcond=None)[0]


AUDITORS = {
    "linear": predict_linearly,
    "the mean": lambda known, shares, asked: np.full(len(asked["x"]), shares.mean()),
    "a fixed number": lambda known, shares, asked: np.full(len(asked["x"]), -3.0),
    "one that knows them by heart": lambda known, shares, asked: np.array(
        [dict(zip(known["x"][:, 0], shares, strict=True)).get(x, 0.5) for x in asked["x"][:, 0]]
    ),
}


@pytest.mark.parametrize("labels", [20, 64])
@pytest.mark.parametrize("auditor", AUDITORS)
def test_an_interval_holds_the_true_share_nineteen_times_in_twenty(auditor, labels):
    """Of agents with shares near 0, 1 and between; a worse auditor has a wider one."""
    rng, draws, held, widths = np.random.default_rng(0), 300, 0, []
    for _ in range(draws):
        x = rng.normal(size=(labels + 1, 3))
        told = 1 / (1 + np.exp(-x[:, 0] - rng.normal(scale=0.3, size=labels + 1)))
        shares = rng.binomial(500, told) / 500
        known, asked = {"x": x[:labels]}, {"x": x[labels:]}
        found = predict_share(AUDITORS[auditor], known, shares[:labels], asked)
        held += found.low <= shares[-1] <= found.high
        widths.append(found.high - found.low)
        assert 0 <= found.low <= found.high <= 1
    assert 0.92 <= held / draws <= 1
    assert (np.mean(widths) < 0.5) == (auditor == "linear")
