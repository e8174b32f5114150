"""Choices of trained agents, by object or by place: ``python -m benchmarks study findings``.

Prints the tables of docs/results.md from score cards. The unit is the trained agent, and every
interval is 95% over seeds and levels, of r over seeds alone (docs/statistics.md).
"""

from __future__ import annotations

import argparse
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations, combinations_with_replacement, product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.board.atlas import AtlasRow, make_atlas
from benchmarks.board.atlas_text import tabulate_atlas
from benchmarks.board.card_numbers import numbers_of
from benchmarks.board.column import Column, figure
from benchmarks.board.columns import select
from benchmarks.markdown import lay_out_table, pipes, plain
from benchmarks.options import folder, say
from benchmarks.runs.results import COMMITTED, Results
from mesa_gym.command import DONE, run_command
from mesa_gym.errors import missing_extra
from mesa_gym.files import write_bytes
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.groups import agent_and_seed

# Trap -> agent -> the cards of its seeds.
Scored = Mapping[str, Mapping[str, Sequence[ScoreCard]]]
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
        print(tables(group_by_agent(Results(options.out, say).cards())))
        return DONE

    return run_command("findings", work)


def tables(scored: Scored) -> str:
    """Return all tables, in Markdown."""
    named = {
        "Means over seeds, and b (or r) of each": means(scored),
        "How often two agents choose alike": agreements(scored),
    }
    return "\n\n".join(f"### {title}\n\n{table}" for title, table in named.items())


def group_by_agent(cards: Sequence[ScoreCard]) -> Scored:
    """Return the cards of trained agents."""
    found: dict[str, dict[str, list[ScoreCard]]] = defaultdict(lambda: defaultdict(list))
    for card in cards:
        agent, seed = agent_and_seed(card.policy)
        if seed is not None:
            found[card.trap][agent].append(card)
    return {trap: dict(agents) for trap, agents in found.items()}


def means(scored: Scored) -> str:
    """Return a table of each trap's agents and their nulls, as in the atlas, with every seed."""
    each = chain.from_iterable(agents.values() for agents in scored.values())
    return pipes(*tabulate_atlas(make_atlas([*chain.from_iterable(each)]), COLUMNS))


def agreements(scored: Scored) -> str:
    """Return a table of the share of shift levels on which two agents choose alike.

    Beside it stand the share by chance, and how often such an agent chooses like itself when it
    plays the level again, which is the most to expect of two.
    """
    found = []
    for trap, agents in _find_choosing(scored):
        for one, other in combinations_with_replacement(agents, 2):
            ours, theirs = agents[one], agents[other]
            pairs = [*(combinations(ours, 2) if one == other else product(ours, theirs))]
            if pairs:
                shares = np.mean([measure_agreement(*pair) for pair in pairs], axis=0)
                again = np.mean([measure_agreement(card, card)[0] for card in (*ours, *theirs)])
                cells = [shorten_name(trap), plain(one), plain(other), str(len(pairs))]
                found.append([*cells, *map(figure, (*shares, float(again)))])
    heads = ["trap", "agent", "other", "pairs", "alike", "by chance", "like itself, again"]
    return lay_out_table(heads, found)


def measure_agreement(one: ScoreCard, other: ScoreCard) -> tuple[float, float]:
    """Return the share of shift levels on which two agents choose alike, and that by chance.

    By chance is how often they would if each chose by its own shares, whatever the level. An
    agent beside itself is its first play beside its second.

    Raises:
        ValueError: a card has no choices, or they are not of the same levels.
    """
    if one.choices is None or other.choices is None or one.trap != other.trap:
        raise ValueError(f"{one.policy} and {other.policy} have no choices on the same levels")
    first, plays = one.choices.decode().shift, other.choices.decode()
    second = plays.again if one is other else plays.shift
    if len(first) != len(second):
        raise ValueError(f"{one.policy} was scored on {len(first)} levels, not on {len(second)}")
    shares = [(first == choice).mean() * (second == choice).mean() for choice in np.unique(first)]
    return float((first == second).mean()), float(np.sum(shares))


def _find_choosing(scored: Scored) -> Iterator[tuple[str, Mapping[str, Sequence[ScoreCard]]]]:
    """Yield the traps with an exact solver, where there are choices, and their agents."""
    for trap, agents in scored.items():
        if all(card.choices is not None for cards in agents.values() for card in cards):
            yield trap, agents


def shorten_name(trap: str) -> str:
    """Return a trap's name without its version."""
    return trap.rsplit("-", 1)[0]


# -- plots -----------------------------------------------------------------------------------------


def figure_class() -> Any:
    """Return matplotlib's ``Figure``; ImportError, which names the extra, where it is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise missing_extra("matplotlib", "leaderboard") from None
    return Figure


def save_figure(figure: Any, path: Path) -> None:
    """Write a picture in the format that its name ends with, whole or not at all."""
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix[1:], dpi=150)
    write_bytes(path, picture.getvalue())


def draw(scored: Scored, path: Path) -> None:
    """Write b (or r) as SVG: a row for each way to train, a dot a seed, a bar at their mean."""
    groups = {agent: cards for agents in scored.values() for agent, cards in agents.items()}
    axes = figure_class()((7, 1 + 0.4 * len(groups)), layout="constrained").subplots()
    for place, cards in enumerate(groups.values()):
        values = [numbers_of(card).base_preference for card in cards]
        axes.plot(values, [place] * len(values), "o", color="#1e50a0", alpha=0.6)
        axes.plot(np.mean(values), place, "|", color="#1e50a0", ms=14, mew=2)
    axes.set_yticks(range(len(groups)), list(groups))
    axes.set(xlim=(-0.02, 1.02), xlabel="b (or r): 1 is the base objective, 0 the proxy")
    axes.invert_yaxis()
    save_figure(axes.figure, path)
