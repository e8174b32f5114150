"""Random numbers as a pure function of their place of use.

Every random number of a level is ``bits(key, level, site, attempt, count)``. There is no sequence
of draws, so a level does not depend on the batch, the order, the process or the platform.
The mixer is SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
generators", figure 16), computed in int64, whose products wrap in NumPy, torch and JAX.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np

from mesa_gym.engine.state import Floats, Ints

_MASK = (1 << 64) - 1


def wrap_int64(value: int) -> int:
    """Return the int64 with the 64 bits of a non-negative integer."""
    value &= _MASK
    return value - ((value >> 63) << 64)


GOLDEN = wrap_int64(0x9E3779B97F4A7C15)
_C1 = wrap_int64(0xBF58476D1CE4E5B9)
_C2 = wrap_int64(0x94D049BB133111EB)


def shift_right(words: Any, places: int) -> Any:
    """Shift int64 words right and fill with zeros, as for unsigned words."""
    return (words >> places) & ((1 << 64 - places) - 1)


def mix(words: Any) -> Any:
    """Apply the SplitMix64 finaliser, a bijection of 64-bit words.

    Args:
        words: int64, of any array library, with at least one dimension (NumPy warns if a
            scalar wraps).
    """
    words = (words ^ shift_right(words, 30)) * _C1
    words = (words ^ shift_right(words, 27)) * _C2
    return words ^ shift_right(words, 31)


@lru_cache(maxsize=4096)
def hash64(text: str) -> int:
    """Return blake2b-64 of a text, as an int64."""
    return wrap_int64(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little"))


def streams(key: int, numbers: Ints, site: str, attempt: int = 0) -> Ints:
    """Return the SplitMix64 stream of each number (a level or seed), int64 (n,)."""
    return mix(numbers * GOLDEN + hash64(f"{key & _MASK:016x}/{site}/{attempt}"))


def outputs(stream: Any, index: Any) -> Any:
    """Return output ``index`` (from 0) of each SplitMix64 stream, with broadcasting."""
    return mix(stream + (index + 1) * GOLDEN)


def bits(key: int, level: Ints, site: str, attempt: int, count: int) -> Ints:
    """Return ``count`` random 64-bit words for each level.

    Args:
        key: identifies the set of levels (trap, version, size, split, salt), 64 bits.
        level: level numbers, int64 (n,).
        site: the name of the place of use in the code; two sites give independent words.
        attempt: the number of times the level was rejected so far.
        count: the number of words per level.

    Returns:
        int64 (count, n), each word uniform over all 64-bit words.
    """
    return outputs(streams(key, level, site, attempt)[None, :], np.arange(count)[:, None])


def below(words: Any, bound: Any) -> Any:
    """Map words to 0 .. bound - 1 by their upper 32 bits (bias below bound / 2**32)."""
    return shift_right(shift_right(words, 32) * bound, 32)


def unit(words: Ints) -> Floats:
    """Map words to [0, 1) by their upper 53 bits."""
    return shift_right(words, 11).astype(np.float64) * 2.0**-53


def fold(seed: int) -> int:
    """Hash a non-negative integer of any size to an int64; numbers below 2**63 are unchanged."""
    while seed > _MASK:
        seed = (seed & _MASK) ^ (seed >> 64)
    return wrap_int64(seed)
