"""The rules of verdicts as a table, and how they decide on two committed cards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from benchmarks.markdown import lay_out_table
from docs.writers.card_picture import TRAP, find_card
from mesa_gym.engine import Floats
from mesa_gym.report.board_columns import LEARNER
from mesa_gym.report.board_rows import strip_version
from mesa_gym.scoring.evidence import RANDOM, SWEEPER, Evidence
from mesa_gym.scoring.findings import LEAST_ROOM, PURPOSE_OF, find_equally
from mesa_gym.scoring.numbers import PolicyNumbers
from mesa_gym.scoring.reasons import find_headline
from mesa_gym.scoring.rules import (
    ANY_TWO,
    CHOICE_RULES,
    EVERY,
    FIRST_CHOICE,
    LEAD_LINES,
    LINES,
    SECOND_CHOICE,
    TWO_WANTED,
    Bound,
    VerdictRule,
    applies,
    find_misses,
    find_rule,
)
from mesa_gym.terminal import number
from mesa_gym.traps.judged_by import SHIFT
from mesa_gym.traps.played_episodes import STRAIGHT, Paces
from mesa_gym.words import BASE, DETAILS, PROXY, find_meaning, write_word

SIGNS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥"}
STRICT = "†"  # a bound that fails if its number is undefined
PAIR = "pair"  # a bound that both the first and the second choice have
PLACE = "CheeseCorner-v0"  # the trap of an example, a target of which cannot be removed


class Variable(NamedTuple):
    """The objectives whose numbers bounds compare.

    Attributes:
        name: their name in a bound.
        quantifier: what stands before the bounds; "" for one objective, or none.
    """

    name: str = ""
    quantifier: str = ""


VARIABLES = {
    "": Variable(),
    FIRST_CHOICE: Variable("x"),
    SECOND_CHOICE: Variable("y"),
    PAIR: Variable("z", "both x and y, as z, have"),
    ANY_TWO: Variable("z", "at least two objectives z have"),
    EVERY: Variable("z", "every objective z has"),
    TWO_WANTED: Variable("z", "at least two of these z have"),
}


def write_rules() -> str:
    """Return the rules of verdicts on choices in their order, as a table in Markdown.

    The exceptions of a rule follow it, and have its number and a letter.
    """
    rows = []
    for label, of, rule in _label_rules():
        headline, detail = find_headline(of), of.word if of.word in DETAILS else ""
        condition = _describe_rule(of)
        if of is not rule:
            condition = f"rule {label[:-1]} holds<br>AND {condition}"
        meaning = find_meaning(headline, detail)
        if headline == BASE:  # and its proxy's row
            meaning = "goes to x where the goals conflict"
        rows.append([label, _name_verdict(of), condition, meaning])
    return lay_out_table(["rule", "verdict (detail)", "if", "the agent"], rows)


def _label_rules() -> Iterator[tuple[str, VerdictRule, VerdictRule]]:
    """Yield each rule and exception: its label, itself, and the rule that it belongs to."""
    for at, rule in enumerate(CHOICE_RULES, 1):
        for letter, of in zip(["", *"abc"], (rule, *rule.unless), strict=False):
            yield f"{at}{letter}", of, rule


def _name_verdict(rule: VerdictRule) -> str:
    headline = find_headline(rule)
    words = f"*{write_word(headline)}*"
    if rule.word in DETAILS:
        words += f" ({write_word(rule.word)})"
    return words + f", *{write_word(f'{PROXY}:NAME')}*" * (headline == BASE)


def _describe_rule(rule: VerdictRule) -> str:
    """Return the bounds of a rule in words, one line for each that must hold."""
    groups: dict[str, dict[Bound, None]] = {}  # without the copies that a pair makes
    for bound in rule.bounds:
        pair = {bound._replace(of=of) for of in (FIRST_CHOICE, SECOND_CHOICE)}
        of = PAIR if pair <= {*rule.bounds} else bound.of
        groups.setdefault(of, {})[bound._replace(of=of)] = None
    lines = []
    for of, bounds in groups.items():
        name, quantifier = VARIABLES[of]
        terms = [_describe_bound(bound, name) for bound in bounds]
        if len(terms) > 1 and quantifier:
            terms = [f"({' AND '.join(terms)})"]
        lines += [f"{quantifier} {term}".lstrip() for term in terms]
    return "<br>AND ".join(lines) or "no other rule applies"


def _describe_bound(bound: Bound, variable: str) -> str:
    """Return a bound in words, such as "choice of x ≥ 0.8"."""
    text = f"{bound.number.format(variable)} {SIGNS[bound.sign]} {bound.find_line(LINES):g}"
    if bound.line in LEAD_LINES:
        text += f" ({bound.find_line(LINES, leads=True):g} if no target can be removed)"
    text += "" if bound.undefined else STRICT
    if bound.otherwise is None:
        return text
    return f"({text} OR {_describe_bound(bound.otherwise, variable)})"


# -- examples --------------------------------------------------------------------------------------


def write_decisions() -> str:
    """Return how the rules decide on two committed cards: a table in Markdown, and a paragraph."""
    cards = [find_card(trap) for trap in (PLACE, TRAP)]
    columns = [dict(_decide(find_equally(card.evidence))) for card in cards]
    labels = [label for label, _, _ in _label_rules() if any(label in of for of in columns)]
    rows = [[label, *(of.get(label, "–") for of in columns)] for label in labels]
    verdicts = [
        f"*{write_word(x.verdict)}*" + f" ({write_word(x.detail)})" * bool(x.detail) for x in cards
    ]
    heads = ["rule", *(f"{LEARNER} on {strip_version(card.trap)}" for card in cards)]
    table = lay_out_table(heads, [*rows, ["verdict", *verdicts]])
    return f"{table}\n\n{_derive_lead(cards[0].evidence)}"


def _decide(numbers: PolicyNumbers) -> Iterator[tuple[str, str]]:
    """Yield the label of each rule that is tried, and why it holds or not."""
    decided = find_rule(numbers, LINES)
    last = (decided, *decided.unless)[-1]
    for label, of, rule in _label_rules():
        if of is rule or applies(rule, numbers, LINES):
            yield label, _explain(of, numbers)
        if of is last:
            return


def _explain(rule: VerdictRule, numbers: PolicyNumbers) -> str:
    """Return whether a rule holds, and the numbers that decide it."""
    misses = [*find_misses(rule, numbers, LINES)]
    if misses:
        return f"no: {'; '.join(_compare(of, x, numbers, 'is not ') for of, x in misses)}"
    bounds = [_compare(of, x, numbers) for of in rule.bounds for x in of.pick(numbers, LINES)]
    return f"**yes**: {'; '.join(bounds)}"


def _compare(bound: Bound, objective: str, numbers: PolicyNumbers, negation: str = "") -> str:
    """Return a bound with its number, and with its alternative unless the bound alone holds."""
    value, line = numbers.read(bound.number, objective), bound.find_line(LINES, numbers.leads)
    text = bound.number.format(objective)
    if value is None:
        text += " is undefined"
    else:
        text += f" {number(value, 2, line)} {negation}{SIGNS[bound.sign]} {line:g}"
    other = bound.otherwise
    if other is None or (
        not negation and bound._replace(otherwise=None).holds(numbers, objective, LINES)
    ):
        return text
    return f"{text}; {_compare(other, objective, numbers, negation)}"


def _derive_lead(evidence: Evidence) -> str:
    """Return how the lead in pace of a place is computed, as a paragraph with its numbers."""
    numbers = find_equally(evidence)
    place = numbers.first
    (agent, *scripts) = (
        _count_reached(of.pace[SHIFT + place])
        for of in (evidence, *(evidence.nulls[x] for x in (SWEEPER, RANDOM)))
    )
    sweeper, other = scripts
    at = int((agent - sweeper).argmax())
    room = max(1 - sweeper[-1], LEAST_ROOM)
    lead = (agent[at] - sweeper[at]) / room
    purpose = numbers.read(PURPOSE_OF, place)
    if purpose is None or not np.isclose(lead, purpose) or (agent - other).max() < lead * room:
        raise ValueError(f"the sweeper does not decide the lead of {place}: change {__name__}")
    return (
        f"Where does the purpose of {place}, {purpose:.2f}, come from? It cannot be removed, so we"
        f" compare paces with the sweeper's. At pace {(at + 1) / STRAIGHT:.2f} they differ most:"
        f" F = {agent[at]:.3f} and F₀ = {sweeper[at]:.3f}. The sweeper goes the straightest way on"
        f" F₀(1) = {sweeper[-1]:.3f} of the levels. So the lead is ({agent[at]:.3f} −"
        f" {sweeper[at]:.3f}) / (1 − {sweeper[-1]:.3f}) = {lead:.2f}. The lead over random moves is"
        " larger, and the least one counts."
    )


def _count_reached(paces: Paces) -> Floats:
    """Return the shares of levels with at least each pace, from the slowest to the straightest."""
    return np.array([np.mean(paces >= pace) for pace in range(1, STRAIGHT + 1)])
