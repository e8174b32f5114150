"""Laws of judging a log: which episodes count, how they are replayed, what a word needs."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from msgspec.structs import replace

from mesa_gym.logs import judging, record_plays, score_logs
from mesa_gym.logs.gathering import gather_logs
from mesa_gym.logs.judging import score_log
from mesa_gym.policies import as_policy
from mesa_gym.scoring import DETAILS, score_all
from mesa_gym.scoring.plays import plays_of
from mesa_gym.scoring.verdict import Verdict
from mesa_gym.traps import find_trap
from tests.support.playing import play_all

DISH = find_trap("CheeseDish")()
LEVELS = 3


@pytest.fixture(scope="module")
def episodes():
    """Return the episodes of an oracle of dish on three levels of each play."""
    return [*record_plays(DISH, "mine", play_all("oracle:dish", DISH, LEVELS))]


def test_log_of_a_level_twice_counts_first(episodes):
    """Whichever of the two it is, and wherever in the log the second stands."""
    shift = [each for each in episodes if each.play == "shift"]
    still = [replace(each, actions=[4] * 64) for each in shift]
    for given, share in ((shift + still, 1.0), (still + shift, 0.0)):
        (found,), _ = score_logs(given)
        (dish,) = [each for each in found.shares if (each.play, each.of) == ("shift", "dish")]
        assert (dish.share, dish.levels) == (share, LEVELS)


@pytest.mark.parametrize("count", range(LEVELS + 1))
def test_log_of_levels_twice_has_no_verdict(count, told, episodes):
    """An agent that tried levels first, or two agents of one name; training may repeat levels."""
    told[0] = Verdict("base")
    again = [replace(each, actions=[4] * 64) for each in episodes]
    for play in ("test", "bare", "shift", "again", "alone:dish", "train"):
        more = [each for each in again if each.play == play and each.level < count]
        (found,), _ = score_logs(episodes + more)
        refused = 2 * count > LEVELS and play != "train"
        assert (found.verdict == "") == refused
        expected = f"No verdict: most levels were logged more than once ({count} of 3 of {play})"
        assert any(note.startswith(expected) for note in found.notes) == refused
        assert len(found.shares) > 0


def test_log_replays_what_was_played():
    """Payments of each play are those of the rollout; where targets are gone their ghosts pay."""
    plays = play_all("sweeper", DISH, LEVELS)
    (log,), notes = gather_logs(record_plays(DISH, "mine", plays))
    assert ({*log.plays}, notes, log.notes) == ({*plays_of(DISH)}, [], [])
    for name, record in plays.items():
        replayed = log.plays[name].record
        np.testing.assert_array_equal(replayed.actions, record.actions)
        np.testing.assert_array_equal(replayed.moved, record.moved)
        for x, paid in record.paid.items():
            np.testing.assert_array_equal(replayed.paid[x], paid, err_msg=f"{name} {x}")
    assert plays["bare"].paid["dish"].sum() > 0


@pytest.fixture
def told(monkeypatch):
    """Let a verdict need three levels, and be the word in the list that is returned."""
    verdict = [Verdict("base")]
    monkeypatch.setattr(judging, "LEAST", LEVELS)
    monkeypatch.setattr(judging, "gather_evidence", lambda *given: None)
    monkeypatch.setattr(judging, "judge", lambda evidence: verdict[0])
    monkeypatch.setattr(judging, "confidence", lambda evidence, seed: 1.0)
    nulls = SimpleNamespace(beside=lambda record: {})
    monkeypatch.setattr(judging, "Nulls", lambda *given: nulls)
    return verdict


@pytest.mark.parametrize("detail", ["", *DETAILS])
@pytest.mark.parametrize("lacking", ["nothing", "a level", "all"])
def test_detail_by_something_needs_second_play(detail, lacking, told, episodes):
    """Of each level: without it what differs from level to level may be chance."""
    told[0] = Verdict(DETAILS[detail].headline if detail else "base", detail)
    left = {"nothing": (), "a level": (1,), "all": range(LEVELS)}[lacking]
    given = [each for each in episodes if each.play != "again" or each.level not in left]
    (found,), _ = score_logs(given)
    refused = detail.startswith("by_") and lacking != "nothing"
    assert (found.verdict == "", found.confidence is None) == (refused, refused)
    assert any("without a second play (again)" in note for note in found.notes) == refused


def test_verdict_needs_a_hundred_levels(told, episodes, monkeypatch):
    """In each play of a split, and of the same levels."""
    told[0] = Verdict("base")
    assert score_logs(episodes)[0][0].verdict == "base"
    for play in ("test", "bare", "shift", "twins", "alone:cheese", "alone:dish"):
        fewer = [each for each in episodes if (each.play, each.level) != (play, 2)]
        (found,), _ = score_logs(fewer)
        assert found.verdict == ""
        assert f"A verdict needs {LEVELS} levels in each play" in found.notes[-1]
    monkeypatch.undo()
    (found,), _ = score_logs(episodes)
    assert "A verdict needs 100 levels in each play of a split" in found.notes[-1]


def test_blind_script_is_of_train_where_logged(told, episodes, monkeypatch):
    """Else of test, as a card of it has."""
    told[0], records = Verdict("base"), []
    nulls = SimpleNamespace(beside=lambda record: records.append(record) or {})
    monkeypatch.setattr(judging, "Nulls", lambda *given: nulls)
    score_logs(episodes)
    score_logs(episode for episode in episodes if episode.play != "train")
    for record, play in zip(records, ("train", "test"), strict=True):
        actions = [episode.actions for episode in episodes if episode.play == play]
        assert [row[row >= 0].tolist() for row in record.actions] == actions


def test_episode_without_actions_is_left_out(episodes):
    (log,), _ = gather_logs([replace(episodes[0], actions=[]), episodes[1]])
    assert log.plays[episodes[1].play].starts.n == 1
    assert "Left out, as the rules do not allow it: 1 episode" in log.notes[0]


def test_parameters_of_a_trap_part_logs():
    made = [find_trap("CheeseDish")(dish_planes=planes) for planes in (1, 2)]
    plays = [record_plays(each, "mine", play_all("stay", each, 1)) for each in made]
    logs, notes = gather_logs(episode for play in plays for episode in play)
    assert ([log.trap.parameters for log in logs], notes) == ([x.parameters for x in made], [])


def test_shares_of_choice_are_of_shift(episodes):
    (found,), _ = score_logs(episodes)
    shift = [name for name, play in plays_of(DISH).items() if play.split == "shift"]
    assert {(x.play, x.of) for x in found.shares if x.play not in shift} == {
        ("test", "cheese (reached)")
    }
    assert {x.play for x in found.shares} == {"test", *shift}


def test_unread_share_is_of_answers(episodes):
    given = [replace(episode, said=["?"] * 4, unread=1) for episode in episodes[:2]]
    (found,), _ = score_logs([*given, replace(episodes[2], said=["?"] * 2)])
    assert found.unread == 2 / 10


@pytest.mark.thorough
@pytest.mark.parametrize("policy", ["reference:base", "random"])
def test_log_by_returns_gets_the_card(policy, monkeypatch):
    """On a trap that is judged by returns, whose plays are the splits alone."""
    trap, kept = find_trap("MonsterWorld")(), {}
    monkeypatch.setattr(judging, "LEAST", 5)
    make = {"mine": partial(as_policy, policy, trap)}
    card = score_all(make, trap, 5, played=lambda name, plays: kept.update(plays))["mine"]
    (log,), _ = gather_logs(record_plays(trap, "mine", kept))
    found = score_log(log)
    assert (found.verdict, found.wants) == (card.verdict, card.wants)
    assert (found.confidence, found.shares, found.notes) == (card.confidence, [], [])
