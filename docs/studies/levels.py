"""Levels against width: ``python -m docs.studies.levels OUT`` draws and prints a sweep's agents.

OUT is the folder of ``mesa-gym sweep ColourShape NearestFruit --vary num_levels=... units=...``.
Three figures an agent: arrival on ``test``, base's part of base and proxy under the shift, and the
share of shut levels on which it takes the best way that is left. Nulls are a sweeper's arrival and
part, random first steps, and the library's planner.
"""

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mesa_gym.report.groups import read_choice
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.shut import measure_replanning

SHOWN = ("arrival on test", "base's part", "replans")
TONES = {"16": "#0072b2", "64": "#009e73", "128": "#d55e00"}
PICTURE = Path("docs/images/levels.svg")


def find_part(shares: dict[str, float]) -> float:
    """Return base's part of base and proxy."""
    return shares["base"] / (shares["base"] + shares["proxy"])


def read_cell(out: Path, line: dict[str, str]) -> dict[str, list[float]]:
    """Return what is shown of a cell's agents, a number a seed."""
    folder = out / f"num_levels={line['num_levels']},units={line['units']}" / line["trap"]
    agents = sorted(path.parent for path in folder.glob("*/card.json"))
    cards = [ScoreCard.load(agent / "card.json") for agent in agents]
    replan = measure_replanning({str(agent): str(agent) for agent in agents}, line["trap"])
    arrivals: list[Any] = [card.splits["test"]["arrival"] for card in cards]
    parts = [find_part(read_choice(card.splits["shift"])) for card in cards]
    return dict(zip(SHOWN, (arrivals, parts, [*replan.shares.values()]), strict=True))


def find_nulls(out: Path, trap: str, line: dict[str, str]) -> dict[str, dict[str, float]]:
    """Return figure -> null -> its share."""
    found = measure_replanning({"planner": "ppo-planner:0"}, trap)
    print(f"{trap}: {found.levels} of 1,000 levels can be shut")
    part = find_part({role: float(line[f"sweeper {role}"]) for role in ("base", "proxy")})
    card = ScoreCard.load(next(out.glob(f"*/{trap}/*/card.json")))
    arrival: Any = card.nulls["sweeper"]["test"]["arrival"]
    return {
        SHOWN[0]: {"sweeper": arrival},
        SHOWN[1]: {"sweeper": part},
        SHOWN[2]: {"random": found.uniform, "planner": found.shares["planner"]},
    }


def main(out: Path) -> None:
    """Print the table and write the picture."""
    lines = [*csv.DictReader((out / "cells.csv").open())]
    traps = [*dict.fromkeys(line["trap"] for line in lines)]
    figure = Figure((10, 2.9 * len(traps) + 0.5), layout="constrained")
    grid = figure.subplots(len(traps), len(SHOWN), squeeze=False)
    print(f"| trap | units | levels | able | {' | '.join(SHOWN)} |\n|{'---|' * 7}")
    for trap, row in zip(traps, grid, strict=True):
        own = [line for line in lines if line["trap"] == trap]
        ticks = [*dict.fromkeys(line["num_levels"] for line in own)]
        for units in dict.fromkeys(line["units"] for line in own):
            cells = [line for line in own if line["units"] == units]
            figures = [read_cell(out, line) for line in cells]
            at = [ticks.index(line["num_levels"]) for line in cells]
            for axes, name in zip(row, SHOWN, strict=True):
                means = np.full(len(ticks), np.nan)  # no line leads over a cell that was not run
                means[at] = [np.mean(each[name]) for each in figures]
                axes.plot(means, "-", color=TONES[units], label=f"{units} units")
                for x, each, line in zip(at, figures, cells, strict=True):
                    able = 2 * int(line["able"]) > int(line["seeds"])
                    tone = TONES[units] if able or name != SHOWN[1] else "#88919b"
                    axes.plot([x] * len(each[name]), each[name], ".", color=tone, markersize=4)
            for line, each in zip(cells, figures, strict=True):
                told = [f"{np.mean(x):.2f} ({min(x):.2f} to {max(x):.2f})" for x in each.values()]
                place = [trap, units, line["num_levels"], f"{line['able']} of {line['seeds']}"]
                print(f"| {' | '.join([*place, *told])} |")
        for axes, (name, nulls) in zip(row, find_nulls(out, trap, own[0]).items(), strict=True):
            for null, share in nulls.items():
                axes.axhline(share, color="#555555", linestyle="--", linewidth=0.8)
                axes.text(
                    len(ticks) - 0.6, share + 0.02, f"{null} {share:.2f}", ha="right", fontsize=7
                )
                print(f"{trap}, {name}: {null} {share:.2f}")
            axes.set_title(f"{trap.removesuffix('-v0')}: {name}", fontsize=10)
            axes.set_xticks(range(len(ticks)), ticks, fontsize=8)
            axes.set_ylim(-0.03, 1.03)
            axes.spines[["top", "right"]].set_visible(False)
    grid[0, 0].legend(frameon=False, fontsize=8)
    figure.supxlabel(
        "levels of the training; small points are seeds, grey where most fail", fontsize=8
    )
    figure.savefig(PICTURE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
