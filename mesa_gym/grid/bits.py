"""Random numbers as a pure function of where they are used.

Every random number of a level is ``bits(key, level, site, attempt, count)``: nothing is drawn in
sequence, so a level is the same whatever the batch, the order, the process or the platform.
The mixer is SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
generators", figure 16); row ``i`` of the result is its output stream from seed ``stream[i]``.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

UInt64s = NDArray[np.uint64]

GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
_C1, _C2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def mix(values: UInt64s) -> UInt64s:
    """The SplitMix64 finaliser, a bijection of uint64, over an array of at least one dimension."""
    x = values ^ (values >> np.uint64(30))
    x *= np.uint64(_C1)
    x ^= x >> np.uint64(27)
    x *= np.uint64(_C2)
    x ^= x >> np.uint64(31)
    return x


@lru_cache(maxsize=4096)
def hash64(text: str) -> int:
    """blake2b-64 of a text, as an integer from 0 to 2**64 - 1."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def streams(key: int, numbers: NDArray[np.int64] | UInt64s, site: str, attempt: int = 0) -> UInt64s:
    """One SplitMix64 seed for each number (a level, an environment's seed), shape (n,)."""
    offset = hash64(f"{key:016x}/{site}/{attempt}")
    return mix(numbers.astype(np.uint64) * np.uint64(GOLDEN) + np.uint64(offset))


def outputs(stream: UInt64s, index: NDArray[np.int64] | UInt64s) -> UInt64s:
    """Output ``index`` (from 0) of each SplitMix64 stream; the two arrays broadcast."""
    return mix(stream + (index.astype(np.uint64) + np.uint64(1)) * np.uint64(GOLDEN))


def bits(
    key: int, level: NDArray[np.int64] | UInt64s, site: str, attempt: int, count: int
) -> UInt64s:
    """``count`` random 64-bit words for each level.

    Args:
        key: what the levels belong to (trap, parameters, split, salt), 0 to 2**64 - 1.
        level: level numbers, shape (n,).
        site: the name of the place in the code that draws; two sites are independent.
        attempt: how often the level has been rejected so far.
        count: words a level.

    Returns:
        uint64 (n, count), uniform on 0 to 2**64 - 1.
    """
    return outputs(streams(key, level, site, attempt)[:, None], np.arange(count)[None, :])


def below(words: UInt64s, bound: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Map words to 0 .. bound - 1 by their upper 32 bits (bias below bound / 2**32)."""
    high = words >> np.uint64(32)
    return ((high * np.asarray(bound, dtype=np.uint64)) >> np.uint64(32)).astype(np.int64)


def unit(words: UInt64s) -> NDArray[np.float64]:
    """Map words to 0 up to, not including, 1 by their upper 53 bits."""
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def fold(seed: int) -> int:
    """A non-negative integer of any size folded into 64 bits; smaller ones stay as they are."""
    while seed > _MASK:
        seed = (seed & _MASK) ^ (seed >> 64)
    return seed
