"""Virtual environments with nothing but what was asked for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaged import ROOT, run
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

INSTALLED = """
import json
from importlib.metadata import distributions
print(json.dumps({d.name: d.requires or [] for d in distributions()}))
"""


class Installed:
    """An environment; as a context manager it is gone afterwards, since some take gigabytes.

    Attributes:
        bin: where its commands are.
        home: an empty folder in which they run.
    """

    def __init__(self, folder: Path, *requirements: str, python: str = sys.executable) -> None:
        self.bin, self.home = folder / "venv" / "bin", folder / "home"
        self.home.mkdir(parents=True)
        run(python, "-m", "venv", folder / "venv")
        self.run("python", "-m", "pip", "install", "--quiet", *requirements)

    def __enter__(self) -> Installed:
        return self

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.bin.parent)

    def run(self, command: str, *arguments: str | Path, code: int = 0) -> str:
        """What one of its commands prints; its exit code must be ``code``."""
        return run(self.bin / command, *arguments, cwd=self.home, code=code)

    def python(self, code: str) -> str:
        """What Python code prints in which a warning is an error."""
        return self.run("python", "-W", "error", "-c", code)

    def names(self) -> set[str]:
        """What is installed, apart from what every new environment has."""
        return set(self._installed()) - {"pip", "setuptools"}

    def needed(self, name: str) -> set[str]:
        """What a distribution without extras brings to this Python, itself included."""
        requires, found, new = self._installed(), set[str](), {name}
        while new:
            found |= new
            needs = [Requirement(line) for name in new for line in requires[name]]
            wanted = {canonicalize_name(need.name) for need in needs if _wanted(need)}
            new = wanted - found
        return found

    def _installed(self) -> dict[str, list[str]]:
        listed = json.loads(self.run("python", "-c", INSTALLED))
        return {canonicalize_name(name): needs for name, needs in listed.items()}


def _wanted(need: Requirement) -> bool:
    return need.marker is None or need.marker.evaluate({"extra": ""})


def pinned() -> list[str]:
    """The options that give the versions which the project is run with."""
    return ["-c", str(ROOT / "constraints.txt")]


def interpreter(version: str) -> str:
    """A Python of this version, such as 3.12; where there is none the test is skipped."""
    found = shutil.which(f"python{version}")
    # A name on the path may be a launcher that has no such version to launch.
    if found is None or subprocess.run([found, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"no python{version} on this machine")
    return found
