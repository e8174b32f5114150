"""The battery judges where things lie also where no cell pays when it is entered."""

from __future__ import annotations

import pytest
from pushing import Coal, Lopsided, Nearer

from mesa_gym.testing import ConformanceError, check_directions, check_distances


@pytest.mark.slow
def test_a_fair_trap_of_pushing_passes() -> None:
    check_directions(Coal)
    check_distances(Coal)


@pytest.mark.slow
def test_a_side_that_gives_an_objective_away_is_found() -> None:
    with pytest.raises(ConformanceError, match=r"'forged' lie in a greater row .* unequally"):
        check_directions(Lopsided)


@pytest.mark.slow
def test_nearness_that_gives_an_objective_away_is_found() -> None:
    with pytest.raises(ConformanceError, match=r"within \d+ steps .* unequally often"):
        check_distances(Nearer)
