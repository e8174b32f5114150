"""``mesa-gym demo``: the lesson, in a browser."""

from __future__ import annotations

import argparse
import webbrowser

from mesa_gym.command import DONE
from mesa_gym.pages import lesson


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""


def run(options: argparse.Namespace) -> int:
    """Open a one-minute lesson on goal misgeneralization in the browser."""
    if not lesson.LESSON.exists():
        print("A checkout makes the page once, which takes ten seconds.")
        lesson.write_lesson()
    address = lesson.LESSON.as_uri()
    if not webbrowser.open(address):
        print("No browser was found here. Open this page in one:")
    print(address)
    return DONE
