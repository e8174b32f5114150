"""The committed score cards, which come with the package: what the leaderboard shows of others.

A file of ``cards/`` has the cards of all seeds of an agent on all traps, a line each, and
``references.jsonl.xz`` those of policies that were not trained.
"""

from __future__ import annotations

import lzma
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

from mesa_gym.errors import unknown
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report.groups import CardGroup, group_cards
from mesa_gym.report.leaderboard import Leaderboard
from mesa_gym.report.profile import TODAY
from mesa_gym.report.ranking import is_reference, rank_agents, rename_agent
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.card import fill_missing
from mesa_gym.scoring.evidence import read_letters
from mesa_gym.traps import find_trap

FOLDER = Path(__file__).with_name("cards")
REFERENCES = "references"
_ENDING = ".jsonl.xz"


def read_committed(*agents: str) -> list[ScoreCard]:
    """Return the committed cards, by agent, trap and seed.

    ::

        report.compare([*report.read_committed("ppo"), *mine], "mine", "ppo")

    Their consistency was checked when they were packed, and is not checked again.

    Args:
        agents: such as "ppo", or "references"; none for all.

    Raises:
        UnknownNameError: there is no such agent among them.
    """
    for name in agents:
        if name not in list_committed():
            raise unknown("committed agent", name, list_committed())
    files = [FOLDER / f"{name}{_ENDING}" for name in agents or list_committed()]
    return [_decode(line) for file in files for line in _read_lines(file)]


def list_committed() -> list[str]:
    """Return the names that ``read_committed`` takes."""
    return sorted(file.name.removesuffix(_ENDING) for file in FOLDER.glob(f"*{_ENDING}"))


def rank_among_committed(cards: Iterable[ScoreCard], traps: Sequence[str] = ()) -> Leaderboard:
    """Rank agents among the committed ones, on the traps that all of them played.

    Their names end in " (today)", so that an agent can stand beside a committed one of its name.

    Args:
        cards: of agents; those of policies that were not trained are passed over.
        traps: names, in place of those that all agents played, or if there are none, that one of
            them played.

    Raises:
        UnknownNameError: there is no such trap.
        ValueError: the cards cannot be compared, two seeds of an agent are one agent, or none is of
            a trap of the leaderboard.
    """
    mine, played = [], defaultdict[str, set[str]](set)
    for card in cards:
        if not is_reference(card):
            mine.append(mark_today(card))
            played[agent_and_seed(card.policy)[0]].add(card.trap)
    for group in group_cards(mine) if mine else ():
        _require_different_seeds(group)
    committed = [card for card in read_committed() if card.choices is not None]
    known = {card.trap for card in committed}
    wanted = {find_trap(trap).name() for trap in traps}
    if not traps and played:
        wanted = set.intersection(*played.values()) or set.union(*played.values())
    shared = sorted(known & wanted if wanted else known)
    if not shared:
        raise ValueError(
            f"there is no trap of the leaderboard in {', '.join(sorted(wanted))}; it has"
            f" {', '.join(sorted(known))}"
        )
    return rank_agents([card for card in (*committed, *mine) if card.trap in shared], shared)


def mark_today(card: ScoreCard) -> ScoreCard:
    """Return a card whose agent's name ends in ``TODAY``, as it may already."""
    agent = agent_and_seed(card.policy)[0].removesuffix(TODAY)
    return rename_agent(card, f"{agent}{TODAY}")


def _require_different_seeds(group: CardGroup) -> None:
    """Raise ValueError where one agent stands for two seeds, whose interval would be too narrow.

    Weights tell it (``group_cards``); of cards without their digest, the figures.
    """
    for one, other in combinations(group.cards, 2):
        known = one.provenance.digest and other.provenance.digest
        if not known and one.splits == other.splits:
            raise ValueError(
                f"{one.policy} and {other.policy} have the same figures on {group.trap}: they are"
                " one agent; leave one out, or give seeds that were trained apart"
            )


def pack_cards(cards: Iterable[ScoreCard]) -> list[Path]:
    """Write cards as ``read_committed`` reads them, and return the files.

    The cards of an agent replace those that its file held.

    Args:
        cards: checked, as those that ``ScoreCard.load`` reads.
    """
    found: dict[str, list[ScoreCard]] = defaultdict(list)
    for card in cards:
        agent, seed = agent_and_seed(card.policy)
        found[REFERENCES if seed is None else agent].append(card)
    files = []
    for agent, own in found.items():
        # Cards of a trap lie beside each other, since they share the evidence of their nulls.
        own.sort(key=lambda card: (card.trap, card.policy))
        lines = b"".join(card.to_json() + b"\n" for card in own)
        files.append(FOLDER / f"{agent}{_ENDING}")
        write_bytes(files[-1], lzma.compress(lines, preset=9 | lzma.PRESET_EXTREME))
    return files


def _read_lines(file: Path) -> list[bytes]:
    return lzma.decompress(read_bytes(file)).splitlines()


def _decode(line: bytes) -> ScoreCard:
    card = decode_json(line, ScoreCard, read_letters)
    fill_missing(card)
    return card
