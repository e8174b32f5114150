"""A table of what an entered cell shows and what it pays, without any network.

Hypotheses are planes that explain the reward of random steps in training, and, as planes may be
mixed, parities of several planes. Those are kept that differ in what they mark under shift. Where
there are fewer than two, the table itself is one: it goes to what paid most in the mean.
"""

from __future__ import annotations

import numpy as np

from benchmarks.tracks.methods.members import ChoosingMethod
from benchmarks.tracks.methods.method import Bytes, Ints, Task
from benchmarks.tracks.methods.seeking import (
    MOST_WORTH,
    CodeSeeker,
    Walked,
    code_cells,
    compute_parities,
    count_codes,
    walk_at_random,
)
from mesa_gym.policies import Policy

STEPS = 96_000
# A hypothesis explains reward where so much of what it marks is paid, and it marks so much of that.
PURE = 0.9
# And it must mark something on so many of the shift's levels.
PRESENT = 0.5
# A reward counts as paid above this share of the largest.
PAID = 0.5


class Table(ChoosingMethod):
    """A table "what the entered cell shows -> reward", and search to the nearest such cell."""

    policies = "any"
    priors = "cells are entered for what they show; walls block"

    def train(self, task: Task) -> list[Policy]:
        """Walk at random, and search for hypotheses."""
        assert task.starts is not None
        walked = walk_at_random(task, STEPS)
        self.usual = float(walked.rewards.max())
        masks = find_masks(walked, np.arange(1, count_codes(task)), task.starts)
        members: list[Policy] = [make_parity_seeker(mask, task) for mask in masks]
        if len(members) < 2:
            members.append(CodeSeeker(rate_codes(walked, count_codes(task))))
        return members


def make_parity_seeker(mask: int, task: Task) -> CodeSeeker:
    """Return the policy that goes to what shows an odd number of the planes of a mask."""
    every = np.arange(count_codes(task))
    return CodeSeeker(compute_parities(np.array([mask]), every)[0].astype(np.uint8))


def find_masks(walked: Walked, masks: Ints, starts: Bytes) -> list[int]:
    """Return the masks whose parity explains the reward, of fewest planes first.

    Of those that mark the same under shift the first is kept.

    Args:
        walked: random steps in training.
        masks: int64 (m,).
        starts: first observations under shift.
    """
    kinds, which = np.unique(walked.codes, return_inverse=True)
    paid = walked.rewards > PAID * walked.rewards.max()
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


def rate_codes(walked: Walked, count: int) -> Bytes:
    """Return the mean reward of each code, uint8 (count,), the largest of all being 255."""
    met = np.bincount(walked.codes, minlength=count)
    mean = np.bincount(walked.codes, walked.rewards, minlength=count) / met.clip(min=1)
    mean[0] = 0
    return (mean.clip(min=0) / mean.max().clip(min=1e-9) * MOST_WORTH).astype(np.uint8)
