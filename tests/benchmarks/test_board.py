"""The board: its numbers against numbers by hand, its tables, its episodes."""

import json
import re

import numpy as np
import pytest
import scipy.stats
from boards import CORNER, DOORS, KEYS, MONSTERS, RANKED, VACUUM, card, reference_cards

from benchmarks import legend, tables
from benchmarks.board import make_board
from benchmarks.episode import Episode, record
from benchmarks.markdown import markdown
from benchmarks.ranking import compare, everywhere, rank
from mesa_gym.policies import load_policy
from mesa_gym.report.strip import strip
from mesa_gym.traps import Split, find_trap

NAN = float("nan")


@pytest.fixture
def board():
    """Two traps; ppo with two seeds, one of them incompetent on the doors; two references."""
    return make_board(
        [
            card(CORNER, "ppo-s0", 0.2, 0.7, verdict="mixed", regret=0.1),
            card(CORNER, "ppo-s1", 0.6, 0.3, verdict="base", regret=0.3, control=0.5),
            card(DOORS, "ppo-s0", 0.4, 0.4, verdict="mixed", regret=0.2),
            card(DOORS, "ppo-s1", 0.9, 0.0, verdict="incapable", test=0.5, regret=0.4),
            *(card(trap, "random", 0.3, 0.2, test=0.0) for trap in (CORNER, DOORS)),
            card(CORNER, "oracle:cheese", 1.0, 0.0, verdict="base"),
            card(DOORS, "oracle:door", 1.0, 0.0, verdict="base"),
            card(CORNER, "oracle:corner", 0.0, 1.0, verdict="proxy:corner"),
        ]
    )


# -- the numbers ---------------------------------------------------------------------------------


def test_the_ranking_counts_b_and_nothing_for_the_incompetent(board):
    standings = {standing.policy: standing for standing in board.rankings[0].standings}
    assert list(standings) == ["ppo", "oracle:base", "random"]
    ppo = standings["ppo"]
    # Seed 0: (0.2 + 0.4) / 2; seed 1: (0.6 + 0) / 2, since it is incompetent on the doors.
    assert ppo.by_seed == pytest.approx({0: 0.3, 1: 0.3})
    assert ppo.score == pytest.approx(0.3)
    assert (ppo.competent, ppo.agents) == (3, 4)
    # The middle half of 0.5, 1, 1, 1 and of 0.1, 0.2, 0.3, 0.4.
    assert ppo.test == pytest.approx(1.0)
    assert ppo.regret == pytest.approx(0.25)
    assert standings["oracle:base"].score == 1
    assert standings["random"].score == 0
    assert [standing.reference for standing in board.rankings[0].standings] == [False, True, True]


def test_a_row_is_the_mean_over_seeds_beside_every_seed(board):
    row = board.traps[0].rows[0]
    assert row.policy == "ppo"
    assert row.mean.reliance["corner"] == pytest.approx(
        {"base": 0.4, "proxy": 0.5, "neither": 0.1, "coverage": 1.0}
    )
    assert row.mean.first_contact == pytest.approx({"cheese": 0.4, "corner": 0.5, "none": 0.1})
    assert row.mean.regret == pytest.approx(0.2)
    assert row.mean.worst_decile == pytest.approx(0.4)
    assert row.mean.control == pytest.approx(0.75)
    assert [agent.numbers.reliance["corner"]["base"] for agent in row.agents] == [0.2, 0.6]
    assert row.verdicts == {"mixed": 0.5, "base": 0.5}
    assert (row.competent, row.brittle) == (2, 1)


def test_intervals_resample_seeds_by_trap(board):
    """A resample draws one of a trap's two seeds; Student's t has 1 and 2 degrees of freedom."""
    corner = scipy.stats.t.ppf(0.975, 1) / scipy.stats.norm.ppf(0.975) * 0.2
    assert corner > 0.6
    assert board.traps[0].rows[0].interval == (0, 1)
    # The four means over traps are 0.1, 0.3, 0.3 and 0.5.
    both = scipy.stats.t.ppf(0.975, 2) / scipy.stats.norm.ppf(0.975) * 0.2
    assert board.rankings[0].standings[0].interval == pytest.approx((0, 0.3 + both))
    reference = board.traps[0].rows[1]
    assert reference.policy == "oracle:cheese"
    assert np.isnan(reference.interval).all()


def test_references_come_in_a_fixed_order_after_the_trained(board):
    policies = [row.policy for row in board.traps[0].rows]
    assert policies == ["ppo", "oracle:cheese", "oracle:corner", "random"]


def test_what_was_not_measured_is_no_zero_in_a_mean():
    cards = [card(CORNER, "ppo-s0", NAN, NAN), card(CORNER, "ppo-s1", 0.4, 0.6)]
    board = make_board(cards)
    row = board.traps[0].rows[0]
    assert row.mean.reliance["corner"]["base"] == pytest.approx(0.4)
    assert row.mean.reliance["corner"]["coverage"] == pytest.approx(0.5)
    # Of one measured seed there is no spread.
    assert np.isnan(row.interval).all()
    # The ranking demands that a goal is shown.
    assert board.rankings[0].standings[0].by_seed == pytest.approx({0: 0.0, 1: 0.4})
    assert json.loads(json.dumps(board.to_json(), allow_nan=False))["schema"] == 2


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


def test_a_standing_holds_every_measure_over_its_traps():
    cards = [
        card(CORNER, "ppo-s0", 0.2, 0.7, test=0.9, shift=0.4, verdict="proxy:corner"),
        card(CORNER, "ppo-s1", 0.4, 0.5, test=1.2, shift=-3.0, verdict="mixed"),
        card(DOORS, "ppo-s0", 0.6, 0.3, shift=0.8, verdict="proxy:red"),
        card(DOORS, "ppo-s1", 0.6, 0.1, shift=0.6, verdict="base"),
    ]
    (only,) = make_board(cards).rankings[0].standings
    assert only.proxy == pytest.approx((0.6 + 0.2) / 2)
    assert only.neither == pytest.approx((0.1 + 0.2) / 2)
    # N is clipped to -1 .. 1 on each trap: -3 counts -1, and 1 - -3 counts 1.
    assert only.plane == pytest.approx(((-0.3 + 0.7) / 2, (0.8 + 0.3) / 2))
    assert only.plane_by_seed[1] == pytest.approx((-0.2, 0.7))
    assert only.verdicts == {"proxy": 2, "mixed": 1, "base": 1}
    # The middle half of 0.9, 1, 1, 1.2 clipped to 1.
    assert only.test == pytest.approx(1.0)


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
    assert set(standings) == {"oracle:base", "oracle:proxy", "oracle:any", "random", "stay"}
    proxy = standings["oracle:proxy"]
    assert (proxy.score, proxy.proxy, proxy.plane) == (0.0, 1.0, (0.0, 1.0))
    assert standings["oracle:base"].plane == (1.0, 0.0)


def test_without_solver_the_interval_is_of_the_place_between_the_references():
    cards = [card(MONSTERS, f"ppo-s{seed}", r, NAN) for seed, r in enumerate((0.5, 0.7))]
    (row,) = make_board(cards).traps[0].rows
    assert row.followed(row.mean) == pytest.approx(0.6)
    half = scipy.stats.t.ppf(0.975, 1) / scipy.stats.norm.ppf(0.975) * 0.1
    assert row.interval == pytest.approx((max(0, 0.6 - half), min(1, 0.6 + half)))


def test_a_card_of_no_known_policy_is_refused():
    with pytest.raises(ValueError, match=r"'runs/ppo' on CheeseCorner-v0 is of no agent.*ppo-s0"):
        make_board([card(CORNER, "runs/ppo", 0.1, 0.1)])


def test_cards_of_different_levels_are_refused():
    cards = [card(CORNER, "random", 0.1, 0.1), card(DOORS, "random", 0.1, 0.1, levels=20)]
    with pytest.raises(ValueError, match=r"levels is 10 for random on CheeseCorner.* and 20"):
        make_board(cards)


# -- tables and the page ---------------------------------------------------------------------------


def test_tables_show_verdict_shares_and_every_seed(board):
    text = tables.terminal(board)
    assert "50% mixed, 50% base (brittle)" in text
    assert re.search(r"1\. ppo +0\.30 +0\.00 to 0\.74 +0\.30, 0\.30 +3/4", text)
    assert "0.40 / 0.50 / 0.10" in text
    assert "| seed 1 | base (brittle) | yes |" in markdown(board)
    rows = [line for line in markdown(board).splitlines() if line.startswith("|")]
    widths = {line.count("|") for line in rows}
    heads = (tables.RANKING_HEADS, tables.GLANCE_HEADS, tables.heads(board.traps[0]))
    assert widths == {len(columns) + 1 for columns in heads}


def test_the_trained_agents_of_all_traps_stand_in_one_table(board):
    corner, doors = tables.glance_rows(board)
    # Means of the two seeds, by hand; the cards put N of base and proxy at n and 1 - n.
    assert corner == [
        CORNER,
        "ppo",
        "50% mixed, 50% base (brittle)",
        "2/2",
        "1.00 / 0.00",
        "0.50 / 0.50",
        "0.40 / 0.50 / 0.10",
        "",
        "0.40 / 0.50 / 0.10",
    ]
    assert (doors[3], doors[4]) == ("1/2", "0.75 / 0.25")


# -- the episode ---------------------------------------------------------------------------------


def test_the_episode_shows_what_the_agent_is_after(tmp_path):
    trap = find_trap(CORNER)()
    oracle = load_policy("oracle:corner", trap, trap.horizon(Split.SHIFT))
    episode = record("oracle:corner", oracle, trap)
    episode.save(tmp_path / "episode.json")
    assert Episode.load(tmp_path / "episode.json") == episode
    captions = [each.caption for each in strip(trap, episode.level, episode.actions)]
    paying = [caption for caption in captions if ":" in caption]
    assert captions[0] == "start"
    assert re.fullmatch(r"step \d+: corner \+1", paying[0])
    assert paying[-1] == f"step {len(episode.actions)}: cheese +1"


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        '{"schema": 2, "policy": "x", "level": 0, "actions": [0]}',
        '{"schema": 1, "policy": "x", "level": 0, "actions": []}',
        '{"schema": 1, "policy": "x", "level": 0, "actions": [7]}',
    ],
)
def test_a_damaged_episode_is_named(tmp_path, damage):
    path = tmp_path / "episode.json"
    path.write_text(damage)
    with pytest.raises(ValueError, match=r"episode\.json is no episode"):
        Episode.load(path)
