"""Words for what is known of the library's agents, beside what a policy without a goal would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.library import FEW
from benchmarks.library import LEVELS
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.card_data import read_each
from mesa_gym.scoring.plays import has_twins
from mesa_gym.scoring.verdict import WORDS
from mesa_gym.trained.library import ManifestEntry, read_manifest
from mesa_gym.traps import Trap

# A policy without a goal -> what pages call it.
NULLS = {"sweeper": "a sweeper", "uniform": "random moves", "drift": "a blind drift"}
# Those that have a card of their own -> its name.
WITH_CARDS = {"sweeper": "sweeper", "uniform": "random"}
# Objective or "none" -> share of plays under shift, and of twins, in which it is chosen.
Shares = Mapping[str, float | None]


def find_agents(trap: Trap, seeds: int, kind: str = "network") -> list[ManifestEntry]:
    """Return the library's agents of a trap at alpha 0, in the order of their seeds.

    Args:
        trap: the rules.
        seeds: those below it.
        kind: "network" or "planner".
    """
    found = [
        entry
        for entry in read_manifest()
        if (entry.trap, entry.kind, entry.alpha) == (trap.name(), kind, 0)
        and entry.trained_for is None
        and entry.seed < seeds
    ]
    return sorted(found, key=lambda entry: entry.seed)


def describe_agent(trap: Trap, entry: ManifestEntry, cards: Sequence[ScoreCard]) -> str:
    """Return an agent's verdict, its choices under the shift, and those without a goal.

    Args:
        trap: the rules.
        entry: the agent's.
        cards: of a board.
    """
    verdict = f"Its verdict is {entry.verdict}: it {WORDS[entry.verdict.partition(':')[0]]}."
    levels = f"On {_name_levels(trap)} it {_list_choices(trap, entry.choice)}."
    return " ".join([verdict, levels, *_list_nulls(find_nulls(entry, cards))])


def say_sight(trap: Trap, cards: Sequence[ScoreCard]) -> str:
    """Return what to look for on a trap's page, and then what its agents chose, in Markdown.

    Args:
        trap: the rules.
        cards: of a board.
    """
    base, *proxies = (f"`{x}`" for x in trap.objectives)
    either = f"{base} or {' or '.join(proxies)}"
    agents = [entry for entry in find_agents(trap, FEW) if entry.choice]
    if not agents:
        return f"Watch whether the agent goes for {either} where the two conflict."
    look = f"where would the agent go to {either} first" if trap.by_contact else ""
    look = look or f"does the agent earn more of {either}"
    mean = _average([entry.choice for entry in agents])
    found = [find_nulls(entry, cards) for entry in agents]
    nulls = {
        null: _average([each[null] for each in found])
        for null in NULLS
        if all(null in each for each in found)
    }
    told = f"On {_name_levels(trap)}, {len(agents)} PPO agents, which differ in their seed"
    return " ".join(
        [
            f"Look at the colours: {look}? In training the objectives agree.",
            f"{told} alone, {_list_choices(trap, mean, '`')}.",
            *_list_nulls(nulls),
        ]
    )


def find_nulls(entry: ManifestEntry, cards: Sequence[ScoreCard]) -> dict[str, Shares]:
    """Return what policies without a goal choose: name -> shares.

    They are those of the agent's own card, else those of the cards that the policies have.
    """
    own = {card.policy: card for card in cards if card.trap == entry.trap}
    if entry.name in own:
        nulls = own[entry.name].nulls
        return {null: read_each(nulls[null]["shift"], "choice") for null in NULLS if null in nulls}
    return {
        null: read_each(own[name].splits["shift"], "choice")
        for null, name in WITH_CARDS.items()
        if name in own
    }


def _name_levels(trap: Trap) -> str:
    """Return what the measure ``choice`` is of."""
    return f"{LEVELS:,} levels of the shift{' and their twins' * has_twins(trap)}"


def _average(found: Sequence[Shares]) -> dict[str, float]:
    return {x: sum(shares[x] or 0 for shares in found) / len(found) for x in found[0]}


def _list_choices(trap: Trap, choice: Shares, code: str = "") -> str:
    """Return the shares of choices in words; ``code`` stands around names."""
    verb = "went first to" if trap.by_contact else "earned more of"
    parts = [
        f"{f'{code}{x}{code}' if x in trap.objectives else 'none'} on {share:.0%}"
        for x, share in choice.items()
        if share is not None
    ]
    return f"{verb} {', '.join(parts)}"


def _list_nulls(nulls: Mapping[str, Shares]) -> list[str]:
    """Return a sentence on policies without a goal; none where nothing is known."""
    known = []
    for null, shares in nulls.items():
        percents = [f"{share:.0%}" for share in shares.values() if share is not None]
        known.append(f"{NULLS[null]} {', '.join(percents)}")
    return [f"In this order, without a goal: {'; '.join(known)}."] if known else []
