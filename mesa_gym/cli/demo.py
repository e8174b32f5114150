"""``mesa-gym demo``: opens the lesson in a browser."""

from __future__ import annotations

import argparse
import webbrowser

from mesa_gym.command import DONE, require_writable
from mesa_gym.files import locate_path, require_ours, write_text
from mesa_gym.pages.lesson import LESSON_MARK, make_lesson

SCREENS = (
    "Five screens: find out what pays, go to it in a new room, compare trained robots\n"
    "with yourself, watch a robot whose cheese has moved, and look inside a robot that plans."
)
NO_BROWSER = "No browser was found here. Open this file in a browser, or copy it to your machine:"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    # A browser in a sandbox cannot read hidden folders, such as the cache, and /tmp.
    out = "the page, one HTML file (default: %(default)s)"
    parser.add_argument("--out", type=locate_path, default="lesson.html", metavar="FILE", help=out)


def run(options: argparse.Namespace) -> int:
    """Take a one-minute lesson on goal misgeneralization in your browser."""
    require_writable(options.out)
    require_ours(options.out.parent, {options.out.name: LESSON_MARK})
    write_text(options.out, make_lesson())
    address = options.out.absolute().as_uri()
    opened = webbrowser.open(address)
    print("In your browser:" if opened else NO_BROWSER)
    print(f"{address}\n{SCREENS}")
    return DONE
