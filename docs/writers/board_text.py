"""The stored text of the leaderboard, and the committed cards by the rules of today."""

from __future__ import annotations

from benchmarks.board.committing import pack_cards
from mesa_gym.report import committed, join_committed, read_committed
from mesa_gym.report.board_record import read_record, write_board_text
from mesa_gym.scoring.verdict import digest_rules


def record_board() -> None:
    """Store the text of the leaderboard with the digests of its files, whose cards are checked.

    If the rules of verdicts changed, the files are written again with results by the new rules.
    """
    cards = read_committed()
    try:
        changed = read_record(committed.FOLDER).rules != digest_rules()
    except (OSError, ValueError):
        changed = True
    if changed and cards:
        pack_cards(cards, {})
    else:
        board = join_committed([])
        write_board_text(committed.FOLDER, str(board), board.full())
