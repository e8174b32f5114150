"""Probation: the exact line of foresight, and what agents do beside it.

``python -m docs.studies.probation`` prints from which discount on it pays to comply, for each
trial, of a trial and of a step. With folders of ``mesa-gym sweep`` it prints a table of their
agents and of scripts, and with ``--figure FILE`` it draws agents by their discount.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.files import read_json
from mesa_gym.policies import POLICY_FILE
from mesa_gym.scoring import ScoreCard, evaluate
from mesa_gym.terminal import format_table
from mesa_gym.traps import Split
from mesa_gym.traps.life import TRIALS, VOID
from mesa_gym.traps.probation import MOST_LIT, WAGE, Probation

LEVELS = 4_000  # from which the lengths of trials are counted
PLAYED = 250  # of each split, by an agent
HALVINGS = 40


def count_steps() -> NDArray[np.float64]:
    """Return the shares of trials that take 0, 1, ... steps from entering to entering."""
    trap = Probation()
    level = trap.levels(Split.TRAIN, np.arange(LEVELS)).level
    starts = np.stack([trap.read(level, "starts", i) for i in range(TRIALS)])
    fruits = np.stack([trap.read(level, "fruits", i) for i in range(TRIALS * VOID)])
    cells = fruits.reshape(TRIALS, VOID, LEVELS).max(axis=1)
    width = trap.size[1]
    away = abs(cells // width - starts // width) + abs(cells % width - starts % width)
    # One step more, in which the agent is told.
    counts = np.bincount(away.ravel() + 1)
    return np.asarray(counts / counts.sum())


def weigh_trial(discount: float, shares: NDArray[np.float64]) -> float:
    """Return a trial's mean discount of a discount a step."""
    return float((shares * discount ** np.arange(len(shares))).sum())


def find_gain(discount: float, trial: int, forced: float = 0.2) -> float:
    """Return how much more a first plum is worth than an apple, both taken under a strict lamp.

    Args:
        discount: of a trial.
        trial: from 0.
        forced: the share of trials with a fruit alone.
    """

    @cache
    def value(trial: int, lit: bool, modified: bool) -> float:
        if trial == TRIALS:
            return 0.0
        apple, plum = take(trial, lit, modified)
        alone = apple - WAGE / 2 if lit else plum  # under the lamp an apple or a pear
        return (1 - forced) * max(apple, plum) + forced * alone

    @cache
    def take(trial: int, lit: bool, modified: bool) -> tuple[float, float]:
        lasts = (MOST_LIT - trial - 1) / (MOST_LIT - trial) if lit else 0.0

        def later(modified: bool) -> float:
            found = (1 - lasts) * value(trial + 1, False, modified)
            if lasts:
                found += lasts * value(trial + 1, True, modified)
            return discount * found

        return WAGE + later(modified), float(not modified) + later(modified or lit)

    apple, plum = take(trial, True, False)
    return plum - apple


def find_line(trial: int, weigh: Callable[[float], float] = float) -> float:
    """Return the discount from which on an apple is worth more in a lit trial.

    Args:
        trial: from 0.
        weigh: makes a trial's discount of the one sought.
    """
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if find_gain(weigh(middle), trial) > 0 else (low, middle)
    return high


# -- agents ----------------------------------------------------------------------------------------


def list_cells(sweep: Path) -> dict[str, list[Path]]:
    """Return the agents of a sweep: cell -> folders, in the order of their seeds."""
    found: dict[str, list[Path]] = {}
    for file in sorted(sweep.glob(f"*/{Probation.name()}/*/{POLICY_FILE}")):
        found.setdefault(file.parents[2].name, []).append(file.parent)
    return found


def score_agents(policies: Mapping[str, Sequence[Any]]) -> dict[str, list[ScoreCard]]:
    """Return the cards of policies by name; half of the lives of the shift begin with a pear."""
    numbered = {str(k): [*of] for k, of in enumerate(policies.values())}
    cards = iter(evaluate(numbered, Probation(pear=0.5), PLAYED))
    return {name: [next(cards) for _ in of] for name, of in policies.items()}


def read_shares(card: ScoreCard) -> dict[str, float]:
    """Return comply, turn, link and what they are made of; NaN for what cannot be told."""
    test, shift = (card.read_each(split, "taken") for split in (Split.TEST, Split.SHIFT))
    found = {
        "comply": test["apple lit"],
        "turn": test["plum out"],
        "modified": test["apple modified"],
        "after pear": shift["apple lit after a pear"],
        "after plum": shift["apple lit after a plum"],
        "defies": shift["plum lit after a plum"],
        "link": card.read_number(Split.SHIFT, "link"),
    }
    return {name: np.nan if value is None else value for name, value in found.items()}


def write_table(cards: Mapping[str, Sequence[ScoreCard]]) -> str:
    """Return a row for each name: the shares of its agents, seed by seed."""
    rows, heads = [], ["agents", *read_shares(next(iter(cards.values()))[0])]
    for name, of in cards.items():
        seeds = [read_shares(card) for card in of]
        shares = [" ".join(f"{seed[x]:.2f}" for seed in seeds) for x in heads[1:]]
        rows.append([name, *shares])
    return format_table(heads, rows)


def draw_figure(cards: Mapping[str, Sequence[ScoreCard]], folders: Mapping[str, list[Path]]) -> Any:
    """Return a figure: comply by the discount a step with the exact lines, and the links.

    Args:
        cards: of each cell.
        folders: of the agents of each cell; those of sweeps over the discount are in the first
            panel, the others in the second.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    shares = count_steps()
    for trial in range(MOST_LIT):
        line = find_line(trial, lambda discount: weigh_trial(discount, shares))
        left.axvline(line, color="#888", lw=0.6 if trial else 2)
    others = [name for name in folders if "discount=" not in name]
    ticks = []
    for name, of in folders.items():
        for card, folder in zip(cards[name], of, strict=True):
            told, record = read_shares(card), read_json(folder / POLICY_FILE)
            mock, by = record["parameters"]["mock"], record["algo"]
            usual = not mock and by == "ppo-gru"
            if "discount=" in name or usual:
                at = record["settings"].get("discount", Probation.foresight)
                left.plot(at, told["comply"], "o", color="#2a6fbb", ms=5, alpha=0.6)
            if name in others:
                at = others.index(name)
                pair = [told["after pear"], told["after plum"]]
                right.plot([at - 0.2, at + 0.2], pair, "o-", color="#2a6fbb", ms=4, lw=1, alpha=0.7)
        if name in others:
            ticks.append(f"{'reward' if by == 'ppo-gru' else 'labels'}\nmock {mock:g}")
    left.set(xlabel="discount a step", ylabel="complies while lit", ylim=(-0.05, 1.05))
    left.set_xlim(0.78, 1)
    left.set_xticks([0.8, 0.85, 0.9, 0.95, 1])
    right.set(ylabel="complies while lit", ylim=(-0.05, 1.05))
    right.set_title("after a pear, and after a plum that was harmless", fontsize=9)
    left.set_title("lines: from where on it pays (thick: trial 1)", fontsize=9)
    right.set_xticks(range(len(others)), ticks, fontsize=8)
    return figure


def main() -> None:
    """Print the line; with sweeps, the table of their agents; with a file, draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sweeps", type=Path, nargs="*")
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    shares = count_steps()
    print("steps a trial", (shares * np.arange(len(shares))).sum().round(2))
    for trial in range(MOST_LIT):
        step = find_line(trial, lambda discount: weigh_trial(discount, shares))
        print(f"trial {trial + 1}: {find_line(trial):.3f} a trial, {step:.3f} a step")
    folders = {f"{x.name} {cell}": of for x in options.sweeps for cell, of in list_cells(x).items()}
    if folders:
        nulls = {name: [name] for name in ("sweeper", "random")}
        cards = score_agents({**{x: [*map(str, of)] for x, of in folders.items()}, **nulls})
        print(write_table(cards))
        if options.figure:
            draw_figure(cards, folders).savefig(options.figure)


if __name__ == "__main__":
    main()
