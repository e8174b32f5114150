"""``mesa-gym watch`` and ``play`` as a user types them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pygame
import pytest
from PIL import Image

import mesa_gym.viewer
from mesa_gym.envs.observations import make_observation
from mesa_gym.logs import save_episodes
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.viewer.app import App, LoadingScreen
from mesa_gym.viewer.mapfile import save_map
from tests.support.commands import HEADLESS, SMALL, save_plays


@pytest.fixture
def windows(monkeypatch):
    """A hidden display, and a list of actions in its frames, after which the window closes."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.quit()
    doings = []
    frame = App.frame

    def framed(app, seconds):
        if isinstance(app.screen, LoadingScreen):
            pass
        elif doings:
            doings.pop(0)(app)
        else:
            pygame.event.post(pygame.event.Event(pygame.QUIT))
        frame(app, 0.0)

    monkeypatch.setattr(App, "frame", framed)
    monkeypatch.setattr(App, "_await", lambda app, seconds: None)
    yield doings
    assert not pygame.display.get_init()


def picture(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


# -- headless --------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_every_file_kind_is_recorded_headless(run, monkeypatch):
    pytest.importorskip("imageio_ffmpeg")
    monkeypatch.setattr("mesa_gym.viewer.app.open_window", None)
    pygame.display.quit()
    for name in ("a.png", "a.gif", "a.mp4"):
        code, told = run(f"{HEADLESS} --record {name} --policy oracle:corner")
        assert (code, re.sub(r"record \S+: 0 of \d+ frames\n", "", told)) == (0, "")
    assert not pygame.display.get_init()
    assert picture("a.png").shape == (420, 640, 3)
    assert {path.name for path in Path().iterdir()} == {"a.png", "a.gif", "a.mp4"}


@pytest.mark.thorough
def test_each_viewer_option_changes_the_picture(run):
    def seen(more, command=HEADLESS):
        assert run(f"{command} --record a.png {more}") == (0, "")
        return picture("a.png")

    start = seen("--step 0")
    assert np.array_equal(start, seen("--step 0 --split shift --level 0 --policy oracle:base"))
    for more in (
        "",
        "--step 0 --level 1",
        "--step 0 --split train",
        "--step 0 --salt secret",
        "--step 0 --no-panel",
        "--step 0 --overlays heat:cheese",
        "--step 0 --beside splits",
        "--step 0 --beside oracles",
        "--step 0 --split bare",
        "--step 0 --split alone:corner",
        "--step 0 --beside random",
        "--step 0 --speed 2",
    ):
        assert not np.array_equal(start, seen(more)), more
    assert not np.array_equal(seen("--policy random"), seen("--policy random --seed 1"))
    dish = f"watch CheeseDish {SMALL} --headless --step 0"
    assert not np.array_equal(seen("", dish), seen("--beside twins", dish))
    assert seen("--size 700x500 --step 0").shape == (500, 700, 3)


# -- recorded episodes and maps --------------------------------------------------------------------


def test_replay_shows_recorded_actions(run):
    pytest.importorskip("imageio_ffmpeg")
    episodes = save_plays("oracle:corner", Path("whole.jsonl"))
    tests = [each for each in episodes if (each.play, each.level) == ("test", 1)]
    save_episodes(Path("test.jsonl"), tests)
    shown = f"{SMALL} --headless --no-panel --overlays path"
    # The first split is shown where there is no shift.
    for file, split in (("whole.jsonl --level 1", "shift"), ("test.jsonl", "test")):
        assert run(f"watch --episodes {file} {shown} --record a.png")[0] == 0
        watched = f"watch CheeseCorner --policy oracle:corner --split {split} --level 1"
        assert run(f"{watched} {shown} --record b.png")[0] == 0
        assert np.array_equal(picture("a.png"), picture("b.png"))
    assert (
        run(f"watch --episodes whole.jsonl {SMALL} --headless --beside splits --record a.gif")[0]
        == 0
    )


def test_watch_from_a_map_continues_its_state(run):
    trap = CheeseCorner()
    state = trap.step(trap.levels(Split.SHIFT, [3]), np.array([1])).state
    save_map(Path("a.map"), trap, state)
    given = "CheeseCorner --map a.map --headless"
    for command in (f"watch --policy oracle:corner --beside oracles {SMALL}", f"play {SMALL}"):
        assert run(f"{command} {given} --record a.png --step 0") == (0, "")
        at_start = picture("a.png")
    assert run(f"{HEADLESS} --level 3 --record b.png --step 0") == (0, "")
    assert not np.array_equal(at_start, picture("b.png"))
    for more, words in (
        ("--level 3", "leave out --level"),
        ("--beside splits", "a map is of one split"),
    ):
        code, said = run(f"watch {given} --record c.png {more}")
        assert (code, words in said) == (2, True), said
    drawn = make_observation(trap, "text").encode(state)[0]
    Path("seen.txt").write_text(f"{drawn}\nAnswer with one action.")
    shown = f"{HEADLESS} --map seen.txt --record c.png --step 0"
    assert run(shown) == (0, "")
    seen = picture("c.png")
    Path("seen.txt").write_text("\n".join(["#" * 9, "#A#c    #", "###     #"] + ["#" * 9] * 6))
    code, said = run(shown)
    assert (code, "seen.txt: no target can be reached here" in said) == (0, True), said
    assert not np.array_equal(seen, picture("c.png"))
    Path("a.map").write_text("no map")
    code, said = run(f"watch {given} --record c.png")
    assert (code, said.count("\n"), "a.map" in said) == (2, 1, True)


# -- windows ---------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_window_is_recorded_when_closed(run, windows):
    windows += [lambda app: app.screen.session.act(0), lambda app: app.screen.session.act(3)]
    shown = f"{SMALL} --overlays path"
    assert run(f"play CheeseCorner {shown} --record a.png") == (0, "")
    assert run(f"play CheeseCorner {shown} --headless --record b.png") == (0, "")
    assert picture("a.png").shape == (420, 640, 3)
    assert not np.array_equal(picture("a.png"), picture("b.png"))
    # Another level was gone to before the window was closed.
    windows.append(lambda app: app.screen.session.next_level())
    assert run(f"watch CheeseCorner {shown} --no-panel --record c.png") == (0, "")
    assert run(f"watch CheeseCorner {shown} --no-panel --headless --level 1 --record d.png")[0] == 0
    assert np.array_equal(picture("c.png"), picture("d.png"))


@pytest.mark.thorough
def test_window_opens_from_python(windows):
    seen = []
    windows.append(lambda app: seen.append(app.screen))
    mesa_gym.viewer.watch(
        lambda observation: np.zeros(len(observation), int), "CoinRun", "train", 5
    )
    pane = seen[0].session.pane
    pane.line.grow(3)
    assert (pane.trap.name(), pane.level, pane.seat.split) == ("CoinRun-v0", 5, Split.TRAIN)
    assert list(pane.line.actions()[:3]) == [0, 0, 0]


@pytest.mark.thorough
def test_watch_without_display_says_one_line():
    begin = [sys.executable, "-m", "mesa_gym", "watch", "CoinRun"]
    names = ("XDG_RUNTIME_DIR", "DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    env = {name: value for name, value in os.environ.items() if name not in names}
    ended = subprocess.run(begin, env=env, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.fullmatch("mesa-gym: there is no display .*\n", ended.stderr)


def test_watch_without_display_is_explained(run, monkeypatch):
    pygame.display.quit()
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    monkeypatch.setenv("DISPLAY", ":987")
    for command in ("watch CoinRun --record a.png", "play CoinRun"):
        code, said = run(command)
        assert code == 1
        assert "no display" in said.splitlines()[-1]
        assert "--headless --record FILE" in said
    assert "unknown play 'shifted'" in run("watch CoinRun --split shifted")[1]
    assert not list(Path().iterdir())
