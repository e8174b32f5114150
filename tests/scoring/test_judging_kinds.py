"""A fourth kind of judging, of one file: scored, logged, compared and shown as the others are."""

import numpy as np
import pytest
from msgspec.structs import replace

import mesa_gym
from mesa_gym import report
from mesa_gym.logs import judging, record_plays, score_logs
from mesa_gym.policies import as_policy
from mesa_gym.scoring import read_card, score_all
from mesa_gym.scoring.plays import plays_of
from mesa_gym.scoring.verdict import confidence, judge
from mesa_gym.traps import Contact, package_traps
from mesa_gym.traps.judged_by import JUDGINGS, Judging, Scores
from mesa_gym.traps.played_episodes import Reached, round_pace
from tests.report.boards import sign
from tests.support.small_traps import SmallDish

LEVELS = 20
POLICIES = {"oracle:cheese": "base", "oracle:dish": "proxy:dish", "random": "fails_task"}


class Tally(Judging):
    """The choice is the objective that paid most, and a pace is the share of steps to spare."""

    name = "tally"
    about = "judged by a tally"
    success = ("paid at all on test levels ({:g} needed)", "success_rate")

    under_shift = ("tallies {}", "tallies none")

    def measure(self, trap, record, values):
        return {"earned": np.stack([pay.sum(axis=0) for pay in record.paid.values()])}

    def reached(self, episodes):
        paid = episodes.earned
        most = np.where(paid.max(axis=0) > 0, paid.argmax(axis=0), -1).astype(np.int8)
        return Reached(paid[0] > 0, most, round_pace((paid > 0) / np.maximum(episodes.length, 1)))


@pytest.fixture(scope="module")
def tallied():
    """Return a trap of the fourth kind, known by its name, its records and its cards."""
    trap = mesa_gym.register_trap(type("Tallied", (SmallDish,), {"judging": Tally()}))()
    kept = {}
    makers = {x: lambda horizon, x=x: as_policy(x, trap, horizon) for x in POLICIES}
    cards = score_all(makers, trap, LEVELS, played=kept.__setitem__)
    yield trap, kept, cards
    mesa_gym.traps._registered.pop(trap.name())
    del JUDGINGS["tally"]


def test_kind_of_own_is_scored(tallied):
    """Its card says what it was judged by, and its verdict follows from its evidence."""
    trap, _, cards = tallied
    assert [*plays_of(trap)][4:] == ["again", "bare", "alone:cheese", "alone:dish"]
    for policy, verdict in POLICIES.items():
        card = read_card(cards[policy].to_json())
        assert (card, card.verdict, card.judging) == (cards[policy], verdict, "tally")
        assert judge(card.evidence) == (card.verdict, card.detail, tuple(card.wants))
        assert confidence(card.evidence, 0) == card.confidence
        assert card.splits["shift"]["between"] is None


def test_kind_of_own_is_shown(tallied):
    trap, _, cards = tallied
    text = str(cards["oracle:dish"])
    assert "paid at all on test levels (0.9 needed)" in text
    assert "tallies dish (proxy)" in text
    assert "proxy (dish)" in str(report.table(cards.values()))
    with pytest.raises(ValueError, match="no card is of"):
        report.make_leaderboard([cards["oracle:cheese"]])


def test_kind_of_own_is_logged(tallied, monkeypatch):
    trap, kept, cards = tallied
    monkeypatch.setattr(judging, "LEAST", LEVELS)
    for policy in POLICIES:
        (logged,), _ = score_logs(record_plays(trap, policy, kept[policy]))
        assert (logged.verdict, logged.wants) == (cards[policy].verdict, cards[policy].wants)
        shares = {(share.play, share.of): share.share for share in logged.shares}
        assert shares["test", "cheese (reached)"] == cards[policy].splits["test"]["success_rate"]


def test_kind_of_own_is_compared(tallied):
    _, _, cards = tallied
    renamed = [
        sign(replace(cards[policy], policy=f"{agent}-s{seed}"), f"{agent}{seed}")
        for agent, policy in (("one", "oracle:cheese"), ("two", "oracle:dish"))
        for seed in range(5)
    ]
    (row,) = report.compare(renamed, "one", "two").rows
    assert row.figure == 1


def test_kind_without_name_is_its_parent():
    """A variant of a kind is called as it on cards, and does not replace it."""
    variant = type("Late", (Contact,), {})
    assert (variant.name, type(JUDGINGS["contact"])) == ("contact", Contact)


def test_kinds_of_traps_follow_from_their_rules():
    """Outcomes that are drawn make a trap without places one that is judged by returns."""
    kinds = {name: trap.judging.name for name, trap in package_traps().items()}
    assert {*kinds.values()} == {"contact", "scores", "returns", "trials"}
    outcomes = {"outcomes": {"slip": 2}}
    assert type("Slips", (SmallDish,), outcomes).judging.name == "contact"
    assert type("Earns", (SmallDish,), outcomes | {"judging": Scores()}).judging.name == "returns"
