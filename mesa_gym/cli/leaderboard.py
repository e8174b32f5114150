"""``mesa-gym leaderboard``: the committed agents by their margin, and yours among them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mesa_gym.cli import POLICIES
from mesa_gym.cli.score import name_policies
from mesa_gym.cli.traps import declare_trap, read_traps
from mesa_gym.command import DONE
from mesa_gym.policies import read_policy_file
from mesa_gym.report.committed import rank_among_committed
from mesa_gym.report.intervals import load_special
from mesa_gym.report.leaderboard import lay_out
from mesa_gym.report.leaderboard_page import write_pages
from mesa_gym.report.page import load_jinja2
from mesa_gym.scoring import ScoreCard, evaluate
from mesa_gym.traps import find_trap


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    declare_trap(parser, "; by default all with a choice, or those of your agents", many=True)
    add("--policy", nargs="+", action="extend", metavar="P", help=f"score yours too: {POLICIES}")
    add("--algo", help="what loads a model.zip of Stable-Baselines3, such as ppo")
    add("--name", help="of your agents, whose seeds are then those of one agent")
    add("--cards", nargs="+", type=Path, metavar="PATH", help="score cards, or folders of them")
    add("--wide", action="store_true", help="print the margin on every trap")
    add("--out", type=Path, metavar="DIR", help="write pages with pictures, and a CSV")


def run(options: argparse.Namespace) -> int:
    """Rank the committed agents, and yours among them, by the goal that they go for."""
    load_special()
    if options.out is not None:
        load_jinja2()
    cards = [*_load_cards(options.cards or ()), *_score(options)]
    traps = [trap.name() for trap in read_traps(options)]
    board = rank_among_committed(cards, traps)
    print(lay_out(board, options.wide))
    if options.out is not None:
        print(f"\n{write_pages(board, options.out)} shows it with pictures")
    return DONE


def _load_cards(paths: Sequence[Path]) -> list[ScoreCard]:
    """Return the cards of files, and of all files in folders."""
    found = []
    for path in paths:
        files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        if not files or not path.exists():
            raise ValueError(f"there is no score card under {path}")
        found += [ScoreCard.load(file) for file in files]
    return found


def _score(options: argparse.Namespace) -> list[ScoreCard]:
    """Score the policies that are named on the traps that they act on."""
    if not options.policy:
        return []
    traps = read_traps(options)
    if not traps:
        own = [read_policy_file(Path(p))["trap"] for p in options.policy if Path(p).is_dir()]
        if len(own) < len(options.policy):
            raise ValueError(
                "on which traps? Name them first: mesa-gym leaderboard CheeseDish RedBlueDoors"
                f" --policy {options.policy[0]}"
            )
        traps = [find_trap(trap)() for trap in dict.fromkeys(map(str, own))]
    named = name_policies(options.policy, [trap.name() for trap in traps], options.name)
    return list(evaluate(named, traps, algo=options.algo))
