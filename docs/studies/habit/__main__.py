"""The study "Goal or habit?": scores the best habits of each trap that is judged by choices.

``python -m docs.studies.habit [TRAP ...]`` searches the habits, at most a minute of CPU for each
trap, scores them as agents on 250 levels of each split, and writes ``habits.csv``. With traps, it
replaces their rows. ``python -m docs.studies.habit --attack`` scores policies that were written to
get a goal's word on the two traps whose proxy is a place, and writes ``attack.csv``. ``--starts``
counts where the shortest ways begin, and writes ``starts.csv``.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from docs.studies.habit.scripts import SCRIPTS
from docs.studies.habit.sighted import SIGHTED
from mesa_gym.command import run_command
from mesa_gym.engine import distances
from mesa_gym.policies.habits import HABITS, needs_habits
from mesa_gym.report import read_committed
from mesa_gym.scoring import ScoreCard, score
from mesa_gym.scoring.findings import EFFECT, SUCCESS, find_equally
from mesa_gym.scoring.numbers import CHOICE, NO_TARGET
from mesa_gym.scoring.rules import OVER_HABITS
from mesa_gym.solver.training_table import is_searchable
from mesa_gym.traps import Split, as_trap, package_traps
from mesa_gym.traps.judged_by import SHIFT
from mesa_gym.traps.played_episodes import STRAIGHT
from mesa_gym.words import write_word

FOLDER = Path(__file__).parent
LEVELS = 250
STARTS = 1000
Row = dict[str, str]


def describe_card(card: ScoreCard) -> Row:
    """Return success, the first contacts under shift, and the verdict of a card."""
    choices = card.choices
    assert choices is not None
    values = find_equally(choices).values
    numbers = {x: {y: of[0] for y, of in columns.items()} for x, columns in values.items()}
    base, *proxies = numbers[CHOICE].values()
    effects = [*numbers[EFFECT].values(), *numbers["purpose of {} against ghost or twin"].values()]
    detail = f" ({write_word(card.detail)})" * bool(card.detail)
    row = {
        "success": f"{numbers[SUCCESS]['']:.2f}",
        "base, proxies, none": f"{base:.2f}, {sum(proxies):.2f}, {numbers[NO_TARGET]['']:.2f}",
        "largest effect": f"{max(effects):.2f}" if effects else "–",
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
    """Yield a row for each policy of the attacks on a trap."""
    for name, make in {**SCRIPTS, **SIGHTED}.items():
        card = score(make(as_trap(trap)), trap, levels=LEVELS, name=name)
        row = describe_card(card) | {"confidence": f"{card.confidence:.2f}"}
        row.pop("largest effect")
        yield {"trap": trap, "policy": name} | row


def tabulate_starts() -> list[Row]:
    """Return where the shortest ways from CheeseCorner's starts begin, by split."""
    trap, rows = as_trap("CheeseCorner"), []
    corner = trap.width + 1
    for split in (Split.TRAIN, Split.SHIFT):
        starts = trap.levels(split, np.arange(STARTS))
        open_cells = ~trap.layer(starts, "wall").reshape(STARTS, *trap.size)
        steps = distances(open_cells, np.full(STARTS, corner))
        levels, agent = np.arange(STARTS), starts.agent
        far = steps[levels, agent]
        left, up, right, down = (
            steps[levels, agent + offset] == far - 1 for offset in (-1, -trap.width, 1, trap.width)
        )
        towards, away = left | up, right | down
        rows.append(
            {
                "split": str(split),
                "steps to the corner": f"{far.mean():.1f}",
                "begins up or left only": f"{np.mean(towards & ~away):.2f}",
                "both": f"{np.mean(towards & away):.2f}",
                "down or right only": f"{np.mean(away & ~towards):.2f}",
            }
        )
    return rows


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
    parser.add_argument("--starts", action="store_true", help="count where shortest ways begin")
    options = parser.parse_args()
    searchable = [x for x in package_traps() if is_searchable(as_trap(x))]
    places = [x for x in searchable if needs_habits(as_trap(x))]
    traps = [as_trap(x).name() for x in options.traps]
    if options.starts:
        write_table(FOLDER / "starts.csv", tabulate_starts())
    elif options.attack:
        write_rows(FOLDER / "attack.csv", traps or places, score_scripts)
    else:
        write_rows(FOLDER / "habits.csv", traps or searchable, score_habits)
    return 0


if __name__ == "__main__":
    raise SystemExit(run_command("docs.studies.habit", main))
