"""``mesa-gym score``: which objective a policy pursues, or several on several traps."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from mesa_gym import report
from mesa_gym.cli import POLICIES
from mesa_gym.command import DONE, require_writable
from mesa_gym.errors import shorten_text
from mesa_gym.files import write_text
from mesa_gym.policies import read_policy_file
from mesa_gym.report.page import load_jinja2
from mesa_gym.scoring import Cards, ScoreCard, Trace, evaluate, record, score
from mesa_gym.scoring.intervals import load_special
from mesa_gym.scoring.trace import name_of
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.terminal import Progress
from mesa_gym.traps import Split, Trap, find_trap


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    scored = parser.add_mutually_exclusive_group(required=True)
    told = f"{POLICIES}; or, with --algo, a model.zip; several give a table"
    scored.add_argument("--policy", nargs="+", metavar="P", help=told)
    scored.add_argument("--trace", type=Path, metavar="FILE", help="recorded actions")
    add = parser.add_argument
    add("--algo", help="what loads a model.zip of Stable-Baselines3, such as ppo")
    told = "such as RedBlueDoors; several give a table; a trace names its own"
    add("--trap", nargs="+", metavar="T", help=told)
    add("--size", type=int, metavar="N", help="cells a side, an odd number (default: the trap's)")
    add(
        "--levels", type=int, default=EVALUATION_LEVELS, help="of each split (default: %(default)s)"
    )
    add("--seed", type=int, default=0, help="of the sampling of actions (default: %(default)s)")
    add("--salt", default="", help="an evaluator's secret: other levels")
    add("--json", type=Path, metavar="FILE", help="write the score card, or a list of them")
    add("--html", type=Path, metavar="FILE", help="write the card as a page with plots")
    add("--markdown", type=Path, metavar="FILE", help="write the card, or the table, as Markdown")
    add("--save-trace", type=Path, metavar="FILE", help="write what the policy did, for --trace")


def run(options: argparse.Namespace) -> int:
    """Say which objective a policy pursues, or the one that a trace was recorded of."""
    # What cannot be is refused before any work.
    for path in (options.json, options.html, options.markdown, options.save_trace):
        require_writable(path)
    if options.html is not None or options.markdown is not None:
        load_jinja2()
    if len(options.policy or ()) > 1 or len(options.trap or ()) > 1:
        return _score_several(options)
    policy, trap = _find_subject(options)
    given = {"levels": options.levels, "seed": options.seed, "salt": options.salt}
    if options.save_trace is not None:
        record(policy, trap, **given, algo=options.algo).save(options.save_trace)
    with Progress(f"score {shorten_text(name_of(policy))}", options.levels * len(Split)) as advance:
        card = score(policy, trap, **given, algo=options.algo, progress=advance)
    card = _add_command(card, options)
    print(card)
    if options.json is not None:
        card.save(options.json)
    if options.html is not None:
        write_text(options.html, report.html(card))
    if options.markdown is not None:
        write_text(options.markdown, report.markdown(card))
    return DONE


def _score_several(options: argparse.Namespace) -> int:
    """Print a table with a row for each agent on each trap; seeds of an agent share a row."""
    for name in ("html", "save_trace", "trace"):
        if getattr(options, name) is not None:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} goes with one policy on one trap; leave it out")
    if options.trap is None:
        raise ValueError("--policy needs --trap: on which traps are they scored?")
    load_special()
    traps = [cls(options.size) for cls in dict.fromkeys(map(find_trap, options.trap))]
    named = _name_policies(options.policy, [trap.name() for trap in traps])
    given = {"levels": options.levels, "seed": options.seed, "salt": options.salt}
    cards = evaluate(named, traps, **given, algo=options.algo)
    cards = Cards(_add_command(card, options) for card in cards)
    print(report.table(cards, "text"))
    for card in cards:
        if card.advice:
            print(f"{card.policy} on {card.trap}: {card.advice}")
    if options.json is not None:
        cards.save(options.json)
    if options.markdown is not None:
        write_text(options.markdown, report.table(cards))
    return DONE


def _name_policies(policies: Sequence[str], traps: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return name -> trap -> policy; a trained agent plays the trap that it was trained on."""
    named: dict[str, dict[str, str]] = {}
    for policy in policies:
        own = str(read_policy_file(Path(policy))["trap"]) if Path(policy).is_dir() else ""
        mine = named.setdefault(name_of(policy), {})
        # One of another trap is given all of them: loading it says what is wrong.
        for trap in [own] if own in traps else traps:
            if trap in mine:
                raise ValueError(
                    f"{mine[trap]} and {policy} are both called {name_of(policy)} on {trap}; score"
                    " one of them, or name them by mesa_gym.evaluate"
                )
            mine[trap] = policy
    return named


def _find_subject(options: argparse.Namespace) -> tuple[Any, Trap]:
    """Return what is scored, and on which trap."""
    (trap,) = options.trap or [None]
    if options.trace is None:
        if trap is None:
            raise ValueError("--policy needs --trap: on which trap is it scored?")
        (policy,) = options.policy
        return policy, find_trap(trap)(options.size)
    for name in ("algo", "save_trace", "size"):
        if getattr(options, name) is not None:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} is for a policy; leave it out, or use --policy")
    trace = Trace.load(options.trace)
    return trace, trace.make_trap() if trap is None else find_trap(trap)()


def _add_command(card: ScoreCard, options: argparse.Namespace) -> ScoreCard:
    """Return the card with the command that repeats it, in which the salt is left out."""
    names = ("policy", "algo", "trace", "trap", "size", "levels", "seed")
    words = ["mesa-gym", "score"]
    for name in names:
        value = getattr(options, name)
        if isinstance(value, list) and len(value) > 1:
            words += [f"--{name}", *value]
        elif value is not None:
            words.append(f"--{name}={value[0] if isinstance(value, list) else value}")
    command = shlex.join([*words, *(["--salt=..."] if options.salt else [])])
    return replace(card, provenance=replace(card.provenance, command=command))
