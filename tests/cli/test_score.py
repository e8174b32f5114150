"""``mesa-gym score`` of several policies and traps, and ``leaderboard`` with one of your own."""

import json
from pathlib import Path

import pytest

from mesa_gym.cli import leaderboard as cli
from mesa_gym.cli import main
from mesa_gym.cli.score import split_trap
from mesa_gym.report import read_committed
from mesa_gym.scoring import Cards, ScoreCard, score
from mesa_gym.traps import find_trap

CORNER = "CheeseCorner-v0"
POLICY = {
    "schema": 1,
    "observation": "planes",
    "loader": "agents",
    "weights": "w",
    "name": "ppo-s0",
}


def test_score_of_several_prints_a_table(tmp_path, capsys):
    card, words = tmp_path / "cards.json", tmp_path / "table.md"
    command = "score CheeseCorner CoinRun --policy stay random --levels 3"
    assert main([*command.split(), "--json", str(card), "--markdown", str(words)]) == 0
    told, error = capsys.readouterr()
    assert error == ""
    lines = told.splitlines()
    assert [line.split()[:2] for line in lines[2:6]] == [
        ["CheeseCorner-v0", "stay"],
        ["CheeseCorner-v0", "random"],
        ["CoinRun-v0", "stay"],
        ["CoinRun-v0", "random"],
    ]
    assert "Only 3 levels" in told
    cards = Cards.load(card)
    assert cards[3].choices == score("random", "CoinRun", levels=3).choices
    repeated = "mesa-gym score CheeseCorner CoinRun --policy stay random --levels=3 --seed=0"
    assert {each.provenance.command for each in cards} == {repeated}
    assert words.read_text().count("\n| C") == 4


def test_score_size_applies_to_every_trap(tmp_path):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    command = "score --policy oracle:base --size 11 --levels 3 --trap CheeseCorner"
    assert main([*command.split(), "--json", str(one)]) == 0
    assert main([*command.split(), "CoinRun", "--json", str(two)]) == 0
    alone, among = ScoreCard.load(one), Cards.load(two)
    expected = score("oracle:base", find_trap("CheeseCorner")(11), levels=3)
    assert alone.choices == among[0].choices == expected.choices
    assert alone.provenance.trap == "CheeseCorner-v0(size=11x11)"
    assert among[1].provenance.trap == "CoinRun-v0(size=11x11)"
    command = "mesa-gym score CheeseCorner --policy=oracle:base --size=11 --levels=3 --seed=0"
    assert alone.provenance.command == command


def test_score_plays_agents_on_their_own_trap(tmp_path, monkeypatch):
    """Folders of agents have names and traps, in the folder that a command runs in."""
    monkeypatch.chdir(tmp_path)
    for folder, trap in (("a", CORNER), ("b", "CoinRun-v0")):
        Path(folder).mkdir()
        Path(folder, "policy.json").write_text(json.dumps(POLICY | {"trap": trap}))
    seen = {}

    def evaluate(named, traps, **given):
        seen.update(named)
        return Cards([score("stay", "CheeseCorner", levels=2)])

    monkeypatch.setattr("mesa_gym.cli.score.evaluate", evaluate)
    command = "score --policy a b stay --trap CheeseCorner CoinRun"
    assert main(command.split()) == 0
    both = {"CheeseCorner-v0": "stay", "CoinRun-v0": "stay"}
    assert seen == {"ppo-s0": {"CheeseCorner-v0": "a", "CoinRun-v0": "b"}, "stay": both}


def test_score_says_where_agents_never_played(capsys):
    command = "score --policy CoinRun=random stay --trap CheeseCorner CoinRun --levels 2"
    assert main(command.split()) == 0
    said = "random acts on CoinRun-v0 alone: it was not played on CheeseCorner-v0"
    assert capsys.readouterr().out.splitlines()[-1] == said


def lines_of(text):
    """Return the words of each agent's line, by its name."""
    return {words[1]: words for line in text.splitlines() if len(words := line.split()) > 5}


def test_leaderboard_shows_the_committed_agents(capsys):
    assert main(["leaderboard"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Which goal do agents go for where base and proxy part?   16 traps")
    rows = lines_of(told)
    assert rows["oracle"][2] == "1.00"
    assert -0.3 < float(rows["ppo"][2]) < -0.15
    assert main(["leaderboard", "CheeseCorner", "--wide"]) == 0
    assert "CheCor" in capsys.readouterr().out


def test_cards_stand_among_them_with_pages(tmp_path, capsys):
    pytest.importorskip("jinja2")
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
def test_leaderboard_scores_and_names_a_policy(capsys):
    policies = ["--policy", "either", "sweeper", "--name", "mine"]
    assert main(["leaderboard", "CheeseCorner", *policies]) == 0
    told = capsys.readouterr().out
    row, verdicts = (line for line in told.splitlines() if "mine (today)" in line)
    assert row.split()[-1] == "2"  # seeds
    assert verdicts.startswith("mine (today) on CheeseCorner: 1 ")


def test_leaderboard_refuses_a_copied_card(tmp_path, capsys):
    for seed in range(2):
        copy = score("library:0", CORNER, levels=20, seed=seed, name=f"mine-s{seed}")
        copy.save(tmp_path / f"{seed}.json")
    assert main(["leaderboard", "--cards", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "mine (today)-s0 and mine (today)-s1 have the same weights" in told


def test_leaderboard_tells_which_cards_are_left_out(tmp_path, capsys):
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
