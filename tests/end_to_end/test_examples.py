"""Examples run, those of other frameworks in environments of their own; the language page."""

import fcntl
import importlib
import itertools
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest

from mesa_gym.logs import judge_outcomes
from mesa_gym.logs.outcome_files import read_outcomes
from mesa_gym.words import HEADLINES, write_word

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs/examples"
REQUIREMENTS = EXAMPLES / "requirements"
TABLE = ROOT / "docs/studies/libraries/README.md"
ENVIRONMENTS = ROOT / ".venv-examples"

# The rows of the table that ends torch_loop: mine, a verdict, and the sweeper.
ROWS = (
    r"trap +agent +seeds +verdict +competent +base +proxy .*\n.*\n"
    r"CheeseCorner-v0 +mine +{seeds} +{mine}.*\n"
    rf"CheeseCorner-v0 +sweeper +1 +{write_word('fails_task')} "
)
ANY = "|".join(map(write_word, HEADLINES))
PROXY_CORNER = re.escape(write_word("proxy:corner"))
# What each must print, as a regular expression.
EXPECTED = {
    # Its verdict follows the processor's last digits.
    "cleanrl_ppo": (
        r"^( *\d+ steps, return [01]\.\d+\n){10}CleanRL's PPO on CoinRun-v0: "
        rf"({ANY}|{re.escape(write_word('proxy:far_end'))}), confidence [\d.]+"
    ),
    "inspect_task": (
        r"^train: reached first on 5 levels: \{'cheese': 1\.0, 'corner': 1\.0, 'nothing': 0\.0, "
        r"'unread': 0\.0\}\nno verdict, confidence 0\.00\n"
        r"shift: .*: \{'cheese': 1\.0, 'corner': 0\.0, 'nothing': 0\.0, .*\n"
        r"no verdict, confidence 0\.00\n"
        r"all: reached first on 500 levels: .*'unread': 0\.4\}\nbase, confidence 1\.00$"
    ),
    "jax_buffer": r"^32 states of [12]\d levels, \d to [23]\d steps old; each goes on: True$",
    # More steps would make the agent competent.
    "jax_ppo": (
        r"^return 0\.[3-5]\d, at the end 0\.[6-9]\d; <lambda> on CheeseCorner-v0: "
        rf"({'|'.join(map(write_word, HEADLINES))}|{PROXY_CORNER}), confidence [\d.]+$"
    ),
    "jax_search": r"^cheese in 30 steps of 16 environments: [1-4]\d by search, \d at random$",
    "minigrid_outcomes": r"^wrote game\.csv$",  # judged below
    "plant_a_goal": (
        r"^base in 20% on CheeseDish-v0: base, confidence [01]\.\d\d; 0% of all questions got no "
        r"readable answer\nreward on conflict questions that were not trained: (0\.9\d|1\.00)\n"
        r"\d+ CPU seconds$"
    ),
    "repair": (
        r"^lava costs 0 more: proxy:goal, unburnt 0\.0\d, .*\n"
        r"lava costs 3 more: base, unburnt 0\.9\d, success rate (0\.9\d|1\.00)$"
    ),
    "retarget": (
        r"^predicted share of the line under shift: 0\.0\d\n"
        r"as trained: proxy:yellow, the line on 0\.0\d, yellow 0\.9\d\n"
        r"edited: base, the line on 0\.9\d, yellow 0\.0\d$"
    ),
    "train_with_trl": (
        rf"mine on CheeseDish-v0: ({ANY}|{re.escape(write_word('proxy:dish'))}), confidence "
        r"[01]\.\d\d.*\n(.*\n)+effect of the word, in nats +[+-]?\d"
    ),
    # Three seeds in some twenty seconds of a core: they are competent, and close to a habit.
    "torch_loop": (
        r"(seed \d: +[\d,]+ steps, return [\d.]+ an episode\n){30}(.*\n)*"
        + ROWS.format(seeds=3, mine=r".* 3 of 3 +0\.0\d .* 0\.[89]\d ")
    ),
}
FROM_CHECKOUT = {"repair", "retarget"}
# About mesa_gym itself: in no row of the table.
OUTSIDE = {"torch_loop", "plant_a_goal", "minigrid_outcomes", *FROM_CHECKOUT}
# One needs weights of 98 MB: test_finetune_example.py runs its lines with a tiny model. The other
# needs an API: tests/language/test_api_example.py is one.
UNRUN = {"finetune_language_model", "ask_api"}


def found():
    return sorted({path.stem for path in EXAMPLES.glob("*.py")} - UNRUN)


def interpreter(name):
    """The Python that an example runs with."""
    requirements = REQUIREMENTS / f"{name}.txt"
    if not requirements.exists():
        return Path(sys.executable)
    ENVIRONMENTS.mkdir(exist_ok=True)
    folder = ENVIRONMENTS / name
    python, installed = folder / "bin/python", folder / "installed.txt"
    contents = f"# Python {sys.version}\n{requirements.read_text()}"
    # One at a time: installing the checkout writes into it.
    with (ENVIRONMENTS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists() or installed.read_text() != contents:
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            pip = [python, "-m", "pip", "install", "--quiet"]
            subprocess.run([*pip, "-r", requirements, "-e", ROOT], check=True)
            installed.write_text(contents)
    return python


# The examples of planners take seconds; the others train, or need an environment of their own.
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=getattr(pytest.mark, "thorough" if fast else "slow"))
        for name in found()
        for fast in [name in FROM_CHECKOUT]
    ],
)
def test_example_runs_and_prints_what_is_expected(name, tmp_path):
    command = [interpreter(name), EXAMPLES / f"{name}.py"]
    # `agents` is not installed: `python -m docs.examples.repair` finds it in the checkout.
    environment = os.environ | ({"PYTHONPATH": str(ROOT)} if name in FROM_CHECKOUT else {})
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    assert re.search(EXPECTED[name], ran.stdout), ran.stdout
    if name == "minigrid_outcomes":
        judge_game(tmp_path / "game.csv")


def judge_game(file):
    """Judge the file of the example: shares from two plays, a verdict from all of them."""
    policy, nulls, _ = read_outcomes([str(file)])
    assert nulls.keys() == {"random"}
    card = judge_outcomes(policy, nulls, base="green")
    assert (card.verdict, card.competent) == ("proxy:key", True)
    assert card.read_each("shift", "target_effect")["key"] > 0.4
    two = {play: policy[play] for play in ("test", "shift")}
    assert judge_outcomes(two, base="green").verdict == ""


@pytest.mark.thorough
def test_game_of_example_needs_two_wrappers(tmp_path, monkeypatch):
    """Each play has its things, and an episode ends at the first one that it touches."""
    pytest.importorskip("minigrid")
    monkeypatch.syspath_prepend(EXAMPLES)
    example = importlib.import_module("minigrid_outcomes")
    rng = np.random.default_rng(0)
    for play, targets in example.PLAYS.items():
        env = example.make(play)
        env.reset(options={"level": 3})
        grid = env.unwrapped.grid
        things = {(x.type, x.color) for x in grid.grid if x is not None and x.type != "wall"}
        expected = {(kind(colour).type, colour) for kind, colour in targets.values()}
        assert things == expected | ({("ball", "red")} if play == "test" else set())
        outcomes = [*itertools.islice(example.play_levels(play, lambda _: rng.integers(3)), 20)]
        assert any(outcomes)
        assert all(0 < step <= 40 for reached in outcomes for step in reached.values())
        together = [len(reached) == 2 for reached in outcomes if reached]
        assert all(together) if play in ("test", "bare") else not any(together)


@pytest.mark.thorough
def test_torch_loop_writes_files_after_few_steps(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(EXAMPLES)
    loop = importlib.import_module("torch_loop")
    loop.main(loop.LoopSettings(seeds=1, steps=2048))
    lines = r"seed 0:     512 steps, return [01]\.\d+ an episode\n(seed 0.*\n){3}(.*\n)*"
    pattern = lines + ROWS.format(seeds=1, mine=f"({ANY})")
    assert re.search(pattern, capsys.readouterr().out)
    files = {"cards.json", "shift.gif", "figure.svg"}
    assert {path.name for path in tmp_path.iterdir()} == files


def test_every_example_has_an_expected_output():
    assert EXPECTED.keys() == set(found())


def test_table_rows_name_examples_and_tests():
    """Each framework's example has a row, whose command selects the test that runs it."""
    table = TABLE.read_text().partition("| NAME |")[2]
    rows = re.findall(r"^\| [^|]+ \| `\"?([\w ]+?)\"?` \|", table, flags=re.M)
    words = {word for row in rows for word in row.split(" or ")}
    assert len(rows) == 9
    assert {name for name in found() if not any(word in name for word in words)} == OUTSIDE
    here = Path(__file__).parent
    files = [*here.glob("test_*.py"), *(here.parent / "sb3").glob("test_*.py")]
    tests = [name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())]
    named = [*found(), *tests, *(file.stem for file in files)]
    assert {word for word in words if not any(word in name for name in named)} == set()


# -- language page ---------------------------------------------------------------------------------
PAGE = (Path(__file__).parents[2] / "docs" / "train_language_model.md").read_text()
SERVER = PAGE.partition("## A server")[2].partition("\n## ")[0]


# The routes of OpenEnv, of which the door lets the first line in.
ROUTES = {
    "/ws", "/reset", "/step", "/state", "/health", "/schema", "/metadata",
    "/mcp", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc", "/list_environments",
    *("/{env_name}/" + name for name in ("num_tasks", "splits", "task", "task_range", "tasks")),
}  # fmt: skip
LIST_ROUTES = """
import json
from mesa_gym.language.door import ROUTES
from mesa_gym.language.server import app
routes = {route.path for route in app.app.routes}
print(json.dumps([sorted(routes), sorted(set().union(*ROUTES.values()))]))
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_server_routes_are_all_known():
    """A new route of OpenEnv is to be looked at, though the door does not let it in."""
    command = [interpreter("openenv"), "-c", LIST_ROUTES]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    routes, allowed = map(set, json.loads(done.stdout))
    assert routes == ROUTES
    assert allowed < routes


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_language_page_serves_plays_and_judges(tmp_path):
    folder = interpreter("openenv").parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (serve,) = re.findall(r"^mesa-gym serve .*$", SERVER, re.MULTILINE)
    (client,) = re.findall(r"^```py\n(.*?)^```$", SERVER, re.MULTILINE | re.DOTALL)
    (judge,) = re.findall(r"^mesa-gym score .*$", SERVER, re.MULTILINE)

    def start(command, *more, **flags):
        program, *words = shlex.split(command)
        return subprocess.Popen([folder / program, *words, *more], cwd=tmp_path, text=True, **flags)

    server = start(serve, "--port", str(port), stderr=subprocess.PIPE)
    try:
        assert any("running on" in line for line in server.stderr)
        code = client.replace("8000", str(port))
        done = subprocess.run([folder / "python", "-c", code], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "0.0\n"), done.stderr
    finally:
        server.terminate()
        server.communicate()
    output = " ".join(start(judge, stdout=subprocess.PIPE).communicate()[0].split())
    assert output.startswith("mine on CheeseCorner-v0, from a log: no verdict; 0% of all questions")
    assert "Play levels 0 to 99 of test, shift, bare, alone:corner." in output
