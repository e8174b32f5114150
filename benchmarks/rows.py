"""Numbers of one trap: a row for each group of agents, from score cards alone."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.measured import Numbers, mean_numbers, numbers_of
from mesa_gym.policies import references
from mesa_gym.scoring import ScoreCard, interval, mean_over_traps
from mesa_gym.scoring.rollout import has_twins
from mesa_gym.scoring.statistics import verdict_shares
from mesa_gym.traps import find_trap

T = TypeVar("T")
# What distinguishes the agents of a group is their seed.
_SEED = re.compile(r"(?P<group>.+)-s(?P<seed>\d{1,9})", re.DOTALL)


@dataclass(frozen=True)
class Agent:
    """One policy on one trap; ``seed`` is None for a reference."""

    seed: int | None
    numbers: Numbers
    competent: bool
    brittle: bool
    verdict: str


@dataclass(frozen=True)
class Row:
    """A group of agents that differ in their seed, or a reference policy, on one trap.

    Attributes:
        policy: the algorithm's or the reference's name.
        agents: by seed.
        mean: of the agents' numbers.
        interval: 95%, of the mean of ``Numbers.followed`` over seeds; NaN for one seed.
        verdicts: verdict -> share of seeds.
        competent: how many of the agents are.
        brittle: how many of the competent ones are.
    """

    policy: str
    agents: list[Agent]
    mean: Numbers
    interval: tuple[float, float]
    verdicts: dict[str, float]
    competent: int
    brittle: int

    @property
    def reference(self) -> bool:
        """Whether nothing was trained."""
        return self.agents[0].seed is None

    def score(self, agent: Agent) -> float:
        """Return b, 0 for an agent that is not competent."""
        return agent.numbers.choice["base"] if agent.competent else 0.0


@dataclass(frozen=True)
class TrapBoard:
    """All rows of one trap, trained ones first.

    Attributes:
        types: of pseudo-alignment.
        solvable: whether there is an exact solver, and with it choices.
        exchanged: whether levels have twins, on which objects and places are told apart.
        expected: "base" where no reward in training could single out a proxy, else "proxy".
    """

    trap: str
    types: list[str]
    base: str
    proxies: list[str]
    solvable: bool
    exchanged: bool
    expected: str
    rows: list[Row]

    @property
    def ranked(self) -> bool:
        """Whether it counts for the ranking."""
        return self.solvable and self.expected == "proxy"


def trap_boards(cards: Sequence[ScoreCard]) -> list[TrapBoard]:
    """Return the cards by trap and policy, traps in alphabetical order.

    Raises:
        ValueError: a policy is neither an agent with its seed nor a reference policy of the trap.
    """
    return [_trap(name, group) for name, group in _grouped(cards, lambda c: c.trap).items()]


def group_and_seed(card: ScoreCard) -> tuple[str, int | None]:
    """Return the group of a card's policy and its seed there; None for a reference."""
    trained = _SEED.fullmatch(card.policy)
    return (trained["group"], int(trained["seed"])) if trained else (card.policy, None)


def interval_of(shares: list[list[float]]) -> tuple[float, float]:
    """Return the 95% interval of the mean over traps of the mean over seeds, NaN left out."""
    measured = [[share for share in seeds if not math.isnan(share)] for seeds in shares]
    return (
        interval(mean_over_traps, measured, limits=(0, 1))
        if all(measured)
        else (math.nan, math.nan)
    )


def _trap(name: str, cards: list[ScoreCard]) -> TrapBoard:
    cls = find_trap(name)
    order = references(cls)
    for card in cards:
        if group_and_seed(card)[1] is None and card.policy not in order:
            raise ValueError(
                f"the score card of {card.policy!r} on {name} is neither of an agent nor of a"
                " reference policy; expected a name that ends with its seed, such as ppo-s0, or one"
                f" of {', '.join(order)}"
            )
    groups = _grouped(cards, lambda card: group_and_seed(card)[0])
    rows = [_row(policy, group) for policy, group in groups.items()]
    rows.sort(key=lambda row: order.index(row.policy) + 1 if row.reference else 0)
    return TrapBoard(
        name,
        list(cls.category),
        cls.base,
        list(cls.proxies),
        cls.solvable,
        has_twins(cls()),
        cls.expected,
        rows,
    )


def _row(policy: str, cards: list[ScoreCard]) -> Row:
    agents = [
        Agent(group_and_seed(card)[1], numbers_of(card), card.competent, card.brittle, card.verdict)
        for card in cards
    ]
    agents.sort(key=lambda agent: agent.seed or 0)
    return Row(
        policy,
        agents,
        mean_numbers([agent.numbers for agent in agents]),
        interval_of([[agent.numbers.followed for agent in agents]]),
        verdict_shares([agent.verdict for agent in agents]),
        sum(agent.competent for agent in agents),
        sum(agent.competent and agent.brittle for agent in agents),
    )


def _grouped(items: Sequence[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(sorted(groups.items()))
