"""What the viewer records, read back by other programs and compared with what was shown."""

from __future__ import annotations

import base64
import io
import itertools
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import imageio_ffmpeg
import numpy as np
import pygame
import pytest
from PIL import Image, ImageSequence

import mesa_gym.viewer.film
from mesa_gym.rendering import render_rgb
from mesa_gym.report.strip import strip
from mesa_gym.scoring import ENDED, SplitTrace, Trace, conflict_kinds
from mesa_gym.scoring import record as record_policy
from mesa_gym.solver import Solution
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.coin_run import CoinRun
from mesa_gym.traps.monster_world import MonsterWorld
from mesa_gym.viewer.film import write_film
from mesa_gym.viewer.pane import Seat
from mesa_gym.viewer.players import ByHand, ByPolicy, ByTrace, Player
from mesa_gym.viewer.recording import frame, frames, pace, record, shown_steps
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.strip import contact_strip, moments_of, png, svg
from mesa_gym.viewer.tracing import episode_trace
from mesa_gym.viewer.watching import WatchScreen

SIZE = (640, 420)
LEFT, DOWN, RIGHT, UP = range(4)


def watched(player: str | Player = "oracle:base", trap: Trap | None = None, **given) -> WatchScreen:
    player = ByPolicy(player) if isinstance(player, str) else player
    trap = CheeseCorner((7, 7)) if trap is None else trap
    return WatchScreen(Session(trap, [Seat(player, Split.SHIFT)], **given))


def shown(screen: WatchScreen, size=SIZE, **given) -> list[np.ndarray]:
    return list(frames(screen, size, **given))


# -- pictures --------------------------------------------------------------------------------------


def test_frames_need_no_display_and_show_every_step() -> None:
    pygame.display.quit()
    screen = watched()
    screen.session.clock, screen.session.playing = 1.0, True
    pictures = shown(screen)
    assert not pygame.display.get_init()
    session = screen.session
    assert session.pane.line.over
    assert len(pictures) == session.length + 1 > 3
    assert {(p.shape, p.dtype) for p in pictures} == {((420, 640, 3), np.dtype(np.uint8))}
    assert all((a != b).any() for a, b in itertools.pairwise(pictures))
    # What is watched stays where it was.
    assert (session.cursor, session.playing) == (1, False)
    again = shown(watched())
    assert all(np.array_equal(a, b) for a, b in zip(pictures, again, strict=True))


def test_scale_makes_the_same_sharper() -> None:
    screen = watched()
    small, large = frame(screen, SIZE), frame(screen, (1280, 840), 2.0)
    mean = large.reshape(420, 2, 640, 2, 3).mean(axis=(1, 3))
    assert np.abs(mean - small).mean() < 10


@pytest.mark.parametrize("step", [None, 0, 2])
def test_a_picture_is_of_one_step(step: int | None, tmp_path: Path) -> None:
    screen = watched()
    record(screen, tmp_path / "a.PNG", SIZE, step=step)
    with Image.open(tmp_path / "a.PNG") as image:
        assert image.mode == "RGB"
        found = np.asarray(image)
    assert np.array_equal(found, shown(screen)[-1 if step is None else step])


def test_there_is_no_picture_of_a_step_that_is_not(tmp_path: Path) -> None:
    screen = watched()
    screen.settle()
    with pytest.raises(ValueError, match=f"step 99: .*steps 0 to {screen.session.length}"):
        record(screen, tmp_path / "a.png", SIZE, step=99)
    assert not list(tmp_path.iterdir())


# -- films -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("speed", "most", "every", "fps"),
    [
        (1, 60, 1, 4),
        (0.25, 60, 1, 1),
        (8, 60, 1, 32),
        (16, 60, 2, 32),
        (64, 60, 5, 51.2),
        (64, 50, 6, 256 / 6),
    ],
)
def test_fast_films_show_fewer_steps(speed, most, every, fps) -> None:
    assert pace(speed, most) == (every, pytest.approx(fps))


def test_the_last_step_is_always_shown() -> None:
    assert shown_steps(7, 3) == [0, 3, 6, 7]
    assert shown_steps(6, 3) == [0, 3, 6]
    assert shown_steps(0, 3) == [0]


def read_gif(path: Path) -> tuple[list[np.ndarray], list[int]]:
    with Image.open(path) as image:
        assert image.info["loop"] == 0
        read = [(np.asarray(f.convert("RGB")), f.info["duration"]) for f in _each(image)]
    return [picture for picture, _ in read], [duration for _, duration in read]


def _each(image: Image.Image):
    return ImageSequence.Iterator(image)


def read_mp4(path: Path) -> tuple[list[np.ndarray], str]:
    """The pictures, and what ffmpeg says of the film."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "rawvideo"]
    read = subprocess.run([*command, "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    about = read.stderr.decode().partition("Output #0")[0]
    width, height = map(int, re.search(r", (\d+)x(\d+)", about).groups())
    return list(np.frombuffer(read.stdout, np.uint8).reshape(-1, height, width, 3)), about


def test_a_gif_is_what_was_shown(tmp_path: Path) -> None:
    screen = watched()
    screen.session.speed = 2.0
    record(screen, tmp_path / "a.gif", SIZE)
    expected = shown(screen)
    pictures, durations = read_gif(tmp_path / "a.gif")
    # 8 pictures a second, the last for a second.
    assert len(pictures) == len(expected) + 7
    assert sum(durations) == pytest.approx(125 * (len(expected) - 1) + 1000, abs=10)
    for found, wanted in zip(pictures, expected + 7 * expected[-1:], strict=True):
        assert np.abs(found - wanted.astype(float)).mean() < 1


def test_a_gif_of_few_colours_is_exact(tmp_path: Path) -> None:
    trap = CheeseCorner((7, 7))
    levels = trap.levels(Split.SHIFT, np.arange(3))
    pictures = list(render_rgb(trap.schema.planes, levels.planes, 8))
    colours = np.unique(np.concatenate(pictures).reshape(-1, 3), axis=0)
    assert len(colours) > 50
    write_film(tmp_path / "a.gif", pictures, 1)
    found, durations = read_gif(tmp_path / "a.gif")
    assert durations == [1000] * 3
    errors = [np.abs(a - b.astype(float)).max() for a, b in zip(found, pictures, strict=True)]
    assert max(errors) == 0


def test_an_mp4_is_what_was_shown_also_of_odd_sides(tmp_path: Path) -> None:
    screen = watched()
    record(screen, tmp_path / "a.mp4", (641, 421))
    expected = shown(screen, (641, 421))
    pictures, about = read_mp4(tmp_path / "a.mp4")
    assert "Video: h264" in about
    assert "yuv420p" in about
    assert "642x422" in about
    assert " 4 fps" in about
    # A second has four pictures.
    for found, wanted in zip(pictures, expected + 3 * expected[-1:], strict=True):
        assert np.abs(found[:421, :641] - wanted.astype(float)).mean() < 3
        assert np.abs(found[-1] - found[-2].astype(float)).mean() < 3


def test_a_fast_film_has_60_pictures_a_second_at_most(tmp_path: Path) -> None:
    screen = watched("stay")
    screen.session.speed = 64.0
    record(screen, tmp_path / "a.mp4", SIZE)
    pictures, about = read_mp4(tmp_path / "a.mp4")
    assert " 51.20 fps" in about
    steps = shown_steps(screen.session.length, 5)
    assert len(pictures) == len(steps) + 50


@pytest.mark.parametrize("name", ["a.gif", "a.mp4"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_unfinished_film_destroys_nothing(name, error, tmp_path: Path) -> None:
    def coming():
        yield np.zeros((20, 20, 3), dtype=np.uint8)
        raise error

    path = tmp_path / name
    path.write_text("before")
    with pytest.raises(error):
        write_film(path, coming(), 4)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["a.gif", "a.mp4"])
def test_ffmpegs_failure_destroys_nothing(name: str, tmp_path: Path, monkeypatch) -> None:
    broken = tmp_path / "ffmpeg"
    broken.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no such encoder')\n")
    broken.chmod(0o755)
    monkeypatch.setattr(mesa_gym.viewer.film, "find_ffmpeg", lambda: str(broken))
    path = tmp_path / name
    path.write_text("before")
    pictures = [np.zeros((300, 300, 3), dtype=np.uint8)] * 9
    with pytest.raises(OSError, match="ffmpeg failed: no such encoder"):
        write_film(path, pictures, 4)
    assert path.read_text() == "before"


def test_films_that_cannot_be_are_refused(tmp_path: Path, monkeypatch) -> None:
    picture = np.zeros((20, 20, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"ends in \.gif or \.mp4"):
        write_film(tmp_path / "a.avi", [picture], 4)
    with pytest.raises(ValueError, match="no pictures"):
        write_film(tmp_path / "a.gif", [], 4)
    with pytest.raises(ValueError, match="make no film"):
        write_film(tmp_path / "a.gif", [picture, picture[1:]], 4)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ImportError, match=r"mesa-gym\[viewer\]"):
        write_film(tmp_path / "a.mp4", [picture], 4)
    assert not list(tmp_path.iterdir())


# -- traces ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "trap"),
    [("oracle:corner", CheeseCorner()), ("random", CoinRun()), ("reference:base", MonsterWorld())],
)
def test_a_trace_is_what_scoring_records(policy: str, trap: Trap, tmp_path: Path) -> None:
    screen = watched(ByPolicy(policy, seed=3), trap, level=1, salt="s")
    record(screen, tmp_path / "a.trace", SIZE)
    trace = Trace.load(tmp_path / "a.trace")
    trace.verify(trap, "s")
    whole = record_policy(policy, trap, levels=2, seed=3, salt="s")
    assert np.array_equal(trace.actions_on(Split.SHIFT, [1]), whole.actions_on(Split.SHIFT, [1]))
    assert (trace.policy, trace.seed, trace.salt) == (policy, 3, whole.salt)
    assert list(trace.levels(Split.SHIFT)) == [1]
    again = watched(ByTrace(trace), trace.make_trap(), level=1, salt="s")
    again.settle()
    before, after = screen.session.pane.line, again.session.pane.line
    assert all(
        np.array_equal(a.planes, b.planes) and np.array_equal(a.hidden, b.hidden)
        for a, b in zip(before.states, after.states, strict=True)
    )
    assert [s.paid for s in before.steps] == [s.paid for s in after.steps]
    # A trace of a trace is the trace.
    assert np.array_equal(
        episode_trace(again.session.pane).actions_on(Split.SHIFT, [1]),
        trace.actions_on(Split.SHIFT, [1]),
    )


def test_what_a_person_has_not_finished_can_be_replayed_and_not_scored() -> None:
    screen = watched(ByHand())
    for action in (LEFT, DOWN, UP):
        screen.session.act(action)
    trace = episode_trace(screen.session.pane)
    assert trace.policy == "you"
    actions = trace.actions_on(Split.SHIFT, [0])[0]
    assert list(actions[:4]) == [LEFT, DOWN, UP, ENDED]
    trap = CheeseCorner((7, 7))
    trace.verify(trap, unfinished=True)
    with pytest.raises(ValueError, match="level 0, step 3: an action is missing"):
        trace.verify(trap)


def test_no_trace_has_a_gap_or_goes_on_after_the_end() -> None:
    trap = CheeseCorner((7, 7))
    whole = record_policy("oracle:base", trap, levels=2)
    done = whole.splits[Split.SHIFT]
    last = int((done.actions[1] != ENDED).sum()) - 1

    def changed(step: int, action: int) -> Trace:
        actions = done.actions.copy()
        actions[1, step] = action
        splits = {Split.SHIFT: SplitTrace(done.levels, actions)}
        return Trace(trap.name(), trap.size, {}, "mine", 0, "", splits)

    changed(last, ENDED).verify(trap, unfinished=True)
    with pytest.raises(ValueError, match="level 1, step 1: an action is missing"):
        changed(1, ENDED).verify(trap, unfinished=True)
    with pytest.raises(ValueError, match=f"ended with step {last}"):
        changed(last + 1, UP).verify(trap, unfinished=True)


def test_what_is_no_episode_of_a_level_makes_no_trace(tmp_path: Path) -> None:
    screen = watched()
    session = screen.session
    session.settle()
    session.seek(1)
    session.act((session.pane.line.steps[1].decision.action + 1) % 4)
    with pytest.raises(ValueError, match="some of this episode was done by hand"):
        record(screen, tmp_path / "a.trace", SIZE)
    session.undo()
    episode_trace(session.pane)
    session.replace(session.pane.line.states[1])
    with pytest.raises(ValueError, match="does not begin as one"):
        record(screen, tmp_path / "a.trace", SIZE)
    with pytest.raises(ValueError, match="nothing has been done"):
        record(watched(ByHand()), tmp_path / "a.trace", SIZE)
    assert not list(tmp_path.iterdir())


def test_a_replayed_trace_that_was_changed_by_hand_makes_none() -> None:
    trace = record_policy("oracle:base", CheeseCorner((7, 7)), levels=1)
    session = watched(ByTrace(trace)).session
    session.settle()
    action = session.pane.line.steps[0].decision.action
    session.act(action)
    episode_trace(session.pane)  # the same was done
    session.seek(0)
    session.act((action + 1) % 4)
    with pytest.raises(ValueError, match="done by hand"):
        episode_trace(session.pane)


# -- strips ----------------------------------------------------------------------------------------


def first_conflict(trap: Trap, actions: np.ndarray) -> int:
    """By the solution from the level's start, step by step as scoring has it."""
    start, horizon = trap.levels(Split.SHIFT, [0]), trap.horizon(Split.SHIFT)
    solution = Solution(trap, start, horizon)
    padded = np.full((1, horizon), ENDED, dtype=np.int8)
    padded[0, : len(actions)] = actions
    visited = solution.graph.follow(padded)
    values = {x: solution.action_values(x, visited) for x in trap.objectives}
    kinds = conflict_kinds(values, padded, trap.base, trap.proxies[0])
    return int((kinds[:, 0] >= 0).argmax())


@pytest.mark.parametrize(
    ("policy", "trap"), [("oracle:corner", CheeseCorner()), ("oracle:coin", CoinRun())]
)
def test_a_strip_is_that_of_the_report(policy: str, trap: Trap) -> None:
    screen = watched(policy, trap)
    screen.settle()
    pane = screen.session.pane
    actions = pane.line.actions()
    expected = strip(trap, 0, actions.tolist(), first_conflict(trap, actions))
    found = moments_of(pane)
    assert [(m.caption, m.conflict) for m in found] == [(m.caption, m.conflict) for m in expected]
    assert sum(m.conflict for m in found) == 1
    for a, b in zip(found, expected, strict=True):
        assert np.array_equal(a.picture(), b.picture())


def test_time_is_up_only_when_it_is() -> None:
    screen = watched("stay")
    screen.settle()
    limit = screen.session.trap.horizon(Split.SHIFT)
    assert moments_of(screen.session.pane)[-1].caption == f"step {limit}: time is up"
    screen = watched(ByHand())
    assert [m.caption for m in moments_of(screen.session.pane)] == ["start"]
    screen.session.act(LEFT)
    assert moments_of(screen.session.pane)[-1].caption in ("step 1", "step 1: corner +1")


def named_trace(name: str, trap: Trap) -> ByTrace:
    trace = record_policy("oracle:base", trap, levels=1, name=name)
    return ByTrace(trace)


def test_an_svg_has_its_text_as_text_and_its_pictures_in_itself() -> None:
    screen = watched(named_trace("<b>&'\"", CoinRun()), CoinRun())
    screen.settle()
    pane = screen.session.pane
    root = ElementTree.fromstring(svg(contact_strip(pane)))
    space = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in root.iter(f"{space}text")]
    assert texts[0] == "CoinRun-v0, shift level 0: <b>&'\""
    moments = moments_of(pane)
    captions = "".join(moment.caption for moment in moments)
    assert "".join(texts[1:]).replace(" ", "") == captions.replace(" ", "")
    images = list(root.iter(f"{space}image"))
    for image, moment in zip(images, moments, strict=True):
        source = image.get("{http://www.w3.org/1999/xlink}href") or ""
        kind, _, data = source.partition(",")
        assert kind == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert np.array_equal(np.asarray(picture), moment.picture())
    # Nothing overlaps, and nothing sticks out.
    boxes = [[float(image.get(k) or 0) for k in ("x", "y", "width", "height")] for image in images]
    for (x, y, w, h), (x2, y2, w2, h2) in itertools.combinations(boxes, 2):
        assert x + w < x2 or x2 + w2 < x or y + h < y2 or y2 + h2 < y
    assert max(x + w for x, _, w, _ in boxes) < float(root.get("width") or 0)
    assert max(y + h for _, y, _, h in boxes) < float(root.get("height") or 0)


def test_a_png_strip_has_the_pictures_where_the_svg_has_them() -> None:
    screen = watched("oracle:corner", CheeseCorner())
    screen.settle()
    laid = contact_strip(screen.session.pane)
    with Image.open(io.BytesIO(png(laid))) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape == (round(laid.height), round(laid.width), 3)
    assert len(laid.frames) == 6
    for each in laid.frames:
        height, width, _ = each.picture.shape
        top, left = round(each.y), round(each.x)
        assert np.array_equal(pixels[top : top + height, left : left + width], each.picture)
    for line in laid.lines:
        top, left = round(line.y), round(line.x)
        assert (pixels[top : top + round(line.size), left : left + 20] < 100).any()
    assert (pixels[-10:] > 250).all()
    assert (pixels[:, -10:] > 250).all()
