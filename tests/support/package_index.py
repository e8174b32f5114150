"""Whether tests that install packages can: an index, or what pip is told to look at."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"


@cache
def is_index_reached():
    """Return whether pip finds a package that every installation needs."""
    with TemporaryDirectory() as folder:
        words = ["-m", "pip", "download", "--quiet", "--no-deps", "--retries", "0", "msgspec"]
        command = [sys.executable, *words, "-c", CONSTRAINTS, "--dest", folder]
        return subprocess.run(command, capture_output=True).returncode == 0


def require_index():
    """Skip the test if pip can install nothing from here, rather than not one package."""
    if not is_index_reached():
        pytest.skip("pip reaches no package index from here")
