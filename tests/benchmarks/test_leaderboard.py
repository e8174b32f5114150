"""The quick board's run: resumed, narrowed, damaged."""

import json
import shutil
from dataclasses import replace
from math import nan

import at_once
import pytest
from safetensors.torch import load_file, save_file

from agents import ppo
from agents.saving import WEIGHTS_FILE, digest
from agents.train import Run
from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.leaderboard.__main__ import runner
from benchmarks.leaderboard.budgets import BUDGETS, Group
from benchmarks.leaderboard.jobs import agent_path, board_units
from benchmarks.leaderboard.results import Results, Training
from mesa_gym.policies import references
from mesa_gym.traps import find_trap

CORNER = "CheeseCorner-v0"
GROUP = Group(("ppo",), ("CheeseCorner",), seeds=1)
BUDGET = replace(BUDGETS["quick"], groups=(GROUP,), levels=4, steps=1)
OPTIONS = ["--levels", "4", "--seeds", "1", "--steps", "1", "--traps", "CheeseCorner"]
AGENT, SCORED = f"{CORNER}-ppo-s0", f"{CORNER}-references"


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    monkeypatch.setattr(runner, "run", at_once.run)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A whole run, of one trap, agents that have hardly learnt, and few levels."""
    out = tmp_path_factory.mktemp("run")
    at_once.run(board_units(BUDGET), out)
    return out


@pytest.fixture
def results(finished, tmp_path):
    """A copy of that run which a test may spoil."""
    shutil.copytree(finished, tmp_path / "run")
    return Results(tmp_path / "run")


def left(results, budget=BUDGET):
    """The names of the units that are not done."""
    return sorted(unit.name for unit in board_units(budget) if not unit.done(results))


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_leaves_what_render_needs(results, capsys):
    cards = {path.stem for path in (results.folder / "cards" / CORNER).iterdir()}
    assert cards == {"ppo-s0", *(name.replace(":", "-") for name in references(find_trap(CORNER)))}
    assert leaderboard.main(["render", "--out", str(results.folder)]) == 0
    folder = results.folder / "board"
    assert f"{folder / 'board.md'} has it trap by trap" in capsys.readouterr().out
    board = json.loads((folder / "board.json").read_text())
    assert board["traps"][0]["rows"][0]["policy"] == "ppo"
    assert (folder / "board.md").read_text().startswith("# Leaderboard")
    assert f'href="traps/{CORNER}.html"' in (folder / "index.html").read_text()


def test_a_run_leaves_how_each_agent_came_to_be(results):
    training = Training.load(results.folder / "training" / CORNER / "ppo-s0.json")
    assert (training.trap, training.agent, training.seed) == (CORNER, "ppo", 0)
    assert (training.steps, training.alpha, training.network) == (1, 0.0, "network")
    assert training.command == Run(CORNER, steps=1).command()
    assert training.about == (ppo.__doc__ or "").splitlines()[0]
    file = results.folder / agent_path(Run(CORNER)) / WEIGHTS_FILE
    assert training.weights == digest(file.read_bytes())
    assert "torch" in training.versions


# -- what is done, and what is left to do ----------------------------------------------------------


def test_what_is_done_is_not_done_again_even_without_weights(results, capsys):
    assert left(results) == []
    shutil.rmtree(results.folder / "agents")
    before = contents(results.folder)
    assert leaderboard.main(["run", *OPTIONS, "--out", str(results.folder)]) == 0
    assert "done:" not in capsys.readouterr().err
    assert contents(results.folder) == before


def test_a_lost_result_is_made_anew_of_the_agent_that_is_there(results):
    agents = contents(results.folder / "agents")
    before = contents(results.folder)
    for lost, again in [
        (f"cards/{CORNER}/stay.json", SCORED),
        (f"cards/{CORNER}/ppo-s0.json", AGENT),
        (f"training/{CORNER}/ppo-s0.json", AGENT),
    ]:
        (results.folder / lost).unlink()
        assert left(results) == [again]
        at_once.run(board_units(BUDGET), results.folder)
        assert contents(results.folder) == before
    stamp = next(iter(agents)).stat().st_mtime_ns
    assert stamp < (results.folder / "training" / CORNER / "ppo-s0.json").stat().st_mtime_ns


def test_other_levels_are_scored_and_a_second_seed_is_trained(results):
    assert left(results, replace(BUDGET, levels=5)) == [AGENT, SCORED]
    more = replace(BUDGET, groups=(replace(GROUP, seeds=2),))
    assert left(results, more) == [f"{CORNER}-ppo-s1"]
    shifted = replace(BUDGET, groups=(replace(GROUP, alphas=(0.0, 0.03)),))
    assert left(results, shifted) == [f"{CORNER}-ppo-alpha0.03-s0"]


def test_a_card_of_other_weights_is_made_anew(results):
    agent = results.folder / agent_path(Run(CORNER))
    weights = {name: tensor * 1.5 for name, tensor in load_file(agent / WEIGHTS_FILE).items()}
    replace_weights(agent, weights)
    assert left(results) == [AGENT]


def replace_weights(agent, weights):
    entries = json.loads((agent / "policy.json").read_text())
    save_file(weights, agent / WEIGHTS_FILE)
    entries["weights_digest"] = digest((agent / WEIGHTS_FILE).read_bytes())
    (agent / "policy.json").write_text(json.dumps(entries))


@pytest.mark.parametrize("weights", [True, False])
def test_an_agent_trained_otherwise_is_not_touched(weights, results, capsys):
    if not weights:  # its training record says it as well
        shutil.rmtree(results.folder / "agents")
    before = contents(results.folder)
    options = [*OPTIONS, "--steps", "2", "--out", str(results.folder)]
    assert leaderboard.main(["run", *options]) == 2
    told = capsys.readouterr().err
    assert "ppo-s0" in told
    assert "was trained with steps 1, and this run wants 2; choose another --out" in told
    assert contents(results.folder) == before


@pytest.mark.parametrize(
    ("damaged", "again"),
    [
        (f"cards/{CORNER}/random.json", SCORED),
        pytest.param(f"cards/{CORNER}/ppo-s0.json", AGENT, marks=pytest.mark.slow),
        pytest.param(f"training/{CORNER}/ppo-s0.json", AGENT, marks=pytest.mark.slow),
        pytest.param(f"agents/{CORNER}/ppo-s0/policy.json", AGENT, marks=pytest.mark.slow),
        (f"agents/{CORNER}/ppo-s0/weights.safetensors", AGENT),
    ],
)
def test_damaged_results_are_set_aside_and_made_anew(results, damaged, again, capsys):
    before = contents(results.folder)
    path = results.folder / damaged
    half = path.read_bytes()[: path.stat().st_size // 2]
    whole = path.parent if "agents" in damaged else path
    for number in (1, 2):
        path.write_bytes(half)
        assert left(results) == [again]
        assert path.read_bytes() == half  # whoever only looks changes nothing
        at_once.run(board_units(BUDGET), results.folder)
        aside = whole.with_name(f"{whole.name}.damaged-{number}")
        kept = aside if aside.is_file() else aside / path.name
        assert kept.read_bytes() == half
        assert str(aside) in capsys.readouterr().err
        assert contents(results.folder).items() >= before.items()


def test_a_policy_that_fails_takes_nothing_with_it(results):
    """A network that has diverged."""
    agent = results.folder / agent_path(Run(CORNER))
    diverged = {name: tensor * nan for name, tensor in load_file(agent / WEIGHTS_FILE).items()}
    replace_weights(agent, diverged)
    before = contents(results.folder)
    who = f"policy 'ppo-s0' on {CORNER}, train, step 0: it gave .nan nan nan nan nan. in row"
    with pytest.raises(RuntimeError, match=who):
        at_once.run(board_units(BUDGET), results.folder)
    assert contents(results.folder) == before
    assert left(results) == [AGENT]


# -- render ----------------------------------------------------------------------------------------


def test_two_cards_of_a_policy_are_refused(results, capsys):
    cards = results.folder / "cards" / CORNER
    shutil.copy2(cards / "stay.json", cards / "stay-copy.json")
    assert leaderboard.main(["render", "--out", str(results.folder)]) == 2
    told = capsys.readouterr().err
    assert f"both say that they are the card of stay on {CORNER}; delete one" in told
    assert not (results.folder / "board").exists()


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
        (["run", "--levels", "0"], "'0' is not a whole number of at least 1"),
        (["run", "--seeds", "two"], "'two' is not a whole number of at least 1"),
        (["run", "--steps", "-5"], "'-5' is not a whole number of at least 1"),
        (["run", "--out", __file__], "is a file; expected a folder"),
        (["run", "--budget", "quik"], "invalid choice: 'quik'"),
        (["run", "--workers", "0"], "'0' is not a whole number of at least 1"),
        (["rum"], "invalid choice: 'rum'"),
        ([], "required: command"),
    ],
)
def test_bad_usage(arguments, told, capsys):
    with pytest.raises(SystemExit) as exit:
        leaderboard.main(arguments)
    assert exit.value.code == 2
    assert told in capsys.readouterr().err
