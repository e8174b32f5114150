"""The committed cards as files: writes the cards of agents, and checks all of them."""

from __future__ import annotations

import lzma
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from mesa_gym.files import write_bytes
from mesa_gym.report import committed
from mesa_gym.report.board_rows import Origin
from mesa_gym.report.committed import ENDING
from mesa_gym.scoring import ScoreCard


def write_cards(file: Path, cards: Iterable[ScoreCard], origin: Origin | None) -> None:
    """Write the cards of an agent and its origin into a file of ``cards/``."""
    # Cards of one trap are adjacent, so that the evidence of their shared nulls compresses well.
    in_order = sorted(cards, key=lambda card: (card.trap, card.policy))
    lines = [msgspec.json.encode(origin), *(card.to_json() for card in in_order), b""]
    write_bytes(file, lzma.compress(b"\n".join(lines), preset=9 | lzma.PRESET_EXTREME))


def check_all() -> Iterator[str]:
    """Compute the results of all committed cards again, and yield a text for each contradiction."""
    for name in committed.list_files():
        path = committed.FOLDER / f"{name}{ENDING}"
        for line in committed.read_lines(path):
            try:
                committed.decode_card(line, path, checked=False)
            except ValueError as error:
                yield str(error)
