"""The board: its numbers against numbers by hand, and its tables."""

import json
import re

import numpy as np
import pytest
import scipy.stats
from boards import CORNER, DOORS, KEYS, MONSTERS, RANKED, VACUUM, card, reference_cards

from benchmarks import legend, tables
from benchmarks.board import make_board
from benchmarks.markdown import markdown
from benchmarks.ranking import compare, everywhere, rank


@pytest.fixture
def board():
    """Two traps; ppo with two seeds, one of them incompetent on the doors; two references."""
    return make_board(
        [
            card(CORNER, "ppo-s0", 0.2, 0.7, regret=0.1),
            card(CORNER, "ppo-s1", 0.8, 0.1, regret=0.3, control=0.5),
            card(DOORS, "ppo-s0", 0.4, 0.4, regret=0.2),
            card(DOORS, "ppo-s1", 0.9, 0.0, test=0.5, regret=0.4),
            *(card(trap, "random", 0.3, 0.2, test=0.0) for trap in (CORNER, DOORS)),
            card(CORNER, "oracle:cheese", 1.0, 0.0),
            card(DOORS, "oracle:door", 1.0, 0.0),
            card(CORNER, "oracle:corner", 0.0, 1.0),
        ]
    )


# -- the numbers ---------------------------------------------------------------------------------


def test_the_ranking_counts_b_and_nothing_for_the_incompetent(board):
    standings = {standing.policy: standing for standing in board.rankings[0].standings}
    assert list(standings) == ["ppo", "oracle:base", "random"]
    ppo = standings["ppo"]
    # Seed 0: (0.2 + 0.4) / 2; seed 1: (0.8 + 0) / 2, since it is incompetent on the doors.
    assert ppo.by_seed == pytest.approx({0: 0.3, 1: 0.4})
    assert ppo.score == pytest.approx(0.35)
    assert (ppo.competent, ppo.agents) == (3, 4)
    assert (ppo.proxy, ppo.none) == pytest.approx(((0.4 + 0.2) / 2, (0.1 + 0.15) / 2))
    assert ppo.verdicts == {"mixed": 2, "base": 1, "incapable": 1}
    # The middle half of 0.5, 1, 1, 1 and of 0.1, 0.2, 0.3, 0.4.
    assert ppo.test == pytest.approx(1.0)
    assert ppo.regret == pytest.approx(0.25)
    assert standings["oracle:base"].score == 1
    assert standings["random"].score == 0
    assert [standing.reference for standing in board.rankings[0].standings] == [False, True, True]


def test_a_row_is_the_mean_over_seeds_beside_every_seed(board):
    row = board.traps[0].rows[0]
    assert row.policy == "ppo"
    assert row.mean.choice == pytest.approx({"base": 0.5, "proxy": 0.4, "none": 0.1})
    assert np.isnan(list(row.mean.twins.values())).all()
    assert row.mean.regret == pytest.approx(0.2)
    assert row.mean.worst_decile == pytest.approx(0.4)
    assert row.mean.control == pytest.approx(0.75)
    assert [agent.numbers.choice["base"] for agent in row.agents] == [0.2, 0.8]
    assert row.verdicts == {"mixed": 0.5, "base": 0.5}
    assert (row.competent, row.brittle) == (2, 1)


def test_what_twins_tell_of_a_choice():
    """Of ten levels seven choose base; on six pairs, three of each kind, the choices differ."""
    (trap,) = make_board([card(DOORS, "ppo-s0", 0.7, 0.3, same=0.4, levels=10)]).traps
    numbers = trap.rows[0].mean
    assert trap.exchanged
    assert numbers.twins["same_object"] == pytest.approx(0.4)
    assert numbers.choice == pytest.approx({"base": 0.7, "proxy": 0.3, "none": 0.0})
    # A equals B, so that chance decides nothing; base in both of a pair is 0.4 - 0.49 = cov(A, C).
    half = (0.21 - 0.09) / (2 * 0.21)
    decided = [numbers.twins[name] for name in ("object", "place", "chance")]
    assert decided == pytest.approx([half, 1 - half, 0.0])


def test_intervals_resample_seeds_by_trap(board):
    """A resample draws one of a trap's two seeds; Student's t has a degree of freedom a trap."""
    corner = scipy.stats.t.ppf(0.975, 1) / scipy.stats.norm.ppf(0.975) * 0.3
    assert corner > 0.5
    assert board.traps[0].rows[0].interval == (0, 1)
    # The four means over traps are 0.1, 0.3, 0.4 and 0.6: 0.25 to either side. Satterthwaite: the
    # variances of the two traps, 0.3 and 0.2 squared, have a degree of freedom each.
    freedom = 1 / ((9 / 13) ** 2 + (4 / 13) ** 2)
    both = scipy.stats.t.ppf(0.975, freedom) / scipy.stats.norm.ppf(0.975) * 0.25
    assert board.rankings[0].standings[0].interval == pytest.approx((0, 0.35 + both), abs=1e-3)
    reference = board.traps[0].rows[1]
    assert reference.policy == "oracle:cheese"
    assert np.isnan(reference.interval).all()


def test_references_come_in_a_fixed_order_after_the_trained(board):
    policies = [row.policy for row in board.traps[0].rows]
    assert policies == ["ppo", "oracle:cheese", "oracle:corner", "random"]


def test_a_board_is_plain_data(board):
    assert json.loads(json.dumps(board.to_json(), allow_nan=False))["schema"] == 3


def test_agents_are_ranked_only_beside_those_of_the_same_traps():
    """dqn would lead, were its mean over one trap set beside ppo's over two."""
    whole = [card(CORNER, "ppo-s0", 0.3, 0.5), card(DOORS, "ppo-s0", 0.7, 0.3)]
    board = make_board([*whole, card(CORNER, "dqn-s0", 0.6, 0.0)])
    both, corner = board.rankings
    assert both.traps == [CORNER, DOORS]
    assert [(each.policy, each.score) for each in both.standings] == [("ppo", 0.5)]
    assert both.lacking == {"dqn": 1}
    assert corner.traps == [CORNER]
    assert [(each.policy, each.score) for each in corner.standings] == [("dqn", 0.6), ("ppo", 0.3)]
    assert corner.lacking == {}
    for form in (tables.terminal(board), markdown(board)):
        assert "so not ranked here: dqn (1 of 2)." in form
        assert "Ranking, 1 of the 2 ranked traps" in form
    assert "Only these traps count here, for every agent of the table: CheeseCorner-v0." in (
        markdown(board)
    )


def test_agents_trained_on_the_shift_are_ranked_apart():
    cards = [card(trap, "ppo-s0", 0.2, 0.5) for trap in (CORNER, DOORS)]
    cards += [card(trap, "dr-s0", 0.9, 0.1) for trap in (CORNER, DOORS)]
    cards += [card(CORNER, "plr-s0", 1.0, 0.0)]
    board = make_board(cards, {"dr": 0.03, "plr": 0.01})
    found = [
        (ranking.shifted, ranking.traps, [each.policy for each in ranking.standings])
        for ranking in board.rankings
    ]
    assert found == [
        (False, [CORNER, DOORS], ["ppo"]),
        (True, [CORNER, DOORS], ["dr"]),
        (True, [CORNER], ["plr", "dr"]),
    ]
    assert board.agents() == ["ppo", "dr", "plr"]
    assert legend.heading(board, board.rankings[1]).startswith("Ranking of agents trained with")


def test_a_subset_of_the_traps_is_ranked_by_its_own_means():
    scores = {CORNER: 0.1, VACUUM: 0.4, KEYS: 0.8, DOORS: 0.3}
    board = make_board([card(trap, "ppo-s0", b, 0.1) for trap, b in scores.items()])
    instrumental = [trap for trap in board.traps if "instrumental" in trap.types]
    assert [trap.trap for trap in instrumental] == [VACUUM, KEYS]
    assert rank(instrumental, {}, False).standings[0].score == pytest.approx(0.6)
    assert rank(board.traps, {}, False).standings[0].score == pytest.approx(0.4)


def test_two_agents_are_compared_on_the_traps_that_both_have():
    cards = [card(CORNER, f"ppo-s{seed}", b, 0.1) for seed, b in enumerate((0.2, 0.4))]
    cards += [card(DOORS, f"ppo-s{seed}", 1.0, 0.0) for seed in range(2)]
    cards += [card(CORNER, f"dqn-s{seed}", b, 0.1) for seed, b in enumerate((0.5, 0.9))]
    cards += [card(KEYS, f"dqn-s{seed}", 0.0, 1.0) for seed in range(2)]
    rows = everywhere(make_board(cards).traps)
    compared = compare(rows["ppo"], rows["dqn"])
    assert (compared.traps, compared.ours, compared.theirs) == pytest.approx((1, 0.3, 0.7))
    # One of two seeds is drawn of each: the four differences are -0.7, -0.5, -0.3 and -0.1.
    # Satterthwaite: the shares of the variance are 1/5 and 4/5 with a degree of freedom each.
    freedom = 1 / ((1 / 5) ** 2 + (4 / 5) ** 2)
    half = scipy.stats.t.ppf(0.975, freedom) / scipy.stats.norm.ppf(0.975) * 0.3
    assert compared.interval == pytest.approx((max(-1, -0.4 - half), -0.4 + half), abs=1e-3)
    assert compare(rows["ppo"], {}) is None


def test_the_proxies_oracles_are_one_reference():
    board = make_board([each for trap in RANKED for each in reference_cards(trap)])
    standings = {each.policy: each for each in board.rankings[0].standings}
    expected = {"oracle:base", "oracle:proxy", "either", "aimless", "random", "stay"}
    assert set(standings) == expected
    assert (standings["oracle:proxy"].score, standings["oracle:proxy"].proxy) == (0.0, 1.0)


def test_without_solver_the_interval_is_of_the_position_between_the_references():
    cards = [card(MONSTERS, f"ppo-s{seed}", r, 0.0) for seed, r in enumerate((0.5, 0.7))]
    (row,) = make_board(cards).traps[0].rows
    assert row.mean.followed == row.mean.between == pytest.approx(0.6)
    assert np.isnan(row.mean.choice["base"])
    half = scipy.stats.t.ppf(0.975, 1) / scipy.stats.norm.ppf(0.975) * 0.1
    assert row.interval == pytest.approx((max(0, 0.6 - half), min(1, 0.6 + half)))


def test_a_card_of_an_unknown_policy_is_refused():
    told = r"'runs/ppo' on CheeseCorner-v0 is neither of an agent nor of a reference.*ppo-s0"
    with pytest.raises(ValueError, match=told):
        make_board([card(CORNER, "runs/ppo", 0.1, 0.1)])


def test_cards_of_different_levels_are_refused():
    cards = [card(CORNER, "random", 0.1, 0.1), card(DOORS, "random", 0.1, 0.1, levels=10)]
    with pytest.raises(ValueError, match=r"levels is 20 for random on CheeseCorner.* and 10"):
        make_board(cards)


# -- tables ----------------------------------------------------------------------------------------


def test_tables_show_verdict_shares_and_every_seed(board):
    text = tables.terminal(board)
    assert "50% mixed, 50% base (brittle)" in text
    assert re.search(r"1\. ppo +0\.35 +0\.00 to 0\.98 +0\.30, 0\.40 +3/4", text)
    assert "0.50 / 0.40 / 0.10" in text
    assert "| seed 1 | base (brittle) | yes |" in markdown(board)
    rows = [line for line in markdown(board).splitlines() if line.startswith("|")]
    widths = {line.count("|") for line in rows}
    heads = (tables.RANKING_HEADS, tables.GLANCE_HEADS, *map(tables.heads, board.traps))
    assert widths == {len(columns) + 1 for columns in heads}


def test_the_trained_agents_of_all_traps_stand_in_one_table(board):
    rows = tables.glance_rows(board)
    corner, doors = (dict(zip(tables.GLANCE_HEADS, row, strict=True)) for row in rows)
    # Means of the two seeds, by hand; the cards put N of base and proxy at n and 1 - n.
    assert corner == {
        "trap": CORNER,
        "agent": "ppo",
        "verdict": "50% mixed, 50% base (brittle)",
        "competent": "2/2",
        "test": "1.00 / 0.00",
        "shift": "0.50 / 0.50",
        "b / p / n": "0.50 / 0.40 / 0.10",
        "same object": "",
        "object / place / chance": "",
        "r": "",
    }
    assert (doors["competent"], doors["test"]) == ("1/2", "0.75 / 0.25")
    assert (doors["same object"], doors["object / place / chance"][:4]) == ("1.00", "1.00")
