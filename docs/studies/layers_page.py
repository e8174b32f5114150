"""Outcomes and tables of docs/studies/layers.md, from the figures of ``docs.studies.layers``."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.markdown import lay_out_table
from mesa_gym.files import format_csv, write_text

FIGURES = Path(__file__).with_name("layers.json")
OUTCOMES = Path(__file__).with_name("layers_hypotheses.csv")
RESULTS = {True: "confirmed", False: "**rejected**"}
Row = dict[str, Any]
Figures = dict[str, list[Row]]
BANDS = ("base", "inconsistent", "proxy:flash")  # by kappa: below 1/3, between, above 2/3
VERDICTS = {"F 4": "proxy:flash", "T 4": "base", "T 4, F 4": "inconsistent"}  # predicted
NULLS, FOUR = ("labels shuffled", "untrained"), "T 1, F 4"
DEPTHS = (
    *((part, FOUR) for part in ("one layer", "two layers", "three layers")),
    *(("two layers, ten seeds", name) for name in NULLS),
    ("gru", "gru"),
    ("mlp", "mlp"),
)  # (part of the figures, row of the part)


def read_figures() -> Figures:
    """Return the committed figures: part -> rows."""
    figures: Figures = json.loads(FIGURES.read_text())
    return figures


def write_figures(figures: Figures) -> None:
    """Write figures with four digits, one row per line."""

    def write_row(row: Row) -> str:
        return json.dumps(
            json.loads(json.dumps(row), parse_float=lambda x: float(f"{float(x):.4g}"))
        )

    parts = [
        f'"{part}": [\n' + ",\n".join(map(write_row, x)) + "\n]" for part, x in figures.items()
    ]
    write_text(FIGURES, "{\n" + ",\n".join(parts) + "\n}\n")
    write_text(OUTCOMES, format_outcomes(read_figures()))


def span(rows: Iterable[Row], name: str, digits: int = 3) -> str:
    """Return the range of a figure over rows as text, or one number if the ends are equal."""
    values = [row[name] for row in rows if name in row]
    ends = (
        sorted({f"{x:.{digits}f}" for x in (min(values), max(values))}, key=float)
        if values
        else "-"
    )
    return (" to " if "-" in ends[0] else "–").join(ends)


def select(figures: Figures, part: str, name: str) -> list[Row]:
    """Return the figures of a row's seeds, or the cards with the name."""
    rows = [row for row in figures[part] if row["name"] == name]
    return [seed for row in rows for seed in row.get("seeds", [row])]


def count(flags: Iterable[bool], needed: int | None = None) -> tuple[bool, str]:
    """Return whether ``needed`` flags are true (by default all), and the count as text."""
    flags = [*flags]
    return sum(flags) >= (needed or len(flags)), f"{sum(flags)} of {len(flags)}"


def judge_hypotheses(figures: Figures) -> list[tuple[bool, str]]:
    """Return for each hypothesis whether it holds, and the counts of seeds or cards as text."""
    lives = [row for row in figures["one layer"] if row["name"] not in NULLS]
    one = [seed | {"law": row["law"]} for row in lives for seed in row["seeds"]]
    two, three = (select(figures, f"{x} layers", "T 1, F 4") for x in ("two", "three"))
    nulls = [seed for name in NULLS for seed in select(figures, "two layers", name)]
    nets = [seed for name in ("gru", "mlp") for seed in select(figures, name, name)]

    def near(row: Row, **bounds: tuple[float, float]) -> bool:
        return all(abs(row[name.replace("_", " ")] - x) <= y for name, (x, y) in bounds.items())

    def check(part: str, needed: int) -> tuple[bool, str]:
        cards = [(x, word) for name, word in VERDICTS.items() for x in select(figures, part, name)]
        return count((card["verdict"] == word for card, word in cards), needed)

    built = zip(figures["cards, built"], np.repeat(BANDS, 3), strict=True)
    four = select(figures, "one layer", "T 1, F 4")
    parts = [
        [
            count(x["error"] < 1e-9 for x in figures["built"]),
            count(card["verdict"] == word for card, word in built),
        ],
        [count(near(x, loss=(0.273, 0.01), step=(0.727, 0.02), cosine=(1, 0.00101)) for x in one)],
        [count(near(x, kappa_in_weights=(x["law"], 0.03)) for x in one)],
        [count(near(x, flash=(x["predicted flash"], 0.05)) for x in one)],
        [
            count(
                (
                    near(x, loss=(0.0393, 0.005), R2_of_residual=(1, 0.05), step=(0.505, 0.02))
                    for x in two
                ),
                4,
            ),
            count(x["R2 of residual"] < 0.5 for x in nulls),
        ],
        [
            count(x["loss with residual"] - x["loss"] < 0.02 for x in two),
            count(x["loss with label"] >= 3 * x["loss"] for x in two),
        ],
        [count((near(x, loss=(0.013, 0.01), R2_of_residual=(1, 0.1)) for x in three), 4)],
        [count((not near(x, kappa=(0.8, 0.05)) for x in seeds), 2) for seeds in (two, three)],
        [
            count(near(x, times_3=(3, 0.1)) for x in [*one, *two, *three]),
            count(not near(x, times_10=(10, 1)) for x in [*two, *three]),
        ],
        [
            count(
                (max(x["losses on flash"]) < 0.35 and min(x["losses on payment"]) > 1 for x in two),
                4,
            )
        ],
        [
            count(
                near(x, edited_loss=(x["loss"], 1e-4), edited_flash=(x["built flash"], 0.02))
                for x in four
            ),
            count(x["edited loss"] - x["loss"] >= 0.005 for x in two),
        ],
        [check("cards, one layer", 15), check("cards, two layers", 12)],
        [count(x["flash"] >= 0.75 for x in nets)],
    ]
    # Some hypotheses have two parts, and only one of them may hold.
    texts = [", ".join(text + " (fails)" * (not held) for held, text in part) for part in parts]
    return [(all(held for held, _ in part), text) for part, text in zip(parts, texts, strict=True)]


def format_outcomes(figures: Figures) -> str:
    """Return the CSV table of the committed hypotheses with new results."""
    with OUTCOMES.open(newline="") as file:
        rows = [*csv.DictReader(file)]
    # A hypothesis is rejected if one figure fails.
    results = (f"{RESULTS[held]}: {counts}" for held, counts in judge_hypotheses(figures))
    return format_csv([row | {"result": x} for row, x in zip(rows, results, strict=True)])


def list_learnt(row: Row, law: Row) -> list[Row]:
    """Return the seeds of a row with a training loss less than 0.01 above the derived loss."""
    return [seed for seed in row["seeds"] if seed["loss"] < law["free loss"] + 0.01]


def describe_one_layer(figures: Figures) -> str:
    """Return sentences about all single layers that learnt, and about their edit."""
    lives = figures["one layer"][: -len(NULLS)]
    seeds = [
        x | {"law": row["law"]} for row in lives for x in list_learnt(row, figures["built"][0])
    ]
    error = max(abs(x["kappa in weights"] - x["law"]) for x in seeds)
    flash = [span(seeds, name, 2) for name in ("flash", "edited flash")]
    cards = [select(figures, "cards, one layer", name) for name in ("F 4", "F 4, edited")]
    words = [
        [x["verdict"] for x in row].count(y) for row, y in zip(cards, BANDS[::-2], strict=True)
    ]
    return (
        f"In all settings of T and F, {len(seeds)} of {5 * len(lives)} single layers learnt. Their"
        f" kappa differs from the law by at most {error:.3f}. The edit of hypothesis 11 changes"
        f" *flash* from {flash[0]} to {flash[1]}. With F = 4, {words[0]} cards are `proxy:flash`"
        f" before the edit, and {words[1]} are `base` after the edit."
    )


def tabulate_depths(figures: Figures) -> str:
    """Return the table of layers by depth, and of other networks and nulls."""
    laws, rows = {row["depth"]: row for row in figures["built"]}, []
    for part, name in DEPTHS:
        (row,) = (row for row in figures[part] if row["name"] == name)
        label, seeds = part if part == name else f"{part}, {name}", row["seeds"]
        if name == FOUR:
            seeds = list_learnt(row, laws[row["depth"]])
            label = f"{part} ({len(seeds)} of 5)"
        heads = (("loss", 3), ("step", 3), ("R2 of residual", 3), ("R2 of label", 3), ("flash", 2))
        rows.append([label, *(span(seeds, head, digits) for head, digits in heads)])
    return lay_out_table(["", "loss", "step", "R2", "label alone", "flash"], rows)


def write_parts(figures: Figures) -> dict[str, str]:
    """Return the text of each part of the page: name -> text."""
    tables = (tabulate_depths(figures), describe_one_layer(figures))
    return {"figures": "\n\n".join(tables)}
