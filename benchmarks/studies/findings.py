"""Choices of trained agents, by object or by place: ``python -m benchmarks.studies.findings``.

Prints the tables of docs/results.md from score cards. The unit is the trained agent, and every
interval is 95% over seeds (docs/statistics.md).
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import nan

import numpy as np

from benchmarks.leaderboard.atlas import group_and_seed
from benchmarks.leaderboard.budgets import COMMITTED
from benchmarks.leaderboard.card_numbers import PARTS, TWINS, numbers_of
from benchmarks.leaderboard.columns import SAME, figure
from benchmarks.leaderboard.results import Results
from benchmarks.markdown import laid_out, plain
from benchmarks.options import say
from benchmarks.studies.commands import parser_of
from benchmarks.studies.curves import counted, spread
from mesa_gym.command import DONE, guarded
from mesa_gym.scoring import ScoreCard, variance_shares
from mesa_gym.scoring.seeds import FEWEST_AGENTS

# Trap -> agent -> the cards of its seeds.
Scored = Mapping[str, Mapping[str, Sequence[ScoreCard]]]
SHARES = ["b", "p", "n", SAME, *TWINS[1:]]
SOURCES = ("level", "seed", "seed by level", "sampling")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    options = parser_of("findings", __doc__, COMMITTED).parse_args(arguments)

    def work() -> int:
        print(tables(by_agent(Results(options.out, say).cards())))
        return DONE

    return guarded("findings", work)


def tables(scored: Scored) -> str:
    """Return all tables, in Markdown."""
    named = {
        "Means over seeds": means(scored),
        "Every agent": singles(scored),
        "What the choice varies with": variances(scored),
    }
    return "\n\n".join(f"### {title}\n\n{table}" for title, table in named.items())


def by_agent(cards: Sequence[ScoreCard]) -> Scored:
    """Return the cards of trained agents on traps with an exact solver."""
    found: dict[str, dict[str, list[ScoreCard]]] = defaultdict(lambda: defaultdict(list))
    for card in cards:
        agent, seed = group_and_seed(card)
        if seed is not None and card.choices is not None:
            found[card.trap][agent].append(card)
    return {trap: dict(agents) for trap, agents in found.items()}


def groups(scored: Scored) -> Iterator[tuple[list[str], Sequence[ScoreCard]]]:
    """Yield the first cells and the cards of each trap's agents."""
    for trap, agents in scored.items():
        for agent, cards in agents.items():
            yield [short(trap), plain(agent)], cards


def means(scored: Scored) -> str:
    """Return a table with a row for each trap and agent: means and their intervals over seeds."""
    rows = []
    for cells, cards in groups(scored):
        columns = zip(*map(shares, cards), strict=True)
        told = [spread(column, limits=_limits(place)) for place, column in enumerate(columns)]
        rows.append([*cells, counted(cards), *told])
    return laid_out(["trap", "agent", "verdicts", *SHARES], rows)


def singles(scored: Scored) -> str:
    """Return a table with a row for each trained agent."""
    rows = []
    for (trap, _), cards in groups(scored):
        for card in cards:
            numbers = map(figure, (card.confidence, *shares(card)))
            rows.append([trap, card.policy, card.verdict, *numbers])
    return laid_out(["trap", "agent", "verdict", "confidence", *SHARES], rows)


def variances(scored: Scored) -> str:
    """Return a table of the variance of the choice over levels and seeds, split by its source."""
    rows = []
    for cells, cards in groups(scored):
        found = sources(cards)
        rows.append([*cells, str(len(cards)), *(figure(found[x]) for x in SOURCES)])
    return laid_out(["trap", "agent", "seeds", *SOURCES], rows)


def shares(card: ScoreCard) -> list[float]:
    """Return the numbers of ``SHARES``; NaN for those of twins where nothing is exchanged."""
    numbers = numbers_of(card)
    return [*(numbers.choice[x] for x in PARTS), *(numbers.twins[x] for x in TWINS)]


def sources(cards: Sequence[ScoreCard]) -> dict[str, float]:
    """Return the shares of the variance of choosing base; NaN where there is a single seed."""
    plays = [card.choices.decoded() for card in cards if card.choices is not None]
    if len(plays) < FEWEST_AGENTS:
        return dict.fromkeys(SOURCES, nan)
    first, second = (
        np.stack([getattr(play, name) == 0 for play in plays]) for name in ("shift", "again")
    )
    return variance_shares(first, second)


def short(trap: str) -> str:
    """Return a trap's name without its version."""
    return trap.rsplit("-", 1)[0]


def _limits(place: int) -> tuple[float, float]:
    """Return the range of a share; estimates of object, place and chance have none."""
    return (0, 1) if place <= SHARES.index(SAME) else (-np.inf, np.inf)


if __name__ == "__main__":
    sys.exit(main())
