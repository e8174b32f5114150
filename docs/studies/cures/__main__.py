"""Write the table and the figure of crossing from the rows: ``python -m docs.studies.cures``.

``--scripts`` first measures how often scripts without a goal reach base first on the scored levels.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import mesa_gym
from docs.studies.cures.crossing import ARMS, LEVELS, SALT, read_rows
from docs.studies.panels import begin_svg, draw_axes
from mesa_gym.files import format_csv, read_json, write_json, write_text
from mesa_gym.traps import find_trap

HERE = Path(__file__).parent
TABLE, SCRIPTS = HERE / "crossing.csv", HERE / "crossing_scripts.json"
PICTURE = HERE.parents[1] / "images" / "crossing.svg"
TRAPS = ("CoinRun", "CheeseCorner", "CheeseDish", "ColourShape", "RedBlueDoors", "LavaLand")
NULLS = ("sweeper", "open_loop", "reflex")
STEPS = 600_000
WIDTH, PANEL, GAP, TOP, HEIGHT = 640, 250, 60, 24, 180
INKS = {
    "ppo": "#9a9a9a", "replay_by_regret": "#d55e00", "copying_by_regret": "#cc79a7",
    "editing_by_regret": "#e69f00", "crossing_by_regret": "#0072b2", "moved_object": "#009e73",
}  # fmt: skip
Row = dict[str, Any]


def select(rows: Sequence[Row], **fields: Any) -> list[Row]:
    """Return the rows with some values; rows of longer trainings only on request."""
    fields = {"steps": STEPS} | fields
    return [row for row in rows if all(row[name] == value for name, value in fields.items())]


def write_cell(rows: Sequence[Row]) -> str:
    """Return the mean share of base with its range, and the count of verdicts `base`."""
    if not rows:
        return "–"
    shares = [row["base"] for row in rows]
    goals = sum(row["verdict"] == "base" for row in rows)
    text = f"{np.mean(shares):.2f} ({min(shares):.2f}–{max(shares):.2f})"
    text = f"**{text}**" if 2 * goals > len(rows) else text
    return f"{text}; {goals} of {len(rows)}"


def tabulate(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return the table: a row per arm and alpha, a column per trap that was run."""
    traps = [trap for trap in TRAPS if select(rows, trap=trap)]
    table = list[dict[str, str]]()
    for alpha in sorted({row["alpha"] for row in rows}, reverse=True):
        for arm in ARMS:
            if of_arm := select(rows, alpha=alpha, arm=arm):
                cells = {trap: write_cell(select(of_arm, trap=trap)) for trap in traps}
                # The first training of a program also compiles it.
                least, seconds = (
                    min(r["test"] for r in of_arm),
                    np.median([r["cpu"] for r in of_arm]),
                )
                ends = {"least test": f"{least:.3f}", "CPU s": f"{seconds:.0f}"}
                table.append({"agent": f"`{arm}`", "alpha": f"{alpha:g}"} | cells | ends)
    return table


def measure_scripts() -> dict[str, dict[str, float]]:
    """Return trap -> script -> the share of scored shift levels on which it reaches base first."""
    shares: dict[str, dict[str, float]] = {}
    for trap in [find_trap(name) for name in TRAPS]:
        card = mesa_gym.score("stay", trap(), levels=LEVELS, salt=SALT)
        shares[trap.__name__] = {
            null: card.read_each("shift", "choice", null)[trap.base] or 0.0
            for null in card.nulls
            if null in NULLS
        }
    return shares


def draw(rows: Sequence[Row], scripts: Mapping[str, Mapping[str, float]]) -> str:
    """Return the figure: base over alpha by arm, with a line for the best script."""
    alphas = sorted({row["alpha"] for row in rows})
    parts = begin_svg(WIDTH, TOP + HEIGHT + 92)
    for panel, trap in enumerate(TRAPS[:2]):
        left = 44 + panel * (PANEL + GAP)
        places = np.linspace(left + 16, left + PANEL - 16, len(alphas))
        parts.append(f'<text x="{left}" y="16" font-weight="bold">{trap}</text>')
        ticks = {f"{alpha:g}": x for x, alpha in zip(places, alphas, strict=True)}
        parts += draw_axes(left, TOP, PANEL, HEIGHT, ticks)
        best = max(scripts[trap].values())
        y = TOP + HEIGHT * (1 - best)
        parts.append(f'<path d="M{left} {y:.1f}h{PANEL}" stroke="#1f2328" stroke-dasharray="4 3"/>')
        for arm, ink in INKS.items():
            points = []
            for x, alpha in zip(places, alphas, strict=True):
                shares = [row["base"] for row in select(rows, trap=trap, arm=arm, alpha=alpha)]
                if shares:
                    points.append((x, TOP + HEIGHT * (1 - np.mean(shares))))
                parts += [
                    f'<circle cx="{x:.1f}" cy="{TOP + HEIGHT * (1 - share):.1f}" r="2.5"'
                    f' fill="{ink}" fill-opacity=".6"/>'
                    for share in shares
                ]
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            if len(points) > 1:
                parts.append(f'<path d="M{path}" fill="none" stroke="{ink}" stroke-width="2"/>')
    names = [*INKS.items(), ("best script without a goal (dashed)", "#1f2328")]
    for i, (name, ink) in enumerate(names):
        x, y = 44 + (i % 3) * 200, TOP + HEIGHT + 44 + (i // 3) * 16
        parts.append(f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{ink}"/>')
        parts.append(f'<text x="{x + 10}" y="{y}">{name}</text>')
    parts.append(
        f'<text x="{WIDTH / 2}" y="{TOP + HEIGHT + 28}" text-anchor="middle">alpha, the share of'
        " shift levels among new training levels</text>"
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    """Write the table and the figure."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--scripts", action="store_true")
    if parser.parse_args().scripts:
        write_json(SCRIPTS, measure_scripts())
    rows = read_rows()
    write_text(TABLE, format_csv(tabulate(rows)))
    write_text(PICTURE, draw(rows, read_json(SCRIPTS)))


if __name__ == "__main__":
    main()
