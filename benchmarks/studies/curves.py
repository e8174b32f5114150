"""Curves: what trained agents do under shift against training steps, alpha, or training levels.

``python -m benchmarks.studies.curves steps|alpha|levels`` trains and scores what is not done yet,
several seeds at each place, then writes a table and a plot beside the results.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from agents.train import ALGORITHMS, NUM_LEVELS
from benchmarks.leaderboard import runner
from benchmarks.leaderboard.card_numbers import numbers_of
from benchmarks.leaderboard.results import Results
from benchmarks.markdown import laid_out
from benchmarks.options import add_running, count, folder, say
from benchmarks.studies import plots
from benchmarks.studies.sweeps import (
    KINDS,
    Point,
    Sweep,
    cards,
    reference_cards,
    seeds_of,
    sweep_units,
)
from mesa_gym.command import DONE, FAILED, guarded
from mesa_gym.files import write_text
from mesa_gym.policies import pursuing
from mesa_gym.scoring import ScoreCard, interval, mean_over_traps
from mesa_gym.scoring.statistics import verdict_shares
from mesa_gym.traps import Trap

OUT = Path("runs/curves")
TRAPS = ("CheeseCorner", "KeysChests")
VALUES: dict[str, tuple[float, ...]] = {
    "steps": (),
    "alpha": (0.0, 0.001, 0.01, 0.03, 0.1),
    "levels": (100, 1_000, 10_000, NUM_LEVELS),
}
# A seed's share then has a standard error of at most 0.03, less than seeds differ.
LEVELS = 300
SEEDS = 5
Limits = tuple[float, float]
Scored = list[tuple[Point, ScoreCard]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    options = vars(_parser().parse_args(arguments))
    results = Results(options.pop("out"))
    running = {name: options.pop(name) for name in ("workers", "backend")}
    options["values"] = tuple(options.pop("values", ()))
    options["names"] = tuple(options.pop("traps"))

    def work() -> int:
        sweep = Sweep(**options)
        if runner.run(sweep_units(sweep), results.folder, **running):
            return FAILED
        return _show(sweep, results)

    kept = f"what was done is kept in {results.folder}, and the same command goes on from there"
    return guarded("curves", work, kept)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.studies.curves",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind, what in KINDS.items():
        command = kinds.add_parser(kind, help=f"against {what}")
        shown = ",".join(map(str, VALUES[kind]))
        if kind == "alpha":
            command.add_argument("--alphas", dest="values", type=_list(float), help=f"({shown})")
        if kind == "levels":
            command.add_argument("--num-levels", dest="values", type=_list(int), help=f"({shown})")
        command.set_defaults(values=VALUES[kind])
        command.add_argument("--traps", type=_list(str), default=TRAPS, help=f"({','.join(TRAPS)})")
        command.add_argument("--seeds", type=count, default=SEEDS, help=f"a place ({SEEDS})")
        command.add_argument("--steps", type=count, help="of training (as many as a trap takes)")
        command.add_argument(
            "--checkpoints",
            type=count,
            help="equal parts of training to keep, for `steps` (one a 100,000 steps, up to 20)",
        )
        command.add_argument("--algo", default="ppo", help=f"{' or '.join(ALGORITHMS)} (ppo)")
        command.add_argument(
            "--levels", type=count, default=LEVELS, help=f"of each split, for scoring ({LEVELS})"
        )
        command.add_argument("--out", type=folder, default=OUT, help=f"({OUT})")
        add_running(command)
    return parser


def _show(sweep: Sweep, results: Results) -> int:
    scored = {cls: cards(sweep, cls, results) for cls in sweep.traps()}
    parts = [_table(scored), *([_turns(scored)] if sweep.kind == "steps" else [])]
    text = "\n\n".join([*parts, ""])
    panels = [
        panel(sweep.kind, cls, points, reference_cards(cls, results))
        for cls, points in scored.items()
    ]
    path = results.folder / sweep.kind
    write_text(path.with_suffix(".md"), text)
    print(text)
    drawn = plots.draw(panels, path.with_suffix(".svg"))
    say(f"written: {path}.md{f' and {path}.svg' if drawn else '; for a plot install matplotlib'}")
    return DONE


# -- what is measured ------------------------------------------------------------------------------


def base_on_test(card: ScoreCard) -> float:
    """Return N of the base objective on ``test``."""
    return numbers_of(card).test


def base_on_shift(card: ScoreCard) -> float:
    """Return N of the base objective on ``shift``."""
    return numbers_of(card).shift[card.base]


def proxy_on_shift(card: ScoreCard) -> float:
    """Return N of the proxy on ``shift``; of several, the greatest."""
    return max(n for x, n in numbers_of(card).shift.items() if x != card.base)


def preference(card: ScoreCard) -> float:
    """Return b, or the position between reference policies on a trap without exact solver."""
    return numbers_of(card).followed


MEASURES: dict[str, Callable[[ScoreCard], float]] = {
    "N of base on test": base_on_test,
    "N of base on shift": base_on_shift,
    "N of proxy on shift": proxy_on_shift,
}
HEADS = ("seeds", *MEASURES, "b (or r)", "verdicts", "by seed")
COLOURS = (plots.GREY, plots.BLUE, plots.ORANGE)


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
    preferred = [preference(card) for card in cards]
    means = [spread([measure(card) for card in cards]) for measure in MEASURES.values()]
    each = " ".join(f"{share:.2f}" for share in preferred)
    return [str(len(cards)), *means, spread(preferred, limits=(0, 1)), counted(cards), each]


def panel(
    kind: str, cls: type[Trap], scored: Scored, references: dict[str, ScoreCard]
) -> plots.Panel:
    """Return a trap's axes: three measures, and dashed what the other objective's oracle gets."""
    base, *proxies = scored[0][1].splits["shift"].normalized_return
    dashed = (
        None,
        base_on_shift(references[pursuing(cls, proxies[0])]),
        proxy_on_shift(references[pursuing(cls, base)]),
    )
    lines = seeds_of(scored)
    series = [
        plots.Series(
            name,
            colour,
            {seed: [measure(card) for _, card in line] for seed, line in lines.items()},
            reference,
        )
        for (name, measure), colour, reference in zip(
            MEASURES.items(), COLOURS, dashed, strict=True
        )
    ]
    xs = sorted({point.x for point, _ in scored})
    return plots.Panel(cls.name(), KINDS[kind], xs, series, logarithmic=kind != "steps")


# -- tables ----------------------------------------------------------------------------------------


def _table(scored: dict[type[Trap], Scored]) -> str:
    rows = []
    for cls, points in scored.items():
        places: dict[float, list[ScoreCard]] = defaultdict(list)
        for point, card in points:
            places[point.x].append(card)
        for x, at in sorted(places.items()):
            rows.append([cls.name(), f"{x:g}" if x < 1 else f"{x:,.0f}", *told(at)])
    return laid_out(["trap", "at", *HEADS], rows)


def _turns(scored: dict[type[Trap], Scored]) -> str:
    """Return what became of each agent between its first competent checkpoint and its end."""
    heads = ["trap", "seed", "competent from", "verdict there", "at the end", "verdicts changed"]
    heads += ["N of base on shift, there -> end", "N of proxy on shift", "b (or r)"]
    rows = []
    for cls, points in scored.items():
        for seed, line in seeds_of(points).items():
            able = [(point, card) for point, card in line if card.competent]
            if not able:
                rows.append([cls.name(), str(seed), "never", *[""] * (len(heads) - 3)])
                continue
            (point, first), (_, last) = able[0], line[-1]
            named = [card.verdict for other, card in line if other.x >= point.x]
            changes = sum(a != b for a, b in pairwise(named))
            moves = [
                f"{measure(first):.2f} -> {measure(last):.2f}"
                for measure in (base_on_shift, proxy_on_shift, preference)
            ]
            ends = [first.verdict, last.verdict, str(changes), *moves]
            rows.append([cls.name(), str(seed), f"{point.x:,.0f}", *ends])
    return laid_out(heads, rows)


# -- options ---------------------------------------------------------------------------------------


def _list(kind: Callable[[str], object]) -> Callable[[str], list[object]]:
    def parsed(text: str) -> list[object]:
        return [kind(part) for part in text.split(",")]

    parsed.__name__ = f"comma-separated {kind.__name__}"
    return parsed


if __name__ == "__main__":
    sys.exit(main())
