"""``mesa-gym play``: lets the user play levels."""

from __future__ import annotations

import argparse

from mesa_gym.cli.trap_arguments import read_trap
from mesa_gym.cli.watch import add_window_arguments, show_window


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_window_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Play a trap by hand."""
    return show_window(options, read_trap(options), "the level")
