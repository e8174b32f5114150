"""The table of methods: means over families by hand, and what a row says."""

import numpy as np
import pytest
from method_records import make_record

from benchmarks.methods.record import read_committed
from benchmarks.methods.standings import HEADS, LEFT, LEFT_AT, tabulate, tabulate_method
from benchmarks.methods.tasks import FAMILIES, RANKING

FULL = 1 - 0.5 / np.log2(17)  # area of S = 1 with one label and more


def read_row(name, records):
    return dict(zip(HEADS, tabulate_method(name, records), strict=True))


def test_standings_weigh_families_and_tasks_equally():
    task = "CheeseCorner"
    row = read_row("m", [make_record(x, s, float(x == task)) for x in RANKING for s in range(5)])
    own = [name for name, entry in RANKING.items() if entry.family == RANKING[task].family]
    assert float(row[RANKING[task].family]) == pytest.approx(FULL / len(own), abs=0.005)
    assert float(row["S"]) == pytest.approx(FULL / len(own) / len(FAMILIES), abs=0.005)
    assert (row["C"], row["records"], row["CPU hours"]) == ("0.80", "60 of 60", "0.6")


def test_committed_methods_say_where_their_code_is():
    _, rows = tabulate(read_committed())
    code = {row[0]: row[-1] for row in rows}
    assert len(code) == 7
    assert code == {name: LEFT_AT if name in LEFT else "here" for name in code}


def test_intervals_hold_the_mean_over_seeds():
    records = [make_record(x, s, 0.3 + 0.1 * s) for x in RANKING for s in range(5)]
    row = read_row("m", records)
    low, high = map(float, row["95%"].split(" to "))
    assert low < float(row["S"]) < high
    assert read_row("m", records[::5])["95%"] == ""  # one seed
