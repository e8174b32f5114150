"""The build backend: setuptools', whose archives are then the same bytes for the same checkout."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from archives import unpack, write
from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403

# A wheel has the modes of files that are written here.
os.umask(0o022)


def build_sdist(sdist_directory: str, config_settings: dict[str, Any] | None = None) -> str:
    """Build the source distribution, and pack it again without user and time."""
    name = build_meta.build_sdist(sdist_directory, config_settings)
    archive = Path(sdist_directory) / name
    write(archive, unpack(archive))
    return name
