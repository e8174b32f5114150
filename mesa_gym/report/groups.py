"""Groups of comparable cards, one group for each agent and trap."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mesa_gym.errors import shorten
from mesa_gym.policies.agent_files import VERSIONS
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report.board_rows import strip_version
from mesa_gym.report.seed_group import SeedGroup
from mesa_gym.report.statements import join_numbers
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.card_sources import BY_PLAY
from mesa_gym.scoring.card_text import PARTIAL_GOAL, is_partial
from mesa_gym.scoring.copies import find_repeated, group_alike, require_different_seeds
from mesa_gym.terminal import printable


def list_cards(cards: Iterable[ScoreCard]) -> list[ScoreCard]:
    """Return one card or several as a list; ValueError if a value is not a played card."""
    if isinstance(cards, str | Path):
        raise ValueError(
            f"{str(cards)!r} is a file's name; expected cards, such as Cards.load({str(cards)!r})"
        )
    cards_in: list[Any] = [*cards] if isinstance(cards, Iterable) else [cards]
    for card in cards_in:
        if not isinstance(card, ScoreCard):
            raise ValueError(
                f"{shorten(card)} is not a score card; expected cards, as of mesa_gym.evaluate"
            )
        if card.source != BY_PLAY:
            raise ValueError(
                f"the card of {card.policy} on {card.trap} has the source {card.source!r}, which"
                f" nothing verifies; a table compares cards with the source {BY_PLAY!r}: print it"
            )
    return cards_in


def group_cards(cards: Iterable[ScoreCard]) -> list[SeedGroup]:
    """Group cards by trap and agent, in the order of first appearance.

    Args:
        cards: cards of any agents, or a single card.

    Raises:
        ValueError: there are no cards, two cards have the same policy and trap, a policy without a
            seed has the name of an agent with seeds, two seeds are copies of one training
            (``copies``), or cards of one trap cannot be compared because their levels differ.
    """
    cards_by_group: dict[tuple[str, str], list[ScoreCard]] = defaultdict(list)
    first: dict[str, ScoreCard] = {}
    for card in list_cards(cards):
        same = cards_by_group[card.trap, agent_and_seed(card.policy)[0]]
        for other in same:
            _require_another(card, other)
        same.append(card)
        _require_same_levels(card, first.setdefault(card.trap, card))
    if not cards_by_group:
        raise ValueError("there are no cards; expected at least one")
    require_different_seeds(card for same in cards_by_group.values() for card in same)
    traps = list(first)
    groups = [
        SeedGroup(agent, trap, tuple(same), len(same))
        for (trap, agent), same in cards_by_group.items()
    ]
    return sorted(groups, key=lambda group: traps.index(group.trap))


def list_table_notes(groups: Iterable[SeedGroup]) -> list[str]:
    """Return the notes below every table of agents on traps, one sentence each.

    They name seeds with equal choices or with different training settings, agents that
    repeat another agent's returns, and traps whose verdicts may describe partial goals.
    """
    groups = [of for of in groups if of.cards]
    undistinguished, partial = defaultdict[str, list[str]](list), dict[str, None]()
    trained = defaultdict[str, list[str]](list)
    for of in groups:
        trap = printable(strip_version(of.trap))
        for cards in group_alike(of.cards):
            numbers = join_numbers([agent_and_seed(card.policy)[1] or 0 for card in cards])
            undistinguished[f"seeds {numbers} of {printable(of.agent)}"].append(trap)
        if differing := _list_differing_settings(of):
            trained[f"{printable(of.agent)} ({', '.join(differing)})"].append(trap)
        if any(is_partial(card.verdict, card.choices) for card in of.cards):
            partial[trap] = None
    notes = list[str]()
    if undistinguished:
        notes.append(
            f"Seeds with the same choices, which may be copies: {_join_places(undistinguished)}."
        )
    notes += note_repeated(groups)
    if trained:
        notes.append(f"Seeds that were trained with different settings: {_join_places(trained)}.")
    if partial:
        notes.append(PARTIAL_GOAL.format(", ".join(partial)))
    return notes


def note_repeated(groups: Iterable[SeedGroup], agent: str = "") -> list[str]:
    """Return a note on pairs of agents of which one may be a copy; [] without such a pair.

    An agent of a pair repeats others on more than half of its traps, because honest agents can have
    equal returns on a single easy trap.

    Args:
        groups: the seeds of all agents that are compared.
        agent: the agent that each pair contains; by default all pairs are named.
    """
    groups = [of for of in groups if of.cards]
    played = Counter(of.agent for of in groups)
    pairs = defaultdict[tuple[str, str], list[str]](list)
    for trap in dict.fromkeys(of.trap for of in groups):
        cards = [card for of in groups if of.trap == trap for card in of.cards]
        for pair in find_repeated(cards):
            pairs[pair].append(trap)
    repeated = {
        x: len({trap for pair in pairs if x in pair for trap in pairs[pair]}) for x in played
    }
    places = {
        " and ".join(map(printable, pair)): [printable(strip_version(trap)) for trap in traps]
        for pair, traps in pairs.items()
        if any(2 * repeated[x] > played[x] for x in pair) and (not agent or agent in pair)
    }
    named = "Agents with equal returns on nearly every level, one of which may be a copy:"
    return [f"{named} {_join_places(places)}."] if places else []


def _join_places(traps_by_name: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{name} on {', '.join(traps)}" for name, traps in traps_by_name.items())


def _list_differing_settings(of: SeedGroup) -> list[str]:
    """Return the training settings that differ between seeds whose cards record settings."""
    recorded = [card.provenance.training for card in of.cards if card.provenance.training]
    names = sorted({name for settings in recorded for name in settings} - {VERSIONS})
    return [name for name in names if len({settings.get(name) for settings in recorded}) > 1]


def _require_another(card: ScoreCard, other: ScoreCard) -> None:
    """Raise ValueError if two cards of one agent and trap do not belong to different seeds."""
    if card.policy == other.policy:
        raise ValueError(
            f"two cards are of {card.policy} on {card.trap}; leave one out, or rename one:"
            " cards.rename('mine', 'plain'), --cards plain=FILE; seeds of one agent are named"
            " mine-s0, mine-s1"
        )
    # An agent with seeds and a policy without a seed are different agents.
    if None in (agent_and_seed(card.policy)[1], agent_and_seed(other.policy)[1]):
        raise ValueError(
            f"{other.policy} and {card.policy} would share a row, but only one name has a seed;"
            " rename one: cards.rename('mine', 'plain'), --cards plain=FILE"
        )
    if card.provenance.seed != other.provenance.seed:  # copies show only under equal sampling
        raise ValueError(
            f"{other.policy} and {card.policy} on {card.trap} were sampled with the seeds"
            f" {other.provenance.seed} and {card.provenance.seed}; score all seeds of an agent with"
            " one"
        )


def _require_same_levels(card: ScoreCard, other: ScoreCard) -> None:
    for name in ("trap", "levels", "salt"):
        value, other_value = getattr(card.provenance, name), getattr(other.provenance, name)
        if value != other_value:
            raise ValueError(
                f"the cards of {card.trap} do not belong together: {name} is {other_value!r} for"
                f" {other.policy} and {value!r} for {card.policy}; score both with the same {name}"
            )
    if not card.scale.is_close(other.scale):
        raise ValueError(
            f"the cards of {card.trap} do not belong together: optimum and floor of the same"
            f" levels differ between {other.policy} and {card.policy}; score both again"
        )
