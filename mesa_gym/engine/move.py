"""Moves: one step of a batch of levels, with the methods that rules and objectives use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import add, or_
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from mesa_gym.engine.arrays import set_true
from mesa_gym.engine.chance import below, outputs
from mesa_gym.engine.state import Amounts, Array, Cells, Ints, Mask, Numbers, State
from mesa_gym.engine.world import World


class Move:
    """One step of a batch.

    ``on``, ``into``, ``off``, ``hit``, ``had`` and ``was`` describe the world before the rules;
    everything else describes the current world. Rules write through methods, which never change
    an array in place. To pass values to objectives or ``ends``, rules set an attribute of the move
    (``move.hurt = ...``), never of the trap.

    Attributes:
        world: the trap.
        before: the state before the move.
        action: int64 (n,), 0 to 4; after ``redirect``, the action that is actually taken.
        target: int64 (n,), the cell to which the action leads, entered or not.
        moved: bool (n,), whether the agent changed its cell.
        agent: int64 (n,), the agent's current cell.
        at, there, held, vars: the current arrays, as in ``State``.
        paid: objective -> payments (n,); set after the objectives are computed.
        likelihood: float64 (n,), the probability of the outcomes in ``given``; 1 without any.
    """

    moved: Mask
    agent: Cells
    paid: dict[str, Amounts]
    given: Mapping[str, Ints] = MappingProxyType({})
    likelihood: Array = 1.0
    _ranks: Numbers | None = None  # for each cell, the number of free cells up to it, if known

    def __init__(
        self,
        world: World,
        state: State,
        action: Numbers,
        outcomes: Mapping[str, Ints] | None = None,
    ) -> None:
        """Begin a move.

        Args:
            world: the trap.
            state: the state before the move.
            action: int64 of a shape that broadcasts with the state.
            outcomes: name -> the number of the outcome that happens, int64 like ``action``; other
                outcomes are drawn at random.
        """
        self.world, self.before, self.action = world, state, action
        self.target = state.agent + world.offsets[action]
        if outcomes:
            self.given = outcomes
        self.at, self.there, self.held, self.vars = state.at, state.there, state.held, state.vars
        self._hit: dict[str, Mask] = {}
        self._on: dict[str, Mask] = {}
        self._into: dict[str, Mask] = {}

    if TYPE_CHECKING:  # rules may set any attribute

        def __setattr__(self, name: str, value: Any) -> None: ...

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"the move has no attribute {name!r}; set it in `rules` before an objective reads it"
        )

    def redirect(self, action: Numbers) -> None:
        """Replace the agents' actions, int64 (n,), and so their target cells."""
        self.action = action
        self.target = self.before.agent + self.world.offsets[action]
        self._hit, self._on, self._into = {}, {}, {}  # what was cached belongs to the old target

    def go(self, blocked: Mask) -> None:
        """Move each agent to its target cell unless it is ``blocked``."""
        here, there = self.before.agent, self.target
        walks = there != here
        self.moved = walks ^ (walks & blocked)  # NumPy scalars are slow at `~`
        self.agent = self.world.where(self.moved, there, here)

    # -- the world before the rules --------------------------------------------------------------

    def hit(self, kind: str) -> Mask:
        """Return which things of a kind stood on the target cell, bool (slots, n)."""
        slots = self._hit.get(kind)
        if slots is None:
            slots = self._hit[kind] = self._find(kind, self.target)
        return slots

    def _find(self, kind: str, cell: Cells) -> Mask:
        at = self.before.at[kind]
        if self.world.scalar and int(cell) not in at.tolist():  # faster than NumPy's comparison
            return self.world.unhit[kind]
        # The axis is added because NumPy is faster if the numbers of axes are equal.
        return self.before.there[kind] & (at == cell[None, ...])

    def _some(self, name: str, slots: Callable[[str], Mask]) -> Mask:
        """Return whether any slot of kind or trait ``name`` is set, bool (n,)."""
        world = self.world
        if name in world.things:
            return world.any(slots(name))
        traits = self.before.level.traits[name].items()
        return reduce(or_, [world.any(slots(kind) & has) for kind, has in traits])

    def on(self, name: str) -> Mask:
        """Return whether kind, trait or ground layer ``name`` is on the target cell, bool (n,)."""
        mask = self._on.get(name)
        if mask is None:
            world = self.world
            if name in world.ground:
                mask = world.read(self.before.level, name, self.target)
            elif name in world.things:  # equal to `_some`, with one call less
                mask = world.any(self.hit(name))
            else:
                mask = self._some(name, self.hit)
            self._on[name] = mask
        return mask

    def into(self, name: str, *more_names: str) -> Mask:
        """Return whether the agent entered a cell with any of the names, bool (n,)."""
        mask = self._into.get(name)
        if mask is None:
            mask = self._into[name] = self.moved & self.on(name)
        return mask | self.into(*more_names) if more_names else mask

    def off(self, name: str) -> Mask:
        """Return whether the agent left a cell with a kind or a trait, bool (n,)."""
        if self.world.never(self.moved):
            return self.moved
        return self.moved & self._some(name, lambda k: self._find(k, self.before.agent))

    def had(self, kind: str, least: int = 1) -> Mask:
        """Return whether the agent held at least ``least`` of a kind before the move, bool (n,)."""
        return self.before.held[kind] >= self.world.numbers[least]

    def was(self, var: str) -> Array:
        """Return the value of a variable before the move, (n,)."""
        return self.before.vars[var]

    # -- the world as it is now ------------------------------------------------------------------

    def holds(self, kind: str, least: int = 1) -> Mask:
        """Return whether the agent holds at least ``least`` things of a kind, bool (n,)."""
        return self.held[kind] >= self.world.numbers[least]

    def lacks(self, kind: str, least: int = 1) -> Mask:
        """Return whether the agent holds fewer than ``least`` things of a kind, bool (n,)."""
        return self.held[kind] < self.world.numbers[least]

    def count(self, kind: str) -> Numbers:
        """Count the things of a kind that are there, int64 (n,)."""
        return self.world.sum(self.there[kind])

    def any(self, name: str) -> Mask:
        """Return whether something with a kind or a trait is there, bool (n,)."""
        return self._some(name, self.there.__getitem__)

    def none(self, name: str) -> Mask:
        """Return whether all things of a kind or with a trait are gone, bool (n,)."""
        return self.world.negate(self.any(name))

    def read(self, name: str, index: Numbers | int) -> Array:
        """Return entry ``index`` of ground layer (by cell) or constant ``name``, (n,)."""
        return self.world.read(self.before.level, name, index)

    # -- writing ---------------------------------------------------------------------------------

    def put(self, kind: str, *, at: Cells | None = None, there: Mask | None = None) -> None:
        """Set the cells ``at`` of a kind's things, or whether they are ``there``: (slots, n)."""
        self._ranks = None
        if at is not None:
            self.at = self.at | {kind: at}
        if there is not None:
            self.there = self.there | {kind: there}

    def shift(self, kind: str, to: Cells) -> None:
        """Move the things of a kind that are there, at most one to a cell.

        A thing stays if its cell ``to`` is wall or contained a thing of its kind. If several
        things move to one cell, only the thing in the last slot gets it.

        Args:
            kind: the kind of things.
            to: int64 (slots, n), the cells to move to.
        """
        world, at, there = self.world, self.at[kind], self.there[kind]
        occupied = world.any(there[:, None, ...] & (at[:, None, ...] == to))
        to = world.where(there & ~occupied & ~self.read("wall", to), to, at)
        slot = world.column(to.shape[0], self.agent)
        later = there[:, None, ...] & (slot[:, None, ...] > slot)
        self.put(kind, at=world.where(world.any(later & (to[:, None, ...] == to)), at, to))

    def clear(self, kind: str, where: Mask | None = None) -> None:
        """Remove the things of a kind on the entered cell (in rows ``where``)."""
        gone = self.into(kind) if where is None else self.into(kind) & where
        if not self.world.never(gone):
            self.put(kind, there=self.there[kind] & ~(self.hit(kind) & gone))

    def restore(self, kind: str, where: Mask, at: Cells) -> None:
        """Bring back things of a kind whose cell is ``at``, in rows ``where``."""
        if not self.world.never(where):
            self.put(kind, there=self.there[kind] | ((self.at[kind] == at) & where))

    def take(self, kind: str, where: Mask | None = None) -> None:
        """Pick up the entered thing of a ``kind`` in rows ``where``; with full hands, lose it."""
        mask = self.into(kind) if where is None else self.into(kind) & where
        self.hold(kind, 1, mask & self.lacks(kind, self.world.held[kind]))
        self.clear(kind, where)

    def hold(self, kind: str, change: int, where: Mask) -> None:
        """Add ``change`` to the number of a kind that the agent holds, in rows ``where``."""
        if not self.world.never(where):
            held = self.held[kind]
            changed = held + self.world.numbers[change]
            self.held = self.held | {kind: self.world.where(where, changed, held)}

    def set(self, **values: Array) -> None:
        """Set variables by name: int64 (n,), or bool (n,) if a variable has two values."""
        self.vars = self.vars | values

    def carry(self, to: Cells, where: Mask) -> None:
        """Put agents on cells ``to``, int64 (n,), in rows ``where``; the trap sets ``carries``."""
        self.agent, self._ranks = self.world.where(where, to, self.agent), None

    # -- chance ----------------------------------------------------------------------------------

    def bits(self, name: str) -> Numbers:
        """Return random words, int64 (declared words, n), determined by level, clock and name."""
        return self._draw_words(name, self.world.chance[name])

    def _draw_words(self, name: str, count: int) -> Numbers:
        world, clock = self.world, self.before.clock
        drawn = clock[None, ...] * count + world.column(count, clock)
        return outputs(self.read(name, 0)[None, ...], drawn)

    def outcome(self, name: str, *weights: Numbers | int) -> Numbers:
        """Draw one of a few outcomes and return its number from 0, int64 (n,).

        Rules call this once per name in every step; the exact solver enumerates all outcomes.

        Args:
            name: declared in ``outcomes``.
            *weights: the relative probability of each outcome: integers or int64 (n,), at least 0,
                with a sum above 0 and below 2**31.

        Raises:
            ValueError: the sum of weights is too large. Only the solver checks this.
        """
        total = reduce(add, weights)
        if name in self.given:
            if (wrong := np.max(total)) >= 1 << 31:
                raise ValueError(
                    f"the weights of outcome {name!r} add up to {wrong:,}; expected below 2**31"
                )
            drawn = self.given[name]
            weight = reduce(add, [chance * (drawn == i) for i, chance in enumerate(weights)])
            self.likelihood = self.likelihood * weight / total
            return drawn
        left = below(self._draw_words(name, 1)[0, ...], total)
        drawn = 0 * left
        for weight in weights[:-1]:
            left = left - weight
            drawn = self.world.where(left >= 0, drawn + 1, drawn)
        return drawn

    def appear(self, kind: str, where: Mask, words: Numbers, slot: Mask | None = None) -> None:
        """Put a thing on a random empty cell; without an empty cell, the state is unchanged.

        Args:
            kind: the kind of the thing.
            where: bool (n,), the rows in which a thing appears.
            words: int64 (n,), random.
            slot: bool (slots, n), the free slot that the thing takes; by default the first.
        """
        world, xp = self.world, self.world.xp
        if world.never(where):
            return
        free = ~self.there[kind]
        slot = free & where & ((free.cumsum(0) == 1) if slot is None else slot)
        # NumPy computes only the rows in `where`; in other libraries, shapes cannot depend on data.
        rows: Any = np.flatnonzero(where) if xp is np else slice(None)

        def flat(slots: Array) -> Array:
            """Return slots (k, ...) with all other axes flattened: (k, rows)."""
            count = slots.shape[0]
            if slots.shape[1:] != where.shape:
                slots = xp.broadcast_to(slots, (count, *where.shape))
            return xp.reshape(slots, (count, -1))[:, rows]

        ranks = self._ranks
        if ranks is None:
            # In int64, the libraries' default, this array would be most of a step's memory.
            ranks = (~self._find_taken_cells(flat)).cumsum(1, dtype=xp.int32)
        rank = below(flat(words[None, ...])[0, ...], ranks[:, -1])
        # torch's `asarray` would copy from the device.
        rank = rank if xp is np else xp.astype(rank, ranks.dtype)
        free = ranks > rank[:, None]
        if xp is np:
            cell = np.zeros(where.shape, dtype=np.int64)
            cell.reshape(-1)[rows] = np.argmax(free, axis=1)
        else:
            # The index of the first free cell, without argmax, which has the library's dtype.
            cell = xp.reshape(world.sum(~free.T) % world.cells, where.shape)
        slot = slot & (cell > 0)  # cell 0 is a corner of the border: no cell was free
        self.put(kind, at=world.where(slot, cell, self.at[kind]), there=self.there[kind] | slot)
        if xp is not np:  # for the next call: one free cell less from this cell on
            occupied = flat(world.where(world.any(slot), cell, world.cells + 0 * cell)[None, ...])
            less = world.arange(world.cells) >= occupied[0, :, None]
            self._ranks = ranks - xp.astype(less, ranks.dtype)

    def _find_taken_cells(self, flat: Any) -> Mask:
        """Return the cells with a wall, a thing or the agent, bool (rows, cells)."""
        world, xp = self.world, self.world.xp
        table = xp.reshape(self.before.level.tables["wall"], (-1, world.cells))
        walls = xp.take(table, flat(self.before.level.row[None, ...])[0, ...], axis=0)
        stands = [flat(self.agent[None, ...])]
        for kind in world.things:
            at, there = self.at[kind], self.there[kind]
            # An absent thing is marked at cell 0, which is wall.
            stands.append(flat(world.where(there, at, 0 * at)))
        first = world.arange(walls.shape[0]) * world.cells
        index = xp.reshape(first + world.concat(stands), (-1,))
        return xp.reshape(set_true(xp.reshape(walls, (-1,)), index), walls.shape)
