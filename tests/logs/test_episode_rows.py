"""Tables of logs: a row for each episode, and two logs of one trap level by level."""

import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from mesa_gym.cli import main
from mesa_gym.logs import record_plays, save_episodes
from mesa_gym.logs.episode_rows import EPISODE_COLUMNS, PairedPlay, list_episode_rows, pair_logs
from mesa_gym.logs.gathering import gather_logs
from mesa_gym.scoring import Cards, score
from mesa_gym.traps import find_trap
from tests.support.playing import play_all

LEVELS = 6
DISH, MONSTERS = (find_trap(name)() for name in ("CheeseDish", "MonsterWorld"))


def make_log(policy, trap, name, levels=LEVELS):
    """Return the log of a policy on the first levels of each play."""
    (log,), _ = gather_logs(record_plays(trap, name, play_all(policy, trap, levels)))
    return log


@pytest.fixture(scope="module")
def logs():
    """Return the logs of the oracles of both goals."""
    return {x: make_log(f"oracle:{x}", DISH, x) for x in ("cheese", "dish")}


def test_rows_have_what_each_episode_did(logs):
    rows = [*list_episode_rows(logs["dish"])]
    assert all([*row][: len(EPISODE_COLUMNS)] == [*EPISODE_COLUMNS] for row in rows)
    assert Counter(row["play"] for row in rows) == dict.fromkeys(logs["dish"].plays, LEVELS)
    for play, (starts, record, _) in logs["dish"].plays.items():
        of_play = [row for row in rows if row["play"] == play]
        assert [row["level"] for row in of_play] == starts.level.number.tolist()
        assert [row["steps"] for row in of_play] == (record.actions >= 0).sum(axis=1).tolist()
        np.testing.assert_allclose([row["return_dish"] for row in of_play], record.returns["dish"])
    by_play = {
        play: {x["choice"] for x in rows if x["play"] == play} for play in logs["dish"].plays
    }
    assert by_play["shift"] == by_play["alone:dish"] == {"dish"}
    assert by_play["alone:cheese"] <= {"none", "cheese"}
    assert {row["complete"] for row in rows} == {True}


def test_pairs_are_of_common_levels(logs):
    shorter = make_log("oracle:cheese", DISH, "few", 2)
    plays = {play.play: play for play in pair_logs(shorter, logs["dish"]).plays}
    assert plays["shift"] == PairedPlay("shift", "base first", 2, (1.0, 0.0), (2, 0))
    assert plays["test"] == PairedPlay("test", "reaches base", 2, (1.0, 1.0), (0, 0))
    assert plays["test"].p == 1
    swapped = {play.play: play for play in pair_logs(logs["dish"], shorter).plays}
    assert swapped["shift"] == PairedPlay("shift", "base first", 2, (0.0, 1.0), (0, 2))
    assert "<0.001" in str(pair_logs(*logs.values())._replace(plays=(_play(0, 20),)))


def _play(*ahead):
    return PairedPlay("shift", "base first", 30, (0.0, 1.0), ahead)


@pytest.mark.parametrize("ahead", [(0, 0), (3, 9), (9, 3), (0, 6), (5, 5), (40, 61)])
def test_pair_p_is_of_the_sign_test(ahead):
    expected = binomtest(ahead[0], sum(ahead), 0.5).pvalue if sum(ahead) else 1
    assert _play(*ahead).p == pytest.approx(expected)


@pytest.mark.thorough
def test_logs_without_choices_are_paired_by_return():
    one, other = (make_log(x, MONSTERS, x, 2) for x in ("sweeper", "stay"))
    (first, *_) = pair_logs(one, other).plays
    assert first.measure == "base return"
    returns = [log.plays[first.play].record.returns[MONSTERS.base] for log in (one, other)]
    assert first.means == tuple(float(x.mean()) for x in returns)


def test_logs_that_share_nothing_are_refused(logs):
    other = replace(logs["dish"], trap=MONSTERS)
    with pytest.raises(
        ValueError, match=r"cheese played CheeseDish.* and dish MonsterWorld.*one trap"
    ):
        pair_logs(logs["cheese"], other)
    with pytest.raises(ValueError, match="share no level of a play; log levels 0, 1, 2"):
        pair_logs(logs["cheese"], replace(logs["dish"], plays={}))


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Save logs of two agents, and of both together."""
    monkeypatch.chdir(tmp_path)
    episodes = {x: [*record_plays(DISH, x, play_all(x, DISH, 3))] for x in ("stay", "sweeper")}
    for name, of_agent in episodes.items():
        save_episodes(f"{name}.jsonl", of_agent)
    save_episodes("both.jsonl", [*episodes["stay"], *episodes["sweeper"]])


@pytest.mark.thorough
def test_log_becomes_table_and_pairs_by_commands(files, capsys):
    assert main(["score", "--episodes", "stay.jsonl", "--csv", "new/rows.csv"]) == 0
    capsys.readouterr()
    assert main(["score", "--episodes", "stay.jsonl", "--csv", "-"]) == 0
    table = capsys.readouterr()
    assert table.out == Path("new/rows.csv").read_text()
    assert "stay" in table.err
    rows = [*csv.DictReader(table.out.splitlines())]
    assert (len(rows), rows[0]["policy"]) == (3 * len({row["play"] for row in rows}), "stay")
    for words in (["stay.jsonl", "sweeper.jsonl"], ["stay.jsonl", "sweeper=both.jsonl"]):
        assert main(["compare", *words]) == 0
        assert "stay ahead  sweeper ahead" in capsys.readouterr().out
    assert main(["compare", "a=stay.jsonl", "b=sweeper.jsonl", "CheeseDish", "--json", "-"]) == 0
    assert [card["policy"] for card in json.loads(capsys.readouterr().out)] == ["a", "b"]


def test_comparison_says_what_its_logs_lack(files, capsys):
    """As ``score`` does: lines that cannot be read, and episodes that were cut."""
    lines = Path("sweeper.jsonl").read_text().splitlines()
    cut = [json.loads(line) for line in lines]
    cut = [json.dumps(x | {"actions": x["actions"][:1]}) for x in cut]
    Path("cut.jsonl").write_text("\n".join([*cut, lines[0][:40], ""]))
    assert main(["compare", "stay.jsonl", "cut.jsonl"]) == 0
    said = capsys.readouterr().out
    assert "sweeper: Cut before the end, and counted as it is: 3 episodes of test" in said
    assert "cut.jsonl: 1 line left out that cannot be read" in said


def test_log_of_two_agents_is_not_compared(files, capsys):
    """Most of its levels are played twice; ``score`` gives it no verdict."""
    mixed = Path("both.jsonl").read_text().replace('"policy":"stay"', '"policy":"sweeper"')
    Path("mixed.jsonl").write_text(mixed)
    assert main(["compare", "stay.jsonl", "mixed.jsonl"]) == 2
    assert "mixed.jsonl: most levels were logged more than once" in capsys.readouterr().err


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("compare stay.jsonl stay.jsonl", "both logs are of stay; name them, such as plain=A.js"),
        ("compare stay.jsonl both.jsonl", "the log has stay on CheeseDish-v0, sweeper on Cheese"),
        ("compare stay.jsonl random CheeseDish", "are a log and no log; compare two logs, or"),
        ("compare stay.jsonl sweeper.jsonl --levels 3", "--levels does not go with logs"),
        ("score --episodes stay.jsonl --csv - --json -", "both name standard output; name a file"),
        ("score --episodes stay.jsonl --csv stay.jsonl", "mesa-gym did not write the file that"),
        ("score --episodes stay.jsonl --csv a --json a", "two options name one file, "),
        ("score CheeseDish --policy stay --csv a", "--csv goes with --episodes LOG; leave it out"),
    ],
)
def test_unfit_requests_for_logs_are_refused(words, told, files, capsys):
    assert main(words.split()) == 2
    assert told in capsys.readouterr().err


def test_json_dash_prints_the_card_alone(tmp_path, monkeypatch, capsys):
    """A policy's own output and the text of the card go to standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("talks.py").write_text("def act(obs):\n    print('hello')\n    return [4] * len(obs)\n")
    words = ["score", "CheeseDish", "--policy", "talks.py:act", "--levels", "1", "--json"]
    assert main([*words, "-"]) == 0
    printed = capsys.readouterr()
    assert "hello" in printed.err
    assert json.loads(printed.out)["policy"] == "talks.py:act"
    assert main([*words, "card.json"]) == 0
    assert printed.out == Path("card.json").read_text()
    capsys.readouterr()
    assert {path.name for path in Path().glob("*.*")} == {"talks.py", "card.json"}
    assert (
        main(["compare", "talks.py:act", "sweeper", "CheeseDish", "--levels", "5", "--json", "-"])
        == 0
    )
    assert "hello" not in capsys.readouterr().out
    assert Cards.load("card.json")[0].verdict == score("stay", "CheeseDish", levels=1).verdict
