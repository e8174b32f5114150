"""Setuptools as the build's backend, without files that an earlier build left in ``build/lib``.

Setuptools packs the whole of ``build/lib``, also a module that the checkout does not have any more.
"""

import shutil
from pathlib import Path

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]
LEFT = Path("build", "lib")


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Build the wheel of the checkout alone; returns its file name."""
    shutil.rmtree(LEFT, ignore_errors=True)
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)
