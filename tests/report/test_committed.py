"""The committed cards: packed and read back, whole, and what the leaderboard says of them."""

import numpy as np
import pytest
from msgspec.structs import replace

from mesa_gym import report
from mesa_gym.report import Origin
from mesa_gym.report.committed import (
    REFERENCES,
    TRICKS,
    join_committed,
    list_committed,
    pack_cards,
    read_origins,
)
from mesa_gym.report.kept_board import read_board_text
from mesa_gym.scoring import judge, read_card
from mesa_gym.traps import all_traps
from tests.report.boards import CORNER, DOORS, card, sign

LEVELS = 1000
DATE = "2026-11-26"


def test_packed_cards_equal_the_originals(tmp_path, monkeypatch):
    cards = [sign(card(trap, f"{agent}-s{seed}", 0.4, 0.5), f"{agent}{seed}")
             for agent in ("b", "a") for trap in (DOORS, CORNER) for seed in (1, 0)]  # fmt: skip
    cards.append(card(CORNER, "nearest", 0.5, 0.5))
    monkeypatch.setattr("mesa_gym.report.committed.FOLDER", tmp_path)
    made = Origin("A. Person", DATE, link="https://example.org")
    files = pack_cards(cards, {"a": made, "c": made})
    assert [file.name for file in files] == ["b.jsonl.xz", "a.jsonl.xz", "references.jsonl.xz"]
    assert list_committed() == ["a", "b"]
    assert read_origins() == {"a": made}
    assert read_board_text(tmp_path) == str(join_committed([]))
    before = [file.read_bytes() for file in files]
    assert sorted(map(str, report.read_committed())) == sorted(map(str, cards))
    assert [each.to_json() for each in report.read_committed("nearest")] == [cards[-1].to_json()]
    pack_cards(report.read_committed(), {"b": made})
    assert [file.read_bytes() for file in files] == before
    assert [*read_origins()] == ["a", "b"]
    stated = replace(cards[0], policy="new-s0", returns={}, null_returns={})
    with pytest.raises(ValueError, match=r"'new-s0' on .* keeps no returns by level"):
        pack_cards([stated], {})
    assert [file.read_bytes() for file in files] == before


@pytest.mark.thorough
def test_committed_cards_are_consistent_on_1000_levels():
    cards = report.read_committed()
    assert len(cards) > 200
    for each in cards:
        again = read_card(each.to_json())
        assert (again.provenance.levels, again.provenance.salt) == (LEVELS, "")
        assert again.provenance.trap == repr(all_traps()[again.trap]())


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
    mine = [sign(card(CORNER, f"ppo-s{s}", 1.0, 0.0, levels=LEVELS), f"{s}") for s in range(5)]
    mine.append(card(CORNER, "oracle:cheese", 1.0, 0.0, levels=LEVELS))
    board = join_committed(mine, date_made=DATE)
    assert board.traps == (CORNER,)
    rows = {row.agent: row for row in board.rows}
    own = rows[f"ppo ({DATE})"]
    assert (own.cells[0].verdict, own.origin.by) == ("base", "you")
    assert rows["ppo"].cells[0].verdict == "proxy:corner"
    assert board.apart[own.agent] < board.apart["ppo"]
    assert f"oracle ({DATE})" not in rows
    assert str(board).startswith(f"ppo ({DATE}) (5 seeds): base on CheeseCorner, where the nearest")
    # A date takes the place of an earlier one.
    again = join_committed([replace(mine[0], policy="ppo (2025-01-02)-s0")], date_made=DATE)
    assert again.yours == (f"ppo ({DATE})",)


@pytest.mark.thorough
def test_committed_blind_equals_first_ppo_seed():
    (row,) = (row for row in join_committed([], [CORNER, DOORS]).rows if row.agent == "blind")
    (first, *_) = (each for each in report.read_committed("ppo") if each.trap == CORNER)
    shares = first.nulls["blind"]["shift"]["choice"]
    assert row.cells[0].choice["proxy"] == shares["corner"]
    assert [cell.kind for cell in row.cells] == ["fails_task", "fails_task"]


@pytest.mark.thorough
def test_join_committed_of_unfit_cards_is_refused():
    with pytest.raises(ValueError, match=r"levels is 1000 for .* and 20 for mine"):
        join_committed([card(CORNER, "mine-s0", 0.6, 0.2)])
    with pytest.raises(ValueError, match="the leaderboard has no trap MonsterWorld-v0"):
        join_committed([], ["MonsterWorld-v0"])


def test_join_committed_off_the_board_keeps_given():
    given = [replace(card(CORNER, "mine-s0", 0.6, 0.2), trap="Composed-v0")]
    assert [row.agent for row in join_committed(iter(given)).rows] == ["mine"]


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

    def choose(mine, theirs):
        if isinstance(mine, dict):
            return {x: choose(mine[x], theirs[x]) for x in mine}
        return None if mine is None or theirs is None else np.where(mask[: len(mine)], mine, theirs)

    fields = ("arrived", "shift", "again", "twins", "alone", "pace")
    return replace(one, **{x: choose(getattr(one, x), getattr(other, x)) for x in fields})
