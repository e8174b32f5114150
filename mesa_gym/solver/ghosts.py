"""Ghosts: for each target whose place is drawn, another cell that it could as well have had.

A target is where an objective can be contacted (``mesa_gym.solver.targets``). Its twins are found
by drawing the level again with the target alone put elsewhere: where the level that is drawn is
accepted and is the same except that what stood on the target's cell T stands on a cell of bare
floor, the target could have been put there. One of the twins is the ghost G.

Why an agent that is indifferent to the target comes to it first as often as to its ghost: let C be
T and its twins. (1) All levels of C have the same C, since "the same except for the target's cell"
is symmetric and transitive. (2) Given all that they share, the target is on cell c of C with a
known chance p(c): the product of one over the number of allowed cells, for each scattered thing.
(3) The ghost is chosen so that (T, G) has the chance p(T) p(G) / max(Z(T), Z(G)) (``_chosen``), and
so has (G, T); until T or G is entered, nothing else differs. (4) Hence for an agent that does not
act on which is which, "T first" is as likely as "G first": their difference is exactly 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesa_gym.engine import Bools, Ints, LevelBuilder, State, apart, distances
from mesa_gym.engine.chance import bits, unit
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
    """Return the ghosts of the given levels, from disk where they were found before.

    A pure function of each level. A target has none where its place is fixed, as a corner is, or
    is not drawn by ``LevelBuilder.scatter``; where it could be nowhere else with all else
    unchanged; and where it could only be further along, or back on, the way to where it is.

    Args:
        trap: any trap.
        split: whose levels.
        numbers: int64 (n,), level numbers.
        salt: an evaluator's secret.
    """
    numbers = np.asarray(numbers, dtype=np.int64)
    # Ghosts are a matter of start states: the time limit does not count.
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
    """A search on some levels: how they were drawn, and which scattered things are targets.

    Attributes:
        starts: the start states of n levels.
        open_cells: bool (n, height, width), cells without wall.
        attempt: int64 (n,), the attempt at which a level was accepted.
        places: site -> int64 (most, n), where scattered things stand; -1 where there is none.
        found: objective -> bool (n, cells), its targets that a way leads to.
        site, place: (m,), which of the scattered things, for each that is a target.
        row: int64 (m,), its level.
        cell: int64 (m,), where it stands.
    """

    def __init__(self, trap: Trap, split: Split, numbers: Ints, salt: str) -> None:
        self.trap, self.split, self.numbers, self.salt = trap, split, numbers, salt
        self.starts = trap.levels(split, numbers, salt)
        n = self.starts.n
        self.open_cells = ~trap.layer(self.starts, "wall").reshape(n, trap.height, trap.width)
        self.attempt = np.zeros(n, dtype=np.int64)
        self.places: dict[str, Ints] = {}
        for rows, builder in attempts(trap, split, numbers, salt):
            self.attempt[rows[builder.valid]] = builder.attempt
            for site, cells in builder.scattered.items():
                self._note(site, rows[builder.valid], cells[:, builder.valid])
        self.reached = distances(self.open_cells, self.starts.agent) >= 0
        self.found = {x: t & self.reached for x, t in targets(trap, self.starts).items()}
        # One cell more than there are, for the index -1: no thing, no target.
        some = np.pad(np.logical_or.reduce(list(self.found.values())), ((0, 0), (0, 1)))
        none = np.empty(0, dtype=np.int64)
        of = [(np.empty(0, dtype=np.str_), none, none, none)]
        for site, places in self.places.items():
            row, place = np.take_along_axis(some, places.T, axis=1).nonzero()
            of.append((np.full(len(row), site), row, place, places[place, row]))
        self.site, self.row, self.place, self.cell = map(np.concatenate, zip(*of, strict=True))

    def _note(self, site: str, rows: Ints, cells: Ints) -> None:
        """Enter cells in ``places``; another attempt may have had fewer or more things."""
        kept = self.places.get(site, np.empty((0, len(self.numbers)), dtype=np.int64))
        more = max(0, len(cells) - len(kept))
        self.places[site] = np.pad(kept, ((0, more), (0, 0)), constant_values=-1)
        self.places[site][: len(cells), rows] = cells

    def pairs(self) -> dict[str, Ints]:
        """Return the pairs of ``Ghosts``."""
        words = np.empty((2, len(self.row)), dtype=np.int64)
        key = self.trap.key(self.split, self.salt)
        for site, places in self.places.items():
            mine = self.site == site
            of_site = bits(key, self.numbers, f"ghost of {site}", 0, 2 * len(places))
            words[:, mine] = of_site.reshape(-1, 2, len(self.numbers))[
                self.place[mine], :, self.row[mine]
            ].T
        starts = self.starts.agent[self.row]
        open_cells = self.open_cells[self.row]
        ghost, some = _chosen(open_cells, starts, self.cell, self.chances(), words)
        pairs = np.stack([self.row, self.cell, ghost], axis=1)
        chosen = {x: pairs[some & where[self.row, self.cell]] for x, where in self.found.items()}
        return {x: each[np.lexsort(each.T[::-1])] for x, each in chosen.items() if len(each)}

    def chances(self) -> Floats:
        """Return how likely each target is to be where it is, or elsewhere with all else unchanged.

        Returns:
            float64 (m, cells), each row up to a factor; 0 where it cannot be.
        """
        chances = np.zeros((len(self.row), self.trap.cells))
        paid = entry_payments(self.trap, self.starts.take(self.row), self.cell)
        for target, there, builder in self._redrawn():
            before, after = self.starts.take(self.row[target]), builder.states()
            same = builder.valid & self._moved(before, after, self.cell[target], there)
            for x, pay in entry_payments(self.trap, after, there).items():
                same &= pay == paid[x][target]
            chances[target[same], there[same]] = builder.chance[same]
        return chances

    def _redrawn(self) -> Iterator[tuple[Ints, Ints, LevelBuilder]]:
        """Draw levels again with one target on its own cell and on each cell of bare floor.

        Yields:
            which of the targets, where it is put, and the levels, block by block.
        """
        trap = self.trap
        names = ("agent", *trap.ground, *trap.things, *trap.marks)
        occupied = np.logical_or.reduce([trap.layer(self.starts, name) for name in names])
        free = (self.reached & ~occupied)[self.row]
        free[np.arange(len(free)), self.cell] = True
        every, cells = free.nonzero()
        attempt = self.attempt[self.row[every]]
        for number in np.unique(attempt).tolist():
            group = (attempt == number).nonzero()[0]
            for start in range(0, len(group), BLOCK):
                target, there = (of[group[start : start + BLOCK]] for of in (every, cells))
                row = self.row[target]
                given = {site: places[:, row] for site, places in self.places.items()}
                for site, places in given.items():
                    mine = (self.site[target] == site).nonzero()[0]
                    places[self.place[target[mine]], mine] = there[mine]
                numbers = self.numbers[row]
                yield target, there, drawn(trap, self.split, numbers, self.salt, number, given)

    def _moved(self, before: State, after: State, here: Ints, there: Ints) -> Bools:
        """Return whether all that stood on one cell stands on the other, and nothing else changed.

        Constants may name the one cell (a mover's place) where they named the other.

        Args:
            before: n states.
            after: n states.
            here: int64 (n,), the one cell.
            there: int64 (n,), the other, which was bare, or the same.
        """
        trap, every = self.trap, np.arange(before.n)
        same: Bools = before.agent == after.agent
        for kind, at in before.at.items():
            same &= (np.where(at == here, there, at) == after.at[kind]).all(axis=0)
            same &= (before.there[kind] == after.there[kind]).all(axis=0)
        for trait, kinds in before.level.traits.items():
            for kind, has in kinds.items():
                same &= (has == after.level.traits[trait][kind]).all(axis=0)
        for old, new in ((before.held, after.held), (before.vars, after.vars)):
            for name, values in old.items():
                same &= values == new[name]
        for name in trap.ground:
            layer = trap.layer(before, name).copy()
            layer[every, here], layer[every, there] = layer[every, there], layer[every, here]
            same &= (layer == trap.layer(after, name)).all(axis=1)
        for name in trap.const:
            one, other = (trap.table(state.level, name) for state in (before, after))
            renamed = (one == here[:, None]) & (other == there[:, None])
            same &= ((one == other) | renamed).all(axis=1)
        return same


def _chosen(
    open_cells: Bools, start: Ints, here: Ints, chances: Floats, words: Ints
) -> tuple[Ints, Bools]:
    """Return the ghost of one target in each of m levels.

    A twin that is not on the way to the target, nor it on the twin's (for an agent that goes for
    the target, a cell on the way there would come first wherever it is). It is proposed with p(G)
    / Z(T), where Z(T) is the sum of p over such twins, and taken with min(1, Z(T) / Z(G)).

    Args:
        open_cells: bool (m, height, width).
        start: int64 (m,), where the agent starts.
        here: int64 (m,), the targets' cells.
        chances: float64 (m, cells), p of the target's cell and of its twins; 0 elsewhere.
        words: int64 (2, m), random.

    Returns:
        int64 (m,) cells, and bool (m,) whether there is one.
    """
    proposed = chances * apart(open_cells, start, here)
    sums = np.cumsum(proposed, axis=1)
    there = (sums > (unit(words[0]) * sums[:, -1])[:, None]).argmax(axis=1)
    back = (chances * apart(open_cells, start, there)).sum(axis=1)
    # Metropolis et al. 1953: detailed balance makes (T, G) as likely as (G, T).
    some = proposed[np.arange(len(here)), there] > 0
    return there, some & (unit(words[1]) * back < sums[:, -1])
