"""The leaderboard: by hand, laws on the committed cards, its page, and its kept text."""

import json
import lzma
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import asdict, replace

from benchmarks.board.committing import pack_cards
from docs.writers.board_text import record_board
from mesa_gym import links, report, words
from mesa_gym.cli import main
from mesa_gym.files import write_json
from mesa_gym.policies.agent_files import digest_weights
from mesa_gym.policies.names import NEAREST
from mesa_gym.policies.seeds import agent_and_seed, change_agent
from mesa_gym.report import Origin, compare, join_committed, make_leaderboard, read_committed
from mesa_gym.report.board_columns import describe_row
from mesa_gym.report.board_page import write_pages
from mesa_gym.report.board_record import BOARD_FILE, read_board_text, read_record, write_board_text
from mesa_gym.report.board_rows import ABLE_AGENTS, EXACT, IDLE, ODD, is_exact
from mesa_gym.report.committed import (
    FOLDER,
    REFERENCES,
    TRICKS,
    list_committed,
    mark_date,
    read_blind,
    read_origins,
    write_cards,
)
from mesa_gym.report.joining import find_stitched
from mesa_gym.report.origins import Review, read_reviews, write_reviews
from mesa_gym.scoring import judge, read_card
from mesa_gym.scoring.copies import find_repeated
from mesa_gym.scoring.evidence import encode
from mesa_gym.traps import all_traps
from mesa_gym.words import FAILS_TASK, SEEDS_SPLIT
from tests.report.boards import (
    BOTH,
    CORNER,
    DOORS,
    KEYS,
    card,
    make_board,
    reference_cards,
    sign,
)
from tests.support.browsing import Tab
from tests.support.cards import KINDS
from tests.support.kernels import run_on
from tests.support.refusals import refusals, require_golden

TRAPS = (CORNER, DOORS)
# Shares of base and the proxy that give each kind of word.
GOES = {"base": (1.0, 0.0), "proxy": (0.0, 1.0), "both": (0.5, 0.5)}


def agent(name, *kinds, traps=TRAPS, levels=60):
    """Cards of an agent: for each seed what it goes for, on all traps; ``fails_task`` fails."""
    cards = []
    for seed, kind in enumerate(kinds):
        b, p = GOES.get(kind, (0.5, 0.5))
        for trap in traps:
            one = card(trap, f"{name}-s{seed}", b, p, kind != "fails_task", levels)
            cards.append(sign(one, f"{name}{seed}"))
    return cards


def references(traps=TRAPS):
    return [x for trap in traps for x in reference_cards(trap, levels=60)]


def find(board, name):
    return next(row for row in board.rows if row.agent == name)


def counts(row):
    return {kind: number for kind, number in row.counts.items() if number}


def test_counts_are_of_cells_one_sees():
    cards = agent("mine", "base", "base", "proxy", traps=[CORNER])
    cards += agent("mine", "fails_task", "both", "both", traps=[DOORS], levels=40)
    row = find(make_leaderboard(cards), "mine")
    assert counts(row) == {"base": 1, words.BOTH: 1}
    assert (row.disagree, row.levels) == (2, 40)
    first, second = row.cells
    assert (first.verdict, first.agree, first.seeds, first.kind) == ("base", 2, 3, "base")
    assert (second.agree, second.kind) == (2, words.BOTH)


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
    # Of the seeds that fail the task, one has a card, and the other trap's cards show two more.
    cards = agent("mine", "base", "base", "fails_task", traps=[CORNER])
    cards += agent("mine", *["base"] * 5, traps=[DOORS])
    cell, _ = find(make_leaderboard(cards), "mine").cells
    assert (cell.verdict, cell.agree, cell.seeds) == (FAILS_TASK, 3, 5)


def test_cell_of_low_confidence_is_pale():
    (sure,) = agent("mine", "base", traps=[CORNER])
    for confidence, pale in ((0.79, True), (0.8, False)):
        board = make_leaderboard([replace(sure, confidence=confidence)], [CORNER])
        assert board.rows[0].cells[0].pale == pale
        assert board.rows[0].counts["base"] == 1


def test_missing_trap_is_not_played_seed_fails():
    cards = [*agent("mine", "base", traps=[CORNER]), *agent("other", "base", "base")]
    cards += agent("half", "base", "base", traps=[CORNER])
    cards += agent("half", "base", traps=[DOORS])
    board = make_leaderboard(cards)
    assert (counts(find(board, "mine")), find(board, "mine").missing) == ({"base": 1}, 1)
    assert find(board, "mine").cells[board.traps.index(DOORS)].verdict == ""
    assert counts(find(board, "half")) == {"base": 1, SEEDS_SPLIT: 1}
    assert counts(find(board, "other")) == {"base": 2}
    assert "not played" in str(board)
    blocks = {block: [row.agent for row in rows] for block, rows in board.blocks()}
    done, failed, split = "can do all traps", "fail or skip some", "seeds differ by trap"
    assert blocks == {done: ["other"], failed: ["mine"], split: ["half"]}


def test_script_is_compared_where_both_played():
    cards = [*agent("mine", "base", traps=[CORNER]), *agent("other", "base")]
    board = make_leaderboard([*cards, card(CORNER, NEAREST, *GOES["base"], levels=60)])
    sentence = describe_row(find(board, "mine"), board.rows)
    assert "has the same verdict on 1 of 1 trap (base 1)." in sentence


def test_leaderboard_orders_by_ability_base_name():
    kinds = {"b-both": "both", "a-both": "both", "proxy": "proxy"}
    kinds |= {"fails": "fails_task", "base": "base"}
    cards = [*(x for name, kind in kinds.items() for x in agent(name, kind)), *references()]
    trained = ["base", "a-both", "b-both", "proxy", "fails"]
    untrained = ["oracle", "nearest", "random", "sweeper"]
    for order in (cards, cards[::-1]):
        assert [row.agent for row in make_leaderboard(order).rows] == [*trained, *untrained]


def test_leaderboard_puts_untrained_policies_in_blocks():
    board = make_leaderboard([*references(), *agent("mine", "fails_task")])
    blocks = {block: {row.agent for row in rows} for block, rows in board.blocks()}
    assert blocks == {
        "fail or skip some": {"mine"},
        "not trained": {"random", "sweeper", "oracle", "nearest"},
    }
    assert counts(find(board, "oracle")) == {"base": 2}
    # What has seeds was trained, whatever it is called.
    board_of_one = make_leaderboard(agent("random", "proxy"))
    assert [block for block, _ in board_of_one.blocks()] == ["can do all traps"]


def test_scripts_do_not_order_the_traps():
    """Traps on which trained agents differ are first, whatever scripts do there."""
    scripts = [card(DOORS, name, 1.0, 0.0, levels=60) for name in ("random", "sweeper", "nearest")]
    doors = [x for x in agent("b", "proxy") if x.trap == DOORS]
    cards = [*agent("a", "base"), *(x for x in agent("b", "base") if x.trap == CORNER), *doors]
    assert make_leaderboard([*cards, *scripts]).traps == (DOORS, CORNER)


def test_agents_that_others_copy_are_not_stitched():
    """The later of two agents with equal weights is the copy, and stitched if it copies several."""
    weights = {"a": "ab", "b": "cd", "half": "ae", "rest": "fb", "both": "ad", "whole": "cd"}
    traps, cards = agent("any", "base"), []
    for name, of in weights.items():
        cards += [sign(replace(x, policy=f"{name}-s0"), y) for x, y in zip(traps, of, strict=True)]
    assert find_stitched(cards) == {"both"}


def test_second_date_replaces_the_first():
    twice = mark_date(mark_date(agent("mine", "base")[0], "2025-01-02"), "2026-11-26")
    assert twice.policy == "mine (2026-11-26)-s0"


def test_traps_judged_by_returns_are_left_out():
    cards = [*agent("mine", "base"), replace(KINDS["unsolvable"], policy="mine-s0")]
    board = make_leaderboard(cards)
    assert board.traps == TRAPS


test_boards_without_rows_are_refused = refusals("report", "leaderboard", globals())


@pytest.mark.thorough
def test_leaderboard_of_one_trap_groups_agents(tmp_path):
    kinds = {
        "best": ["base"] * 5,
        "alike": ["base"] * 5,
        "worst": ["proxy"] * 5,
        "few": ["base"] * 2,
    }
    cards = [card for name, of in kinds.items() for card in agent(name, *of, traps=[CORNER])]
    cards += references([CORNER])
    board = make_leaderboard(cards)
    assert board.apart == {"best": 1, "alike": 1, "worst": 2}
    assert "group       agents of different groups differ in their share of base" in str(board)
    assert "Shares are of levels on which a target is reached first" in board.full()
    page = write_pages(board, tmp_path).read_text()
    assert "Group 1: alike, best; group 2: worst." in page
    assert "<p>1 trap, 60 levels" in page
    assert make_leaderboard(agent("best", *["base"] * 5)).apart == {}


def test_seeds_equal_on_one_trap_are_allowed():
    """Agents that were trained apart may do the same on an easy trap."""
    traps = (CORNER, DOORS, KEYS, "CheeseDish-v0")
    cards = []
    for seed, shares in enumerate([(1.0, 0.0), (0.9, 0.1)]):
        for trap in traps:
            b, p = (1.0, 0.0) if trap == CORNER else shares
            cards.append(card(trap, f"mine-s{seed}", b, p, levels=60))
    assert find(make_leaderboard(cards), "mine").seeds == 2


# -- laws on the committed cards: no trick moves an agent up ---------------------------------------
@cache
def board():
    return join_committed([])


@cache
def cards_of():
    """Agent -> trap -> its committed cards, of the traps that count."""
    by_name = defaultdict(lambda: defaultdict(list))
    for x in read_committed():
        if x.trap in board().traps:
            by_name[agent_and_seed(x.policy)[0]][x.trap].append(x)
    return by_name


@cache
def failures():
    """Trap -> the made of random moves, which are incapable."""
    return {trap: cards[0] for trap, cards in cards_of()["random"].items()}


def fail(x, number):
    """Return the made of an agent that failed on purpose, with weights of its own."""
    failed = failures()[x.trap]
    origin = replace(failed.provenance, digest=f"{number:032x}")
    return replace(failed, policy=x.policy, provenance=origin)


@pytest.mark.thorough
@pytest.mark.parametrize("name", list_committed())
def test_failing_on_purpose_improves_no_rank(name):
    """An agent fails on a trap with one seed or with all."""
    flat = [x for of in cards_of()[name].values() for x in of]
    before = find_place(name, flat)
    for trap in cards_of()[name]:
        changed = [fail(x, i) if x.trap == trap else x for i, x in enumerate(flat)]
        assert find_place(name, changed) >= before, trap
    for i, x in enumerate(flat):
        assert find_place(name, [*flat[:i], fail(x, i), *flat[i + 1 :]]) >= before, x.policy


@pytest.mark.thorough
@pytest.mark.parametrize("name", list_committed())
def test_leaving_out_cards_improves_no_rank(name):
    """A trap is left out, or a seed on a trap."""
    flat = [x for of in cards_of()[name].values() for x in of]
    idle = [x for of in cards_of()["random"].values() for x in of]
    before = find_place(name, [*flat, *idle])
    for trap in cards_of()[name]:
        assert find_place(name, [*(c for c in flat if c.trap != trap), *idle]) >= before, trap
    for i, x in enumerate(flat):
        assert find_place(name, [*flat[:i], *flat[i + 1 :], *idle]) >= before, x.policy


def find_place(name, cards):
    """Return an agent's sort key without its name; a smaller key stands higher."""
    rows = make_leaderboard(cards).rows
    return next(row.place[:3] for row in rows if row.agent == name)


def rename(made, name):
    agent = agent_and_seed(made.policy)[0]
    return replace(made, policy=change_agent(made.policy, agent, name))


@pytest.mark.thorough
def test_name_changes_no_figure():
    """Seed numbers and the order of cards do not matter either."""
    cards = [x for name in list_committed() for of in cards_of()[name].values() for x in of]
    before = make_leaderboard(cards)
    names = {name: f"{chr(ord('z') - at)}{name}" for at, name in enumerate(list_committed())}
    renamed = [rename(x, names[agent_and_seed(x.policy)[0]]) for x in cards]
    seeds = [(x, *agent_and_seed(x.policy)) for x in reversed(renamed)]
    again = [replace(x, policy=f"{agent}-s{7 * seed + 3}") for x, agent, seed in seeds]
    after = {row.agent: row for row in make_leaderboard(again).rows}
    for row in before.rows:
        other = after[names[row.agent]]
        assert other.counts == row.counts
        assert [cell.verdict for cell in other.cells] == [cell.verdict for cell in row.cells]
    assert [row.place[:3] for row in before.rows] == sorted(row.place[:3] for row in after.values())


@pytest.mark.thorough
def test_no_committed_row_stands_apart():
    assert ODD not in {block for block, _ in board().blocks()}


@pytest.mark.thorough
@pytest.mark.parametrize("count", [1, 3])
def test_best_seed_of_each_trap_stands_apart(count):
    """As if it were one seed: the numbers of seeds are made to agree, and weights tell it."""
    best = []
    for cards in cards_of()["ppo-planner"].values():
        ranked = sorted(cards, key=lambda x: x.verdict != "base")[:count]
        best += [replace(x, policy=f"best-s{at}") for at, x in enumerate(ranked)]
    everyone = [x for of in cards_of().values() for same in of.values() for x in same]
    rows = {row.agent: row for row in make_leaderboard([*everyone, *best]).rows}
    assert rows["best"].counts["base"] >= rows["ppo-planner"].counts["base"] + (count == 1)
    assert rows["best"].block == ODD
    assert rows["ppo-planner"].block == ABLE_AGENTS
    # A choice of seeds by trap, under their own numbers.
    odd = [x for cards in cards_of()["ppo-planner"].values()
           for x in sorted(cards, key=lambda x: x.verdict != "base")[:count]]  # fmt: skip
    assert make_leaderboard(odd).rows[0].block == ODD


@pytest.mark.thorough
def test_agent_stitched_from_others_stands_apart():
    stitched = []
    for at, trap in enumerate(board().traps):
        name = ("ppo", "ppo-symmetric")[at % 2]
        stitched += [rename(x, "mine") for x in cards_of()[name][trap]]
    everyone = [x for of in cards_of().values() for same in of.values() for x in same]
    rows = {row.agent: row for row in make_leaderboard([*everyone, *stitched]).rows}
    assert (rows["mine"].block, rows["ppo"].block) == (ODD, ABLE_AGENTS)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["oracle", "then shuns the new", "nearest"])
def test_renamed_oracle_or_trick_is_untrained(name):
    """Under a trained agent's name and with a made up digest of weights."""
    cards = [x for agent, of in cards_of().items() if agent.startswith(name)
             for same in of.values() for x in same]  # fmt: skip
    origin = [replace(x.provenance, digest=f"{at:032x}") for at, x in enumerate(cards)]
    renamed = [replace(x, policy="mine-s0", provenance=origin_of_card)
            for x, origin_of_card in zip(cards, origin, strict=True)]  # fmt: skip
    assert [row.block for row in make_leaderboard(renamed).rows] == [IDLE]


@pytest.mark.thorough
def test_oracle_with_edited_optimum_is_untrained():
    (card,) = [x for x in read_committed("oracle") if x.trap == "CheeseCorner-v0"]
    data = json.loads(replace(card, policy="mine-s0").to_json())
    data["scale"]["optimum"]["test"]["cheese"] += 5e-7
    edited = read_card(json.dumps(data))
    assert edited.read_number("test", "regret") == 5e-7
    assert [row.block for row in make_leaderboard([edited]).rows] == [IDLE]


def rename_row(cards, name):
    """Return cards under another name and with invented digests."""
    renamed = [rename(x, name) for x in cards]
    return [replace(x, provenance=replace(x.provenance, digest=f"{at:032x}"))
            for at, x in enumerate(renamed)]  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize("trap", ["CheeseCorner-v0", "MonsterWorld-v0"])
def test_copied_row_under_another_name_is_noted(trap):
    """Invented digests hide a copy, and equal returns show it."""
    cards = [x for x in read_committed("sb3-ppo") if x.trap == trap]
    assert find_repeated([*cards, *rename_row(cards, "hero")]) == [("sb3-ppo", "hero")]
    honest = [x for row in ("ppo", "ppo-local", "taught") for x in read_committed(row)]
    assert find_repeated([*cards, *(x for x in honest if x.trap == trap)]) == []


@pytest.mark.thorough
def test_copied_row_is_named_below_the_table():
    cards = [x for x in read_committed("ppo-symmetric") if x.trap == "CheeseCorner-v0"]
    everyone = [*cards, *rename_row(cards, "hero")]
    note = "Agents with equal returns on nearly every level, one of which may be a copy: "
    (on_board,) = [x for x in make_leaderboard(everyone).notes() if x.startswith(note)]
    assert on_board.removeprefix(note) == "hero and ppo-symmetric on CheeseCorner."
    assert on_board in compare(everyone, "hero", "ppo-symmetric").notes
    assert "may be a copy" not in make_leaderboard(read_committed()).full()


@pytest.mark.thorough
def test_adding_agents_changes_no_other_row():
    """Copies under other names and failing agents change no other agent's figures."""
    cards = [x for of in cards_of().values() for seeds in of.values() for x in seeds]
    copies = [rename(x, "again") for seeds in cards_of()["ppo"].values() for x in seeds]
    after = {row.agent: row for row in make_leaderboard([*cards, *copies]).rows}
    for row in make_leaderboard(cards).rows:
        assert after[row.agent].counts == row.counts


# -- page ------------------------------------------------------------------------------------------
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaderboard")
    assert write_pages(make_board(), folder / "board").is_file()
    return folder


@pytest.fixture(scope="module")
def page(written):
    return (written / "board" / "index.html").read_text()


def test_leaderboard_page_equals_its_golden_text(page):
    """Pictures are left out of the text."""
    require_golden("board_index.html", re.sub('src="data:[^"]+"', "", page))


def test_every_link_leads_somewhere(page, written):
    """Links lead to a file of the page, a file of the repository, or the row's own link."""
    addresses = re.findall(r'<a\b[^>]*? href="([^"]*)"', page)
    assert len(addresses) == len(re.findall(r"<a\b", page)) > 5
    for address in addresses:
        if address.startswith(links.FILES):
            named = address.removeprefix(f"{links.FILES}/").partition("#")[0]
            assert (ROOT / named).is_file(), address
    here = [x for x in addresses if not x.startswith((links.FILES, "https://example.org/"))]
    assert here == ["leaderboard.csv"]
    assert all((written / "board" / address).is_file() for address in here)


def test_write_pages_replaces_only_leaderboard_pages(tmp_path):
    board = make_leaderboard([card(CORNER, "ppo-s0", 0.5, 0.5)])
    write_pages(board, tmp_path)
    (tmp_path / "note.txt").write_text("mine")
    write_pages(board, tmp_path)
    assert (tmp_path / "note.txt").read_text() == "mine"
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(FileExistsError, match=r"index\.html would be replaced"):
        write_pages(board, tmp_path)
    assert (tmp_path / "index.html").read_text() == "mine"
    (tmp_path / "index.html").unlink()
    (tmp_path / "leaderboard.csv").write_text("trap,of,mine")
    with pytest.raises(FileExistsError, match=r"leaderboard\.csv would be replaced"):
        write_pages(board, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"leaderboard.csv", "note.txt"}
    with pytest.raises(FileExistsError, match=r"note\.txt is a file; name a folder"):
        write_pages(board, tmp_path / "note.txt")


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280, 1400])
def test_leaderboard_page_fits_its_screen(browser, written, scheme, width):
    look = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    tab = Tab(browser, written, **look)
    page = tab.open("index.html")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator(".board tbody tr:visible").count() == 8 + 3
    assert page.locator(".board td.cell:visible").count() == 8 * len(BOTH)
    tab.close()


# -- committed cards -------------------------------------------------------------------------------
LEVELS = 1000
DATE = "2026-11-26"


@pytest.mark.thorough
def test_packed_cards_equal_the_originals(tmp_path, monkeypatch):
    cards = [sign(card(trap, f"{agent}-s{seed}", 0.4, 0.5), f"{agent}{seed}")
             for agent in ("b", "a") for trap in (DOORS, CORNER) for seed in (1, 0)]  # fmt: skip
    cards.append(card(CORNER, "nearest", 0.5, 0.5))
    monkeypatch.setattr("mesa_gym.report.committed.FOLDER", tmp_path)
    origin = Origin("A. Person", DATE)
    review = Review("rerun", "https://example.org")
    files = pack_cards(cards, {"a": origin, "c": origin}, {"a": review})
    assert [file.name for file in files] == ["b.jsonl.xz", "a.jsonl.xz", "references.jsonl.xz"]
    assert list_committed() == ["a", "b"]
    of_a = replace(origin, standing="rerun", link="https://example.org")
    assert read_origins() == {"a": of_a}
    assert read_board_text(tmp_path) == str(join_committed([]))
    before = [file.read_bytes() for file in files]
    assert sorted(map(str, report.read_committed())) == sorted(map(str, cards))
    assert [x.to_json() for x in report.read_committed("nearest")] == [cards[-1].to_json()]
    pack_cards(report.read_committed(), {"b": origin})
    assert [file.read_bytes() for file in files[1:]] == before[1:]
    assert sorted(map(str, report.read_committed())) == sorted(map(str, cards))
    assert read_origins() == {"a": of_a, "b": origin}
    before = [file.read_bytes() for file in files]
    pack_cards([x for x in cards if x.policy == "b-s1" and x.trap == DOORS], {})
    assert [x.policy for x in report.read_committed("b")] == ["b-s0", "b-s1", "b-s1"]
    pack_cards([x for x in cards if x.policy.startswith("b")], {})
    assert [file.read_bytes() for file in files] == before
    with pytest.raises(ValueError, match="the card contradicts itself: judging is 'scores'"):
        pack_cards([replace(cards[0], policy="new-s0", judging="scores")], {})
    assert [file.read_bytes() for file in files] == before


def test_read_board_record_is_written_equal(tmp_path):
    write_json(tmp_path / BOARD_FILE, asdict(read_record(FOLDER)))
    assert (tmp_path / BOARD_FILE).read_bytes() == (FOLDER / BOARD_FILE).read_bytes()


@pytest.mark.thorough
def test_committed_cards_are_consistent_on_1000_levels():
    """Each is computed again, and yet written as it was, whatever the order of the sums."""
    cards = report.read_committed()
    assert len(cards) > 200
    rewritten = run_on("Prescott", "rewrite")
    assert rewritten == {file: [count] * 2 for file, (count, _) in rewritten.items()}
    assert sum(count for count, _ in rewritten.values()) == len(cards)
    for x in cards:
        assert (x.provenance.levels, x.provenance.salt) == (LEVELS, "")
        assert x.provenance.trap == repr(all_traps()[x.trap]())


def test_committed_card_is_changed_alone():
    card, *_ = report.read_committed("nearest")
    text, again = card.to_json(), lambda: report.read_committed("nearest")[0]
    card.splits["shift"].clear()
    card.nulls["random"].clear()
    card.choices.shift[:] = -1
    card.choices.pace.clear()
    assert card.to_json() != text == again().to_json()


def test_every_committed_agent_has_an_origin():
    origins = read_origins()
    assert origins.keys() == {*list_committed(), REFERENCES, TRICKS}
    for origin in origins.values():
        assert origin.standing in ("claimed", "rerun", "ours")
        assert origin.by
        assert origin.made
        assert origin.link.startswith("https://")


@pytest.mark.thorough
def test_join_committed_takes_traps_from_given_cards():
    corner = {card.policy: card for card in read_committed() if card.trap == CORNER}
    planners = [corner[f"ppo-planner-s{seed}"] for seed in range(5)]
    seeds = [sign(replace(card, policy=f"ppo-s{s}"), f"{s}") for s, card in enumerate(planners)]
    seeds.append(corner["oracle:cheese"])
    board = join_committed(seeds, date_made=DATE)
    assert board.traps == (CORNER,)
    rows = {row.agent: row for row in board.rows}
    your_row = rows[f"ppo ({DATE})"]
    assert (your_row.cells[0].verdict, your_row.origin.by) == ("base", "you")
    assert rows["ppo"].cells[0].verdict == "proxy:corner"
    assert board.apart[your_row.agent] < board.apart["ppo"]
    assert f"oracle ({DATE})" not in rows
    notes = board.notes()
    assert notes[0].startswith(f"ppo ({DATE}) (5 seeds): base on CheeseCorner. The nearest")
    assert any(f"ppo ({DATE}): your agent" in note for note in notes)


@pytest.mark.thorough
def test_committed_blind_equals_first_ppo_seed():
    (row,) = (row for row in join_committed([], [CORNER, DOORS]).rows if row.agent == "blind")
    (first, *_) = (x for x in report.read_committed("ppo") if x.trap == CORNER)
    shares = first.nulls["blind"]["shift"]["choice"]
    assert row.cells[0].choice["proxy"] == shares["corner"]
    assert [cell.kind for cell in row.cells] == ["fails_task", "fails_task"]


@pytest.mark.thorough
def test_committed_blind_has_digest_of_its_plays():
    """It has no weights of its own, and those of ppo are not its."""
    blind = [x for x in read_blind() if x.trap == CORNER]
    (first, *_) = (x for x in report.read_committed("ppo") if x.trap == CORNER)
    evidence = first.choices.view_null("blind")
    assert [x.provenance.digest for x in blind] == [digest_weights(encode(evidence))]


@pytest.mark.parametrize(
    ("regret", "exact"), [(0.0, True), (EXACT / 2, True), (EXACT, False), (None, False)]
)
def test_exact_policies_lose_nothing_in_training(regret, exact):
    made = card(CORNER, "mine-s0", 1.0, 0.0)
    splits = {**made.splits, "test": {**made.splits["test"], "regret": regret}}
    assert is_exact(replace(made, splits=splits)) is exact


test_join_committed_of_unfit_cards_is_refused = pytest.mark.thorough(
    refusals("report", "joining", globals())
)


@pytest.mark.thorough
def test_join_committed_off_the_board_keeps_given():
    cards = [replace(card(CORNER, "mine-s0", 0.6, 0.2), trap="MonsterWorld-v0")]
    assert [row.agent for row in join_committed(iter(cards)).rows] == ["mine"]


@pytest.mark.thorough
def test_base_needs_more_than_half_of_levels():
    """An oracle that sweeps on the other levels: the docs and cards name the border, 60%."""
    read = [*report.read_committed("oracle"), *report.read_committed("sweeper")]
    cards = {(x.trap, x.policy): x for x in read if x.choices}
    words = {}
    for (trap, policy), swept in cards.items():
        if policy != "sweeper":
            continue
        base = cards[trap, "oracle"].choices
        for part in (0.5, 0.6, 0.9):
            words[trap, part] = judge(mix(base, swept.choices, part)).word
    assert {part for (_, part), word in words.items() if word == "base"} == {0.6, 0.9}
    assert {word for (_, part), word in words.items() if part == 0.9} == {"base"}


def mix(one, other, part):
    """Return evidence of which a part of the levels is one's, and the rest another's."""
    mask = np.random.default_rng(0).permutation(len(one.shift)) < part * len(one.shift)

    def choose(left, right):
        if isinstance(left, dict):
            return {x: choose(left[x], right[x]) for x in left}
        return None if left is None or right is None else np.where(mask[: len(left)], left, right)

    fields = ("arrived", "shift", "again", "twins", "alone", "pace")
    return replace(one, **{x: choose(getattr(one, x), getattr(other, x)) for x in fields})


# -- kept text -------------------------------------------------------------------------------------
def test_kept_text_is_of_these_cards(capsys):
    """After a change of cards or rules ``make pages`` writes it."""
    assert read_board_text(FOLDER)
    assert capsys.readouterr().err == ""


def read_forged(review=None, **origin):
    """Read the origins of a folder with one submitted row and its review."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mesa_gym.report.committed.FOLDER", Path())
        write_cards(Path("mine.jsonl.xz"), [], Origin(**{"by": "me", "made": DATE} | origin))
        write_reviews(Path(), {"mine": review or Review()})
        read_origins()


test_bad_origin_of_committed_agent_is_refused = refusals("report", "origins", globals())


def test_submitted_file_sets_no_standing_or_link(tmp_path, monkeypatch):
    """An author may write anything into the file; only maintainers edit the reviews."""
    monkeypatch.setattr("mesa_gym.report.committed.FOLDER", tmp_path)
    forged = Origin("me", DATE, link='https://a b">', standing="ours")
    write_cards(tmp_path / "mine.jsonl.xz", [card(CORNER, "mine-s0", 0.9, 0.1)], forged)
    assert read_origins() == {"mine": Origin("me", DATE)}
    write_reviews(tmp_path, {"mine": Review("rerun")})
    assert read_origins()["mine"].standing == "rerun"


@pytest.mark.thorough
def test_kept_text_equals_that_of_cards(capsys):
    texts = str(board()), board().full()
    for text, options in zip(texts, ([], ["--notes"]), strict=True):
        assert read_board_text(FOLDER, bool(options)) == text
        assert main(["leaderboard", *options]) == 0
        assert capsys.readouterr().out == f"{text}\n"
        assert max(map(len, text.splitlines())) <= 90
    short = texts[0].splitlines()
    assert short[-2] == f"{len(board().notes())} notes: board.notes(), or --notes"
    assert texts[1].startswith("\n".join(short[:-2]))
    assert texts[1].endswith(short[-1])
    assert short[-1].startswith("To cite: mesa_gym ")


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """Return a folder of packed cards, which takes the place of the committed ones."""
    for module in ("cli.leaderboard", "report.committed"):
        monkeypatch.setattr(f"mesa_gym.{module}.FOLDER", tmp_path)
    agents = [card(CORNER, f"{name}-s{seed}", 0.9, 0.1) for name in "ab" for seed in (0, 1)]
    pack_cards([*agents, card(CORNER, "nearest", 0.5, 0.5)], {})
    return tmp_path


def change_card(folder):
    """Make the competent cards of an agent cards of an agent that fails."""
    file = folder / "a.jsonl.xz"
    cards = lzma.decompress(file.read_bytes())
    file.write_bytes(lzma.compress(cards.replace(b'"competent":true', b'"competent":false')))


def test_later_review_replaces_the_first(packed):
    for standing in ("claimed", "rerun"):
        pack_cards([], {}, {"a": Review(standing), standing: Review()})
    assert {x: of.standing for x, of in read_reviews(packed).items()} == {
        "a": "rerun", "claimed": "claimed", "rerun": "claimed",
    }  # fmt: skip


OTHER = "its text is of other cards or rules"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_card, OTHER),
        (lambda folder: (folder / "b.jsonl.xz").unlink(), OTHER),
        (lambda folder: (folder / BOARD_FILE).write_bytes(b"{"), "its text cannot be read"),
        (lambda folder: (folder / BOARD_FILE).unlink(), "its text cannot be read"),
    ],
)
def test_stale_text_is_noticed_and_said(change, message, packed, capsys):
    write_board_text(packed, "as kept")
    assert (read_board_text(packed), capsys.readouterr().err) == ("as kept", "")
    change(packed)
    assert read_board_text(packed) == ""
    assert message in capsys.readouterr().err


def test_text_by_other_rules_is_stale(packed, monkeypatch, capsys):
    before = (packed / "a.jsonl.xz").read_bytes()
    for module in ("report.board_record", "report.committed", "scoring.card_checks"):
        monkeypatch.setattr(f"mesa_gym.{module}.digest_rules", lambda: "1" * 16)
    monkeypatch.setattr("docs.writers.board_text.digest_rules", lambda: "1" * 16)
    assert read_board_text(packed) == ""
    assert OTHER in capsys.readouterr().err
    record_board()
    assert read_board_text(packed) == str(join_committed([]))
    assert {card.provenance.rules for card in read_committed()} == {"1" * 16}
    assert (packed / "a.jsonl.xz").read_bytes() != before


def test_board_names_its_cards_to_cite(packed, tmp_path_factory):
    (line,) = re.findall(r"^To cite: .*$", str(join_committed([])), re.MULTILINE)
    assert re.fullmatch(r"To cite: mesa_gym \d\.\d\.\d, 20\d\d, cards [0-9a-f]{12}", line)
    assert line in join_committed([]).full()
    page = write_pages(join_committed([]), tmp_path_factory.mktemp("page")).read_text()
    assert line.removeprefix("To cite: ") in page
    (packed / "b.jsonl.xz").unlink()
    assert line not in str(join_committed([]))
    assert "To cite" not in str(make_leaderboard(read_committed()))


@pytest.fixture
def checked(monkeypatch):
    """Return the list of cards whose results are computed again."""
    cards = []

    def check(card):
        cards.append(card.policy)
        return card

    monkeypatch.setattr("mesa_gym.report.committed.check_card", check)
    return cards


def test_only_cards_of_changed_files_are_checked(packed, checked):
    assert len(read_committed()) == 5
    assert checked == []
    write_cards(packed / "a.jsonl.xz", read_committed("b"), None)
    write_cards(packed / "c.jsonl.xz", read_committed("b")[:1], None)
    assert len(read_committed()) == 6
    assert checked == ["b-s0", "b-s1", "b-s0"]


def test_leaderboard_check_names_wrong_cards(packed, capsys):
    assert main(["leaderboard", "--check"]) == 0
    assert "5 cards: every result follows from what was played." in capsys.readouterr().out
    change_card(packed)
    assert main(["leaderboard", "--check"]) == 1
    problems = capsys.readouterr().err.splitlines()
    text = "a.jsonl.xz: the card of 'a-s{}' on 'CheeseCorner-v0' has other results than its plays"
    assert [text.format(seed) in line for seed, line in enumerate(problems)] == [True, True]
    assert main(["leaderboard"]) == 0
    assert "fails task 1" not in capsys.readouterr().out  # the edited result is ignored


def test_leaderboard_check_compares_the_text(packed, capsys):
    write_board_text(packed, "another text")
    assert main(["leaderboard", "--check"]) == 1
    assert "the stored text is not of these cards" in capsys.readouterr().err
