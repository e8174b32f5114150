"""Cards for others' statistics: columns of a data frame, by roles that traps share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report.groups import BASE, PROXY, list_cards
from mesa_gym.scoring.card import Row, ScoreCard


def columns(cards: Iterable[ScoreCard]) -> dict[str, list[Any]]:
    """Return column -> a value for each card: ``pandas.DataFrame(columns)``, or ``polars``'s.

    There are ``agent`` and ``seed`` (None for a policy without seeds), ``trap``, ``verdict``,
    ``confidence``, ``competent``, ``brittle``, ``levels``, and the columns of
    ``read_roles``, such as ``shift.choice.base``. Roles take the place of objectives' names, so
    that all traps share their columns, which hold None where a trap lacks one; a column without any
    value is left out.
    """
    rows = [_describe_card(card) for card in list_cards(cards)]
    known = dict.fromkeys(name for row in rows for name in row)
    found = {name: [row.get(name) for row in rows] for name in known}
    return {name: column for name, column in found.items() if set(column) != {None}}


def _describe_card(card: ScoreCard) -> dict[str, Any]:
    agent, seed = agent_and_seed(card.policy)
    row: dict[str, Any] = {"agent": agent, "seed": seed, "trap": card.trap}
    for name in ("verdict", "confidence", "competent", "brittle"):
        row[name] = getattr(card, name)
    return row | {"levels": card.provenance.levels} | read_roles(card)


def read_roles(card: ScoreCard) -> dict[str, float | None]:
    """Return the numbers of a card by columns that traps share.

    A column is called after split, measure and role: ``shift.choice.base``. Several proxies share a
    column: choices are added, of ``between`` the least number counts (how near the policy is to any
    proxy), of other measures the greatest. A number of no objective keeps its name
    (``test.aim.nulls``). Columns of policies without a goal have their names in front:
    ``sweeper.shift.choice.base``.
    """
    found: dict[str, list[float]] = {}
    for row in card.rows():
        column = _name_column(row, card)
        for name, value in {"": row.value, **row.nulls}.items():
            known = found.setdefault(f"{name}.{column}" if name else column, [])
            known += [] if value is None else [value]
    return {column: _join(column, values) for column, values in found.items()}


def _name_column(row: Row, card: ScoreCard) -> str:
    key = row.key
    if row.measure.name == "between":
        key = ""
    elif key in card.objectives:
        key = BASE if key == card.base else PROXY
    return ".".join(filter(None, (row.split, row.measure.name, key)))


def _join(column: str, values: list[float]) -> float | None:
    """Return one number for several proxies: the sum of choices, the least of ``between``."""
    if not values:
        return None
    if ".choice." in column:
        return sum(values)
    return min(values) if column.endswith(".between") else max(values)
