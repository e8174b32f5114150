"""The wheel and the source distribution of a release, and environments to install them into."""

import json
import os
import shutil
import subprocess
import sys
from email.parser import BytesParser
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]


class Built(NamedTuple):
    """The two files."""

    wheel: Path
    sdist: Path

    def metadata(self):
        """Return the metadata that a package index gets."""
        with ZipFile(self.wheel) as wheel:
            (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            return BytesParser().parsebytes(wheel.read(name))


def checkout():
    """Every file of the checkout that is not ignored, committed or not."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {name for name in names.split("\0") if (ROOT / name).is_file()}


def build(folder):
    """Build both from a copy: the wheel from the source distribution, in seconds and offline."""
    source, made = folder / "source", folder / "dist"
    for name in checkout():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", made, source)
    (wheel,), (sdist,) = made.glob("*.whl"), made.glob("*.tar.gz")
    return Built(wheel, sdist)


def run(*command, cwd=None, code=0):
    """Return what a command prints, outside of the checkout; its exit code must be ``code``.

    A command that runs in a folder keeps its solver's cache there.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if cwd is not None:
        environment["MESA_GYM_CACHE"] = str(cwd / "cache")
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == code, f"{command} exited {done.returncode}:\n{done.stdout}"
    return done.stdout


# -- installed -------------------------------------------------------------------------------------


class Installed:
    """An environment; as a context manager it is deleted afterwards, since some take gigabytes.

    Attributes:
        bin: where its commands are.
        home: an empty folder in which they run.
    """

    def __init__(self, folder, *requirements, python=sys.executable):
        self.bin, self.home = folder / "venv" / "bin", folder / "home"
        self.home.mkdir(parents=True)
        run(python, "-m", "venv", folder / "venv")
        self.run("python", "-m", "pip", "install", "--quiet", *requirements)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.bin.parent)

    def run(self, command, *arguments, code=0):
        """Return what one of its commands prints; its exit code must be ``code``."""
        return run(self.bin / command, *arguments, cwd=self.home, code=code)

    def python(self, code):
        """Run Python code with warnings as errors, and return its output."""
        return self.run("python", "-W", "error", "-c", code)

    def names(self):
        """Return the names of all that is installed."""
        return {each["name"] for each in json.loads(self.run("pip", "list", "--format", "json"))}


def pinned():
    """The options that give the versions which the project is run with."""
    return ["-c", str(ROOT / "constraints.txt")]


def interpreter(version):
    """A Python of this version, such as 3.12; where there is none the test is skipped."""
    found = shutil.which(f"python{version}")
    # A name on the path may be a launcher that has no such version to launch.
    if found is None or subprocess.run([found, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"no python{version} on this machine")
    return found
