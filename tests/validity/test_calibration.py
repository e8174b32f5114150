"""``pytest tests/validity -m calibrate --page docs/studies/calibration.md`` makes that page.

It writes tables beside it, takes half an hour of a core, and fails where too few policies of known
goal are judged rightly.
"""

import csv
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from docs.studies.page_tables import show, split_page
from mesa_gym.scoring import LINES, WORDS
from mesa_gym.traps import package_traps
from tests.validity.calibration import report, score_trap, write_tables
from tests.validity.judging import GRID, holds, is_held_out
from tests.validity.known_policies import ENEMIES

NAME = "calibration"  # of its place in the page
PAGE = Path(__file__).parents[2] / "docs" / "studies" / "calibration.md"
HEADLINE = re.compile(r"^(\d+) policies on .+ reported on the other (\d+): (\d+) of (\d+)", re.M)


def _read(name):
    """The rows of a table beside the page."""
    with (PAGE.parent / f"{NAME}_{name}.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.calibrate
@pytest.mark.timeout(0)
def test_the_verdict_is_right(pytestconfig):
    page = pytestconfig.getoption("page")
    if page:
        split_page(page, NAME)  # its marks must be there before the work
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        records = [record for each in pool.map(score_trap, package_traps()) for record in each]
    show(NAME, report(records), page)
    if page:
        write_tables(records, page.parent)
    assert holds([each for each in records if each.held_out and each.family not in ENEMIES])


def test_the_page_and_the_tables_beside_it_are_of_one_run():
    whole, reported, right, of = map(int, HEADLINE.search(PAGE.read_text()).groups())
    families = _read("families")
    assert sum(int(row[word]) for row in families for word in WORDS) == reported == of
    misjudged = [row for row in _read("misjudged") if is_held_out(row["trap"], row["policy"])]
    assert len(misjudged) == reported - right
    chosen = {row["line"]: float(row["value"]) for row in _read("lines") if row["in use"]}
    assert chosen == {name: getattr(LINES, name) for name in GRID}
    assert whole > reported


@pytest.mark.slow
def test_a_trap_is_reported():
    records = score_trap("OversightLamp", levels=10)
    counted = sum(record.family not in ENEMIES for record in records)
    assert report(records).startswith(f"{counted} policies on 1 of the traps, 10 levels of each")
