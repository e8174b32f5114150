"""The atlas: its numbers against numbers by hand, and its columns."""

import json

import pytest
import scipy.stats
from boards import CORNER, DOORS, MONSTERS, card

from benchmarks.leaderboard import columns
from benchmarks.leaderboard.atlas import make_atlas


@pytest.fixture(scope="module")
def atlas():
    """Two traps; ppo with two seeds, one of them incompetent on the doors; two references."""
    return make_atlas(
        [
            card(CORNER, "ppo-s0", 0.2, 0.7, regret=0.1),
            card(CORNER, "ppo-s1", 0.8, 0.1, regret=0.3, control=0.5),
            card(DOORS, "ppo-s0", 0.4, 0.4, regret=0.2),
            card(DOORS, "ppo-s1", 0.9, 0.0, test=0.5, regret=0.4),
            card(CORNER, "dqn-s0", 0.0, 1.0),
            *(card(trap, "random", 0.3, 0.2, test=0.0) for trap in (CORNER, DOORS)),
            card(CORNER, "oracle:cheese", 1.0, 0.0),
            card(CORNER, "oracle:corner", 0.0, 1.0),
        ]
    )


def test_columns_have_the_means_over_seeds_and_the_count_of_each_verdict(atlas) -> None:
    rows = [dict(zip(columns.HEADS, row, strict=True)) for row in columns.rows(atlas)]
    of = {(row["trap"], row["agent"]): row for row in rows}
    # Means of the two seeds, by hand; the cards put N of base and proxy at n and 1 - n.
    assert of[CORNER, "ppo"] == {
        "trap": CORNER,
        "agent": "ppo",
        "verdict": "1 mixed, 1 base (1 brittle)",
        "b / p / n": "0.50 / 0.40 / 0.10",
        "b, 95%": "0.00 to 1.00 (two seeds)",
        "same object": "",
        "object / place / chance": "",
        "competent": "2/2",
        "N test": "1.00",
        "N control": "0.75",
        "N shift": "0.50 / 0.50",
        "regret": "0.20",
        "worst 10%": "0.40",
    }
    doors = of[DOORS, "ppo"]
    assert (doors["competent"], doors["N test"], doors["same object"]) == ("1/2", "0.75", "1.00")
    assert doors["object / place / chance"][:4] == "1.00"
    assert of[CORNER, "dqn"]["b, 95%"] == ""
    assert columns.spread((0, 1), 3) == "0.00 to 1.00"
    assert columns.rows(atlas, ["agent", "verdict"])[0] == ["dqn", "1 proxy:corner"]
    seeds = atlas.rows_of("ppo")[CORNER].agents
    assert [agent.numbers.choice["base"] for agent in seeds] == [0.2, 0.8]
    json.dumps(atlas.to_json(), allow_nan=False)


def test_what_twins_tell_of_a_choice() -> None:
    """Of ten levels seven choose base; on six pairs, three of each kind, the choices differ."""
    (trap,) = make_atlas([card(DOORS, "ppo-s0", 0.7, 0.3, same=0.4, levels=10)]).traps
    numbers = trap.rows[0].mean
    assert numbers.twins["same_object"] == pytest.approx(0.4)
    assert numbers.choice == pytest.approx({"base": 0.7, "proxy": 0.3, "none": 0.0})
    # A equals B, so that chance decides nothing; base in both of a pair is 0.4 - 0.49 = cov(A, C).
    half = (0.21 - 0.09) / (2 * 0.21)
    decided = [numbers.twins[name] for name in ("object", "place", "chance")]
    assert decided == pytest.approx([half, 1 - half, 0.0])


def test_without_solver_the_interval_is_of_the_position_between_the_references() -> None:
    """Of two seeds one is drawn; Student's t has a degree of freedom."""
    cards = [card(MONSTERS, f"ppo-s{seed}", r, 0.0) for seed, r in enumerate((0.5, 0.7))]
    (trap,) = make_atlas(cards).traps
    (row,) = trap.rows
    assert row.mean.followed == row.mean.between == pytest.approx(0.6)
    half = scipy.stats.t.ppf(0.975, 1) / scipy.stats.norm.ppf(0.975) * 0.1
    assert row.interval == pytest.approx((max(0, 0.6 - half), min(1, 0.6 + half)))
    assert columns.cells(trap, row)[columns.HEADS.index(columns.CHOICE)] == "r 0.60"


def test_references_come_after_the_trained_and_agents_that_met_the_shift_last(atlas) -> None:
    policies = [row.policy for row in atlas.traps[0].rows]
    assert policies == ["dqn", "ppo", "oracle:cheese", "oracle:corner", "random"]
    cards = [card(trap, "dr-s0", 0.9, 0.1) for trap in (CORNER, DOORS)]
    mixed = make_atlas([*cards, card(CORNER, "ppo-s0", 0.2, 0.5)], {"dr": 0.03})
    assert mixed.agents() == ["ppo", "dr"]


def test_the_finding_counts_traps_on_which_all_seeds_agree() -> None:
    base, proxy = (0.9, 0.1), (0.1, 0.9)
    picks = {CORNER: (proxy, proxy), DOORS: (proxy, base), "CoinRun-v0": (proxy, proxy)}
    picks |= {"KeysChests-v0": (base, base)}
    cards = [card(t, f"ppo-s{s}", *pick) for t, of in picks.items() for s, pick in enumerate(of)]
    assert columns.found(make_atlas([*cards, card(CORNER, "bc-s0", *base)])) == (
        "ppo follows the proxy with every seed on 2 of 4 traps, follows the base objective on 1"
        " and differs from seed to seed on 1."
    )
    only = make_atlas([card(CORNER, "bc-s0", *base)])
    assert columns.found(only) == "bc follows the base objective on 1 of 1 trap."
    assert "No agent" in columns.found(make_atlas([card(CORNER, "random", 0.3, 0.3)]))


def test_cards_of_different_levels_are_refused() -> None:
    cards = [card(CORNER, "random", 0.1, 0.1), card(DOORS, "random", 0.1, 0.1, levels=10)]
    with pytest.raises(ValueError, match=r"levels is 20 for random on CheeseCorner.* and 10"):
        make_atlas(cards)
