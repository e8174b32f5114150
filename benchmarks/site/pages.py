"""All pages of a board, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from benchmarks.board import Board
from benchmarks.evidence import Evidence
from benchmarks.ranking import Comparison, compare, everywhere, reversed_view
from benchmarks.site.agent import agent_page
from benchmarks.site.index import index
from benchmarks.site.links import Links
from benchmarks.site.markup import HOME
from benchmarks.site.trap import trap_page


def count(board: Board) -> int:
    """Return how many pages there are."""
    return 1 + len(board.agents()) + len(board.traps)


def pages(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield each page's address, relative to the index, and what it holds."""
    board = evidence.board
    agents = board.agents()
    links = Links(agents)
    yield HOME, index(board, links)
    for trap in board.traps:
        yield links.trap(trap.trap), trap_page(board, trap, links)
    compared = comparisons(board)
    for agent in agents:
        others = {name: compared[agent, name] for name in agents if (agent, name) in compared}
        yield links.agent(agent), agent_page(evidence, agent, links, others)


def comparisons(board: Board) -> dict[tuple[str, str], Comparison]:
    """Return the comparisons of all pairs of agents that share a ranked trap, both ways."""
    rows = everywhere([trap for trap in board.traps if trap.ranked])
    found = {}
    for ours, theirs in combinations(board.agents(), 2):
        comparison = compare(rows.get(ours, {}), rows.get(theirs, {}))
        if comparison is not None:
            found[ours, theirs] = comparison
            found[theirs, ours] = reversed_view(comparison)
    return found
