"""Pictures and films, read back by other programs and compared with what was shown."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pygame
import pytest
from PIL import Image, ImageSequence
from recorded import SIZE, watched

import mesa_gym.viewer.film
from mesa_gym.rendering import render_rgb
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.viewer.film import write_film
from mesa_gym.viewer.recording import frame, frames, pace, record, shown_steps
from mesa_gym.viewer.watching import WatchScreen


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
    pictures = list(render_rgb(trap, levels, 8))
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
