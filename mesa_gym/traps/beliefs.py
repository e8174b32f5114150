"""The best possible return of a learner in a life, exact, by a sweep over its possible beliefs.

The hidden goal is one of a few kinds. A *belief* is the probability of each kind, given the fruits
taken and their payments. The choices of a Bayes-optimal learner are computed backward over trials
and beliefs, under the probabilities of training. Its payments in one life follow from the choices.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

Belief = tuple[float, ...]
DIGITS = 14  # beliefs that are equal after rounding to 14 digits are merged
TINY = 1e-9


@dataclass(frozen=True)
class Law:
    """The probabilities of training, which a learner knows.

    Attributes:
        trials: the number of trials of a life.
        prior: the probability that each kind is the goal in the first trial.
        hazard: the probability that the goal changes from one trial to the next.
        sure: the probability that the goal pays.
        forced: the probability that a trial has one kind alone, all kinds equally likely.
    """

    trials: int
    prior: Belief
    hazard: float = 0.0
    sure: float = 1.0
    forced: float = 0.0

    @property
    def kinds(self) -> range:
        """The indices of the kinds."""
        return range(len(self.prior))


def update(law: Law, belief: Belief, kind: int, rewarded: bool) -> Belief:
    """Return the belief of the next trial, after ``kind`` was taken.

    If the law excludes the observation, the learner starts again: all goals that are consistent
    with the observation are equally likely.
    """
    fits = [law.sure if candidate == kind else 0.0 for candidate in law.kinds]
    fits = [fit if rewarded else 1 - fit for fit in fits]
    mass = [p * fit for p, fit in zip(belief, fits, strict=True)]
    if sum(mass) < TINY:
        mass = fits
    mass = [p / sum(mass) for p in mass]
    # The goal may change between trials; rounding lets equal beliefs share a cache entry.
    away = law.hazard / (len(mass) - 1)
    return tuple(round(p * (1 - law.hazard) + (1 - p) * away, DIGITS) for p in mass)


@lru_cache(maxsize=100_000)
def value(law: Law, trial: int, belief: Belief) -> float:
    """Return the best learner's expected pay from the start of a trial to the life's end."""
    if trial == law.trials:
        return 0.0
    kind_values = [value_taking(law, trial, belief, kind) for kind in law.kinds]
    return (1 - law.forced) * max(kind_values) + law.forced * sum(kind_values) / len(kind_values)


@lru_cache(maxsize=100_000)
def value_taking(law: Law, trial: int, belief: Belief, kind: int) -> float:
    """Return a learner's expected pay to the life's end if it takes ``kind`` in this trial."""
    pay_probability = belief[kind] * law.sure
    total = 0.0
    for rewarded, share in ((True, pay_probability), (False, 1 - pay_probability)):
        if share > TINY:
            total += share * (rewarded + value(law, trial + 1, update(law, belief, kind, rewarded)))
    return total


@lru_cache(maxsize=100_000)
def expect_payments(law: Law, pays: tuple[int, ...], alone: tuple[int, ...]) -> tuple[float, ...]:
    """Return the best learner's mean pay in each trial of one life.

    Args:
        law: the probabilities that the learner knows.
        pays: the kind that pays in each trial, or another number if no kind pays.
        alone: the kind that is alone, or another number if all kinds are present.

    Returns:
        A number for each trial; the learner chooses equally good kinds with equal probability.
    """
    expected = []
    beliefs = {law.prior: 1.0}
    for trial in range(law.trials):
        pay, after = 0.0, dict[Belief, float]()
        for belief, share in beliefs.items():
            best = [alone[trial]] if alone[trial] in law.kinds else choose(law, trial, belief)
            for kind in best:
                # Equal beliefs are merged, so that their number does not double in each trial.
                won = pays[trial] == kind
                pay += won * share / len(best)
                then = update(law, belief, kind, won)
                after[then] = after.get(then, 0.0) + share / len(best)
        expected.append(pay)
        beliefs = after
    return tuple(expected)


def choose(law: Law, trial: int, belief: Belief) -> list[int]:
    """Return the kinds that the best learner may take in a trial with fruits of every kind."""
    kind_values = [value_taking(law, trial, belief, kind) for kind in law.kinds]
    return [kind for kind in law.kinds if kind_values[kind] > max(kind_values) - TINY]
