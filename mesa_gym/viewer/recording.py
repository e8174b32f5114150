"""Recordings of episodes without a window: pictures and films."""

from __future__ import annotations

import math
import os
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.errors import require_extra
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.rendering import write_png
from mesa_gym.rendering.window import load_pygame
from mesa_gym.terminal import Progress
from mesa_gym.viewer.app import fit_scale
from mesa_gym.viewer.clock import STEPS_A_SECOND
from mesa_gym.viewer.painter import PAPER, Painter
from mesa_gym.viewer.screen import WatchScreen

# Maximum of pictures per second. Many programs slow down GIFs that have more than 50.
FILM_RATES = {".gif": 50, ".mp4": 60}
RECORDINGS = (".png", *FILM_RATES)
# Options of ffmpeg. Browsers assume BT.709 for an unmarked film; this film uses it and says so.
_INPUT = ["-v", "error", "-xerror", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
_MARKS = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
_MATRIX = ["-vf", "scale=out_color_matrix=bt709:out_range=tv"]
_QUALITY = ["-crf", "14", "-tune", "animation", "-movflags", "+faststart"]
_OUTPUT = ["-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", *_MATRIX, *_QUALITY, *_MARKS]
# Pictures of a GIF that give its palette, which all its pictures share.
PALETTE_PICTURES = 9
Picture = NDArray[np.uint8]


def require_kind(path: Path) -> str:
    """Return the suffix of a recording, in lower case; ValueError for another kind of file."""
    kind = path.suffix.lower()
    if kind not in RECORDINGS:
        raise ValueError(f"cannot record {path}: its name must end in {', '.join(RECORDINGS)}")
    return kind


def load_pillow() -> Any:
    """Return Pillow's module ``Image``, which writes GIFs."""
    with require_extra("viewer", "pillow"):
        from PIL import Image
    return Image


def find_ffmpeg() -> str:
    """Return the program that writes MP4; ImportError, with the extra's name, if it is absent."""
    with require_extra("films"):
        import imageio_ffmpeg
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def frame(screen: WatchScreen, size: tuple[int, int]) -> Picture:
    """Return the screen's picture, uint8 (height, width, 3)."""
    pygame = load_pygame()
    surface = pygame.Surface(size)
    surface.fill(PAPER)
    screen.draw(Painter(surface, fit_scale(size, 1.0)))
    pixels = np.frombuffer(pygame.image.tobytes(surface, "RGB"), dtype=np.uint8)
    return pixels.reshape(size[1], size[0], 3)


def write_recording(
    screen: WatchScreen, path: Path, size: tuple[int, int], step: int | None = None
) -> None:
    """Write a picture (``.png``) or a film (``.gif``, ``.mp4``) to a file, whole or not at all.

    The screen's dialog is closed, and all its episodes are played to the end. A picture shows
    ``step``, by default the last, and a film runs at the session's speed.

    Raises:
        ValueError: the suffix is unknown, or the step does not exist.
        ImportError: imageio-ffmpeg, which writes MP4, or Pillow, which writes GIF, is missing.
        OSError: the file cannot be written.
        PolicyError: a policy failed.
    """
    kind, session = require_kind(path), screen.session
    screen.dialog, session.clock.threaded = None, False
    session.settle()
    session.clock.playing = False
    if kind == ".png":
        last_step = session.clock.length if step is None else step
        if not 0 <= last_step <= session.clock.length:
            raise ValueError(
                f"step {last_step}: the episodes have steps 0 to {session.clock.length}"
            )
        session.clock.seek(last_step)
        write_png(path, frame(screen, size))
    else:
        _write_film(screen, path, size)


def _write_film(screen: WatchScreen, path: Path, size: tuple[int, int]) -> None:
    """Write a film up to the end of the longest episode; the last picture stays for a second."""
    session, suffix = screen.session, require_kind(path)
    stride = max(1, math.ceil(STEPS_A_SECOND * session.clock.speed / FILM_RATES[suffix]))
    steps = range(0, session.clock.length + stride, stride)
    fps = STEPS_A_SECOND * session.clock.speed / stride
    # H.264 needs even sides: the last row or column is repeated.
    odd = [(0, side % 2) for side in reversed(size)]
    even = size[0] + size[0] % 2, size[1] + size[1] % 2
    with tempfile.TemporaryDirectory(prefix="mesa-gym-") as folder:
        film = Path(folder) / f"film{suffix}"
        still = max(0, round(fps) - 1)
        frames = Progress(f"record {path.name}", len(steps) + still, "frames")
        encode = _encode_gif if suffix == ".gif" else _encode_film
        with frames as done, encode(film, even, fps) as write:
            for t in [*steps[:-1], session.clock.length]:
                session.clock.seek(t)
                last = np.pad(frame(screen, size), [*odd, (0, 0)], mode="edge").tobytes()
                write(last)
                done(1)
            for again in repeat(last, still):
                write(again)
                done(1)
        write_bytes(path, read_bytes(film))


@contextmanager
def _encode_gif(
    path: Path, size: tuple[int, int], fps: float
) -> Iterator[Callable[[bytes], object]]:
    """Yield a function that takes pictures, and write them as a GIF at the end."""
    image, packed = load_pillow(), list[bytes]()  # flat pictures take a fiftieth of the memory
    yield lambda pixels: packed.append(zlib.compress(pixels, 1))

    def unpack(pixels: bytes) -> Any:
        return image.frombytes("RGB", size, zlib.decompress(pixels))

    stride = max(1, len(packed) // PALETTE_PICTURES)
    samples = [np.asarray(unpack(pixels)) for pixels in [*packed[::stride], packed[-1]]]
    palette = image.fromarray(np.concatenate(samples)).quantize(255)
    ends = [round(100 * (at + 1) / fps) for at in range(len(packed))]  # in hundredths of a second
    first, *frames = (
        unpack(pixels).quantize(palette=palette, dither=image.Dither.NONE) for pixels in packed
    )
    first.save(
        path, save_all=True, append_images=frames, loop=0,
        duration=[10 * (end - begin) for begin, end in pairwise([0, *ends])],
    )  # fmt: skip


@contextmanager
def _encode_film(
    path: Path, size: tuple[int, int], fps: float
) -> Iterator[Callable[[bytes], object]]:
    """Yield a function that hands pictures to ffmpeg, which writes an MP4.

    Raises:
        OSError: ffmpeg failed, for example without room for temporary files.
    """
    rate = str(Fraction(fps).limit_denominator())
    source = [*_INPUT, "-s", f"{size[0]}x{size[1]}", "-r", rate, "-i", "-"]
    command = [find_ffmpeg(), *source, *_OUTPUT, str(path)]
    # A separate process group, because Ctrl-C interrupts the terminal's whole group.
    group: dict[str, Any] = {"process_group": 0} if os.name == "posix" else {}
    with subprocess.Popen(command, stdin=subprocess.PIPE, **group) as ffmpeg:
        assert ffmpeg.stdin
        try:
            with suppress(BrokenPipeError):  # ffmpeg has ended; its exit code is checked below
                yield ffmpeg.stdin.write
        except BaseException:
            ffmpeg.kill()
            raise
        finally:
            with suppress(BrokenPipeError):
                ffmpeg.stdin.close()
    if ffmpeg.returncode:
        raise OSError(
            f"ffmpeg could not write {path} (exit code {ffmpeg.returncode}): is there room for it?"
            " TMPDIR names another folder for temporary files"
        )
