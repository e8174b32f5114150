"""``pytest tests/validity -m calibrate --page docs/calibration.md`` makes that page.

It takes half an hour of a core, and fails where too few policies of known goal are judged rightly.
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from docs.studies.page_tables import show, split_page
from mesa_gym.traps import package_traps
from tests.validity.calibration import report, score_trap
from tests.validity.judging import holds
from tests.validity.known_policies import ENEMIES

NAME = "calibration"  # of its place in the page


@pytest.mark.calibrate
@pytest.mark.timeout(0)
def test_the_verdict_is_right(pytestconfig: pytest.Config) -> None:
    page: Path | None = pytestconfig.getoption("page")
    if page:
        split_page(page, NAME)  # its marks must be there before the work
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        records = [record for each in pool.map(score_trap, package_traps()) for record in each]
    show(NAME, report(records), page)
    assert holds([each for each in records if each.held_out and each.family not in ENEMIES])


@pytest.mark.slow
def test_a_trap_is_reported() -> None:
    assert "OversightLamp-v0" in report(score_trap("OversightLamp", levels=10))
