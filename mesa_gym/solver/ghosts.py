"""Ghosts: for each target whose place is drawn, another cell that it could as well have had.

A target is where an objective can be contacted (``mesa_gym.solver.targets``). Its twins are found
by drawing the level again with the target alone put elsewhere: where the level that comes out is
accepted and is the same but for the target's cell T and a cell of bare floor exchanging what
stands on them, the target could have been put there. One of the twins is the ghost G.

Why an agent that is indifferent to the target comes to it first as often as to its ghost: let C be
T and its twins. (1) All levels of C have the same C, since "the same but for the target's cell" is
symmetric and transitive. (2) Given all that they share, the target is on cell c of C with a known
chance p(c): the product of one over the number of allowed cells, for each scattered object. (3) The
ghost is chosen so that (T, G) has the chance p(T) p(G) / max(Z(T), Z(G)) (``_chosen``), and so has
(G, T); until T or G is entered, nothing else differs. (4) Hence to whoever does not act on which is
which "T first" is as likely as "G first": the difference of the two is exactly 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesa_gym.grid import WALL, Bools, Draw, Ints, State, apart, distances
from mesa_gym.grid.bits import UInt64s, bits, unit
from mesa_gym.solver.cache import cache_file, read, write
from mesa_gym.solver.targets import entry_payments, targets
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.levels import BLOCK, attempts, drawn

Floats = NDArray[np.float64]
_PREFIX = "pairs|"


@dataclass(frozen=True)
class Ghosts:
    """The ghosts of some levels.

    Attributes:
        numbers: int64 (n,), level numbers.
        pairs: objective -> int64 (p, 3): a level's row in ``numbers``, the cell of one of its
            targets and the cell of that target's ghost, for all targets that have one, by row.
            Objectives of which no target has a ghost are absent.
    """

    numbers: Ints
    pairs: dict[str, Ints]


def find_ghosts(trap: Trap, split: Split, numbers: ArrayLike, salt: str = "") -> Ghosts:
    """The ghosts of the given levels, from disk where they were found before.

    A pure function of each level. A target has none where its place is fixed, as a corner is, or
    is not drawn by ``Draw.scatter``; where it could be nowhere else with all else unchanged; and
    where it could only be further along, or back on, the way to where it is.

    Args:
        trap: any trap.
        split: whose levels.
        numbers: int64 (n,), level numbers.
        salt: an evaluator's secret.
    """
    numbers = np.asarray(numbers, dtype=np.int64)
    # Ghosts are a matter of start states: the time limit is nothing to them.
    path = cache_file(trap, split, numbers, 0, salt).with_suffix(".ghosts.npz")
    kept = read(path, lambda arrays: {k.removeprefix(_PREFIX): v for k, v in arrays.items()})
    if kept is None:
        kept = {}
        for first in range(0, len(numbers), BLOCK):
            found = _Search(trap, split, numbers[first : first + BLOCK], salt).pairs()
            for x, pairs in found.items():
                pairs[:, 0] += first
                kept[x] = np.concatenate([kept[x], pairs]) if x in kept else pairs
        write(path, {_PREFIX + x: pairs for x, pairs in kept.items()})
    return Ghosts(numbers, kept)


class _Search:
    """Some levels, how they were drawn, and their scattered objects that are targets.

    Attributes:
        starts: the start states of n levels.
        attempt: int64 (n,), the attempt at which a level was accepted.
        places: site -> int64 (n, most), where scattered objects stand; -1 where there is none.
        found: objective -> bool (n, cells), its targets that a way leads to.
        site, column: (m,), which of the scattered objects, for each that is a target.
        row: int64 (m,), its level.
        cell: int64 (m,), where it stands.
    """

    def __init__(self, trap: Trap, split: Split, numbers: Ints, salt: str) -> None:
        self.trap, self.split, self.numbers, self.salt = trap, split, numbers, salt
        self.starts = trap.levels(split, numbers, salt)
        self.attempt = np.zeros(len(numbers), dtype=np.int64)
        self.places: dict[str, Ints] = {}
        for rows, draw in attempts(trap, split, numbers, salt):
            self.attempt[rows[draw.valid]] = draw.attempt
            for site, cells in draw.scattered.items():
                self._note(site, rows[draw.valid], cells[draw.valid])
        self.reached = distances(~self.starts.layer(WALL), self.starts.cell) >= 0
        self.found = {x: t & self.reached for x, t in targets(trap, self.starts).items()}
        # One cell more than there are, for the index -1: no object, no target.
        some = np.pad(np.logical_or.reduce(list(self.found.values())), ((0, 0), (0, 1)))
        none = np.empty(0, dtype=np.int64)
        of = [(np.empty(0, dtype=np.str_), none, none, none)]
        for site, places in self.places.items():
            row, column = np.take_along_axis(some, places, axis=1).nonzero()
            of.append((np.full(len(row), site), row, column, places[row, column]))
        self.site, self.row, self.column, self.cell = map(np.concatenate, zip(*of, strict=True))

    def _note(self, site: str, rows: Ints, cells: Ints) -> None:
        """Enter cells in ``places``; another attempt may have had fewer or more objects."""
        kept = self.places.get(site, np.empty((len(self.numbers), 0), dtype=np.int64))
        more = max(0, cells.shape[1] - kept.shape[1])
        self.places[site] = np.pad(kept, ((0, 0), (0, more)), constant_values=-1)
        self.places[site][rows, : cells.shape[1]] = cells

    def pairs(self) -> dict[str, Ints]:
        """The pairs of ``Ghosts``."""
        words = np.empty((len(self.row), 2), dtype=np.uint64)
        key = self.trap.key(self.split, self.salt)
        for site, places in self.places.items():
            drawn_here = bits(key, self.numbers, f"ghost of {site}", 0, 2 * places.shape[1])
            mine = self.site == site
            of_object = drawn_here.reshape(*places.shape, 2)
            words[mine] = of_object[self.row[mine], self.column[mine]]
        states = self.starts.take(self.row)
        ghost, some = _chosen(states, self.cell, self.chances(), words)
        pairs = np.stack([self.row, self.cell, ghost], axis=1)
        chosen = {x: pairs[some & where[self.row, self.cell]] for x, where in self.found.items()}
        return {x: each[np.lexsort(each.T[::-1])] for x, each in chosen.items() if len(each)}

    def chances(self) -> Floats:
        """How likely each target is to be where it is, or elsewhere with all else unchanged.

        Returns:
            float64 (m, cells), each row up to a factor; 0 where it cannot be.
        """
        chances = np.zeros((len(self.row), self.trap.schema.cells))
        paid = entry_payments(self.trap, self.starts.take(self.row), self.cell)
        for target, there, draw in self._redrawn():
            good = draw.valid.nonzero()[0]
            target, there, after = target[good], there[good], draw.state.take(good)
            before = self.starts.take(self.row[target])
            same = _exchanged(before, after, self.cell[target], there)
            for x, pay in entry_payments(self.trap, after, there).items():
                same &= pay == paid[x][target]
            chances[target[same], there[same]] = draw.chance[good[same]]
        return chances

    def _redrawn(self) -> Iterator[tuple[Ints, Ints, Draw]]:
        """Levels with one target on its own cell and on each cell of bare floor.

        Yields:
            which of the targets, where it is put, and the draw, block by block.
        """
        n = len(self.starts)
        occupied = self.starts.planes.any(axis=3) | self.starts.hidden.any(axis=3)
        free = (self.reached & ~occupied.reshape(n, -1))[self.row]
        free[np.arange(len(free)), self.cell] = True
        every, cells = free.nonzero()
        attempt = self.attempt[self.row[every]]
        for number in np.unique(attempt).tolist():
            group = (attempt == number).nonzero()[0]
            for start in range(0, len(group), BLOCK):
                target, there = (of[group[start : start + BLOCK]] for of in (every, cells))
                row = self.row[target]
                given = {site: places[row] for site, places in self.places.items()}
                for site, places in given.items():
                    mine = (self.site[target] == site).nonzero()[0]
                    places[mine, self.column[target[mine]]] = there[mine]
                numbers = self.numbers[row]
                yield target, there, drawn(self.trap, self.split, numbers, self.salt, number, given)


def _chosen(states: State, here: Ints, chances: Floats, words: UInt64s) -> tuple[Ints, Bools]:
    """The ghost of one target in each state.

    A twin that is not on the way to the target, nor it on the twin's (to whoever goes for the
    target, a cell on the way there would come first wherever it is). It is proposed with p(G) /
    Z(T), where Z(T) is the sum of p over such twins, and taken with min(1, Z(T) / Z(G)).

    Args:
        states: m start states.
        here: int64 (m,), the targets' cells.
        chances: float64 (m, cells), p of the target's cell and of its twins; 0 elsewhere.
        words: uint64 (m, 2), random.

    Returns:
        int64 (m,) cells, and bool (m,) whether there is one.
    """
    open_cells, each = ~states.layer(WALL), np.arange(len(states))
    proposed = chances * apart(open_cells, states.cell, here)
    sums = np.cumsum(proposed, axis=1)
    there = (sums > (unit(words[:, 0]) * sums[:, -1])[:, None]).argmax(axis=1)
    back = (chances * apart(open_cells, states.cell, there)).sum(axis=1)
    # Metropolis et al. 1953: detailed balance makes (T, G) as likely as (G, T).
    return there, (proposed[each, there] > 0) & (unit(words[:, 1]) * back < sums[:, -1])


def _exchanged(before: State, after: State, here: Ints, there: Ints) -> Bools:
    """Whether two states differ in nothing but that two cells exchanged what stands on them.

    Declared arrays may name the one cell (a site, a mover's place) where they named the other.

    Args:
        before: n states; spoilt.
        after: n states.
        here: int64 (n,), the one cell.
        there: int64 (n,), the other, or the same.

    Returns:
        bool (n,).
    """
    n = len(before)
    rows = np.arange(n)
    same: Bools = before.cell == after.cell
    for mine, theirs in ((before.planes, after.planes), (before.hidden, after.hidden)):
        flat = mine.reshape(n, before.schema.cells, mine.shape[3])
        flat[rows, here], flat[rows, there] = flat[rows, there], flat[rows, here]
        same &= (mine == theirs).all(axis=(1, 2, 3))
    for old, new in ((before.vars, after.vars), (before.const, after.const)):
        for name, values in old.items():
            entries = (n, math.prod(values.shape[1:]))
            one, other = values.reshape(entries), new[name].reshape(entries)
            renamed = (one == here[:, None]) & (other == there[:, None])
            same &= ((one == other) | renamed).all(axis=1)
    return same
