"""Recorded episodes: written and read as lines of JSON; impossible ones are refused."""

import pytest
from msgspec.structs import replace

from mesa_gym.logs import read_log, record_plays, save_episodes
from mesa_gym.logs.episodes import MOST_SAID, encode_episode, require_played, trap_of
from mesa_gym.policies import as_policy
from mesa_gym.scoring.playing import play_changed
from mesa_gym.scoring.plays import find_play, plays_of
from mesa_gym.traps import find_trap
from tests.support.playing import play_all

TRAP = find_trap("CheeseDish")()


@pytest.fixture(scope="module")
def episodes():
    """Return episodes of random moves on two levels of each play."""
    return [*record_plays(TRAP, "mine", play_all("random", TRAP, 2, 3, "s"), "s")]


def test_episodes_read_back_equal(episodes, tmp_path):
    save_episodes(tmp_path / "a.jsonl", episodes)
    assert read_log(tmp_path / "a.jsonl") == (episodes, [])
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == len(episodes)
    assert b"salt" in (tmp_path / "a.jsonl").read_bytes()


def test_bad_lines_are_named_and_skipped(episodes, tmp_path):
    """A killed writer leaves a half line; a stranger's line may hold anything."""
    path, (first, second, *_) = tmp_path / "a.jsonl", episodes
    line = encode_episode(first)
    odd = [line.replace(b'"mine"', b"5"), line.replace(b'"mine"', b'"\\u001b[31m"'), b"\0\n", b"\n"]
    path.write_bytes(b"".join([line[:99] + b"\n", line, *odd, encode_episode(second), line[:-9]]))
    found, (note,) = read_log(path)
    assert found == [first, second]
    assert "a.jsonl: 6 lines left out that cannot be read: 1 (" in note
    assert "3 (Expected `str`, got `int` - at `$.policy`)" in note
    assert "printable characters" in note
    assert note.endswith("6 (Input data was truncated), ...")
    path.write_bytes(encode_episode(first) + b"\n" * 5)
    assert read_log(path)[1][0].endswith("6 (Input data was truncated)")
    path.write_bytes(b"".join(odd))
    with pytest.raises(ValueError, match="line 1 is not a recorded episode: Expected `str`"):
        read_log(path)


@pytest.mark.parametrize(
    "changes",
    [{"level": -1}, {"actions": [5]}, {"said": ["x" * (MOST_SAID + 1)]}, {"size": (0, 9)}],
)
def test_episode_that_is_unreadable_is_unwritten(episodes, changes, tmp_path):
    with pytest.raises(ValueError, match="Expected"):
        save_episodes(tmp_path / "a.jsonl", [replace(episodes[0], **changes)])
    for policy in (5, "", "x" * 201, "\x1b[31m"):
        with pytest.raises(ValueError, match=r"policy is .*Expected"):
            replace(episodes[0], policy=policy)
    assert [*tmp_path.iterdir()] == []


def test_episodes_that_windows_wrote_are_read(episodes, tmp_path):
    save_episodes(tmp_path / "a.jsonl", episodes)
    text = (tmp_path / "a.jsonl").read_text()
    (tmp_path / "a.jsonl").write_text(text, "utf-8-sig", newline="\r\n")
    assert read_log(tmp_path / "a.jsonl") == (episodes, [])


def test_episodes_keep_answers_of_a_speaker(tmp_path):
    def speak(text):
        return f"\ud800{len(text)} signs. " * 9_999 + "\nup"

    policy, play = as_policy(speak, TRAP, TRAP.horizon("test")), find_play(TRAP, "test")
    spoken = play_changed(play, policy, TRAP.levels("test", [0]))
    save_episodes(tmp_path / "a.jsonl", record_plays(TRAP, "mine", {"test": spoken}))
    for each in read_log(tmp_path / "a.jsonl")[0]:
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
        ({"trap": "CheeseDsh-v0"}, "Did you mean 'CheeseDish'"),
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
