"""Choices of trained agents, by object or by place: ``python -m docs.studies.findings``.

Prints the tables of docs/studies/findings.md from the committed score cards. The unit is the
trained agent, and every interval is 95% over seeds and levels, of r over seeds alone (statistics.md
there).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement, product

import numpy as np

from benchmarks.markdown import lay_out_table, pipes, plain
from docs.studies.variance import FEWEST_AGENTS, variance_shares
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report import CardGroup, columns, group_cards, read_committed
from mesa_gym.report.groups import BASE, list_chosen
from mesa_gym.report.tables import HEADS, tabulate_groups
from mesa_gym.scoring import ScoreCard

# Columns of ``report.columns`` whose means over seeds stand in the table: head -> column.
MEANS = {
    "want": "shift.want.base",
    "purpose": "shift.purpose.base",
    "same object": "shift.twins",
    "arrival": "test.arrival",
    "N test": "test.normalized_return.base",
    "N shift": "shift.normalized_return.base",
}
SOURCES = ("level", "seed", "seed by level", "sampling")
VARIES = "level / seed / both / chance"


def tabulate(cards: Sequence[ScoreCard]) -> str:
    """Return all tables of the trained agents, in Markdown."""
    named = {
        "Means over seeds, and b (or r) of each": tabulate_means(cards),
        "How often two agents choose alike": tabulate_agreements(cards),
    }
    return "\n\n".join(f"### {title}\n\n{table}" for title, table in named.items())


def _find_agents(cards: Sequence[ScoreCard]) -> list[ScoreCard]:
    return [card for card in cards if agent_and_seed(card.policy)[1] is not None]


def tabulate_means(cards: Sequence[ScoreCard]) -> str:
    """Return a table of each trap's agents: choices, measures of ``MEANS``, and every seed.

    Of the variance of choosing base it has the shares that the level decides, the seed, what a seed
    does on single levels, and sampling (``variance_shares``).
    """
    groups = group_cards(_find_agents(cards))
    texts = tabulate_groups(groups)
    found = []
    for group, text in zip(groups, texts, strict=True):
        told = columns(group.cards)
        means = [[x for x in told.get(name, ()) if x is not None] for name in MEANS.values()]
        seeds = [list_chosen(card, BASE).mean() for card in group.cards if card.choices]
        found.append(
            [
                *text,
                *(figure(float(np.mean(known))) if known else "–" for known in means),
                " / ".join(map(figure, find_sources(group))),
                " ".join(figure(float(seed)) for seed in seeds) or "–",
            ]
        )
    return pipes([*HEADS, *MEANS, VARIES, "base by seed"], found)


def find_sources(group: CardGroup) -> list[float]:
    """Return the shares of the variance of choosing base; [] for one seed or without choices."""
    found = [card.choices for card in group.cards if card.choices is not None]
    plays = [(each.shift == 0, each.again == 0) for each in found if each.again is not None]
    if len(plays) < FEWEST_AGENTS:
        return []
    shares = variance_shares(*map(np.stack, zip(*plays, strict=True)))
    return [shares[source] for source in SOURCES]


def tabulate_agreements(cards: Sequence[ScoreCard]) -> str:
    """Return a table of the share of shift levels on which two agents choose alike.

    Beside it stand the share by chance, and how often such an agent chooses like itself when it
    plays the level again, which is the most to expect of two. Traps that are judged by returns
    have no choices.
    """
    groups: dict[tuple[str, str], list[ScoreCard]] = {}
    for card in _find_agents(cards):
        if card.choices is not None:
            groups.setdefault((card.trap, agent_and_seed(card.policy)[0]), []).append(card)
    found = []
    for one, other in combinations_with_replacement(groups, 2):
        ours, theirs = groups[one], groups[other]
        both = combinations(ours, 2) if one == other else product(ours, theirs)
        if one[0] == other[0] and (pairs := [*both]):
            shares = np.mean([measure_agreement(*pair) for pair in pairs], axis=0)
            again = np.mean([measure_agreement(card, card)[0] for card in (*ours, *theirs)])
            names = [one[0].rsplit("-", 1)[0], plain(one[1]), plain(other[1]), str(len(pairs))]
            found.append([*names, *map(figure, (*shares, float(again)))])
    heads = ["trap", "agent", "other", "pairs", "alike", "by chance", "like itself, again"]
    return lay_out_table(heads, found)


def measure_agreement(one: ScoreCard, other: ScoreCard) -> tuple[float, float]:
    """Return the share of shift levels on which two agents choose alike, and that by chance.

    By chance is how often they would if each chose by its own shares, whatever the level. An
    agent beside itself is its first play beside its second.

    Raises:
        ValueError: the choices are not of the same levels.
    """
    assert one.choices
    assert other.choices
    first, plays = one.choices.shift, other.choices
    second = plays.again if one is other else plays.shift
    if second is None or len(first) != len(second):
        raise ValueError(
            f"{one.policy} was scored on {len(first)} levels, on {other.choices.shift.size}"
        )
    shares = [(first == choice).mean() * (second == choice).mean() for choice in np.unique(first)]
    return float((first == second).mean()), float(np.sum(shares))


def figure(value: float) -> str:
    """Return a number to two digits, a dash for NaN."""
    # Adding 0 turns -0.0 into 0.0.
    return "–" if np.isnan(value) else f"{round(value, 2) + 0:.2f}"


if __name__ == "__main__":
    print(tabulate(read_committed()))
