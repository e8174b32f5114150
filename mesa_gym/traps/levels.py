"""From level numbers to start states: draw, and draw again what a trap's requirements reject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from mesa_gym.grid import Draw, Ints, State
from mesa_gym.grid.bits import streams
from mesa_gym.traps.split import Split

if TYPE_CHECKING:
    from mesa_gym.traps.trap import Trap

ATTEMPTS = 64
BLOCK = 4096


def start_states(trap: Trap, split: Split, numbers: Ints, salt: str = "") -> State:
    """The start states of the given levels; ``Trap.levels`` says more."""
    if len(numbers) <= BLOCK:
        return _block(trap, split, numbers, salt)
    state = State(trap.schema, len(numbers))
    for start in range(0, len(numbers), BLOCK):
        block = _block(trap, split, numbers[start : start + BLOCK], salt)
        state.put(np.arange(start, start + len(block)), block, np.arange(len(block)))
    return state


def _block(trap: Trap, split: Split, numbers: Ints, salt: str) -> State:
    state: State | None = None
    for rows, draw in attempts(trap, split, numbers, salt):
        if state is None:
            state = draw.state
        else:
            good = draw.valid.nonzero()[0]
            state.put(rows[good], draw.state, good)
    assert state is not None  # there is always a first attempt
    return state


def attempts(
    trap: Trap, split: Split, numbers: Ints, salt: str = ""
) -> Iterator[tuple[Ints, Draw]]:
    """Draw levels, and those that are rejected again, until all are accepted.

    Args:
        trap: whose levels.
        split: the distribution.
        numbers: int64 (n,), level numbers.
        salt: an evaluator's secret.

    Yields:
        int64 (m,), which of ``numbers`` are drawn, and their draw, whose ``valid`` says which are
        accepted.

    Raises:
        RuntimeError: a level broke the trap's own requirements 64 times.
    """
    pending = np.arange(len(numbers))
    for attempt in range(ATTEMPTS):
        draw = drawn(trap, split, numbers[pending], salt, attempt)
        yield pending, draw
        pending = pending[~draw.valid]
        if not pending.size:
            return
    raise RuntimeError(
        f"{trap!r}, split {split.value!r}: level {numbers[pending[0]]} broke the trap's"
        f" requirements {ATTEMPTS} times; a larger size may mend it"
    )


def drawn(
    trap: Trap,
    split: Split,
    numbers: Ints,
    salt: str = "",
    attempt: int = 0,
    given: Mapping[str, Ints] | None = None,
) -> Draw:
    """Draw levels once, the rejected ones too.

    Args:
        trap: whose levels.
        split: the distribution.
        numbers: int64 (n,), level numbers.
        salt: an evaluator's secret.
        attempt: how often the levels were rejected before.
        given: site -> int64 (n, most), cells to scatter objects on instead of random ones.
    """
    key = trap.key(split, salt)
    draw = Draw(trap.schema, key, numbers, attempt, given)
    trap.draw(draw, split.law)
    draw.state.recount()
    draw.state.mark_once()
    draw.state.key = streams(key, draw.level, "level")
    return draw
