"""Values of a few levels, and files of the cache to look at."""

from __future__ import annotations

import os
import time
from hashlib import blake2b
from pathlib import Path

import numpy as np

from mesa_gym.solver import level_values
from mesa_gym.solver.cache import cache_folder
from mesa_gym.solver.values import SolvedValues
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner

HOUR = 3600


def solve(levels: int = 3, salt: str = "", split: Split = Split.SHIFT) -> SolvedValues:
    return level_values(CheeseCorner(), split, np.arange(levels), salt=salt)


def bits(values: SolvedValues) -> str:
    digest = blake2b()
    for name, array in values.arrays().items():
        digest.update(name.encode() + array.tobytes())
    return digest.hexdigest()


def file_of(name: str) -> Path:
    """A path that has the form of the cache's, for a made-up thing."""
    digest = blake2b(name.encode(), digest_size=16).hexdigest()
    return cache_folder() / f"Thing-v0-test-{digest}.npz"


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))
