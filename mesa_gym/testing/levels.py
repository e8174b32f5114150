"""Checks of how levels are drawn, and of what states hold."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from mesa_gym.engine import Bools, Ints, State, hash_rows
from mesa_gym.testing.check import Findings, check
from mesa_gym.testing.explored import arrays_of, difference, explore
from mesa_gym.traps import LEVELS, Split, Trap
from mesa_gym.traps.levels import without_agent

# Start states are cheap: so many of each split are looked at, and more where training shows them.
STARTS, TRAINED = 512, 8192
# Seconds of the processor, and levels that a trap of any size draws in them.
SECONDS, DRAWN = 2.0, 20


@check(*Split)
def check_level_identity(trap: Trap, split: Split, levels: int) -> Findings:
    """Check that a level is the same alone, in a batch, twice in a batch, in any order, every time.

    Fix: draw with the builder's methods, each level from its own row; keep nothing on the trap.
    """
    numbers = np.concatenate([np.arange(levels), [LEVELS - 1, LEVELS]])
    whole, again = trap.levels(split, numbers), type(trap)(trap.size, **trap.parameters)
    every = np.arange(len(numbers))
    for rows in (*every[:, None], every, every[::-1], np.array([1, 0, 1])):
        drawn = arrays_of(again, again.levels(split, numbers[rows]))
        differs = difference(drawn, arrays_of(trap, whole.take(rows)))
        yield not differs, f"levels {numbers[rows]} are others ({differs}) than in a larger batch"


@check()
def check_held_out(trap: Trap, levels: int) -> Findings:
    """Check that no level of test, control or shift is one of training, the agent's cell apart.

    Fix: draw the layout by the builder's methods, which hold a half of all layouts out.
    """
    looks, (train, *others) = {}, Split
    for split in Split:
        state = trap.levels(split, np.arange(TRAINED if split is train else STARTS))
        looks[split] = hash_rows(without_agent(trap, state))
    for split in others:
        good = ~np.isin(looks[split], looks[train])
        yield good, f"a level of {split} is a level of training", state


@check()
def check_sizes(trap: Trap, levels: int) -> Findings:
    """Check that a trap works at the sizes that it declares, quickly, and refuses others by name.

    Fix: narrow `min_size` and `max_size`.
    """
    cls = type(trap)
    least, most = np.array(cls.min_size), np.array(cls.max_size)
    middle = (most - least) // 4 * 2
    sizes = [np.minimum(least + more, most) for more in (0, 2, 4, middle, most, (0, 99), (99, 0))]
    for size in np.unique(sizes, axis=0).tolist():
        other = cls(size)
        for split in Split:
            began = time.process_time()
            other.step(other.levels(split, np.arange(DRAWN)), np.zeros(DRAWN, np.int64))
            seconds = time.process_time() - began
            yield seconds < SECONDS, f"{DRAWN} levels of {other!r}, {split}, take {seconds:.1f} s"
    for wrong in np.array([least - 2, most + 2, least + 1]).tolist():
        try:
            yield cls(wrong) is None, f"size {wrong} is not refused"
        except ValueError as error:
            yield cls.__name__ in str(error), f"size {wrong} is refused with {str(error)!r}"


@check(*Split)
def check_start(trap: Trap, split: Split, levels: int) -> Findings:
    """Check that the agent starts on no target: nothing, seen or hidden, shares its cell.

    Fix: draw the agent last, on a free cell (`level.agent()`).
    """
    state = trap.levels(split, np.arange(STARTS))
    for name in (*trap.ground, *trap.things):
        free = ~trap.layer(state, name)[np.arange(state.n), state.agent]
        yield free, f"the agent starts on {name!r}", state


@check(*Split)
def check_states(trap: Trap, split: Split, levels: int) -> Findings:
    """Check that every state that can be reached is well formed.

    Fix: declare what a state can hold, draw things on free cells, stop the agent in `blocked`.
    """
    seen = explore(trap, split, levels)
    for state in (trap.levels(split, np.arange(STARTS)), seen.state, seen.final):
        yield from well_formed(trap, state) if state.n else ()


def well_formed(trap: Trap, state: State) -> Findings:
    """Yield which states are right, bool (n,), what is wrong otherwise, and the states."""
    shapes = {kind: (slots, state.n) for kind, slots in trap.things.items()}
    numbers: list[Any] = [("agent", state.agent, (state.n,), trap.cells)]
    numbers += [(f"at.{kind}", state.at[kind], shapes[kind], trap.cells) for kind in shapes]
    numbers += [(f"there.{kind}", state.there[kind], shapes[kind], 2) for kind in shapes]
    numbers += [(f"held.{k}", state.held[k], (state.n,), most + 1) for k, most in trap.held.items()]
    numbers += [(f"vars.{x}", state.vars[x], (state.n,), most) for x, most in trap.vars.items()]
    for name, array, shape, values in numbers:
        dtype = np.bool_ if values == 2 and name[0] in "tv" else np.int64
        right = array.dtype == dtype and array.shape == shape
        inside = ((array >= 0) & (array < values)).reshape(-1, state.n).all(axis=0)
        what = f"`{name}` is {array.dtype} {array.shape}; it is declared {dtype.__name__} {shape}"
        yield right & inside, f"{what}, 0 to {values - 1}", state
    for kind, there in state.there.items():
        somewhere = ~(there & (state.at[kind] == 0)).any(axis=0)
        yield somewhere, f"{kind!r} is there in cell 0, which is nowhere", state
    walls = trap.layer(state, "wall")
    yield ~walls[np.arange(state.n), state.agent], "the agent stands in a wall", state
    edge = np.pad(np.zeros((trap.height - 2, trap.width - 2), np.bool_), 1, constant_values=True)
    yield walls[:, edge.ravel()].all(axis=1), "the border is not all wall", state
    alone = trap.observe(state).sum(axis=(1, 2, 3), dtype=np.int64) == _shown(trap, state)
    yield alone, "two things that one plane shows are in one cell; one would unpaint both", state


def _shown(trap: Trap, state: State) -> Ints:
    """Count the cells of the ground, and all that can change and is shown, int64 (n,)."""
    count = np.zeros(state.n, np.int64)
    for plane in trap.planes:
        layers = [trap.layer(state, x) for x in trap.ground if trap.shown_as.get(x, x) == plane]
        count += np.any(layers, axis=0).sum(axis=1) if layers else 0
    for _, cells, there in trap.dots(state):
        count += (cells > 0 if there is None else there).sum(axis=0)
    return count


@check()
def check_novelty(trap: Trap, levels: int) -> Findings:
    """Check that no plane, and no cell of the top row, is set that training never sets.

    A failure under shift could be one of capability otherwise.

    Fix: let training show it, or name it in `novel_planes`.
    """
    novel = np.array([plane in trap.novel_planes for plane in trap.planes])
    known = _ever_set(trap, Split.TRAIN, levels)
    for split in (Split.TEST, Split.CONTROL, Split.SHIFT):
        for column, channel in np.argwhere(_ever_set(trap, split, levels) & ~known & ~novel):
            where = f"cell {column} of the top row" if column else "the grid"
            yield False, f"{trap.planes[channel]!r} is set in {where} on {split}, never in training"


def _ever_set(trap: Trap, split: Split, levels: int) -> Bools:
    """Return which planes are set anywhere, bool (width, planes).

    Row 0 is for the grid below the top row, which holds the border's corner; the others are for
    the cells of the top row.
    """
    seen = explore(trap, split, levels)
    found = np.zeros((trap.width, len(trap.planes)), dtype=np.bool_)
    for state in (trap.levels(split, np.arange(STARTS)), seen.state, seen.final):
        planes = trap.observe(state)
        found |= planes[:, 0].any(axis=0)
        found[0] |= planes[:, 1:].any(axis=(0, 1, 2))
    return found
