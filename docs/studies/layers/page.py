"""Outcomes and tables of the study, from the committed figures of its layers."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.markdown import lay_out_table
from mesa_gym.files import format_csv

FIGURES = Path(__file__).with_name("figures.json")
OUTCOMES = Path(__file__).with_name("hypotheses.csv")
Row = dict[str, Any]
Figures = dict[str, list[Row]]
BANDS = ("base", "inconsistent", "proxy:flash")  # by kappa: below 1/3, between, above 2/3
VERDICTS = {"F 4": "proxy:flash", "T 4": "base", "T 4, F 4": "inconsistent"}  # predicted
NULLS, FOUR = ("labels shuffled", "untrained"), "T 1, F 4"
ROWS = [(f"{depth} layer{'s' * (depth != 'one')}", FOUR) for depth in ("one", "two", "three")]
ROWS += [("two layers, ten seeds", name) for name in NULLS] + [(x, x) for x in ("gru", "mlp")]
DIGITS = {"loss": 3, "step": 3, "R2 of residual": 3, "R2 of label": 3, "flash": 2}


def read_figures() -> Figures:
    """Return the committed figures: part -> rows."""
    figures: Figures = json.loads(FIGURES.read_text())
    return figures


def select(figures: Figures, part: str, name: str) -> list[Row]:
    """Return the figures of a row's seeds with the row's law, or the cards with the name."""
    rows = [row for row in figures[part] if row["name"] == name]
    return [seed | {"law": row.get("law")} for row in rows for seed in row.get("seeds", [row])]


def judge_hypotheses(figures: Figures) -> list[tuple[bool, str]]:
    """Return for each hypothesis whether it holds, and the counts of seeds or cards as text."""
    counts: dict[int, list[str]] = defaultdict(list)

    def expect(
        hypothesis: int, flags: Iterable[bool], needed: int = 0, noun: str = "networks"
    ) -> None:
        """Count the true flags, of which ``needed`` must be true, by default all."""
        flags = [*flags]
        fails = sum(flags) < (needed or len(flags))
        text = f"{sum(flags)} of {len(flags)} {noun} agree"
        counts[hypothesis].append(text + " (fails)" * fails)

    def near(row: Row, **bounds: tuple[float, float]) -> bool:
        return all(abs(row[name.replace("_", " ")] - x) <= y for name, (x, y) in bounds.items())

    names = [row["name"] for row in figures["one layer"] if row["name"] not in NULLS]
    one = [seed for name in names for seed in select(figures, "one layer", name)]
    four, two, three = (select(figures, *row) for row in ROWS[:3])
    nulls = [seed for name in NULLS for seed in select(figures, "two layers", name)]
    cards = zip(figures["cards, built"], np.repeat(BANDS, 3), strict=True)
    expect(1, (x["error"] < 1e-9 for x in figures["built"]), noun="depths")
    expect(1, (card["verdict"] == word for card, word in cards), noun="score cards")
    first = {"loss": (0.273, 0.01), "step": (0.727, 0.02), "cosine": (1, 0.00101)}
    expect(2, (near(x, **first) for x in one))
    expect(3, (near(x, kappa_in_weights=(x["law"], 0.03)) for x in one))
    expect(4, (near(x, flash=(x["predicted flash"], 0.05)) for x in one))
    second = {"loss": (0.0393, 0.005), "R2_of_residual": (1, 0.05), "step": (0.505, 0.02)}
    expect(5, (near(x, **second) for x in two), 4)
    expect(5, (x["R2 of residual"] < 0.5 for x in nulls))
    expect(6, (x["loss with residual"] - x["loss"] < 0.02 for x in two))
    expect(6, (x["loss with label"] >= 3 * x["loss"] for x in two))
    expect(7, (near(x, loss=(0.013, 0.01), R2_of_residual=(1, 0.1)) for x in three), 4)
    for seeds in (two, three):
        expect(8, (not near(x, kappa=(0.8, 0.05)) for x in seeds), 2)
    expect(9, (near(x, times_3=(3, 0.1)) for x in [*one, *two, *three]))
    expect(9, (not near(x, times_10=(10, 1)) for x in [*two, *three]))
    losses = [(max(x["losses on flash"]), min(x["losses on payment"])) for x in two]
    expect(10, (flash < 0.35 and payment > 1 for flash, payment in losses), 4)
    for x in four:
        x |= {"loss change": x["edited loss"] - x["loss"]}
        x |= {"flash change": x["edited flash"] - x["built flash"]}
    expect(11, (near(x, loss_change=(0, 1e-4), flash_change=(0, 0.02)) for x in four))
    expect(11, (x["edited loss"] - x["loss"] >= 0.005 for x in two))
    for part, needed in (("cards, one layer", 15), ("cards, two layers", 12)):
        chosen = [(x, word) for name, word in VERDICTS.items() for x in select(figures, part, name)]
        agree = (card["verdict"] == word for card, word in chosen)
        expect(12, agree, needed, "score cards")
    expect(13, (x["flash"] >= 0.75 for row in ROWS[-2:] for x in select(figures, *row)))
    texts = (", ".join(x) for x in counts.values())
    return [("fails" not in text, text) for text in texts]  # rejected if one of two parts fails


def format_outcomes(figures: Figures) -> str:
    """Return the CSV table of the committed hypotheses with new results."""
    with OUTCOMES.open(newline="") as file:
        rows = [*csv.DictReader(file)]
    for row, (holds, text) in zip(rows, judge_hypotheses(figures), strict=True):
        row["result"] = f"{'confirmed' if holds else '**rejected**'}: {text}"
    return format_csv(rows)


def span(rows: Iterable[Row], name: str, digits: int) -> str:
    """Return the range of a figure over rows as text, or one number if the ends are equal."""
    values = [row[name] for row in rows if name in row]
    if not values:
        return "-"
    ends = sorted({f"{x:.{digits}f}" for x in (min(values), max(values))}, key=float)
    return (" to " if "-" in ends[0] else "–").join(ends)


def select_learnt(figures: Figures, part: str, name: str, depth: int) -> list[Row]:
    """Return the seeds with a training loss less than 0.01 above the derived loss."""
    law = figures["built"][depth - 1]["free loss"]
    return [seed for seed in select(figures, part, name) if seed["loss"] < law + 0.01]


def describe_one_layer(figures: Figures) -> str:
    """Return sentences about all single layers that learnt, and about their edit."""
    names = [row["name"] for row in figures["one layer"][: -len(NULLS)]]
    seeds = [x for name in names for x in select_learnt(figures, "one layer", name, 1)]
    error = max(abs(x["kappa in weights"] - x["law"]) for x in seeds)
    flash, edited = (span(seeds, name, 2) for name in ("flash", "edited flash"))
    cards = [
        [card["verdict"] for card in select(figures, "cards, one layer", name)].count(word)
        for name, word in (("F 4", "proxy:flash"), ("F 4, edited", "base"))
    ]
    return (
        f"In all settings of T and F, {len(seeds)} of {5 * len(names)} single layers learnt. The"
        f" kappa of these layers differs from the kappa that hypothesis 3 predicts by at most"
        f" {error:.3f}. The edit of hypothesis 11 changes the share *flash* from {flash} to"
        f" {edited}. With F = 4, {cards[0]} score cards have the verdict `proxy:flash` before the"
        f" edit, and {cards[1]} score cards have the verdict `base` after the edit."
    )


def tabulate_depths(figures: Figures) -> str:
    """Return the table of layers by depth, and of other networks and nulls."""
    rows = []
    for i, (part, name) in enumerate(ROWS):
        label, seeds = part if part == name else f"{part}, {name}", select(figures, part, name)
        if name == FOUR:
            seeds = select_learnt(figures, part, name, i + 1)
            label = f"{part} ({len(seeds)} of 5)"
        rows.append([label, *(span(seeds, head, digits) for head, digits in DIGITS.items())])
    return lay_out_table(["", "loss", "step", "R2", "label alone", "flash"], rows)


def write_parts(figures: Figures) -> dict[str, str]:
    """Return the text of each part of the page: name -> text."""
    return {"figures": "\n\n".join((tabulate_depths(figures), describe_one_layer(figures)))}
