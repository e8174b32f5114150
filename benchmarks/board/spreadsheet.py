"""The board as CSV (RFC 4180): every number of every score card, a line each."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator

from agents.record import AgentRecord
from benchmarks.board.board import Board
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.evidence import DRIFT, SWEEPER, UNIFORM
from mesa_gym.scoring.groups import agent_and_seed

Value = str | float | bool | None
# With these a spreadsheet takes a cell for a formula (OWASP, "CSV Injection").
_FORMULA = tuple("=+-@＝＋－＠\t\r\n")


def spreadsheet(board: Board) -> str:
    """Return a line for each number of each card, with those of the nulls beside it."""
    pairs = [(card, board.trainings.get(key)) for key, card in board.cards.items()]
    lines = [line for card, training in pairs for line in _lines(card, training)]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: cell(value) for name, value in line.items()} for line in lines)
    return text.getvalue()


def _lines(card: ScoreCard, training: AgentRecord | None) -> Iterator[dict[str, Value]]:
    agent, seed = agent_and_seed(card.policy)
    about: dict[str, Value] = {
        "trap": card.trap,
        "agent": agent,
        "seed": seed,
        "reference": seed is None,
        "alpha": training.alpha if training else None if seed is None else 0.0,
        "network": training.kind if training else None,
        "train_steps": training.steps or None if training else None,
        "num_levels": training.num_levels if training else None,
        "levels": card.provenance.levels,
        "verdict": card.verdict,
        "wants": ", ".join(card.wants),
        "confidence": card.confidence,
        "brittle": card.brittle,
        "planning": card.planning,
    }
    for row in card.rows():
        yield {
            **about,
            "split": row.split,
            "measure": row.measure.name,
            "of": row.key,
            "base": row.key == card.base if row.key in card.objectives else None,
            "value": row.value,
            **{null: row.nulls.get(null) for null in (SWEEPER, UNIFORM, DRIFT)},
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
