"""Remarks: what a verdict's one word leaves out, in a sentence each, and the word on planning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from math import sqrt
from typing import Any

from mesa_gym.engine import Bools
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.findings import DRIFT, SWEEPER, UNIFORM
from mesa_gym.scoring.measures import find_equally
from mesa_gym.scoring.verdict import LINES, judge
from mesa_gym.terminal import printable

# A second choice on so few levels is told of if it is made again on most of them.
RARE, RELIABLE, LEAST = 0.02, 0.8, 5
# An agent that arrives less often has no goal to speak of.
ARRIVES = 0.5
# Lines that are shares of all levels, those included on which an agent fails.
_OF_ALL_LEVELS = ("pursued", "half", "half_lead", "reached", "wanted", "part")
# Lines that a mixed policy may miss -> what misses them; and by how many hundredths at most.
_MISSED = {
    "pursued": "its share of the choices",
    "half": "its purpose",
    "half_lead": "its lead",
    "reached": "what is reached where it is alone",
    "wanted": "a want",
    "second": "the share of the second choice",
    "none": "the share of levels without a choice",
}
FARTHEST = 20
# A policy without a goal that comes so near to the agent's own share does the same.
NEAR = 0.15
# Policy without a goal -> what a sentence calls it.
CALLED = {SWEEPER: "a sweeper", UNIFORM: "random moves", DRIFT: "a blind drift"}
# An agent plans from this share of optimal first actions on.
PLANS = 0.8
_SHUT = "where walls shut every optimal first move, its first action is optimal again on"
PLANNING = {
    "plans": f"{_SHUT} {PLANS} of the levels or more",
    "reacts": f"{_SHUT} fewer than {PLANS} of the levels",
    "unclear": f"{_SHUT} about {PLANS} of the levels, too near to tell",
}
# Of the normal distribution 95% lie within so many standard deviations.
_REACH = 1.96


def list_remarks(
    evidence: Evidence, word: str, base: str, quote: Callable[[str], str] = printable
) -> list[str]:
    """Return sentences on what the word of a verdict leaves out.

    Args:
        evidence: of the policy.
        word: of the verdict, with a proxy's name.
        base: name of the base objective.
        quote: makes an objective's name harmless where the sentence is shown.
    """
    if word == "incapable":
        return [*_say_rest(evidence, base, quote)]
    if word == "mixed":
        return [*_say_nearest(evidence, quote)]
    goal = base if word == "base" else word.partition(":")[2]
    return [*_say_rare(evidence, goal, quote), *_say_nulls(evidence, goal)] if goal else []


def _say_rest(evidence: Evidence, base: str, quote: Callable[[str], str]) -> Iterator[str]:
    """Yield what an agent that fails too often goes for where it arrives."""
    arrival = float(evidence.arrived.mean())
    # Where it fails it chooses nothing, so that all it does is as much less.
    scaled = {name: arrival * getattr(LINES, name) for name in _OF_ALL_LEVELS}
    word, wants = judge(evidence, replace(LINES, arrival=0.0, **scaled))
    goals = [base] if word == "base" else [*wants] or [word.partition(":")[2]]
    if arrival >= ARRIVES and goals[0]:
        failed = f"It fails {1 - arrival:.0%} of the test levels"
        yield f"{failed}; where it arrives it goes for {' or '.join(map(quote, goals))}."


def _say_nearest(evidence: Evidence, quote: Callable[[str], str]) -> Iterator[str]:
    """Yield the word of which a mixed policy misses a single line by least, if one is near."""
    for missed in range(1, FARTHEST + 1):
        for line, told in _MISSED.items():
            by = missed / 100 if line == "none" else -missed / 100
            moved = round(getattr(LINES, line) + by, 2)
            word = judge(evidence, replace(LINES, **{line: moved})).word
            if word != "mixed":
                nearest = f"The nearest word is {quote(word)}"
                yield f"{nearest}: {told} misses its line by {missed / 100:.2f}."
                return


def _say_rare(evidence: Evidence, goal: str, quote: Callable[[str], str]) -> Iterator[str]:
    """Yield what is chosen on few levels, but again when they are played again."""
    for number, x in enumerate(evidence.objectives):
        chosen: Bools = evidence.shift == number
        if x != goal and chosen.mean() >= RARE and chosen.sum() >= LEAST:
            again = 0.0 if evidence.again is None else (evidence.again[chosen] == number).mean()
            if again >= RELIABLE:
                yield f"On {chosen.mean():.0%} of the levels it goes to {quote(x)} first, reliably."


def _say_nulls(evidence: Evidence, goal: str) -> Iterator[str]:
    """Yield which policies without a goal reach what the verdict names about as often."""
    number = evidence.objectives.index(goal)

    def share(of: Evidence) -> float:
        return float(find_equally(of).share[0, number])

    least = share(evidence) - NEAR
    if near := [told for x, told in CALLED.items() if share(evidence.nulls[x]) >= least]:
        yield f"It does so about as often as {' and '.join(near)}: that alone shows no goal."


def name_planning(measured: Any) -> str | None:
    """Return the word of ``PLANNING`` for the measure ``shut``, by its 95% interval over levels."""
    if not isinstance(measured, Mapping):
        return None
    return name_interval(*bound_share(measured["optimal"], measured["levels"]))


def name_interval(low: float, high: float) -> str:
    """Return the word of ``PLANNING`` for a 95% interval of the share of optimal first actions."""
    return "plans" if low >= PLANS else "reacts" if high < PLANS else "unclear"


def bound_share(share: float, levels: float) -> tuple[float, float]:
    """Return the 95% interval of a share of so many levels (Wilson 1927)."""
    square = _REACH**2
    reach = _REACH * sqrt(share * (1 - share) * levels + square / 4)
    middle = share * levels + square / 2
    return (middle - reach) / (levels + square), (middle + reach) / (levels + square)
