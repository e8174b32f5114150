"""Choices of trained agents, by object or by place: ``python -m benchmarks study findings``.

Prints the tables of docs/results.md from score cards. The unit is the trained agent, and every
interval is 95% over seeds and levels, of r over seeds alone (docs/statistics.md).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement, product

import numpy as np

from benchmarks.board.atlas import AtlasRow, make_atlas
from benchmarks.board.atlas_text import tabulate_atlas
from benchmarks.board.column import Column, figure
from benchmarks.board.columns import select
from benchmarks.markdown import lay_out_table, pipes, plain
from benchmarks.options import folder, say
from benchmarks.runs.results import COMMITTED, Results
from mesa_gym.command import DONE, run_command
from mesa_gym.report.groups import agent_and_seed
from mesa_gym.scoring import ScoreCard

COLUMNS = (
    *select("verdict", "choice", "spread", "varies", "want", "purpose", "same"),
    *select("arrival", "test", "shift"),
    Column[AtlasRow](
        "by-seed",
        "by seed",
        lambda row: row.mean.base_preference,
        write=lambda row: " ".join(figure(one.numbers.base_preference) for one in row.agents),
        own=True,
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks study findings",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=folder, default=COMMITTED, help=f"({COMMITTED})")
    options = parser.parse_args(arguments)

    def work() -> int:
        print(tabulate(Results(options.out, say).cards()))
        return DONE

    return run_command("findings", work)


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
    """Return a table of each trap's agents and their nulls, as in the atlas, with every seed."""
    return pipes(*tabulate_atlas(make_atlas(_find_agents(cards)), COLUMNS))


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
