"""A score card as text for the terminal."""

from __future__ import annotations

from mesa_gym.report.words import (
    brittle,
    disagreement,
    missing,
    number,
    recovered,
    scale,
    sentence,
    shift,
    without_end,
)
from mesa_gym.scoring import Reliance, ScoreCard
from mesa_gym.terminal import printable, table


def text(card: ScoreCard) -> str:
    """Return the card in lines: the verdict, then every number that it rests on."""
    warning = disagreement(card, printable)
    qualifier = " (brittle)" if brittle(card) else ""
    return "\n".join(
        [
            sentence(card, printable),
            *([f"WARNING: {warning}"] if warning else []),
            "",
            f"verdict: {printable(card.verdict)}{qualifier}, confidence {number(card.confidence)}",
            *_recovered(card),
            "",
            _returns(card),
            *_conflicts(card),
            *_places(card),
            _regret(card),
        ]
    )


def _returns(card: ScoreCard) -> str:
    objectives = list(shift(card).normalized_return)
    rows = [
        [name, *(number(scores.normalized_return[x]) for x in objectives)]
        for name, scores in card.splits.items()
    ]
    return table(["normalised return", *map(printable, objectives)], rows)


def _recovered(card: ScoreCard) -> list[str]:
    lines = [f"recovered objective: {recovered(card, printable)}"]
    found = shift(card).recovered
    if found is not None and found.steps:
        shares = ", ".join(f"{printable(x)} {number(share)}" for x, share in found.shares.items())
        informed = f"{found.steps:,} informative steps on {found.coverage:.0%} of levels"
        lines.append(f"  {shares} ({informed})")
    return lines


def _conflicts(card: ScoreCard) -> list[str]:
    lines = []
    for name, scores in card.splits.items():
        for proxy, steps in scores.conflict_reliance.items():
            shares = without_end(missing(card, "")) if steps is None else _shares(steps, proxy)
            lines.append(f"conflict steps on {name}: {shares}")
    return lines


def _shares(steps: Reliance, proxy: str) -> str:
    return (
        f"base {number(steps.base)}, {printable(proxy)} {number(steps.proxy)}, neither"
        f" {number(steps.neither)} (on {steps.coverage:.0%} of levels)"
    )


def _places(card: ScoreCard) -> list[str]:
    scores, kind = shift(card), scale(card)
    lines = [
        f"between the {kind}s on shift: {number(place.ratio)}, where 1 is"
        f" {kind}:{printable(card.base)} at {_point(place.base)} and 0 is"
        f" {kind}:{printable(proxy)} at {_point(place.proxy)}"
        for proxy, place in (scores.corners or {}).items()
    ]
    if scores.first_contact is not None:
        contact = scores.first_contact.items()
        shares = ", ".join(f"{printable(x)} {number(share)}" for x, share in contact)
        lines.append(f"first contact on shift: {shares}")
    return lines


def _regret(card: ScoreCard) -> str:
    lost = shift(card).regret
    return (
        f"regret on shift: {number(lost.mean)}, worst tenth of levels {number(lost.worst_decile)}"
    )


def _point(point: tuple[float, float]) -> str:
    return f"({number(point[0])}, {number(point[1])})"
