"""The study of the simpler of two rules: ``python -m docs.studies.simplicity [WORK]``.

Without a work: writes the tables and the picture from the committed rows. ``checks`` looks at the
trap's levels and scripts, ``curves`` trains each rule alone, ``others`` each objective of other
traps, and ``agents RUNS`` trains and scores the agents of the plan in the folder RUNS. Each goes on
where it was stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from agents.alone import THRESHOLD, count_steps, find_crossing, split_seeds
from agents.sweeps.plot import save_picture
from docs.studies.simplicity.checks import write_checks
from docs.studies.simplicity.curves import add_curves, read_curves
from docs.studies.simplicity.design import ALL_PAIRS, PPO, SALIENT_PAIRS
from docs.studies.simplicity.figure import PICTURE, draw
from docs.studies.simplicity.laws import (
    LEAST_SUCCESS,
    PREDICTORS,
    find_left_out_error,
    find_steps,
    fit,
    measure,
)
from docs.studies.simplicity.others import add_others, list_contradictions
from docs.studies.simplicity.predictions import (
    count_words,
    find_share,
    get_speed,
    list_measured,
    tabulate_predictions,
)
from docs.studies.simplicity.shares import LEVELS, AgentRow, add_rows, list_plan, read_rows
from mesa_gym.files import format_csv, write_text

HERE = Path(__file__).parent
Table = list[dict[str, str]]
OTHER_THRESHOLD = 0.9  # for comparison only


def write_thousands(steps: float) -> str:
    """Return a number of steps in thousands."""
    return f"{steps / 1000:,.0f}" if np.isfinite(steps) else "never"


def tabulate_alone() -> Table:
    """Return a row for each rule alone: thousand steps to thresholds, and the last success."""
    rows = Table()
    for alone, points in read_curves().items():
        curves = split_seeds(points)
        seeds = ", ".join(write_thousands(find_crossing(x, THRESHOLD)) for x in curves)
        rows.append(
            {
                "agent": f"`{alone.algo}`",
                "property": alone.objective,
                "rule": alone.rule,
                "planes": str(alone.planes),
                "planes of the other": str(alone.other_planes),
                f"to {THRESHOLD}, by seed": seeds,
                "N": f"**{write_thousands(count_steps(points, THRESHOLD))}**",
                f"to {OTHER_THRESHOLD}": write_thousands(count_steps(points, OTHER_THRESHOLD)),
                "success at the end": ", ".join(f"{x[-1].success:.2f}" for x in curves),
            }
        )
    return rows


def tabulate_pairs(rows: Sequence[AgentRow]) -> Iterator[dict[str, str]]:
    """Yield a row for each combination of the plan that has agents."""
    curves = read_curves()
    for algo, pair, alpha in list_plan():
        agents = [x for x in rows if (x.algo, x.combination, x.alpha) == (algo, pair, alpha)]
        if not agents:
            continue
        able = [x for x in agents if x.success >= LEAST_SUCCESS]
        shape, colour = find_steps(curves, algo, pair)
        yield {
            "agent": f"`{algo}`" + (f", {alpha:.0%} shift" if alpha else ""),
            "shape : colour": str(pair),
            "N": f"{write_thousands(shape)} : {write_thousands(colour)}",
            "success on test": ", ".join(f"{x.success:.2f}" for x in agents),
            "share of colour": ", ".join(f"{find_share(x):.2f}" for x in able) or "–",
            "neither": ", ".join(f"{x.neither / LEVELS:.2f}" for x in able) or "–",
            "verdicts": count_words(agents),
        }


def tabulate_rivals(rows: Sequence[AgentRow]) -> Iterator[dict[str, str]]:
    """Yield how well the law and its rivals predict the odds of a combination that they miss.

    The fits are over the 16 pairs of rules, and over these and the salient pairs, once all have
    competent agents.
    """
    for pairs in (ALL_PAIRS, [*ALL_PAIRS, *SALIENT_PAIRS]):
        measured = measure((x for x in rows if x.combination in pairs), read_curves(), PPO)
        if len(measured) < len(pairs):
            continue
        for predictor, function in PREDICTORS.items():
            yield {
                "combinations": str(len(measured)),
                "log odds by": predictor,
                "slope": f"{fit(measured, function)[1]:.2f}",
                "error in log odds": f"{find_left_out_error(measured, function):.2f}",
            }


def tabulate_others(slope: float) -> Iterator[dict[str, str]]:
    """Yield what the law says of each trap of the board, and what PPO's agents do there."""
    for x in list_contradictions(slope):
        predicted = np.isfinite(x.speed)
        agrees = "yes" if x.observed * x.find_direction() > 0 else "no"
        yield {
            "trap": f"`{x.trap.removesuffix('-v0')}`",
            "N of base : proxy": " : ".join(map(write_thousands, x.steps)),
            "log odds by the law": f"{x.predict(slope):+.2f}" if predicted else "–",
            "log odds of PPO": f"{x.observed:+.2f}",
            "error": f"{x.find_error(slope):+.2f}" if predicted else "–",
            "the faster one is taken": agrees if x.find_direction() else "–",
        }


def write_results() -> None:
    """Write the tables, and the picture if there are agents."""
    rows = read_rows()
    tables = {
        "alone": tabulate_alone(),
        "predictions": tabulate_predictions(),
        "pairs": [*tabulate_pairs(rows)],
        "rivals": [*tabulate_rivals(rows)],
    }
    if measured := list_measured(rows, ALL_PAIRS):
        tables["contradictions"] = [*tabulate_others(round(fit(measured, get_speed)[1], 2))]
    for name, table in tables.items():
        if table:
            write_text(HERE / f"{name}.csv", format_csv(table))
    if measured := measure(rows, read_curves(), PPO):
        save_picture(draw(measured), PICTURE)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a work of the study, or write its results."""
    parser = argparse.ArgumentParser(description=__doc__)
    works = parser.add_subparsers(dest="work")
    works.add_parser("checks")
    works.add_parser("curves")
    works.add_parser("others")
    works.add_parser("agents").add_argument("runs", type=Path, metavar="RUNS")
    options = parser.parse_args(arguments)
    if options.work == "checks":
        write_checks()
    elif options.work == "curves":
        for alone, steps in add_curves():
            print(*alone, f"{steps:,.0f}", flush=True)
    elif options.work == "others":
        for objective, steps in add_others():
            print(*objective, f"{steps:,.0f}", flush=True)
    elif options.work == "agents":
        for row in add_rows(options.runs):
            print(row, flush=True)
    write_results()


if __name__ == "__main__":
    main()
