"""The reachable state graph of a batch of levels, found by stepping the trap itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import ACTIONS, Ints, State
from mesa_gym.grid.bits import UInt64s, mix
from mesa_gym.traps import Trap

ACTION_COUNT = len(ACTIONS)
# A trap this far beyond the contract's bounds would exhaust the memory, not merely the patience.
MOST_STATES = 8_000_000


def state_words(state: State) -> UInt64s:
    """What tells two states apart, as words.

    The level's key, the visible planes, the once-marks and the declared variables; not the
    clock, the constants and the other hidden planes.

    Returns:
        uint64 (n, words).
    """
    n = len(state)
    marks = state.hidden[..., len(state.schema.hidden) :]
    parts = [state.key[:, None], _packed(state.planes.reshape(n, -1))]
    if marks.shape[3]:
        parts.append(_packed(marks.reshape(n, -1)))
    parts += [v.reshape(n, -1).astype(np.int64).view(np.uint64) for v in state.vars.values()]
    return np.concatenate(parts, axis=1)


def _packed(flags: NDArray[np.uint8]) -> UInt64s:
    packed = np.packbits(flags, axis=1)
    words = np.zeros((len(flags), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    words[:, : packed.shape[1]] = packed
    return words.view(np.uint64)


def hash_words(words: UInt64s) -> UInt64s:
    """A 64-bit hash of each row, uint64 (n,)."""
    value = np.zeros(len(words), dtype=np.uint64)
    for column in words.T:
        value = mix(value ^ column) + column
    return value


class Graph:
    """Every state that can be reached from some start states, and what each action does there.

    States are numbered in breadth-first order from all starts together, so those within t
    steps of a start are the first ``within[t]``.

    Attributes:
        trap: whose transition it is.
        start: int64 (levels,), the states' numbers of the starts.
        successor: int32 (5, states); ``len(graph)`` where the action ends the episode.
        paid: objective name -> uint8 (5, states), codes into ``payments``.
        payments: objective name -> float64, the distinct payments.
        within: int64, how many states lie within 0, 1, 2, ... steps of a start.
        level_row: int32 (states,), which of the start states each state was reached from.
    """

    def __init__(self, trap: Trap, starts: State) -> None:
        """Explore from ``starts``, one row a level; levels must differ."""
        self.trap = trap
        self._words = state_words(starts)
        self._hashes = hash_words(self._words)
        self._order = np.argsort(self._hashes, kind="stable")
        self._sorted = self._hashes[self._order]
        self.start = np.arange(len(starts))
        if len(np.unique(self._hashes)) < len(starts):
            raise ValueError("the start states given to a graph must be different from each other")
        level_rows = [np.arange(len(starts), dtype=np.int32)]
        successors: list[NDArray[np.int32]] = []
        paid: dict[str, list[np.ndarray]] = {name: [] for name in trap.objectives}
        within = [len(starts)]
        frontier = starts
        while len(frontier):
            frontier, successor, pay, parents = self._expand(frontier)
            successors.append(successor)
            for name, array in pay.items():
                paid[name].append(array)
            level_rows.append(level_rows[-1][parents])
            within.append(within[-1] + len(frontier))
            if within[-1] > MOST_STATES:
                raise RuntimeError(
                    f"{trap!r} has over {MOST_STATES:,} states in {len(starts)} levels; a"
                    " solvable trap has 5,000 a level at most (mazes rather than open rooms,"
                    " fewer objects)"
                )
        self.within = np.array(within[:-1])
        self.level_row = np.concatenate(level_rows)
        self.successor = np.concatenate(successors, axis=1)
        self.successor[self.successor < 0] = len(self)
        self.paid, self.payments = {}, {}
        for name, parts in paid.items():
            values, codes = np.unique(np.concatenate(parts, axis=1), return_inverse=True)
            self.payments[name] = values
            self.paid[name] = codes.reshape(ACTION_COUNT, -1).astype(np.uint8)

    def __len__(self) -> int:
        return len(self._hashes)

    def follow(self, actions: NDArray[np.int8]) -> NDArray[np.int32]:
        """The states that recorded actions lead through.

        Args:
            actions: int8 (levels, horizon), from the start states on; negative after an
                episode's end.

        Returns:
            int32 (horizon, levels): the state's number at each step, -1 after the end.
        """
        visited = np.full(actions.T.shape, -1, dtype=np.int32)
        rows, number = np.arange(len(actions)), self.start
        for t, taken in enumerate(actions.T):
            going = taken[rows] >= 0
            rows, number = rows[going], number[going]
            visited[t, rows] = number
            number = self.successor[taken[rows], number]
        return visited

    def find(self, state: State) -> Ints:
        """The number of each given state, int64 (n,); -1 where it is not in the graph."""
        words = state_words(state)
        return self._find(words, hash_words(words))

    def _find(self, words: UInt64s, hashes: UInt64s) -> Ints:
        at = np.searchsorted(self._sorted, hashes)
        at[at == len(self._sorted)] = 0
        number = self._order[at]
        found = self._hashes[number] == hashes
        self._require_equal(self._words[number[found]], words[found])
        return np.where(found, number, -1)

    @staticmethod
    def _require_equal(a: UInt64s, b: UInt64s) -> None:
        if not np.array_equal(a, b):
            raise RuntimeError("two different states have the same 64-bit hash")

    def _expand(
        self, frontier: State
    ) -> tuple[State, NDArray[np.int32], dict[str, NDArray[np.float64]], Ints]:
        """Step all actions from the frontier and number the states that are new.

        Returns:
            the new states; successors int32 (5, m), -1 where the episode ends; payments
            float64 (5, m) by objective; the frontier row that each new state came from.
        """
        m = len(frontier)
        children, outcomes = [], []
        for action in range(ACTION_COUNT):
            child, outcome = self.trap.step(frontier, np.full(m, action))
            children.append(child)
            outcomes.append(outcome)
        paid = {x: np.stack([o.paid[x] for o in outcomes]) for x in self.trap.objectives}
        ended = np.concatenate([o.ended for o in outcomes])
        alive = (~ended).nonzero()[0]
        words = np.concatenate([state_words(child) for child in children])[alive]
        hashes = hash_words(words)
        number = self._find(words, hashes)
        fresh = (number < 0).nonzero()[0]
        _, first, inverse = np.unique(hashes[fresh], return_index=True, return_inverse=True)
        self._require_equal(words[fresh[first[inverse]]], words[fresh])
        number[fresh] = len(self) + inverse
        successor = np.full(ACTION_COUNT * m, -1, dtype=np.int32)
        successor[alive] = number
        sources = alive[fresh[first]]
        self._add(words[fresh[first]], hashes[fresh[first]])
        new = _gather(children, sources, m)
        return new, successor.reshape(ACTION_COUNT, m), paid, sources % m

    def _add(self, words: UInt64s, hashes: UInt64s) -> None:
        known = len(self)
        self._words = np.concatenate([self._words, words])
        self._hashes = np.concatenate([self._hashes, hashes])
        # Both runs are sorted already (np.unique gave the second), which a stable sort merges.
        order = np.concatenate([self._order, np.arange(known, known + len(hashes))])
        merged = np.argsort(self._hashes[order], kind="stable")
        self._order = order[merged]
        self._sorted = self._hashes[self._order]


def _gather(children: list[State], sources: Ints, m: int) -> State:
    """Rows of the concatenation of ``children`` (m rows each), without concatenating them."""
    out = State(children[0].schema, len(sources))
    for i, child in enumerate(children):
        rows = (sources // m == i).nonzero()[0]
        out.put(rows, child, sources[rows] - i * m)
    return out
