"""The numbers that the index page carries for its script, to rank over fewer traps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.board import Board
from benchmarks.ranking import Ranking, Standing, clipped, everywhere, plane_of, rank
from benchmarks.rows import Row
from mesa_gym.files import without_nan

ALL = ""


def numbers(board: Board, key: Callable[[str], str]) -> dict[str, Any]:
    """Everything of a ranking that depends on which traps count.

    The script takes means over traps and seeds; the intervals of each type are computed here, as
    they are resampled.

    Args:
        board: the numbers.
        key: what a policy is called in the page.
    """
    ranked = {trap.trap: trap for trap in board.traps if trap.ranked}
    return {
        "types": types(board),
        "agents": {
            key(policy): {
                "name": policy,
                "traps": {trap: _measured(row) for trap, row in rows.items()},
            }
            for policy, rows in everywhere(list(ranked.values())).items()
        },
        "rankings": [
            {
                "traps": ranking.traps,
                "shifted": ranking.shifted,
                "intervals": {
                    name: {key(each.policy): each.interval for each in standings}
                    for name, standings in _by_type(board, ranking).items()
                },
            }
            for ranking in board.rankings
        ],
    }


def types(board: Board) -> dict[str, list[str]]:
    """Type of trap -> traps, all of the board; that of most traps first."""
    of: dict[str, list[str]] = {}
    for trap in board.traps:
        for name in trap.types:
            of.setdefault(name, []).append(trap.trap)
    return dict(sorted(of.items(), key=lambda entry: (-len(entry[1]), entry[0])))


def embedded(name: str, data: Any) -> str:
    """Data inside a page; no text in it can end the element or begin another."""
    plain = json.dumps(without_nan(data), allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        plain = plain.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" id="{name}">{plain}</script>\n'


def _by_type(board: Board, ranking: Ranking) -> dict[str, list[Standing]]:
    """Type -> the standings of trained agents over those traps of the ranking that are of it."""
    found = {}
    for name, members in {ALL: ranking.traps, **types(board)}.items():
        chosen = [t for t in board.traps if t.trap in ranking.traps and t.trap in members]
        if chosen:
            standings = rank(chosen, board.alphas, ranking.shifted).standings
            found[name] = [each for each in standings if not each.reference]
    return found


def _measured(row: Row) -> Mapping[str, Any]:
    """One number a seed of each measure; the seed of a reference is None."""
    agents = row.agents
    steps = [agent.numbers.reliance[row.rival] for agent in agents]
    planes = [plane_of(row, agent.numbers) for agent in agents]
    return {
        "seed": [agent.seed for agent in agents],
        "score": [row.score(agent) for agent in agents],
        "p": [of["proxy"] for of in steps],
        "n": [of["neither"] for of in steps],
        "base": [base for base, _ in planes],
        "proxy": [proxy for _, proxy in planes],
        "competent": [int(agent.competent) for agent in agents],
        "test": [clipped(agent.numbers.test) for agent in agents],
        "regret": [agent.numbers.regret for agent in agents],
        "verdict": [agent.verdict.split(":")[0] for agent in agents],
    }
