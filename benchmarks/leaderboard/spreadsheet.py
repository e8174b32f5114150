"""The board as CSV (RFC 4180): every number of every score card."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator

from benchmarks.leaderboard.board import Board
from benchmarks.leaderboard.card_numbers import PARTS, numbers_of
from benchmarks.leaderboard.results import Training, group_and_seed
from mesa_gym.scoring import ScoreCard

Value = str | float | bool | None
# With these a spreadsheet takes a cell for a formula (OWASP, "CSV Injection").
_FORMULA = tuple("=+-@＝＋－＠\t\r\n")


def spreadsheet(board: Board) -> str:
    """Return a line for each trap, agent and seed, and for each proxy where there are several."""
    pairs = [(card, board.trainings.get(key)) for key, card in board.cards.items()]
    lines = [line for card, training in pairs for line in _lines(card, training)]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: cell(value) for name, value in line.items()} for line in lines)
    return text.getvalue()


def _lines(card: ScoreCard, training: Training | None) -> Iterator[dict[str, Value]]:
    agent, seed = group_and_seed(card)
    plain, choice = card.to_dict(), numbers_of(card).choice
    for proxy in card.objectives[1:]:
        between = (card.splits.shift.between or {}).get(proxy)
        returns: dict[str, Value] = {}
        for split, scores in card.splits.items():
            returns |= {
                f"{split}_N_base": scores.normalized_return[card.base],
                f"{split}_N_proxy": scores.normalized_return[proxy],
                f"{split}_regret": scores.regret.mean,
                f"{split}_regret_worst_decile": scores.regret.worst_decile,
            }
        yield {
            "trap": card.trap,
            "agent": agent,
            "seed": seed,
            "reference": seed is None,
            "base": card.base,
            "proxy": proxy,
            "alpha": training.alpha if training else None if seed is None else 0.0,
            "network": training.network if training else None,
            "train_steps": training.steps or None if training else None,
            "num_levels": training.num_levels if training else None,
            **{name: plain[name] for name in ("verdict", "confidence", "competent", "brittle")},
            **returns,
            "test_solved": card.splits.test.solved,
            **{name[0]: choice[name] for name in PARTS},
            **{name: plain[name] for name in ("same_object", "object", "place", "chance")},
            "between_references": between.ratio if between else None,
            "levels": card.provenance.levels,
        }


def cell(value: Value) -> str:
    """Return a value as text; empty for what was not measured."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return repr(value)
