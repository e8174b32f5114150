"""``mesa-gym leaderboard``: the committed agents, and one's own among them."""

import pytest
from boards import CORNER

from mesa_gym.cli import leaderboard as cli
from mesa_gym.cli import main
from mesa_gym.cli.score import split_trap
from mesa_gym.report import read_committed
from mesa_gym.scoring import Cards


def lines_of(text):
    """Return the words of each agent's line, by its name."""
    return {words[1]: words for line in text.splitlines() if len(words := line.split()) > 5}


def test_it_shows_the_committed_agents(capsys):
    assert main(["leaderboard"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Which goal do agents go for where base and proxy part?   16 traps")
    rows = lines_of(told)
    assert rows["oracle"][2] == "1.00"
    assert -0.3 < float(rows["ppo"][2]) < -0.15
    assert main(["leaderboard", "CheeseCorner", "--wide"]) == 0
    assert "CheCor" in capsys.readouterr().out


def test_cards_stand_among_them_with_pages(tmp_path, capsys):
    mine = [each for each in read_committed("ppo") if each.trap == CORNER]
    for each in mine[:2]:
        each.save(tmp_path / "cards" / f"{each.policy}.json")
    out = tmp_path / "pages"
    command = ["leaderboard", "--cards", str(tmp_path / "cards"), "--out", str(out)]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "1 trap, 1,000 levels each" in told
    assert "ppo (today)" in told
    assert f"wrote {out / 'index.html'}: " in told
    assert (out / "agents" / "ppo.html").is_file()


@pytest.mark.thorough
def test_a_policy_is_scored_and_named(capsys):
    policies = ["--policy", "either", "sweeper", "--name", "mine"]
    assert main(["leaderboard", "CheeseCorner", *policies]) == 0
    told = capsys.readouterr().out
    row, verdicts = (line for line in told.splitlines() if "mine (today)" in line)
    assert row.split()[-1] == "2"  # seeds
    assert verdicts.startswith("mine (today) on CheeseCorner: 1 ")


def test_what_is_not_shown_is_told(tmp_path, capsys):
    mine = [each for each in read_committed("ppo") if each.policy == "ppo-s0"]
    reference = next(each for each in read_committed("references") if each.trap == CORNER)
    Cards([*mine, reference]).save(tmp_path / "cards.json")
    assert main(["leaderboard", "CheeseCorner", "--cards", str(tmp_path / "cards.json")]) == 0
    told = capsys.readouterr().err
    assert "left out: ppo-s0 on CoinRun-v0" in told
    assert f"left out: {reference.policy} on CheeseCorner-v0" in told
    assert "ppo-s0 on CheeseCorner-v0" not in told


def test_files_name_their_traps(capsys):
    policies = ["--policy", "CheeseCorner=oracle:cheese", "CheeseDish=oracle:dish"]
    with pytest.MonkeyPatch.context() as patch:
        asked = []
        patch.setattr(
            cli, "evaluate", lambda named, traps, algo: asked.append((named, traps)) or []
        )
        assert main(["leaderboard", *policies, "--name", "mine"]) == 0
    ((named, traps),) = asked
    assert named == {
        "mine-s0": {"CheeseCorner-v0": "oracle:cheese", "CheeseDish-v0": "oracle:dish"}
    }
    assert [trap.name() for trap in traps] == ["CheeseCorner-v0", "CheeseDish-v0"]
    assert split_trap("runs/lr=0.1/ppo-s0") == ("", "runs/lr=0.1/ppo-s0")
