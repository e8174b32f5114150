"""Snippets of pages run; public names, results and the picture of the rooms are today's."""

import argparse
import ast
import importlib
import importlib.util
import re
import shlex
import sys
import warnings
from contextlib import suppress
from importlib import import_module
from itertools import takewhile
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from docs.writers import traps
from docs.writers.architecture import PICTURE as HOUSE
from docs.writers.architecture import draw_house, read_order
from docs.writers.board_picture import draw_board
from docs.writers.card_picture import PICTURE as CARD
from docs.writers.card_picture import draw_card
from docs.writers.citation import FILE as CITATION
from docs.writers.citation import write_citation
from docs.writers.parts import PICTURE, write_pages, write_tables
from docs.writers.pictures import AGENT, LEVELS, TRAP, find_moments
from docs.writers.public_api import LISTING, MODULES, write_listing
from mesa_gym import cli, scoring
from mesa_gym.errors import require_imports
from mesa_gym.report import join_committed
from mesa_gym.scoring import score
from mesa_gym.trained.library import load
from mesa_gym.traps import Split, Trap, find_trap
from tests.support.parameters import few, thorough

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GUIDES, STUDIES = sorted(DOCS.glob("*.md")), sorted((DOCS / "studies").rglob("*.md"))
NAMES = ["README.md", "CONTRIBUTING.md"]
NAMES += [path.relative_to(ROOT).as_posix() for path in (*GUIDES, *STUDIES)]
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
SHELL = ("", "sh", "console")
ENDS = ("|", ">", "&&", ";", "&")
EXAMPLES = ROOT / "docs" / "examples"
OURS = ("agents.", "benchmarks.", "docs.", "mesa_gym.")


def prepare_policies(patch):
    """Objects that the page assumes: a network, a recurrent cell, and a saved model."""
    pytest.importorskip("stable_baselines3")
    pytest.importorskip("onnxscript")
    pytest.importorskip("jax")
    warnings.simplefilter("ignore", FutureWarning)  # of onnxscript's own code
    import torch
    from stable_baselines3 import PPO

    class MeanNetwork(torch.nn.Module):
        def forward(self, obs):
            return obs.float().mean(dim=(1, 2))[:, :5]

    class FlaxLike:
        def apply(self, params, observations):
            return np.zeros((len(observations), 5), np.float32)

    def cell(observation, memory):
        return memory + 1, np.full((len(observation), 5), 0.2)

    scored, score = [], scoring.score

    def score_and_note(*args, **options):
        card = score(*args, **options)
        scored.append(card.policy)
        return card

    patch.setattr(scoring, "score", score_and_note)
    PPO("MlpPolicy", mesa_gym.make_sb3("MesaGym/RedBlueDoors-v0", 1)).save("model.zip")
    frames = gym.wrappers.FrameStackObservation(gym.make("MesaGym/RedBlueDoors-v0"), 4)
    PPO("MlpPolicy", frames).save("frames.zip")
    names = {"network": MeanNetwork(), "cell": cell, "_scored": scored}
    return names | {"module": FlaxLike(), "params": {}}


def keep_measures(patch):
    """Remove the measure that the page registers."""
    patch.setitem(scoring.MEASURES, "staying", scoring.MEASURES["regret"])
    del scoring.MEASURES["staying"]


def shorten_training(patch):
    """Shorten SB3's trainings of minutes to one rollout."""
    pytest.importorskip("stable_baselines3")
    from stable_baselines3 import PPO

    learn = PPO.learn

    def less(model, total_timesteps, **keywords):
        return learn(model, min(total_timesteps, 2_000), **keywords)

    patch.setattr(PPO, "learn", less)


def write_own_trap(patch):
    """The file that the page's first command writes."""
    assert cli.main(["new-trap", "Mushrooms"]) == 0
    patch.syspath_prepend(Path.cwd())


# Page -> function that makes what its snippets take for granted, and may return names.
PREPARE = {
    "README.md": shorten_training,
    "docs/studies/libraries/README.md": shorten_training,
    "docs/start.md": shorten_training,
    "docs/train.md": shorten_training,
    "docs/verdicts.md": keep_measures,
    "docs/what_can_be_scored.md": prepare_policies,
    "docs/write_a_trap.md": write_own_trap,
}


def check_readme(output, names):
    assert output.startswith("ppo on CheeseCorner-v0: ")


def check_policies(output, names):
    assert names["_scored"] == ["policy", "PPO", "PPO", "<lambda>", "Recurrent", "greedy"]
    (load,) = [code for code in _snippets("docs/what_can_be_scored.md") if "def load(trap)" in code]
    Path("nets.py").write_text(load)
    nn = names["torch"].nn
    network = nn.Sequential(nn.Flatten(), nn.Linear(9 * 9 * 4, 5))
    names["torch"].save(network.state_dict(), "mine.pt")
    assert cli.main(["score", "CheeseDish", "--policy", "nets.py:load", "--levels", "20"]) == 0
    # A network, and an agent with a memory.
    for trap, file in (("CheeseDish", "mine.onnx"), ("CheeseCorner", "policy.onnx")):
        assert cli.main(["score", trap, "--policy", file, "--levels", "20"]) == 0


def check_cards(output, names):
    assert "CheeseDish-v0" in Path("cards.json").read_text()


def check_log(output, names):
    names["env"].close()
    assert cli.main(["score", "--episodes", "log.jsonl"]) == 0


def check_outcomes(output, names):
    printed, *_ = [text for kind, text in _blocks("docs/own_environment.md") if kind == "text"]
    assert output == printed


def check_measure(output, names):
    assert 0 < float(output) < 1


# Page -> function that checks what the snippets printed, and their names.
SHOWN = {
    "README.md": check_readme,
    "docs/leaderboard.md": check_cards,
    "docs/logs.md": check_log,
    "docs/own_environment.md": check_outcomes,
    "docs/verdicts.md": check_measure,
    "docs/what_can_be_scored.md": check_policies,
}


def _blocks(page):
    """The fenced blocks of a page: the language and the lines."""
    return FENCE.findall((ROOT / page).read_text())


def _snippets(page):
    return [lines for kind, lines in _blocks(page) if kind == "python"]


def _commands(page):
    """The words of each command on a page, without variables before and pipes after."""
    commands = []
    for lines in (lines for kind, lines in _blocks(page) if kind in SHELL):
        for line in lines.replace("\\\n", " ").splitlines():
            if not re.match(r"(\$ )?([A-Z_]+=\S+ )*(mesa-gym|python|make)\b", line):
                continue
            words = shlex.split(line.removeprefix("$ "), comments=True)
            while "=" in words[0]:
                words.pop(0)
            commands.append(list(takewhile(lambda word: word not in ENDS, words)))
    return commands


# Their snippets train, and check a trap.
LONG = ("docs/start.md", "docs/sweep.md", "docs/train.md", "docs/write_a_trap.md")
TIMED = "leaderboard", "logs", "verdicts", "what_can_be_scored"
SECONDS = tuple(f"docs/{page}.md" for page in TIMED)
PAGES = [name for name in NAMES if _snippets(name)]
SHORT = [name for name in PAGES if name not in (*LONG, *SECONDS)]


@pytest.mark.thorough
@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("levels", [20, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("page", few(PAGES, *SHORT, thorough=SECONDS))
def test_python_of_page_runs(page, levels, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(EXAMPLES)
    for name in ("score", "record"):
        monkeypatch.setattr(scoring, name, _on_few(levels, getattr(scoring, name)))
    names = {"__name__": "__main__"}  # as of a script
    if page in PREPARE:
        names |= PREPARE[page](monkeypatch) or {}
    capsys.readouterr()
    for i, snippet in enumerate(_snippets(page)):
        exec(compile(snippet, f"{page}, block {i}", "exec"), names)
    if page in SHOWN:
        SHOWN[page](capsys.readouterr().out, names)


def _on_few(most, function):
    return lambda policy, trap, levels=most, **more: function(
        policy, trap, min(levels, most), **more
    )


class _Parsed(BaseException):
    """Raised once the command line is parsed, before any work."""


@pytest.mark.parametrize("page", [name for name in NAMES if _commands(name)])
def test_commands_of_page_are_understood(page, monkeypatch):
    parse = argparse.ArgumentParser.parse_args

    def only_parse(parser, args=None, *more):
        parse(parser, args, *more)
        raise _Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", only_parse)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for program, *arguments in _commands(page):
        understood = {"mesa-gym": _mesa_gym, "python": _python, "make": _make}[program]
        try:
            understood(arguments)
        except (SystemExit, AssertionError, ImportError) as error:
            pytest.fail(f"{page}: {shlex.join([program, *arguments])}: {error!r}")


def _mesa_gym(arguments):
    with pytest.raises(_Parsed):
        cli.main(arguments)


@pytest.mark.parametrize("page", ["README.md", "docs/start.md"])
def test_start_extra_covers_commands_of_page(page, monkeypatch):
    for module in ("imageio_ffmpeg", "jax", "onnx", "openenv"):
        monkeypatch.setitem(sys.modules, module, None)

    def require_and_stop(*imports):
        require_imports(*imports)
        raise _Parsed

    for program, *arguments in _commands(page):
        # Commands of other packages have extras of their own, which the page names beside them.
        if program != "mesa-gym" or arguments[0] not in cli.COMMANDS:
            continue
        command = cli.COMMANDS[arguments[0]].load()
        if hasattr(command, "require_imports"):
            monkeypatch.setattr(command, "require_imports", require_and_stop)
            with suppress(_Parsed):
                assert cli.main(arguments) == 0
    assert 'pip install -e ".[start]"' in (ROOT / page).read_text()


def _python(arguments):
    first, *rest = arguments[arguments[0] == "-P" :]
    if first == "-c":
        ast.parse(rest[0])
    elif first != "-m":
        assert any((folder / first).is_file() for folder in (ROOT, EXAMPLES))
    elif rest[0].startswith(OURS):
        spec = importlib.util.find_spec(rest[0])
        assert spec is not None, f"there is no module {rest[0]}"
        package = spec.submodule_search_locations
        module = importlib.import_module(f"{rest[0]}.__main__" if package else rest[0])
        if rest[1:]:
            with pytest.raises(_Parsed):
                module.main(rest[1:])


def _make(arguments):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert {target for target in arguments if "=" not in target} <= {*targets}


def test_prepared_pages_exist():
    assert {*PREPARE, *SHOWN} <= {*NAMES}


@pytest.mark.thorough
def test_start_page_shows_measured_card(capsys):
    (block,) = (lines for _, lines in _blocks("docs/start.md") if lines.startswith("$ mesa-gym"))
    command, _, output = block.partition("\n")
    assert cli.main(shlex.split(command)[2:]) == 0
    assert capsys.readouterr().out.strip() == output.strip()


# -- public api ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("file", "write"),
    [
        thorough(LISTING, write_listing),
        (HOUSE, draw_house),
        (CARD, draw_card),
        (CITATION, write_citation),
    ],
)
def test_generated_file_is_up_to_date(file, write):
    assert file.read_text() == write(), "run `make api` or `make pages`"


PUBLIC = [
    (f"{m}.{name}", getattr(import_module(m), name))
    for m in MODULES
    for name in import_module(m).__all__
]


def test_reference_shows_every_public_name():
    text = "".join(page.read_text() for page in (DOCS / "_sphinx" / "reference").glob("*.md"))
    entries = re.findall(r"^\.\. (?:auto|py:)\w+:: (\S+)", text, flags=re.MULTILINE)
    # What a module hands on is shown where it comes from.
    last = {name.rpartition(".")[2] for name in entries}
    documented = {module for module in MODULES if module in entries}
    for name, _ in PUBLIC:
        module, _, member = name.rpartition(".")
        assert module in documented or member in last, name


def test_public_names_are_at_most_172():
    """Members of classes apart, and what `mesa_gym` hands on counts again."""
    assert len(PUBLIC) <= 172


# -- results page ----------------------------------------------------------------------------------
GUIDE = DOCS / "write_a_trap.md"
COMPUTED = {"cells", "entries", "width", "xp", "objectives", "base", "proxies", "planes"}


@pytest.mark.thorough
def test_pages_show_committed_results():
    """`make pages` writes them."""
    pages = write_pages()
    assert {page: page.read_text() for page in pages} == pages
    assert {file: file.read_text() for file in write_tables()} == write_tables()
    assert traps.PAGE.read_text() == traps.write_page()
    drawn = draw_board(join_committed([]))
    assert PICTURE.read_text() == drawn
    # Letters can be read where the picture is as wide as its page.
    assert min(map(float, re.findall(r'font-size="([0-9.]+)"', drawn))) >= 9


def test_guide_lists_attributes_of_traps():
    declared = {name for cls in Trap.__mro__ for name in vars(cls).get("__annotations__", ())}
    cells = re.findall(r"^\| (`.*?) \|", GUIDE.read_text(), re.MULTILINE)
    listed = [name for cell in cells for name in re.findall(r"`([a-z_]+)(?: = [^`]*)?`", cell)]
    expected = {name for name in declared if not name.startswith("_")} - COMPUTED
    assert sorted(expected) == sorted(set(listed) & declared)
    assert all(listed.count(name) == 1 for name in expected)


@pytest.mark.thorough
def test_film_counts_equal_card_shares():
    """The film has eight levels of the shift."""
    *_, (_, levels, firsts) = find_moments(find_trap(TRAP)(), Split.SHIFT)
    shares = score(load(TRAP), TRAP, levels=LEVELS, name=AGENT).read_each("shift", "choice")
    assert levels == LEVELS
    assert firsts == {x: LEVELS * shares[x] for x in firsts}


# -- architecture ----------------------------------------------------------------------------------
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def test_architecture_names_every_room_and_real_files():
    folders = {path.parent.name for path in (ROOT / "mesa_gym").glob("*/__init__.py")}
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert folders - {"cli"} <= named
    assert folders <= {name.split(".")[1] for row in read_order() for name in row if "." in name}
    for file in re.findall(r"`(\w+/[\w/]+\.py)`", PAGE):
        assert (ROOT / file).exists() or (ROOT / "mesa_gym" / file).exists(), file
    files = {path.name for top in ("mesa_gym", "agents") for path in (ROOT / top).rglob("*.py")}
    assert set(re.findall(r"`(\w+\.py)`", PAGE)) <= files


def test_architecture_is_short():
    assert len(PAGE.split()) <= 500
