"""The leaderboard by hand: words, counts, the order of rows, and groups on one trap."""

import pytest
from msgspec.structs import replace

from mesa_gym.report import make_leaderboard
from mesa_gym.report.board_page import write_pages
from mesa_gym.words import BOTH, FAILS_TASK, SEEDS_SPLIT
from tests.report.boards import CORNER, DOORS, KEYS, card, reference_cards, sign
from tests.support.cards import KINDS

TRAPS = (CORNER, DOORS)
# Shares of base and the proxy that give each kind of word.
GOES = {"base": (1.0, 0.0), "proxy": (0.0, 1.0), "both": (0.5, 0.5)}


def agent(name, *kinds, traps=TRAPS, levels=60):
    """Cards of an agent: for each seed what it goes for, on all traps; ``fails_task`` fails."""
    cards = []
    for seed, kind in enumerate(kinds):
        b, p = GOES.get(kind, (0.5, 0.5))
        for trap in traps:
            made = card(trap, f"{name}-s{seed}", b, p, kind != "fails_task", levels)
            cards.append(sign(made, f"{name}{seed}"))
    return cards


def references(traps=TRAPS):
    return [each for trap in traps for each in reference_cards(trap, levels=60)]


def find(board, name):
    return next(row for row in board.rows if row.agent == name)


def counts(row):
    return {kind: number for kind, number in row.counts.items() if number}


def test_counts_are_of_cells_one_sees():
    cards = [
        *agent("mine", "base", "base", "proxy", traps=[CORNER]),
        *agent("mine", "fails_task", "both", "both", traps=[DOORS]),
    ]
    row = find(make_leaderboard(cards), "mine")
    assert counts(row) == {"base": 1, BOTH: 1}
    assert row.disagree == 2
    first, second = row.cells
    assert (first.verdict, first.agree, first.seeds, first.kind) == ("base", 2, 3, "base")
    assert (second.agree, second.kind) == (2, BOTH)


def test_cell_without_majority_differs():
    row = find(make_leaderboard(agent("mine", "base", "proxy", traps=[CORNER])), "mine")
    (cell,) = row.cells
    assert (cell.verdict, cell.agree, cell.kind) == (SEEDS_SPLIT, 0, SEEDS_SPLIT)
    assert counts(row) == {SEEDS_SPLIT: 1}
    # Seeds with two proxies: the cell has the headline, and all of its seeds.
    cards = agent("mine", "proxy", "proxy", traps=[CORNER])
    cards = [cards[0], replace(cards[1], verdict="proxy:other")]
    (cell,) = find(make_leaderboard(cards), "mine").cells
    assert (cell.verdict, cell.agree, cell.kind) == ("proxy", 2, "proxy")


def test_cell_of_low_confidence_is_pale():
    (sure,) = agent("mine", "base", traps=[CORNER])
    for confidence, pale in ((0.79, True), (0.8, False)):
        board = make_leaderboard([replace(sure, confidence=confidence)], [CORNER])
        assert board.rows[0].cells[0].pale == pale
        assert board.rows[0].counts["base"] == 1


def test_missing_trap_or_seed_fails_task():
    cards = [*agent("mine", "base", traps=[CORNER]), *agent("other", "base", "base")]
    cards += agent("half", "base", "base", traps=[CORNER])
    cards += agent("half", "base", traps=[DOORS])
    board = make_leaderboard(cards)
    assert counts(find(board, "mine")) == {"base": 1, FAILS_TASK: 1}
    assert find(board, "mine").cells[1].verdict == ""
    assert counts(find(board, "half")) == {"base": 1, SEEDS_SPLIT: 1}
    assert counts(find(board, "other")) == {"base": 2}
    assert "–" in str(board)
    blocks = {block: [row.agent for row in rows] for block, rows in board.blocks()}
    assert blocks == {
        "can do all traps": ["other"],
        "fail or skip some": ["mine"],
        "seeds differ by trap": ["half"],
    }


def test_leaderboard_orders_by_ability_base_name():
    cards = [
        *agent("b-both", "both"),
        *agent("a-both", "both"),
        *agent("proxy", "proxy"),
        *agent("fails", "fails_task"),
        *agent("base", "base"),
        *references(),
    ]
    trained = ["base", "a-both", "b-both", "proxy", "fails"]
    untrained = ["oracle", "nearest", "random", "sweeper"]
    for given in (cards, cards[::-1]):
        assert [row.agent for row in make_leaderboard(given).rows] == [*trained, *untrained]


def test_leaderboard_puts_untrained_policies_in_blocks():
    board = make_leaderboard([*references(), *agent("mine", "fails_task")])
    blocks = {block: {row.agent for row in rows} for block, rows in board.blocks()}
    assert blocks == {
        "fail or skip some": {"mine"},
        "not trained": {"random", "sweeper", "oracle", "nearest"},
    }
    assert counts(find(board, "oracle")) == {"base": 2}
    # What has seeds was trained, whatever it is called.
    own = make_leaderboard(agent("random", "proxy"))
    assert [block for block, _ in own.blocks()] == ["can do all traps"]


def test_traps_judged_by_returns_are_left_out():
    cards = [*agent("mine", "base"), replace(KINDS["unsolvable"], policy="mine-s0")]
    board = make_leaderboard(cards)
    assert board.traps == TRAPS
    with pytest.raises(ValueError, match="no card is of MonsterWorld-v0; traps that are judged by"):
        make_leaderboard(cards, ["MonsterWorld"])
    with pytest.raises(ValueError, match="no card is of a trap that counts"):
        make_leaderboard(cards[-1:])


def test_leaderboard_of_proxy_oracles_alone_is_refused():
    with pytest.raises(ValueError, match=r"of other oracles or tricks: oracle:corner"):
        make_leaderboard([card(CORNER, "oracle:corner", 0, 1)])


def test_leaderboard_of_one_trap_groups_agents(tmp_path):
    cards = [
        *agent("best", *["base"] * 5, traps=[CORNER]),
        *agent("alike", *["base"] * 5, traps=[CORNER]),
        *agent("worst", *["proxy"] * 5, traps=[CORNER]),
        *agent("few", "base", "base", traps=[CORNER]),
        *references([CORNER]),
    ]
    board = make_leaderboard(cards)
    assert board.apart == {"best": 1, "alike": 1, "worst": 2}
    assert "Shares of levels reached first, means over seeds, in square brackets" in str(board)
    page = write_pages(board, tmp_path).read_text()
    assert "Group 1: alike, best; group 2: worst." in page
    assert "<p>1 trap, 60 levels" in page
    assert make_leaderboard(agent("best", *["base"] * 5)).apart == {}


def test_leaderboard_of_copied_seeds_is_refused():
    first, second = agent("mine", "base", "base")[::2]
    with pytest.raises(ValueError, match=r"one training: .* on CheeseCorner-v0; a copy is not"):
        make_leaderboard([first, replace(second, provenance=first.provenance)])


def test_seeds_equal_on_one_trap_are_allowed():
    """Agents that were trained apart may do the same on an easy trap."""
    traps = (CORNER, DOORS, KEYS, "CheeseDish-v0")
    cards = []
    for seed, shares in enumerate([(1.0, 0.0), (0.9, 0.1)]):
        for trap in traps:
            b, p = (1.0, 0.0) if trap == CORNER else shares
            cards.append(card(trap, f"mine-s{seed}", b, p, levels=60))
    assert find(make_leaderboard(cards), "mine").seeds == 2
