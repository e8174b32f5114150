"""Bad input to ``watch``, ``play``, ``replay`` and ``export``: one line, and nothing is lost."""

import os
import re
import sys
from pathlib import Path

import pytest
from commands import HEADLESS, trace_of

import mesa_gym.command
from mesa_gym.cli import viewing
from mesa_gym.viewer.screen import WatchScreen

resource = pytest.importorskip("resource", reason="Windows has none, and no mkfifo")
EXPORT = "export --trap CheeseDish"
NO_PLAY = "unknown play of CheeseCorner-v0"


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    path = tmp_path_factory.mktemp("traces") / "a.trace"
    trace_of("stay", path, salt="s")
    salted = path.read_bytes()
    trace_of("stay", path)
    good = path.read_bytes()
    return {
        "good.trace": good,
        "salted.trace": salted,
        "damaged.trace": good[:-3] + b"abc",
        "cut.trace": good[: len(good) // 2],
        "foreign.trace": b"GIF89a" + good,
    }


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("watch --policy stay", ["--policy needs a trap", "mesa-gym watch TRAP --policy"]),
        ("watch --level 0", ["--level needs a trap"]),
        ("watch --headless --strip a.svg", ["--strip needs a trap"]),
        ("watch --record a.png", ["--record needs a trap"]),
        ("watch --trap CheeseCorne --headless --record a.png", ["Did you mean 'CheeseCorner'?"]),
        (f"{HEADLESS} --record a.png --split shft", ["Did you mean 'shift'?"]),
        (f"{HEADLESS} --record a.png --split alone:cornr", ["Did you mean 'alone:corner'?"]),
        (f"{HEADLESS} --record a.png --split alone:cheese", [NO_PLAY, "'alone:cheese'", "bare, "]),
        (f"{HEADLESS} --record a.png --beside bare --split shift", ["leave out --split"]),
        (f"{HEADLESS} --record a.png --beside twins", [f"{NO_PLAY} 'twins'"]),
        (f"{HEADLESS} --record a.png --policy oracle:chese", ["Did you mean 'cheese'?"]),
        (f"{HEADLESS} --record a.png --policy ./nowhere", ["no such file or directory"]),
        (f"{HEADLESS} --record a.png --policy library:77", ["there is library:0, library:1"]),
        (f"{HEADLESS} --record a.png --beside splits --split train", ["leave out --split"]),
        (f"{HEADLESS} --record a.png --overlays path,heat:chese", ["Did you mean 'heat:cheese'?"]),
        (
            f"{HEADLESS} --record a.png --overlays heat:corner,heat:cheese",
            ["one overlay tints the floor at a time, got heat:cheese and heat:corner"],
        ),
        (f"{HEADLESS} --record a.png --level -1", ["level -1", "2**48 - 1"]),
        (f"{HEADLESS} --record a.png --level {1 << 48}", ["281474976710656", "2**48 - 1"]),
        (f"{HEADLESS} --record a.png --size 10x10", ["10x10", "640x420"]),
        (f"{HEADLESS} --record a.png --size 99999x99999", ["99999x99999", "7680x4320"]),
        (f"{HEADLESS} --record a.png --size large", ["'large'", "1280x800"]),
        (f"{HEADLESS} --record a.png --scale 0", ["scale 0", "0.5 to 8"]),
        (f"{HEADLESS} --record a.png --scale nan", ["scale nan", "0.5 to 8"]),
        (f"{HEADLESS} --record a.png --speed 3", ["speed 3", "0.25, 0.5, 1, 2"]),
        (f"{HEADLESS} --record a.png --seed -1", ["seed must be an integer", "got -1"]),
        (f"{HEADLESS} --record a.png --step 999", ["step 999", "0 to "]),
        (f"{HEADLESS} --record a.gif --step 1", ["--step", "FILE.png"]),
        (f"{HEADLESS} --record a.svg --strip a.svg", ["a.svg", ".png, .gif, .mp4, .trace"]),
        (f"{HEADLESS} --record a.jpg", ["a.jpg", ".png, .gif, .mp4, .trace"]),
        (f"{HEADLESS} --record a", [".png, .gif, .mp4, .trace"]),
        (f"{HEADLESS} --strip a.gif", ["a.gif", "must end in .svg"]),
        (f"{HEADLESS} --record nowhere/a.png", ["cannot write nowhere/a.png"]),
        (f"{HEADLESS} --strip nowhere/a.svg", ["cannot write nowhere/a.svg"]),
        (f"{HEADLESS} --record pipe.png", ["pipe.png", "not an ordinary file"]),
        (HEADLESS, ["--record FILE or --strip FILE"]),
        ("play --trap CheeseCorner --headless", ["--record FILE or --strip FILE"]),
        ("play --trap CheeseCorner --headless --record a.trace", ["nothing has been done"]),
        ("replay damaged.trace --headless --record a.png", ["damaged.trace", "is damaged"]),
        ("replay cut.trace --headless --record a.png", ["cut.trace", "cut short"]),
        ("replay foreign.trace --headless --record a.png", ["is not an action trace"]),
        ("replay good.trace --headless --record a.png --salt s", ["without a salt"]),
        ("replay good.trace --headless --record a.png --level 2", ["no actions for level 2"]),
        ("replay good.trace --headless --record good.trace", ["would replace good.trace"]),
        ("replay salted.trace --headless --record a.png", ["recorded with a salt"]),
        ("replay salted.trace --headless --record a.png --salt t", ["another salt"]),
        ("export --trap CheeseFish", ["unknown trap 'CheeseFish'", "Did you mean 'CheeseDish"]),
        (f"{EXPORT} --policy oracle:fish", ["Did you mean 'dish'"]),
        (f"{EXPORT} --levels 0 -1", ["level must be", "got -1"]),
        (f"{EXPORT} --levels {1 << 48}", ["level must be", "got 281474976710656"]),
        (f"{EXPORT} --seed -1", ["seed must be", "-1"]),
        (f"{EXPORT} --beside oracle", ["Did you mean 'oracles'"]),
        (f"{EXPORT} --split alone:fish", ["Did you mean 'alone:dish'"]),
        (f"{EXPORT} --beside alone:dish --split test", ["leave out --split"]),
        (f"{EXPORT} --beside splits --split train", ["leave out --split"]),
        (f"{EXPORT} --beside splits --policy stay random", ["one --policy, not 2"]),
        ("export --trap KeysChests --beside targets", ["unknown play of KeysChests-v0 'bare'"]),
        ("export --trap KeysChests --split bare", ["unknown play of KeysChests-v0 'bare'"]),
        (f"{EXPORT} --out nowhere/a.html", ["its folder does not exist"]),
        (f"{EXPORT} --out a.pdf", ["must end in .html"]),
    ],
)
def test_bad_usage_is_one_line_and_destroys_nothing(command, words, run, traces):
    for name, data in traces.items():
        Path(name).write_bytes(data)
    for name in ("a.png", "a.gif", "a.trace"):
        Path(name).write_text("before")
    os.mkfifo("pipe.png")
    before = {path: path.stat().st_mtime_ns for path in Path().iterdir()}
    code, said = run(command)
    assert code == 2, said
    assert said.startswith("mesa-gym: ")
    assert said.count("\n") == 1
    for word in words:
        assert word in said
    assert {path: path.stat().st_mtime_ns for path in Path().iterdir()} == before


def test_a_trace_that_is_not_there_is_no_bad_usage(run):
    code, said = run("replay nothing.trace --headless --record a.png")
    assert (code, said.count("\n"), "nothing.trace" in said) == (1, 1, True)


@pytest.mark.parametrize(("protected", "reason"), [("a.png", "protected"), (".", "its folder")])
def test_what_may_not_be_written_is_found_before_any_work(protected, reason, run, monkeypatch):
    Path("a.png").write_text("before")
    there = Path(protected).resolve()

    def access(path, mode):
        return Path(path).resolve() != there

    monkeypatch.setattr(mesa_gym.command.os, "access", access)
    monkeypatch.setattr(viewing, "screen_of", None)
    code, said = run(f"{HEADLESS} --record a.png")
    assert (code, reason in said) == (2, True), said
    assert Path("a.png").read_text() == "before"


@pytest.mark.parametrize(
    ("module", "command", "extra"),
    [
        ("pygame", f"{HEADLESS} --record a.png", "viewer"),
        ("imageio_ffmpeg", f"{HEADLESS} --record a.gif", "films"),
        ("jinja2", EXPORT, "report"),
    ],
)
def test_a_missing_extra_is_named_before_any_work(module, command, extra, run, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(viewing, "screen_of", None)
    code, said = run(command)
    assert (code, said.count("\n")) == (2, 1)
    assert f"[{extra}]" in said


def test_pictures_strips_and_traces_need_no_films(run, monkeypatch):
    for module in ("imageio", "imageio_ffmpeg"):
        monkeypatch.setitem(sys.modules, module, None)
    for more in ("--record a.png", "--record a.trace", "--strip a.svg"):
        assert run(f"{HEADLESS} {more}")[0] == 0


def test_an_interrupted_film_leaves_what_was_there(run, monkeypatch):
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
def test_a_policy_that_fails_leaves_what_was_there(command, file, run):
    Path("failing_policy.py").write_text("def make():\n    return lambda seen: seen[99]\n")
    Path(file).write_text("before")
    code, said = run(f"{command} {file} --policy failing_policy:make")
    assert (code, "IndexError" in said.splitlines()[-1]) == (1, True), said
    assert Path(file).read_text() == "before"


@pytest.mark.parametrize("name", ["a.mp4", "a.gif"])
def test_a_film_that_finds_no_room_leaves_what_was_there(name, run):
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
