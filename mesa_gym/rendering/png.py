"""Writer of PNG files (ISO/IEC 15948), which needs only zlib."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

import numpy as np

from mesa_gym.engine import Bytes
from mesa_gym.files import locate_path, write_bytes


def write_png(path: Path | str, picture: Bytes) -> None:
    """Write a picture, such as a frame that ``render()`` returned, as a PNG file.

    Args:
        path: the file's path; the file is written whole or not at all, and folders are created.
        picture: uint8 (height, width, 3), red, green and blue.

    Raises:
        ValueError: the array is not such a picture.
        OSError: the file cannot be written.
    """
    write_bytes(locate_path(path), png(picture))


def png(picture: Bytes) -> bytes:
    """Return the bytes of a PNG file of a picture, as ``write_png`` takes it."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        description = f"{picture.dtype} {picture.shape}"
        raise ValueError(
            f"a picture is uint8 (height, width, 3), red, green and blue; got {description}"
        )
    height, width, _ = picture.shape
    # Each row begins with the number of its filter; 0 leaves the bytes as they are.
    rows = np.pad(picture.reshape(height, 3 * width), ((0, 0), (1, 0)))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, RGB
    file = b"\x89PNG\r\n\x1a\n"
    for chunk in (b"IHDR" + header, b"IDAT" + zlib.compress(rows.tobytes(), 6), b"IEND"):
        file += struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return file


def data_uri(picture: Bytes) -> str:
    """Return a picture as a ``data:`` URI, which a page can contain."""
    return "data:image/png;base64," + base64.b64encode(png(picture)).decode()
