"""``mesa-gym serve``: a server of traps for language models."""

from __future__ import annotations

import argparse
from pathlib import Path

from mesa_gym.command import DONE, require_writable
from mesa_gym.envs.checks import integer


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: this machine alone)")
    add("--port", type=int, default=8000, help="port (default: %(default)s)")
    add("--sessions", type=int, default=64, help="sessions at once (default: %(default)s)")
    add("--log", type=Path, metavar="FILE", help="add each episode to a log")


def run(options: argparse.Namespace) -> int:
    """Serve traps to language models by OpenEnv, many sessions at once."""
    integer("port", options.port, 1, 65535)
    integer("sessions", options.sessions, 1, 10_000)
    require_writable(options.log)

    from mesa_gym.openenv import serve  # which needs an extra

    serve(options.host, options.port, options.sessions, options.log)
    return DONE
