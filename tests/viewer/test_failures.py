"""Failures of ``watch``, ``play`` and ``export`` are one line, and nothing is lost."""

import os
import re
import sys
from pathlib import Path

import pytest
from commands import HEADLESS

import mesa_gym.command
from mesa_gym.cli import viewing
from mesa_gym.viewer.screen import WatchScreen

resource = pytest.importorskip("resource", reason="Windows has none, and no mkfifo")
EXPORT = "export --trap CheeseDish"


def test_replay_of_a_missing_file_exits_1(run):
    code, said = run("watch --episodes nothing.jsonl --headless --record a.png")
    assert (code, said.count("\n"), "nothing.jsonl" in said) == (1, 1, True)


@pytest.mark.parametrize(("protected", "reason"), [("a.png", "protected"), (".", "its folder")])
def test_unwritable_file_is_found_before_work(protected, reason, run, monkeypatch):
    Path("a.png").write_text("before")
    there = Path(protected).resolve()

    def access(path, mode):
        return Path(path).resolve() != there

    monkeypatch.setattr(mesa_gym.command.os, "access", access)
    monkeypatch.setattr(viewing, "screen_of", None)
    code, said = run(f"{HEADLESS} --record a.png")
    assert (code, reason in said) == (2, True), said
    assert Path("a.png").read_text() == "before"
    os.mkfifo("pipe.png")
    assert "not an ordinary file" in run(f"{HEADLESS} --record pipe.png")[1]


@pytest.mark.parametrize(
    ("module", "command", "extra"),
    [
        ("pygame", f"{HEADLESS} --record a.png", "viewer"),
        ("imageio_ffmpeg", f"{HEADLESS} --record a.gif", "films"),
        ("jinja2", EXPORT, "report"),
    ],
)
def test_missing_extra_is_named_before_work(module, command, extra, run, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(viewing, "screen_of", None)
    code, said = run(command)
    assert (code, said.count("\n")) == (2, 1)
    assert f"[{extra}]" in said


def test_film_interrupted_leaves_the_old_file(run, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    Path("a.gif").write_text("before")
    monkeypatch.setattr(WatchScreen, "draw", interrupted)
    code, said = run(f"{HEADLESS} --record a.gif")
    progress, last = said.splitlines()
    assert (code, last) == (130, "mesa-gym: interrupted; nothing was written")
    assert re.fullmatch(r"record a.gif: 0 of \d+ frames", progress)
    assert Path("a.gif").read_text() == "before"
    assert len(list(Path().iterdir())) == 1


@pytest.mark.parametrize(
    ("command", "file"), [(f"{HEADLESS} --record", "a.png"), (f"{EXPORT} --out", "a.html")]
)
def test_failing_policy_leaves_the_old_file(command, file, run):
    Path("failing_policy.py").write_text("def make():\n    return lambda seen: seen[99]\n")
    Path(file).write_text("before")
    code, said = run(f"{command} {file} --policy failing_policy:make")
    assert (code, "IndexError" in said.splitlines()[-1]) == (1, True), said
    assert Path(file).read_text() == "before"


@pytest.mark.parametrize("name", ["a.mp4", "a.gif"])
def test_film_without_room_leaves_the_old_file(name, run):
    Path(name).write_text("before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Of ffmpeg too, which is ended by it.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        code, said = run(f"{HEADLESS} --record {name}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (code, "Traceback" in said) == (1, False)
    assert said.splitlines()[-1].startswith("mesa-gym: ffmpeg could not write")
    assert "is there room for it?" in said
    assert [(path.name, path.read_text()) for path in Path().iterdir()] == [(name, "before")]
