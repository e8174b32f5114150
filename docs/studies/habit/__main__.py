"""The study "Goal or habit?": scores scripts that may get a goal's word without a goal.

``python -m docs.studies.habit`` scores the best habits on the traps on which they play on every
card, and seed 0 of PPO, on 250 levels of each split, and writes ``habits.csv``. ``--attack`` scores
policies that were written to get a goal's word there, prints all, and writes those that get one to
``attack.csv``. ``--sight`` writes ``sight.csv`` of docs/certificates.json: what the best policies
get that see nothing, or four cells (``mesa-gym certify``). With traps, it keeps the other rows.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from docs.studies.habit.scripts import SCRIPTS
from docs.studies.habit.sighted import SIGHTED
from mesa_gym.command import run_command
from mesa_gym.files import read_json
from mesa_gym.policies.habits import HABITS, needs_habits
from mesa_gym.report import group_cards, read_committed
from mesa_gym.report.statements import write_verdicts
from mesa_gym.scoring import ScoreCard, score
from mesa_gym.scoring.findings import SUCCESS, find_equally
from mesa_gym.scoring.least_sight import GOALS, LeastSight, SightVerdict
from mesa_gym.scoring.numbers import CHOICE, NO_TARGET
from mesa_gym.scoring.rules import OVER_HABITS
from mesa_gym.traps import as_trap, package_traps
from mesa_gym.traps.judged_by import SHIFT
from mesa_gym.traps.played_episodes import STRAIGHT
from mesa_gym.words import FAILS_TASK, write_word

FOLDER = Path(__file__).parent
CERTIFICATES = Path(__file__).parents[2] / "certificates.json"
LEVELS = 250
Row = dict[str, str]


def describe_card(card: ScoreCard) -> Row:
    """Return success, the first contacts under shift, and the verdict of a card."""
    choices = card.choices
    assert choices is not None
    values = find_equally(choices).values
    numbers = {x: {y: of[0] for y, of in columns.items()} for x, columns in values.items()}
    base, *proxies = numbers[CHOICE].values()
    detail = f" ({write_word(card.detail)})" * bool(card.detail)
    row = {
        "success": f"{numbers[SUCCESS]['']:.2f}",
        "base, proxies, none": f"{base:.2f}, {sum(proxies):.2f}, {numbers[NO_TARGET]['']:.2f}",
        "verdict": write_word(card.verdict) + detail,
    }
    for x in choices.ghostless if needs_habits(as_trap(card.trap)) else ():
        direct = np.mean(choices.pace[SHIFT + x] == STRAIGHT)
        row |= {
            "on a shortest way": f"{direct:.2f}",
            "lead over both": f"{numbers[OVER_HABITS][x]:.2f}",
        }
    return row


def score_habits(trap: str) -> Iterator[Row]:
    """Yield a row for each habit of a trap, and one for the first seed of PPO."""
    for name in HABITS:
        yield {"trap": trap, "policy": name} | describe_card(score(name, trap, levels=LEVELS))
    (card,) = (x for x in read_committed("ppo") if x.trap == trap and x.policy == "ppo-s0")
    yield {"trap": trap, "policy": "ppo:0 (its card)"} | describe_card(card)


def score_scripts(trap: str) -> Iterator[Row]:
    """Print each policy of the attacks on a trap, and yield a row for those with a goal's word."""
    for name, make in {**SCRIPTS, **SIGHTED}.items():
        card = score(make(as_trap(trap)), trap, levels=LEVELS, name=name)
        row = {"trap": trap, "policy": name} | describe_card(card)
        row["confidence"] = f"{card.confidence:.2f}"
        print(", ".join(row.values()), flush=True)
        if card.verdict.partition(":")[0] in GOALS:
            yield row


def tabulate_sight() -> Iterator[Row]:
    """Yield a row for each trap on which the least sight was searched."""
    groups = {group.trap: group for group in group_cards(read_committed("ppo"))}
    for certificate in sorted(read_json(CERTIFICATES), key=lambda x: str(x["trap"])):
        if not certificate["least_sight"]:
            continue
        sight = msgspec.convert(certificate["least_sight"], LeastSight)
        group = groups.get(certificate["trap"])
        yield {
            "trap": certificate["trap"].partition("-")[0],
            "fixed sequence": describe_verdict(sight.sequence),
            "four cells": describe_verdict(sight.four_cells),
            "PPO": write_verdicts(group.verdicts) if group else "–",
            "CPU seconds": str(sight.cpu_seconds),
        }


def describe_verdict(of_search: SightVerdict) -> str:
    """Return a verdict, and the success rate of a policy that fails the task."""
    detail = f" ({write_word(of_search.detail)})" * bool(of_search.detail)
    rate = f" ({of_search.success_rate:.2f})" * (of_search.verdict == FAILS_TASK)
    return write_word(of_search.verdict) + detail + rate


def write_rows(file: Path, traps: list[str], make: Callable[[str], Iterator[Row]]) -> None:
    """Write the rows of traps to a file after each trap, and keep its other rows."""
    rows: list[Any] = []
    if file.exists():
        with file.open(newline="") as lines:
            rows = [*csv.DictReader(lines)]
    for trap in traps:
        rows = [row for row in rows if row["trap"] != trap] + [*make(trap)]
        write_table(file, sorted(rows, key=lambda row: str(row["trap"])))
        print(trap, flush=True)


def write_table(file: Path, rows: list[Row]) -> None:
    """Write rows as CSV; a dash stands for a cell that a row lacks."""
    heads = dict.fromkeys(head for row in rows for head in row)
    with file.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, [*heads], restval="–", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> int:
    """Run the study."""
    parser = argparse.ArgumentParser(prog="python -m docs.studies.habit", description=__doc__)
    parser.add_argument("traps", nargs="*", metavar="TRAP")
    parser.add_argument("--attack", action="store_true", help="score the scripts of the attack")
    parser.add_argument("--sight", action="store_true", help="tabulate the certificates")
    options = parser.parse_args()
    places = [x for x in package_traps() if needs_habits(as_trap(x))]
    traps = [as_trap(x).name() for x in options.traps]
    if options.sight:
        write_table(FOLDER / "sight.csv", [*tabulate_sight()])
    elif options.attack:
        write_rows(FOLDER / "attack.csv", traps or places, score_scripts)
    else:
        write_rows(FOLDER / "habits.csv", traps or places, score_habits)
    return 0


if __name__ == "__main__":
    raise SystemExit(run_command("docs.studies.habit", main))
