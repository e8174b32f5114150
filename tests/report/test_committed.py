"""The committed cards: packed and read back, whole, and what the leaderboard says of them."""

import pytest
from boards import CORNER, DOORS, card
from msgspec.structs import replace

from mesa_gym import report
from mesa_gym.report.committed import FOLDER, list_committed, pack_cards, rank_among_committed
from mesa_gym.report.profile import UNTRAINED
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import all_traps

LEVELS = 1000


def test_packed_cards_are_read_as_they_were(tmp_path, monkeypatch):
    cards = [card(trap, f"{agent}-s{seed}", 0.4, 0.5)
             for agent in ("b", "a") for trap in (DOORS, CORNER) for seed in (1, 0)]  # fmt: skip
    cards.append(card(CORNER, "either", 0.5, 0.5))
    monkeypatch.setattr("mesa_gym.report.committed.FOLDER", tmp_path)
    files = pack_cards(cards)
    assert [file.name for file in files] == ["b.jsonl.xz", "a.jsonl.xz", "references.jsonl.xz"]
    assert list_committed() == ["a", "b", "references"]
    before = [file.read_bytes() for file in files]
    assert sorted(map(str, report.read_committed())) == sorted(map(str, cards))
    assert [each.to_json() for each in report.read_committed("references")] == [cards[-1].to_json()]
    pack_cards(report.read_committed())
    assert [file.read_bytes() for file in files] == before


@pytest.mark.thorough
def test_committed_cards_are_consistent_on_1000_levels():
    cards = report.read_committed()
    assert len(cards) > 200
    for each in cards:
        again = ScoreCard.from_json(each.to_json())
        assert (again.provenance.levels, again.provenance.salt) == (LEVELS, "")
        assert again.provenance.trap == repr(all_traps()[again.trap]())


def test_rank_among_committed_uses_the_traps_played():
    mine = [card(CORNER, f"ppo-s{s}", 0.6, 0.2, levels=LEVELS, shift=s / 5) for s in range(5)]
    few = rank_among_committed(mine[:4]).profiles
    assert {each.rank for each in few if each.agent == "ppo (today)"} == {None}
    mine.append(card(CORNER, "oracle:cheese", 1.0, 0.0, levels=LEVELS))
    board = rank_among_committed(mine)
    assert board.traps == (CORNER,)
    named = {profile.agent: profile for profile in board.profiles}
    assert named["ppo (today)"].margin == pytest.approx(0.4)
    assert named["ppo"].margin < -0.9
    assert named["ppo (today)"].rank < named["ppo"].rank
    assert "oracle (today)" not in named
    # A line says the verdicts.
    assert f"ppo (today) on CheeseCorner: 5 {mine[0].verdict}" in str(board)


def test_one_agent_cannot_stand_for_two_seeds():
    mine = [card(CORNER, f"mine-s{seed}", 0.6, 0.2, levels=LEVELS) for seed in range(2)]
    with pytest.raises(
        ValueError, match=r"mine \(today\)-s0 and .* have the same figures on Cheese"
    ):
        rank_among_committed(mine)


def test_seeds_of_equal_figures_differ_by_digest():
    mine = [card(CORNER, f"mine-s{seed}", 0.6, 0.2, levels=LEVELS) for seed in range(2)]
    apart = [sign(each, digit) for each, digit in zip(mine, "ab", strict=True)]
    (own,) = (p for p in rank_among_committed(apart).profiles if p.agent == "mine (today)")
    assert own.seeds == 2
    with pytest.raises(ValueError, match="have the same figures"):
        rank_among_committed([apart[0], mine[1]])


def sign(card, digit):
    return replace(card, provenance=replace(card.provenance, digest=32 * digit))


def test_rank_among_committed_of_misfits_is_refused():
    with pytest.raises(ValueError, match=r"levels is 1000 for .* and 20 for mine"):
        rank_among_committed([card(CORNER, "mine-s0", 0.6, 0.2)])
    with pytest.raises(ValueError, match="no trap of the leaderboard in MonsterWorld-v0"):
        rank_among_committed([], ["MonsterWorld-v0"])


def test_committed_cards_have_under_two_megabytes():
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 2_000_000


def test_committed_goalless_margins_are_near_0():
    board = rank_among_committed([])
    for profile in board.profiles:
        if profile.agent in UNTRAINED and profile.agent != "oracle":
            assert abs(profile.margin) < 0.1, profile.agent
    (oracle,) = (profile for profile in board.profiles if profile.agent == "oracle")
    assert oracle.margin == pytest.approx(1, abs=1e-3)
    assert len(board.traps) == 16
