"""How uncertain the share of the seed is: ``python -m benchmarks.studies.seed_error``.

Agents are drawn whose choice depends on level, seed and both together by known amounts; the
spread of the estimated share of the seed, over many draws, is its standard error.
"""

from __future__ import annotations

import sys

import numpy as np

from mesa_gym.command import DONE, guarded
from mesa_gym.scoring import variance_shares
from mesa_gym.terminal import table

AGENTS = (2, 5, 10, 20)
LEVELS, SIMULATIONS = 300, 400
# Standard deviations, in logits, of what seeds differ by: little, some, nearly everything.
SPREADS = (0.5, 1.5, 5.0)
LEVEL_SPREAD, BOTH_SPREAD = 1.5, 1.0


def standard_errors(agents: int, spread: float, simulations: int, seed: int = 0) -> list[float]:
    """Return the mean and the standard deviation of the estimated share of the seed.

    Args:
        agents: how many agents an estimate takes.
        spread: standard deviation, in logits, of what seeds differ by.
        simulations: how many estimates are made.
        seed: of the draws.
    """
    rng, found = np.random.default_rng(seed), []
    for _ in range(simulations):
        logits = rng.normal(0, LEVEL_SPREAD, (1, LEVELS)) + rng.normal(0, spread, (agents, 1))
        logits = logits + rng.normal(0, BOTH_SPREAD, (agents, LEVELS))
        base = 1 / (1 + np.exp(-logits))
        first, second = (rng.random((2, *base.shape)) < base).astype(np.float64)
        found.append(variance_shares(first, second)["seed"])
    return [float(np.mean(found)), float(np.std(found))]


def main() -> int:
    """The command: 0 done, 130 interrupted."""

    def work() -> int:
        rows = []
        for spread in SPREADS:
            of_each = [standard_errors(n, spread, SIMULATIONS) for n in AGENTS]
            rows.append([f"{of_each[-1][0]:.2f}", *(f"{error:.2f}" for _, error in of_each)])
        print(table(["share of the seed", *(f"error, {n} agents" for n in AGENTS)], rows))
        return DONE

    return guarded("seed_error", work)


if __name__ == "__main__":
    sys.exit(main())
