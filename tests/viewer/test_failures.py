"""Failures of ``watch``, ``play`` and ``export`` are one line, and nothing is lost."""

import re
import shutil
from pathlib import Path

import pytest

from mesa_gym.viewer import recording
from mesa_gym.viewer.screen import WatchScreen
from tests.support.commands import HEADLESS

EXPORT = "export CheeseDish"


def test_film_interrupted_leaves_the_old_file(run, monkeypatch):
    pytest.importorskip("imageio_ffmpeg")

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
    if file == "a.html":
        pytest.importorskip("jinja2")
    Path("failing_policy.py").write_text("def make():\n    return lambda seen: seen[99]\n")
    Path(file).write_text("before")
    code, said = run(f"{command} {file} --policy failing_policy:make")
    assert (code, "IndexError" in said.splitlines()[-1]) == (1, True), said
    assert Path(file).read_text() == "before"


def test_film_of_failing_ffmpeg_tells_exit_code(run, monkeypatch):
    pytest.importorskip("imageio_ffmpeg")
    monkeypatch.setattr(recording, "find_ffmpeg", lambda: shutil.which("false"))
    code, said = run(f"{HEADLESS} --record a.mp4")
    assert code == 1
    assert "(exit code 1): is there room for it?" in said.splitlines()[-1]
    assert not [*Path().iterdir()]
