"""The board as CSV (RFC 4180): every number of every score card, and of the atlas, a line each."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator

from benchmarks.board.atlas import AtlasRow
from benchmarks.board.board import Board
from benchmarks.board.columns import COLUMNS, SEEDS
from mesa_gym.scoring.findings import DRIFT, SWEEPER, UNIFORM

Value = str | float | bool | None
# With these a spreadsheet takes a cell for a formula (OWASP, "CSV Injection").
_FORMULA = tuple("=+-@＝＋－＠\t\r\n")


def spreadsheet(board: Board) -> str:
    """Return a line for each number of each card, with those of the nulls beside it.

    Below those of an agent's seeds stand its numbers on the board: the split is "board", and the
    measure the head of a column.
    """
    lines = [
        line
        for trap in board.atlas.traps
        for row in trap.rows
        for line in (*_list_numbers(board, trap.trap, row), *_list_columns(trap.trap, row))
    ]
    text = io.StringIO()
    writer, names = csv.writer(text, lineterminator="\n"), [*lines[0]]
    writer.writerow(names)
    writer.writerows([cell(line.get(name)) for name in names] for line in lines)
    return text.getvalue()


def _list_numbers(board: Board, trap: str, row: AtlasRow) -> Iterator[dict[str, Value]]:
    for one in row.agents:
        key = (trap, row.policy if one.seed is None else f"{row.policy}-s{one.seed}")
        card, training = board.cards[key], board.trainings.get(key)
        about: dict[str, Value] = {
            "trap": trap,
            "agent": row.policy,
            "seed": one.seed,
            "reference": row.reference,
            "alpha": training.alpha if training else None if row.reference else 0.0,
            "network": training.kind if training else None,
            "train_steps": training.steps or None if training else None,
            "num_levels": training.num_levels if training else None,
            "levels": card.provenance.levels,
            **{column.key: column.value(one) for column in SEEDS},
            "wants": ", ".join(card.wants),
            "brittle": card.brittle,
            "planning": card.planning,
        }
        for each in card.rows():
            yield {
                **about,
                "split": each.split,
                "measure": each.measure.name,
                "of": each.key,
                "base": each.key == card.base if each.key in card.objectives else None,
                "value": each.value,
                **{null: each.nulls.get(null) for null in (SWEEPER, UNIFORM, DRIFT)},
            }


def _list_columns(trap: str, row: AtlasRow) -> Iterator[dict[str, Value]]:
    about: dict[str, Value] = {"trap": trap, "agent": row.policy, "reference": row.reference}
    for column in COLUMNS:
        nulls = {} if column.own else {x: column.value(of) for x, of in row.nulls.items()}
        value = column.value(row if column.own else row.mean)
        yield {**about, "split": "board", "measure": column.head, "value": value, **nulls}


def cell(value: Value) -> str:
    """Return a value as text; empty for what was not measured."""
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return repr(value)
