"""What the commands of the benchmarks share: options that are checked as they are read."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def count(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def folder(text: str) -> Path:
    """A folder, which need not exist."""
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a file; expected a folder")
    return path


def say(line: str) -> None:
    """A line on standard error."""
    print(line, file=sys.stderr, flush=True)
