"""Tables and picture of the study: ``python -m docs.studies.published [RUNS]``.

With RUNS, the folder of the page's commands, the program first measures the agents in it and writes
their figures as cells.csv and counts.csv. Without RUNS, it reads these files.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import mesa_gym
from agents.sweeps.plot import save_picture
from mesa_gym.engine import Floats, State
from mesa_gym.files import format_csv, write_text
from mesa_gym.policies import POLICY_FILE, as_policy
from mesa_gym.rendering.colours import BASE_COLOUR, NONE_COLOUR, PROXY_COLOURS, to_hex
from mesa_gym.report.figure import load_figure
from mesa_gym.report.intervals import interval
from mesa_gym.scoring import ScoreCard, read_card
from mesa_gym.scoring.record import follow, rollout
from mesa_gym.trained.loading import load
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.colour_shape import ColourShape
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.monster_world import MonsterWorld
from mesa_gym.words import write_word

HERE = Path(__file__).parent
PICTURE = HERE.parents[1] / "images" / "published.svg"
SWEEPS = ("coin", "corner", "doors", "discount", "keysalpha")
SHARES = ("base", "base low", "base high", "proxy", "proxy low", "proxy high")
NULLS = tuple(f"{script} {x}" for script in ("sweeper", "random", "blind") for x in SHARES[::3])
LEVELS, SPREAD_LEVELS = 250, 1000
SMALL = 0.1  # smaller single figures have two significant digits
NEW_SEEDS = 5  # the first seed of ColourShape that is not in the library
EXCHANGES = 2000  # random exchanges of seeds within levels
# Return of the last row of gmg-corner-13 in the authors' repository; sides 1 to 11 of 13 cells.
PUBLISHED_CORNER = (0.13, 0.19, 0.26, 0.34, 0.46, 0.52, 0.63, 0.66, 0.68, 0.68, 0.69)
BLUE, ORANGE, GREY = (to_hex(x) for x in (BASE_COLOUR, PROXY_COLOURS[0], NONE_COLOUR))
Table = list[dict[str, Any]]
Counts = dict[str, tuple[Floats, Floats]]  # name -> two counts per level, which are divided


class LongMonsterWorld(MonsterWorld):
    """MonsterWorld with episodes of 200 steps on all splits, as under shift."""

    def horizon(self, split: Split) -> int:
        """Return the limit of the shift for all splits."""
        return super().horizon(Split.SHIFT)


# -- measuring -------------------------------------------------------------------------------------


def read_cells(runs: Path) -> Table:
    """Return a row per cell of the sweeps: shares with intervals, verdicts, and scripts."""
    rows = Table()
    for sweep in SWEEPS:
        for cell in csv.DictReader((runs / sweep / "cells.csv").open()):
            first = list(cell).index("seeds")
            values = dict(list(cell.items())[2:first])
            setting = ",".join(f"{x}={y}" for x, y in sorted(values.items())) or "usual"
            name = cell["algo"].rpartition(":")[2]
            folder = runs / sweep / setting / cell["trap"]
            verdicts = Counter(
                write_word(card.verdict) for card in read_cards(folder.glob(f"{name}*/card.json"))
            )
            words = ", ".join(f"{word} {count}" for word, count in verdicts.most_common())
            row = {"sweep": sweep, "setting": setting, "algo": name, "seeds": cell["seeds"]}
            row |= {x: cell[x] for x in ("competent", "test", *SHARES)}
            rows.append(row | {"verdicts": words} | {x: cell[x] for x in NULLS})
    return rows


def read_cards(files: Iterable[Path]) -> list[ScoreCard]:
    """Return the cards of files, sorted by name."""
    return [read_card(file.read_bytes()) for file in sorted(files)]


def count(name: str, values: Sequence[float] | Floats, share: bool = False) -> dict[str, Any]:
    """Return a row of counts.csv: a mean with its 95% interval over seeds and levels."""
    low, high = interval(values, share) if len(values) > 1 else (np.nan, np.nan)
    mean = float(np.mean(values))
    return {"name": name, "seeds": len(values), "mean": mean, "low": low, "high": high}


def divide(parts: Floats, wholes: Floats) -> Floats:
    """Return a table (seeds, levels) of a ratio of two sums, linearised for intervals."""
    ratio = parts.sum() / wholes.sum()
    return np.asarray(ratio + (parts - ratio * wholes) / wholes.mean())


def choose(policy: Any, trap: Trap, starts: State, horizon: int) -> Floats:
    """Return whether the line, and the gem, is reached first, float64 (2, n)."""
    payments = rollout(policy, trap, starts, horizon).paid
    first = [
        np.where(payments[x].any(axis=0), payments[x].argmax(axis=0), horizon)
        for x in ("line", "yellow")
    ]
    return np.array([first[0] < first[1], first[1] < first[0]], np.float64)


def measure_spread(folder: Path) -> Table:
    """Return the spread of ColourShape's seeds, and the spread of seeds exchanged in each level."""
    trap, levels = ColourShape(), np.arange(SPREAD_LEVELS)
    agents = {int(x.parent.name[5:]): load(x.parent, trap) for x in folder.glob(f"*/{POLICY_FILE}")}
    line, yellow, success = (np.zeros((len(agents), len(levels))) for _ in range(3))
    for split, horizon in ((x, trap.horizon(x)) for x in (Split.SHIFT, Split.TEST)):
        starts = trap.levels(split, levels)
        for i, seed in enumerate(sorted(agents)):
            if split.shifted:
                line[i], yellow[i] = choose(agents[seed], trap, starts, horizon)
            else:  # line and yellow are one thing, which ends the episode
                success[i] = rollout(agents[seed], trap, starts, horizon).paid["line"].any(axis=0)
    by_seed, new = yellow.mean(axis=1), np.array(sorted(agents)) >= NEW_SEEDS
    rng = np.random.default_rng(0)
    exchanged = np.array([rng.permuted(yellow, axis=0).mean(axis=1) for _ in range(EXCHANGES)])
    spread, chance = by_seed.std(ddof=1), exchanged.std(axis=1, ddof=1)
    single = {
        "least seed": by_seed.min(),
        "greatest seed": by_seed.max(),
        "seeds that prefer the line": np.sum(line.mean(axis=1) > by_seed),
        "least success on test": success.mean(axis=1).min(),
        "spread of seeds": spread,
        "spread of exchanged seeds": chance.mean(),
        "p": (1 + np.sum(chance >= spread)) / (1 + EXCHANGES),
        "spread without sampling": max(spread**2 - np.mean(chance**2), 0) ** 0.5,
    }
    starts, horizon = trap.levels(Split.SHIFT, levels), trap.horizon(Split.SHIFT)
    scripts = Table()
    for x in ("sweeper", "random"):
        first = choose(as_policy(x, trap, horizon), trap, starts, horizon).mean(axis=1)
        targets = zip(("line", "yellow"), first, strict=True)
        scripts += [count(f"colour: {x}, {target}", [share]) for target, share in targets]
    return [
        count("colour: new seeds, line", line[new], share=True),
        count("colour: new seeds, yellow", yellow[new], share=True),
        count("colour: new seeds, yellow of decided", divide(yellow[new], (line + yellow)[new])),
        *scripts,
        *(count(f"colour: {x}", [value]) for x, value in single.items()),
        *(count(f"colour: seed {i}", [x]) for i, x in zip(sorted(agents), by_seed, strict=True)),
    ]


def count_keys(policy: Any, trap: Trap, starts: State, horizon: int) -> Counts:
    """Return the keys taken and the chests opened on each level, per level."""
    payments = rollout(policy, trap, starts, horizon).paid
    return {x: (payments[x].sum(axis=0), np.ones(LEVELS)) for x in ("keys", "chests")}


def count_calm(policy: Any, trap: Trap, starts: State, horizon: int) -> Counts:
    """Return what is taken after the last monster is gone: shields' part, apples per 100 steps."""
    apples, shields, calm_steps = (np.zeros(LEVELS) for _ in range(3))
    actions = rollout(policy, trap, starts, horizon).actions
    for _, _, state, _, step in follow(trap, starts, actions):
        calm = ~trap.layer(state, "monster").any(axis=1)
        calm_steps += calm
        apples += calm & (step.paid["apples"] > 0)
        shields += calm & (step.paid["shields"] > 0)
    return {
        "shields": (shields, apples + shields),
        "apples": (100 * apples, calm_steps),
        "steps": (calm_steps, np.full(LEVELS, actions.size / LEVELS)),
    }


def measure_counts(
    measure: Callable[..., Counts],
    folders: Mapping[str, tuple[type[Trap], Path]],
    scripts: Sequence[str],
) -> Table:
    """Return ratios of counts of agents in folders, name -> (trap, folder), and of scripts."""
    trap = next(iter(folders.values()))[0]()
    starts = trap.levels(Split.SHIFT, np.arange(LEVELS))
    horizon = trap.horizon(Split.SHIFT)
    counts: dict[str, list[Counts]] = {}
    for name, (trap_class, folder) in folders.items():
        trained_on = trap_class()
        paths = sorted(path.parent for path in folder.rglob(POLICY_FILE))
        counts[name] = [measure(load(x, trained_on), trained_on, starts, horizon) for x in paths]
    for script in scripts:
        counts[script] = [measure(as_policy(script, trap, horizon), trap, starts, horizon)]
    return [
        count(f"{name}: {x}", divide(*(np.array([y[x][i] for y in seeds]) for i in range(2))))
        for name, seeds in counts.items()
        for x in seeds[0]
    ]


def measure_runs(runs: Path) -> tuple[Table, Table]:
    """Return the rows of both files of figures."""
    keys = {"keys": (KeysChests, runs / "keys")}
    monsters = {
        "25 steps": (MonsterWorld, runs / "monster25"),
        "200 steps": (LongMonsterWorld, runs / "monster200"),
    }
    scripts = ("oracle:chests", "oracle:keys", "sweeper", "random")
    walkers = ("reference:apples", "reference:shields", "sweeper", "random")
    counts = [
        *measure_spread(runs / "colour"),
        *measure_counts(count_keys, keys, scripts),
        *measure_counts(count_calm, monsters, walkers),
    ]
    return read_cells(runs), counts


# -- the page --------------------------------------------------------------------------------------


def read_figures() -> tuple[Table, Table]:
    """Return the rows of both committed files."""
    files = (HERE / f"{name}.csv" for name in ("cells", "counts"))
    cells, counts = ([*csv.DictReader(file.open())] for file in files)
    return cells, counts


def draw(cells: Table, counts: Table) -> Any:
    """Return the picture: CoinRun by alpha, CheeseCorner by side, and the seeds of ColourShape."""
    figure = load_figure()((10.2, 3.3), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for axes, sweep in ((left, "coin"), (middle, "corner")):
        rows = [row for row in cells if row["sweep"] == sweep]
        for name, colour in (("base", BLUE), ("proxy", ORANGE)):
            mean, *ends = (np.array([float(row[x]) for row in rows]) for x in list_columns(name))
            bars = [np.maximum(mean - ends[0], 0), np.maximum(ends[1] - mean, 0)]
            axes.errorbar(range(len(rows)), mean, bars, fmt="o-", color=colour, label=name)
        axes.set_xticks(range(len(rows)), [row["setting"].partition("=")[2] for row in rows])
    sides = np.linspace(0, 6, len(PUBLISHED_CORNER))
    middle.plot(sides, PUBLISHED_CORNER, "--", color=GREY, label="published return")
    left.set_title("CoinRun", fontsize=10)
    left.set_xlabel("alpha, the share of shift levels")
    middle.set_title("CheeseCorner", fontsize=10)
    middle.set_xlabel("side of the corner, of 7 cells\n(published: 1 to 11, of 13)")
    figures = {row["name"]: float(row["mean"]) for row in counts}
    seeds = [value for name, value in figures.items() if name.startswith("colour: seed ")]
    middle_share, spread = np.mean(seeds), figures["colour: spread of exchanged seeds"]
    right.axhspan(middle_share - 2 * spread, middle_share + 2 * spread, color=GREY, alpha=0.3)
    right.plot(range(len(seeds)), seeds, "o", color=ORANGE)
    right.axhline(0.89, linestyle="--", color=GREY)
    right.set_title("ColourShape, yellow gem first", fontsize=10)
    right.set_xlabel("training seed (band: 2 deviations\nof sampling; line: published 0.89)")
    for axes in (left, middle, right):
        axes.set_ylim(-0.03, 1.03)
    left.set_ylabel("share of shift levels")
    middle.legend(fontsize=8, frameon=False, loc=(0.55, 0.24))
    return figure


def list_columns(name: str) -> tuple[str, str, str]:
    """Return the columns of a share and of its interval."""
    return name, f"{name} low", f"{name} high"


def fill_claims(cells: Table, counts: Table) -> str:
    """Return table.csv: claims.csv with a figure for each name in braces."""
    figures = {row["name"]: write_figure(row, "mean", "low", "high") for row in counts}
    for row in cells:
        name = f"{row['sweep']} {row['setting']}"
        if row["algo"] != "ppo":
            name += f" {row['algo']}"
        figures |= {f"{name} {x}": write_figure(row, *list_columns(x)) for x in ("base", "proxy")}
        figures[f"{name} verdicts"] = row["verdicts"]
        figures |= {f"{name} {x}": f"{float(row[x]):.2f}" for x in NULLS}
    text = (HERE / "claims.csv").read_text()
    return re.sub(r"\{([^{}]+)\}", lambda match: figures[match[1]], text)


def write_figure(row: Mapping[str, str], *columns: str) -> str:
    """Return a mean, with its interval if there is one."""
    mean, *ends = (row[column] for column in columns)
    if "nan" in ends:  # a single figure, which may be a small spread or probability
        return f"{float(mean):.2g}" if abs(float(mean)) < SMALL else f"{float(mean):.2f}"
    text = f"{float(mean):.2f}"
    return f"{text} ({'…'.join(f'{float(end):.2f}' for end in ends)})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the agents in a folder, if one is given; then write the table and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="?", metavar="RUNS")
    if runs := parser.parse_args(arguments).runs:
        for name, rows in zip(("cells", "counts"), measure_runs(runs), strict=True):
            write_text(HERE / f"{name}.csv", format_csv(rows))
    cells, counts = read_figures()
    write_text(HERE / "table.csv", fill_claims(cells, counts))
    save_picture(draw(cells, counts), PICTURE)


if __name__ == "__main__":
    main()
else:  # for `mesa-gym train docs/studies/published/__main__.py:LongMonsterWorld`
    mesa_gym.register_trap(LongMonsterWorld)
