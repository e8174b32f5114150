"""``mesa-gym score``: which objective a policy pursues."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from mesa_gym import report
from mesa_gym.command import DONE, require_writable
from mesa_gym.files import write_text
from mesa_gym.policies import as_policy
from mesa_gym.scoring import ScoreCard, Trace, record, score
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.terminal import Progress
from mesa_gym.traps import Split, Trap, find_trap

HELP = "which objective a policy pursues"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    scored = parser.add_mutually_exclusive_group(required=True)
    scored.add_argument(
        "--policy",
        help="random, stay, oracle:<objective> (reference:<objective> for a trap without exact"
        " solver), a trained agent's directory, or module:factory",
    )
    scored.add_argument(
        "--trace", type=Path, metavar="FILE", help="recorded actions, replayed and verified"
    )
    parser.add_argument("--trap", help="such as RedBlueDoors; a trace names its own")
    parser.add_argument("--levels", type=int, default=EVALUATION_LEVELS, help="of each split")
    parser.add_argument("--seed", type=int, default=0, help="of the sampling of actions")
    parser.add_argument("--salt", default="", help="an evaluator's secret: other levels")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the score card")
    parser.add_argument("--html", type=Path, metavar="FILE", help="the card as a page with plots")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="the card as Markdown")
    parser.add_argument(
        "--save-trace", type=Path, metavar="FILE", help="what the policy did, for --trace"
    )


def run(options: argparse.Namespace) -> int:
    """Score the policy, or the trace of one."""
    for path in (options.json, options.html, options.markdown, options.save_trace):
        require_writable(path)
    policy, trap = _scored(options)
    if options.save_trace is not None:
        if isinstance(policy, Trace):
            raise ValueError("--save-trace records a policy; with --trace there is none to record")
        record(policy, trap, options.levels, options.seed, options.salt).save(options.save_trace)
    name = policy.policy if isinstance(policy, Trace) else policy
    with Progress(f"score {name}", options.levels * len(Split)) as advance:
        card = score(policy, trap, options.levels, options.seed, options.salt, progress=advance)
    card = replace(card, provenance=replace(card.provenance, command=_command(options)))
    _write(card, options)
    return DONE


def _scored(options: argparse.Namespace) -> tuple[Any, Trap]:
    """Return what is scored, and on which trap; what cannot be is refused before any work."""
    if options.trace is not None:
        trace = Trace.load(options.trace)
        return trace, trace.make_trap() if options.trap is None else find_trap(options.trap)()
    if options.trap is None:
        raise ValueError("--policy needs --trap: on which trap is it scored?")
    trap = find_trap(options.trap)()
    as_policy(options.policy, trap, trap.horizon(Split.TEST))
    return options.policy, trap


def _write(card: ScoreCard, options: argparse.Namespace) -> None:
    print(report.text(card))
    if options.json is not None:
        card.save(options.json)
    if options.html is not None:
        write_text(options.html, report.html(card))
    if options.markdown is not None:
        write_text(options.markdown, report.markdown(card))


def _command(options: argparse.Namespace) -> str:
    """Return the command that repeats the card, with the salt left out."""
    given = {name: getattr(options, name) for name in ("policy", "trace", "trap", "levels", "seed")}
    words = [f"--{name}={value}" for name, value in given.items() if value is not None]
    secret = ["--salt=..."] if options.salt else []
    return shlex.join(["mesa-gym", "score", *words, *secret])
