"""A table from the planes of an entered cell to its pay, without any network.

Hypotheses are planes that explain the reward of random steps in training, and, as planes may be
mixed, parities of several planes. Hypotheses are kept if they mark different cells under shift.
With fewer than two, the table itself becomes one: go to the cells of the highest mean reward.
"""

from __future__ import annotations

import numpy as np

from benchmarks.methods.members import ChoosingMethod
from benchmarks.methods.seeking import (
    MOST_WORTH,
    MOVES,
    CodeSeeker,
    code_cells,
    compute_parities,
    count_codes,
    find_agents,
)
from benchmarks.methods.task import Bytes, Floats, Ints, Task
from mesa_gym.engine import ACTIONS
from mesa_gym.policies import Policy

STEPS, ENVIRONMENTS = 96_000, 64
# A hypothesis explains reward where so much of what it marks is paid, and it marks so much of that.
PURE = 0.9
PRESENT = 0.5  # and it must mark something on so many of the shift's levels
PAID = 0.5  # a reward counts as paid above this share of the largest


class Table(ChoosingMethod):
    """A table from the planes of an entered cell to the reward, and a search for the nearest."""

    def train(self, task: Task) -> list[Policy]:
        """Walk at random, and search for hypotheses."""
        (entered, paid), codes = walk_at_random(task), np.arange(count_codes(task))
        self.usual = float(paid.max())
        masks = np.array(find_masks(entered, paid, codes[1:], task.starts), dtype=np.int64)
        marks = compute_parities(masks, codes).astype(np.uint8)
        members: list[Policy] = [CodeSeeker(worth) for worth in marks]
        if len(members) < 2:
            members.append(CodeSeeker(rate_codes(entered, paid, len(codes))))
        return members


def walk_at_random(task: Task) -> tuple[Ints, Floats]:
    """Take m random steps in training, and return codes of entered cells and rewards, each (m,).

    An entered cell is given by its code, 0 where none was entered.
    """
    envs, rng = task.vector_env(ENVIRONMENTS), np.random.default_rng([task.seed, 11])
    first = 100_000 * task.seed + 60_000
    seen, _ = envs.reset(seed=[first + i for i in range(ENVIRONMENTS)])
    codes, rewards = [], []
    for _ in range(STEPS // ENVIRONMENTS):
        actions = rng.integers(len(ACTIONS), size=ENVIRONMENTS)
        row, column = (np.stack(find_agents(seen)).T + MOVES[actions]).T
        entered = code_cells(seen)[np.arange(ENVIRONMENTS), row, column]
        codes.append(np.where(actions == len(ACTIONS) - 1, 0, entered))
        seen, paid, *_ = envs.step(actions)
        rewards.append(paid)
    return np.concatenate(codes), np.concatenate(rewards)


def find_masks(entered: Ints, rewards: Floats, masks: Ints, starts: Bytes) -> list[int]:
    """Return the masks whose parity explains the reward of random steps, of fewest planes first.

    Of those that mark the same in first observations under shift the first is kept.
    """
    kinds, which = np.unique(entered, return_inverse=True)
    paid = rewards > PAID * rewards.max()
    marked = compute_parities(masks, kinds).astype(np.float64)
    met, hits = marked @ np.bincount(which), marked @ np.bincount(which, paid)
    good = masks[hits >= PURE * np.maximum(met, paid.sum()).clip(min=1)]
    shown = code_cells(starts).reshape(len(starts), -1)
    there = np.unique(shown)
    holds = np.stack([(shown == code).any(axis=1) for code in there])
    found: dict[bytes, int] = {}
    for mask in sorted(good.tolist(), key=lambda mask: (mask.bit_count(), mask)):
        signs = compute_parities(np.array([mask]), there)[0]
        if holds[signs].any(axis=0).mean() >= PRESENT:
            found.setdefault(signs.tobytes(), mask)
    return [*found.values()]


def rate_codes(entered: Ints, rewards: Floats, count: int) -> Bytes:
    """Return the mean reward of each code, uint8 (count,), the largest of all being 255."""
    met = np.bincount(entered, minlength=count)
    mean = np.bincount(entered, rewards, minlength=count) / met.clip(min=1)
    mean[0] = 0
    return (mean.clip(min=0) / mean.max().clip(min=1e-9) * MOST_WORTH).astype(np.uint8)
