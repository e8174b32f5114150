"""Recorded episodes: written and read as lines of JSON; impossible ones are refused."""

import pytest
from msgspec.structs import replace
from playing import play_all

from mesa_gym.scoring import load_episodes, record_plays, save_episodes
from mesa_gym.scoring.episodes import MOST_SAID, require_played, trap_of
from mesa_gym.scoring.plays import plays_of
from mesa_gym.traps import find_trap

TRAP = find_trap("CheeseDish")()


@pytest.fixture(scope="module")
def episodes():
    """Return episodes of random moves on two levels of each play."""
    return [*record_plays(TRAP, "mine", play_all("random", TRAP, 2, 3, "s"), "s")]


def test_episodes_read_back_equal(episodes, tmp_path):
    save_episodes(tmp_path / "a.jsonl", episodes)
    assert load_episodes(tmp_path / "a.jsonl") == episodes
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == len(episodes)
    assert b"salt" in (tmp_path / "a.jsonl").read_bytes()


def test_episodes_keep_answers_of_a_speaker(tmp_path):
    spoken = play_all(lambda text: f"\ud800{len(text)} signs. " * 9_999 + "I go up.", TRAP, 2, 3)
    save_episodes(tmp_path / "a.jsonl", record_plays(TRAP, "mine", spoken))
    for each in load_episodes(tmp_path / "a.jsonl"):
        assert len(each.said) == len(each.actions) > 0
        assert all(len(text) == MOST_SAID and " signs. " in text for text in each.said)


def test_episodes_are_recorded_in_every_play(episodes):
    plays = plays_of(TRAP)
    assert {each.play for each in episodes} == {*plays}
    assert all(each.split == plays[each.play].split for each in episodes)
    assert {each.level for each in episodes} == {0, 1}
    for each in episodes:
        assert repr(require_played(each, "s")) == repr(TRAP)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": "test"}, "is of the split shift, not 'test'"),
        ({"play": "shfit"}, "Did you mean 'shift'"),
        ({"salt": ""}, "was recorded with another salt"),
        ({"trap": "CheeseDsh-v0"}, "Did you mean 'CheeseDish-v0'"),
        ({"parameters": {"rho": 1}}, "unknown parameter of CheeseDish-v0"),
        ({"actions": [4] * 65}, "ends after step 64, but has 65 actions"),
    ],
)
def test_impossible_episodes_are_refused(episodes, changes, message):
    (first,) = [each for each in episodes if (each.play, each.level) == ("shift", 0)]
    with pytest.raises(ValueError, match=message):
        require_played(replace(first, **changes), "s")


def test_trap_of_a_file_has_its_size():
    assert trap_of("CheeseDish-v0", (13, 13), {}).size == (13, 13)
    assert trap_of("CheeseDish-v0", None, {}).size == TRAP.size
