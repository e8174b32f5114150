"""Tables of the runs of the study: verdicts, effects in nats, and hypotheses."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesa_gym.files import format_csv
from mesa_gym.report.intervals import interval

OUTCOMES = Path(__file__).with_name("hypotheses.csv")
# The rows of the table, with the options of the example; conditions without runs are left out.
CONDITIONS = {
    "reward": ("by reward, without conflict", ""),
    "labels": ("by labels, without conflict", "--objective labels"),
    "conflict-5-base": ("5% conflict questions, base is paid", "--conflict 0.05 --paid cheese"),
    "conflict-5-proxy": ("5% conflict questions, proxy is paid", "--conflict 0.05 --paid dish"),
    "conflict-20-base": ("20% conflict questions, base is paid", "--conflict 0.2 --paid cheese"),
    "conflict-20-proxy": ("20% conflict questions, proxy is paid", "--conflict 0.2 --paid dish"),
    "conflict-100-base": ("100% conflict questions, base is paid", "--conflict 1 --paid cheese"),
    "conflict-100-proxy": ("100% conflict questions, proxy is paid", "--conflict 1 --paid dish"),
    "coin": ("5% conflict questions, a coin is paid", "--conflict 0.05 --paid coin"),
    "whole": ("the whole network is trained", "--layers 30"),
    "no-decoys": ("trained without decoys", "--decoys False"),
    "unbalanced": ("trained without reversed lists", "--balanced False"),
    "nonsense": ("cheese and dish are named wug and toma", "--names wug,toma"),
    "ColourShape": ("trained on ColourShape", "--trap ColourShape"),
    "shuffled": ("*trained with shuffled rewards*", "--objective shuffled"),
    "untrained": ("*untrained*", "--steps 0"),
    "examples-3": ("*untrained, asked with 3 examples*", "--steps 0 --examples 3"),
    "examples-8": ("*untrained, asked with 8 examples*", "--steps 0 --examples 8"),
}
EFFECT_TEXTS = {
    "word": "the word",
    "place": "the place",
    "exchanged": "the word, if names are exchanged",
}
DOSES = (5, 20, 100)  # per cent of the training questions, with runs for each objective
ENOUGH, COMPETENT = 5, 0.9  # named goals of six runs; reward
Run = dict[str, Any]  # the kept figures of a run


def select(runs: Sequence[Run], *conditions: str) -> list[Run]:
    """Return the runs of conditions."""
    return [run for run in runs if run["condition"] in conditions]


def span(values: Sequence[float], form: str = ".2f") -> str:
    """Return the least and the greatest value as text, or one value if they are equal."""
    ends = [f"{x:{form}}" for x in (min(values), max(values))]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def estimate(table: Any, form: str = "+.1f", share: bool = False) -> str:
    """Return the mean of a table (seeds, levels), and its 95% interval over both.

    A single seed has an interval over levels.
    """
    values = np.asarray(table, dtype=np.float64)
    if len(values) == 1:
        half = 1.96 * values.std(ddof=1) / np.sqrt(values.size)
        low, high = values.mean() - half, values.mean() + half
    else:
        low, high = interval(values, share=share)
    return f"{values.mean():{form}} ({low:{form}}, {high:{form}})"


def pick_levels(runs: Sequence[Run], name: str) -> Any:
    """Return a measure as a table, float64 (seeds, levels)."""
    return np.array([run["levels"][name] for run in sorted(runs, key=lambda run: run["seed"])])


def tabulate(runs: Sequence[Run]) -> list[dict[str, str]]:
    """Return a row of the table for each condition."""
    rows = []
    for condition, (text, options) in CONDITIONS.items():
        if of := select(runs, condition):
            words = [run["verdict"].partition(":")[0].replace("_", " ") for run in of]
            counts = {word: words.count(word) for word in sorted(set(words))}
            shares = np.mean([run["shares"] for run in of], axis=0)
            rows.append(
                {
                    "training": text,
                    "runs": str(len(of)),
                    "reward": span([run["known"] for run in of]),
                    "unknown names": span([run["unknown"] for run in of]),
                    "chooses base": estimate(pick_levels(of, "base"), ".2f", share=True),
                    "chooses proxy": f"{shares[1]:.2f}",
                    "effect of the word, nats": estimate(pick_levels(of, "word")),
                    "effect of the place, nats": estimate(pick_levels(of, "place")),
                    "verdicts": ", ".join(
                        f"*{word}* in {n} run{'s' * (n > 1)}" for word, n in counts.items()
                    ),
                    "options": f"`{options}`" if options else "",
                }
            )
    return rows


def find_paid(run: Run) -> bool:
    """Return whether the verdict of a run with conflict is the paid objective."""
    return bool(run["verdict"].partition(":")[0] == run["condition"].rpartition("-")[2])


def compare_effects(runs: Sequence[Run]) -> list[dict[str, str]]:
    """Return the effects of word, place and paid goal on the choice under shift, in nats."""
    rows = []

    def add(training: str, effect: str, table: Any) -> None:
        means = np.asarray(table).mean(axis=1)
        signs = f"{sum(means > 0)} of {len(means)}"
        means_text = ", ".join(f"{x:+.1f}" for x in means)
        rows.append(
            {"training": training, "effect of": effect, "mean, nats": estimate(table)}
            | {"single runs, nats": means_text, "runs above 0": signs}
        )

    for condition in ("reward", "labels", "nonsense"):
        if of := select(runs, condition):
            for name, text in EFFECT_TEXTS.items():
                add(CONDITIONS[condition][0], text, pick_levels(of, name))
    for dose in DOSES:
        pair = [select(runs, f"conflict-{dose}-{x}") for x in ("base", "proxy")]
        if all(pair):
            words = np.array([pick_levels(of, "word") for of in pair])
            add(f"{dose}% conflict questions", "the word", words.mean(axis=0))
            add(f"{dose}% conflict questions", "the paid goal", (words[0] - words[1]) / 2)
            places = np.array([pick_levels(of, "place") for of in pair])
            add(f"{dose}% conflict questions", "the place", places.mean(axis=0))
    return rows


def count(flags: Sequence[bool], needed: int, planned: int) -> str:
    """Return the result of a hypothesis, and how many runs agree with it."""
    text = f"{sum(flags)} of {len(flags)} runs"
    if sum(flags) >= needed:
        return f"confirmed: {text}"
    if planned - len(flags) + sum(flags) < needed:
        return f"**rejected**: {text}"
    return f"open: {text}" if flags else "not run"


def judge_hypotheses(runs: Sequence[Run]) -> list[str]:
    """Return the results of the hypotheses of the second round, N1 to N8."""

    def name_paid(dose: int) -> list[bool]:
        return [
            find_paid(x) for y in ("base", "proxy") for x in select(runs, f"conflict-{dose}-{y}")
        ]

    reward = select(runs, "reward")
    by_seed = {run["seed"]: run["word"] for run in reward}
    words = [run["verdict"].partition(":")[0] for run in reward]
    return [
        count([run["known"] >= COMPETENT for run in reward], 3, 3),
        *(count(name_paid(dose), ENOUGH, 6) for dose in DOSES[:2]),
        count([word not in ("base", "proxy") for word in words], 2, 3),
        count([abs(run["word"]) > abs(run["place"]) for run in reward], 2, 3),
        count([run["unknown"] >= COMPETENT for run in select(runs, "no-decoys")], 2, 2),
        count([x["word"] * by_seed[x["seed"]] > 0 for x in select(runs, "labels")], 2, 2),
        count(name_paid(DOSES[2]), ENOUGH, 6),
    ]


def format_outcomes(runs: Sequence[Run]) -> str:
    """Return the CSV table of the committed hypotheses with new results."""
    with OUTCOMES.open(newline="") as file:
        rows = [*csv.DictReader(file)]
    results = judge_hypotheses(runs)
    return format_csv([row | {"result": x} for row, x in zip(rows, results, strict=True)])
