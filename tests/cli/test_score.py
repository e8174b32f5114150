"""mesa-gym score of several policies and traps; leaderboard and compare with agents of your own."""

import gzip
import json
import lzma
import os
import re
import stat
import sys
from pathlib import Path
from time import process_time

import pytest
from msgspec.structs import replace

from mesa_gym.cli import leaderboard, main
from mesa_gym.cli.agent_arguments import (
    AgentToPlay,
    read_agents,
    read_cards,
    split_list,
    split_name,
)
from mesa_gym.cli.leaderboard import require_agent_name
from mesa_gym.logs import read_log, record_plays, save_episodes
from mesa_gym.report import read_committed
from mesa_gym.report.board_rows import Origin
from mesa_gym.report.committed import write_cards
from mesa_gym.scoring import Cards, score
from mesa_gym.scoring.playing import SPENT
from mesa_gym.traps import find_trap
from tests.support.cards import made, sign
from tests.support.parameters import thorough
from tests.support.playing import play_all
from tests.support.refusals import refusals

CORNER, DISH = "CheeseCorner-v0", "CheeseDish-v0"
AGENT = {"schema": 1, "observation": "planes", "loader": "agents", "weights": "w", "name": "ppo-s0"}


@pytest.mark.thorough
def test_score_of_several_prints_a_table(tmp_path, capsys):
    card = tmp_path / "cards.json"
    command = "score CheeseCorner CoinRun --policy stay random --levels 3"
    assert main([*command.split(), "--json", str(card)]) == 0
    output, error = capsys.readouterr()
    assert error == ""
    lines = output.splitlines()
    traps = ("CheeseCorner-v0", "CoinRun-v0")
    rows = [line.split()[:2] for line in lines[2:6]]
    assert rows == [[trap, policy] for trap in traps for policy in ("stay", "random")]
    assert "Only 3 levels" in output
    cards = Cards.load(card)
    assert cards[3].choices == score("random", "CoinRun", levels=3).choices
    repeated = "mesa-gym score CheeseCorner CoinRun --policy stay random --levels=3 --seed=0"
    assert {x.provenance.command for x in cards} == {repeated}


@pytest.mark.thorough
def test_score_with_all_ends_with_phases(capsys):
    """All CPU seconds belong to some phase."""
    began = process_time()
    command = "score CheeseCorner --policy oracle:corner --levels 20 --all"
    assert main(command.split()) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    total, _, phases = last.partition(" CPU seconds: ")
    spent = dict(phase.split(" ") for phase in phases.split(", "))
    assert [*spent] == ["import", "levels", "solve", "play", "nulls", "judge"]
    assert abs(float(total) - sum(map(float, spent.values()))) < 0.5
    assert began - 0.1 <= float(total) <= process_time() + 0.1
    assert SPENT.seconds["play"] > 0


@pytest.mark.thorough
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


@pytest.mark.thorough
def test_score_plays_agents_on_their_own_trap(tmp_path, monkeypatch):
    """Folders of agents state their names and traps."""
    monkeypatch.chdir(tmp_path)
    for folder, trap in (("a", CORNER), ("b", "CoinRun-v0")):
        Path(folder).mkdir()
        Path(folder, "policy.json").write_text(json.dumps(AGENT | {"trap": trap}))
    played = {}

    def evaluate(named, traps, **more):
        played.update(named)
        return Cards([score("stay", "CheeseCorner", levels=2)])

    monkeypatch.setattr("mesa_gym.cli.score.evaluate", evaluate)
    command = "score CheeseCorner CoinRun --policy a b stay"
    assert main(command.split()) == 0
    both = {"CheeseCorner-v0": "stay", "CoinRun-v0": "stay"}
    assert played == {"ppo-s0": {"CheeseCorner-v0": "a", "CoinRun-v0": "b"}, "stay": both}


def test_score_names_traps_that_agents_skip(monkeypatch, capsys):
    monkeypatch.setattr("mesa_gym.cli.score.evaluate", lambda *args, **more: Cards([made()]))
    command = "score CheeseCorner CoinRun --policy CoinRun=random stay --levels 2"
    assert main(command.split()) == 0
    note = "random acts on CoinRun-v0 alone: it was not played on CheeseCorner-v0"
    assert capsys.readouterr().out.splitlines()[-1] == note


@pytest.mark.parametrize(
    ("trap", "judged", "left_out"),
    [
        ("", ["CheeseCorner-v0", "CheeseDish-v0"], ""),
        thorough("CheeseDish", ["CheeseDish-v0"], "CheeseCorner-v0"),
        thorough("LavaLand", [], "CheeseCorner-v0, CheeseDish-v0"),
    ],
)
def test_named_trap_selects_its_episodes(trap, judged, left_out, tmp_path, capsys):
    """A log may contain several traps; only the named trap is judged."""
    traps = [find_trap("CheeseCorner")(), find_trap("CheeseDish")()]
    episodes = [x for y in traps for x in record_plays(y, "it", play_all("stay", y, 1))]
    save_episodes(tmp_path / "log", episodes)
    command = ["score", *trap.split(), "--episodes", str(tmp_path / "log")]
    assert main(command) == int(not judged)
    out = capsys.readouterr().out
    assert re.findall(r"^it on (\S+), from a log", out, re.MULTILINE) == judged
    n_left = sum(x.trap not in judged for x in episodes)
    note = f"{n_left} of {len(episodes)} episodes left out: they are on {left_out}, not {trap}-v0."
    assert (note in out) == bool(left_out)
    assert ("episodes left out: they are on" in out) == bool(left_out)


@pytest.mark.thorough
def test_saved_episodes_keep_number_of_examples(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text("def ask(text):\n    return 'up'\n\nask.examples = 3\n")
    command = "score CheeseDish --policy model.py:ask --levels 1 --save-episodes log.jsonl"
    assert main(command.split()) == 0
    assert {episode.examples for episode in read_log("log.jsonl")[0]} == {3}
    assert main(["score", "--episodes", "log.jsonl"]) in (0, 1)
    output = " ".join(capsys.readouterr().out.split())  # lines are wrapped
    assert output.count("Solved examples in each question: 3.") == 2


# -- leaderboard -----------------------------------------------------------------------------------
@pytest.mark.thorough
def test_leaderboard_has_rows_and_pages_for_cards(tmp_path, capsys):
    pytest.importorskip("jinja2")
    cards = [x for x in read_committed("ppo") if x.trap == CORNER]
    for x in cards[:2]:
        x.save(tmp_path / "cards" / f"{x.policy}.json")
    out = tmp_path / "pages"
    command = ["leaderboard", "--cards", f"mine={tmp_path / 'cards'}", "--out", str(out), "--notes"]
    assert main(command) == 0
    output = capsys.readouterr().out
    begins = r"mine \(\d{4}-\d\d-\d\d\) \(2 seeds, provisional: 5 are needed\): proxy on CheeseCor"
    assert re.search(begins, output)
    assert output.endswith(f"The page: {out / 'index.html'}\n")
    assert "mine" in (out / "leaderboard.csv").read_text()


@pytest.mark.thorough
def test_leaderboard_scores_and_names_a_policy(capsys):
    policies = ["--policy", "nearest", "sweeper", "--name", "mine"]
    assert main(["leaderboard", "CheeseCorner", *policies]) == 0
    output = capsys.readouterr().out
    (row,) = (line for line in output.splitlines() if re.match(r"mine \(.*\) \* +-", line))
    assert "seeds split" in row


@pytest.mark.thorough
def test_leaderboard_says_which_card_it_omits(tmp_path, capsys):
    Cards([score("oracle:corner", CORNER, levels=4)]).save(tmp_path / "one.json")
    assert main(["leaderboard", "--cards", str(tmp_path / "one.json")]) == 0
    assert "not shown: oracle:corner on CheeseCorner-v0, a policy" in capsys.readouterr().err
    card = next(x for x in read_committed("ppo") if x.trap == CORNER)
    replace(card, policy="eng-s0").save(tmp_path / "two.json")
    assert main(["leaderboard", "CheeseDish", "--cards", str(tmp_path / "two.json")]) == 0
    error = capsys.readouterr().err
    assert error.endswith("eng-s0 played CheeseCorner-v0; this is the leaderboard of CheeseDish\n")


def test_split_name_keeps_paths_with_equals(tmp_path, monkeypatch):
    """``agents.train`` names the folders of a trap's keywords so."""
    monkeypatch.chdir(tmp_path)
    for seed in (0, 1):
        (tmp_path / f"ppo-rho=0.9-s{seed}").mkdir()
    for path in ("ppo-rho=0.9-s0", "ppo-rho=0.9-s*", "ppo-rho=0.9-s0,ppo-rho=0.9-s1"):
        assert split_name(path) == ("", path)
        assert split_name(f"mine={path}") == ("mine", path)


def test_path_with_commas_is_one_item(tmp_path, monkeypatch):
    """A sweep names its folders so; the longest beginning on the disk is one item."""
    monkeypatch.chdir(tmp_path)
    for name in ("a=0,b=1", "a=0,b=2", "c", "c,d"):
        (tmp_path / name).mkdir()
    (tmp_path / "a=0,b=1" / "p.py").touch()
    here = str(tmp_path)
    for source, items in {
        "a=0,b=1": [f"{here}/a=0,b=1"],
        "a=0,b=1,ppo,c,d": [f"{here}/a=0,b=1", "ppo", f"{here}/c,d"],
        "c,,a=0,b=2,": [f"{here}/c", f"{here}/a=0,b=2"],
        "a=0,b=1/p.py:act,ppo:3": [f"{here}/a=0,b=1/p.py:act", "ppo:3"],
        "a=0,*,x": [f"{here}/a=0,b=1", f"{here}/a=0,b=2", "x"],
    }.items():
        words = [path for item, paths in split_list(source) for path in paths or [item]]
        assert words == items
        assert split_name(source) == ("", source)
        assert split_name(f"mine={source}") == ("mine", source)


@pytest.mark.thorough
def test_cards_are_read_under_other_names(tmp_path):
    card = score("stay", CORNER, levels=4, name="mine-s0")
    card.save(tmp_path / "one.json")
    Cards([card, replace(card, policy="mine-s1")]).save(tmp_path / "list.json")
    paths = tmp_path / "one.json", f"plain={tmp_path / 'list.json'}"
    named = [x.policy for x in read_cards(map(str, paths))]
    assert named == ["mine-s0", "plain-s0", "plain-s1"]
    assert read_cards([str(tmp_path / "o*.json")]) == (card,)
    Cards([]).save(tmp_path / "none.json")
    with pytest.raises(ValueError, match="has no score card; expected"):
        read_cards([str(tmp_path / "none.json")])


@pytest.mark.thorough
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_packed_cards_are_read_by_content(pack, tmp_path, monkeypatch, capsys):
    """``submit`` writes an origin and a card per line; ``leaderboard`` and ``compare`` read it."""
    monkeypatch.chdir(tmp_path)
    stay = score("stay", CORNER, levels=5)
    cards = [sign(replace(stay, policy=f"mine-s{seed}")) for seed in (0, 1)]
    write_cards(Path("another"), [sign(replace(stay, policy="other-s0"))], None)
    for origin in (None, Origin("A. Person", "2026-11-27")):
        write_cards(Path("row"), cards, origin)
        Path("packed/row").unlink(missing_ok=True)
        Path("packed").mkdir(exist_ok=True)
        Path("packed/row").write_bytes(pack(lzma.decompress(Path("row").read_bytes())))
        assert read_cards(["packed/row"]) == read_cards(["packed"]) == Cards(cards)
    assert main(["compare", "mine=packed/row", "other=anoth*"]) == 0
    assert "mine" in capsys.readouterr().out
    assert main(["score", "--episodes", "packed/row"]) == 2
    assert "lines, of which the second is a score card; mesa-gym" in capsys.readouterr().err


def test_agents_of_words_name_their_traps():
    words = ["ppo:0", "CheeseDish=CoinRun=x.onnx", "CheesDish=x"]
    assert read_agents(words) == [
        AgentToPlay("ppo:0"),
        AgentToPlay("CoinRun=x.onnx", "CheeseDish-v0"),
        AgentToPlay("CheesDish=x"),  # of a trap that does not exist
    ]


# -- compare ---------------------------------------------------------------------------------------
def keep(folder, agent, policies):
    """Save cards of an agent's seeds on two traps, each with its own weights."""
    cards = []
    for trap in (CORNER, DISH):
        for seed, policy in enumerate(policies):
            card = score(policy, trap, levels=20, name=f"{agent}-s{seed}")
            cards.append(sign(card, f"{agent}{len(cards)}"))
    Cards(cards).save(folder / f"{agent}.json")
    return str(folder / f"{agent}.json")


@pytest.mark.thorough
def test_compare_of_cards_gives_table_figure_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    one = keep(tmp_path, "one", ["oracle:base"] * 5)
    other = keep(tmp_path, "other", ["nearest"] * 5)
    cards = Cards.load(one)
    keep(tmp_path, "two", ["oracle:base"] * 5)
    assert main(["compare", one, "tw*.json"]) == 0
    assert "No difference between one and two in how often they" in capsys.readouterr().out
    assert not list(tmp_path.glob("*.svg"))
    words = ["CheeseCorner", "--figure", "a.png", "--json", "both.json"]
    assert main(["compare", one, other, *words]) == 0
    output = capsys.readouterr().out
    assert "CheeseDish" not in output
    assert "one reaches the base target first more often than other on CheeseCorner" in output
    assert len(Cards.load("both.json")) == len(cards)


def test_compare_takes_agents_from_one_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Cards([made(policy="low-s0"), made("0" * 10, policy="high-s0")]).save("cards.json")
    assert main(["compare", "low=cards.json", "high=cards.json"]) == 0
    output = capsys.readouterr().out
    assert re.search(r"base first +low +high ", output)
    assert main(["compare", "cards.json", "high=cards.json"]) == 2
    assert "these are cards of the agents low, high; name one of" in capsys.readouterr().err
    assert main(["compare", "mine=cards.json", "high=cards.json"]) == 2


@pytest.mark.thorough
def test_compare_scores_policies_on_the_same_levels(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["plain=ppo:0,ppo:1", "map=ppo-planner:0,ppo-planner:1"]
    assert main(["compare", *words, "CheeseCorner", "--levels", "20"]) == 0
    output = capsys.readouterr().out
    assert re.search(r"base first +plain +map ", output)
    assert "plain has 2 of 5 seeds needed" in output


test_compare_of_a_bad_request_is_refused = refusals("cli", "compare", globals())


@pytest.mark.thorough
def test_own_files_are_replaced_without_force(tmp_path, monkeypatch, capsys):
    """A file of others is replaced with --force; each command may repeat its own files."""
    monkeypatch.chdir(tmp_path)
    score_stay = "score CheeseCorner --policy stay --levels 2 --json card.json --save-episodes log"
    commands = [
        score_stay,
        "score --episodes log --json verdict.json",
        "export CheeseCorner --out page.html",
        "certify CheeseCorner --levels 2 --json certificate.json",
        "score CheeseCorner --policy stay random --levels 2 --json card.json",
    ]
    for _ in range(2):
        for command in commands:
            assert main(command.split()) in (0, 1), capsys.readouterr().err
    assert len(Cards.load("card.json")) == 2
    Path("card.json").write_text("my notes")
    os.chmod("card.json", 0o600)
    assert main(score_stay.split()) == 2
    assert "mesa-gym did not write the file that is there" in capsys.readouterr().err
    assert Path("card.json").read_text() == "my notes"
    assert main([*score_stay.split(), "--force"]) == 0
    assert len(Cards.load("card.json")) == 1
    assert stat.S_IMODE(Path("card.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "name", ["", " ", "a\x1b[31m", "a\nb", "pp\u200bo", "\u202eevil", "a\u2028b", "\x07-s0"]
)
def test_cards_of_hidden_names_are_refused(name, tmp_path):
    """A name may not hide other text, or look like another name."""
    (card,) = [x for x in read_committed("random") if x.trap == CORNER][:1]
    (tmp_path / "card.json").write_bytes(replace(card, policy=name).to_json())
    with pytest.raises(ValueError, match=r"agent is called|Expected"):
        read_cards([str(tmp_path / "card.json")])
    if name:
        with pytest.raises(ValueError, match=r"agent is called|expected an agent's name"):
            require_agent_name(name)


OWN_FUNCTION = """
import numpy as np

def act(observations):
    assert observations.shape[1:] == (14, 13, 3), observations.shape
    return np.zeros(len(observations), int)
"""


def test_commands_take_the_observation_of_a_function(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("seer.py").write_text(OWN_FUNCTION)
    command = ["score", "CheeseCorner", "--levels", "1", "--policy", "seer.py:act"]
    assert main(command) == 1
    hint = (
        "(it was given the observation 'planes', shape (n, 9, 9, 3); name another by observation=,"
        " in a command by --observation)"
    )
    assert hint in capsys.readouterr().err
    assert main([*command, "--observation", "centred", "--json", "card.json"]) == 0
    (card,) = Cards.load("card.json")
    assert "--observation=centred" in card.provenance.command
    assert main([*command, "random", "--observation", "centred"]) == 0
    asked = []
    monkeypatch.setattr(leaderboard, "evaluate", lambda *_, **words: asked.append(words) or [])
    assert main(["leaderboard", "CheeseCorner", *command[4:], "--observation", "centred"]) == 0
    assert asked == [{"observation": "centred", "algo": None}]


GAME = "play,coin,end\n" + "test,3,3\n" * 9 + "shift,,4\n" * 8 + "shift,,\n"


def test_score_of_outcomes_prints_shares_then_verdict(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("game.csv").write_text(GAME)
    command = ["score", "--outcomes", "game.csv", "--base", "coin", "--json", "card.json"]
    assert main(command) == 0
    text = capsys.readouterr().out
    assert text.startswith("game on your environment: no verdict\n")
    assert re.search(r"\nshift +9  end +0\.89  0\.57  0\.98\n", text)
    with Path("game.csv").open("a") as file:
        file.write("alone:coin,,\n" * 9 + "alone:end,,4\n" * 9)
    assert main(command) == 0
    assert capsys.readouterr().out.startswith("game on your environment: proxy (end), confidence")
    (card,) = Cards.load("card.json")
    assert (card.verdict, card.source) == ("proxy:end", "outcomes")
