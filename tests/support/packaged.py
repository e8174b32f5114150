"""The wheel and the source distribution as a release makes them, from what git would commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

ROOT = Path(__file__).parents[2]


class Built(NamedTuple):
    """Where the two files are."""

    wheel: Path
    sdist: Path

    def metadata(self) -> Message:
        """What a package index is told."""
        with ZipFile(self.wheel) as wheel:
            (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            return BytesParser().parsebytes(wheel.read(name))


def checkout() -> set[str]:
    """Every file of the checkout that is not ignored, committed or not."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {name for name in names.split("\0") if (ROOT / name).is_file()}


def build(folder: Path) -> Built:
    """Build both from a copy: the wheel from the source distribution, in seconds and offline."""
    source, made = folder / "source", folder / "dist"
    for name in checkout():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", made, source)
    (wheel,), (sdist,) = made.glob("*.whl"), made.glob("*.tar.gz")
    return Built(wheel, sdist)


def run(*command: str | Path, cwd: Path | None = None, code: int = 0) -> str:
    """What a command prints, outside of the checkout; its exit code must be ``code``.

    Where it runs in a folder, what it solves is kept there: no command reads another's values.
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
