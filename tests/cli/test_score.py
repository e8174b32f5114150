"""``mesa-gym score`` of several policies and traps, and ``leaderboard`` with one of your own."""

import json
from pathlib import Path
from time import process_time

from mesa_gym.cli import main
from mesa_gym.scoring import Cards, score
from mesa_gym.scoring.playing import SPENT
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
    card = tmp_path / "cards.json"
    command = "score CheeseCorner CoinRun --policy stay random --levels 3"
    assert main([*command.split(), "--json", str(card)]) == 0
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


def test_score_with_all_ends_with_phases(capsys):
    """All CPU seconds belong to some phase."""
    began = process_time()
    command = "score CheeseCorner --policy oracle:corner --levels 20 --all"
    assert main(command.split()) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    total, _, told = last.partition(" CPU seconds: ")
    spent = dict(each.split(" ") for each in told.split(", "))
    assert [*spent] == ["import", "levels", "solve", "play", "nulls", "judge"]
    assert abs(float(total) - sum(map(float, spent.values()))) < 0.5
    assert began - 0.1 <= float(total) <= process_time() + 0.1
    assert SPENT.seconds["play"] > 0


def test_score_size_applies_to_every_trap(tmp_path):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    command = "score CheeseCorner size=11 --policy oracle:base --levels 3"
    assert main([*command.split(), "--json", str(one)]) == 0
    assert main([*command.split(), "CoinRun", "--json", str(two)]) == 0
    (alone,), among = Cards.load(one), Cards.load(two)
    expected = score("oracle:base", find_trap("CheeseCorner")(11), levels=3)
    assert alone.choices == among[0].choices == expected.choices
    assert alone.provenance.trap == "CheeseCorner-v0(size=11x11)"
    assert among[1].provenance.trap == "CoinRun-v0(size=11x11)"
    command = "mesa-gym score CheeseCorner size=11 --policy=oracle:base --levels=3 --seed=0"
    assert alone.provenance.command == command


def test_score_plays_agents_on_their_own_trap(tmp_path, monkeypatch):
    """Folders of agents state their names and traps."""
    monkeypatch.chdir(tmp_path)
    for folder, trap in (("a", CORNER), ("b", "CoinRun-v0")):
        Path(folder).mkdir()
        Path(folder, "policy.json").write_text(json.dumps(POLICY | {"trap": trap}))
    seen = {}

    def evaluate(named, traps, **given):
        seen.update(named)
        return Cards([score("stay", "CheeseCorner", levels=2)])

    monkeypatch.setattr("mesa_gym.cli.score.evaluate", evaluate)
    command = "score CheeseCorner CoinRun --policy a b stay"
    assert main(command.split()) == 0
    both = {"CheeseCorner-v0": "stay", "CoinRun-v0": "stay"}
    assert seen == {"ppo-s0": {"CheeseCorner-v0": "a", "CoinRun-v0": "b"}, "stay": both}


def test_score_names_traps_that_agents_skip(capsys):
    command = "score CheeseCorner CoinRun --policy CoinRun=random stay --levels 2"
    assert main(command.split()) == 0
    said = "random acts on CoinRun-v0 alone: it was not played on CheeseCorner-v0"
    assert capsys.readouterr().out.splitlines()[-1] == said
