"""The places that a question offers, and a walk to each: a function of the level alone.

The options are, in this order, the places of all objectives on the level before targets were
removed, other things, free places for decoys, and at least one empty place. A walk enters no other
option's cell, so that an answer means its own place only. If an objective pays only after something
was fetched, or is judged by scores, its walk is its oracle's. On a level without room, the agent
stays instead of walking to the last decoys or empty places.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mesa_gym.engine import STAY, Bools, Floats, Ints, State
from mesa_gym.engine.chance import outputs, streams
from mesa_gym.policies import Oracle
from mesa_gym.scoring.record import follow
from mesa_gym.solver import share_solution, solutions
from mesa_gym.traps import Split, Trap

Walk = tuple[int, ...]


class Offer(NamedTuple):
    """The places that are offered on one level, in the order of the list.

    Attributes:
        cells: the cell of each option.
        walks: the actions to each option's cell; on traps that are judged by scores, an objective's
            whole episode.
        places: objective -> the cell where its oracle first earns it.
        empty: the cells without a thing that get no decoy: empty places, and places of objectives
            without a thing.
    """

    cells: tuple[int, ...]
    walks: tuple[Walk, ...]
    places: dict[str, int]
    empty: frozenset[int]


class Tour(NamedTuple):
    """The episodes of an objective's oracle on n levels.

    Attributes:
        actions: int64 (n, steps); ``STAY`` after an episode's end.
        place: int64 (n,), the cell of the first payment; -1 without payments.
        steps: int64 (n,), the steps up to this payment.
    """

    actions: Ints
    place: Ints
    steps: Ints


class Outcomes(NamedTuple):
    """The steps of m episodes.

    Attributes:
        cells: int64 (steps, m), the agent's cell after each step.
        payments: objective -> float64 (steps, m).
    """

    cells: Ints
    payments: dict[str, Floats]


def follow_walks(trap: Trap, starts: State, walks: Sequence[Walk]) -> Outcomes:
    """Play walks from m start states; the agent then stays until the longest walk ends."""
    shape = max(map(len, walks)), len(walks)
    actions = np.array([(*walk, *(STAY,) * (shape[0] - len(walk))) for walk in walks], np.int8)
    cells, payments = np.zeros(shape, np.int64), {x: np.zeros(shape) for x in trap.objectives}
    for t, rows, _, _, step in follow(trap, starts, actions):
        cells[t:, rows] = step.state.agent
        for x, pay in step.paid.items():
            payments[x][t, rows] = pay
    return Outcomes(cells, payments)


def make_offers(trap: Trap, starts: State, options: int) -> list[Offer]:
    """Return the places that are offered on each level.

    Args:
        trap: a trap with an exact solver.
        starts: start states with all targets.
        options: the number of places.
    """
    horizon, offers = trap.horizon(Split.TEST), list[Offer]()
    oracles = {x: Oracle(trap, x, horizon) for x in trap.objectives}
    for rows, solution in solutions(trap, starts, horizon):
        part = starts.take(rows)
        with share_solution(solution):
            tours = {x: _take_tour(trap, x, oracle, part) for x, oracle in oracles.items()}
        offers += _Ground(trap, part, tours, options).make_offers()
    return offers


def _take_tour(trap: Trap, objective: str, oracle: Oracle, starts: State) -> Tour:
    """Return the episodes of an oracle, which takes the first of its best actions."""
    actions = np.full((starts.n, oracle.horizon), STAY)
    place, steps = np.full(starts.n, -1), np.zeros(starts.n, np.int64)
    state, rows = starts, np.arange(starts.n)
    for t in range(oracle.horizon):
        chosen = oracle.act(np.empty(0, np.uint8), state).argmax(axis=1)
        actions[rows, t] = chosen
        step = trap.step(state, chosen)
        first = (step.paid[objective] > 0) & (place[rows] < 0)
        place[rows[first]], steps[rows[first]] = step.state.agent[first], t + 1
        # Where targets are places, nothing after the first payment is asked for.
        running = ~(step.ended | (place[rows] >= 0)) if trap.judging.places else ~step.ended
        state, rows = step.state.take(running), rows[running]
        if not rows.size:
            break
    return Tour(actions, place, steps)


class _Ground:
    """The free cells and things of a batch of levels, and a random order of their cells."""

    def __init__(self, trap: Trap, starts: State, tours: dict[str, Tour], options: int) -> None:
        self.trap, self.starts, self.tours, self.options = trap, starts, tours, options
        planes = trap.observe(starts).reshape(starts.n, trap.cells, -1).astype(np.bool_)
        walls = planes[..., trap.channel["wall"]]
        visible = [i for plane, i in trap.channel.items() if plane not in ("agent", "wall")]
        self.things: Bools = planes[..., visible].any(axis=-1) & ~walls
        hidden = [trap.layer(starts, kind) for kind in trap.things]
        free: Bools = ~walls & ~self.things & ~np.any(hidden, axis=0)
        self.free: list[list[bool]] = free.tolist()
        self.shifts = (-1, trap.width, 1, -trap.width)  # left, down, right, up
        key, cells = starts.level.key, np.arange(trap.cells)
        self.drawn, self.listed = (
            outputs(streams(0, key, site)[:, None], cells).tolist() for site in ("offer", "list")
        )

    def make_offers(self) -> list[Offer]:
        """Return the offer of each level."""
        n = self.starts.n
        places = [
            {x: int(tour.place[row]) for x, tour in self.tours.items() if tour.place[row] >= 0}
            for row in range(n)
        ]
        walks: list[dict[int, Walk]] = []
        for row in range(n):
            tree = self._grow(row, places[row].values())
            cells = {*places[row].values(), *np.flatnonzero(self.things[row]).tolist()}
            ends = {cell: self._trace(tree, cell) for cell in sorted(cells)}
            walks.append({cell: walk for cell, walk in ends.items() if walk})
        self._drop_impossible(places, walks)
        for row in range(n):
            for x, cell in places[row].items():
                if cell not in walks[row]:
                    walks[row][cell] = self._take_oracle_walk(row, x)
        return [self._offer(row, places[row], walks[row]) for row in range(n)]

    def _grow(self, row: int, closed: Collection[int]) -> dict[int, Walk]:
        """Return cell -> a shortest walk over free cells, for each free cell that is reached."""
        free, agent = self.free[row], int(self.starts.agent[row])
        walks, queue = {agent: Walk()}, deque([agent])
        while queue:
            cell = queue.popleft()
            for action, shift in enumerate(self.shifts):
                after = cell + shift
                if free[after] and after not in walks and after not in closed:
                    walks[after] = (*walks[cell], action)
                    queue.append(after)
        return walks

    def _trace(self, tree: dict[int, Walk], cell: int) -> Walk | None:
        """Return a shortest walk to a thing, from the walks to free cells; None without one."""
        ends = [(a, cell - shift) for a, shift in enumerate(self.shifts) if cell - shift in tree]
        return min(((*tree[before], a) for a, before in ends), key=len, default=None)

    def _drop_impossible(self, places: list[dict[str, int]], walks: list[dict[int, Walk]]) -> None:
        """Drop walks that the rules do not allow, and walks to objectives' places that pay nothing.

        Things can be in the way, and a place can pay only after something was fetched. Where an
        episode is judged by scores, an answer plays like its objective's oracle.
        """
        tries = [(row, cell) for row, of in enumerate(walks) for cell in of]
        if not tries:
            return
        rows = np.array([row for row, _ in tries])
        outcomes = follow_walks(self.trap, self.starts.take(rows), [walks[i][c] for i, c in tries])
        for index, (row, cell) in enumerate(tries):
            last = len(walks[row][cell]) - 1
            aims = [x for x, place in places[row].items() if place == cell]
            pays = self.trap.judging.places and all(
                outcomes.payments[x][last, index] > 0 for x in aims
            )
            if outcomes.cells[last, index] != cell or (aims and not pays):
                del walks[row][cell]

    def _take_oracle_walk(self, row: int, objective: str) -> Walk:
        actions, _, steps = self.tours[objective]
        end = int(steps[row]) if self.trap.judging.places else actions.shape[1]
        return tuple(actions[row, :end].tolist())

    def _offer(self, row: int, places: dict[str, int], walks: dict[int, Walk]) -> Offer:
        """Return the offer of a level; ``walks`` lead to objectives' places and other things."""
        targets = {cell: walks[cell] for cell in dict.fromkeys(places.values())}
        on_way = {cell for x in places for cell in self._list_entered(row, x, walks)}
        things, entered = dict[int, Walk](), {*on_way}
        for cell in sorted(walks.keys() - targets.keys(), key=self.drawn[row].__getitem__):
            if len(targets) + len(things) < self.options - 1 and cell not in entered:
                things[cell] = walks[cell]
                entered |= self._list_cells(row, walks[cell])
        free = [cell for cell, is_free in enumerate(self.free[row]) if is_free]
        free = sorted({*free} - {*targets}, key=self.drawn[row].__getitem__)
        while True:
            chosen = targets | things
            more = self._choose_free(row, free, chosen, entered)
            if not things or len(chosen) + len(more) == self.options:
                break
            things.popitem()  # the things leave no room for the other options
            entered = on_way.union(*(self._list_cells(row, walk) for walk in things.values()))
        # Where no walk is left, the agent stays.
        more |= {cell: () for cell in free if cell not in more}
        added = [*more][: self.options - len(chosen)]
        empty = added[max(self.options - 1 - len(chosen), 0) :]
        empty += [cell for cell in chosen if not self.things[row, cell]]
        chosen |= {cell: more[cell] for cell in added}
        cells = sorted(chosen, key=self.listed[row].__getitem__)
        walks_listed = tuple(chosen[cell] for cell in cells)
        return Offer(tuple(cells), walks_listed, places, frozenset(empty))

    def _choose_free(
        self, row: int, free: list[int], chosen: Mapping[int, Walk], entered: set[int]
    ) -> dict[int, Walk]:
        """Return the first free cells, with walks to them, that fill the options.

        If no set of cells has walks that avoid all other options, it is the largest that was found.
        """
        missing, best = self.options - len(chosen), dict[int, Walk]()
        if missing <= 0:
            return best
        tree = self._grow(row, chosen)
        for cell in free:
            if cell in entered or cell not in tree:
                continue
            more = {cell: tree[cell]}
            if missing > 1:
                other = [x for x in free if x != cell]
                walked = entered | self._list_cells(row, tree[cell])
                more |= self._choose_free(row, other, {**chosen, cell: tree[cell]}, walked)
            if len(more) > len(best):
                best = more
            if len(best) == missing:
                break
        return best

    def _list_entered(self, row: int, objective: str, walks: dict[int, Walk]) -> set[int]:
        """Return the cells that are entered on the way to an objective's place."""
        walk = walks[int(self.tours[objective].place[row])]
        steps = int(self.tours[objective].steps[row])
        return self._list_cells(row, walk if self.trap.judging.places else walk[:steps])

    def _list_cells(self, row: int, walk: Walk) -> set[int]:
        shifts = [self.shifts[action] if action != STAY else 0 for action in walk]
        return {int(cell) for cell in self.starts.agent[row] + np.cumsum([0, *shifts])}
