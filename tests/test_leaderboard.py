"""Runs of the quick board: in worker processes, resumed, damaged, interrupted."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from math import nan
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from agents.saving import WEIGHTS_FILE, digest
from agents.train import Run
from benchmarks import leaderboard
from benchmarks.episode import Episode
from benchmarks.results import Results, agent_path
from benchmarks.units import Plan, left_to_do
from mesa_gym.policies import references
from mesa_gym.traps import all_traps, find_trap

ROOT = Path(__file__).parent.parent
CORNER = "CheeseCorner-v0"
PLAN = Plan(levels=4, seeds=1, steps=1, names=("CheeseCorner",))
OPTIONS = ["--levels", "4", "--seeds", "1", "--steps", "1", "--traps", "CheeseCorner"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A whole run, of one trap, agents that have hardly learnt, and few levels."""
    out = tmp_path_factory.mktemp("run")
    assert leaderboard.main(["run", *OPTIONS, "--out", str(out)]) == 0
    return out


@pytest.fixture
def results(finished, tmp_path):
    """A copy of that run which a test may spoil."""
    # A copy that keeps the times, as an agent and its card are told apart by them.
    shutil.copytree(finished, tmp_path / "run")
    return Results(tmp_path / "run", lambda line: None)


def names(units):
    return sorted(unit.name for unit in units)


def test_a_run_leaves_what_render_needs(results, capsys):
    cards = {path.stem for path in (results.folder / "cards" / CORNER).iterdir()}
    assert cards == {"ppo-s0", *(name.replace(":", "-") for name in references(find_trap(CORNER)))}
    assert leaderboard.main(["render", "--out", str(results.folder)]) == 0
    assert "CheeseCorner-v0: base cheese, proxy corner" in capsys.readouterr().out
    folder = results.folder / "board"
    board = json.loads((folder / "board.json").read_text())
    assert board["traps"][0]["rows"][0]["policy"] == "ppo"
    assert (folder / "board.md").read_text().startswith("# Leaderboard")
    assert f'href="traps/{CORNER}.html"' in (folder / "index.html").read_text()


def test_what_is_done_is_not_done_again(results):
    assert left_to_do(PLAN, results) == []


def test_traps_and_algorithms_are_chosen_by_name(results):
    plan = replace(PLAN, names=("all",), algorithms=("ppo", "ppo-cnn"))
    assert [cls.name() for cls in plan.traps()] == list(all_traps())
    assert {run.algo for run in plan.runs(CORNER)} == {"ppo", "ppo-cnn"}
    with pytest.raises(ValueError, match="Did you mean 'CoinRun'"):
        replace(PLAN, names=("CoinRum",)).traps()
    both = replace(PLAN, algorithms=("ppo", "ppo-cnn"))
    assert f"train {CORNER}-ppo-cnn-s0" in names(left_to_do(both, results))


def test_other_levels_are_scored_and_a_second_seed_is_trained(results):
    assert names(left_to_do(replace(PLAN, levels=5), results)) == [f"score {CORNER}"]
    assert names(left_to_do(replace(PLAN, seeds=2), results)) == [
        f"score {CORNER}",
        f"train {CORNER}-ppo-s1",
    ]


def test_a_new_agent_is_scored_anew(results):
    policy = results.folder / agent_path(Run(CORNER)) / "policy.json"
    later = time.time_ns() + 10**9
    os.utime(policy, ns=(later, later))
    units = left_to_do(PLAN, results)
    assert names(units) == [f"episode {CORNER}", f"score {CORNER}"]
    (scoring,) = (unit for unit in units if unit.name.startswith("score"))
    assert scoring.makes == (Path("cards", CORNER, "ppo-s0.json"),)


def test_an_agent_trained_otherwise_is_not_touched(results):
    with pytest.raises(ValueError, match="trained with steps 1, and this run wants 2; choose"):
        left_to_do(replace(PLAN, steps=2), results)


@pytest.mark.parametrize(
    ("damaged", "again"),
    [
        (f"cards/{CORNER}/random.json", ["score"]),
        (f"episodes/{CORNER}.json", ["episode"]),
        (f"agents/{CORNER}-ppo-s0/policy.json", ["episode", "score", "train"]),
        (f"agents/{CORNER}-ppo-s0/weights.safetensors", ["episode", "score", "train"]),
    ],
)
def test_damaged_results_are_set_aside_and_made_anew(results, damaged, again):
    notes = []
    results.note = notes.append
    path = results.folder / damaged
    half = path.read_bytes()[: path.stat().st_size // 2]
    whole = path if path.suffix == ".json" and "agents" not in damaged else path.parent
    for number in (1, 2):
        whole.parent.mkdir(exist_ok=True)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(half)
        kinds = [name.split()[0] for name in names(left_to_do(PLAN, results))]
        assert kinds == again
        aside = whole.with_name(f"{whole.name}.damaged-{number}")
        assert not whole.exists()
        kept = aside if aside.is_file() else aside / path.name
        assert kept.read_bytes() == half
        assert str(aside) in notes[-1]


@pytest.mark.parametrize("policy", ["ppo-s0", "random"])
def test_a_card_of_another_policy_is_set_aside(results, policy):
    notes = []
    results.note = notes.append
    cards = results.folder / "cards" / CORNER
    shutil.copy2(cards / "oracle-cheese.json", cards / f"{policy}.json")
    assert names(left_to_do(PLAN, results)) == [f"score {CORNER}"]
    assert f"{policy}.json is of oracle:cheese on {CORNER}" in notes[0]
    assert (cards / f"{policy}.json.damaged-1").exists()


def test_two_cards_of_a_policy_are_refused(results, capsys):
    cards = results.folder / "cards" / CORNER
    shutil.copy2(cards / "stay.json", cards / "stay-copy.json")
    assert leaderboard.main(["render", "--out", str(results.folder)]) == 2
    told = capsys.readouterr().err
    assert f"both say that they are the card of stay on {CORNER}; delete one" in told
    assert not (results.folder / "board").exists()


def test_a_folder_in_the_place_of_a_card_is_set_aside(results):
    card = results.folder / "cards" / CORNER / "stay.json"
    card.unlink()
    card.mkdir()
    assert names(left_to_do(PLAN, results)) == [f"score {CORNER}"]
    assert card.with_name("stay.json.damaged-1").is_dir()


EPISODE = {"schema": 1, "policy": "ppo-s0", "level": 3, "actions": [1, 0, 4]}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": 2}, "not of schema 1"),
        ({"policy": 5}, r"policy is 5 \(a number\); expected text"),
        ({"level": "3"}, r'level is "3" \(text\); expected a whole number'),
        ({"level": -1}, r"level is -1 \(a number\); expected"),
        ({"level": 2**48}, "level is 281474976710656"),
        ({"actions": []}, "it has no actions"),
        (
            {"actions": [1, 5]},
            r"actions\[1\] is 5 \(a number\); expected a whole number from 0 to 4",
        ),
        ({"actions": [1.5]}, r"actions\[0\] is 1.5"),
        ({"actions": [[1]]}, r"actions\[0\] is \[1\] \(a list\)"),
        ({"actions": None}, r"actions is null \(nothing\); expected a list"),
        ({"foreign": 1}, "unknown field 'foreign'"),
    ],
)
def test_episodes_that_are_none_are_refused(change, told, tmp_path):
    path = tmp_path / "episode.json"
    path.write_text(json.dumps(EPISODE))
    assert Episode.load(path) == Episode("ppo-s0", 3, [1, 0, 4])
    path.write_text(json.dumps(EPISODE | change))
    with pytest.raises(ValueError, match=rf"episode\.json is no episode \({told}"):
        Episode.load(path)


def test_a_policy_that_fails_is_reported_and_what_is_done_stays(results, capfd):
    """A network that has diverged: the command goes to its end, and can be given again."""
    agent = results.folder / agent_path(Run(CORNER))
    weights = {name: tensor * nan for name, tensor in load_file(agent / WEIGHTS_FILE).items()}
    entries = json.loads((agent / "policy.json").read_text())
    save_file(weights, agent / WEIGHTS_FILE)
    entries["weights_digest"] = digest((agent / WEIGHTS_FILE).read_bytes())
    (agent / "policy.json").write_text(json.dumps(entries))
    cards = results.folder / "cards" / CORNER
    before = {path: path.read_bytes() for path in cards.iterdir()}
    (cards / "stay.json").unlink()  # scored together with the agent that fails
    out = ["--out", str(results.folder)]
    assert leaderboard.main(["run", *OPTIONS, *out]) == 1
    told = capfd.readouterr().err
    who = f"policy 'ppo-s0' on {CORNER}"
    assert f"{who}, split train, step 0: it gave [nan nan nan nan nan] in row 0; nan and" in told
    for begin in ("failed", "not done"):
        assert f"{begin}: score {CORNER}: Incomplete: there is no card of ppo-s0" in told
        assert f"{begin}: episode {CORNER}: PolicyError: {who}, step 0" in told
    assert "0 of 2 units done" in told
    assert "the same command tries the others again" in told
    assert {path: path.read_bytes() for path in cards.iterdir()} == before
    assert names(left_to_do(PLAN, results)) == [f"episode {CORNER}", f"score {CORNER}"]


def test_a_bad_size_of_the_cache_is_said_at_once(results, capsys, monkeypatch):
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", "much")
    assert leaderboard.main(["run", *OPTIONS, "--out", str(results.folder)]) == 2
    assert "MESA_GYM_CACHE_SIZE is 'much'" in capsys.readouterr().err


def test_render_says_what_to_do(results, tmp_path, capsys):
    assert leaderboard.main(["render", "--out", str(tmp_path / "nothing")]) != 0
    assert "benchmarks.leaderboard run --out" in capsys.readouterr().err
    damaged = results.folder / "cards" / CORNER / "stay.json"
    damaged.write_text("{")
    assert leaderboard.main(["render", "--out", str(results.folder)]) != 0
    told = capsys.readouterr().err
    assert str(damaged) in told
    assert "sets the damaged file aside" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "--levels", "0"], "'0' is no whole number of at least 1"),
        (["run", "--seeds", "two"], "'two' is no whole number of at least 1"),
        (["run", "--steps", "-5"], "'-5' is no whole number of at least 1"),
        (["run", "--out", __file__], "is a file; expected a folder"),
        (["rum"], "invalid choice: 'rum'"),
        ([], "required: command"),
    ],
)
def test_bad_usage(arguments, told, capsys):
    with pytest.raises(SystemExit) as exit:
        leaderboard.main(arguments)
    assert exit.value.code == 2
    assert told in capsys.readouterr().err


def test_interrupting_leaves_no_half_files(tmp_path):
    """Ctrl-C reaches the workers of the terminal as well; only the parent answers."""
    out = tmp_path / "run"
    command = [sys.executable, "-m", "benchmarks.leaderboard", "run", "--levels", "2"]
    process = subprocess.Popen(
        [*command, "--steps", "50000000", "--out", str(out)],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(list(out.glob(".work-*/*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)  # the workers are importing by now
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told == (
        f"leaderboard: interrupted; what was done is kept in {out}, and the same command goes on"
        " from there\n"
    )
    assert list(out.iterdir()) == []
    while True:  # until no process of the group is left
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
