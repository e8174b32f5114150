"""The random numbers: known answers, a reference in Python integers, statistics."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import MASK, splitmix64
from scipy.stats import chi2_contingency

from mesa_gym.engine.chance import below, bits, fold, hash64, outputs, shift_right, streams, unit

LEVELS = np.arange(20_000)
words = st.integers(-1 << 63, (1 << 63) - 1)


def first(seed, count):
    return [splitmix64(seed, index) for index in range(count)]


def unsigned(array):
    assert array.dtype == np.int64
    return array.copy().view(np.uint64).tolist()


def test_splitmix64_known_answers():
    # As published with the generators of the Rosetta Code task "Pseudo-random numbers/Splitmix64".
    assert unsigned(outputs(np.array([1234567]), np.arange(5))) == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@given(st.lists(words, min_size=1), st.integers(0, MASK), words, st.integers(0, 64))
def test_words_are_splitmix64(levels, key, seed, attempt):
    assert unsigned(outputs(np.array([seed]), np.arange(5))) == first(seed & MASK, 5)
    offset = hash64(f"{key:016x}/door/{attempt}")
    drawn = bits(key - (key >> 63 << 64), np.array(levels), "door", attempt, 6)
    for level, column in zip(levels, drawn.T, strict=True):
        # The seed is the finaliser of level * golden + offset: one output, a step earlier.
        start = splitmix64((level * 0x9E3779B97F4A7C15 + offset) & MASK, -1)
        assert unsigned(column) == first(start, 6)
    np.testing.assert_array_equal(bits(key, np.array(levels), "door", attempt, 6), drawn)


@given(words, st.integers(1, 63), st.integers(1, 1 << 31))
def test_words_are_read_as_unsigned(word, places, bound):
    array, value = np.array([word]), word & MASK
    assert shift_right(array, places).tolist() == [value >> places]
    assert below(array, bound).tolist() == [(value >> 32) * bound >> 32]
    assert unit(array).tolist() == [(value >> 11) / 2**53]


@pytest.mark.parametrize(
    ("changed", "drawn"),
    [
        ("site", bits(1, LEVELS, "other", 0, 1)),
        ("attempt", bits(1, LEVELS, "site", 1, 1)),
        ("key", bits(2, LEVELS, "site", 0, 1)),
        ("next level", bits(1, LEVELS + 1, "site", 0, 1)),
        ("next word", bits(1, LEVELS, "site", 0, 2)[1:]),
    ],
)
def test_words_are_independent_of_those_drawn_elsewhere(changed, drawn):
    one = below(bits(1, LEVELS, "site", 0, 1)[0], 8)
    table = np.bincount(one * 8 + below(drawn[0], 8), minlength=64).reshape(8, 8)
    assert chi2_contingency(table).pvalue > 1e-3, changed


def test_streams_of_neighbouring_levels_never_meet():
    assert len(np.unique(bits(1, LEVELS, "site", 0, 20))) == 20 * len(LEVELS)
    assert len(np.unique(streams(1, LEVELS, "site"))) == len(LEVELS)


def test_fold_keeps_small_seeds_and_mixes_in_what_is_above():
    assert [fold(0), fold((1 << 63) - 1), fold(MASK)] == [0, (1 << 63) - 1, -1]
    assert fold((5 << 64) | 3) == 5 ^ 3
    assert -1 << 63 <= fold((1 << 200) | 1 << 191) < 0


def test_hash64_is_blake2b():
    digest = blake2b(b"mesa", digest_size=8).digest()
    assert hash64("mesa") == int.from_bytes(digest, "little", signed=True)
