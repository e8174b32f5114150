"""``mesa-gym review``: plays a submitted program again in a container, and compares its cards."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from math import sqrt
from pathlib import Path

from mesa_gym.cli.leaderboard import require_agent_name, require_usual
from mesa_gym.cli.program_row import (
    digest_program,
    name_program,
    play_program,
    read_program,
)
from mesa_gym.command import DONE, FAILED
from mesa_gym.errors import shorten
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report.origins import REVIEWS, read_origin
from mesa_gym.scoring import Cards, ScoreCard
from mesa_gym.solver.store import EVALUATION_LEVELS
from mesa_gym.terminal import format_table
from mesa_gym.traps import look_up_trap

MOST_ERRORS = 4.0  # standard errors; a row has up to 400 shares, of which none may differ by chance
AS_CLAIMED = "equal"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    add("cards", type=Path, metavar="FILE", help="file of submit --policy; its program is beside")
    add("--salt", default="", help="secret word: compare verdicts and shares on other levels, too")


def run(options: argparse.Namespace) -> int:
    """Play a submitted program again in a container, and compare its cards."""
    claimed = _sort(Cards.load(options.cards))
    program, names = _read_program(options.cards)
    agent, traps = _read_row(claimed, len(names))
    salts = ["", options.salt] if options.salt else [""]
    columns = []
    for salt in salts:
        again = _sort(play_program(program, names, agent, traps, contained=True, salt=salt))
        columns.append([*map(_compare_shares if salt else _compare_plays, claimed, again)])
    heads = ["trap", "agent", "claimed", "played again", "on levels of the salt"]
    cells = [(card.trap, card.policy, card.verdict) for card in claimed]
    rows = [[*row, *more] for row, *more in zip(cells, *columns, strict=True)]
    print(format_table(heads[: 3 + len(salts)], rows))
    if any(answer != AS_CLAIMED for column in columns for answer in column):
        print("\nThe program does not repeat its cards, so the row stays claimed.")
        return FAILED
    entry = json.dumps({agent: {"standing": "rerun"}})
    advice = f"enter it in {REVIEWS}: {entry}" if options.salt else "now add --salt"
    print(f"\nThe program repeats its cards; {advice}.")
    return DONE


def _sort(cards: Cards) -> list[ScoreCard]:
    return sorted(cards, key=lambda card: (card.trap, agent_and_seed(card.policy)[1] or 0))


def _read_program(cards: Path) -> tuple[bytes, tuple[str, ...]]:
    """Return the program beside a file of cards, and the names of its policies.

    Raises:
        ValueError: the cards are not those of a program, or the program was changed.
    """
    origin, file = read_origin(cards), name_program(cards)
    if origin is None or not origin.program:
        raise ValueError(f"{cards} has no program; score its weights by mesa-gym score --salt")
    if not all(map(str.isidentifier, origin.policies)):
        raise ValueError(f"{cards} names the policies {shorten(origin.policies)}; expected names")
    program = read_program(file)
    if digest_program(program) != origin.program:
        raise ValueError(f"{file} is not the program of {cards}: it was changed or replaced")
    return program, origin.policies


def _read_row(cards: Sequence[ScoreCard], seeds: int) -> tuple[str, list[str]]:
    """Return the agent and the traps of the cards of a row.

    Raises:
        ValueError: the cards are not those of one agent with these seeds on traps of the board.
    """
    agents = {agent_and_seed(card.policy)[0] for card in cards}
    traps = [*dict.fromkeys(card.trap for card in cards)]
    require_usual([look_up_trap(trap)() for trap in traps])
    agent = min(agents)
    expected = [f"{agent}-s{seed}" for seed in range(seeds)] * len(traps)
    if expected != [card.policy for card in cards] or not traps:
        raise ValueError(f"the cards are not those of seeds 0 to {seeds - 1} of an agent, by trap")
    require_agent_name(agent)
    return agent, traps


def _compare_plays(card: ScoreCard, again: ScoreCard) -> str:
    """Return whether two cards have equal plays."""
    return AS_CLAIMED if card.table == again.table else f"other plays: {again.verdict}"


def _compare_shares(card: ScoreCard, again: ScoreCard) -> str:
    """Return whether two cards of different levels have equal verdicts, and similar choices."""
    if card.verdict != again.verdict:
        return again.verdict
    shares = card.read_each("shift", "choice"), again.read_each("shift", "choice")
    for objective, share in shares[0].items():
        first, second = share or 0.0, shares[1].get(objective) or 0.0
        spread = sqrt((first * (1 - first) + second * (1 - second)) / EVALUATION_LEVELS)
        if abs(first - second) > MOST_ERRORS * spread:
            return f"{objective} {second:.2f}, not {first:.2f}"
    return AS_CLAIMED
