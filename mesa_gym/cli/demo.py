"""``mesa-gym demo``: the lesson, in a browser."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path

from mesa_gym.command import DONE

# Written by ``python -m docs.lesson``, which needs the library of trained agents.
LESSON = Path(__file__).parents[1] / "viewer" / "pages" / "lesson.html"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: there are none."""


def run(options: argparse.Namespace) -> int:
    """Open a one-minute lesson on goal misgeneralization in the browser."""
    address = LESSON.as_uri()
    if not webbrowser.open(address):
        print("No browser was found here. Open this page in one:")
    print(address)
    return DONE
