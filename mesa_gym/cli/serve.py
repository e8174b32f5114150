"""``mesa-gym serve``: starts a server of traps for language models."""

from __future__ import annotations

import argparse
import os
import re

from mesa_gym.command import DONE, require_writable
from mesa_gym.envs.checks import integer
from mesa_gym.errors import shorten
from mesa_gym.files import locate_path, read_bytes
from mesa_gym.language.door import list_origins, require_token
from mesa_gym.traps import find_trap

MOST_IDLE = 30 * 24 * 3600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: this machine alone)")
    add("--port", type=int, default=8000, help="port (default: %(default)s)")
    add("--sessions", type=int, default=64, help="sessions at once (default: %(default)s)")
    add("--log", type=locate_path, metavar="FILE", help="add each episode to a log")
    help_text = "let a trap of yours be asked for, such as my_traps.py:Mushrooms"
    add("traps", nargs="*", metavar="TRAP", help=help_text)
    help_text = (
        "pages that may send requests, besides the server's own, such as http://localhost:3000"
    )
    add("--origin", nargs="+", default=[], metavar="ORIGIN", help=help_text)
    token = parser.add_mutually_exclusive_group().add_argument
    token_help = "ask each request for it, as `Authorization: Bearer TOKEN`; others see it in `ps`"
    token("--token", help=f"{token_help} (default: MESA_GYM_TOKEN, or none)")
    token("--token-file", type=locate_path, metavar="FILE", help="read the token from a file")
    help_text = "seconds without a message after which a session ends (default: %(default)s)"
    add("--idle", type=int, default=3600, help=help_text)


def run(options: argparse.Namespace) -> int:
    """Let language models play: serve traps by OpenEnv, many sessions at once."""
    integer("port", options.port, 1, 65535)
    integer("sessions", options.sessions, 1, 10_000)
    integer("idle", options.idle, 1, MOST_IDLE)
    require_writable(options.log)
    for origin in options.origin:
        if not re.fullmatch(r"https?://[^/\s]+", origin):
            raise ValueError(f"--origin {shorten(origin)}: expected such as http://localhost:3000")
    for trap in options.traps:
        find_trap(trap)  # imports its file, which is safe, as the user named it

    token, origins = _read_token(options), list_origins(options.host, options.port)

    from mesa_gym.language.server import make_server, serve  # needs an extra

    settings = options.log, origins | {*options.origin}, token, options.idle
    serve(make_server(options.sessions, *settings), options.host, options.port)
    return DONE


def _read_token(options: argparse.Namespace) -> str | None:
    """Return the token from the options or from MESA_GYM_TOKEN; None without a token."""
    token: str | None = options.token
    if options.token_file is not None:
        token = read_bytes(options.token_file).decode()
    elif token is None:
        token = os.environ.get("MESA_GYM_TOKEN")
    require_token(token)
    return None if token is None else token.strip()
