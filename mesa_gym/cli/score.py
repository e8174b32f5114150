"""``mesa-gym score``: which objective a policy pursues."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from mesa_gym import report
from mesa_gym.cli import POLICIES
from mesa_gym.command import DONE, require_writable
from mesa_gym.errors import shorten_text
from mesa_gym.files import write_text
from mesa_gym.report.page import load_jinja2
from mesa_gym.scoring import Trace, record, score
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.terminal import Progress
from mesa_gym.traps import Split, Trap, find_trap


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    scored = parser.add_mutually_exclusive_group(required=True)
    scored.add_argument("--policy", help=f"{POLICIES}; or, with --algo, a model.zip")
    scored.add_argument("--trace", type=Path, metavar="FILE", help="recorded actions")
    add = parser.add_argument
    add("--algo", help="what loads a model.zip of Stable-Baselines3, such as ppo")
    add("--trap", help="such as RedBlueDoors; a trace names its own")
    add(
        "--levels", type=int, default=EVALUATION_LEVELS, help="of each split (default: %(default)s)"
    )
    add("--seed", type=int, default=0, help="of the sampling of actions (default: %(default)s)")
    add("--salt", default="", help="an evaluator's secret: other levels")
    add("--json", type=Path, metavar="FILE", help="write the score card")
    add("--html", type=Path, metavar="FILE", help="write the card as a page with plots")
    add("--markdown", type=Path, metavar="FILE", help="write the card as Markdown")
    add("--save-trace", type=Path, metavar="FILE", help="write what the policy did, for --trace")


def run(options: argparse.Namespace) -> int:
    """Say which objective a policy pursues, or the one that a trace was recorded of."""
    # What cannot be is refused before any work.
    for path in (options.json, options.html, options.markdown, options.save_trace):
        require_writable(path)
    if options.html is not None or options.markdown is not None:
        load_jinja2()
    policy, trap = _find_subject(options)
    given = {"levels": options.levels, "seed": options.seed, "salt": options.salt}
    if options.save_trace is not None:
        record(policy, trap, **given, algo=options.algo).save(options.save_trace)
    name = policy.policy if isinstance(policy, Trace) else policy
    with Progress(f"score {shorten_text(name)}", options.levels * len(Split)) as advance:
        card = score(policy, trap, **given, algo=options.algo, progress=advance)
    card = replace(card, provenance=replace(card.provenance, command=_command(options)))
    print(card)
    if options.json is not None:
        card.save(options.json)
    if options.html is not None:
        write_text(options.html, report.html(card))
    if options.markdown is not None:
        write_text(options.markdown, report.markdown(card))
    return DONE


def _find_subject(options: argparse.Namespace) -> tuple[Any, Trap]:
    """Return what is scored, and on which trap."""
    if options.trace is None:
        if options.trap is None:
            raise ValueError("--policy needs --trap: on which trap is it scored?")
        return options.policy, find_trap(options.trap)()
    for name in ("algo", "save_trace"):
        if getattr(options, name) is not None:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} is for a policy; leave it out, or use --policy")
    trace = Trace.load(options.trace)
    return trace, trace.make_trap() if options.trap is None else find_trap(options.trap)()


def _command(options: argparse.Namespace) -> str:
    """Return the command that repeats the card, with the salt left out."""
    names = ("policy", "algo", "trace", "trap", "levels", "seed")
    given = {name: getattr(options, name) for name in names}
    words = [f"--{name}={value}" for name, value in given.items() if value is not None]
    secret = ["--salt=..."] if options.salt else []
    return shlex.join(["mesa-gym", "score", *words, *secret])
