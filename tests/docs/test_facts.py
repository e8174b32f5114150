"""Facts of pages: dotted names, figures, the guide to traps."""

import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import resolve_name

import pytest

from docs.writers import traps
from mesa_gym.cli import main
from mesa_gym.scoring.findings import find_equally
from mesa_gym.scoring.verdict import judge
from mesa_gym.traps import package_traps
from tests.support.cards import choose

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
DOTTED = re.compile(r"(?<![\w./-])((?:mesa_gym|agents|benchmarks)(?:\.\w+)+)(?![\w/-])")
FILES = (".csv", ".json", ".md", ".py", ".toml", ".zip", ".git")


def names_of(page):
    names = DOTTED.findall(page.read_text())
    return sorted({name for name in names if not name.endswith(FILES)})


@pytest.mark.parametrize("page", [page for page in PAGES if names_of(page)], ids=lambda p: p.stem)
def test_dotted_names_of_page_resolve(page):
    for package in ("jax", "stable_baselines3"):  # without which modules are not there
        pytest.importorskip(package)
    unresolved = []
    for name in {*names_of(page)} - entry_points().groups:
        try:
            resolve_name(name)
        except (ImportError, AttributeError):
            unresolved.append(name)
    assert unresolved == []


@pytest.mark.thorough
def test_import_mesa_gym_offers_its_modules():
    used = "import mesa_gym; print(mesa_gym.trained.load.__name__, hasattr(mesa_gym, 'traind'))"
    ran = subprocess.run([sys.executable, "-c", used], capture_output=True, text=True, cwd=ROOT)
    assert (ran.stdout, ran.stderr) == ("load False\n", "")


# -- figures ---------------------------------------------------------------------------------------
# Pages that a new trap leaves right; studies and claims say what a run of that time looked at.
TIMELESS = [*ROOT.glob("*.md"), ROOT / ".ci" / "description.md", *(ROOT / "docs").glob("*.md")]
TIMELESS.remove(ROOT / "docs" / "claims.md")
WRITTEN = re.compile(r"<!-- \w+, by python -m .*?<!-- until here -->", re.DOTALL)


@pytest.mark.parametrize("page", TIMELESS, ids=lambda page: page.stem)
def test_page_states_no_count_of_traps(page):
    """``make pages`` writes the only counts, in its parts and in docs/traps.md."""
    count = len(package_traps())
    things = r"(?:\w+\s+){0,2}(?:traps|environments|gridworlds|ids)\b"
    text = re.sub(r"\]\([^)]*\)|[*`[]", "", WRITTEN.sub("", page.read_text()))
    stated = re.findall(rf"\b(?:{count}|{8 * count})\s+{things}", text)
    assert stated == [] or page.read_text() == traps.write_page()


@pytest.mark.thorough
def test_exported_page_has_the_named_size(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "viewer.md").read_text()
    example = re.search(r"^\$ mesa-gym (export .*)\n\n(wrote .*)$", text, re.MULTILINE)
    command, printed = example.groups()
    assert main(shlex.split(command)) in (0, None)
    assert printed.replace("/home/me", str(tmp_path)) in capsys.readouterr().out


def test_example_of_both_gives_its_verdicts():
    page = (ROOT / "docs" / "verdicts.md").read_text()
    letters = {"cheese": "0", "dish": "1", "none": "-"}
    rows = re.findall(r"^\| ([AB]), (.*?) \| (.*) \| (.*) \| (.*) \|$", page, re.MULTILINE)
    for agent, expected, *cells in rows:
        shift, *alone = (10 * "".join(letters[x] for x in cell.split(", ")) for cell in cells)
        alone = dict(zip(("cheese", "dish"), alone, strict=True))
        evidence = choose([*alone], shift, shift, None, alone, ())
        verdict = judge(evidence)
        assert f"{verdict.word} ({verdict.detail.replace('_', ' ')})" == expected
        effects = find_equally(evidence).read_each("target effect of {}").values()
        assert f"Both target effects are {max(effects):.2f}." in page
        assert [*effects] == 2 * [{"A": 1.0, "B": 0.5}[agent]]
    assert len(rows) == 2


# -- trap guide ------------------------------------------------------------------------------------
GUIDE = (ROOT / "docs" / "write_a_trap.md").read_text()
TRAINING = re.compile(r"```sh\n(mesa-gym try.*?)```\n\n```text\n(.*?)```", re.DOTALL)
MESA_GYM = f"{shlex.quote(sys.executable)} -m mesa_gym"


@pytest.mark.slow
def test_trap_guide_commands_give_shown_verdict(tmp_path):
    pytest.importorskip("jax")
    ((commands, output),) = TRAINING.findall(GUIDE)
    check = "python -m mesa_gym.testing mushrooms.py:Mushrooms\n"
    first = f"mesa-gym new-trap Mushrooms\n{check}"
    for line in (first + commands.replace("/my/folder", str(tmp_path))).splitlines():
        command = re.sub("^mesa-gym", MESA_GYM, re.sub("^python", sys.executable, line))
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        where = {"cwd": tmp_path, "env": environment, "shell": True}
        done = subprocess.run(command, capture_output=True, text=True, **where)
        assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(output.partition("\n")[0])
    assert done.stdout.rstrip().endswith(output.splitlines()[-1])
