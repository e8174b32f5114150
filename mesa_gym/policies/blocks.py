"""Networks that answer alike whatever else is in the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Rows that a network sees at once. Matrix products of another number of rows may round otherwise;
# with always the same number, what an agent does does not depend on the others in its batch.
BLOCK = 64


def in_blocks(
    answer: Callable[[NDArray[np.uint8], slice], NDArray[Any]], observation: NDArray[np.uint8]
) -> NDArray[Any]:
    """Return what a network answers to a batch (n, ...), in blocks of always the same size.

    Args:
        answer: called with a block, zeros behind the last row, and where it is in the batch.
        observation: what is seen.

    Returns:
        (n, ...).
    """
    n = len(observation)
    padded = np.zeros((whole_blocks(n), *observation.shape[1:]), dtype=observation.dtype)
    padded[:n] = observation
    blocks = [slice(first, first + BLOCK) for first in range(0, len(padded), BLOCK)]
    return np.concatenate([answer(padded[rows], rows) for rows in blocks])[:n]


def whole_blocks(rows: int) -> int:
    """Round a number of rows up to a whole number of blocks."""
    return -(-rows // BLOCK) * BLOCK
