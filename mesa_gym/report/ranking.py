"""Ranking: which agents are told apart by their margins, and what stands on a leaderboard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from msgspec import structs

from mesa_gym.policies import references
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report.comparison import ALPHA, adjust_holm
from mesa_gym.report.groups import CardGroup, group_cards
from mesa_gym.report.intervals import compare_tables, load_special
from mesa_gym.report.leaderboard import Leaderboard
from mesa_gym.report.profile import ORACLE, TODAY, UNTRAINED, Profile
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import all_traps, find_trap

# Who is able on a smaller share of the traps has no rank: a 0 is more than many an able agent has.
ABLE = 0.9
# Beside the committed agents, which have five seeds, one of fewer has no rank.
TODAYS_SEEDS = 5


def rank_agents(cards: Iterable[ScoreCard], traps: Sequence[str] = ()) -> Leaderboard:
    """Rank agents by their margin.

    ::

        mine = mesa_gym.evaluate({"mine": [first, second]}, ["CheeseDish", "RedBlueDoors"])
        print(report.rank_agents([*report.read_committed(), *mine]))

    Traps that are judged by returns have no choices and are left out, and so are other oracles
    than that of base.

    Args:
        cards: of agents and of policies that were not trained.
        traps: their names. An agent without cards on one counts 0 there. By default
            those on which all agents have cards, or if there are none, all.

    Raises:
        ImportError: scipy is not installed.
        UnknownNameError: there is no such trap.
        ValueError: the cards cannot be compared, or none is of a trap with choices.
    """
    groups: dict[str, dict[str, CardGroup]] = defaultdict(dict)
    for group in group_cards(map(_name_oracle, filter(is_shown, cards))):
        if group.chooses:
            groups[group.agent][group.trap] = group
    known = list(dict.fromkeys(trap for own in groups.values() for trap in own))
    everywhere = [trap for trap in known if all(trap in own for own in groups.values())]
    shared = sorted({find_trap(trap).name() for trap in traps} or everywhere or known)
    levels = _require_same_levels(groups, shared)
    found = [
        Profile(agent, {trap: own.get(trap) for trap in shared}, levels, agent not in UNTRAINED)
        for agent, own in groups.items()
    ]
    found.sort(key=lambda each: (each.ranked and not _is_able(each), -each.margin))
    ranked = [each for each in found if _deserves_rank(each)]
    apart = _find_apart(ranked, _compare_levels)
    place, last = dict[str, int](), 1
    for own in ranked:
        # An agent with few seeds is told apart from fewer, and is not better for it.
        last = max(last, 1 + sum((better.agent, own.agent) in apart for better in ranked))
        place[own.agent] = last
    over_traps = _find_apart(ranked, _compare_traps) if len(shared) > 1 else set()
    pairs = len(ranked) * (len(ranked) - 1) // 2
    return Leaderboard(
        tuple(shared),
        levels,
        tuple(replace(each, rank=place.get(each.agent)) for each in found),
        (len(apart), pairs),
        (len(over_traps), pairs),
    )


def _require_same_levels(groups: Mapping[str, Mapping[str, CardGroup]], traps: list[str]) -> int:
    """Return the number of levels of the cards on some traps; ValueError if they differ."""
    if not traps:
        raise ValueError(
            "there is no trap with choices: traps such as MonsterWorld are judged by returns, and"
            " have no place on a leaderboard"
        )
    counts = {
        card.provenance.levels: f"{agent} on {trap}"
        for agent, own in groups.items()
        for trap, group in own.items()
        for card in group.cards
        if trap in traps
    }
    if len(counts) != 1:
        told = " and ".join(f"{n:,} levels for {who}" for n, who in counts.items()) or "no cards"
        raise ValueError(f"a leaderboard has one number of levels; got {told}: score them alike")
    return next(iter(counts))


def is_reference(card: ScoreCard) -> bool:
    """Return whether a card is of one of a trap's policies that were not trained."""
    trap = all_traps().get(card.trap)
    return trap is not None and card.policy in references(trap)


def rename_agent(card: ScoreCard, agent: str) -> ScoreCard:
    """Return a card of an agent with another name; its seed, if any, stays."""
    seed = agent_and_seed(card.policy)[1]
    return structs.replace(card, policy=agent if seed is None else f"{agent}-s{seed}")


def is_shown(card: ScoreCard) -> bool:
    """Return whether a leaderboard has a row for a card: not for every reference."""
    return card.policy in {*UNTRAINED, f"oracle:{card.base}"} or not is_reference(card)


def _name_oracle(card: ScoreCard) -> ScoreCard:
    """Return the card with a name that traps share."""
    return rename_agent(card, ORACLE) if card.policy == f"oracle:{card.base}" else card


def _is_able(profile: Profile) -> bool:
    """Return whether an agent is able on enough traps: elsewhere its margin is 0, as of no goal."""
    return profile.able >= ABLE * len(profile.groups)


def _deserves_rank(profile: Profile) -> bool:
    whole = len(profile.own_groups) == len(profile.groups)
    least = TODAYS_SEEDS if profile.agent.endswith(TODAY) else 2
    return profile.ranked and whole and profile.seeds >= least and _is_able(profile)


def _find_apart(
    ranked: Sequence[Profile], compare: Callable[[Profile, Profile], float]
) -> set[tuple[str, str]]:
    """Return the pairs, the better first, whose p is below ``ALPHA`` after Holm over all pairs."""
    pairs = list(combinations(ranked, 2))
    adjusted = adjust_holm([compare(*pair) for pair in pairs]) if pairs else []
    told = zip(pairs, adjusted, strict=True)
    return {(one.agent, other.agent) for (one, other), p in told if p < ALPHA}


def _compare_levels(one: Profile, other: Profile) -> float:
    return compare_tables(one.tables, other.tables, largest=2.0).p


def _compare_traps(one: Profile, other: Profile) -> float:
    """Return p of a paired t test of the margins, trap by trap."""
    both = zip(one.tables, other.tables, strict=True)
    gaps = np.array([mine.mean() - theirs.mean() for mine, theirs in both])
    error = gaps.std(ddof=1) / len(gaps) ** 0.5
    if not error:
        return 1.0 if not gaps.any() else 0.0
    return float(2 * load_special().stdtr(len(gaps) - 1, -abs(gaps.mean()) / error))
