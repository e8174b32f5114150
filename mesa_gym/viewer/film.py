"""Films: pictures one after the other as GIF or MP4, by the ffmpeg that imageio-ffmpeg brings."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mesa_gym.errors import missing_extra
from mesa_gym.files import write_bytes

Picture = NDArray[np.uint8]

# Pictures a second at most. What shows GIFs slows those down that have more than 50.
MOST_A_SECOND = {".gif": 50, ".mp4": 60}
# All of a GIF has one palette, so that what does not change keeps its colour; letters and flat
# colours look better without dithering. The pictures are kept on disk while it is being found.
PALETTE = "[0:v]split[kept][seen];[seen]palettegen[palette]"
USE_PALETTE = "[0:v][1:v]paletteuse=dither=none"
# BT.709 is what browsers take a film for that is not marked, and this one is marked too.
COLOURS = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
MARKS = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
H264 = ["-c:v", "libx264", "-crf", "14", "-tune", "animation", *MARKS, "-movflags", "+faststart"]


def find_ffmpeg() -> str:
    """Return where ffmpeg is.

    Raises:
        ImportError: imageio-ffmpeg is not installed; the message names the extra.
        OSError: it brought no ffmpeg for this machine.
    """
    try:
        import imageio_ffmpeg
    except ImportError:
        raise missing_extra("imageio-ffmpeg", "viewer") from None
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise OSError(f"there is no ffmpeg to make a film with: {error}") from None


def write_film(path: Path, frames: Iterable[Picture], fps: float) -> None:
    """Write a film, whole or not at all; its last picture is held for a second.

    An MP4 is H.264 that browsers play, which needs even sides: a picture of odd ones repeats its
    last row or column. A GIF repeats without end, and has 255 colours.

    Args:
        path: ends in ``.gif`` or ``.mp4``.
        frames: uint8 (height, width, 3), at least one, all of one size.
        fps: pictures a second.

    Raises:
        ValueError: another kind of file, no pictures, or pictures of several sizes.
        ImportError: imageio-ffmpeg is not installed.
        OSError: ffmpeg failed, or the file cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in ENCODERS:
        raise ValueError(f"{path}: a film's name ends in {' or '.join(ENCODERS)}")
    ffmpeg, rate = find_ffmpeg(), str(Fraction(fps).limit_denominator(1000))
    coming = iter(frames)
    first = next(coming, None)
    if first is None:
        raise ValueError(f"{path}: there are no pictures to make a film of")
    held = _held(chain([first], coming), max(0, round(fps) - 1))
    with tempfile.TemporaryDirectory(prefix="mesa-gym-") as folder:
        made = Path(folder) / f"film{kind}"
        ENCODERS[kind](ffmpeg, made, held, rate)
        write_bytes(path, made.read_bytes())


def _held(frames: Iterable[Picture], more: int) -> Iterator[Picture]:
    """Yield the pictures, and the last one some times more."""
    first = None
    for frame in frames:
        first = frame if first is None else first
        if frame.shape != first.shape:
            raise ValueError(f"pictures of {first.shape} and {frame.shape} make no film")
        yield frame
    for _ in range(more):
        yield frame


def _write_gif(ffmpeg: str, path: Path, frames: Iterator[Picture], rate: str) -> None:
    kept, palette = str(path.with_name("frames.nut")), str(path.with_name("palette.png"))
    both = ["-map", "[kept]", "-c:v", "ffv1", kept, "-map", "[palette]", "-update", "1", palette]
    _encode(ffmpeg, frames, rate, ["-filter_complex", PALETTE, *both])
    use = ["-i", kept, "-i", palette, "-filter_complex", USE_PALETTE, str(path)]
    _run([ffmpeg, "-v", "error", "-y", *use])


def _write_mp4(ffmpeg: str, path: Path, frames: Iterator[Picture], rate: str) -> None:
    even = (np.pad(f, [(0, n % 2) for n in f.shape[:2]] + [(0, 0)], mode="edge") for f in frames)
    _encode(ffmpeg, even, rate, ["-vf", COLOURS, *H264, str(path)])


ENCODERS: dict[str, Callable[[str, Path, Iterator[Picture], str], None]] = {
    ".gif": _write_gif,
    ".mp4": _write_mp4,
}


def _encode(ffmpeg: str, frames: Iterator[Picture], rate: str, output: list[str]) -> None:
    """Run ffmpeg on pictures that it is fed."""
    first = next(frames)
    height, width, _ = first.shape
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", rate, "-i", "-"]
    _run([ffmpeg, "-v", "error", "-y", *raw, *output], chain([first], frames))


def _run(command: list[str], frames: Iterable[Picture] = ()) -> None:
    with tempfile.TemporaryFile() as said:
        # In a session of its own, so that Ctrl-C is for this process to deal with.
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        assert process.stdin is not None
        try:
            # What breaks the pipe is ffmpeg's end, which says why.
            with suppress(BrokenPipeError):
                for frame in frames:
                    process.stdin.write(frame.tobytes())
            with suppress(BrokenPipeError):
                process.stdin.close()
            code = process.wait()
        except BaseException:
            process.kill()
            with suppress(BrokenPipeError):
                process.stdin.close()
            process.wait()
            raise
        if code:
            said.seek(0)
            reason = said.read().decode(errors="replace").strip().splitlines()
            raise OSError(f"ffmpeg failed: {reason[-1] if reason else f'exit code {code}'}")
