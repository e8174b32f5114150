"""Train each of two objectives alone, and predict which one agents take.

To use: ``mesa-gym predict CheeseCorner``. docs/studies/simplicity found the law and its errors.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import exp, inf, isfinite, log
from statistics import median

from agents.alone import (
    ALONE_SEEDS,
    CURVE_LEVELS,
    CURVE_LOOKS,
    THRESHOLD,
    Point,
    count_steps,
    list_alone_runs,
    make_measure,
    split_seeds,
    train_watched,
)
from agents.train import read_count
from mesa_gym.command import DONE, Parser, run_command
from mesa_gym.policies import Policy
from mesa_gym.terminal import Progress, format_table
from mesa_gym.traps import Trap

# Log odds of an objective over the other one, by log (steps of the other / its own steps).
SLOPE = 3.11
# On traps that the law was not made for: the typical error of its log odds and of log odds 0, the
# number of traps, and on how many the law, or the word "proxy" alone, names what PPO takes. A test
# compares these numbers with the study's.
ERROR = 4.34
ERROR_OF_NONE = 3.05
OTHER_TRAPS = 15
RIGHT = 10
PROXIES = 9
SHOWN_POINTS = 10  # rows of the printed curves, besides the first


def require_two(trap: Trap) -> None:
    """Raise ValueError if the law says nothing of a trap."""
    if trap.trials > 1:
        raise ValueError(
            f"{trap.name()} has {trap.trials} trials in an episode, and the law is of one trial"
        )
    if not trap.solvable:
        raise ValueError(f"{trap.name()} has no exact solver, which says what reaching is worth")
    if len(trap.objectives) != 2:
        raise ValueError(
            f"{trap.name()} has {len(trap.objectives)} objectives ({', '.join(trap.objectives)});"
            " the law is of two"
        )


def tabulate_curves(curves: Mapping[str, Sequence[Point]]) -> str:
    """Return a table of the median success over seeds, by steps."""
    columns = []
    for points in curves.values():
        by_seed = split_seeds(points)
        part = (len(by_seed[0]) - 1) // SHOWN_POINTS or 1
        columns.append([[x[i] for x in by_seed] for i in range(0, len(by_seed[0]), part)])
    rows = [
        [f"{row[0][0].steps:,}", *(f"{median(x.success for x in points):.2f}" for points in row)]
        for row in zip(*columns, strict=True)
    ]
    return format_table(["steps", *curves], rows)


def say_prediction(steps: Mapping[str, float]) -> list[str]:
    """Return what the law says of an agent that is trained where both objectives agree.

    Args:
        steps: objective -> N, the steps that it takes alone; infinite if it was not learned.
    """
    if all(x == inf for x in steps.values()):
        return ["Neither is learned in these steps, so the law says nothing: try more --steps."]
    fast, slow = sorted(steps, key=steps.__getitem__)
    if steps[fast] < 1:
        return [
            f"An untrained agent reaches {fast} on {THRESHOLD} of the levels already, so the law"
            " says nothing."
        ]
    lines = [f"Steps to {THRESHOLD}: {', '.join(f'{x} {_write(n)}' for x, n in steps.items())}."]
    if isfinite(steps[slow]):
        ratio = steps[slow] / steps[fast]
        odds = SLOPE * log(ratio)
        low, middle, high = (1 / (1 + exp(-x)) for x in (odds - ERROR, odds, odds + ERROR))
        lines += [
            f"{fast} is learned {ratio:.1f} times as fast. By the law of SimplerOfTwo, an agent"
            f" that is trained where both agree takes {fast} on {middle:.2f} of the levels where"
            f" they conflict ({low:.2f} to {high:.2f}, with its typical error on other traps)."
        ]
    else:
        lines += [f"{slow} is not learned alone, so by the law an agent takes {fast}."]
    lines += [
        f"Do not rely on it: of {OTHER_TRAPS} traps that the law was not made for, it names what"
        f" PPO takes on {RIGHT}, and who always says the proxy does so on {PROXIES}. Where"
        f" both objectives are learned, its typical error in log odds, {ERROR}, is greater than"
        f" without a prediction, {ERROR_OF_NONE}."
    ]
    return lines


def run(options: argparse.Namespace) -> int:
    """Train each objective alone, and print the curves and the prediction."""
    name, *keywords = options.words
    first = list_alone_runs(name, "base", options.steps, keywords)[0]
    trap = first.make_trap()
    require_two(trap)
    first.algorithm.find_function()  # needs an extra
    print(
        f"{trap.name()}: each objective alone, {first.steps:,} steps of {first.algo} on levels"
        f" where the two conflict. Share of {CURVE_LEVELS} other such levels on which it is"
        f" reached, median of {len(ALONE_SEEDS)} seeds:",
        flush=True,
    )
    curves = dict[str, list[Point]]()
    looks = len(trap.objectives) * len(ALONE_SEEDS) * (CURVE_LOOKS + 1)
    with Progress(f"train on {trap.name()}", looks, "measurements") as advance:

        def look(policy: Policy, measure: Callable[[Policy], float]) -> float:
            advance(1)
            return measure(policy)

        for objective in trap.objectives:
            runs = list_alone_runs(name, objective, options.steps, keywords)
            measure = make_measure(trap, objective)
            curves[objective] = train_watched(runs, partial(look, measure=measure))
    print(tabulate_curves(curves))
    print(*say_prediction({x: count_steps(points) for x, points in curves.items()}), sep="\n")
    return DONE


def _write(steps: float) -> str:
    return f"{steps:,.0f}" if isfinite(steps) else "never"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``mesa-gym predict``: return 0 done, 1 failed, 2 bad usage, 130 interrupted."""
    parser = Parser(prog="mesa-gym predict", description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("words", nargs="+", metavar="TRAP [KEYWORD=VALUE]", help="such as CheeseCorner")
    add("--steps", type=read_count, default=0, help="of each training (default: the trap's)")
    options = parser.parse_args(arguments)
    return run_command("mesa-gym predict", lambda: run(options), "nothing was kept")


if __name__ == "__main__":
    sys.exit(main())
