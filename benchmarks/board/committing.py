"""The committed cards of agents, as files: replaces cards in an agent's file by new ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report import Origin, committed, join_committed
from mesa_gym.report.board_record import write_board_text
from mesa_gym.report.board_rows import TRICK
from mesa_gym.report.committed import (
    ENDING,
    REFERENCES,
    TRICKS,
    decode_card,
    read_lines,
    write_cards,
)
from mesa_gym.report.origins import Review, read_origin, read_reviews, write_reviews
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.card_checks import check_card


def pack_cards(
    cards: Iterable[ScoreCard],
    origins: Mapping[str, Origin],
    reviews: Mapping[str, Review] | None = None,
) -> list[Path]:
    """Write cards to the files that ``read_committed`` reads, and return the files.

    The cards of a policy replace its earlier cards on the same trap, and those of an agent its
    earlier seeds there too.

    Args:
        cards: cards of any agents; their results are computed again.
        origins: agent -> origin; an agent keeps the origin in its file if it keeps cards there, or
            has no entry.
        reviews: agent -> review, added to the reviews of other agents.

    Raises:
        ValueError: a card contradicts itself.
    """
    cards_by_file: dict[str, list[ScoreCard]] = defaultdict(list)
    for card in map(check_card, cards):
        agent, seed = agent_and_seed(card.policy)
        untrained = TRICKS if agent.startswith(TRICK) else REFERENCES
        cards_by_file[untrained if seed is None else agent].append(card)
    files = list[Path]()
    for agent, file_cards in cards_by_file.items():
        files.append(file := committed.FOLDER / f"{agent}{ENDING}")
        origin, replaced = origins.get(agent), {_name_row(card) for card in file_cards}
        if file.exists():
            earlier = [decode_card(line, file, checked=True) for line in read_lines(file)]
            kept = [card for card in earlier if _name_row(card) not in replaced]
            file_cards += kept
            # As the author wrote it: a review stands in another file.
            origin = read_origin(file) if kept or origin is None else origin
        write_cards(file, file_cards, origin)
    write_reviews(committed.FOLDER, read_reviews(committed.FOLDER) | dict(reviews or {}))
    board = join_committed([])
    write_board_text(committed.FOLDER, str(board), board.full())
    return files


def _name_row(card: ScoreCard) -> tuple[str, str]:
    return agent_and_seed(card.policy)[0], card.trap
