"""The random numbers: known answers, a reference in Python integers, statistics."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pytest
from scipy.stats import chi2_contingency, chisquare

from mesa_gym.grid.bits import below, bits, fold, hash64, outputs, streams, unit

MASK = (1 << 64) - 1
LEVELS = np.arange(20_000)


def splitmix64(seed: int, count: int) -> list[int]:
    """Steele, Lea and Flood 2014, figure 16, in Python integers."""
    words = []
    for _ in range(count):
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        words.append(z ^ (z >> 31))
    return words


def test_splitmix64_known_answers() -> None:
    words = outputs(np.array([1234567], dtype=np.uint64), np.arange(5))
    assert words.tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@pytest.mark.parametrize("level", [0, 17, (1 << 48) + 5, MASK])
def test_bits_is_splitmix64_seeded_by_key_level_site_and_attempt(level: int) -> None:
    text = f"{99:016x}/door/3"
    offset = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
    # The seed is the finaliser of level * golden + offset: one output, a step earlier.
    seed = splitmix64((level * 0x9E3779B97F4A7C15 + offset - 0x9E3779B97F4A7C15) & MASK, 1)[0]
    words = bits(99, np.array([level], dtype=np.uint64), "door", 3, 6)
    assert words.tolist() == [splitmix64(seed, 6)]


def test_bits_of_a_level_do_not_depend_on_the_batch_or_the_count() -> None:
    whole = bits(1, LEVELS, "site", 0, 7)
    np.testing.assert_array_equal(bits(1, LEVELS[::-1], "site", 0, 7)[::-1], whole)
    np.testing.assert_array_equal(bits(1, LEVELS[17:18], "site", 0, 3), whole[17:18, :3])


@pytest.mark.parametrize("bound", [1, 2, 3, 7, 10, 64, 121])
def test_below_is_uniform(bound: int) -> None:
    drawn = below(bits(1, LEVELS, f"bound {bound}", 0, 5).ravel(), bound)
    counts = np.bincount(drawn, minlength=bound)
    assert len(counts) == bound
    assert bound == 1 or chisquare(counts).pvalue > 1e-3


def test_below_takes_a_bound_for_each_word() -> None:
    extremes = np.array([0, MASK, 0, MASK, 1 << 63], dtype=np.uint64)
    bound = np.array([5, 5, 1, 1, 10])
    assert below(extremes, bound).tolist() == [0, 4, 0, 0, 5]


def test_every_bit_is_a_fair_coin() -> None:
    words = bits(1, LEVELS, "coins", 0, 1)[:, 0]
    share = [(words >> np.uint64(i) & np.uint64(1)).mean() for i in range(64)]
    np.testing.assert_allclose(share, 0.5, atol=4.5 * 0.5 / np.sqrt(len(LEVELS)))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("site", bits(1, LEVELS, "other", 0, 1)),
        ("attempt", bits(1, LEVELS, "site", 1, 1)),
        ("key", bits(2, LEVELS, "site", 0, 1)),
        ("next level", bits(1, LEVELS + 1, "site", 0, 1)),
        ("next word", bits(1, LEVELS, "site", 0, 2)[:, 1:]),
    ],
)
def test_words_are_independent_of_those_drawn_elsewhere(changed: str, words: np.ndarray) -> None:
    one = below(bits(1, LEVELS, "site", 0, 1)[:, 0], 8)
    other = below(words[:, 0], 8)
    table = np.bincount(one * 8 + other, minlength=64).reshape(8, 8)
    assert chi2_contingency(table).pvalue > 1e-3, changed


def test_streams_of_neighbouring_levels_never_meet() -> None:
    assert len(np.unique(bits(1, LEVELS, "site", 0, 20))) == 20 * len(LEVELS)
    assert len(np.unique(streams(1, LEVELS, "site"))) == len(LEVELS)


def test_fold_keeps_small_seeds_and_mixes_in_what_is_above() -> None:
    assert fold(0) == 0
    assert fold(MASK) == MASK
    assert fold((5 << 64) | 3) == 5 ^ 3
    assert fold(1 << 200) <= MASK


def test_hash64_is_blake2b() -> None:
    digest = blake2b(b"mesa", digest_size=8).digest()
    assert hash64("mesa") == int.from_bytes(digest, "little")


def test_unit_reaches_0_and_stays_below_1() -> None:
    words = np.array([0, 1 << 63, 2**64 - 1, 1 << 11], dtype=np.uint64)
    assert unit(words).tolist() == [0.0, 0.5, 1 - 2.0**-53, 2.0**-53]
