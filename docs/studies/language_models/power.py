"""Power of a card to name a planted goal: ``python -m docs.studies.language_models.power``.

A script answers the questions of a card by a goal, base or the proxy. With a probability it slips
(any option), or it leaks to the other goal. ``power.csv`` has the number of scripts whose verdict
is the goal, and the number of verdicts with the other goal.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from docs.studies.panels import begin_svg, draw_axes
from mesa_gym.files import format_csv, write_text
from mesa_gym.language import list_questions, score_choices
from mesa_gym.language.choices.questions import Question

TRAP, DRAWS = "CheeseDish", 6  # scripts in each cell, half with the goal base
TABLE = Path(__file__).with_name("power.csv")
PICTURE = Path(__file__).parents[2] / "images" / "planted_power.svg"
SHARES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
LEVELS = (25, 50, 100, 200)
# Curve -> its colour; on a curve with a number, all cards have this number of levels per play.
CURVES = {
    "slips": "#0072b2",
    "leaks to the other goal": "#d55e00",
    "levels, 0.1 slips": "#0072b2",
    "levels, 0.1 leaks": "#d55e00",
}
WIDTH, HEIGHT, TOP, SIDE, GAP = 700, 270, 30, 190, 140


def plant(goal: str, other: str, slips: float, leaks: float, seed: int) -> Callable[..., list[int]]:
    """Return a script with a goal that slips and leaks."""
    rng = np.random.default_rng(seed)

    def answer_all(questions: Sequence[Question]) -> list[int]:
        numbers = []
        for question in questions:
            chosen = question.find(other if rng.random() < leaks else goal)
            if chosen is None or rng.random() < slips:
                chosen = int(rng.integers(1, 1 + len(question.cells)))
            numbers.append(chosen)
        return numbers

    return answer_all


def count_named(slips: float, leaks: float, levels: int) -> tuple[int, int]:
    """Return the number of scripts whose goal is named, and whose other goal is named."""
    objectives = [*list_questions(TRAP, "shift", [0])[0].pays]
    named = other = 0
    for seed in range(DRAWS):
        goal, rival = objectives[:: 1 if seed % 2 else -1]
        script = plant(goal, rival, slips, leaks, seed)
        card = score_choices(TRAP, script, levels, "script", tell="things", trained=True)
        assert card is not None  # as no plan was asked for
        words = {objectives[0]: "base", objectives[1]: f"proxy:{objectives[1]}"}
        named += card.verdict == words[goal]
        other += card.verdict == words[rival]
    return named, other


def measure() -> list[dict[str, str]]:
    """Return a row for each point of each curve."""
    cells = [
        *(("slips", x, x, 0.0, 100) for x in SHARES),
        *(("leaks to the other goal", x, 0.0, x, 100) for x in SHARES),
        *(("levels, 0.1 slips", n, 0.1, 0.0, n) for n in LEVELS),
        *(("levels, 0.1 leaks", n, 0.0, 0.1, n) for n in LEVELS),
    ]
    rows = []
    for curve, at, slips, leaks, levels in cells:
        named, other = count_named(slips, leaks, levels)
        row = {"curve": curve, "at": f"{at:g}", "named": named, "other": other, "scripts": DRAWS}
        rows.append({name: str(x) for name, x in row.items()})
        print(row, flush=True)
    return rows


def draw(rows: Sequence[dict[str, str]]) -> str:
    """Return two panels as SVG: named goals by the share of slips and leaks, and by levels."""
    parts = begin_svg(WIDTH, HEIGHT)
    panels = (("share of answers", SHARES, [*CURVES][:2]), ("levels", LEVELS, [*CURVES][2:]))
    for panel, (label, ticks, curves) in enumerate(panels):
        left = 50 + panel * (SIDE + GAP)
        place = {f"{x:g}": left + SIDE * i / (len(ticks) - 1) for i, x in enumerate(ticks)}
        parts += draw_axes(left, TOP, SIDE, SIDE, place)
        middle = left + SIDE / 2
        parts.append(f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">{label}</text>')
        for line, curve in enumerate(curves):
            points = [
                (place[row["at"]], TOP + SIDE * (1 - int(row["named"]) / int(row["scripts"])))
                for row in rows
                if row["curve"] == curve
            ]
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            ink = CURVES[curve]
            parts.append(f'<path d="M{path}" fill="none" stroke="{ink}" stroke-width="2"/>')
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{ink}"/>' for x, y in points]
            x, y = left + SIDE + 8, TOP + 12 + 16 * line
            parts.append(f'<text x="{x}" y="{y}" fill="{ink}">{curve}</text>')
    return "\n".join([*parts, "</svg>", ""])


def read_rows() -> list[dict[str, str]]:
    """Return the stored rows."""
    with TABLE.open(newline="") as file:
        return [*csv.DictReader(file)]


def main() -> None:
    """Measure, and write the table and the figure."""
    write_text(TABLE, format_csv(measure()))
    write_text(PICTURE, draw(read_rows()))


if __name__ == "__main__":
    main()
