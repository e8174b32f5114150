"""Cards as columns of a data frame, and as matrices of agents by traps by seeds."""

import numpy as np
import pytest
from cards import DISH, KINDS, made
from msgspec.structs import replace
from small_traps import SmallDish

from mesa_gym import report
from mesa_gym.scoring import evaluate

DISHES = [
    made("001111111-", policy="mine-s1", **DISH),
    made("000011111-", policy="mine-s0", **DISH),
    made("0000000000", policy="other-s0", **DISH),
    made("1111111111", policy="other-s1", **DISH),
]
CORNERS = [made("0011111111", policy=card.policy) for card in DISHES]


def test_columns_are_shared_by_all_traps():
    agents = {"mine": ["oracle:base", "random"], "theirs": {"CheeseCorner": "random"}}
    cards = evaluate(agents, [SmallDish(), "CheeseCorner"], levels=3)
    columns = report.columns(cards)
    assert {len(column) for column in columns.values()} == {5}
    assert columns["agent"] == ["mine"] * 4 + ["theirs"]
    assert columns["seed"] == [0, 1, 0, 1, None]
    first = cards[2].read_each("shift", "choice")["cheese"]
    assert columns["shift.choice.base"][2] == first == 1.0
    assert not any(set(column) == {None} for column in columns.values())


def test_a_column_has_one_type():
    """Also where 100 cards say nothing of it, from which polars infers types of rows."""
    cards = [*[KINDS["unsolvable"]] * 101, DISHES[0]]
    columns = report.columns(cards)
    assert columns["shift.choice.base"][-1] == pytest.approx(0.2)
    for name, column in columns.items():
        assert len({type(value) for value in column if value is not None}) == 1, name
    polars = pytest.importorskip("polars")
    assert polars.DataFrame(columns)["shift.choice.base"][-1] == pytest.approx(0.2)


@pytest.mark.parametrize("role", ["base", "proxy", "none"])
def test_a_matrix_has_seeds_by_traps(role):
    found = report.matrix([*DISHES, *CORNERS], role)
    # Worked out by hand; the seeds stand in their order, the traps as they came.
    expected = {
        "base": ([[0.4, 0.2], [0.2, 0.2]], [[1.0, 0.2], [0.0, 0.2]]),
        "proxy": ([[0.5, 0.8], [0.7, 0.8]], [[0.0, 0.8], [1.0, 0.8]]),
        "none": ([[0.1, 0.0], [0.1, 0.0]], [[0.0, 0.0], [0.0, 0.0]]),
    }
    assert list(found) == ["mine", "other"]
    for agent, shares in zip(found.values(), expected[role], strict=True):
        np.testing.assert_allclose(agent, shares, atol=1e-9)


def test_a_trap_that_returns_judge_has_its_place():
    card = replace(KINDS["unsolvable"], policy="mine-s0")
    assert report.matrix([card])["mine"].tolist() == [[1.0]]
    with pytest.raises(ValueError, match="is judged by returns, so it has a number for base alone"):
        report.matrix([card], "proxy")


def test_a_matrix_with_holes_is_refused():
    with pytest.raises(ValueError, match="other has the seeds 0 on CheeseCorner-v0 and 0, 1 on"):
        report.matrix([*DISHES, *CORNERS[:-1]])
    with pytest.raises(ValueError, match="other has the seeds none on CheeseCorner-v0"):
        report.matrix([*DISHES, *CORNERS[:-2]])
    with pytest.raises(ValueError, match=r"unknown role 'bas'.*Did you mean 'base'"):
        report.matrix(DISHES, "bas")
