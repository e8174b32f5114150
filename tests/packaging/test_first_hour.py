"""The README and docs/start.md, typed line by line into an empty environment.

Fast tests check that every command, target, option, extra and module that they name exists.
"""

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from mesa_gym import links
from tests.support.package_index import require_index

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "docs/start.md"]
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
# Line -> the line that is typed instead: a few tests stand for all, and a short sweep for the long
# one. A window needs a display.
SHORTER = {
    "make test": "make test WORKERS=1 PYTEST_ADDOPTS=tests/test_imports.py",
    "mesa-gym sweep": "mesa-gym sweep CheeseDish --vary steps=4096,8192 --seeds 0-1 --workers 1"
    " --levels 20 --out runs/alpha",
    "mesa-gym watch": "mesa-gym watch --headless --record watched.png",
}


def list_lines(page):
    """Return the command lines of a page's shell blocks, without comments and prompts."""
    blocks = FENCE.findall((ROOT / page).read_text())
    lines = [line for kind, text in blocks if kind in ("", "console") for line in text.splitlines()]
    command = re.compile(r"(\$ )?(git|make|pip|mesa-gym) ")
    return [re.sub(r"^\$ |\s+#.*$", "", line) for line in lines if command.match(line)]


def list_blocks(page):
    """Return the lines of each shell block, and those of each Python block as one line.

    Yields: the Python that the line before a block names, and the lines.
    """
    page_text = (ROOT / page).read_text()
    for block in FENCE.finditer(page_text):
        kind, text = block.groups()
        line_before = page_text[: block.start()].rstrip().rpartition("\n")[2]
        named = re.findall(r"`([\w./]+/python)`", line_before)
        if kind == "python":
            yield named[0] if named else "python", [text]
        elif kind in ("", "console"):
            lines = [line for line in text.splitlines() if kind == "" or line.startswith("$ ")]
            yield "", [re.sub(r"^\$ |\s+#.*$", "", line) for line in lines]


@pytest.mark.parametrize("page", PAGES)
def test_python_stands_behind_its_installation(page):
    """Before pip's first line, only the environment of make's targets has the package."""
    installed = set()
    for python, lines in list_blocks(page):
        assert not python or python in installed
        for line in lines:
            if line.startswith("make "):
                installed.add(".venv/bin/python")
            elif line.startswith("pip install -e"):
                installed.add("python")


@pytest.mark.parametrize("page", PAGES)
def test_extras_of_page_exist(page):
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = {*setup["options.extras_require"]}
    named = set()
    for line in list_lines(page):
        for word in re.findall(r'"?(\.(?:\[[\w,]+\])?)"?(?:\s|$)', line) if "pip" in line else ():
            named |= Requirement(word.replace(".", "mesa-gym", 1)).extras
    assert {"start"} <= named <= extras


def test_readme_begins_with_two_targets():
    """They come before any other command, after the address of the repository."""
    clone, *targets = list_lines("README.md")[:3]
    assert clone == f"git clone {links.REPOSITORY} && cd mesa-gym"
    assert targets == ["make leaderboard", "make test"]


@pytest.mark.parametrize("page", PAGES)
def test_page_installs_torch_before_its_extra(page):
    """Otherwise the extra brings the build for a GPU, gigabytes more."""
    pips = [line for line in list_lines(page) if line.startswith("pip ")]
    extra = next(i for i, line in enumerate(pips) if "start" in line or "train" in line)
    assert any(line.startswith("pip install torch --index-url ") for line in pips[:extra])
    index = re.search(r"^TORCH_INDEX = (\S+)$", (ROOT / "Makefile").read_text(), re.M)[1]
    assert all(line.endswith(index) for line in pips if "torch" in line)


@pytest.mark.parametrize("target", ["leaderboard", "test", "constraints"])
def test_old_python_is_refused_before_installing(target, tmp_path):
    old = tmp_path / "python3"
    old.write_text(
        f'#!/bin/sh\n[ "$1" = -c ] || exec touch installed\nexec {sys.executable} -c'
        ' "import sys; sys.version_info = (3, 10, 4); exec(sys.argv[1])" "$2"\n'
    )
    old.chmod(0o755)
    for name in ("Makefile", "setup.cfg", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    command = ["make", "-C", tmp_path, "--no-print-directory", target, f"PYTHON={old}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode != 0
    assert done.stdout.startswith(f"{old} is Python 3.10, and mesa_gym needs 3.11 or newer")
    assert not (tmp_path / "installed").exists()


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("page", PAGES)
def test_page_typed_into_empty_environment_works(page, tmp_path, capsys):
    """The seconds, the size of the environments and the last line of each line are printed."""
    require_index()
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PWD")}
    path = f"{tmp_path / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = kept | {"PATH": path, "BROWSER": "true", "VIRTUAL_ENV": str(tmp_path / "venv")}
    folder = tmp_path
    for python, block in list_blocks(page):
        for line in block:
            if "--index-url" in line and not is_reached(line.split("--index-url ")[1]):
                with capsys.disabled():
                    print(f"{line}: left out, because its index cannot be reached from here")
                continue
            command = type_line(line, environment, folder / python)
            began = time.monotonic()
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True
            )
            output = f"{done.stdout}\n{done.stderr}"
            assert done.returncode == 0, f"{line}\n{output}"
            if line.startswith("git clone"):
                folder = tmp_path / "mesa-gym"
            venvs = [x for x in (tmp_path / "venv", folder / ".venv") if x.exists()]
            size = sum(f.stat().st_size for x in venvs for f in x.rglob("*") if f.is_file())
            last = (done.stdout.strip() or "(nothing)").splitlines()[-1]
            report = (
                f"{line.splitlines()[0]}: {time.monotonic() - began:.0f} s, {size / 1e6:.0f} MB"
            )
            with capsys.disabled():
                print(f"{report}: {last[:100]}")


def is_reached(address):
    """Return whether a server answers."""
    try:
        with urllib.request.urlopen(f"{address}/", timeout=20):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500 and error.code not in (401, 403, 407)
    except OSError:
        return False


def type_line(line, environment, python):
    """Return the process's arguments for a line of a page, with this checkout as the address."""
    if "\n" in line:  # Python
        program = python if python.exists() else shutil.which("python", path=environment["PATH"])
        return [program, "-c", line]
    for begin, shorter in SHORTER.items():
        if line.startswith(begin):
            rest = line.removeprefix(begin) if begin == "mesa-gym watch" else ""
            line = f"{shorter}{rest}"
    line = line.replace(links.REPOSITORY, f"{ROOT} mesa-gym")
    if line.startswith("pip "):
        line = f"python -m {line} --quiet -c {ROOT}/constraints.txt"
    return ["bash", "-c", line]
