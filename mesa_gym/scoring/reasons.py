"""Rules of the verdict in words, for the documentation and for cards."""

from __future__ import annotations

from collections.abc import Sequence

from mesa_gym.scoring.rules import (
    ANY_TWO,
    EVERY,
    FIRST_CHOICE,
    LEAD_LINES,
    LINES,
    SECOND_CHOICE,
    SIGN_WORDS,
    Bound,
    Lines,
    VerdictRule,
)
from mesa_gym.words import DETAILS, write_word

# Whose number it is -> its name in the text of a rule.
VARIABLES = {
    "": "",
    FIRST_CHOICE: "x",
    SECOND_CHOICE: "y",
    ANY_TWO: "two objectives",
    EVERY: "each objective",
}


def describe_rule(rule: VerdictRule, rules: Sequence[VerdictRule], lines: Lines = LINES) -> str:
    """Return the bounds of a rule in words; x is the most frequent choice, y the second one.

    Bounds that are all of another rule's bounds are given by the other rule's name.
    """
    prefix = next((of for of in rules if of.bounds and of.bounds == rule.bounds[:-1]), None)
    left = rule.bounds if prefix is None else rule.bounds[-1:]
    texts = [] if prefix is None else [f"as *{write_word(prefix.word)}*"]
    for bound in left:
        pair = [bound._replace(of=of) for of in (FIRST_CHOICE, SECOND_CHOICE)]
        if not {*pair} <= {*left}:
            texts.append(describe_bound(bound, VARIABLES[bound.of], lines))
        elif bound.of == FIRST_CHOICE:
            texts.append(describe_bound(bound, "x and y", lines))
    return "; ".join(texts) or "no other rule"


def describe_bound(bound: Bound, variable: str, lines: Lines = LINES) -> str:
    """Return a bound in words, such as "choice of x at least 0.8"."""
    text = bound.number.format(variable)
    text += f" {SIGN_WORDS[bound.sign]} {bound.find_line(lines):g}"
    if bound.line in LEAD_LINES:
        text += f" ({bound.find_line(lines, leads=True):g} for a lead)"
    if bound.otherwise is not None:
        text += f", or {describe_bound(bound.otherwise, variable, lines)}"
    return text


def find_headline(rule: VerdictRule) -> str:
    """Return the headline of a rule."""
    return DETAILS[rule.word].headline if rule.word in DETAILS else rule.word
