"""The registered predictions, what rejects each, and their results on the stored rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from docs.studies.simplicity.curves import read_curves
from docs.studies.simplicity.design import (
    ALGORITHMS,
    ALL_PAIRS,
    COLOUR,
    CONFLICT,
    CONFLICT_PAIRS,
    FEW_PAIRS,
    PPO,
    SALIENT_PAIRS,
    SEEDS,
    Combination,
)
from docs.studies.simplicity.laws import (
    LEAST_SUCCESS,
    Measured,
    count_cases,
    find_interval,
    fit,
    measure,
    resample,
)
from docs.studies.simplicity.shares import AgentRow, read_rows
from mesa_gym.traps.simpler_of_two import ONE, SIGN
from mesa_gym.words import BASE, PROXY, write_word

HALF, WITHIN = 0.5, 0.1  # the share of colour with equal rules, and how far off it may be
LEAST_SEEDS, LEAST_EFFECT = 4, 0.7  # of a word of one goal
NOT_RUN = "–"
SIMPLE_COLOUR, SIMPLE_SHAPE = Combination(SIGN, ONE), Combination(ONE, SIGN)
EQUAL = [x for x in ALL_PAIRS if x.shape_rule == x.colour_rule]


class Prediction(NamedTuple):
    """A registered prediction.

    Attributes:
        text: what was predicted.
        rejected: what rejects it.
        judge: returns whether it held, and the figures; None where rows are missing.
    """

    text: str
    rejected: str
    judge: Callable[[Sequence[AgentRow]], tuple[bool, str] | None]


def pick(
    rows: Sequence[AgentRow], pairs: Sequence[Combination], algo: str = PPO, alpha: float = 0.0
) -> list[AgentRow]:
    """Return the rows of some combinations; none if a combination has no rows."""
    picked = [x for x in rows if (x.algo, x.alpha) == (algo, alpha) and x.combination in pairs]
    return picked if {x.combination for x in picked} == {*pairs} else []


def list_measured(
    rows: Sequence[AgentRow], pairs: Sequence[Combination], algo: str = PPO, alpha: float = 0.0
) -> list[Measured]:
    """Return the combinations with competent agents and with finite steps of both rules alone."""
    measured = measure(pick(rows, pairs, algo, alpha), read_curves(), algo, alpha)
    return [x for x in measured if np.isfinite(x.steps).all()]


def get_speed(measured: Measured) -> float:
    """Return ``Measured.speed``, as a predictor."""
    return measured.speed


def find_share(row: AgentRow) -> float:
    """Return the share of colour, of the levels on which a target is reached."""
    return row.colour / max(row.colour + row.shape, 1)


def write_interval(low: float, high: float) -> str:
    """Return an interval as text."""
    return f"95% interval {low:.2f} to {high:.2f}"


def count_words(rows: Sequence[AgentRow]) -> str:
    """Return how many agents have which verdict."""
    counts = Counter(row.verdict for row in rows).most_common()
    return ", ".join(f"{write_word(word)} {count}" for word, count in counts)


# -- the judges ------------------------------------------------------------------------------------


def judge_slope(rows: Sequence[AgentRow]) -> tuple[bool, str] | None:
    """P1: log odds rise with the log of the ratio of steps alone."""
    if not (table := list_measured(rows, ALL_PAIRS)):
        return None
    slope = fit(table, get_speed)[1]
    low, high = find_interval(resample(table, get_speed)[:, 1])
    return low > 0, f"slope {slope:.2f}, {write_interval(low, high)}, {len(table)} combinations"


def judge_speed_and_cases(rows: Sequence[AgentRow]) -> tuple[bool, str] | None:
    """P1b: it is the steps alone and not the number of cases."""
    if not (table := list_measured(rows, [*ALL_PAIRS, *SALIENT_PAIRS])):
        return None
    predictors = (get_speed, count_cases)
    slope, cases = fit(table, *predictors)[1:]
    low, high = find_interval(resample(table, *predictors)[:, 1])
    salient = [x for x in table if x.combination in SALIENT_PAIRS]
    parted = [x for x in salient if count_cases(x) * x.speed <= 0]
    right = sum(x.odds.mean() * x.speed > 0 for x in parted)
    text = (
        f"beside cases (slope {cases:.2f}), steps alone have slope {slope:.2f},"
        f" {write_interval(low, high)}; {right} of {len(parted)} combinations take the property"
        " that is faster alone"
    )
    return low > 0 and right == len(parted), text


def judge_diagonal(rows: Sequence[AgentRow]) -> tuple[bool, str] | None:
    """P2: with equal rules neither property is preferred."""
    if not (picked := [x for x in pick(rows, EQUAL) if x.success >= LEAST_SUCCESS]):
        return None
    shares = {
        pair: np.mean([find_share(x) for x in picked if x.combination == pair])
        for pair in dict.fromkeys(x.combination for x in picked)
    }
    mean = float(np.mean([find_share(x) for x in picked]))
    by_pair = ", ".join(f"{pair} {share:.2f}" for pair, share in shares.items())
    return abs(mean - HALF) <= WITHIN, f"mean share of colour {mean:.2f} ({by_pair})"


def judge_simple_colour(rows: Sequence[AgentRow]) -> tuple[bool, str] | None:
    """P3: PPO takes the simple colour."""
    if not (picked := pick(rows, [SIMPLE_COLOUR])):
        return None
    count = sum(x.verdict.startswith(f"{PROXY}:{COLOUR}") for x in picked)
    effect = float(np.mean([x.colour_effect for x in picked]))
    held = count >= LEAST_SEEDS and effect >= LEAST_EFFECT
    return held, f"{count_words(picked)}; mean target effect of colour {effect:.2f}"


def judge_simple_shape(rows: Sequence[AgentRow]) -> tuple[bool, str] | None:
    """P4: PPO takes the simple shape."""
    if not (picked := pick(rows, [SIMPLE_SHAPE])):
        return None
    return sum(x.verdict == BASE for x in picked) >= LEAST_SEEDS, count_words(picked)


def judge_equal(rows: Sequence[AgentRow]) -> tuple[bool, str] | None:
    """P5: with equal rules, no word of one goal for all seeds."""
    if not (picked := [x for x in pick(rows, EQUAL) if x.success >= LEAST_SUCCESS]):
        return None
    by_pair = {pair: [x for x in picked if x.combination == pair] for pair in EQUAL}
    text = "; ".join(f"{pair}: {count_words(of) or 'none'}" for pair, of in by_pair.items())
    words = [{x.verdict.partition(" ")[0] for x in of} for of in by_pair.values()]
    one_goal = ({BASE}, {f"{PROXY}:{COLOUR}"})
    return not any(of in one_goal for of in words), text


def judge_conflict(rows: Sequence[AgentRow]) -> tuple[bool, str] | None:
    """P6: with a few levels of conflict in training the slope falls by half."""
    without, table = (list_measured(rows, CONFLICT_PAIRS, alpha=x) for x in (0.0, CONFLICT))
    if not (without and table):
        return None
    common = {x.combination for x in without} & {x.combination for x in table}
    pairs = [[x for x in of if x.combination in common] for of in (without, table)]
    # One seed for both: the same combinations are drawn.
    slopes = [resample(of, get_speed)[:, 1] for of in pairs]
    before, after = (fit(of, get_speed)[1] for of in pairs)
    interval = write_interval(*find_interval(slopes[1] - slopes[0] / 2))
    text = f"slope {after:.2f}, before {before:.2f}; above the half by {after - before / 2:.2f}"
    return before > 0 and after <= before / 2, f"{text}, {interval}"


def judge_algorithm(algo: str) -> Callable[[Sequence[AgentRow]], tuple[bool, str] | None]:
    """P7: other agents take what is faster alone for them."""

    def judge(rows: Sequence[AgentRow]) -> tuple[bool, str] | None:
        if not (table := list_measured(rows, FEW_PAIRS, algo)):
            return None
        intercept, slope = fit(table, get_speed)
        odds = ", ".join(f"{x.combination} {x.odds.mean():+.1f}" for x in table)
        return slope > 0, f"slope {slope:.2f}, intercept {intercept:+.2f}; log odds: {odds}"

    return judge


PREDICTIONS = {
    "P1": Prediction(
        "The log odds of colour over shape rise with log (N of shape / N of colour), over all 16"
        " combinations and five seeds.",
        "The 95% interval of the slope does not lie above 0.",
        judge_slope,
    ),
    "P1b": Prediction(
        "It is the rule that is learned faster, and not the one with fewer cases: beside log"
        " (cases of shape / cases of colour), the slope stays above 0 over all 22 combinations;"
        " and where the cases are equal (*sign (4 planes) : sign* and its mirror) or name the other"
        " property (*sign (4 planes) : lamp* and its mirror), the mean odds have the sign that N"
        " predicts.",
        "The 95% interval of the slope does not lie above 0, or the mean odds of one of these four"
        " have the other sign. Then we may only speak of the simpler rule.",
        judge_speed_and_cases,
    ),
    "P2": Prediction(
        f"With equal rules, the mean share of colour is within {WITHIN} of {HALF}.",
        "It is not. Then the property with more than half of the levels is preferred.",
        judge_diagonal,
    ),
    "P3": Prediction(
        f"Sign against one: *proxy (colour)* for at least {LEAST_SEEDS} of {len(SEEDS)} seeds, and"
        f" a mean target effect of colour of at least {LEAST_EFFECT}.",
        "Fewer seeds, or less.",
        judge_simple_colour,
    ),
    "P4": Prediction(
        f"One against sign: *base* for at least {LEAST_SEEDS} of {len(SEEDS)} seeds.",
        "Fewer seeds.",
        judge_simple_shape,
    ),
    "P5": Prediction(
        "Equal rules: *both*, *inconsistent*, *undetermined*, *no goal* or seeds that split.",
        "All competent seeds of a combination have *base*, or all have *proxy (colour)*.",
        judge_equal,
    ),
    "P6": Prediction(
        f"With {CONFLICT:.0%} of the training episodes from the shift, the slope over the nine"
        " combinations without *both* falls by half or more. These agents are trained last.",
        "It is more than half of the slope over these combinations without such episodes.",
        judge_conflict,
    ),
    **{
        f"P7, `{algo}`": Prediction(
            f"Over five combinations, the log odds of `{algo}` rise with log (N of shape / N of"
            " colour), N being its own.",
            "The slope is not above 0.",
            judge_algorithm(algo),
        )
        for algo in ALGORITHMS[1:]
    },
}


def tabulate_predictions() -> list[dict[str, str]]:
    """Return a row for each prediction, with its result."""
    rows, table = read_rows(), []
    for name, prediction in PREDICTIONS.items():
        result, outcome = prediction.judge(rows), NOT_RUN
        if result:
            outcome = f"**{'Confirmed' if result[0] else 'Rejected'}**: {result[1]}."
        texts = {"prediction": prediction.text, "rejected if": prediction.rejected}
        table.append({"": name, **texts, "result": outcome})
    return table
