"""Cards for others' statistics: columns of a data frame, matrices of seeds by traps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from mesa_gym.errors import unknown
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report.groups import (
    BASE,
    ROLES,
    find_place,
    group_cards,
    read_choice,
    read_roles,
)
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.record import Floats


def columns(cards: Iterable[ScoreCard]) -> dict[str, list[Any]]:
    """Return column -> a value for each card: ``pandas.DataFrame(columns)``, or ``polars``'s.

    There are ``agent`` and ``seed`` (None for a policy without seeds), ``trap``, ``verdict``,
    ``confidence``, ``competent``, ``brittle``, ``levels``, and the columns of
    ``read_roles``, such as ``shift.choice.base``. Roles take the place of objectives' names, so
    that all traps share their columns, which hold None where a trap lacks one; a column of which
    no card says anything is left out.
    """
    rows = [_describe_card(card) for card in cards]
    known = dict.fromkeys(name for row in rows for name in row)
    found = {name: [row.get(name) for row in rows] for name in known}
    return {name: column for name, column in found.items() if set(column) != {None}}


def _describe_card(card: ScoreCard) -> dict[str, Any]:
    agent, seed = agent_and_seed(card.policy)
    row: dict[str, Any] = {"agent": agent, "seed": seed, "trap": card.trap}
    for name in ("verdict", "confidence", "competent", "brittle"):
        row[name] = getattr(card, name)
    return row | {"levels": card.provenance.levels} | read_roles(card)


def matrix(cards: Iterable[ScoreCard], role: str = BASE) -> dict[str, Floats]:
    """Return agent -> shares of a role's choices, float64 (seeds, traps), as ``rliable`` reads it.

    Args:
        cards: of the same seeds on all traps, for each agent. Seeds stand in their order, traps in
            that in which they come first.
        role: "base", "proxy" or "none". A trap that is judged by returns has no shares, and its
            place between references for "base" alone.

    Raises:
        ValueError: there is no such role, or an agent has not the same seeds on all traps.
    """
    if role not in ROLES:
        raise unknown("role", role, ROLES)
    groups = group_cards(cards)
    traps = list(dict.fromkeys(group.trap for group in groups))
    found: dict[str, dict[str, dict[int | None, float]]] = {
        group.agent: {trap: {} for trap in traps} for group in groups
    }
    for group in groups:
        for card in group.cards:
            seed = agent_and_seed(card.policy)[1]
            found[group.agent][group.trap][seed] = _read_share(card, role)
    return {agent: _stack(agent, shares) for agent, shares in found.items()}


def _stack(agent: str, shares: dict[str, dict[int | None, float]]) -> Floats:
    """Return the shares of an agent, by traps and seeds, as an array (seeds, traps)."""
    most = max(shares, key=lambda trap: len(shares[trap]))
    seeds = sorted(shares[most], key=lambda seed: -1 if seed is None else seed)
    for trap, by_seed in shares.items():
        if by_seed.keys() != shares[most].keys():
            mine = ", ".join(map(str, by_seed)) or "none"
            raise ValueError(
                f"{agent} has the seeds {mine} on {trap} and {', '.join(map(str, seeds))} on"
                f" {most}; a matrix has the same on all traps"
            )
    return np.array([[by_seed[seed] for by_seed in shares.values()] for seed in seeds])


def _read_share(card: ScoreCard, role: str) -> float:
    shares = read_choice(card.splits["shift"])
    if not shares and role != BASE:
        raise ValueError(f"{card.trap} is judged by returns, so it has a number for base alone")
    return shares[role] if shares else find_place(card)
