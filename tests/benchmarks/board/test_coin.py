"""The coin's standard error, against throws counted by hand."""

import pytest
from boards import method
from msgspec.structs import replace

from benchmarks.board.coin import measure_coin
from benchmarks.tracks.record import QUESTIONS, Point


def test_throws_are_pooled_by_family_and_table() -> None:
    throws = [(1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)]  # S 1, 0 and -1
    ask = [Point(q, throws, 1.0) for q in QUESTIONS]
    made = replace(method("CheeseDish", "coin", 0, 0.5), labels=None, coverage=None, ask=ask)
    (alone,) = measure_coin([made])
    assert alone[:3] == ("attribute", "ask", 0.0)
    assert alone.throws == 3 * len(QUESTIONS)
    # Four times each of 1, 0 and -1: a variance of 8 / 11.
    assert alone.error == pytest.approx((8 / 11 / 12) ** 0.5)
    families = [each.family for each in measure_coin([made, replace(made, task="CoinRun")])]
    assert families == ["attribute", "place"]
