"""The quick board's run: resumed, narrowed, damaged; and what budgets hold."""

import argparse
import csv
import json
import shutil
from collections import Counter
from dataclasses import replace
from itertools import product
from math import nan
from pathlib import Path
from unittest.mock import Mock

import pytest
from parameters import thorough

from agents.algorithms import ALGORITHMS
from agents.library import list_single_traps
from agents.run import Run
from benchmarks.board import commands as leaderboard
from benchmarks.board.budgets import BUDGETS, AgentGrid, Budget
from benchmarks.jobs import agents as agent_jobs
from benchmarks.jobs.store import Results, digest_result, label_path
from mesa_gym.policies import references
from mesa_gym.report import read_committed
from mesa_gym.report.committed import list_committed
from mesa_gym.trained.record import WEIGHTS_FILE, AgentRecord, digest_weights
from mesa_gym.trained.tensors import decode_weights, encode_weights
from mesa_gym.traps import find_trap

SINGLE = list_single_traps()
CORNER = "CheeseCorner-v0"
GROUP = AgentGrid(("ppo",), ("CheeseCorner",), seeds=1)
OPTIONS = ["--levels", "4", "--seeds", "1", "--steps", "1", "--traps", "CheeseCorner"]
AGENT, SCORED = f"{CORNER}-ppo-s0-to-s4", f"{CORNER}-references"
FOLDER, CARDS = Path("agents", CORNER, "ppo-s0"), Path("cards", CORNER)
WEIGHTS, RECORD = FOLDER / WEIGHTS_FILE, Path("training", CORNER, "ppo-s0.json")
CARD = CARDS / "ppo-s0.json"

pytestmark = pytest.mark.usefixtures("jobs_run_here")


def run(out, *options):
    return leaderboard.main(["run", *OPTIONS, *options, "--out", str(out)])


@pytest.fixture(scope="module")
def run_once(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture
def out(run_once, tmp_path):
    """A copy of a whole run, of agents that have hardly learnt and few levels, to spoil."""
    if not (run_once / "cards").exists():
        assert run(run_once) == 0
    return shutil.copytree(run_once, tmp_path / "run")


def left(out, levels=4, **changes):
    """The names of the jobs that are not done, of `run` with these levels or other agents."""
    runs = Budget((replace(GROUP, **changes),), Path()).runs()
    found = leaderboard.list_jobs([replace(run, steps=1) for run in runs], levels)
    return sorted(job.name for job in found if Results(out).find_missing(job.files))


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def remove(path):
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def diverge(out):
    """Have weights that are not numbers, as if a job had trained and kept them."""
    file = out / WEIGHTS
    weights = decode_weights(file.read_bytes())
    file.write_bytes(encode_weights({name: each * nan for name, each in weights.items()}))
    change_json(file.with_name("policy.json"), weights_digest=digest_weights(file.read_bytes()))
    change_json(label_path(out / FOLDER), digest=digest_result(out / FOLDER))


def change_json(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_board_run_leaves_what_render_needs(out, capsys):
    cards = {path.stem for path in (out / CARDS).glob("*.json")}
    assert cards == {"ppo-s0", *(name.replace(":", "-") for name in references(find_trap(CORNER)))}
    training = AgentRecord.load(out / RECORD)
    assert (training.agent, training.kind) == ("ppo", "network")
    assert training.command == Run(CORNER, steps=1).command()
    assert training.about == ALGORITHMS["ppo"].describe()
    assert training.weights_digest == digest_weights((out / WEIGHTS).read_bytes())
    assert "jax" in training.versions
    assert leaderboard.main(["render", "--out", str(out)]) == 0
    assert str(out / "board" / "index.html") in capsys.readouterr().out
    sheet = [*csv.DictReader((out / "board" / "leaderboard.csv").read_text().splitlines())]
    assert {"ppo", "oracle", "sweeper"} < {row["agent"] for row in sheet}


def test_board_commit_packs_agents_with_commands(out, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "cards"
    folder.mkdir()
    monkeypatch.setattr("mesa_gym.report.committed.FOLDER", folder)
    assert leaderboard.main(["commit", "--out", str(out)]) == 0
    assert str(folder / "ppo.jsonl.xz") in capsys.readouterr().out
    (card,) = read_committed("ppo")
    assert card.provenance.command == Run(CORNER, steps=1).command()
    names = {each.policy for each in read_committed("references")}
    assert names == {"oracle:cheese", "either", "sweeper", "random"}
    (folder / "references.jsonl.xz").unlink()
    assert leaderboard.main(["commit", "--out", str(out), "--agents", "ppo"]) == 0
    assert list_committed() == ["ppo"]


@pytest.mark.parametrize(
    ("lost", "again"),
    [(CARDS / "stay.json", [SCORED]), (CARD, [AGENT]), (RECORD, [AGENT]), (FOLDER, [AGENT])],
)
def test_board_makes_only_lost_results_again(lost, again, out, capsys):
    before, path = contents(out), out / lost
    stamps = {path: path.stat().st_mtime_ns for path in (out / CARD, out / FOLDER)}
    remove(path)
    stamps.pop(path, None)
    assert left(out) == again
    capsys.readouterr()
    assert run(out) == 0
    assert capsys.readouterr().err.count("done:") == len(again)
    assert contents(out) == before
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


@pytest.mark.parametrize("there", [FOLDER, RECORD, CARD])
def test_results_of_other_terms_are_not_touched(there, out, capsys):
    """Each of them alone says how it was made."""
    for place in {FOLDER, RECORD, CARD} - {there}:
        remove(out / place)
    before = contents(out)
    assert run(out, "--steps", "2") == 2
    told = capsys.readouterr().err
    assert "ppo-s0" in told
    assert "was made with steps 1, and this run wants 2; choose another --out" in told
    assert contents(out) == before
    if there == CARD:
        assert run(out, "--levels", "5") == 2
        assert "with levels 4, and this run wants 5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("damaged", "again"), [(CARDS / "random.json", SCORED), thorough(WEIGHTS, AGENT)]
)
def test_board_sets_damaged_results_aside(damaged, again, out, capsys):
    before, path = contents(out), out / damaged
    half = path.read_bytes()[: path.stat().st_size // 2]
    whole = path if again == SCORED else path.parent
    for number in (1, 2):
        path.write_bytes(half)
        assert run(out) == 0
        aside = whole.with_name(f"{whole.name}.damaged-{number}")
        assert (aside if aside.is_file() else aside / path.name).read_bytes() == half
        assert str(aside) in capsys.readouterr().err
        assert contents(out).items() >= before.items()


def test_board_survives_a_failing_policy(out, capsys):
    """A network that has diverged, and one that is trained and scored beside it."""
    diverge(out)
    (out / CARD).unlink()
    before = contents(out)
    assert run(out, "--seeds", "2") == 1
    who = f"policy 'ppo-s0' on {CORNER}, train, step 0: it gave [nan nan nan nan nan] in row 0"
    assert who in capsys.readouterr().err
    own = {WEIGHTS, FOLDER / "policy.json", CARD, RECORD}
    own |= {label_path(path) for path in (FOLDER, CARD, RECORD)}
    beside = {out / str(path).replace("ppo-s0", "ppo-s1") for path in own}
    assert contents(out).keys() - before.keys() == beside
    assert contents(out).items() >= before.items()
    assert left(out) == [AGENT]


@pytest.mark.thorough
def test_board_agents_are_alike_alone_or_later(out, tmp_path, monkeypatch):
    """Trained are those that are missing, together."""
    once, train_many = tmp_path / "once", Mock(side_effect=agent_jobs.train_many)
    monkeypatch.setattr(agent_jobs, "train_many", train_many)
    assert run(out, "--seeds", "2") == run(once, "--seeds", "2") == 0
    assert [call.args[1] for call in train_many.mock_calls] == [[1], [0, 1]]
    assert {once / path.relative_to(out): x for path, x in contents(out).items()} == contents(once)


def test_board_leaves_other_seeds_and_alphas(out, tmp_path):
    """A seed has one lock however many are wanted, or its own where it trains by itself."""
    assert left(out, seeds=2) == [AGENT]
    assert left(out, alphas=(0.0, 0.03)) == [f"{CORNER}-ppo-alpha0.03-s0-to-s4"]
    assert left(tmp_path, seeds=3) == [AGENT, SCORED]
    assert left(tmp_path, seeds=7) == [AGENT, f"{CORNER}-ppo-s5-to-s9", SCORED]
    alone = [f"{CORNER}-sb3-a2c-s{seed}" for seed in range(3)]
    assert left(tmp_path, algorithms=("sb3-a2c",), seeds=3) == [*alone, SCORED]


def test_board_setting_that_is_bad_fails_first(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", "much")
    assert run(tmp_path / "out") == 2
    assert "MESA_GYM_CACHE_SIZE is 'much'" in capsys.readouterr().err


# -- budgets ---------------------------------------------------------------------------------------


def test_board_scores_no_committed_references_again():
    runs = [Run(CORNER, steps=1), Run("MonsterWorld", steps=1)]
    names = {job.name for job in leaderboard.list_jobs(runs, 4, [CORNER])}
    assert SCORED not in names
    assert "MonsterWorld-v0-references" in names


def chosen(options=""):
    """Return the trainings that a command line asks for."""
    parser = argparse.ArgumentParser()
    leaderboard.ACTIONS["run"].declare(parser)
    return leaderboard.list_runs(parser.parse_args(options.split()))


def test_board_without_options_is_the_quick_one():
    assert chosen() == chosen("--budget quick") == BUDGETS["quick"].runs()
    traps = {"CheeseCorner-v0": 100_000, "CheeseDish-v0": 200_000, "OversightLamp-v0": 200_000}
    agents = [(trap, f"ppo-s{seed}", traps[trap]) for trap in traps for seed in range(3)]
    assert [(run.trap, run.name, run.steps) for run in chosen()] == agents


def test_board_has_three_seeds_of_a_trap():
    counted = Counter(run.algo for run in BUDGETS["leaderboard"].runs())
    assert len(counted) == 10
    every, judged = len(SINGLE), sum(not trap.by_returns() for trap in SINGLE)
    assert (counted["ppo"], counted["sb3-ppo"]) == (every * 5, every * 3)
    assert {*counted.values()} == {every * 5, every * 3, judged * 5, judged * 3}


def test_board_options_choose_from_a_budget():
    assert len(chosen("--traps all --algorithms bc --alpha 0 0.03")) == len(SINGLE) * 2 * 3
    one_each = chosen("--seeds 1 --traps CheeseCorner FollowMe")
    assert [(run.name, run.steps) for run in one_each] == [("ppo-s0", 600_000), ("ppo-s0", 10**6)]
    assert [run.steps for run in chosen("--steps 7 --seeds 1")] == [7] * 3
    narrow = chosen("--budget leaderboard --traps FollowMe KeysChests --algorithms ppo")
    expected = product(("FollowMe-v0", "KeysChests-v0"), range(5))
    assert {(run.trap, run.seed) for run in narrow} == {*expected}
