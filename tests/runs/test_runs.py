"""Whole runs: a command, or a road of the library, and all that comes out of it, kept as text.

``make runs`` writes the texts and shows the difference: read it, and say in the commit what
changed.
"""

import hashlib
import math
import os
import re
import shlex
import sys
from pathlib import Path

import pytest

import mesa_gym
from mesa_gym import cli
from tests.runs.roads import ROADS

HERE = Path(__file__).parent
KEPT = HERE / "kept"
COMMANDS = [
    line.split(": ", 1)
    for line in (HERE / "commands.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
COMMANDS += [["help", "--help"]]
COMMANDS += [
    [f"help_{name}", f"{name} --help"]
    for name in (*cli.COMMANDS, "train", "sweep", "try", "predict")
]
# These take over half a second; the fast tests have `score_one`, `compare` and `leaderboard`.
THOROUGH = {"cards", "compare_cards", "compare_levels", "demo", "each_trap", "export_salted"}
THOROUGH |= {"leaderboard_cards", "leaderboard_out", "questions", "score", "score_again"}
THOROUGH |= {"score_agents", "score_keyword", "score_life", "score_log", "score_reference"}
THOROUGH |= {"score_salted", "score_traps", "watch_log", "watch_log_salted"}
LONG = 20_000  # characters of a file from which a digest is kept
# What differs from run to run, day to day, checkout to checkout, or processor to processor.
MOVING = [
    (re.compile(r"\b20\d\d-\d\d-\d\d\b"), "DATE"),
    (re.compile(r"\b\d[\d.e+]* (CPU seconds.*|m?s\b)"), "N seconds"),
    (re.compile(r"-?\d+\.\d{4,}(?:e-?\d+)?"), lambda match: f"{float(match[0]):.3g}"),
    (re.compile(r'"(mesa_gym|numpy|python|date|platform|processor)": "[^"]*"'), r'"\1": "*"'),
    (re.compile(r"[0-9a-f]{32,}"), "DIGEST"),
    (re.compile(r"cards [0-9a-f]{12}"), "cards DIGEST"),
]


def calm(text, folder):
    """Return a text without the folder, times, versions and the last digits of numbers."""
    text = text.replace(str(folder), "FOLDER").replace(str(HERE.parents[1]), "ROOT")
    text = text.replace(mesa_gym.__version__, "VERSION")
    for pattern, new in MOVING:
        text = pattern.sub(new, text)
    return text


def list_files(folder):
    """Yield the name and the content of each file that a run wrote."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts or path.suffix == ".svg":
            continue
        name = f"--- {path.relative_to(folder)}"
        if path.suffix == ".png":
            yield f"{name}\n{digest_picture(path)}"
            continue
        text = calm(path.read_text("utf-8"), folder)
        if len(text) > LONG or path.suffix == ".html":
            text = f"{text.count(chr(10))} lines, {digest(text.encode())}"
        yield f"{name}\n{text}"


def digest(data):
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def digest_picture(path):
    """Return the size and a digest of the pixels of a picture."""
    import pygame

    picture = pygame.image.load(path)
    return f"{picture.get_size()} {digest(pygame.image.tobytes(picture, 'RGB'))}"


def require_kept(name, text):
    """Compare a text with the kept one, or write it."""
    path = KEPT / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        KEPT.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.fixture(scope="module", autouse=True)
def _quiet_terminal(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MESA_GYM_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("COLUMNS", "100")
        patch.setenv("NO_COLOR", "1")
        patch.setenv("SDL_VIDEODRIVER", "dummy")
        patch.setattr("webbrowser.open", lambda address: False)  # no browser, on any machine
        patch.setattr("mesa_gym.terminal.SECONDS_APART", math.inf)  # a counter says its first line
        yield


@pytest.fixture
def run_commands(tmp_path, capsys, monkeypatch, registry):
    """Return a function that runs commands one after another in an empty folder, as text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "argv", ["mesa-gym"])

    def run(line):
        parts = []
        for words in line.split(" && "):
            try:
                code = cli.main(shlex.split(words))
            except SystemExit as stop:
                code = stop.code
            printed, error = capsys.readouterr()
            parts.append(f"$ mesa-gym {words}\n{printed}{'! ' + error if error else ''}= {code}\n")
        return calm("\n".join([*parts, *list_files(tmp_path)]), tmp_path)

    return run


def mark(name, *values):
    """Return a run as a parameter, of a thorough test if it takes long."""
    return pytest.param(*values, id=name, marks=[pytest.mark.thorough] * (name in THOROUGH))


@pytest.mark.parametrize(("name", "line"), [mark(name, name, line) for name, line in COMMANDS])
def test_command_keeps_its_output(name, line, run_commands):
    require_kept(name, run_commands(line))


@pytest.mark.parametrize("road", [mark(road.__name__, road) for road in ROADS])
def test_road_keeps_its_output(road):
    require_kept(f"road_{road.__name__}", calm("\n".join(road()) + "\n", HERE))
