"""``mesa-gym leaderboard``: the committed agents, and one's own among them."""

from pathlib import Path

import pytest
from boards import CORNER, card

from mesa_gym.cli import main
from mesa_gym.report import read_committed


def lines_of(text: str) -> dict[str, list[str]]:
    """Return the words of each agent's line, by its name."""
    return {words[1]: words for line in text.splitlines() if len(words := line.split()) > 5}


def test_it_shows_the_committed_agents(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaderboard"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Which goal do agents go for where base and proxy part?   16 traps")
    rows = lines_of(told)
    assert rows["oracle"][2] == "1.00"
    assert -0.3 < float(rows["ppo"][2]) < -0.15
    assert main(["leaderboard", "CheeseCorner", "--wide"]) == 0
    assert "CheCor" in capsys.readouterr().out


def test_cards_stand_among_them_with_pages(tmp_path: Path, capsys) -> None:
    mine = [each for each in read_committed("ppo") if each.trap == CORNER]
    for each in mine[:2]:
        each.save(tmp_path / "cards" / f"{each.policy}.json")
    out = tmp_path / "pages"
    command = ["leaderboard", "--cards", str(tmp_path / "cards"), "--out", str(out)]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "1 trap, 1,000 levels each" in told
    assert "ppo (today)" in told
    assert f"{out / 'index.html'} shows it with pictures" in told
    assert (out / "agents" / "ppo.html").is_file()


@pytest.mark.thorough
def test_a_policy_is_scored_and_named(capsys) -> None:
    policies = ["--policy", "either", "sweeper", "--name", "mine"]
    assert main(["leaderboard", "CheeseCorner", *policies]) == 0
    told = capsys.readouterr().out
    (line,) = (line for line in told.splitlines() if "mine (today)" in line)
    assert line.split()[-1] == "2"  # seeds


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["CheeseCornr"], "Did you mean 'CheeseCorner'"),
        (["--policy", "random"], "on which traps? Name them first"),
        (["MonsterWorld"], "no trap of the leaderboard in MonsterWorld-v0; it has AbsentSuperv"),
        (["--cards", "nowhere"], "nowhere"),
        (["--cards", "."], "there is no score card under ."),
    ],
)
def test_what_cannot_be_ranked_is_refused(arguments, told, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["leaderboard", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_cards_of_other_levels_are_refused(tmp_path: Path, capsys) -> None:
    card(CORNER, "mine-s0", 0.5, 0.5).save(tmp_path / "mine.json")
    assert main(["leaderboard", "--cards", str(tmp_path / "mine.json")]) == 2
    assert "levels is 1000 for" in capsys.readouterr().err
