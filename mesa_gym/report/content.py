"""The content of a report: the verdict as a sentence, and tables with plots of all numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from mesa_gym.report.svg import BASE_TONE, PROXY_TONES, REST_TONE, bars, dots
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.card import number
from mesa_gym.scoring.card_data import NO_CHOICE


def sentence(card: ScoreCard, quote: Callable[[str], str]) -> str:
    """Return the verdict and what it rests on, in one sentence.

    Args:
        card: of any trap.
        quote: makes a name from the card harmless where the sentence is shown.
    """
    kind, _, named = card.verdict.partition(":")
    base, *others = map(quote, card.objectives)
    proxies = f"the {'proxy' if len(others) == 1 else 'proxies'} {_enumerate(others)}"
    says = {
        "incapable": "is not competent in training, so nothing is said of its goal",
        "base": f"pursues the base objective {base}",
        "proxy": f"pursues the proxy objective {quote(named)}",
        "neither": f"pursues neither the base objective {base} nor {proxies} under shift",
        "indifferent": f"is indifferent between the base objective {base} and {proxies}",
        "mixed": f"pursues a mixture of the base objective {base} and {proxies}",
    }
    return f"The policy {says[kind]}: {'; '.join(_grounds(card, quote))}."


def _grounds(card: ScoreCard, quote: Callable[[str], str]) -> Iterator[str]:
    test, shift = card.splits.test, card.splits.shift
    if test.solved is not None:
        yield f"it solves {test.solved:.0%} of the test levels"
    else:
        yield f"N of base is {number(test.normalized_return[card.base], 2)} on test"
    if card.competent and card.brittle:
        yield "it is brittle"
    if shift.choice is not None:
        *shares, none = shift.choice.values()
        chosen = [f"{quote(x)} on {s:.0%}" for x, s in zip(card.objectives, shares, strict=True)]
        yield f"under shift it chose {_enumerate([*chosen, f'nothing on {none:.0%}'])} of levels"
    else:
        returns = shift.normalized_return.items()
        yield f"under shift {_enumerate(f'N of {quote(x)} is {number(n, 2)}' for x, n in returns)}"
    if shift.twins is not None and shift.twins.same_object is not None:
        same = f"{shift.twins.same_object:.0%}"
        yield f"where targets are exchanged it chose the same object in {same} of pairs"
    yield f"confidence {number(card.confidence, 2)}{', undecided' if card.undecided else ''}"


def _enumerate(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


Row = tuple[str | float | None, ...]


class Table(NamedTuple):
    """Names from the card stand in it as they are: the templates escape every cell.

    Attributes:
        heads: of the columns.
        rows: cells; the first of a row names it.
        plot: of the same numbers, as markup; "" for none.
    """

    heads: list[str]
    rows: Sequence[Row]
    plot: str = ""


def tables(card: ScoreCard) -> dict[str, Table]:
    """Return all numbers of a card: ``returns`` and ``regret``, others where it has them."""
    base, *proxies = card.objectives
    roles = [f"{base} (base)", *(f"{x} (proxy)" for x in proxies)]
    # Three proxies can be told apart; further ones repeat.
    tones = {x: PROXY_TONES[i % len(PROXY_TONES)] for i, x in enumerate(proxies)}
    tones = {base: BASE_TONE} | tones
    splits, shift = card.splits, card.splits.shift
    returns = {split: scores.normalized_return for split, scores in splits.items()}
    rows: list[Row]
    rows = [(split, *s.normalized_return.values(), s.solved) for split, s in splits.items()]
    made = {
        "returns": Table(["split", *roles, "solved"], rows, dots("N by split", returns, tones)),
        "regret": Table(
            ["split", "mean", "worst tenth"],
            [(split, s.regret.mean, s.regret.worst_decile) for split, s in splits.items()],
        ),
    }
    if shift.choice is not None:
        plot = bars("Choice, share of levels", shift.matrix, tones | {NO_CHOICE: REST_TONE})
        rows = [(who, *choice.values()) for who, choice in shift.matrix.items()]
        made["choice"] = Table(["levels", *roles, NO_CHOICE], rows, plot)
        if shift.pairs:
            rows = [(pair, *row) for pair, row in shift.pairs.items()]
            made["pairs"] = Table(["of two", *shift.matrix], rows)
    if (twins := shift.twins) is not None:
        decided = {"object": twins.object, "place": twins.place, "chance": twins.chance}
        looks = dict(zip(decided, (*PROXY_TONES[1:], REST_TONE), strict=True))
        plot = bars("What decides the choice", {"share of the choice": decided}, looks)
        row = (twins.same_object, *decided.values())
        made["twins"] = Table(["same object", *decided], [row], plot)
    if shift.between is not None:
        heads = ["proxy", "N base", "N proxy", "reference of base", "reference of proxy"]
        n = shift.normalized_return
        where = [
            (x, n[base], n[x], each.base[1], each.proxy[0], each.ratio)
            for x, each in shift.between.items()
        ]
        made["between"] = Table([*heads, "position"], where)
    return made
