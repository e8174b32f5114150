"""``mesa-gym demo``: opens the lesson in a browser."""

from __future__ import annotations

import argparse
import webbrowser

from mesa_gym.command import DONE
from mesa_gym.pages import lesson

SCREENS = (
    "Five screens: find out what pays, go to it in a new room, compare trained robots\n"
    "with yourself, watch a robot whose cheese has moved, and look inside a robot that plans."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""


def run(options: argparse.Namespace) -> int:
    """Open a one-minute lesson on goal misgeneralization in the browser."""
    if not lesson.LESSON.exists():
        print("A checkout makes the page once, in ten seconds or, on a busy machine, minutes.")
        lesson.write_lesson()
    address = lesson.LESSON.as_uri()
    opened = webbrowser.open(address)
    here = "No browser was found here. Open this file in a browser, or copy it to your machine:"
    print("In your browser:" if opened else here)
    print(f"{address}\n{SCREENS}")
    return DONE
