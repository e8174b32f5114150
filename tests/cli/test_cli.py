"""mesa-gym as a user types it; names of policies and agents; bad usage names its remedy."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mesa_gym import cli, report, score
from mesa_gym.cli import (
    COMMANDS,
    GROUPS,
    OWN_TRAPS,
    TO_COMPARE,
    TO_LEARN,
    TO_SCORE,
    TO_TRAIN,
    main,
    serve,
)
from mesa_gym.command import Parser
from mesa_gym.language.door import IDLE_SECONDS, list_origins
from mesa_gym.logs import read_log
from mesa_gym.policies.names import list_trained
from mesa_gym.report.committed import list_board_rows
from mesa_gym.scoring import Cards
from mesa_gym.scoring.plays import has_twins
from mesa_gym.solver import PlacementGraph, level_values
from mesa_gym.traps import Split, all_traps, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from tests.support.playgrounds import read_data, read_shares, unpack
from tests.support.playing import HEADLESS, save_plays
from tests.support.refusals import refusals

ROOT = Path(__file__).parents[2]


def printed(capsys, command, code=0):
    """Return a command's standard output and standard error."""
    assert main(command.split()) == code
    out, err = capsys.readouterr()
    return out, err


def test_command_of_another_package_runs(monkeypatch, capsys):
    """One whose package is not here is not listed, and says so when it is asked for."""
    points = [
        EntryPoint("echo", "tests.cli.test_cli:echo", ""),
        EntryPoint("gone", "not_here:f", ""),
    ]
    monkeypatch.setattr("mesa_gym.other_packages.entry_points", lambda group: points)
    assert printed(capsys, "echo --loud a", 7) == ("['--loud', 'a']\n", "")
    stderr = printed(capsys, "gone", 2)[1]
    assert "gone is a command of the package not_here, which is not installed" in stderr
    out = printed(capsys, "")[0]
    assert (
        "echo mesa-gym as a user types it; names of policies and agents; bad usage names"
        in " ".join(out.split())
    )
    assert "gone" not in out


def echo(words):
    """Print the words that a command was given."""
    print(words)
    return 7


def test_list_names_every_trap(capsys):
    facts = json.loads(printed(capsys, "list --json")[0])
    assert [fact["name"] for fact in facts] == list(all_traps())
    assert set(facts[0]) == {"name", "id", "type", "source", "base", "proxies", "solvable"}
    out, _ = printed(capsys, "list")
    assert all(fact["id"] in out for fact in facts)


@pytest.mark.parametrize("name", ["CheeseCorner", "MonsterWorld"])
def test_certify_writes_json_and_rejects_shared_levels(name, capsys, tmp_path, monkeypatch):
    """On a trap without solver only the overlap of splits is certified."""
    file = tmp_path / "certificate.json"
    out, err = printed(capsys, f"certify {name} --levels 20 --json {file}")
    (certificate,) = json.loads(file.read_text())
    assert certificate["holds"]
    assert [x["split"] for x in certificate["overlap"]] == ["test", "control", "shift"]
    for split in ("test", "control", "shift"):
        assert f"{name}-v0 {split}: 0.0% of 20 levels are among 600 levels of train" in out
    reason = " on fewer than 100" if name == "CheeseCorner" else ", since it takes a trap that"
    assert f"{name}-v0 least sight: not searched{reason}" in out
    assert certificate["least_sight"] is None
    if name == "CheeseCorner":
        assert err == "certify CheeseCorner-v0: 0 of 80 levels\n"
        assert "\nlosses, in units of an objective's optimum minus its floor" in out
        assert "CheeseCorner-v0  yes" in out
        assert re.search(r"^CheeseCorner-v0 80 levels in .* s, .* ms a level$", out, re.MULTILINE)
        columns = out.splitlines()[0]
        assert all(line.split(":")[0].split(",")[0] in columns for line in out.splitlines()[4:10])
    # Training is compared with itself.
    monkeypatch.setattr("mesa_gym.solver.overlap.HELD_OUT", (Split.TRAIN,))
    _, err = printed(capsys, f"certify {name} --levels 5", code=1)
    assert f"{name}-v0 FAILS: train: 100.0% of 5 levels are among 150 levels of train" in err


@pytest.mark.thorough
def test_score_writes_card_and_episodes(capsys, tmp_path):
    card, kept = tmp_path / "a.json", tmp_path / "a.jsonl"
    command = "score CheeseCorner --policy tests.validity.scripted:noisy_oracle --levels 30"
    out, _ = printed(capsys, f"{command} --json {card} --save-episodes {kept}")
    (loaded,) = Cards.load(card)
    assert out == f"{loaded}\n"
    assert loaded.verdict == "base"
    repeated = command.replace("policy ", "policy=").replace("levels ", "levels=")
    assert loaded.provenance.command == f"mesa-gym {repeated} --seed=0"
    assert "It pursues the base objective cheese: where the goals conflict" in out
    assert re.search(r"\n +agent +sweeper +blind +open_loop +reflex\n", out)
    assert re.search(
        r"\nsplit +measure +of +policy +sweeper +random +blind +open_loop +reflex\n", loaded.full()
    )
    plays = [e.play for e in read_log(kept)[0]]
    assert plays.count("shift") == plays.count("again") == 30


def test_help_lists_commands_in_groups(capsys):
    out = printed(capsys, "--help")[0]
    assert printed(capsys, "") == printed(capsys, "-h") == (out, "")
    groups = re.findall(r"^([a-z ]+):\n((?:  .*\n)+)", out, re.MULTILINE)
    named = {x: re.findall(r"^  ([\w-]+)", lines, re.MULTILINE) for x, lines in groups}
    assert [*named] == [TO_LEARN, TO_TRAIN, TO_SCORE, TO_COMPARE, OWN_TRAPS]
    assert named[TO_TRAIN] == ["train", "sweep"]
    assert named[OWN_TRAPS] == ["new-trap", "certify", "try", "predict"]
    assert {x for names in named.values() for x in names} == {*COMMANDS, *GROUPS}
    assert all(
        re.fullmatch(r"  [\w-]+ +[A-Z].*[.?]", x) for _, of in groups for x in of.split("\n")[:-1]
    )
    for command in COMMANDS.values():
        assert command.load().run.__doc__.partition("\n")[0] == command.about


# Runs commands in a folder that has a package `agents` of the user's; prints what it imports.
BESIDE_OWN_AGENTS = """
import contextlib, io, sys
sys.path.insert(0, ".")
try:
    import agents.mine
    own = agents.mine.__file__
finally:
    for name in [x for x in sys.modules if x.partition(".")[0] == "agents"]:
        del sys.modules[name]
from mesa_gym.cli import main
text = io.StringIO()
with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
    main(["--help"])
    main(["train", "--help"])
import agents.ppo
print(text.getvalue(), own, agents.ppo.__file__, sep="\\n")
"""


@pytest.mark.thorough
@pytest.mark.parametrize("is_package", [True, False])
def test_commands_and_own_folder_agents_both_work(is_package, tmp_path):
    folder = tmp_path / "agents"
    folder.mkdir()
    for name in ("mine", "train", "ppo", *["__init__"] * is_package):
        (folder / f"{name}.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-c", BESIDE_OWN_AGENTS],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    *_, own, ours = done.stdout.splitlines()
    assert Path(own).resolve() == folder / "mine.py"
    assert ours == str(ROOT / "agents" / "ppo.py")
    assert "train        Train agents, by PPO" in done.stdout
    assert "usage: mesa-gym train [-h]" in done.stdout


def test_command_without_checkout_names_other_package(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("mesa_gym.__file__", str(tmp_path / "site" / "mesa_gym" / "__init__.py"))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    points = [EntryPoint("train", "agents.train:main", "")]
    monkeypatch.setattr("mesa_gym.other_packages.entry_points", lambda group: points)
    monkeypatch.chdir(tmp_path)
    for module in [x for x in sys.modules if x.partition(".")[0] == "agents"]:
        monkeypatch.delitem(sys.modules, module)
    missing = "train is a command of the package agents, which is not installed"
    assert f"{missing}; run it in a checkout" in printed(capsys, "train", 2)[1]
    (tmp_path / "agents").mkdir()
    other = f"{missing} ({tmp_path / 'agents'} is another package); run it in a checkout"
    assert other in printed(capsys, "train", 2)[1]
    assert "train:" not in printed(capsys, "--help")[0]
    (tmp_path / "mesa_gym").mkdir()
    monkeypatch.setitem(sys.modules, "agents", SimpleNamespace(__path__=["/x/agents"]))
    hidden = "and Python has imported /x/agents, which hides it; rename that folder"
    assert hidden in printed(capsys, "train", 2)[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_command_loses_no_value_of_options(name, capsys):
    """An option for one value is refused if it is given twice; others take the values of both."""
    parser = Parser(prog=name)
    COMMANDS[name].load().add_arguments(parser)
    for action in parser._actions:
        action.required = False
    for action in parser._actions:
        if action.nargs == 0:  # a flag
            continue
        for option in action.option_strings:
            words = [option, "1", option, "2"]
            if action.nargs is not None:
                assert [*map(str, getattr(parser.parse_args(words), action.dest))] == ["1", "2"]
                continue
            with pytest.raises(SystemExit) as stop:
                main([name, *words])
            assert stop.value.code == 2
            told = rf"{option}: takes one value and got two, (/.*/)?1.* and (/.*/)?2.*; leave one"
            assert re.search(told, capsys.readouterr().err)


@pytest.mark.thorough
@pytest.mark.usefixtures("registry")
def test_new_trap_writes_a_scorable_trap(run):
    assert run("new-trap RipeBerries")[0] == 0
    sys.path.insert(0, "")
    # tests/conformance/test_traps.py runs every check on the same code.
    assert score("oracle:shady", find_trap("ripe_berries:RipeBerries")(), levels=10).competent
    text = Path("ripe_berries.py").read_text()
    assert run("new-trap RipeBerries")[0] != 0  # the class is registered by now
    assert Path("ripe_berries.py").read_text() == text


@pytest.mark.usefixtures("registry")
def test_error_in_own_trap_names_its_line(run):
    assert run("new-trap RipeBerries")[0] == 0
    path = Path("ripe_berries.py")
    lines = path.read_text().splitlines()
    (at,) = (i for i, line in enumerate(lines) if line.strip().startswith("def ends("))
    lines.insert(at + 2, '        move.into("plum")')
    path.write_text("\n".join(lines))
    code, error = run("certify ripe_berries.py:RipeBerries --levels 5")
    (message,) = (line for line in error.splitlines() if line.startswith("mesa-gym: "))
    assert code == 2
    assert "RipeBerries-v0: KeyError: unknown name 'plum'" in message
    assert f'ripe_berries.py:{at + 3}, in ends: move.into("plum"))' in message
    assert "Traceback" not in error


def test_certify_updates_named_traps_in_a_file(run, tmp_path):
    path = tmp_path / "all.json"
    for traps, levels in ((("CoinRun", "CheeseCorner"), 5), (("CoinRun",), 4)):
        named = " ".join(traps)
        before = path.read_text() if path.exists() else ""
        assert run(f"certify {named} --levels {levels} --json {path}")[0] == 0
    kept = before[before.index('  "trap": "CheeseCorner-v0"') : -len("\n]\n")]
    assert kept.partition("\n },\n")[0] in path.read_text()
    counts = {x["trap"]: x["levels"] for x in json.loads(path.read_text())}
    assert counts == {"CheeseCorner-v0": 5, "CoinRun-v0": 4}
    path.write_text("{}")
    code, stderr = run(f"certify CoinRun --levels 4 --json {path}")
    assert (code, "all.json" in stderr, path.read_text()) == (2, True, "{}")


@pytest.mark.parametrize(
    ("option", "variable", "token"),
    [
        ("", None, None),
        ("", "sesam", "sesam"),
        ("--token sesam", "other", "sesam"),
        ("--token-file token", "", "sesam"),
        ("--token ''", "sesam", ValueError),
        ("--token ' '", None, ValueError),
        ("--token-file empty", "sesam", ValueError),
        ("", "", ValueError),
        ("", "\n", ValueError),
    ],
)
def test_serve_with_an_empty_token_refuses(option, variable, token, run, tmp_path, monkeypatch):
    """As `--token "$TOKEN"` is of an unset variable: it served everybody."""
    tokens = []
    server = SimpleNamespace(
        make_server=lambda *args: tokens.append(args[3]), serve=lambda *args: None
    )
    monkeypatch.setitem(sys.modules, "mesa_gym.language.server", server)
    if variable is not None:
        monkeypatch.setenv("MESA_GYM_TOKEN", variable)
    (tmp_path / "token").write_text("sesam\n")
    (tmp_path / "empty").write_text("\n")
    code, message = run(f"serve {option}")
    if token is ValueError:
        assert (code, tokens) == (2, [])
        assert message.startswith("mesa-gym: the token is empty (is its variable unset?)")
    else:
        assert (code, tokens) == (0, [token]), message


# -- each row of the leaderboard is a name that commands and functions take ------------------------
TRAP = "CheeseCorner"
ROWS = list_board_rows()
PLAYED = {"ppo", "ppo-planner", "random", "sweeper", "oracle", "nearest"}
CARDS_ALONE = "there are score cards alone, which compare and leaderboard take; "
WEIGHTS = {
    "score": ["score", TRAP, "--levels", "2", "--policy"],
    "score several": ["score", TRAP, "--levels", "2", "--policy", "stay"],
    "watch": ["watch", TRAP, "--headless", "--record", "a.png", "--policy"],
    "watch beside": ["watch", TRAP, "--headless", "--record", "a.png", "--beside"],
    "export": ["export", TRAP, "--out", "a.html", "--policy"],
}
with_rows = pytest.mark.parametrize("row", ROWS)


@pytest.mark.thorough
def test_rows_are_those_of_the_leaderboard():
    assert {*ROWS} == {row.agent for row in report.join_committed([]).rows}


@pytest.mark.thorough
@pytest.mark.parametrize("command", WEIGHTS)
@with_rows
def test_command_plays_row_or_names_its_cards(command, row, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = main([*WEIGHTS[command], row])
    stderr = capsys.readouterr().err
    if command == "export" and row in ("sweeper", "nearest"):  # no page can play them
        assert f"the actions of {row} depend on more than" in stderr
        return
    assert code == (0 if row in PLAYED else 2), stderr
    assert (f"of {row!r} {CARDS_ALONE}" in stderr) == (row not in PLAYED)


@pytest.mark.thorough
@with_rows
def test_compare_and_leaderboard_take_each_row(row, capsys):
    other = "ppo" if row != "ppo" else "taught"
    assert main(["compare", other, row, TRAP]) == 0
    assert main(["leaderboard", TRAP, "--policy", row]) == 0
    assert f"\n{row} " in capsys.readouterr().out


@with_rows
def test_committed_cards_of_row_are_its_own(row):
    cards = report.read_committed(row)
    assert len({card.trap for card in cards}) > 10
    assert {card.policy.rpartition("-s")[0] or card.policy for card in cards} == {row}


@pytest.mark.thorough
def test_trained_name_is_agent_and_seed():
    names = list_trained(find_trap(TRAP))
    assert {"ppo:0", "ppo:4", "ppo-planner:0", "ppo-alpha0.5-corner:1"} <= {*names}
    cards = [score(name, TRAP, levels=2) for name in ("ppo", "ppo:3", "ppo-alpha0.5-corner:1")]
    assert [x.policy for x in cards] == ["ppo-s0", "ppo-s3", "ppo-alpha0.5-corner-s1"]


# -- bad usage: exit code 2, and nothing is written ------------------------------------------------
CORNER = "score CheeseCorner --policy"
EXPORT = "export CheeseDish"
RECORD = f"{HEADLESS} --record"
LOG = "watch --headless --episodes"
AGENT = {"schema": 1, "observation": "planes", "loader": "agents", "weights": "w", "name": "ppo-s0"}
LACKING = "from mesa_gym.errors import require_extra\n\ndef make(trap):\n"


@pytest.fixture(scope="module")
def agents_folder(tmp_path_factory):
    """Agents of two traps, a model, a module that lacks an extra, values, episodes, own files."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MESA_GYM_CACHE", str(folder / "cache"))
        level_values(CheeseCorner(), Split.TEST, np.arange(3))
    for name, trap in (("a", "CheeseCorner-v0"), ("b", "CoinRun-v0"), ("c", "CheeseCorner-v0")):
        (folder / name).mkdir()
        (folder / name / "policy.json").write_text(json.dumps(AGENT | {"trap": trap}))
    (folder / "lone.zip").touch()
    lacking = f"{LACKING}    with require_extra('sb3', 'torch'):\n        import no_such_torch\n"
    (folder / "lacking.py").write_text(lacking)
    (folder / "exits.py").write_text("import sys\nsys.exit(0)\n")
    for name in ("ripe_berries.py", "a.png", "a.gif", "a.jsonl"):
        (folder / name).write_text("mine")
    save_plays("stay", folder / "salted.jsonl", salt="s")
    save_plays("stay", path := folder / "good.jsonl")
    (folder / "damaged.jsonl").write_bytes(path.read_bytes().splitlines()[0][:-3] + b"abc")
    return folder


@pytest.fixture
def folder(agents_folder, tmp_path, monkeypatch):
    """Return a copy of these files, which a command may change."""
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path / "cache"))
    return shutil.copytree(agents_folder, tmp_path, dirs_exist_ok=True)


test_bad_usage_exits_2_and_writes_nothing = refusals("cli", "bad usage", globals(), "folder")


# -- export: a page in which levels live -----------------------------------------------------------
POLICIES = """
import numpy as np

def ahead(seen):
    return np.tile([0.1, 0.2, 0.3, 0.25, 0.15], (len(seen), 1))

def sure():
    ahead.memory = False
    return ahead

class Turning:
    observation = "planes"
    def reset(self, mask, rng): self.step = 0
    def act(self, seen, state=None):
        self.step += 1
        return np.full(len(seen), self.step % 4)

def unsure():
    return lambda obs: ahead(obs)
"""


@pytest.fixture
def export(run, tmp_path):
    """Run the command; return its exit code, its output and the page ("" without one)."""
    (tmp_path / "own_policies.py").write_text(POLICIES)

    def do(command):
        code, stderr = run(f"export {command}")
        page = tmp_path / "page.html"
        return code, stderr, page.read_text() if page.exists() else ""

    return do


def listed(page):
    return [(level["play"], level["number"]) for level in read_data(page)["levels"]]


@pytest.mark.thorough
def test_export_without_options_has_five_levels(export):
    code, stderr, page = export("CheeseDish")
    assert (code, stderr) == (0, "export page.html: 0 of 5 levels\n")
    data = read_data(page)
    assert data["agents"] == []
    alone = [("alone:cheese", 0), ("alone:dish", 0)]
    assert listed(page) == [("train", 0), ("shift", 0), ("twins", 0), *alone]
    # A place has no twin and stays when all else is taken away.
    levels = listed(export("CheeseCorner")[2])
    assert levels == [("train", 0), ("shift", 0), ("alone:corner", 0)]
    assert not has_twins(find_trap("CheeseCorner"))


@pytest.mark.thorough
def test_export_takes_levels_split_and_salt(export):
    page = export("CheeseDish --levels 3 1 3 --salt secret")[2]
    more = [("twins", 3), ("alone:cheese", 3), ("alone:dish", 3)]
    assert listed(page) == [("train", 3), ("shift", 3), ("shift", 1), *more]
    page = export("CheeseDish --levels 3 1 --split control --salt secret")[2]
    assert listed(page) == [("control", 3), ("control", 1)]
    trap = find_trap("CheeseDish")()
    graph = PlacementGraph(trap, trap.levels("control", [3], "secret"))
    held = unpack(read_data(page)["levels"][0])
    assert (held["cell"] == graph.rank % trap.cells).all()


def test_export_of_several_policies_shows_each(export):
    options = " ".join(f"--policy own_policies:{name}" for name in ("sure", "unsure"))
    code, _, page = export(f"CheeseDish {options} --policy random --policy oracle:base")
    data = read_data(page)
    assert code == 0
    kinds = [(agent["name"], agent["kind"], agent["tried"]) for agent in data["agents"]]
    assert kinds == [
        *(("own_policies:sure", "shares", False), ("own_policies:unsure", "shares", True)),
        *(("random", "shares", False), ("oracle:base", "oracle", False)),
    ]
    parts = unpack(data["levels"][0])
    assert "low3" not in parts
    for k, shares in enumerate(([0.1, 0.2, 0.3, 0.25, 0.15],) * 2 + ([0.2] * 5,)):
        agent = read_shares(parts, k)
        np.testing.assert_allclose(agent, np.broadcast_to(shares, agent.shape), atol=2e-7)
    assert data["agents"][3]["objective"] == 0


test_export_of_unfit_trap_offers_a_film = refusals("cli", "export", globals(), "export")


def test_policies_name_the_packages_they_need():
    """Others are not imported: each may be missing, and torch takes a second."""
    modules = [
        [part.args[0] for part in cli.list_imports(*arguments)]
        for arguments in (
            (["random", None, "ppo:0"], None),
            (["random", "x.onnx"], None),
            (["x.zip"], "ppo"),
        )
    ]
    assert modules == [[], ["mesa_gym.policies.onnx"], ["mesa_gym.sb3.env"]]


def test_server_and_command_have_one_port():
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    options = parser.parse_args([])
    assert f"http://localhost:{options.port}" in list_origins(options.host, options.port)
    assert (options.port, options.sessions, options.idle) == (8000, 64, IDLE_SECONDS)


def test_watch_refuses_shown_episode_of_another_salt(tmp_path, capsys, monkeypatch):
    """The first episode fits, and the one that is shown does not."""
    pytest.importorskip("pygame")
    monkeypatch.chdir(tmp_path)
    for salt in ("", "s"):
        save_plays("random", tmp_path / f"log{salt}.jsonl", salt)
    plain, salted = (Path(f"log{x}.jsonl").read_text().splitlines() for x in ("", "s"))
    at = next(k for k, line in enumerate(salted) if '"shift"' in line and '"level":1' in line)
    Path("mixed.jsonl").write_text("\n".join([*plain[:1], salted[at]]) + "\n")
    command = "watch --episodes mixed.jsonl --headless --record f.png --split shift --level 1"
    _, error = printed(capsys, command, code=2)
    assert "was recorded with another salt; add --salt SALT" in error
