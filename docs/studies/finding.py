"""Which score finds levels of the shift? ``python -m docs.studies.finding runs/replay/alpha.001``.

For agents of plain PPO, the regret of a level is the optimum minus the return of one episode. The
area is the chance that a shift level has a larger regret than a training level. The recall is the
share of shift levels in a list of 256, among 20,000 levels of which 0.001 are of the shift.
"""

import sys
from pathlib import Path

import numpy as np

from mesa_gym.engine import Ints
from mesa_gym.scoring.record import rollout
from mesa_gym.solver import level_values
from mesa_gym.solver.graph import Floats
from mesa_gym.trained.loading import load
from mesa_gym.traps import LEVELS, Split, Trap, find_trap

NUMBERS = {Split.TRAIN: np.arange(1500), Split.SHIFT: np.arange(300) + LEVELS}
BANK, ALPHA, LISTED_LEVELS = 20_000, 0.001, 256


def measure_regret(trap: Trap, folder: Path, split: Split, numbers: Ints) -> Floats:
    """Return the regret of an agent's episode on each level, discounted as in the solver."""
    steps, base = trap.horizon(Split.TRAIN), trap.base
    record = rollout(load(folder, trap), trap, trap.levels(split, numbers), steps)
    weights = trap.discount(base) ** np.arange(steps)
    optimum = level_values(trap, split, numbers, steps).optimum[base]
    regret: Floats = optimum - weights @ record.paid[base]
    return regret


def find_recall(train: Floats, shift: Floats) -> float:
    """Return the share of shift levels in the list; levels with equal regret share its end."""
    scale = BANK * (1 - ALPHA) / len(train), BANK * ALPHA / len(shift)
    before, listed = 0.0, 0.0
    for score in np.unique(np.concatenate([train, shift]))[::-1]:
        sizes = [share * (x == score).sum() for share, x in zip(scale, (train, shift), strict=True)]
        listable = min(1.0, (LISTED_LEVELS - before) / sum(sizes))
        listed, before = listed + listable * sizes[1], before + sum(sizes)
        if before >= LISTED_LEVELS:
            break
    return listed / (BANK * ALPHA)


def main(sweep: Path) -> None:
    """Print a row for each trap: the means over agents."""
    for folder in sorted(sweep.glob("alpha=*/*/")):
        trap, rows = find_trap(folder.name)(), []
        for agent in sorted(folder.glob("ppo-*/")):
            train, shift = (measure_regret(trap, agent, *pair) for pair in NUMBERS.items())
            more, equal = shift[:, None] > train, shift[:, None] == train
            area = more.mean() + equal.mean() / 2
            rows.append((area, find_recall(train, shift), train.mean(), shift.mean()))
        means = " ".join(f"{mean:.3f}" for mean in np.mean(rows, axis=0)) if rows else "-"
        print(f"{trap.name()} {len(rows)} agents: area, recall, regret in train, shift: {means}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
