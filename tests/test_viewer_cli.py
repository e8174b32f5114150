"""``mesa-gym watch``, ``play`` and ``replay`` as a user types them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pygame
import pytest
from PIL import Image

import mesa_gym.command
import mesa_gym.viewer
from mesa_gym.cli import main, viewing
from mesa_gym.scoring import Trace
from mesa_gym.scoring import record as record_policy
from mesa_gym.traps import Split, all_traps, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.viewer.app import App
from mesa_gym.viewer.beside import seats_for
from mesa_gym.viewer.inputs import Key
from mesa_gym.viewer.mapfile import save_map
from mesa_gym.viewer.players import ByPolicy
from mesa_gym.viewer.watching import WatchScreen

SMALL = "--size 640x420"
HEADLESS = f"watch --trap CheeseCorner {SMALL} --headless"


@pytest.fixture
def run(capfd, tmp_path: Path, monkeypatch) -> Callable[[str], tuple[int, str]]:
    """Run a command in an empty folder; its exit code and what it said on standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(command: str) -> tuple[int, str]:
        capfd.readouterr()
        try:
            code = main(shlex.split(command))
        except SystemExit as stop:
            code = int(str(stop.code))
        return code, capfd.readouterr().err

    return run


@pytest.fixture
def windows(monkeypatch) -> Iterator[list[Callable[[App], object]]]:
    """A display that nobody sees; what is done in its frames, after which the window is closed."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.quit()
    doings: list[Callable[[App], object]] = []
    frame = App.frame

    def framed(app: App, seconds: float) -> None:
        if doings:
            doings.pop(0)(app)
        else:
            pygame.event.post(pygame.event.Event(pygame.QUIT))
        frame(app, 0.0)

    monkeypatch.setattr(App, "frame", framed)
    yield doings
    assert not pygame.display.get_init()


def picture(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def trace_of(policy: str, path: str | Path, levels: int = 2, salt: str = "") -> Trace:
    trace = record_policy(policy, CheeseCorner(), levels, salt=salt)
    trace.save(path)
    return trace


# -- headless --------------------------------------------------------------------------------------


def test_every_kind_is_recorded_without_a_window(run, monkeypatch) -> None:
    monkeypatch.setattr("mesa_gym.viewer.app.open_window", None)
    pygame.display.quit()
    for name in ("a.png", "a.gif", "a.mp4", "a.trace"):
        assert run(f"{HEADLESS} --record {name} --policy oracle:corner") == (0, "")
    for name in ("s.png", "s.svg"):
        assert run(f"{HEADLESS} --strip {name}") == (0, "")
    assert not pygame.display.get_init()
    assert Trace.load("a.trace").policy == "oracle:corner"
    assert picture("a.png").shape == (420, 640, 3)
    assert {path.name for path in Path().iterdir()} == {
        "a.png", "a.gif", "a.mp4", "a.trace", "s.png", "s.svg",
    }  # fmt: skip


def test_options_change_what_is_seen(run) -> None:
    def seen(more: str) -> np.ndarray:
        assert run(f"{HEADLESS} --record a.png {more}") == (0, "")
        return picture("a.png")

    start = seen("--step 0")
    assert np.array_equal(start, seen("--step 0 --split shift --level 0 --policy oracle:base"))
    for more in (
        "",
        "--step 0 --level 1",
        "--step 0 --split train",
        "--step 0 --salt secret",
        "--step 0 --no-panel",
        "--step 0 --overlays heat:cheese,oracles",
        "--step 0 --beside splits",
        "--step 0 --beside oracles",
        "--step 0 --beside random",
        "--step 0 --speed 2",
    ):
        assert not np.array_equal(start, seen(more)), more
    assert not np.array_equal(seen("--policy random"), seen("--policy random --seed 1"))
    assert seen("--size 700x500 --step 0").shape == (500, 700, 3)


def test_all_overlays_can_be_recorded_at_once(run) -> None:
    for name in ("MonsterWorld", "LavaLand"):
        command = f"watch --trap {name} {SMALL} --headless --overlays all --record a.png --step 1"
        assert run(command) == (0, "")


def test_who_sits_beside_whom() -> None:
    player = ByPolicy("random", seed=5)
    for name, kind in (("KeysChests", "oracle"), ("TreeFarm", "reference")):
        trap = find_trap(name)()

        def seated(beside: str | None, trap=trap) -> list[tuple[str, Split]]:
            seats = seats_for(player, trap, Split.TEST, beside, seed=5)
            assert seats[0].player is player
            assert {seat.player.seed for seat in seats} == {5}
            return [(seat.player.name, seat.split) for seat in seats]

        assert seated(None) == [("random", Split.TEST)]
        assert seated("splits") == [("random", Split.TRAIN), ("random", Split.SHIFT)]
        assert seated("stay") == [("random", Split.TEST), ("stay", Split.TEST)]
        first, base, *proxies = seated("oracles")
        assert first == ("random", Split.TEST)
        assert base in ((f"{kind}:base", Split.TEST), (f"{kind}:{trap.base}", Split.TEST))
        assert proxies == [(f"{kind}:{x}", Split.TEST) for x in trap.proxies]


# -- traces and maps -------------------------------------------------------------------------------


def test_a_replay_shows_what_was_recorded(run) -> None:
    trace = trace_of("oracle:corner", "whole.trace")
    assert run(f"{HEADLESS} --policy oracle:corner --level 1 --record a.trace") == (0, "")
    for more in ("whole.trace --level 1", "a.trace"):
        assert run(f"replay {more} {SMALL} --headless --record again.trace --strip s.png")[0] == 0
        again = Trace.load("again.trace")
        assert list(again.splits) == [Split.SHIFT]
        assert np.array_equal(
            again.actions_on(Split.SHIFT, [1]), trace.actions_on(Split.SHIFT, [1])
        )
    # The first split is shown where there is no shift.
    assert run(f"{HEADLESS} --split test --level 7 --record a.trace")[0] == 0
    assert run("replay a.trace --headless --record b.trace")[0] == 0
    assert list(Trace.load("b.trace").levels(Split.TEST)) == [7]
    assert run(f"replay whole.trace {SMALL} --headless --beside splits --record a.gif")[0] == 0


def test_a_map_is_gone_on_from(run) -> None:
    trap = CheeseCorner()
    state, _ = trap.step(trap.levels(Split.SHIFT, [3]), np.array([1]))
    save_map("a.map", trap, Split.SHIFT, state)
    for command in (f"watch --policy oracle:corner --beside oracles {SMALL}", f"play {SMALL}"):
        assert run(f"{command} --map a.map --headless --record a.png --step 0") == (0, "")
        at_start = picture("a.png")
    assert run(f"{HEADLESS} --level 3 --record b.png --step 0") == (0, "")
    assert not np.array_equal(at_start, picture("b.png"))
    for more, words in (
        ("--trap CheeseCorner", "leave out --trap"),
        ("--level 3", "leave out --level"),
        ("--split shift", "leave out --split"),
        ("--beside splits", "a map is of one split"),
        ("--record a.trace", "a trace begins as a level does"),
    ):
        code, said = run(f"watch --map a.map --headless --record c.png {more}")
        assert (code, words in said) == (2, True), said
    Path("a.map").write_text("no map")
    code, said = run("watch --map a.map --headless --record c.png")
    assert (code, said.count("\n"), "a.map" in said) == (2, 1, True)


# -- windows ---------------------------------------------------------------------------------------


def test_what_was_done_in_a_window_is_recorded_when_it_is_closed(run, windows) -> None:
    windows += [lambda app: app.screen.session.act(0), lambda app: app.screen.session.act(3)]
    command = f"play --trap CheeseCorner {SMALL} --record a.trace --strip s.svg"
    assert run(command) == (0, "")
    assert list(Trace.load("a.trace").actions_on(Split.SHIFT, [0])[0][:3]) == [0, 3, -1]
    assert "step 2" in Path("s.svg").read_text()
    # Another level was gone to before the window was closed.
    windows.append(lambda app: app.screen.session.next_level())
    assert run(f"watch --trap CheeseCorner {SMALL} --record b.trace") == (0, "")
    assert list(Trace.load("b.trace").levels(Split.SHIFT)) == [1]


def test_the_help_is_not_recorded(run, windows) -> None:
    for more in ("", "--headless"):
        if not more:
            windows += [lambda app: app.screen.handle(Key("?")), lambda app: None]
        assert run(f"watch --trap CheeseCorner {SMALL} --record a{more}.png {more}") == (0, "")
    assert np.array_equal(picture("a.png"), picture("a--headless.png"))


def test_an_edited_episode_is_refused_as_a_trace_and_nothing_is_lost(run, windows) -> None:
    Path("a.trace").write_text("before")
    windows.append(lambda app: app.screen.session.replace(app.screen.session.pane.state(0)))
    code, said = run(f"watch --trap CheeseCorner {SMALL} --record a.trace")
    assert (code, "edited" in said) == (2, True)
    assert Path("a.trace").read_text() == "before"


def test_without_a_trap_one_is_chosen(run, monkeypatch) -> None:
    class Start:
        def __init__(self, begin: Callable[[str, str], Any]) -> None:
            self.begin = begin

    shown: list[Any] = []
    monkeypatch.setattr("mesa_gym.viewer.start.StartScreen", Start)
    monkeypatch.setattr(viewing, "show_window", lambda screen, look: shown.append((screen, look)))
    assert run(f"watch --seed 4 --speed 8 --no-panel {SMALL}") == (0, "")
    ((start, look),) = shown
    assert look.size == (640, 420)
    screen = start.begin("KeysChests-v0", "oracle:keys")
    assert isinstance(screen, WatchScreen)
    assert not screen.panel
    assert screen.session.speed == 8
    assert screen.handle(Key("escape")) is start
    (seat,) = screen.session.seats
    assert (seat.player.name, seat.player.seed, seat.split) == ("oracle:keys", 4, Split.SHIFT)
    assert start.begin("KeysChests", "play").session.seats[0].player.name == "you"
    with pytest.raises(ValueError, match="Did you mean"):
        start.begin("KeysChests", "randm")


def test_a_window_can_be_opened_from_python(windows) -> None:
    seen: list[WatchScreen] = []
    windows.append(lambda app: seen.append(app.screen))
    mesa_gym.viewer.watch(
        lambda observation: np.zeros(len(observation), int), "CoinRun", "train", 5
    )
    pane = seen[0].session.pane
    pane.line.grow(3)
    assert (pane.trap.name(), pane.level, pane.seat.split) == ("CoinRun-v0", 5, Split.TRAIN)
    assert list(pane.line.actions()[:3]) == [0, 0, 0]


def test_no_display_is_one_line_that_says_what_to_do(run, monkeypatch) -> None:
    pygame.display.quit()
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    monkeypatch.setenv("DISPLAY", ":987")
    for command in ("watch --trap CoinRun --record a.png", "play --trap CoinRun", "watch"):
        code, said = run(command)
        assert code == 1
        assert "no display" in said.splitlines()[-1]
        assert "--headless --record FILE" in said
    assert not list(Path().iterdir())


# -- what is refused -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
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
        ("watch --policy stay", ["--policy needs --trap"]),
        ("watch --level 0", ["--level needs --trap"]),
        ("watch --headless --strip a.png", ["--strip needs --trap"]),
        ("watch --record a.png", ["--record needs --trap"]),
        ("watch --trap CheeseCorne --headless --record a.png", ["Did you mean 'CheeseCorner'?"]),
        (f"{HEADLESS} --record a.png --split shft", ["Did you mean 'shift'?"]),
        (f"{HEADLESS} --record a.png --policy oracle:chese", ["Did you mean 'cheese'?"]),
        (f"{HEADLESS} --record a.png --policy ./nowhere", ["no such directory"]),
        (f"{HEADLESS} --record a.png --beside oracle", ["Did you mean 'oracles'?"]),
        (f"{HEADLESS} --record a.png --beside splits --split train", ["leave out --split"]),
        (f"{HEADLESS} --record a.png --overlays path,heat:chese", ["Did you mean 'heat:cheese'?"]),
        (f"{HEADLESS} --record a.png --level -1", ["level -1", "2**48 - 1"]),
        (f"{HEADLESS} --record a.png --level {1 << 48}", ["281474976710656", "2**48 - 1"]),
        (f"{HEADLESS} --record a.png --size 10x10", ["10x10", "640x420"]),
        (f"{HEADLESS} --record a.png --size 99999x99999", ["99999x99999", "7680x4320"]),
        (f"{HEADLESS} --record a.png --size large", ["'large'", "1280x800"]),
        (f"{HEADLESS} --record a.png --scale 0", ["scale 0", "0.5 to 8"]),
        (f"{HEADLESS} --record a.png --scale nan", ["scale nan", "0.5 to 8"]),
        (f"{HEADLESS} --record a.png --scale 2", ["640x420", "1280x840"]),
        (f"{HEADLESS} --record a.png --speed 3", ["speed 3", "0.25, 0.5, 1, 2"]),
        (f"{HEADLESS} --record a.png --speed 128", ["speed 128", "32, 64"]),
        (f"{HEADLESS} --record a.png --seed -1", ["seed is -1"]),
        (f"{HEADLESS} --record a.png --step 999", ["step 999", "0 to "]),
        (f"{HEADLESS} --record a.gif --step 1", ["--step", "FILE.png"]),
        (f"{HEADLESS} --record a.png --strip a.png", ["both a.png"]),
        (f"{HEADLESS} --record a.jpg", ["a.jpg", ".png, .gif, .mp4, .trace"]),
        (f"{HEADLESS} --record a", [".png, .gif, .mp4, .trace"]),
        (f"{HEADLESS} --strip a.gif", ["a.gif", ".png, .svg"]),
        (f"{HEADLESS} --record nowhere/a.png", ["cannot write nowhere/a.png"]),
        (f"{HEADLESS} --strip nowhere/a.png", ["cannot write nowhere/a.png"]),
        (f"{HEADLESS} --record pipe.png", ["pipe.png", "no ordinary file"]),
        (HEADLESS, ["--record FILE or --strip FILE"]),
        ("play --trap CheeseCorner --headless", ["--record FILE or --strip FILE"]),
        ("play --trap CheeseCorner --headless --record a.trace", ["nothing has been done"]),
        ("replay damaged.trace --headless --record a.png", ["damaged.trace", "is damaged"]),
        ("replay cut.trace --headless --record a.png", ["cut.trace", "cut short"]),
        ("replay foreign.trace --headless --record a.png", ["is no action trace"]),
        ("replay good.trace --headless --record a.png --salt s", ["without a salt"]),
        ("replay good.trace --headless --record a.png --level 2", ["no actions for level 2"]),
        ("replay good.trace --headless --record good.trace", ["would replace good.trace"]),
        ("replay salted.trace --headless --record a.png", ["recorded with a salt"]),
        ("replay salted.trace --headless --record a.png --salt t", ["another salt"]),
    ],
)
def test_bad_usage_is_one_line_and_destroys_nothing(command: str, words, run, traces) -> None:
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


def test_a_trace_that_is_not_there_is_no_bad_usage(run) -> None:
    code, said = run("replay nothing.trace --headless --record a.png")
    assert (code, said.count("\n"), "nothing.trace" in said) == (1, 1, True)


@pytest.mark.parametrize(("protected", "reason"), [("a.png", "protected"), (".", "its folder")])
def test_what_may_not_be_written_is_found_before_any_work(
    protected, reason, run, monkeypatch
) -> None:
    Path("a.png").write_text("before")
    there = Path(protected).resolve()

    def access(path: Path, mode: int) -> bool:
        return Path(path).resolve() != there

    monkeypatch.setattr(mesa_gym.command.os, "access", access)
    monkeypatch.setattr(viewing, "show", None)
    code, said = run(f"{HEADLESS} --record a.png")
    assert (code, reason in said) == (2, True), said
    assert Path("a.png").read_text() == "before"


@pytest.mark.parametrize(("module", "record"), [("pygame", "a.png"), ("imageio_ffmpeg", "a.gif")])
def test_a_missing_extra_is_named_before_any_work(module, record, run, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(viewing, "show", None)
    code, said = run(f"{HEADLESS} --record {record}")
    assert (code, said.count("\n")) == (2, 1)
    assert 'pip install "mesa-gym[viewer]"' in said


def test_an_interrupted_film_leaves_what_was_there(run, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    Path("a.gif").write_text("before")
    monkeypatch.setattr(WatchScreen, "draw", interrupted)
    assert run(f"{HEADLESS} --record a.gif") == (
        130,
        "mesa-gym: interrupted; nothing was written\n",
    )
    assert Path("a.gif").read_text() == "before"
    assert len(list(Path().iterdir())) == 1


def test_a_policy_that_fails_leaves_what_was_there(run) -> None:
    Path("failing_policy.py").write_text(
        "def make(trap):\n    return lambda observations: [7] * len(observations)\n"
    )
    Path("a.png").write_text("before")
    code, said = run(f"{HEADLESS} --policy failing_policy:make --record a.png")
    assert (code, "failing_policy:make" in said) == (1, True)
    assert Path("a.png").read_text() == "before"


def test_other_commands_do_without_pygame() -> None:
    code = (
        "import sys; from mesa_gym.cli import main; main(['list'])\n"
        "sys.exit('pygame' in sys.modules or 'imageio_ffmpeg' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in all_traps())
