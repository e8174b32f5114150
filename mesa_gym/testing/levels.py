"""Checks of how levels are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from mesa_gym.grid import AGENT, WALL, Bools, Ints, State
from mesa_gym.testing.check import SAMPLE, ConformanceError, check
from mesa_gym.testing.explored import arrays_of, difference, explore
from mesa_gym.traps import LEVELS, Split, Trap

# Start states are cheap: so many of each split are looked at.
STARTS = 512


@check
def check_level_identity(trap: Trap, levels: int = SAMPLE) -> None:
    """A level is the same alone, in a batch, twice in a batch and in any order."""
    numbers = np.concatenate([np.arange(levels), [LEVELS - 1, LEVELS]])
    for split in Split:
        whole = trap.levels(split, numbers)
        orders: list[Ints] = [np.array([i]) for i in range(len(numbers))]
        orders += [np.arange(len(numbers))[::-1], np.array([1, 0, 1])]
        for rows in orders:
            found = difference(
                arrays_of(trap.levels(split, numbers[rows])), arrays_of(whole.take(rows))
            )
            if found:
                name, row = found
                raise ConformanceError(
                    f"its `{name}` differs between a batch of {len(numbers)} levels and one of"
                    f" {len(rows)}; draw with `draw`'s methods only, each level from its own row",
                    split,
                    int(numbers[rows][row]),
                )


@check
def check_start(trap: Trap, levels: int = SAMPLE) -> None:
    """The agent starts on no target: nothing, seen or hidden, shares its cell."""
    for split in Split:
        state = trap.levels(split, np.arange(STARTS))
        at = state.first + state.cell
        others = state.flat[at].sum(axis=1) != 1
        marks = state.hidden_flat[at].any(axis=1)
        for wrong, what in ((others, "visible planes"), (marks, "hidden planes or once-marks")):
            if wrong.any():
                raise ConformanceError(
                    f"{what} other than the agent's are set where the agent starts; draw the"
                    " agent last, on a free cell (`draw.agent()`)",
                    split,
                    int(state.level[wrong.argmax()]),
                )


@check
def check_novelty(trap: Trap, levels: int = SAMPLE) -> None:
    """No plane, and no cell of the top row, is set that training never sets."""
    novel = np.array([plane in trap.novel_planes for plane in trap.schema.planes])
    known = _ever_set(trap, Split.TRAIN, levels)
    for split in (Split.TEST, Split.CONTROL, Split.SHIFT):
        new = _ever_set(trap, split, levels) & ~known & ~novel
        if new.any():
            column, channel = np.argwhere(new)[0]
            plane = trap.schema.planes[channel].name
            where = f"cell {column} of the top row" if column else "the grid"
            raise ConformanceError(
                f"{plane!r} is set in {where} and never is in training, so that a failure could be"
                " one of capability; let training show it, or name it in `novel_planes`",
                split,
            )


def _ever_set(trap: Trap, split: Split, levels: int) -> Bools:
    """Which channels are set anywhere, bool (width, channels).

    Row 0 is for the grid below the top row, which holds the border's corner; the others are for
    the cells of the top row.
    """
    explored = explore(trap, split, levels)
    found = np.zeros((trap.schema.width, len(trap.schema.planes)), dtype=np.bool_)
    for state in (trap.levels(split, np.arange(STARTS)), explored.state, explored.final):
        found |= state.planes[:, 0].any(axis=0)
        found[0] |= state.planes[:, 1:].any(axis=(0, 1, 2))
    return found


@check
def check_states(trap: Trap, levels: int = SAMPLE) -> None:
    """Every state that can be reached is well formed."""
    for split in Split:
        explored = explore(trap, split, levels)
        starts = trap.levels(split, np.arange(STARTS))
        for state in (starts, explored.state, explored.final):
            for what, wrong in {**_grid_faults(state), **_top_row_faults(state)}.items():
                if wrong.any():
                    raise ConformanceError(what, split, int(state.level[wrong.argmax()]))


def _grid_faults(state: State) -> dict[str, Any]:
    """What is wrong -> bool (n,), in which states."""
    n, cells = len(state), state.schema.cells
    agent, wall = state.layer(AGENT).reshape(n, cells), state.layer(WALL)
    here = np.arange(cells) == state.cell[:, None]
    border = wall[:, [0, -1]].all(axis=(1, 2)) & wall[:, :, [0, -1]].all(axis=(1, 2))
    count = state.planes[:, 1:].sum(axis=(1, 2), dtype=np.int64)
    first_copy = [state.schema.channels[plane][0] for plane in state.schema.planes]
    copies = state.planes[..., first_copy]
    return {
        "planes hold something other than 0 and 1; write with the move's methods": (
            state.planes.max(axis=(1, 2, 3)) > 1
        ),
        "hidden planes hold something other than 0 and 1": (
            state.hidden.max(axis=(1, 2, 3), initial=0) > 1
        ),
        "the agent's plane is not set in the agent's cell alone; only a move moves it": (
            (agent != here).any(axis=1)
        ),
        "the agent stands in a wall; `blocked` must stop it": (
            (wall.reshape(n, cells) & here).any(axis=1)
        ),
        "the border is not all wall; layouts leave it alone, and so must rules": ~border,
        "`count` is not what a recount gives; write with the move's methods": (
            (count != state.count).any(axis=1)
        ),
        "the copies of a repeated plane differ; write with the move's methods": (
            (copies != state.planes).any(axis=(1, 2, 3))
        ),
    }


def _top_row_faults(state: State) -> dict[str, Any]:
    """The same, of what the agent holds."""
    schema, top = state.schema, state.planes[:, 0]
    allowed = np.zeros(top.shape[1:], dtype=np.bool_)
    allowed[:, schema.channels[WALL]] = True
    for plane in schema.signs:
        allowed[1:-1, schema.channels[plane]] = True
    gap = np.zeros(len(state), dtype=np.bool_)
    for plane, (start, stop) in schema.slots.items():
        if plane.sprite is not None:
            allowed[start:stop, schema.channels[plane]] = True
        slots = top[:, start:stop, schema.channels[plane][0]]
        gap |= (slots[:, 1:] > slots[:, :-1]).any(axis=1)
    stray = top.astype(np.bool_) & ~allowed
    return {
        "the top row shows something that is neither a held kind in its own cells, by `gain` and"
        " `spend` and never an attribute, nor one of the trap's `signs`": stray.any(axis=(1, 2)),
        "held items leave a gap; the top row is filled from the left of each kind's run": gap,
    }
