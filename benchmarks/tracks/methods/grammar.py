"""Search of the grammar of composed tasks, which is public.

It knows that things have a shape and a colour of three each, that there is a lamp, and which
predicates there are. Which plane is what it finds out: on the floor, a lamp's plane is in one cell
of every level, and the six others split into two groups of which each thing shows one plane each.
"""

from __future__ import annotations

from itertools import combinations
from typing import ClassVar, NamedTuple

import numpy as np

from benchmarks.tracks.methods.asking import Disagreement, Weighing
from benchmarks.tracks.methods.members import ChoosingMethod
from benchmarks.tracks.methods.method import WALL, Asker, Bytes, Floats, Ints, Task
from benchmarks.tracks.methods.seeking import (
    FAR,
    FLOOR,
    MOVES,
    CellSeeker,
    find_agents,
    measure_ways,
)
from mesa_gym.engine import ACTIONS, Bools
from mesa_gym.policies import Policy, uniform

STEPS = 192_000
ENVIRONMENTS = 64
# A predicate explains reward if it agrees with so many takes.
AGREES = 0.99
VALUES = 3
# The production of each atom: attributes, quarters, nearest and farthest, alike in either group.
PRODUCTIONS = [0] * 2 * VALUES + [1] * 4 + [2] * 2 + [3] * 2
# An atom, or either of two from different productions.
PREDICATES = [(atom,) for atom in range(len(PRODUCTIONS))] + [
    pair for pair in combinations(range(len(PRODUCTIONS)), 2)
    if PRODUCTIONS[pair[0]] != PRODUCTIONS[pair[1]]
]  # fmt: skip


class Vocabulary(NamedTuple):
    """The meaning of planes: the lamp's, and two groups of attributes."""

    lamp: int
    groups: tuple[tuple[int, ...], tuple[int, ...]]


class Takes(NamedTuple):
    """Episodes of training, m of them, in which as many things were taken as can be.

    Attributes:
        planes: first observations, uint8 (m, height, width, channels).
        cells: rows and columns of the first and the last take, int64 (m, 2, 2).
        paid: bool (m,).
    """

    planes: Bytes
    cells: Ints
    paid: Bools


class Grammar(ChoosingMethod):
    """Enumerates the grammar of composed tasks; in `mixed` planes it finds no words."""

    tracks: ClassVar[tuple[str, ...]] = ("coverage", "labels", "ask")
    division = "open"
    kind = "hand-written knowledge"
    priors = "the grammar of composed tasks"

    def train(self, task: Task) -> list[Policy]:
        """Keep the predicates that explain the reward of random steps."""
        assert task.starts is not None
        words = find_words(task.starts)
        self.usual, self.planes = 1.0, task.starts
        if words is None:
            return [uniform()]
        takes = take_at_random(task, words)
        twice = bool((takes.cells[:, 0] != takes.cells[:, 1]).any())
        self.planes = takes.planes[:1024]
        return list(find_predicates(words, takes, twice, task.starts)) or [uniform()]

    def ask(self, task: Task, members: list[Policy]) -> Asker:
        """Ask where members that are still likely differ."""
        return Weighing(members, Disagreement(members, self.planes))


def find_words(planes: Bytes) -> Vocabulary | None:
    """Return what planes mean, by first observations; None where nothing fits."""
    floor = planes * (planes[..., [WALL]] == 0)
    found = [c for c in range(WALL + 1, planes.shape[-1]) if floor[..., c].any()]
    things = floor[floor[..., found].any(axis=3)]
    for lamp in found:
        if (floor[..., lamp].sum(axis=(1, 2)) != 1).any() or len(found) != 2 * VALUES + 1:
            continue
        others = [c for c in found if c != lamp]
        for rest in combinations(others[1:], VALUES - 1):
            groups = (others[0], *rest), tuple(c for c in others[1:] if c not in rest)
            if all((things[:, group].sum(axis=1) == 1).all() for group in groups):
                return Vocabulary(lamp, groups)
    return None


def evaluate_atoms(words: Vocabulary, planes: Bytes) -> Bools:
    """Return which things fit each atom, bool (atoms, n, height, width)."""
    height, width = planes.shape[1:3]
    shapes, colours = (planes[..., group].astype(np.bool_) for group in words.groups)
    lamp = planes[..., words.lamp] > 0
    thing = shapes.any(axis=3) & ~lamp & (planes[..., WALL] == 0)
    row, column = np.indices((height, width))
    quarters = [((row >= height // 2) == low) & ((column >= width // 2) == right)
                for low in (False, True) for right in (False, True)]  # fmt: skip
    gap = measure_ways(lamp, np.where(planes[..., WALL] > 0, FAR, FLOOR))
    ends = []
    for far in (np.where(thing, gap, FAR), np.where(thing, -gap, FAR)):
        best = far == far.min(axis=(1, 2), keepdims=True)
        ends.append(best & (best.sum(axis=(1, 2), keepdims=True) == 1))
    own = [(each & lamp[..., None]).any(axis=(1, 2), keepdims=True) for each in (shapes, colours)]
    like = [(each & of).any(axis=3) for each, of in zip((shapes, colours), own, strict=True)]
    attributes = [each[..., value] for each in (shapes, colours) for value in range(VALUES)]
    every = [np.broadcast_to(each, thing.shape) for each in (*attributes, *quarters, *ends, *like)]
    found: Bools = np.logical_and(np.stack(every), thing)
    return found


class PredicateSeeker(CellSeeker):
    """Takes what fits a predicate, and then, where two things are taken, what does not.

    Args:
        words: the meaning of planes.
        predicate: one of ``PREDICATES``.
        twice: whether two things are taken, of which the first is shown in the top row.
    """

    def __init__(self, words: Vocabulary, predicate: tuple[int, ...], twice: bool) -> None:
        self.words, self.predicate, self.twice = words, predicate, twice

    def rate_cells(self, planes: Bytes) -> Floats:
        """Return 1 for what is to be taken now."""
        fits: Bools = np.any(evaluate_atoms(self.words, planes)[list(self.predicate)], axis=0)
        if self.twice:
            attributes = [c for group in self.words.groups for c in group]
            thing = planes[..., attributes].any(axis=3) & (planes[..., self.words.lamp] == 0)
            taken = planes[:, :1, :, WALL + 1 :].sum(axis=(2, 3))[..., None] > 0
            fits = np.where(taken, thing & ~fits & (planes[..., WALL] == 0), fits)
        found: Floats = np.asarray(fits, dtype=np.float64)
        return found


def take_at_random(task: Task, words: Vocabulary) -> Takes:
    """Walk at random in training, and return the episodes in which the last thing was taken."""
    n, attributes = ENVIRONMENTS, [c for group in words.groups for c in group]
    envs, rng, rows = task.vector_env(n), np.random.default_rng([task.seed, 12]), np.arange(n)
    seen, _ = envs.reset(seed=[100_000 * task.seed + 70_000 + i for i in range(n)])
    first, taken, count = seen.copy(), np.zeros((n, 2, 2), dtype=np.int64), np.zeros(n, dtype=int)
    planes, cells, paid = [], [], []
    for _ in range(STEPS // n):
        actions = rng.integers(len(ACTIONS), size=n)
        row, column = at = (np.stack(find_agents(seen)).T + MOVES[actions]).T
        shown = seen[rows, row, column]
        takes = shown[:, attributes].any(axis=1) & (shown[:, words.lamp] + shown[:, WALL] == 0)
        takes &= actions < len(ACTIONS) - 1
        taken[takes & (count == 0)] = at.T[takes & (count == 0), None]
        taken[takes, 1] = at.T[takes]
        count += takes
        seen, reward, ended, late, _ = envs.step(actions)
        done = takes & ended
        planes.append(first[done])
        cells.append(taken[done])
        paid.append(reward[done] > 0)
        over = ended | late
        first[over], count[over] = seen[over], 0
    return Takes(np.concatenate(planes), np.concatenate(cells), np.concatenate(paid))


def find_predicates(
    words: Vocabulary, takes: Takes, twice: bool, starts: Bytes
) -> list[PredicateSeeker]:
    """Return the policies of predicates that explain what was paid and differ under shift."""
    atoms, rows = evaluate_atoms(words, takes.planes), np.arange(len(takes.paid))[:, None]
    shown = evaluate_atoms(words, starts)
    true = atoms[:, rows, takes.cells[..., 0], takes.cells[..., 1]]
    found: dict[bytes, PredicateSeeker] = {}
    for predicate in PREDICATES:
        fits: Bools = np.any(true[list(predicate)], axis=0)
        pays = fits[:, 0] & ~fits[:, 1] if twice else fits[:, 1]
        if (pays == takes.paid).mean() >= AGREES:
            marks = shown[list(predicate)].any(axis=0).tobytes()
            found.setdefault(marks, PredicateSeeker(words, predicate, twice))
    return [*found.values()]
