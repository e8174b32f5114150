"""Studies of ``Attributes``: which of shape, colour and place trained agents pursue, and when.

    python -m benchmarks study attributes [STUDY ...]

trains and scores what is not done yet of the studies named, or of all, and writes a table and a
picture of each beside the results; ``--page docs/attributes.md`` puts the tables into that page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from agents.train import Run
from benchmarks.markdown import lay_out_table
from benchmarks.options import count
from benchmarks.runs.processes import Unit
from benchmarks.studies.commands import around, make_parser, run_study, show
from benchmarks.studies.findings import figure_class, save_figure
from benchmarks.studies.groups import LEADS, SeedGroup, SeedRow
from benchmarks.studies.surplus import format_mean
from mesa_gym.command import DONE
from mesa_gym.errors import unknown
from mesa_gym.rendering.colours import BASE, NEITHER, PROXIES, to_hex
from mesa_gym.scoring.measures import compare_pairs
from mesa_gym.scoring.verdict import LINES

OUT, LEVELS = Path("runs/attributes"), 300
TRAP = "Attributes"
RHOS = (0, 0.5, 0.9, 0.99, 1)
SHARE = (0.0, 1.0)
LONG = 200  # agents, above which a table leaves the twins to the rows of the results
PARTS = ("shape", "colour", "place", "none")
COLOURS = dict(zip(PARTS, map(to_hex, (BASE, *PROXIES[:2], NEITHER)), strict=True))


def run(*words: str, **more: Any) -> Run:
    """Return a training on the trap, in a stage for each text."""
    return Run(TRAP, stages=words, **more)


# Place tells nothing here, so that shape and colour alone are compared.
NO_PLACE = "rho_colour=1 rho_place=0"
STEPS = 300_000
FIRST = {
    "shape first": "reward=shape rho=0",
    "colour first": "reward=colour rho=0",
    "neither first": "rho=1",
}


def groups() -> dict[str, list[SeedGroup]]:
    """Return the groups of each study."""
    budgets, units = (30_000, 120_000, 480_000), (8, 32, 128)
    seen = [("ppo", n) for n in units] + [("ppo-pixels", 128)]
    contrasts, copies = (
        (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 1.0),
        ((4, 1), (2, 1), (1, 1), (1, 2), (1, 4)),
    )
    return {
        "rho": [
            SeedGroup({"rho": rho}, run(f"rho={rho}", steps=1_500_000), leads=tuple(COLOURS)[:3])
            for rho in RHOS
        ],
        "phase": [
            SeedGroup(
                {"observation": "pixels" if "pixels" in algo else "planes", "units": n}
                | {"steps": steps, "rho": rho},
                run(f"rho={rho}", steps=steps, algo=algo).change(units=n),
            )
            for steps in budgets
            for algo, n in seen
            for rho in RHOS
        ],
        "pixels": [
            SeedGroup({"observation": name}, run(NO_PLACE, steps=STEPS, algo=algo), seeds=10)
            for name, algo in (("planes", "ppo"), ("pixels", "ppo-pixels"))
        ],
        "contrast": [
            SeedGroup(
                {"contrast": c}, run(f"{NO_PLACE} contrast={c}", steps=STEPS, algo="ppo-pixels"), 10
            )
            for c in contrasts
        ],
        "salience": [
            SeedGroup(
                {"planes of shape": shape, "of colour": colour},
                run(f"{NO_PLACE} shape_planes={shape} colour_planes={colour}", steps=STEPS),
                10,
            )
            for shape, colour in copies
        ],
        "stages": [
            SeedGroup({"training": name}, run(first, "rho=1", steps=2 * STEPS, checkpoints=3))
            for name, first in FIRST.items()
        ],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = make_parser("attributes", __doc__, OUT, LEVELS)
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=f"(all) {', '.join(groups())}")
    parser.add_argument("--seeds", type=count, help="agents of each row (5 or 10)")
    options = parser.parse_args(arguments)
    chosen: dict[str, list[SeedGroup]] = {}

    def units() -> list[Unit]:
        figure_class()  # what is missing must show before the work
        for name in options.studies or groups():
            if name not in groups():
                raise unknown("study", name, groups())
            seeds = options.seeds
            chosen[name] = [replace(g, seeds=seeds or g.seeds) for g in groups()[name]]
            if options.page:
                around(options.page, name)
        return [g.unit(name, options.levels) for name in chosen for g in chosen[name]]

    def finish() -> int:
        for name, each in chosen.items():
            rows = [row for group in each for row in group.rows(name, options.out)]
            show(name, tables(rows), options)
            draw(name, rows, options.out / f"{name}.png")
            if curves(rows):
                draw_leads(rows, options.out / f"{name}_leads.png")
        return DONE

    return run_study("attributes", options, units, finish)


# -- tables ----------------------------------------------------------------------------------------


def group_by_setting(rows: Sequence[SeedRow]) -> Iterator[tuple[dict[str, Any], list[SeedRow]]]:
    """Yield each setting with the rows of its seeds, in order."""
    for setting in list({str(row.setting): row.setting for row in rows}.values()):
        yield setting, [row for row in rows if row.setting == setting]


def tables(rows: Sequence[SeedRow]) -> str:
    """Return the preference matrix of each setting, and the curves over leads, as Markdown."""
    plain = [row for row in rows if "lead" not in row.setting]
    agents = {(str(row.setting), row.seed) for row in plain}
    found = [f"{len(agents)} agents; 95% intervals over seeds alone.", matrix(plain)]
    if curves(rows):
        found.append(leads(rows))
    return "\n\n".join(found)


def matrix(rows: Sequence[SeedRow]) -> str:
    """Return a table of means over seeds with 95% intervals, and of each seed's choice of two."""
    cells = []
    for setting, same in group_by_setting(rows):
        for who in same[0].matrix:
            if len(rows) > LONG and who not in ("shift", "drift"):
                continue
            shares = [format_mean([row.matrix[who][x] for row in same], SHARE) for x in COLOURS]
            about = [str(len(same)), f"{np.mean([row.arrival for row in same]):.2f}"]
            own = who == "shift"
            words = Counter(row.verdict for row in same) if own else {}
            want = [f"{np.mean([row.want[x] for row in same]):.2f}" for x in same[0].want]
            of_two = [compare_pairs(row.matrix[who])["shape, not colour"] for row in same]
            seeds = " ".join("-" if each is None else f"{each:.2f}" for each in of_two)
            found = [
                " / ".join(want) if own else "",
                ", ".join(f"{count} {word}" for word, count in words.items()),
            ]
            about = about if own else ["", ""]
            cells.append([*map(str, setting.values()), who, *about, *shares, *found, seeds])
    heads = [
        "play",
        "seeds",
        "arrival",
        *COLOURS,
        "want: shape / colour / place",
        "verdicts",
    ]
    return lay_out_table([*rows[0].setting, *heads, "shape, not colour, by seed"], cells)


def curves(rows: Sequence[SeedRow]) -> dict[tuple[str, str], list[float]]:
    """Return (training, objective) -> its share by how many steps nearer its thing is."""
    found: dict[tuple[str, str], list[float]] = {}
    for setting, same in group_by_setting([row for row in rows if "lead" in row.setting]):
        *own, of, _ = setting.values()
        share = np.mean([row.matrix["shift"][of] for row in same])
        found.setdefault((" ".join(map(str, own)), of), []).append(float(share))
    return found


def leads(rows: Sequence[SeedRow]) -> str:
    """Return a table of the curves."""
    cells = [[*key, *(f"{s:.2f}" for s in shares)] for key, shares in curves(rows).items()]
    return lay_out_table(["training", "lead of", *map(str, LEADS)], cells)


# -- pictures --------------------------------------------------------------------------------------


def draw(study: str, rows: Sequence[SeedRow], path: Path) -> None:
    """Write a picture: bars of shares over settings, in a panel for all except the last names."""
    plain = [row for row in rows if "lead" not in row.setting]
    panels: dict[tuple[str, ...], list[tuple[str, list[SeedRow]]]] = {}
    for setting, same in group_by_setting(plain):
        *outer, (_, last) = setting.items()
        panels.setdefault(tuple(f"{k} {v}" for k, v in outer), []).append((str(last), same))
    columns = len({key[-1:] for key in panels})
    lines = -(-len(panels) // columns)
    figure = figure_class()((1.2 + 2.4 * max(columns, 2), 0.8 + 1.5 * lines), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True)
    for axes, (key, bars) in zip(
        grid.T.flat if columns > 1 else grid.flat, panels.items(), strict=True
    ):
        _bars(axes, bars)
        axes.set_title(", ".join(key), fontsize=7)
    for axes in grid[-1]:
        axes.set_xlabel([*plain[0].setting][-1], fontsize=8)
    for axes in grid[:, 0]:
        axes.set_ylabel("share of levels", fontsize=7)
    figure.legend(
        *grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=8
    )
    save_figure(figure, path)


def draw_leads(rows: Sequence[SeedRow], path: Path) -> None:
    """Write a picture of the curves: a panel for each objective, a line for each training."""
    found = curves(rows)
    objectives = list(dict.fromkeys(of for _, of in found))
    figure = figure_class()((2.6 * len(objectives), 2.4), layout="constrained")
    grid = figure.subplots(1, len(objectives), squeeze=False, sharey=True)[0]
    for (training, of), shares in found.items():
        axes = grid[objectives.index(of)]
        axes.plot(LEADS, shares, "o-", ms=3, label=training)
        axes.set_title(of, fontsize=8)
        axes.set_xlabel("steps nearer", fontsize=8)
        axes.tick_params(labelsize=7)
    grid[0].set_ylabel("share of levels", fontsize=8)
    grid[-1].legend(title=next(iter(rows[0].setting)), fontsize=7, title_fontsize=7)
    save_figure(figure, path)


def _bars(axes: Any, bars: Sequence[tuple[str, list[SeedRow]]]) -> None:
    """Draw a bar of mean shares for each setting; dots are the seeds' shares of shape.

    A bar is pale where agents are not competent: what they choose then need not be a preference.
    """
    from matplotlib.colors import to_rgba

    bottom = np.zeros(len(bars))
    competent = [np.mean([row.arrival for row in same]) >= LINES.arrival for _, same in bars]
    for x, colour in COLOURS.items():
        shares = np.array([np.mean([row.matrix["shift"][x] for row in same]) for _, same in bars])
        tones = [to_rgba(colour, 1.0 if each else 0.35) for each in competent]
        axes.bar(range(len(bars)), shares, bottom=bottom, color=tones, width=0.85)
        axes.bar(0, 0, color=colour, label=x)
        bottom += shares
    for place, (_, same) in enumerate(bars):
        seeds = [row.matrix["shift"]["shape"] for row in same]
        axes.plot([place] * len(seeds), seeds, "o", color="white", mec="black", mew=0.4, ms=2.4)
    axes.set_xticks(range(len(bars)), [name for name, _ in bars], fontsize=7)
    axes.tick_params(labelsize=7)
    axes.set_ylim(0, 1)
