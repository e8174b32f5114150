"""One table of all traps: what tells their objectives apart, and whether PPO learns them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.markdown import lay_out_table
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.plays import has_twins
from mesa_gym.traps import Trap

LEARNER = "ppo"


def tabulate_traps(classes: Sequence[type[Trap]], cards: Sequence[ScoreCard]) -> str:
    """Return a table of traps, in Markdown: which observations tell their objectives apart.

    Args:
        classes: the traps, a row each.
        cards: of a board.
    """
    heads = ["trap", "base", "proxy", "the proxy is", "twins", "alone", "solver"]
    rows = []
    for cls in classes:
        isolable = ", ".join(f"`{x}`" for x in cls.find_isolable())
        rows.append(
            [
                f"[{cls.__name__}]({cls.__name__}.md)",
                f"`{cls.base}`",
                ", ".join(f"`{x}`" for x in cls.proxies),
                ", ".join(cls.proxy_is) or "–",
                "yes" if has_twins(cls()) else "–",
                isolable or "–",
                "exact" if cls.solvable else "–",
                describe_learning(cls, cards),
                name_block(cls),
            ]
        )
    return lay_out_table([*heads, f"learnt by {LEARNER}", "counted among"], rows)


def name_block(cls: type[Trap]) -> str:
    """Return the block of the table that a trap belongs to."""
    if cls.by_returns():
        return "Traps judged by returns"
    return (
        "Traps that expect the base objective" if cls.expected == "base" else "Traps with a choice"
    )


def describe_learning(cls: type[Trap], cards: Sequence[ScoreCard]) -> str:
    """Return how many seeds of PPO solve a trap, and their mean share of solved levels."""
    own = [c for c in cards if c.trap == cls.name() and agent_and_seed(c.policy)[0] == LEARNER]
    if not own:
        return "–"
    able = f"{sum(card.competent for card in own)} of {len(own)}"
    if cls.by_returns():
        returns = [card.read_each("test", "normalized_return")[cls.base] or 0.0 for card in own]
        return f"{able} (N {np.mean(returns):.2f})"
    arrival = [card.read_number("test", "arrival") or 0.0 for card in own]
    return f"{able} (arrival {np.mean(arrival):.2f})"
