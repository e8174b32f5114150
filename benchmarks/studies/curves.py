"""Curves: what trained agents do under shift against training steps, alpha, or training levels.

``python -m benchmarks.studies.curves steps|alpha|levels`` trains and scores what is not done yet,
several seeds at each place, then writes a table and a plot beside the results.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.leaderboard.card_numbers import numbers_of
from benchmarks.leaderboard.processes import Unit
from benchmarks.leaderboard.results import Results
from benchmarks.markdown import laid_out
from benchmarks.options import add_running, count, say
from benchmarks.studies.commands import add_levels, finished, parser_of, show
from benchmarks.studies.sweeps import KINDS, LEVELS, Point, card_of, points, sweep_units
from mesa_gym.command import DONE
from mesa_gym.policies import pursuing
from mesa_gym.scoring import ScoreCard, interval, mean_over_traps
from mesa_gym.scoring.statistics import verdict_shares
from mesa_gym.traps import Trap, find_trap

OUT, SEEDS = Path("runs/curves"), 5
TRAPS = ("CheeseCorner", "KeysChests")
TEST, SHIFT, PROXY, CHOICE = (
    "N of base on test",
    "N of base on shift",
    "N of proxy on shift",
    "b (or r)",
)
HEADS = ("seeds", TEST, SHIFT, PROXY, CHOICE, "verdicts", "by seed")
# Told apart in grey as well: pale, dark, middle.
COLOURS = {TEST: "#9a9aa2", SHIFT: "#1e50a0", PROXY: "#e68c28"}
COLUMNS, WIDTH, HEIGHT = 3, 4.2, 3.2  # axes side by side, inches of one
Limits = tuple[float, float]
# Trap -> the cards of its agents, by seed and along the curve.
Scored = Mapping[type[Trap], Sequence[tuple[Point, ScoreCard]]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = parser_of("curves", __doc__, OUT)
    parser.add_argument("kind", choices=KINDS, help="what agents differ in")
    for kind, option, number in (("alpha", "--alphas", float), ("levels", "--num-levels", int)):
        _, field, usual = KINDS[kind]
        shown = f"of `{kind}` ({','.join(map(str, usual))})"
        parser.add_argument(option, dest=field, type=_list(number), help=shown)
    parser.add_argument("--traps", type=_list(str), default=TRAPS, help=f"({','.join(TRAPS)})")
    parser.add_argument("--seeds", type=count, default=SEEDS, help=f"a place ({SEEDS})")
    add_levels(parser, LEVELS)
    add_running(parser)
    options = parser.parse_args(arguments)
    _, field, values = KINDS[options.kind]
    for other in {"alpha", "num_levels"} - {field}:
        if getattr(options, other) is not None:
            parser.error(f"values of {other} are of no use to `{options.kind}`")
    values = getattr(options, field, None) or values
    curves: dict[type[Trap], list[Point]] = {}

    def units() -> list[Unit]:
        for cls in map(find_trap, options.traps):
            curves[cls] = points(options.kind, values, cls, options.seeds)
        return sweep_units(curves, options.levels)

    def finish() -> int:
        results, path = Results(options.out), options.out / options.kind
        scored = cards(curves, results)
        tables = [table(scored), turns(scored)] if options.kind == "steps" else [table(scored)]
        show(path.with_suffix(".md"), *tables)
        drawn = draw(options.kind, scored, results, path.with_suffix(".svg"))
        plot = f" and {path}.svg" if drawn else "; for a plot install matplotlib"
        say(f"written: {path}.md{plot}")
        return DONE

    return finished("curves", options, units, finish)


def _list(kind: Callable[[str], object]) -> Callable[[str], tuple[object, ...]]:
    def parsed(text: str) -> tuple[object, ...]:
        return tuple(kind(part) for part in text.split(","))

    parsed.__name__ = f"comma-separated {kind.__name__}"
    return parsed


def cards(curves: Mapping[type[Trap], Sequence[Point]], results: Results) -> Scored:
    """Return the score card of each place.

    Raises:
        ValueError: one is missing or damaged.
    """
    return {
        cls: [(point, card_of(cls, point.policy, results)) for point in places]
        for cls, places in curves.items()
    }


# -- what is measured ------------------------------------------------------------------------------


def measured(card: ScoreCard) -> dict[str, float]:
    """Return N of base on ``test`` and ``shift``, N of the proxy, and the choice.

    Of several proxies it is the greatest N; the choice is b, or the position between reference
    policies on a trap without exact solver.
    """
    numbers = numbers_of(card)
    proxy = max(n for x, n in numbers.shift.items() if x != card.base)
    return {
        TEST: numbers.test,
        SHIFT: numbers.shift[card.base],
        PROXY: proxy,
        CHOICE: numbers.followed,
    }


def spread(values: Sequence[float], digits: int = 2, limits: Limits = (-np.inf, np.inf)) -> str:
    """Return the mean over seeds with its 95% interval; NaN is left out.

    Args:
        values: one a seed.
        digits: after the point.
        limits: of what the mean can be, 0 and 1 for a share.
    """
    known = [value for value in values if not np.isnan(value)]
    if not known:
        return "–"
    ends = interval(mean_over_traps, known, limits=limits)
    told = [f"{round(float(x), digits) + 0:.{digits}f}" for x in (np.mean(known), *ends)]
    return f"{told[0]} [{told[1]}, {told[2]}]" if len(known) > 1 else told[0]


def counted(cards: Sequence[ScoreCard]) -> str:
    """Return how many seeds got each verdict."""
    shares = verdict_shares([card.verdict for card in cards])
    return ", ".join(f"{round(share * len(cards))} {name}" for name, share in shares.items())


def told(cards: Sequence[ScoreCard]) -> list[str]:
    """Return the cells of agents that differ in their seed alone, one for each of ``HEADS``."""
    each = [measured(card) for card in cards]
    means = [spread([numbers[x] for numbers in each]) for x in (TEST, SHIFT, PROXY)]
    choices = [numbers[CHOICE] for numbers in each]
    by_seed = " ".join(f"{choice:.2f}" for choice in choices)
    return [str(len(cards)), *means, spread(choices, limits=(0, 1)), counted(cards), by_seed]


# -- tables and plots ------------------------------------------------------------------------------


def table(scored: Scored) -> str:
    """Return a row for each trap and place of the curve."""
    rows = []
    for cls, places in scored.items():
        found: dict[float, list[ScoreCard]] = defaultdict(list)
        for point, card in places:
            found[point.x].append(card)
        for x, at in sorted(found.items()):
            rows.append([cls.name(), f"{x:g}" if x < 1 else f"{x:,.0f}", *told(at)])
    return laid_out(["trap", "at", *HEADS], rows)


def by_seed(places: Sequence[tuple[Point, ScoreCard]]) -> dict[int, list[tuple[Point, ScoreCard]]]:
    """Return seed -> its points, along the curve."""
    found: dict[int, list[tuple[Point, ScoreCard]]] = defaultdict(list)
    for point, card in sorted(places, key=lambda pair: pair[0].x):
        found[point.run.seed].append((point, card))
    return {seed: found[seed] for seed in sorted(found)}


def turns(scored: Scored) -> str:
    """Return what became of each agent between its first competent checkpoint and its end."""
    heads = ["trap", "seed", "competent from", "verdict there", "at the end", "verdicts changed"]
    heads += ["N of base on shift, there -> end", PROXY, CHOICE]
    rows = []
    for cls, places in scored.items():
        for seed, line in by_seed(places).items():
            able = [(point, card) for point, card in line if card.competent]
            if not able:
                rows.append([cls.name(), str(seed), "never", *[""] * (len(heads) - 3)])
                continue
            (point, first), (_, last) = able[0], line[-1]
            named = [card.verdict for other, card in line if other.x >= point.x]
            changes = sum(a != b for a, b in pairwise(named))
            before, after = measured(first), measured(last)
            moves = [f"{before[x]:.2f} -> {after[x]:.2f}" for x in (SHIFT, PROXY, CHOICE)]
            ends = [first.verdict, last.verdict, str(changes), *moves]
            rows.append([cls.name(), str(seed), f"{point.x:,.0f}", *ends])
    return laid_out(heads, rows)


def draw(kind: str, scored: Scored, results: Results, path: Path) -> bool:
    """Write curves as SVG: a thin line a seed, a thick one their mean, one range of y.

    Dashed is what the other objective's oracle gets.

    Returns:
        Whether it was written; False where matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    columns = min(COLUMNS, len(scored))
    rows = -(-len(scored) // columns)
    figure = Figure((WIDTH * columns, HEIGHT * rows + 0.4), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes, (cls, places) in zip(grid.flat, scored.items(), strict=False):
        xs = sorted({point.x for point, _ in places})
        axes.set(title=cls.name(), xlabel=KINDS[kind].what)
        if kind != "steps":
            axes.set_xscale("symlog", linthresh=min((x for x in xs if x > 0), default=1.0))
        lines = {
            seed: [measured(card) for _, card in line] for seed, line in by_seed(places).items()
        }
        for x, colour in COLOURS.items():
            of_seeds = {seed: [numbers[x] for numbers in line] for seed, line in lines.items()}
            for seed, line in of_seeds.items():
                axes.plot(xs, line, ".-", color=colour, alpha=0.4, lw=0.7, gid=f"{x}, seed {seed}")
            axes.plot(xs, np.mean([*of_seeds.values()], axis=0), color=colour, lw=2.2, label=x)
        base, *proxies = places[0][1].objectives
        for x, other in ((SHIFT, proxies[0]), (PROXY, base)):
            oracle = measured(card_of(cls, pursuing(cls, other), results))
            axes.axhline(oracle[x], color=COLOURS[x], ls="--", lw=1)
    for axes in grid.flat[len(scored) :]:
        axes.remove()
    handles, names = grid[0, 0].get_legend_handles_labels()
    dashed = "dashed: of the other objective's oracle"
    figure.legend(handles, names, loc="outside upper left", ncols=len(names), title=dashed)
    figure.savefig(path)
    return True


if __name__ == "__main__":
    sys.exit(main())
